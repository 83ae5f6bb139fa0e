"""iPXE's error numbers: ``http://ipxe.org/2e008081`` and what it means.

Bits 24 to 30 are a POSIX error, 13 to 23 the source file, 8 to 12 tell apart errors of one file, 0 to 7 are the
platform's own error and differ between UEFI and BIOS builds (ipxe: include/errno.h).
"""

import re
from dataclasses import dataclass

NUMBER = re.compile(r"(?:https?://)?(?:ipxe\.org/(?:err/)?)?(?:0x)?([0-9a-f]{8})", re.IGNORECASE)
SAME_ERROR_MASK = 0x7FFFFF00
"""Without the platform's own number."""
EFI_ERROR = 0x7F
"""The POSIX part of what the firmware itself said, whose platform number is what counts."""


@dataclass(frozen=True, slots=True)
class IpxeError:
    """One error, in words."""

    message: str
    """As iPXE prints it."""
    meaning: str
    fix: tuple[str, ...]
    is_certain: bool = True
    """The number says exactly this; False: it was taken apart by its bits."""


POSIX_ERRORS = {
    0x01: "Argument list too long",
    0x02: "Permission denied",
    0x03: "Address already in use",
    0x04: "Address not available",
    0x05: "Address family not supported",
    0x06: "Resource temporarily unavailable",
    0x08: "Bad file descriptor",
    0x09: "Bad message",
    0x0A: "Device or resource busy",
    0x0B: "Operation canceled",
    0x0D: "Connection aborted",
    0x0E: "Connection refused",
    0x0F: "Connection reset",
    0x14: "File exists",
    0x15: "Bad address",
    0x16: "File too large",
    0x17: "Host is unreachable",
    0x1A: "Operation in progress",
    0x1C: "Invalid argument",
    0x1D: "Input/output error",
    0x1F: "Is a directory",
    0x23: "Message too long",
    0x25: "Filename too long",
    0x26: "Network is down",
    0x28: "Network unreachable",
    0x2A: "No buffer space available",
    0x2C: "No such device",
    0x2D: "No such file or directory",
    0x2E: "Exec format error",
    0x31: "Not enough space",
    0x34: "No space left on device",
    0x37: "Function not implemented",
    0x38: "The socket is not connected",
    0x3C: "Operation not supported",
    0x3E: "No such device or address",
    0x3F: "Operation not supported on socket",
    0x41: "Operation not permitted",
    0x42: "Broken pipe",
    0x43: "Protocol error",
    0x44: "Protocol not supported",
    0x46: "Result too large",
    0x4B: "Timer expired",
    0x4C: "Connection timed out",
    0x7F: "Error of the firmware (EFI)",
}
"""iPXE's own numbers for POSIX's errors (ipxe: include/errno.h)."""

CORE, DRIVER, NET, IMAGE, OTHER = 0x2, 0x4, 0x6, 0x8, 0xE
FILES = {
    (NET, 0x01): "ARP",
    (NET, 0x05): "IPv4",
    (NET, 0x06): "IPv6",
    (NET, 0x08): "the network card",
    (NET, 0x0A): "TCP",
    (NET, 0x0B): "FTP",
    (NET, 0x0C): "HTTP",
    (NET, 0x0D): "iSCSI",
    (NET, 0x0E): "TCP/IP",
    (NET, 0x0F): "UDP",
    (NET, 0x10): "DHCP",
    (NET, 0x11): "DNS",
    (NET, 0x12): "TFTP",
    (NET, 0x33): "NFS",
    (NET, 0x37): "the neighbour's address (ARP)",
    (NET, 0x3B): "DHCPv6",
    (IMAGE, 0x00): "the image's format",
    (IMAGE, 0x01): "an ELF image",
    (IMAGE, 0x02): "a script",
    (IMAGE, 0x03): "the image's place in memory",
    (IMAGE, 0x04): "an EFI image",
    (OTHER, 0x03): "automatic booting",
    (OTHER, 0x04): "DHCP",
    (OTHER, 0x05): "image handling",
    (OTHER, 0x0D): "TLS",
    (OTHER, 0x0E): "network configuration",
    (OTHER, 0x16): "certificates",
}
"""Which part of iPXE: the category and number of its source file (ipxe: include/ipxe/errfile.h)."""
PARTS = {CORE: "iPXE's core", DRIVER: "a network driver", NET: "the network", IMAGE: "images", OTHER: "iPXE"}

