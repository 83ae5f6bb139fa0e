"""Which path leads where."""

from dataclasses import dataclass, field, replace

import pytest

from bootbeam.boot.decision import SCREEN_WORDS, Machine, Offering, RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls
from bootbeam.journal.events import EventKind
from bootbeam.library.catalogue import Catalogue
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.resolved_boot import ResolvedBoot
from bootbeam.library.scripts import Scripts
from bootbeam.machine import Cpu, Firmware
from tests.library.recorded import Recorded

PEER = Peer("192.168.1.7", "192.168.1.50", "http", "eth0", "iPXE/1.0.0+git-20190125.36a4c85-5.1")
FACTS = "mac=52-54-00-12-34-56/platform=efi/buildarch=x86_64/manufacturer=QEMU/product=Q35"


@dataclass
class FakeFile:
    """A served file in versions "v1" and "v2"."""

    name: str

    def open(self, version: str | None = None) -> Content | Missing | NotReady:
        if version not in (None, "v1", "v2"):
            return Missing("no such version")
        body = f"{self.name} {version or 'v2'}".encode()
        return Content(self.name, len(body), body=body)


class FakeIso:
    """An ISO with nothing in it."""

    def open(self, kind: str, steps: list[str], peer: Peer, http_url: str) -> Content | Missing | NotReady:
        return Missing("it is empty")


@dataclass
class Station:
    """A catalogue with a journal."""

    ready: bool = True
    version: str = "v2"
    is_installed: bool = False
    journal: Recorded = field(default_factory=Recorded)

    def __post_init__(self) -> None:
        ways = (BootWay(Method.EFI_LINUX, Firmware.UEFI, frozenset()),)
        linux = BootEntry("linux", "Linux 6.1", ways, ServedFile("linux"), (ServedFile("initrd.gz"),), "quiet")
        xen = BootEntry("xen", "Xen", (BootWay(Method.MULTIBOOT, Firmware.BIOS, frozenset()),), ServedFile("xen"))
        files = {name: FakeFile(name) for name in ("linux", "initrd.gz", "xen")}
        self.offering = Offering((linux,), {})
        self.both = Offering((linux, xen), {})
        scripts = Scripts(lambda: self.offering, self.resolve, 8080, self.journal, self.complete)
        isos = {"disc.iso": FakeIso()}
        self.catalogue = Catalogue(files, {"x64/snponly.efi": FakeFile("snponly.efi")}, scripts, isos)

    def resolve(self, plan: RunEntry, facts: MachineFacts, base_url: str) -> ResolvedBoot | NotReady | Explanation:
        if not self.ready:
            return NotReady(f"{plan.entry.name} is being written")
        urls = [f"{base_url}/file/{self.version}/{file.name}" for file in plan.entry.files]
        return ResolvedBoot(plan, FileUrls(urls[0], tuple(urls[1:])), ("It needs 2 GB of memory.",))

    def complete(self, facts: MachineFacts) -> Machine:
        return replace(facts.machine, may_be_wiped=True, installed_from="linux" if self.is_installed else None)

    def text(self, path: str, peer: Peer = PEER) -> str:
        content = self.catalogue.open(path, peer)
        assert isinstance(content, Content)
        return content.read_at(0, content.size_bytes).decode()


def test_files_by_name_by_version_and_loaders() -> None:
    station = Station()
    assert station.text("linux") == "linux v2"
    assert station.text("file/v1/linux") == "linux v1"
    assert station.text("x64/snponly.efi") == "snponly.efi v2"


def test_the_front_page_lists_what_can_be_fetched_under_which_names() -> None:
    lines = Station().text("index.txt").splitlines()
    assert lines == ["linux", "initrd.gz", "xen", "iso/disc.iso/", "boot.ipxe", "x64/snponly.efi"]
    assert isinstance(Station().catalogue.open("index.txt/", PEER), Missing)


@pytest.mark.parametrize(
    "path",
    ["nothing", "file/v1/nothing", "file/v9/linux", "x64", "x64/other.efi", "ipxe/script.ipxe", "start/linux", "a/b/c"],
)
def test_what_is_not_there_is_missing(path: str) -> None:
    assert isinstance(Station().catalogue.open(path, PEER), Missing)


