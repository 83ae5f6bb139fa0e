"""ds=nocloud for each loader: what it does to the argument, and what a person may get wrong.

GRUB's reading was seen in GRUB 2.06: a ; outside quotes and without a backslash ends the command; within quotes a
backslash before it stays.
"""

import pytest

from bootbeam.errors import DecodeError
from bootbeam.install.finding import Severity
from bootbeam.install.nocloud import Loader, check_nocloud_argument, nocloud_argument

URL = "http://192.168.1.50:8080/seed/52-54/"
BARE = f"ds=nocloud-net;s={URL}"


def test_the_spelling_of_each_loader() -> None:
    assert nocloud_argument(URL, Loader.IPXE) == BARE
    assert nocloud_argument(URL, Loader.PXELINUX) == BARE
    assert nocloud_argument(URL, Loader.GRUB) == f"ds=nocloud-net\\;s={URL}"
    assert nocloud_argument(URL, Loader.IPXE, old_name=False) == f"ds=nocloud;s={URL}"


@pytest.mark.parametrize("loader", Loader)
def test_what_is_written_has_no_findings(loader: Loader) -> None:
    assert check_nocloud_argument(f"ip=dhcp {nocloud_argument(URL, loader)} autoinstall ---", loader) == []


@pytest.mark.parametrize("url", ["http://h/x", "https://h/", "http://h/a b/", "http://h/;x/"])
def test_an_address_that_cannot_stand_there(url: str) -> None:
    with pytest.raises(DecodeError):
        nocloud_argument(url, Loader.IPXE)


@pytest.mark.parametrize(
    ("cmdline", "loader", "what"),
    [
        (BARE, Loader.GRUB, "is not protected"),
        (f'"ds=nocloud-net\\;s={URL}"', Loader.GRUB, "quoted twice"),
        (f'"{BARE}"', Loader.IPXE, "is quoted"),
        (f"'{BARE}'", Loader.PXELINUX, "is quoted"),
        (BARE.replace(";", "\\;"), Loader.IPXE, "is quoted"),
        (BARE.rstrip("/"), Loader.IPXE, "does not end in /"),
        ("ds=nocloud-net", Loader.IPXE, "names no address"),
        ("ds=nocloud;h=pc1", Loader.IPXE, "names no address"),
    ],
)
def test_what_is_wrong(cmdline: str, loader: Loader, what: str) -> None:
    findings = check_nocloud_argument(f"quiet {cmdline} ---", loader)
    assert [finding.severity for finding in findings] == [Severity.PROBLEM]
    assert what in findings[0].what


def test_what_may_be_meant_so() -> None:
    (finding,) = check_nocloud_argument("ds=nocloud;s=https://seed.example.org/", Loader.IPXE)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "cmdline", [f'"{BARE}"', f"'{BARE}'", "ds=nocloud;seedfrom=http://h/", "quiet", "", "xds=nocloud"]
)
def test_what_is_right_for_grub_or_not_there(cmdline: str) -> None:
    loader = Loader.IPXE if "seedfrom" in cmdline else Loader.GRUB
    assert check_nocloud_argument(cmdline, loader) == []
