"""Tells ``pxe.FirstPrograms`` what the journal hears, and the journal what that makes of it."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from bootbeam.boot.decision import Offering, own_chain
from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.journal import Record
from bootbeam.machine import Cpu, Firmware, SecureBootPolicy
from bootbeam.pxe.first_program import Chain, FirstPrograms, MachineKind, Standing

MAX_REMEMBERED_NOTES = 1000
MAX_REMEMBERED_UUIDS = 10_000
MAX_REMEMBERED_FIRMWARE = 10_000
BIOS_ARCHITECTURE = 0
"""Option 93 of a BIOS machine, of its firmware and of an iPXE on it."""
MAX_CARDS = 8
"""Network cards that one machine may have here."""
LOOK_INTERVAL_S = 5.0
"""How often somebody should call ``tell_silent``."""


WATCHED_KINDS = (
    EventKind.CLIENT_SEEN,
    EventKind.ADDRESS_REQUESTED,
    EventKind.TRANSFER_FINISHED,
    EventKind.SCRIPT_SENT,
    EventKind.MESSAGE_SHOWN,
)
"""What ``FirstProgramWatch.watch`` wants to hear of."""


class FirstProgramWatch:
    """Watches the journal. Safe to use from several threads.

    Args:
        offering: gives what is on offer now.
        record: the journal.
        clock: monotonic seconds.
    """

    def __init__(self, offering: Callable[[], Offering], record: Record, clock: Callable[[], float]) -> None:
        self._offering = offering
        self._record = record
        self._clock = clock
        self._programs = FirstPrograms()
        self._noted: OrderedDict[str, str] = OrderedDict()
        self._macs: OrderedDict[str, list[str]] = OrderedDict()
        self._uuids: dict[str, str] = {}
        self._is_bios: OrderedDict[str, bool] = OrderedDict()
        self._lock = threading.Lock()

    def standing(self, mac: str, kind: MachineKind) -> Standing:
        """The firmware of ``mac`` asks what to load: what did it do with the program before?"""
        with self._lock:
            return self._programs.ask(mac, kind)

    def note(self, mac: str, remark: str, fix: str) -> None:
        """What is remarkable about the answer to ``mac``; recorded once, though firmware asks the same repeatedly."""
        if self._is_new(mac, remark):
            self._record(EventKind.FIRST_PROGRAM_CHANGED, mac=mac, remark=remark, fix=fix)

    def doubt(self, mac: str, remark: str, fix: str) -> None:
        """Why what ``mac`` is offered may not do, as far as is known beforehand; recorded once likewise."""
        if self._is_new(mac, remark):
            self._record(EventKind.FIRST_PROGRAM_DOUBTFUL, mac=mac, remark=remark, fix=fix)

    def _is_new(self, mac: str, remark: str) -> bool:
        with self._lock:
            if self._noted.get(mac) == remark:
                return False
            self._noted[mac] = remark
            self._noted.move_to_end(mac)
            while len(self._noted) > MAX_REMEMBERED_NOTES:
                self._noted.popitem(last=False)
            return True

    def watch(self, event: Event) -> None:
        """Learn from ``event``."""
        mac = event.mac
        if mac is None:
            return
        if event.kind is EventKind.CLIENT_SEEN:
            with self._lock:
                self._learn_cards(mac, event.facts.get("uuid"))
                self._learn_firmware(mac, is_bios=event.facts.get("architecture") == BIOS_ARCHITECTURE)
            if event.facts.get("kind_of_client") != "ipxe":
                return
        if event.kind is EventKind.TRANSFER_FINISHED and event.facts.get("role") == "loader":
            self._learn_sent(mac, str(event.facts.get("file")))
        elif _is_sign_of_life(event):
            with self._lock:
                for card in self._cards_of(mac):
                    self._programs.start(card)
                    self._noted.pop(card, None)
                if event.facts.get("secure_boot") is False:
                    self._programs.report_secure_boot_off(mac)

    def _learn_cards(self, mac: str, uuid: Fact) -> None:
        """Firmware boots from one network card of a machine, and an iPXE with drivers of its own may ask by another:
        the machine's number (option 97) is the same."""
        if not isinstance(uuid, str) or not uuid.strip(f"-{uuid[:1]}"):
            return  # all zeros, all ones: of a maker who gives none
        macs = self._macs.setdefault(uuid, [])
        if mac not in macs and len(macs) < MAX_CARDS:
            macs.append(mac)
            self._uuids[mac] = uuid
        self._macs.move_to_end(uuid)
        while len(self._macs) > MAX_REMEMBERED_UUIDS:
            for forgotten in self._macs.popitem(last=False)[1]:
                self._uuids.pop(forgotten, None)

    def _learn_firmware(self, mac: str, *, is_bios: bool) -> None:
        self._is_bios[mac] = is_bios
        self._is_bios.move_to_end(mac)
        while len(self._is_bios) > MAX_REMEMBERED_FIRMWARE:
            self._is_bios.popitem(last=False)

    def _cards_of(self, mac: str) -> list[str]:
        """All of the machine, that one among them. A number that more machines have than any has cards is none."""
        macs = self._macs.get(self._uuids.get(mac, ""), [])
        return macs if 0 < len(macs) < MAX_CARDS else [mac]

    def tell_silent(self) -> None:
        """Record who has loaded a program and not started it, so that a person learns of it before the next try."""
        with self._lock:
            silent = self._programs.find_silent(self._clock())
        offering = self._offering()
        for one in silent:
            self._record(EventKind.FIRST_PROGRAM_SILENT, mac=one.mac, file=one.path, fix=_advice(offering, one.path))

    def _learn_sent(self, mac: str, path: str) -> None:
        offering = self._offering()
        for chain, paths in (
            (Chain.SIGNED, offering.signed_loaders),
            (Chain.SIGNED, offering.signed_disks),
            (Chain.SIGNED, _own_paths(offering)),
            (Chain.PLAIN, offering.loaders),
        ):
            kind = next((kind for kind, loader in paths.items() if loader == path), None)
            if kind is not None and kind[0] is Firmware.UEFI and self._is_bios.get(mac):
                return  # an iPXE on a BIOS machine fetched it, which cannot start it
            if kind is not None:
                with self._lock:
                    self._programs.send(mac, kind, chain, path, self._clock())
                return


