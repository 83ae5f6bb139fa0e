"""What the journal hears of a script that was sent, and of a message."""

from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.journal.events import EventKind, Fact
from bootbeam.library.content import Peer
from bootbeam.library.script_events import ScriptEvents
from bootbeam.machine import Cpu

PEER = Peer("192.168.1.7", "192.168.1.50", "http", "eth0")
LOOKING = Peer("192.168.1.7", "192.168.1.50", "http", "eth0", is_looking=True)
FACTS = MachineFacts("efi", Cpu.ARM64, "52:54:00:12:34:56")
MESSAGE = Explanation("a.iso cannot boot on this machine", "it is for x64", "serve another", finding="BB-082")


class Heard:
    def __init__(self) -> None:
        self.events: list[tuple[EventKind, dict[str, Fact]]] = []

    def record(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        self.events.append((kind, {"mac": mac, "address": address, "interface": interface, **facts}))


def test_a_script_is_told_with_its_machine_and_what_the_dialect_knows_besides() -> None:
    heard = Heard()
    ScriptEvents(heard.record).sent("Linux", FACTS, PEER, is_unattended=True, loader="GRUB")
    [(kind, facts)] = heard.events
    assert kind is EventKind.SCRIPT_SENT
    assert (facts["mac"], facts["address"], facts["interface"]) == (FACTS.mac, PEER.address, "eth0")
    assert (facts["entry"], facts["unattended"], facts["loader"]) == ("Linux", True, "GRUB")
    assert (facts["platform"], facts["buildarch"]) == (FACTS.platform, FACTS.buildarch)
    assert (facts["notes"], facts["warning"]) == ("", None)


def test_a_message_is_told_with_the_finding_that_stands_on_the_screen() -> None:
    heard = Heard()
    ScriptEvents(heard.record).shown(MESSAGE, FACTS, PEER, secure_boot=False)
    [(kind, facts)] = heard.events
    assert kind is EventKind.MESSAGE_SHOWN
    assert facts["finding"] == "BB-082"
    assert (facts["title"], facts["why"], facts["fix"]) == (MESSAGE.title, MESSAGE.why, MESSAGE.fix)
    assert facts["secure_boot"] is False


def test_one_that_only_looks_was_sent_nothing() -> None:
    heard = Heard()
    ScriptEvents(heard.record).sent("Linux", FACTS, LOOKING)
    ScriptEvents(heard.record).shown(MESSAGE, FACTS, LOOKING)
    assert heard.events == []