OPEN_HTTP = (
    "open the port on this computer; with ufw:",
    "    sudo ufw allow {http_port}/tcp",
    "with firewalld:",
    "    sudo firewall-cmd --add-port={http_port}/tcp",
    "try it from another computer of this network:",
    "    curl http://{station}:{http_port}/boot.ipxe",
)
SWITCH = (
    "check the cable, and make the machine's port on the switch an edge port (portfast); then boot it again",
    "see whether its questions arrive here:",
    "    sudo tcpdump -ni {interface} port 67 or port 68",
)
STATION_LOG = ("look at what the station says of this machine in its log",)
NAMES = ("name servers by their addresses, as bootbeam does; this URL is somebody else's, or of your own script",)

NO_MEMORY = (0x31, 0x34)
"""What iPXE says of its own memory: not enough space, and no space left on device (as it loads a file into it)."""
MORE_MEMORY = (
    "give the machine more memory, or make what it loads smaller: a kernel and its initrd have to fit in whole",
    "see how large the files are:",
    "    bootbeam inspect FILE",
)

KNOWN: dict[int, IpxeError] = {}


def _know(*numbers: int, message: str, meaning: str, fix: tuple[str, ...]) -> None:
    for known in numbers:
        KNOWN[known if known >> 24 == EFI_ERROR else known & SAME_ERROR_MASK] = IpxeError(message, meaning, fix)


_know(
    0x040EE186,
    message="No configuration methods succeeded",
    meaning="no DHCP server answered this network card: the cable, the switch's 30 s of spanning tree, the wrong card",
    fix=SWITCH,
)
_know(
    0x2D03E18E,
    message="Nothing to boot",
    meaning="iPXE has an address and was told no boot file: our offer did not reach it, or came too late",
    fix=("boot it again; if it stays, see whether our offer leaves:", "    sudo tcpdump -ni {interface} -v port 67"),
)
_know(
    0x3C092083,
    message="Operation not supported",
    meaning="the URL cannot be used: https in an iPXE without it, or no server named in the DHCP answer (next-server)",
    fix=("bring an iPXE that can do https:", "    sudo bootbeam loaders fetch"),
)
_know(
    0x2D12618E, message="No such file or directory", meaning="the TFTP server does not have that file", fix=STATION_LOG
)
_know(
    0x4C126092,
    message="Connection timed out",
    meaning="the TFTP server's answers do not arrive: a firewall, or a wrong address",
    fix=OPEN_HTTP,
)
_know(0x0212608F, message="Permission denied", meaning="the TFTP server refuses access to that file", fix=STATION_LOG)
_know(0x3C126083, message="Operation not supported", meaning="the TFTP server answered with an error", fix=STATION_LOG)
_know(
    0x2D0C618E,
    message="No such file or directory",
    meaning="the web server does not have that file (404)",
    fix=STATION_LOG,
)
_know(
    0x020C618F, message="Permission denied", meaning="the web server wants a name and a password (401)", fix=STATION_LOG
)
_know(0x410C618F, message="Operation not permitted", meaning="the web server forbids access (403)", fix=STATION_LOG)
_know(0x1D0C6498, message="Input/output error", meaning="the web server refuses the request (4xx)", fix=STATION_LOG)
_know(0x1D0C6598, message="Input/output error", meaning="the web server has trouble of its own (5xx)", fix=STATION_LOG)
_know(
    0x1D0C6198,
    0x1D0C6298,
    message="Input/output error",
    meaning="the web server's answer is odd, or shorter than announced: an HTTP proxy between, or the file changed",
    fix=("boot it again; take a proxy out of the way between the machine and {station}",),
)
_know(
    0x4C0A6092,
    message="Connection timed out",
    meaning="nothing answers at that address and port: a firewall drops TCP port {http_port}",
    fix=OPEN_HTTP,
)
_know(
    0x0F0A6095,
    message="Connection reset",
    meaning="the connection was refused or cut off: no server runs at that port, or a firewall rejects it",
    fix=OPEN_HTTP,
)
_know(
    0x4C376092,
    message="Connection timed out",
    meaning="nobody answers for that address on this network (ARP): a wrong gateway, another VLAN",
    fix=("see which network the machine was given an address of, and which this station is in:", "    ip address show"),
)
_know(
    0x28056090,
    0x28086090,
    message="Network unreachable",
    meaning="iPXE has no network: the card is not open, or has no address",
    fix=SWITCH,
)
_know(0x3E11628E, message="No such device or address", meaning="no DNS server is known", fix=NAMES)
_know(0x3E11618E, message="No such device or address", meaning="the name of the server does not exist", fix=NAMES)
_know(
    0x2E008081,
    message="Exec format error",
    meaning="the file is nothing that this iPXE can start: a kernel for BIOS on UEFI or the other way round, a "
    "Multiboot image on UEFI, a program for another processor, a damaged file, or a web page",
    fix=(
        "see what the file is, and where it boots:",
        "    bootbeam inspect FILE",
        "a kernel needs CONFIG_EFI_STUB to boot on UEFI; damaged files are best fetched again",
    ),
)
_know(0x38086193, message="The socket is not connected", meaning="the link is down: the cable", fix=SWITCH)
_know(
    0x0216E68F,
    message="Permission denied",
    meaning="the web server's certificate is of an authority that iPXE does not know",
    fix=("use http instead of https for it, or an iPXE built with that certificate (TRUST=)",),
)
_know(
    0x0216E48F,
    message="Permission denied",
    meaning="the web server's certificate has expired, or the machine's clock is wrong",
    fix=("set the machine's clock in its setup; renew the certificate",),
)
_know(
    0x0216EA8F,
    message="Permission denied",
    meaning="the web server's certificate is for another name",
    fix=("use the name that is in the certificate",),
)
_know(
    0x7F04819A,
    message="Error 0x7f04819a",
    meaning="the firmware refuses the program: Secure Boot (security violation)",
    fix=(
        "switch Secure Boot off in the machine's setup, or serve a signed kernel and bring the signed loaders:",
        "    sudo bootbeam loaders fetch",
    ),
)
_know(
    0x7F048183,
    message="Error 0x7f048183",
    meaning="the firmware cannot load this EFI program: it is damaged, or for another processor",
    fix=("see what the file is:", "    bootbeam inspect FILE"),
)
_know(
    0x7F048200,
    message="Error 0x7f0482..",
    meaning="the EFI program was started and came back with an error of its own",
    fix=("look at what it wrote on the screen above this line",),
)


