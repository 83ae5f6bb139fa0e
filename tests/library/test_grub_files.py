"""Which path of GRUB's leads where, and what the scripts behind them say."""

from dataclasses import replace

import pytest

from bootbeam.boot.decision import Offering, RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls
from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.grub_files import GrubFiles
from bootbeam.library.grub_images import GrubImages
from bootbeam.library.grub_scripts import GrubScripts
from bootbeam.library.resolved_boot import ResolvedBoot
from bootbeam.machine import Cpu, Firmware
from tests.library.recorded import Recorded

PEER = Peer("192.168.1.7", "192.168.1.50", "http", "eth0", "GRUB 2.06-13+deb12u2")
BY_TFTP = replace(PEER, protocol="tftp", user_agent="")
FACTS = "mac=52:54:00:12:34:56/cpu=x86_64/platform=efi/lockdown="
X64 = frozenset({Cpu.X86_64})

LINUX = BootEntry(
    "linux",
    "Linux 6.1",
    (BootWay(Method.EFI_LINUX, Firmware.UEFI, X64),),
    ServedFile("linux"),
    (ServedFile("initrd.gz"),),
    "quiet",
    is_signed=True,
)
XEN = BootEntry("xen", "Xen", (BootWay(Method.GRUB_MULTIBOOT2, Firmware.UEFI, X64),), ServedFile("xen"))
LOADER = BootEntry(
    "loadvmm.efi",
    "BitVisor's loader",
    (BootWay(Method.EFI_APPLICATION, Firmware.UEFI, X64),),
    ServedFile("loadvmm.efi"),
    (ServedFile("bitvisor.elf"),),
)


class Station:
    """GRUB's part of a catalogue, with a journal."""

    def __init__(self, *entries: BootEntry) -> None:
        self.offering = Offering(entries, {(Firmware.UEFI, Cpu.X86_64): "x64/snponly.efi"})
        self.recorded = Recorded()
        self.resolved: NotReady | Explanation | None = None
        neighbours = {PEER.address: "52:54:00:12:34:56"}
        scripts = GrubScripts(
            lambda: self.offering, self.resolve, 8080, self.recorded, lambda facts: facts.machine, neighbours.get
        )
        self.files = GrubFiles(GrubImages(8080, self.recorded), scripts, lambda: self.offering)

    def resolve(self, plan: RunEntry, facts: MachineFacts, base_url: str) -> ResolvedBoot | NotReady | Explanation:
        assert facts.grub is not None
        if self.resolved is not None:
            return self.resolved
        urls = [f"{base_url}/file/v2/{file.name}" for file in plan.entry.files]
        return ResolvedBoot(plan, FileUrls(urls[0], tuple(urls[1:])), ("It needs 2 GB of memory.",))

    def text(self, path: str, peer: Peer = PEER) -> str:
        content = self.files.open(path, peer)
        assert isinstance(content, Content), content
        assert content.role == "script"
        return content.read_at(0, content.size_bytes).decode()


def test_a_grub_that_looks_for_the_station_is_told_that_it_found_it() -> None:
    assert Station().text("grub/reached.cfg").endswith("\nset reached=y\n")


@pytest.mark.parametrize(
    "path",
    [
        "grub/grub.cfg",
        "grub/x86_64-efi/grub.cfg",
        "x64/grub.cfg",
        "debian-installer/amd64/grub/grub.cfg",
        "EFI/debian/grub.cfg",
        "grub.cfg",
    ],
)
@pytest.mark.parametrize("peer", [PEER, BY_TFTP], ids=["http", "tftp"])
def test_wherever_a_signed_grub_looks_it_finds_its_start(path: str, peer: Peer) -> None:
    script = Station(LINUX).text(path, peer)
    assert 'configfile "(http,192.168.1.50:8080)/grub/mac=$net_default_mac/' in script
    assert 'configfile "(tftp,192.168.1.50)/grub/mac=$net_default_mac/' in script
    assert "multiboot" not in script, "the signed ones have none"


@pytest.mark.parametrize(
    "path", ["x64/snponly.efi", "grub", "grub/x86_64-efi", "grub/x86_64-efi/command.lst", "grub/fonts/unicode.pf2", "a"]
)
def test_other_paths_are_not_grubs(path: str) -> None:
    assert Station(LINUX).files.open(path, PEER) is None


def test_images_are_made_for_entries_that_exist_and_for_what_is_on_offer() -> None:
    station = Station(XEN)
    for path in ("grub/x86_64-efi/grub.efi", "grub/x86_64-efi/xen/grub.efi", "grub/i386-pc/xen/grub.pxe"):
        content = station.files.open(path, PEER)
        assert isinstance(content, Content), content
        assert (content.role, content.name) == ("loader", path)
    assert station.files.open("grub/x86_64-efi/other/grub.efi", PEER) is None
    assert isinstance(station.files.open("grub/vax/grub.efi", PEER), Missing)


