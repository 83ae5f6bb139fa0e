"""How boot files become URLs, and that names which cannot stand in one are never sent."""

from ipaddress import IPv6Address

import pytest

from bootbeam.pxe.actions import BootFile, BootFileKind
from bootbeam.pxe.dhcp6_reply import PREFERRED_S, REBIND_S, RENEW_S, VALID_S, boot_file_url


@pytest.mark.parametrize(
    ("boot_file", "url"),
    [
        (BootFile(BootFileKind.LOADER, "x64/snponly.efi"), "tftp://[fd00::50]/x64/snponly.efi"),
        (BootFile(BootFileKind.SCRIPT, "http://[fd00::50]:8080/boot.ipxe"), "http://[fd00::50]:8080/boot.ipxe"),
        (BootFile(BootFileKind.HTTP_BOOT, "http://[fd00::50]:8080/a.efi"), "http://[fd00::50]:8080/a.efi"),
    ],
)
def test_a_loaders_path_becomes_a_url_with_brackets(boot_file: BootFile, url: str) -> None:
    assert boot_file_url(boot_file, IPv6Address("fd00::50")) == url


def test_lifetimes_are_in_the_order_the_specification_wants() -> None:
    assert 0 < RENEW_S < REBIND_S < PREFERRED_S < VALID_S