OWN_SCRIPT = (
    "look at the line above it on the screen, mend that line of your script, and boot the machine again",
    "every command is described at https://ipxe.org/cmd",
)
_know(
    0x2E022081,
    message="Exec format error",
    meaning="a line of the script begins with a word that is no command (`...: command not found`): a spelling "
    "mistake, or a command that this build of iPXE was made without",
    fix=(*OWN_SCRIPT, "spelled rightly, it needs a newer iPXE:", "    sudo bootbeam loaders fetch"),
)
_know(
    0x1C162082,
    message="Invalid argument",
    meaning="a command of the script has an option that it does not know, or a value that is none",
    fix=OWN_SCRIPT,
)
_know(
    0x46162082,
    message="Result too large",
    meaning="a command of the script has too many words behind it, or too few",
    fix=OWN_SCRIPT,
)
_know(
    0x2D02808E,
    message="No such file or directory",
    meaning="`goto` names a label that is not in the script",
    fix=OWN_SCRIPT,
)
_know(
    0x2D16208E,
    message="No such file or directory",
    meaning="the script names a file that it has not loaded before",
    fix=OWN_SCRIPT,
)


def find_error(number: str) -> IpxeError | None:
    """What a number means, as it stands on the screen or as a URL; None when it is no such number.

    A number that is not in the table is taken apart by its bits.
    """
    match = NUMBER.fullmatch(number.strip())
    if match is None:
        return None
    value = int(match.group(1), 16)
    if not 0 < value <= 0x7FFFFFFF:
        return None
    known = KNOWN.get(value) or KNOWN.get(value & SAME_ERROR_MASK)
    return known or _take_apart(value)


def _take_apart(value: int) -> IpxeError | None:
    posix = POSIX_ERRORS.get(value >> 24)
    category, file = (value >> 12) & 0xE, (value >> 16) & 0x7F
    part = FILES.get((category, file)) or PARTS.get(category)
    if posix is None:
        return None
    if value >> 24 in NO_MEMORY:
        meaning = f"the machine's memory is too small for what it was to load ({part or 'iPXE'} said so)"
        return IpxeError(posix, meaning, MORE_MEMORY, False)
    where = f"{part} said so" if part else "which part of iPXE said so is not known here"
    return IpxeError(posix, f"{posix}: {where}", ("read the lines above it on the screen", *STATION_LOG), False)


def shown_number(number: int) -> str:
    """A number of ``KNOWN``, with dots for what differs between builds."""
    return f"{number:08x}" if number & 0xFF else f"{number >> 8:06x}.."