def test_a_machines_script_pins_its_files_and_is_in_the_journal() -> None:
    station = Station(LINUX)
    script = station.text(f"grub/{FACTS}/grub.cfg")
    assert "if linux '(http,192.168.1.50:8080)/file/v2/linux' 'quiet'; then" in script
    assert "initrd '(http,192.168.1.50:8080)/file/v2/initrd.gz'" in script
    assert "echo 'It needs 2 GB of memory.'" in script
    assert "started=no" not in script
    [facts] = station.recorded.of(EventKind.SCRIPT_SENT)
    assert (facts["entry"], facts["loader"], facts["secure_boot"]) == ("Linux 6.1", "GRUB", False)


def test_a_grub_that_does_not_tell_its_mac_is_known_by_its_address() -> None:
    station = Station(LINUX, XEN)
    menu = station.text("grub/mac=/cpu=x86_64/platform=efi/lockdown=/grub.cfg")
    assert "/mac=52:54:00:12:34:56/" in menu
    other = station.text("grub/mac=/cpu=x86_64/platform=efi/lockdown=/grub.cfg", replace(PEER, address="192.168.1.8"))
    assert "mac=" not in other


def test_a_grub_that_came_by_tftp_is_sent_on_by_tftp() -> None:
    script = Station(LINUX).text(f"grub/{FACTS}/grub.cfg", BY_TFTP)
    assert "linux '(tftp,192.168.1.50)/file/v2/linux'" in script


def test_with_secure_boot_on_a_refused_kernel_has_its_reason_told_on_screen_and_in_the_journal() -> None:
    station = Station(replace(LINUX, signers=("Canonical Ltd. Master", "Canonical Ltd. Signing")))
    trusted = {(Firmware.UEFI, Cpu.X86_64): ("Debian Secure Boot CA",)}
    station.offering = replace(station.offering, trusted=trusted)
    script = station.text(f"grub/{FACTS}y/grub.cfg")
    [line] = [line for line in script.splitlines() if "started=no" in line]
    [(_, facts)] = [(None, facts) for facts in station.recorded.of(EventKind.SCRIPT_SENT)]
    assert facts["secure_boot"] is True
    path = line.removeprefix("source '(http,192.168.1.50:8080)/").removesuffix("'")
    assert "signed by Canonical Ltd." in station.text(path)
    [shown] = station.recorded.of(EventKind.MESSAGE_SHOWN)
    assert "refused with Secure Boot on" in str(shown["title"])
    assert "signed by Canonical Ltd. Master, and the shim on this station, of Debian Secure Boot CA" in str(
        shown["why"]
    )


def test_several_entries_make_a_menu_and_the_choice_comes_back() -> None:
    station = Station(LINUX, XEN)
    menu = station.text(f"grub/multiboot=y/{FACTS}/grub.cfg")
    [line] = [line.strip() for line in menu.splitlines() if "chosen=xen" in line]
    path = line.removeprefix("configfile '(http,192.168.1.50:8080)/").removesuffix("'")
    assert "multiboot2 '(http,192.168.1.50:8080)/file/v2/xen'" in station.text(path)


def test_what_this_grub_cannot_start_ipxe_is_fetched_for() -> None:
    script = Station(XEN).text(f"grub/{FACTS}/grub.cfg")
    assert "chainloader '(http,192.168.1.50:8080)/x64/snponly.efi'" in script


def test_what_cannot_boot_is_said_on_the_screen_and_in_the_journal() -> None:
    station = Station(LINUX)
    assert "cannot boot on this machine" in station.text("grub/cpu=arm64/platform=efi/grub.cfg")
    station.resolved = Explanation("linux is not here", "it is elsewhere", "bring it")
    assert "echo 'Why: it is elsewhere.'" in station.text(f"grub/{FACTS}/grub.cfg")
    assert len(station.recorded.of(EventKind.MESSAGE_SHOWN)) == 2
    assert "companions" not in Station(LOADER).text(f"grub/{FACTS}/grub.cfg")
    assert "other files beside it" in Station(LOADER).text(f"grub/{FACTS}/grub.cfg").replace("'\necho '", " ")


def test_a_cpu_nobody_knows_gets_a_reason() -> None:
    assert "nothing here boots" in Station(LINUX).text("grub/cpu=vax/platform=efi/grub.cfg")
    assert isinstance(Station(LINUX).files.open("grub/x=y/grub.cfg", PEER), Missing)


def test_an_image_that_is_being_written_makes_the_machine_wait() -> None:
    station = Station(LINUX)
    station.resolved = NotReady("linux is being written")
    script = station.text(f"grub/{FACTS}/grub.cfg")
    assert "linux is being written; waiting" in script
    assert "boot\n" not in script
