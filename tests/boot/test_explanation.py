"""Why a signed image was refused, in words."""

from bootbeam.boot.entry import BootEntry, ServedFile
from bootbeam.boot.explanation import explain_refused_signature

DEBIAN = ("Debian Secure Boot CA", "Debian Secure Boot Signer 2022 - linux")


def entry(*signers: str) -> BootEntry:
    return BootEntry("linux", "Linux 6.1", (), ServedFile("linux"), is_signed=True, signers=signers)


def test_another_distributions_kernel_is_named_with_its_signer() -> None:
    explanation = explain_refused_signature(entry("Canonical Ltd. Master Certificate Authority"), DEBIAN[:1])
    assert explanation.title == "linux was refused with Secure Boot on"
    assert explanation.why == (
        "it is signed by Canonical Ltd. Master Certificate Authority, and the shim on this station, of Debian "
        "Secure Boot CA, trusts its own distribution's kernels only"
    )
    assert "the shim and GRUB of the kernel's distribution" in explanation.fix


def test_the_right_signature_on_the_wrong_bytes() -> None:
    explanation = explain_refused_signature(entry(*DEBIAN), DEBIAN[:1])
    assert "carries a signature of Debian Secure Boot CA, but is not what was signed" in explanation.why
    assert explanation.fix.startswith("fetch the kernel again")


def test_what_tells_no_names_is_told_in_general() -> None:
    explanation = explain_refused_signature(entry())
    assert explanation.why.startswith("it is signed by somebody else, and the shim on this station trusts")