def test_the_start_script_leads_back_to_the_address_the_client_used() -> None:
    station = Station()
    assert "chain --autofree --replace http://192.168.1.50:8080/ipxe/mac=" in station.text("boot.ipxe")
    other = Peer("10.0.0.7", "10.0.0.1", "http")
    assert "http://10.0.0.1:8080/ipxe/" in station.text("boot.ipxe", other)
    by_tftp = Peer("10.0.0.7", "10.0.0.1", "tftp")
    assert "tftp://10.0.0.1/ipxe/" in station.text("boot.ipxe", by_tftp)


@pytest.mark.parametrize("path", ["autoexec.ipxe", "x64/autoexec.ipxe"])
def test_what_newer_ipxe_fetches_by_tftp_leads_to_http(path: str) -> None:
    script = Station().text(path, Peer("10.0.0.7", "10.0.0.1", "tftp"))
    assert "chain --autofree http://10.0.0.1:8080/boot.ipxe" in script


def test_a_start_script_for_one_entry_carries_its_name() -> None:
    assert "/ipxe/chosen=linux/mac=" in Station().text("start/linux.ipxe")


def test_the_boot_script_pins_kernel_and_initrd_to_their_versions() -> None:
    station = Station()
    script = station.text(f"ipxe/{FACTS}/script.ipxe")
    assert "kernel http://192.168.1.50:8080/file/v2/linux initrd=initrd.gz quiet || goto failed" in script
    assert "initrd http://192.168.1.50:8080/file/v2/initrd.gz || goto failed" in script
    assert "echo It needs 2 GB of memory." in script
    [event] = station.journal.events
    assert event.kind is EventKind.SCRIPT_SENT
    facts = event.facts
    assert event.mac == "52:54:00:12:34:56"
    assert (facts["entry"], facts["manufacturer"], facts["product"]) == ("Linux 6.1", "QEMU", "Q35")
    assert facts["ipxe_version"] == "1.0.0+git-20190125.36a4c85-5.1"


def test_a_script_that_was_made_before_names_the_versions_of_now() -> None:
    station, path = Station(), f"ipxe/{FACTS}/script.ipxe"
    first = station.text(path)
    assert station.text(path) == first
    station.version = "v3"
    assert "/file/v3/linux initrd=" in station.text(path)
    station.offering = station.both
    assert "linux" in station.text(path)
    assert "menu" in station.text(path)
    station.offering = Offering((station.both.entries[0],), {})
    assert "/file/v3/linux initrd=" in station.text(path)
    station.is_installed = True
    assert "/file/v3/linux initrd=" in station.text(path), "only an installer is kept away from what it installed"
    station.offering = Offering((replace(station.both.entries[0], is_unattended=True),), {})
    assert "/file/v3/" not in station.text(path)


def test_each_script_is_told_of_with_its_own_machine_though_it_was_made_before() -> None:
    station, path = Station(), f"ipxe/{FACTS}/script.ipxe"
    for user_agent in ("iPXE/1.21.1", "iPXE/2.0.0"):
        station.text(path, replace(PEER, user_agent=user_agent))
    station.text(path, Peer("10.0.0.7", "10.0.0.1", "http"))
    assert [event.facts["ipxe_version"] for event in station.journal.events] == ["1.21.1", "2.0.0", None]
    assert [event.address for event in station.journal.events] == [PEER.address, PEER.address, "10.0.0.7"]


def test_an_image_that_is_being_written_makes_the_machine_wait_and_ask_again() -> None:
    script = Station(ready=False).text(f"ipxe/{FACTS}/script.ipxe")
    assert "linux is being written" in script
    assert "chain --autofree --replace http://192.168.1.50:8080/ipxe/mac=52-54-00-12-34-56/" in script


def test_a_machine_that_waits_for_an_image_is_told_of_once() -> None:
    station = Station(ready=False)
    for _ in range(3):
        station.text(f"ipxe/{FACTS}/script.ipxe")
    [event] = station.journal.events
    assert event.kind is EventKind.IMAGE_HELD_BACK
    facts = event.facts
    assert (event.mac, facts["file"]) == ("52:54:00:12:34:56", "linux")
    station.ready = True
    station.text(f"ipxe/{FACTS}/script.ipxe")
    station.ready = False
    station.text(f"ipxe/{FACTS}/script.ipxe")
    assert [event.kind for event in station.journal.events].count(EventKind.IMAGE_HELD_BACK) == 2


