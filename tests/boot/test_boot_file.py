"""The decision in DHCP's words: a path for firmware, a URL for iPXE and HTTP boot, a reason for the rest."""

from ipaddress import IPv4Address

import pytest

from bootbeam.boot.boot_file import BootFileChoice
from bootbeam.boot.decision import SCREEN_WORDS, Offering
from bootbeam.boot.tftp_tree import TreeOffering, TreeProgram
from bootbeam.machine import Cpu, Firmware
from bootbeam.pxe.actions import BootFile, BootFileKind, Ignore
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.first_program import Chain, MachineKind, Standing
from bootbeam.wire.architecture import ARCHITECTURES
from bootbeam.wire.pxe_options import IpxeAnnouncement, IpxeTag

LOADERS = {(Firmware.BIOS, Cpu.X86_64): "bios/undionly.kpxe", (Firmware.UEFI, Cpu.X86_64): "x64/snponly.efi"}
ADVICE = {(Firmware.UEFI, Cpu.ARM64): "bootbeam loaders fetch"}
STATION = IPv4Address("10.0.0.1")


def choose(kind: ClientKind, number: int) -> BootFile | Ignore:
    choice = BootFileChoice(lambda: Offering((), LOADERS, loader_advice=ADVICE), 8081)
    return choice(ClientInfo(kind, "52:54:00:00:00:01", number, ARCHITECTURES.get(number), "", 1, 0), STATION)


@pytest.mark.parametrize(
    ("kind", "number", "boot_file"),
    [
        (ClientKind.BIOS_PXE, 0, BootFile(BootFileKind.LOADER, "bios/undionly.kpxe")),
        (ClientKind.UEFI_PXE, 7, BootFile(BootFileKind.LOADER, "x64/snponly.efi")),
        (ClientKind.UEFI_PXE, 9, BootFile(BootFileKind.LOADER, "x64/snponly.efi")),
        (ClientKind.UEFI_HTTP, 16, BootFile(BootFileKind.HTTP_BOOT, "http://10.0.0.1:8081/x64/snponly.efi")),
        (ClientKind.IPXE, 0, BootFile(BootFileKind.SCRIPT, "http://10.0.0.1:8081/boot.ipxe")),
        (ClientKind.IPXE, 4711, BootFile(BootFileKind.SCRIPT, "http://10.0.0.1:8081/boot.ipxe")),
    ],
)
def test_boot_files(kind: ClientKind, number: int, boot_file: BootFile) -> None:
    assert choose(kind, number) == boot_file


@pytest.mark.parametrize(
    ("card", "url"),
    [
        ((0x1022, 0x2000), "tftp://10.0.0.1/boot.ipxe"),
        ((0x8086, 0x1229), "tftp://10.0.0.1/boot.ipxe"),
        ((0x8086, 0x1209), "tftp://10.0.0.1/boot.ipxe"),
        ((0x8086, 0x2449), "tftp://10.0.0.1/boot.ipxe"),
        ((0x8086, 0x100E), "http://10.0.0.1:8081/boot.ipxe"),
        ((0x10EC, 0x8139), "http://10.0.0.1:8081/boot.ipxe"),
        (None, "http://10.0.0.1:8081/boot.ipxe"),
    ],
)
def test_ipxe_on_a_card_that_bursts_are_too_much_for_gets_one_packet_at_a_time(
    card: tuple[int, int] | None, url: str
) -> None:
    choice = BootFileChoice(lambda: Offering((), LOADERS), 8081)
    ipxe = IpxeAnnouncement(frozenset({IpxeTag.HTTP, IpxeTag.TFTP}), "1.0.0", card)
    mac, architecture = "52:54:00:00:00:01", ARCHITECTURES[0]
    client = ClientInfo(ClientKind.IPXE, mac, 0, architecture, "", 1, 0, ipxe=ipxe)
    assert choice(client, STATION) == BootFile(BootFileKind.SCRIPT, url)


