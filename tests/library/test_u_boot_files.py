"""What a U-Boot is told, by path."""

from dataclasses import dataclass, field, replace

from bootbeam.boot.decision import Machine, Offering, RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls
from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.resolved_boot import ResolvedBoot
from bootbeam.library.u_boot_files import UBootFiles
from bootbeam.machine import Cpu, Firmware
from tests.library.recorded import Recorded

PEER = Peer("192.168.1.7", "192.168.1.50", "tftp", "eth0")
MAC = "52:54:00:12:34:56"
CONFIG = "pxelinux.cfg/01-52-54-00-12-34-56"


def image(name: str, cpu: Cpu, cmdline: str = "") -> BootEntry:
    way = BootWay(Method.UBOOT_LINUX, Firmware.UBOOT, frozenset({cpu}))
    return BootEntry(name, f"{name}: Linux", (way,), ServedFile(name), (ServedFile("initrd"),), cmdline)


ARM64 = image("Image", Cpu.ARM64, "quiet")
ARM32 = image("zImage", Cpu.ARM32)
X64 = BootEntry("bzImage", "x64", (BootWay(Method.LINUX, Firmware.BIOS, frozenset()),), ServedFile("bzImage"))


@dataclass
class Bench:
    """A station with these entries."""

    entries: tuple[BootEntry, ...]
    ready: bool = True
    installed_from: str | None = None
    journal: Recorded = field(default_factory=Recorded)

    def __post_init__(self) -> None:
        self.files = UBootFiles(lambda: Offering(self.entries, {}), self.resolve, self.journal, self.complete)

    def complete(self, facts: MachineFacts) -> Machine:
        return replace(facts.machine, installed_from=self.installed_from)

    def resolve(self, plan: RunEntry, facts: MachineFacts, base_url: str) -> ResolvedBoot | NotReady | Explanation:
        if not self.ready:
            return NotReady("it is being written")
        urls = [f"{base_url}/file/v1/{file.name}" for file in plan.entry.files]
        return ResolvedBoot(plan, FileUrls(urls[0], tuple(urls[1:])))

    def hear(self, architecture: int = 22, kind: str = "u-boot") -> None:
        facts: dict[str, Fact] = {"kind_of_client": kind, "architecture": architecture}
        self.files.watch(Event(EventKind.CLIENT_SEEN, 1.0, MAC, facts=facts))

    def text(self, path: str) -> str:
        content = self.files.open(path, PEER)
        assert isinstance(content, Content), content
        assert content.role == "script"
        return content.read_at(0, content.size_bytes).decode("latin-1")


def test_the_start_script_leads_to_the_address_the_machine_used() -> None:
    assert "setenv serverip 192.168.1.50\n" in Bench((ARM64,)).text("boot.scr.uimg")


def test_a_machine_that_was_heard_gets_its_configuration_by_its_mac() -> None:
    bench = Bench((ARM64,))
    missing = bench.files.open(CONFIG, PEER)
    assert isinstance(missing, Missing)
    assert missing.is_searched
    bench.hear()
    text = bench.text(CONFIG)
    assert "KERNEL file/v1/Image\n  INITRD file/v1/initrd\n  APPEND quiet\n" in text
    [event] = bench.journal.events
    assert event.kind is EventKind.SCRIPT_SENT
    facts = event.facts
    assert (event.mac, facts["entry"], facts["loader"]) == (MAC, "Image: Linux", "U-Boot")


def test_only_u_boots_are_remembered() -> None:
    for architecture, kind in ((22, "ipxe"), (4711, "u-boot"), (33, "u-boot")):
        bench = Bench((ARM64,))
        bench.hear(architecture, kind)
        assert isinstance(bench.files.open(CONFIG, PEER), Missing)


def test_one_that_was_not_heard_is_known_by_the_last_name_it_tries() -> None:
    bench = Bench((ARM64,))
    for name in ("C0A80107", "C"):
        missing = bench.files.open(f"pxelinux.cfg/{name}", PEER)
        assert isinstance(missing, Missing)
        assert missing.is_searched
    assert "file/v1/Image" in bench.text("pxelinux.cfg/default-arm-qemu-arm64")
    assert "file/v1/zImage" in Bench((ARM32,)).text("pxelinux.cfg/default-arm")
    last = bench.files.open("pxelinux.cfg/default", PEER)
    assert isinstance(last, Missing)
    assert not last.is_searched
    assert bench.files.open("file/v1/Image", PEER) is None


def test_several_entries_make_a_menu_of_those_that_fit() -> None:
    bench = Bench((ARM64, X64, image("other", Cpu.ARM64)))
    bench.hear()
    text = bench.text(CONFIG)
    assert "DEFAULT Image\n" in text
    assert "LABEL other\n" in text
    assert "bzImage" not in text


def test_what_cannot_boot_is_told_there_and_in_the_journal() -> None:
    bench = Bench((X64,))
    bench.hear()
    text = bench.text(CONFIG)
    assert "bzImage cannot boot on this machine" in text
    [event] = bench.journal.events
    assert event.kind is EventKind.MESSAGE_SHOWN
    facts = event.facts
    assert "BIOS" in str(facts["why"])
    assert f"{PEER.local_address}, finding {facts['finding']}" in text
    long = Bench((replace(ARM64, cmdline="a=$b"),))
    long.hear()
    assert "none that U-Boot can carry" in long.text(CONFIG)


def test_a_file_that_is_being_written_makes_it_ask_again() -> None:
    bench = Bench((ARM64,), ready=False)
    bench.hear()
    assert isinstance(bench.files.open(CONFIG, PEER), NotReady)


def test_an_installed_machine_goes_on_to_its_own_disk() -> None:
    bench = Bench((replace(ARM64, is_unattended=True),), installed_from="Image")
    bench.hear()
    assert "LOCALBOOT 1" in bench.text(CONFIG)
