"""What the journal hears of a script that was sent, and of a message."""

from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.journal.events import EventKind
from bootbeam.library.content import Peer
from bootbeam.library.repeats import TOLD_A_MOMENT
from bootbeam.library.script_events import ScriptEvents
from bootbeam.machine import Cpu
from tests.library.recorded import Recorded

PEER = Peer("192.168.1.7", "192.168.1.50", "http", "eth0")
LOOKING = Peer("192.168.1.7", "192.168.1.50", "http", "eth0", is_looking=True)
FACTS = MachineFacts("efi", Cpu.ARM64, "52:54:00:12:34:56")
MESSAGE = Explanation("a.iso cannot boot on this machine", "it is for x64", "serve another", finding="BB-082")


def test_a_script_is_told_with_its_machine_and_what_the_dialect_knows_besides() -> None:
    heard = Recorded()
    ScriptEvents(heard).sent("Linux", FACTS, PEER, is_unattended=True, loader="GRUB")
    [event] = heard.events
    facts = event.facts
    assert event.kind is EventKind.SCRIPT_SENT
    assert (event.mac, event.address, event.interface) == (FACTS.mac, PEER.address, "eth0")
    assert (facts["entry"], facts["unattended"], facts["loader"]) == ("Linux", True, "GRUB")
    assert (facts["platform"], facts["buildarch"]) == (FACTS.platform, FACTS.buildarch)
    assert (facts["notes"], facts["warning"]) == ("", None)


def test_a_message_is_told_with_the_finding_that_stands_on_the_screen() -> None:
    heard = Recorded()
    ScriptEvents(heard).shown(MESSAGE, FACTS, PEER, secure_boot=False)
    [event] = heard.events
    facts = event.facts
    assert event.kind is EventKind.MESSAGE_SHOWN
    assert facts["finding"] == "BB-082"
    assert (facts["title"], facts["why"], facts["fix"]) == (MESSAGE.title, MESSAGE.why, MESSAGE.fix)
    assert facts["secure_boot"] is False


def test_one_that_only_looks_was_sent_nothing() -> None:
    heard = Recorded()
    ScriptEvents(heard).sent("Linux", FACTS, LOOKING)
    ScriptEvents(heard).shown(MESSAGE, FACTS, LOOKING)
    assert heard.events == []


def test_what_is_fetched_many_times_within_a_moment_is_told_with_a_count() -> None:
    heard, now_s = Recorded(), [100.0]
    events = ScriptEvents(heard, lambda: now_s[0])
    for moment_s in (100.0, 101.0):
        now_s[0] = moment_s
        for _ in range(TOLD_A_MOMENT + 3):
            events.sent("Linux", FACTS, PEER)
            events.shown(MESSAGE, FACTS, PEER)
    for kind in (EventKind.SCRIPT_SENT, EventKind.MESSAGE_SHOWN):
        told = heard.of(kind)
        assert len(told) == 2 * TOLD_A_MOMENT
        assert [facts["times"] for facts in told if "times" in facts] == [4]
