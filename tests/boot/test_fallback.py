"""Images of no known family: what their own menus start."""

from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.fallback import guess_boots
from bootbeam.boot.ipxe import check_cmdline
from bootbeam.boot.recipe import Start
from bootbeam.machine import Firmware
from tests.image_listing import BrokenImage, ListedImage

VALUES = BootValues("http://192.0.2.1", "http://192.0.2.1/x.iso", "http://192.0.2.1/x/")
MENU = """
menuentry "Start Foo" { linux /boot/vmlinuz quiet root=live:CDLABEL=FOO $more ---
 initrd /boot/initrd }
menuentry "Start Foo (safe graphics)" { linux /boot/vmlinuz nomodeset
 initrd /boot/initrd }
menuentry "Memory test" { linux16 /boot/memtest }
menuentry "Xen" { multiboot /boot/xen.gz
 module /boot/vmlinuz }
"""


def image(menu: str = MENU) -> ListedImage:
    paths = "boot/vmlinuz boot/initrd boot/memtest boot/xen.gz"
    return ListedImage(paths, {"boot/grub/grub.cfg": menu}, {"boot/initrd": 30})


def test_one_way_for_each_kernel_the_usual_one_first() -> None:
    boots = guess_boots(image())
    assert [boot.title for boot in boots] == ["Start Foo", "Memory test", "Xen"]
    assert [boot.name for boot in boots] == ["menu-1", "menu-2", "menu-3"]
    foo, _, xen = boots
    assert foo.files[0].size_bytes == 30 << 20
    assert foo.render_cmdline(VALUES) == "quiet root=live:CDLABEL=FOO"
    assert (xen.start, xen.firmware) == (Start.MULTIBOOT, frozenset({Firmware.BIOS}))


def test_it_is_said_that_an_initrd_will_look_for_its_medium() -> None:
    foo, memtest, _ = guess_boots(image())
    assert "root=live:CDLABEL=FOO" in foo.ram_note
    assert memtest.ram_note == ""


def test_words_that_ipxe_would_take_for_its_own_are_left_out() -> None:
    (boot,) = guess_boots(image("linux /boot/vmlinuz a '&&' '#b' 'c ; d' e=${f} '${g:string}' \x1b[2J é ok"))
    assert boot.render_cmdline(VALUES) == "a c d [2J ok"


def test_nothing_to_go_by() -> None:
    assert guess_boots(ListedImage("README")) == ()
    assert guess_boots(BrokenImage()) == ()


@given(st.text(alphabet="linux /bot/vmz initrd{}$'\";&#|\\\n\t=()é\x00menuentry", max_size=200))
def test_any_menu_gives_lines_that_ipxe_can_carry(menu: str) -> None:
    for boot in guess_boots(image(menu)):
        line = boot.render_cmdline(VALUES)
        check_cmdline(line)
        assert "${" not in line
        assert line.isprintable()


@given(st.binary(max_size=200))
def test_any_bytes_in_the_configuration(data: bytes) -> None:
    guess_boots(ListedImage("k", {"isolinux/isolinux.cfg": data, "boot/grub/grub.cfg": data}))
