"""The menus of whole images: files that name others, kernels that are not there."""

from bootbeam.boot.boot_menu import MAX_FILES, menu_kernels, read_menu
from tests.image_listing import BrokenImage, ListedImage


def test_included_files_are_read_where_they_are_named() -> None:
    image = ListedImage(
        "live/vmlinuz live/initrd.img",
        {
            "isolinux/isolinux.cfg": "include menu.cfg\ndefault live\n",
            "isolinux/menu.cfg": "include live.cfg\n",
            "isolinux/live.cfg": "label live\nlinux /live/vmlinuz\ninitrd /live/initrd.img\nappend boot=live\n",
        },
    )
    (entry,) = read_menu(image)
    assert (entry.kernel, entry.initrds, entry.cmdline) == ("live/vmlinuz", ("live/initrd.img",), "boot=live")


def test_files_that_name_each_other_end() -> None:
    image = ListedImage(
        "k",
        {"boot/grub/grub.cfg": "source /boot/grub/b.cfg", "boot/grub/b.cfg": "source /boot/grub/grub.cfg\nlinux /k"},
    )
    assert menu_kernels(image) == ("k",)
    assert image.reads.count("boot/grub/grub.cfg") == 1


def test_a_chain_of_files_is_bounded() -> None:
    texts = {f"boot/grub/{number}.cfg": f"source /boot/grub/{number + 1}.cfg" for number in range(200)}
    image = ListedImage("", {**texts, "boot/grub/grub.cfg": "source /boot/grub/0.cfg"})
    read_menu(image)
    assert len(image.reads) <= MAX_FILES


def test_kernels_that_are_not_in_the_image_are_left_out() -> None:
    image = ListedImage("k2 i", {"boot/grub/grub.cfg": "linux /k1\ninitrd /i\nlinux /k2\ninitrd /i /none"})
    (entry,) = read_menu(image)
    assert (entry.kernel, entry.initrds) == ("k2", ("i",))


def test_a_directory_is_no_kernel() -> None:
    assert read_menu(ListedImage("boot/x", {"boot/grub/grub.cfg": "linux /boot"})) == ()


def test_the_default_comes_first() -> None:
    image = ListedImage("k1 k2", {"isolinux.cfg": "default b\nlabel a\nkernel k1\nlabel b\nkernel k2"})
    assert menu_kernels(image) == ("k2", "k1")


def test_an_image_that_cannot_be_read_has_no_menu() -> None:
    assert read_menu(BrokenImage()) == ()
