"""What screens say: the codes and lines of firmware and boot loaders, what they mean, and which findings fit.

UEFI's PXE codes are edk2's (NetworkPkg/UefiPxeBcDxe/PxeBcBoot.c), HTTP boot's lines NetworkPkg/HttpBootDxe's; the BIOS
ones Intel's and of most network cards' ROMs. The same number means different things on the two.
"""

from dataclasses import dataclass

from bootbeam.journal.verdict.finding import Screen


@dataclass(frozen=True, slots=True)
class ScreenCode:
    """One thing that a screen says."""

    code: str
    """"PXE-E16"; "" for a line without a code."""
    words: str
    """As they stand on the screen."""
    screen: Screen
    meaning: str
    findings: tuple[str, ...] = ()
    """Ids of findings that it may be, the most common first."""


def _codes(screen: Screen, *rows: tuple[str, str, str, tuple[str, ...]]) -> tuple[ScreenCode, ...]:
    return tuple(ScreenCode(code, words, screen, meaning, findings) for code, words, meaning, findings in rows)


NO_ANSWER = ("BB-001", "BB-026", "BB-006", "BB-002")
LOST_QUESTION = ("BB-020", "BB-026", "BB-021", "BB-007", "BB-008")

UEFI = _codes(
    Screen.UEFI,
    (
        "PXE-E05",
        "Buffer size is smaller than the requested file.",
        "the file grew between the question for its size and the download",
        ("BB-037", "BB-034"),
    ),
    (
        "PXE-E07",
        "Network device error.",
        "the network card or its driver failed, or a DHCP server refused the address",
        ("BB-004",),
    ),
    (
        "PXE-E09",
        "Could not allocate I/O buffers.",
        "the boot file is too large for the memory that the firmware has",
        ("BB-034",),
    ),
    ("PXE-E12", "Could not detect network connection.", "no link: the cable or the switch", ("BB-006",)),
    (
        "PXE-E16",
        "No valid offer received.",
        "offers came, and none could be used: only an address and no boot file, only "
        "a boot file and no address, or no answer from port 4011",
        (*LOST_QUESTION, "BB-002", "BB-003", "BB-005", "BB-081", "BB-012", "BB-013"),
    ),
    (
        "PXE-E18",
        "Server response timeout.",
        "nobody answered: no DHCP server at all; or, after `NBP filesize is 0 Bytes`, no TFTP server",
        (*NO_ANSWER, "BB-023", "BB-030", "BB-032", "BB-033"),
    ),
    (
        "PXE-E21",
        "Remote boot cancelled.",
        "somebody pressed Esc, or the firmware was offered a menu without a choice",
        ("BB-022", "BB-034"),
    ),
    (
        "PXE-E22",
        "Client received ICMP error from server.",
        "the station's computer rejects TFTP: a firewall, or no TFTP server runs",
        ("BB-022",),
    ),
    (
        "PXE-E23",
        "Client received TFTP error from server.",
        "the TFTP server said no: usually the file is not there",
        ("BB-036", "BB-009", "BB-038"),
    ),
    (
        "PXE-E53",
        "No boot filename received.",
        "the DHCP server's answer names no boot file, and no other came",
        ("BB-005", "BB-051"),
    ),
    (
        "PXE-E99",
        "Unexpected network error.",
        "something odd: a TFTP server without options, or two DHCP servers",
        ("BB-035", "BB-010", "BB-004"),
    ),
    (
        "",
        "NBP filesize is 0 Bytes",
        "the question for the boot file's size had no answer; the next line says why: E18 no answer, E23 refused",
        ("BB-023", "BB-030", "BB-036"),
    ),
    ("", "Access Denied", "Secure Boot refuses the program that was loaded", ("BB-040", "BB-041", "BB-042")),
    ("", "Security Violation", "Secure Boot refuses the program that was loaded", ("BB-040", "BB-044", "BB-042")),
    (
        "",
        "Verification failed: (0x1A) Security Violation",
        "shim refuses the program after it: its signature is not one that this shim accepts",
        ("BB-044",),
    ),
    (
        "",
        "failed to load Boot0001 ... : Not Found",
        "what was loaded is no program for this processor, or is damaged",
        ("BB-041",),
    ),
    (
        "",
        "failed to start Boot0001",
        "the program was loaded and ended with an error: Secure Boot refused it, or it gave up; the line says which",
        ("BB-040", "BB-041"),
    ),
    (
        "",
        "Could not retrieve NBP file size from HTTP server.",
        "HTTP boot got no offer, or cannot reach the address in it",
        ("BB-061", "BB-002", "BB-020"),
    ),
    (
        "",
        "Could not establish connection with HTTP server.",
        "the web server's port is closed or filtered",
        ("BB-061",),
    ),
    (
        "",
        "Client Error: 404 Not Found",
        "HTTP boot was told a file that the web server does not have",
        ("BB-036", "BB-009"),
    ),
    ("", "Access forbidden, only HTTPS connection is allowed.", "this firmware boots by https only", ("BB-061",)),
    (
        "",
        "Could not retrieve the host address from DNS server.",
        "the URL has a name in it that cannot be resolved",
        ("BB-061",),
    ),
    (
        "",
        ">>Start PXE over IPv4.",
        "the firmware asks the network, for up to a minute; what it says after that counts",
        NO_ANSWER,
    ),
    (
        "",
        "No bootable device",
        "the firmware has tried everything, the network too; what it said before says why the network did not do",
        NO_ANSWER,
    ),
)

