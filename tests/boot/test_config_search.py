import pytest

from bootbeam.boot.config_search import is_searched


@pytest.mark.parametrize(
    "path",
    [
        "pxelinux.cfg/b8945908-d6a6-41a9-611d-74a6ab80b83d",
        "pxelinux.cfg/01-88-99-aa-bb-cc-dd",
        "debian-installer/amd64/pxelinux.cfg/C0A8025B",
        "pxelinux.cfg/C",
        "pxelinux.cfg/default-arm-qemu-arm64",
        "boot/isolinux/ldlinux.c32",
        "grub/grub.cfg-01-52-54-00-12-34-56",
        "grub/grub.cfg-C0A80",
        "boot/grub/x86_64-efi/command.lst",
        "revocations.efi",
        "x64/autoexec.ipxe",
    ],
)
def test_a_name_on_the_way_to_the_right_one(path: str) -> None:
    assert is_searched(path)


@pytest.mark.parametrize(
    "path",
    [
        "pxelinux.cfg/default",
        "pxelinux.cfg/C0A8025B1",
        "pxelinux.cfg/menu.cfg",
        "pxelinux.cfg",
        "ldlinux.c32",
        "grub/grub.cfg",
        "grubx64.efi",
        "boot/linux",
        "C0A8025B",
    ],
)
def test_what_has_to_be_there(path: str) -> None:
    assert not is_searched(path)