@pytest.mark.parametrize(
    ("kind", "number", "reason", "fix"),
    [
        (ClientKind.UEFI_PXE, 11, "no boot loader for UEFI arm64", "bootbeam loaders fetch"),
        (ClientKind.UEFI_PXE, 6, "no boot loader for UEFI 32-bit x86", "bootbeam loaders"),
        (ClientKind.UNKNOWN, 4711, "unknown architecture 4711", "4711"),
        (ClientKind.UNKNOWN, 33, "MIPS", "33"),
        (ClientKind.RASPBERRY_PI, 0, "Raspberry Pi", "UEFI"),
    ],
)
def test_no_guesses(kind: ClientKind, number: int, reason: str, fix: str) -> None:
    answer = choose(kind, number)
    assert isinstance(answer, Ignore)
    assert reason in answer.reason
    assert fix in answer.fix


@pytest.mark.parametrize(
    ("kind", "number", "boot_file"),
    [
        (ClientKind.UEFI_PXE, 7, BootFile(BootFileKind.LOADER, "x64/shimx64.efi")),
        (ClientKind.UEFI_HTTP, 16, BootFile(BootFileKind.HTTP_BOOT, "http://10.0.0.1:8081/x64/shimx64.efi")),
    ],
)
def test_what_a_machine_did_before_goes_into_the_decision(kind: ClientKind, number: int, boot_file: BootFile) -> None:
    asked, noted = list[str](), list[tuple[str, str, str]]()

    def standing(mac: str, kind: MachineKind) -> Standing:
        assert kind == (Firmware.UEFI, Cpu.X86_64)
        asked.append(mac)
        return Standing(Chain.SIGNED, "x64/snponly.efi")

    signed = {(Firmware.UEFI, Cpu.X86_64): "x64/shimx64.efi"}
    offering = Offering((), LOADERS, signed_loaders=signed)
    choice = BootFileChoice(lambda: offering, 8081, standing, lambda *note: noted.append(note))
    mac = "52:54:00:00:00:01"
    assert choice(ClientInfo(kind, mac, number, ARCHITECTURES[number], "", 1, 0), STATION) == boot_file
    assert asked == [mac]
    [(noted_mac, remark, _)] = noted
    assert noted_mac == mac
    assert "never started" in remark


def test_an_ipxe_that_asks_is_no_firmware_that_came_back() -> None:
    asked = list[str]()

    def standing(mac: str, _: MachineKind) -> Standing:
        asked.append(mac)
        return Standing()

    choice = BootFileChoice(lambda: Offering((), LOADERS), 8081, standing)
    choice(ClientInfo(ClientKind.IPXE, "52:54:00:00:00:01", 7, ARCHITECTURES[7], "", 1, 0), STATION)
    assert asked == []


@pytest.mark.parametrize(
    ("kind", "number", "boot_file"),
    [
        (ClientKind.BIOS_PXE, 0, BootFile(BootFileKind.LOADER, "my tree/pxelinux.0")),
        (ClientKind.UEFI_PXE, 7, BootFile(BootFileKind.LOADER, "my tree/bootx64.efi")),
        (ClientKind.UEFI_HTTP, 16, BootFile(BootFileKind.HTTP_BOOT, "http://10.0.0.1:8081/my%20tree/bootx64.efi")),
        (ClientKind.IPXE, 0, BootFile(BootFileKind.LOADER, "my tree/pxelinux.0")),
        (ClientKind.IPXE, 11, BootFile(BootFileKind.SCRIPT, "http://10.0.0.1:8081/my%20tree/arm.ipxe")),
    ],
)
def test_boot_files_out_of_a_tree(kind: ClientKind, number: int, boot_file: BootFile) -> None:
    programs = (
        TreeProgram("my tree/pxelinux.0", Firmware.BIOS, Cpu.X86_64),
        TreeProgram("my tree/bootx64.efi", Firmware.UEFI, Cpu.X86_64),
        TreeProgram("my tree/arm.ipxe", None, None),
    )
    tree = TreeOffering("/srv/tftp", programs, {"arm64": "my tree/arm.ipxe"})
    choice = BootFileChoice(lambda: Offering((), {}, tree=tree), 8081)
    client = ClientInfo(kind, "52:54:00:00:00:01", number, ARCHITECTURES[number], "", 1, 0)
    assert choice(client, STATION) == boot_file


