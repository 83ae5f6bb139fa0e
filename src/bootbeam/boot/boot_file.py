"""The boot decision in the words of DHCP: what a client is told to load."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from bootbeam.boot.decision import LoadNbp, Machine, Offering, Refuse, decide
from bootbeam.machine import Firmware
from bootbeam.pxe.actions import BootFile, BootFileKind, Ignore, IpAddress
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.first_program import UNKNOWN, MachineKind, Standing
from bootbeam.wire.url import url_host

MAX_KNOWN_DECISIONS = 1000
"""There are some ten kinds of machines, each with a few ways it may have behaved before, at a few addresses of ours."""
START_SCRIPT = "boot.ipxe"
"""Served path of the script every iPXE begins with."""
# Quirk: iPXE's drivers for pcnet and eepro100 cards: once packets come faster than they are taken, nothing is received
# any more. Theirs are four to thirty-two; TCP sends more at a time. TFTP waits for each packet to be acknowledged.
CARDS_WITHOUT_BURSTS = frozenset(
    (vendor, device)
    for vendor, devices in (
        (0x1022, (0x2000, 0x2001, 0x2625)),
        (
            0x8086,
            (
                *(0x1029, *range(0x1030, 0x103F), 0x1050, 0x1051, 0x1059, 0x1065, 0x1092, 0x10FE, 0x1209),
                *(0x1227, 0x1228, 0x1229, 0x2449, 0x2459, 0x245D, 0x27DC, 0x5200, 0x5201),
            ),
        ),
    )
    for device in devices
)
"""PCI vendor and device of the cards that those two drivers are for."""
STATION = "STATION"
"""Stands for this computer's address in what a person is to type."""


class BootFileChoice:
    """Chooses the boot file for each client by the one boot decision.

    Args:
        offering: gives what is on offer now.
        http_port: where the HTTP server listens.
        standing: what the machine of this MAC and this kind did with the program it was given before.
        note: told a MAC, and what is remarkable about its boot file and what to do about it.
        doubt: told a MAC, and why its boot file may not do, which is known beforehand, and what to do about it.
    """

    def __init__(
        self,
        offering: Callable[[], Offering],
        http_port: int,
        standing: Callable[[str, MachineKind], Standing] = lambda *_: Standing(),
        note: Callable[[str, str, str], None] = lambda *_: None,
        doubt: Callable[[str, str, str], None] = lambda *_: None,
    ) -> None:
        self._offering = offering
        self._http_port = http_port
        self._standing = standing
        self._note = note
        self._doubt = doubt
        self._known: tuple[Offering | None, dict[_Asked, _Chosen]] = (None, {})
        """What was chosen of the offering that is the newest."""

    def __call__(self, client: ClientInfo, server: IpAddress) -> BootFile | Ignore:
        """For ``client``, which reaches us at the address ``server``."""
        offering = self._offering()
        runs_ipxe = client.kind is ClientKind.IPXE
        architecture = client.architecture
        if runs_ipxe and offering.tree is None:
            standing = UNKNOWN
        elif client.kind in (ClientKind.UNKNOWN, ClientKind.RASPBERRY_PI) or architecture is None:
            return _no_guess(client)
        else:
            standing = UNKNOWN if runs_ipxe else self._standing(client.mac, (_firmware(client), architecture.cpu))
        known_offering, known = self._known
        if known_offering is not offering or len(known) >= MAX_KNOWN_DECISIONS:
            self._known = (offering, known := {})
        card = client.ipxe.card if client.ipxe is not None else None
        asked = (client.kind, client.architecture_number, standing, server, card in CARDS_WITHOUT_BURSTS)
        chosen = known.get(asked)
        if chosen is None:
            chosen = known[asked] = self._choose(client, server, standing, offering)
        if chosen.remark:
            (self._doubt if chosen.is_doubtful else self._note)(client.mac, chosen.remark, chosen.fix)
        return chosen.what

    def _choose(self, client: ClientInfo, server: IpAddress, standing: Standing, offering: Offering) -> "_Chosen":
        """By the one decision; the same for all clients for which ``_Asked`` is."""
        host = url_host(str(server))
        base_url = f"http://{host}:{self._http_port}"
        architecture = client.architecture
        runs_ipxe = client.kind is ClientKind.IPXE
        if architecture is None or (runs_ipxe and offering.tree is None):
            # What follows comes the way the first script came.
            is_gentle = client.ipxe is not None and client.ipxe.card in CARDS_WITHOUT_BURSTS
            start = f"tftp://{host}" if is_gentle else base_url
            return _Chosen(BootFile(BootFileKind.SCRIPT, f"{start}/{START_SCRIPT}"))
        machine = Machine(
            _firmware(client),
            architecture.cpu,
            architecture.words,
            runs_ipxe,
            standing=standing,
            loads_by_http=client.kind is ClientKind.UEFI_HTTP,
            asks_over_ipv6=server.version == 6,
        )
        match decide(machine, offering):
            case LoadNbp(path, remark, fix, is_script, screen_words, is_doubtful):
                if screen_words:
                    path = f"{screen_words}/{path}"
                file = BootFile(BootFileKind.LOADER, path)
                if is_script:
                    file = BootFile(BootFileKind.SCRIPT, f"{base_url}/{quote(path)}")
                elif client.kind is ClientKind.UEFI_HTTP:
                    file = BootFile(BootFileKind.HTTP_BOOT, f"{base_url}/{quote(path)}")
                return _Chosen(file, remark, fix.replace(STATION, str(server)), is_doubtful)
            case Refuse(reason, fix):
                return _Chosen(Ignore(reason, fix.replace(STATION, str(server))))
        raise AssertionError("firmware is given a loader or refused")


_Asked = tuple[ClientKind, int, Standing, IpAddress, bool]
"""What a choice depends on beside the offering: kind and architecture of the client, what it did with the program
before, our address, and whether its network card takes no bursts."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a kind of client gets, and what is remarkable about that."""

    what: BootFile | Ignore
    remark: str = ""
    fix: str = ""
    is_doubtful: bool = False
    """The remark tells of a doubt that is there beforehand."""


def _firmware(client: ClientInfo) -> Firmware:
    """The registry has U-Boot for ARM alone: others announce the number that UEFI or a BIOS would."""
    if client.kind is ClientKind.U_BOOT or client.architecture is None:
        return Firmware.UBOOT
    return client.architecture.firmware


def _no_guess(client: ClientInfo) -> Ignore:
    """A machine nothing here can boot gets nothing: a wrong program only wastes its time."""
    if client.kind is ClientKind.RASPBERRY_PI:
        return Ignore(
            "a Raspberry Pi's boot ROM wants its own firmware files, which are not served here",
            "start it from an SD card or its EEPROM with UEFI firmware, which then boots like a PC",
        )
    words = client.architecture.words if client.architecture else f"unknown architecture {client.architecture_number}"
    return Ignore(
        f"no boot loader exists for {words}",
        f"report this line with the machine's model: architecture {client.architecture_number}, {client.vendor_class}",
    )