BIOS = _codes(
    Screen.BIOS,
    *(
        (
            f"PXE-E{number:02X}",
            "(the network card's ROM cannot set itself up)",
            "the machine's own hardware or BIOS: update it, or try another card",
            (),
        )
        for number in range(0x09)
    ),
    (
        "PXE-E11",
        "ARP timeout",
        "nobody answers for the server's address: it is not in this network",
        ("BB-010", "BB-023"),
    ),
    ("PXE-E20", "BIOS extended memory copy error", "the machine's BIOS: update it", ()),
    (
        "PXE-E21",
        "BIS integrity check failed",
        "the machine's BIOS checks signatures (Boot Integrity Services) and is damaged: update it, or switch BIS off",
        (),
    ),
    (
        "PXE-E22",
        "BIS image/credential validation failed",
        "the machine's BIOS starts only boot files that its owner has signed (Boot Integrity Services): switch BIS off",
        (),
    ),
    (
        "PXE-E32",
        "TFTP open timeout",
        "the TFTP server does not answer: a firewall, or a wrong address",
        ("BB-026", "BB-024", "BB-023", "BB-030", "BB-009"),
    ),
    (
        "PXE-E35",
        "TFTP read timeout",
        "the download stopped: large packets do not get through, or packets are lost",
        ("BB-032", "BB-033", "BB-031"),
    ),
    ("PXE-E36", "Error received from TFTP server", "the TFTP server said no; its words stand beside it", ("BB-036",)),
    ("PXE-E38", "TFTP cannot open connection", "the network card or its ROM failed", ()),
    ("PXE-E39", "TFTP cannot read from connection", "the network card or its ROM failed", ()),
    (
        "PXE-E3B",
        "TFTP Error - File Not found",
        "the TFTP server does not have that file",
        ("BB-036", "BB-009", "BB-038"),
    ),
    ("PXE-E3C", "TFTP Error - Access violation", "the TFTP server does not give that file away", ("BB-036",)),
    (
        "PXE-E3F",
        "TFTP packet size is invalid",
        "the ROM and the server do not agree on the size of blocks",
        ("BB-035",),
    ),
    ("PXE-E51", "No DHCP or proxyDHCP offers were received.", "nobody answered at all", NO_ANSWER),
    (
        "PXE-E52",
        "proxyDHCP offers were received. No DHCP offers were received.",
        "the boot file is offered, and no address: no DHCP server, or it has none left",
        ("BB-002", "BB-003"),
    ),
    ("PXE-E53", "No boot filename received", "the address came, and no boot file", ("BB-005", "BB-001", "BB-081")),
    (
        "PXE-E55",
        "proxyDHCP service did not reply to request on port 4011",
        "a DHCP server says that it is a boot server, and nothing answers on its port 4011",
        ("BB-007", "BB-008", "BB-021"),
    ),
    ("PXE-E61", "Media test failure, check cable", "no link: the cable or the switch", ()),
    ("PXE-E63", "Error while initializing the NIC", "the network card failed", ()),
    (
        "PXE-E74",
        "Bad or missing PXE menu and/or prompt information",
        "a boot server offers a broken menu (option 43)",
        ("BB-008",),
    ),
    ("PXE-E76", "Bad or missing multicast discovery address", "a boot server offers a broken option 43", ("BB-008",)),
    ("PXE-E77", "Bad or missing discovery server list", "a boot server offers a broken option 43", ("BB-008",)),
    ("PXE-E78", "Could not locate boot server", "the boot server that the menu names does not answer", ("BB-008",)),
    (
        "PXE-E79",
        "NBP is too big to fit in free base memory",
        "the boot file is too large for a BIOS: one for UEFI was named, by the router's settings",
        ("BB-009", "BB-034"),
    ),
    ("PXE-E89", "Could not download boot image", "the download was broken off", ("BB-033",)),
    ("PXE-EA0", "Network boot canceled by keystroke", "somebody pressed a key", ()),
    ("PXE-EC1", "BaseCode ROM ID structure was not found", "the machine's own BIOS: update it", ()),
    (
        "PXE-M0F",
        "Exiting PXE ROM.",
        "the ROM gave up; the code above this line says why. After a boot file that ended by itself it means nothing",
        (),
    ),
    ("PXE-T01", "File not found", "the TFTP server does not have that file", ("BB-036", "BB-009")),
    ("PXE-T02", "Access violation", "the TFTP server does not give that file away", ("BB-036",)),
    (
        "",
        "Failed to load ldlinux.c32",
        "PXELINUX 5 and later needs that file beside itself; on Debian it is in the package syslinux-common",
        ("BB-036",),
    ),
    ("", "Could not find kernel image", "PXELINUX's configuration names a file that is not there", ("BB-036",)),
    (
        "",
        "Reboot and Select proper Boot device",
        "the BIOS has tried everything, the network too; what it said before says why the network did not do",
        NO_ANSWER,
    ),
    ("", "Operating System not found", "the same: nothing was booted, from the network neither", NO_ANSWER),
)