def test_a_machine_that_a_tree_has_nothing_for_is_told_why() -> None:
    tree = TreeOffering("/srv/tftp", (TreeProgram("pxelinux.0", Firmware.BIOS, Cpu.X86_64),))
    choice = BootFileChoice(lambda: Offering((), {}, tree=tree), 8081)
    client = ClientInfo(ClientKind.UEFI_PXE, "52:54:00:00:00:01", 7, ARCHITECTURES[7], "", 1, 0)
    answer = choice(client, STATION)
    assert isinstance(answer, Ignore)
    assert "/srv/tftp has no EFI program" in answer.reason
    assert "grub-mknetdir" in answer.fix


@pytest.mark.parametrize(
    ("kind", "number", "file"),
    [
        (ClientKind.UEFI_PXE, 7, "x64/ipxe.efi"),
        (ClientKind.UEFI_HTTP, 16, "http://10.0.0.1:8081/x64/signed.img"),
    ],
)
def test_a_disk_image_is_for_http_boot_alone(kind: ClientKind, number: int, file: str) -> None:
    x64 = (Firmware.UEFI, Cpu.X86_64)
    offering = Offering((), {x64: "x64/ipxe.efi"}, signed_disks={x64: "x64/signed.img"})
    choice = BootFileChoice(lambda: offering, 8081, lambda *_: Standing(Chain.SIGNED))
    given = choice(ClientInfo(kind, "52:54:00:00:00:01", number, ARCHITECTURES[number], "", 1, 0), STATION)
    assert isinstance(given, BootFile)
    assert given.file == file


def test_a_u_boot_is_offered_its_script_and_a_person_is_told_what_to_type() -> None:
    noted = list[tuple[str, str, str]]()
    choice = BootFileChoice(lambda: Offering((), LOADERS), 8081, doubt=lambda *note: noted.append(note))
    for number in (22, 27):
        client = ClientInfo(ClientKind.U_BOOT, "52:54:00:00:00:01", number, ARCHITECTURES[number], "U-Boot", 1, 0)
        assert choice(client, STATION) == BootFile(BootFileKind.LOADER, "boot.scr.uimg")
    assert "setenv boot_script_dhcp 10.0.0.1:boot.scr.uimg; saveenv; boot" in noted[0][2]
    tree = TreeOffering("/srv/tftp", (TreeProgram("pxelinux.0", Firmware.BIOS, Cpu.X86_64),))
    answer = BootFileChoice(lambda: Offering((), {}, tree=tree), 8081)(client, STATION)
    assert isinstance(answer, Ignore)
    assert "setenv serverip 10.0.0.1; pxe get" in answer.fix


@pytest.mark.parametrize(
    ("kind", "number", "start"),
    [
        (ClientKind.UEFI_PXE, 7, "Secure-Boot-is-on"),
        (ClientKind.UEFI_HTTP, 16, "http://10.0.0.1:8081/Secure-Boot-is-on"),
    ],
)
def test_the_name_of_a_file_that_will_be_refused_says_what_to_do(kind: ClientKind, number: int, start: str) -> None:
    offering = Offering((), LOADERS)
    came_back = Standing(Chain.SIGNED, LOADERS[Firmware.UEFI, Cpu.X86_64])
    choice = BootFileChoice(lambda: offering, 8081, lambda *_: came_back)
    given = choice(ClientInfo(kind, "52:54:00:00:00:01", number, ARCHITECTURES[number], "", 1, 0), STATION)
    assert isinstance(given, BootFile)
    assert given.file.startswith(f"{start}--run-bootbeam-loaders-fetch--or-switch-it-off/")
    assert given.file.endswith("/" + LOADERS[Firmware.UEFI, Cpu.X86_64])
    assert len(given.file) < 128, "the header's field"


@pytest.mark.parametrize("words", sorted(SCREEN_WORDS))
def test_the_longest_name_fits_the_headers_field(words: str) -> None:
    assert len(f"{words}/grub/i386-efi/grub.efi".encode()) < 128
