"""All rules, the root causes first, and the verdict over a timeline."""

from dataclasses import dataclass

from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict import (
    addresses,
    answers,
    boot_server,
    downloads,
    http_boot,
    ipv6,
    ipxe,
    loaders,
    other_servers,
    systems,
    twins,
)
from bootbeam.journal.verdict.course import Course
from bootbeam.journal.verdict.finding import Finding, Later, Match, Rule

RULES: tuple[Rule, ...] = (
    *answers.RULES,
    *twins.RULES,
    *systems.RULES,
    *ipxe.RULES,
    *loaders.RULES,
    *other_servers.RULES,
    *addresses.RULES,
    *ipv6.RULES,
    *boot_server.RULES,
    *http_boot.RULES,
    *downloads.RULES,
)
"""In the order in which findings are named when several apply."""
BY_ID = {rule.id: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a boot at one moment."""

    findings: tuple[Finding, ...]
    """The root cause first; empty when nothing is wrong, or not yet."""
    look_again_at_s: float | None
    """When the passing of time alone may change it: seconds since the epoch."""


def judge(timeline: Timeline, now: float) -> Verdict:
    """Judge one boot attempt as it stands ``now`` (seconds since the epoch)."""
    course = Course(timeline, now)
    matches: list[tuple[Rule, Match]] = []
    moments: list[float] = []
    explained: set[str] = set()
    for rule in RULES:
        judged = rule.judge(course)
        if isinstance(judged, Match):
            matches.append((rule, judged))
            explained |= rule.explains
        elif isinstance(judged, Later) and judged.at_s > now:
            moments.append(judged.at_s)
            explained |= rule.explains  # a consequence is not named while its cause may yet turn out
    findings = tuple(rule.find(course, match) for rule, match in matches if rule.id not in explained)
    return Verdict(findings, min(moments, default=None))