OTHERS = (
    *_codes(
        Screen.SHIM,
        (
            "",
            "Failed to open \\EFI\\BOOT\\grubx64.efi - Not Found",
            "shim does not find the program that it starts next",
            ("BB-043",),
        ),
        ("", "Failed to load image: Not Found", "shim does not find the program that it starts next", ("BB-043",)),
        ("", "bad shim signature", "GRUB starts only kernels that this shim accepts", ("BB-086", "BB-044")),
        (
            "",
            "you need to load the kernel first",
            "the kernel before it was refused or not found; the line above says why",
            ("BB-086", "BB-036"),
        ),
        ("", "SBAT self-check failed: Security Policy Violation", "this shim is too old and revoked", ("BB-042",)),
        (
            "",
            "error: file `...' not found.",
            "GRUB's configuration names a file that is not there",
            ("BB-036", "BB-009"),
        ),
        ("", "error: timeout reading `...'.", "GRUB's download stopped", ("BB-030", "BB-033")),
        (
            "",
            "error: prohibited by secure boot policy.",
            "Secure Boot is on, and GRUB is to start something unsigned",
            ("BB-085", "BB-086"),
        ),
        ("", "grub rescue>", "GRUB runs, and does not find its own files on the server that it asks", ("BB-036",)),
        (
            "",
            "error: shim_lock protocol not found.",
            "a signed GRUB was started without shim, by firmware whose Secure Boot is on; it starts nothing then",
            ("BB-044", "BB-086"),
        ),
        (
            "",
            "error: no server is specified.",
            "GRUB is to read from the network and was not told from whom: it was loaded from a disk, or by HTTP boot, "
            "and its `root` names no server",
            ("BB-036",),
        ),
        ("", "error: out of memory.", "the file is too large for this machine's memory", ("BB-074",)),
    ),
    *_codes(
        Screen.IPXE,
        (
            "",
            "iPXE initialising devices...",
            "iPXE starts; where this stays on the screen, it hangs on this machine's network card",
            ("BB-041",),
        ),
        ("", "command not found", "a line of the script begins with a word that is no command of iPXE", ("BB-054",)),
    ),
    *_codes(
        Screen.SYSTEM,
        (
            "",
            "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
            "the kernel has no initrd, or a damaged one, or one without the driver for its root",
            ("BB-077", "BB-076", "BB-072", "BB-074"),
        ),
        (
            "",
            "(initramfs)",
            "the system does not find its root: no network driver, or a wrong address in its command line",
            ("BB-072",),
        ),
        (
            "",
            "ALERT! ... does not exist. Dropping to a shell!",
            "the system does not find its root: no driver for the disk or the network, or a wrong root=",
            ("BB-072",),
        ),
        (
            "",
            "dracut-initqueue timeout",
            "the system waits in vain for its root, or for the rest of itself over the network",
            ("BB-072",),
        ),
        ("", "No space left on device", "the system is unpacked into memory, and that is full", ("BB-074",)),
        (
            "",
            "Unable to find a medium containing a live file system",
            "the live system does not find its image: no network driver, or too little memory",
            ("BB-072", "BB-074"),
        ),
    ),
)

CODES = (*UEFI, *BIOS, *OTHERS)