def test_an_ipxe_that_could_not_start_the_image_says_so_and_is_shown_why() -> None:
    station = Station()
    script = station.text(f"ipxe/{FACTS}/script.ipxe")
    assert "set failed ${errno:hexraw}" in script
    again = next(line for line in script.splitlines() if line.startswith("chain "))
    assert "/failed=${failed}/script.ipxe || goto again" in again
    station.journal.events.clear()
    script = station.text(f"ipxe/{FACTS}/failed=2e008081/script.ipxe")
    event = station.journal.events[0]
    assert event.kind is EventKind.LOADER_FAILED
    assert (event.facts["entry"], event.facts["error"]) == ("Linux 6.1", "2e008081")
    assert "bootbeam: BB-054: it did not start before (2e008081). Exec format error" in " ".join(
        line.removeprefix("echo ") for line in script.splitlines()
    )
    assert "kernel http" in script
    for nothing in ("", "x", "2e00808", "ffffffff"):
        station.journal.events.clear()
        assert "BB-054" not in station.text(f"ipxe/{FACTS}/failed={nothing}/script.ipxe")
        assert [event.kind for event in station.journal.events] == [EventKind.SCRIPT_SENT]


def test_what_cannot_boot_is_said_on_the_screen_and_in_the_journal() -> None:
    station = Station()
    script = station.text(f"ipxe/{FACTS.replace('efi', 'pcbios')}/script.ipxe")
    assert "linux cannot boot on this machine" in script
    [event] = station.journal.events
    assert event.kind is EventKind.MESSAGE_SHOWN
    facts = event.facts
    assert "UEFI" in str(facts["why"])


def test_several_entries_make_a_menu_and_the_choice_comes_back() -> None:
    station = Station()
    station.offering = station.both
    menu = station.text(f"ipxe/{FACTS}/script.ipxe")
    assert "item xen Xen" in menu
    assert "platform=efi/buildarch=x86_64/chosen=${chosen}/script.ipxe" in menu
    assert "Multiboot" in station.text(f"ipxe/{FACTS}/chosen=xen/script.ipxe")
    assert "kernel http" in station.text(f"ipxe/{FACTS}/chosen=linux/script.ipxe")


def test_what_ipxe_cannot_start_it_fetches_a_grub_for() -> None:
    station = Station()
    ways = (BootWay(Method.GRUB_MULTIBOOT2, Firmware.UEFI, frozenset({Cpu.X86_64})),)
    station.offering = Offering((BootEntry("xen", "Xen", ways, ServedFile("xen")),), {})
    script = station.text(f"ipxe/{FACTS}/script.ipxe")
    lines = script.splitlines()
    assert lines[1] == "kernel http://192.168.1.50:8080/grub/x86_64-efi/xen/grub.efi || goto failed"
    assert lines[2].startswith("prompt --timeout 100 bootbeam: starting GRUB for Xen")
    assert lines[3] == "boot || goto failed"
    [event] = station.journal.events
    assert (event.kind, event.facts["entry"]) == (EventKind.SCRIPT_SENT, "GRUB for Xen")


def test_what_is_read_like_a_disk_is_one_version_and_says_so() -> None:
    station = Station()
    content = station.catalogue.open("blocks/v1/linux", PEER)
    assert isinstance(content, Content)
    assert (content.body, content.role) == (b"linux v1", "disk")
    whole = station.catalogue.open("file/v1/linux", PEER)
    assert isinstance(whole, Content)
    assert whole.role != "disk"
    assert isinstance(station.catalogue.open("blocks/v9/linux", PEER), Missing)


@pytest.mark.parametrize("words", sorted(SCREEN_WORDS))
def test_words_for_a_machines_screen_may_stand_before_a_loader(words: str) -> None:
    content = Station().catalogue.open(f"{words}/x64/snponly.efi", PEER)
    assert isinstance(content, Content)
    assert content.name == "snponly.efi"
    assert isinstance(Station().catalogue.open("other-words/x64/snponly.efi", PEER), Missing)