def _is_sign_of_life(event: Event) -> bool:
    """iPXE asks by DHCP, or something fetches a script or what a script names."""
    if event.kind is EventKind.CLIENT_SEEN:
        return event.facts.get("kind_of_client") == "ipxe"
    if event.kind is EventKind.ADDRESS_REQUESTED:
        return event.facts.get("is_ipxe") is True  # where packets are lost, it may be the first that is heard of it
    if event.kind is EventKind.TRANSFER_FINISHED:
        return event.facts.get("role") in ("script", "kernel", "initrd")
    return event.kind in (EventKind.SCRIPT_SENT, EventKind.MESSAGE_SHOWN)


def _signed_paths(offering: Offering) -> tuple[str, ...]:
    return (*offering.signed_loaders.values(), *offering.signed_disks.values(), *_own_paths(offering).values())


def _own_paths(offering: Offering) -> dict[MachineKind, str]:
    return {(Firmware.UEFI, cpu): own.path for cpu in Cpu if (own := own_chain(cpu, offering)) is not None}


def _advice(offering: Offering, path: str) -> str:
    """What a person can do about a program that did not start."""
    if path in _signed_paths(offering):
        return "look at the machine's screen; a newer shim and GRUB are brought by: bootbeam loaders fetch"
    kinds = [kind for kind, loader in offering.loaders.items() if loader == path]
    if any(firmware is Firmware.BIOS for firmware, _ in kinds):
        return (
            "look at the machine's screen; if it stands still at iPXE's banner, try the iPXE that brings its own "
            "drivers: put ipxe.pxe as undionly.kpxe into a directory, and bootbeam serve ... --loaders DIRECTORY"
        )
    signed = {*offering.signed_loaders, *_own_paths(offering)}
    if offering.secure_boot is SecureBootPolicy.AUTO and signed.intersection(kinds):
        return "boot it once more: it then gets the signed shim and GRUB"
    if offering.secure_boot is SecureBootPolicy.AUTO and any(kind in offering.signed_disks for kind in kinds):
        return (
            "choose UEFI HTTP boot in its boot menu: it then gets the signed shim and GRUB; by PXE it does once there "
            "is a newer GRUB: bootbeam loaders fetch"
        )
    return (
        "if its screen says Access Denied or Security Violation, Secure Boot is on: bootbeam loaders fetch brings "
        "signed boot loaders; or switch it off in the machine's setup"
    )
