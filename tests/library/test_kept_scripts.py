"""Scripts that were made before: the same object only while everything is as it was."""

from dataclasses import replace

from bootbeam.boot.decision import BootPlan, ChooseEntry, Explain, Machine, Offering, RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.ipxe import FileUrls
from bootbeam.library.kept_scripts import MAX_KEPT, MAX_KEPT_BYTES, Asked, KeptScripts
from bootbeam.library.resolved_boot import ResolvedBoot
from bootbeam.machine import Cpu, Firmware

WAYS = (BootWay(Method.EFI_LINUX, Firmware.UEFI, frozenset()),)
LINUX = BootEntry("linux", "Linux 6.1", WAYS, ServedFile("linux"))
OTHER = BootEntry("other", "Linux 6.12", WAYS, ServedFile("other"))
MACHINE = Machine(Firmware.UEFI, Cpu.X86_64, "UEFI x64", runs_ipxe=True)
ASKED: Asked = (("platform=efi", "buildarch=x86_64"), "http://192.168.1.50:8080")


class Renderer:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        return f"script {self.times}"


def boot(plan: BootPlan, version: str) -> ResolvedBoot:
    assert isinstance(plan, RunEntry)
    return ResolvedBoot(plan, FileUrls(f"http://192.168.1.50:8080/file/{version}/linux", ()))


def test_the_same_question_while_nothing_has_changed_gets_what_was_made() -> None:
    kept, render, offering = KeptScripts(), Renderer(), Offering((LINUX,), {})
    for _ in range(3):
        plan = kept.decide(ASKED, MACHINE, offering, None)
        # Equal is enough: the addresses are put together anew each time.
        assert kept.body(ASKED, plan, boot(plan, "v1"), render) == b"script 1"
    assert render.times == 1


def test_another_version_of_a_file_makes_another_script() -> None:
    kept, render, offering = KeptScripts(), Renderer(), Offering((LINUX,), {})
    plan = kept.decide(ASKED, MACHINE, offering, None)
    assert kept.body(ASKED, plan, boot(plan, "v1"), render) == b"script 1"
    assert kept.body(ASKED, plan, boot(plan, "v2"), render) == b"script 2"
    assert kept.body(ASKED, plan, boot(plan, "v1"), render) == b"script 3", "not one that is older than the last"


def test_another_offering_is_another_decision_though_it_looks_the_same() -> None:
    kept, render, first = KeptScripts(), Renderer(), Offering((LINUX, OTHER), {})
    plan = kept.decide(ASKED, MACHINE, first, None)
    assert isinstance(plan, ChooseEntry)
    kept.body(ASKED, plan, None, render)
    again = kept.decide(ASKED, MACHINE, replace(first), None)
    assert kept.body(ASKED, again, None, render) == b"script 2"
    only = kept.decide(ASKED, MACHINE, Offering((LINUX,), {}), None)
    assert isinstance(only, RunEntry)


def test_an_offering_that_was_read_a_moment_too_early_leaves_nothing_behind() -> None:
    """Two threads: the one that is late still works with what was on offer before."""
    kept, render, before, now = KeptScripts(), Renderer(), Offering((LINUX, OTHER), {}), Offering((OTHER,), {})
    assert isinstance(kept.decide(ASKED, MACHINE, now, None), RunEntry)
    late = kept.decide(ASKED, MACHINE, before, None)
    kept.body(ASKED, late, None, render)
    plan = kept.decide(ASKED, MACHINE, now, None)
    assert isinstance(plan, RunEntry)
    assert kept.body(ASKED, plan, boot(plan, "v1"), render) == b"script 2"


def test_a_machine_of_which_more_is_known_by_now_is_another_decision() -> None:
    installer = replace(LINUX, is_unattended=True)
    kept, offering = KeptScripts(), Offering((installer,), {})
    assert isinstance(kept.decide(ASKED, MACHINE, offering, None), ChooseEntry)
    assert isinstance(kept.decide(ASKED, replace(MACHINE, may_be_wiped=True), offering, None), RunEntry)


def test_each_question_has_its_own() -> None:
    kept, render, offering = KeptScripts(), Renderer(), Offering((LINUX, OTHER), {})
    other_address: Asked = (ASKED[0], "http://10.0.0.1:8080")
    chosen: Asked = (("chosen=nothing", *ASKED[0]), ASKED[1])
    bodies = {
        kept.body(asked, kept.decide(asked, MACHINE, offering, None), None, render) for asked in (ASKED, other_address)
    }
    assert bodies == {b"script 1", b"script 2"}
    assert isinstance(kept.decide(chosen, MACHINE, offering, "nothing"), Explain)


def test_no_more_is_kept_than_there_is_room_for() -> None:
    kept, render, offering = KeptScripts(), Renderer(), Offering((LINUX, OTHER), {})
    for number in range(MAX_KEPT + 1):
        asked: Asked = ((str(number), *ASKED[0]), ASKED[1])
        kept.body(asked, kept.decide(asked, MACHINE, offering, None), None, render)
    first, last = ((("0", *ASKED[0]), ASKED[1]), ((str(MAX_KEPT), *ASKED[0]), ASKED[1]))
    for asked, times in ((last, MAX_KEPT + 1), (first, MAX_KEPT + 2)):
        kept.body(asked, kept.decide(asked, MACHINE, offering, None), None, render)
        assert render.times == times
    long = [
        kept.body(ASKED, plan, None, lambda: "x" * (MAX_KEPT_BYTES + 1))
        for plan in [kept.decide(ASKED, MACHINE, offering, None)]
    ]
    assert len(long[0]) == MAX_KEPT_BYTES + 1
    assert kept.body(ASKED, kept.decide(ASKED, MACHINE, offering, None), None, lambda: "short") == b"short"
