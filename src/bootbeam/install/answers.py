"""The formats side by side: which file is checked and rendered by which of them, and made to report back."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bootbeam.errors import UserError
from bootbeam.install import (
    autoinstall,
    autounattend,
    autoyast,
    cloud_config,
    ignition,
    kickstart,
    preseed,
    proxmox,
    reporting,
)
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Finding
from bootbeam.install.short_form import ShortForm


class AnswerFormat(StrEnum):
    """A way of answering an installer; the word is the one that recipes use."""

    AUTOINSTALL = "autoinstall"
    PRESEED = "preseed"
    KICKSTART = "kickstart"
    AUTOYAST = "autoyast"
    IGNITION = "ignition"
    PROXMOX = "proxmox"
    AUTOUNATTEND = "autounattend"


@dataclass(frozen=True, slots=True)
class AnswerKind:
    """What a format's own module offers."""

    file_name: str
    """Under which its answers are served."""
    check: Callable[[str], list[Finding]]
    render: Callable[[ShortForm, MachineFacts, StationFacts], dict[str, str]]
    """From the short form: file names and texts, already reporting."""
    report: Callable[[str, str], str]
    """A person's own text and the report address -> the text that reports."""


KINDS: dict[AnswerFormat, AnswerKind] = {
    AnswerFormat.AUTOINSTALL: AnswerKind(
        autoinstall.USER_DATA,
        autoinstall.check_autoinstall,
        autoinstall.render_autoinstall,
        reporting.report_in_user_data,
    ),
    AnswerFormat.PRESEED: AnswerKind(
        preseed.PRESEED, preseed.check_preseed, preseed.render_preseed, reporting.report_in_preseed
    ),
    AnswerFormat.KICKSTART: AnswerKind(
        kickstart.KICKSTART, kickstart.check_kickstart, kickstart.render_kickstart, reporting.report_in_kickstart
    ),
    AnswerFormat.AUTOYAST: AnswerKind(
        autoyast.AUTOYAST, autoyast.check_autoyast, autoyast.render_autoyast, reporting.report_in_autoyast
    ),
    AnswerFormat.IGNITION: AnswerKind(
        ignition.IGNITION, ignition.check_ignition, ignition.render_ignition, reporting.report_in_ignition
    ),
    AnswerFormat.PROXMOX: AnswerKind(
        proxmox.ANSWER, proxmox.check_proxmox, proxmox.render_proxmox, reporting.report_in_proxmox
    ),
    AnswerFormat.AUTOUNATTEND: AnswerKind(
        autounattend.AUTOUNATTEND,
        autounattend.check_autounattend,
        autounattend.render_autounattend,
        lambda text, _report_url: text,  # Setup has no place for it that a person's own file could not hold already
    ),
}


def complete_seed(user_data: str, machine: MachineFacts, others: dict[str, str] | None = None) -> dict[str, str]:
    """All four NoCloud files beside a person's own user-data: those they did not give are made or empty.

    Args:
        user_data: theirs.
        machine: whose seed it is.
        others: the person's own ``meta-data``, ``vendor-data`` or ``network-config``.

    Raises:
        UserError: a file that is none of NoCloud's.
    """
    made = {
        autoinstall.USER_DATA: user_data,
        autoinstall.META_DATA: autoinstall.render_meta_data(machine, machine.hostname or ""),
        autoinstall.VENDOR_DATA: "",
        autoinstall.NETWORK_CONFIG: "",
    }
    unknown = set(others or {}) - set(made)
    if unknown:
        raise UserError(
            f"{sorted(unknown)[0]} is no file of a NoCloud seed", f"they are {', '.join(made)}", "rename or remove it"
        )
    return {**made, **(others or {})}


SEED_CHECKS: dict[str, Callable[[str], list[Finding]]] = {
    autoinstall.META_DATA: cloud_config.check_meta_data,
    autoinstall.VENDOR_DATA: cloud_config.check_cloud_config,
    autoinstall.NETWORK_CONFIG: cloud_config.check_network_config,
}
"""For the files beside user-data."""
