"""What is counted of the events, and its rendering in Prometheus' text format (exposition format 0.0.4).

Labels come from sets that are written down here, or are bounded: nothing a machine said is ever one.
"""

import re
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.spans import SpanFinder
from bootbeam.journal.summary import Outcome
from bootbeam.web.transfers import TransferUnderWay, whole

OTHER = "other"
"""The label of whatever is in no set."""
PROTOCOLS = ("tftp", "http")
CLIENT_KINDS = ("bios-pxe", "uefi-pxe", "uefi-http", "ipxe", "u-boot", "raspberry-pi", "unknown")
ANSWERED = ("loader", "script", "http-boot", "menu")
"""What a DHCP answer names."""
FINDING_ID = re.compile(r"BB-\d{3}")
MAX_FINDING_IDS = 200
MAX_PARTS = 40
"""Names of parts of a boot."""
MAX_BOOTS = 2_000
"""Boots under way whose parts are timed."""
SETTLED_AFTER_S = 120.0
"""A boot of which nothing was heard for so long has its parts counted; what follows is no more part of them."""
BUCKETS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
PREFIX = "bootbeam_"
OUTCOMES = (Outcome.BOOTED, Outcome.INSTALLED, Outcome.FAILED)

Labels = dict[str, str]
Sample = tuple[Labels, float]


@dataclass(slots=True)
class _Parts:
    """One boot's parts so far."""

    finder: SpanFinder = field(default_factory=SpanFinder)
    sums_s: dict[str, float] = field(default_factory=dict)
    last_at_s: float = 0.0


@dataclass(slots=True)
class _Histogram:
    """How long a part took in how many boots."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    """Of each bucket, not added up; the last is of what took longer."""
    sum_s: float = 0.0

    def observe(self, value_s: float) -> None:
        """One more."""
        self.counts[bisect_left(BUCKETS_S, value_s)] += 1
        self.sum_s += value_s


class Counters:
    """Counts events. Not for several threads."""

    def __init__(self) -> None:
        self.events_lost = 0
        self.boots_begun = 0
        self.outcomes: Counter[Outcome] = Counter()
        self._findings: Counter[str] = Counter()
        self._clients: Counter[str] = Counter()
        self._answers: Counter[tuple[str, str]] = Counter()
        self._transfers: Counter[tuple[str, str]] = Counter()
        self._sent_bytes: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._plain: Counter[EventKind] = Counter()
        self._retransmissions = 0
        self._boots: OrderedDict[str, _Parts] = OrderedDict()
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._parts: dict[str, _Histogram] = {}

    def add(self, event: Event) -> None:
        """Count one event."""
        facts = event.facts
        match event.kind:
            case EventKind.CLIENT_SEEN:
                self._clients[_one_of(CLIENT_KINDS, facts.get("kind_of_client"))] += 1
            case EventKind.OFFERED:
                self._answers["offer", _one_of(ANSWERED, facts.get("what"))] += 1
            case EventKind.BOOT_SERVER_ACKNOWLEDGED:
                self._answers["boot-server-ack", _one_of(ANSWERED, facts.get("what"))] += 1
            case EventKind.TRANSFER_FINISHED:
                self._count_transfer("finished", facts, whole(facts.get("size_bytes")))
            case EventKind.TRANSFER_FAILED:
                self._count_transfer("failed", facts, whole(facts.get("sent_bytes")))
            case EventKind.FILE_REFUSED:
                self._refused[_one_of(PROTOCOLS, facts.get("protocol"))] += 1
            case EventKind.FINDING:
                id = str(facts.get("id"))
                is_known = id in self._findings or len(self._findings) < MAX_FINDING_IDS
                self._findings[id if is_known and FINDING_ID.fullmatch(id) else OTHER] += 1
            case _:
                self._plain[event.kind] += 1
        if event.attempt is not None and event.attempt not in self._settled:
            self._time(event, event.attempt)

    def _count_transfer(self, result: str, facts: Mapping[str, Fact], sent_bytes: int) -> None:
        protocol = _one_of(PROTOCOLS, facts.get("protocol"))
        self._transfers[protocol, result] += 1
        self._sent_bytes[protocol] += sent_bytes
        self._retransmissions += whole(facts.get("retransmissions"))

    def _time(self, event: Event, attempt: str) -> None:
        parts = self._boots.get(attempt)
        if parts is None:
            parts = self._boots[attempt] = _Parts()
        self._boots.move_to_end(attempt)
        span = parts.finder.add(event)
        if span is not None and (span.name in parts.sums_s or len(parts.sums_s) < MAX_PARTS):
            parts.sums_s[span.name] = parts.sums_s.get(span.name, 0.0) + span.duration_s
        parts.last_at_s = max(parts.last_at_s, event.at_s)
        if len(self._boots) > MAX_BOOTS:
            self._settle_oldest()

    def settle(self, now_s: float) -> None:
        """Count the parts of boots of which nothing was heard for long."""
        while self._boots and next(iter(self._boots.values())).last_at_s < now_s - SETTLED_AFTER_S:
            self._settle_oldest()

    def _settle_oldest(self) -> None:
        attempt, parts = self._boots.popitem(last=False)
        self._settled[attempt] = None
        if len(self._settled) > MAX_BOOTS:
            self._settled.popitem(last=False)
        for name, duration_s in parts.sums_s.items():
            known = name if name in self._parts or len(self._parts) < MAX_PARTS else OTHER
            histogram = self._parts.get(known)
            if histogram is None:
                histogram = self._parts[known] = _Histogram()
            histogram.observe(duration_s)

    def render(self, version: str, transfers: Iterable[TransferUnderWay]) -> str:
        """The text a Prometheus server fetches."""
        lines: list[str] = []
        for name, kind, words, samples in self._families(version, transfers):
            lines += [f"# HELP {PREFIX}{name} {words}", f"# TYPE {PREFIX}{name} {kind}"]
            lines += [f"{PREFIX}{name}{_label_text(labels)} {_number(value)}" for labels, value in samples]
        lines += self._histogram_lines()
        return "\n".join(lines) + "\n"

    def _families(
        self, version: str, transfers: Iterable[TransferUnderWay]
    ) -> Iterator[tuple[str, str, str, list[Sample]]]:
        """Name, type, words, samples."""
        none: Labels = {}
        running = Counter(_one_of(PROTOCOLS, each.protocol) for each in transfers)
        plain = self._plain
        yield "info", "gauge", "The station's version.", [({"version": version}, 1)]
        yield "boots_begun_total", "counter", "Boots that machines began.", [(none, self.boots_begun)]
        reached = [({"outcome": outcome.value}, float(self.outcomes[outcome])) for outcome in OUTCOMES]
        yield (
            "boots_total",
            "counter",
            "Boots that came to an outcome; one that fails, then boots, is in both.",
            reached,
        )
        findings = [({"id": id}, float(count)) for id, count in sorted(self._findings.items())]
        yield "findings_total", "counter", "Findings, by id: bootbeam explain ID.", findings
        yield "questions_total", "counter", "DHCP questions of machines that want to boot.", _by("kind", self._clients)
        answers = [({"kind": kind, "what": what}, float(n)) for (kind, what), n in sorted(self._answers.items())]
        yield "dhcp_answers_total", "counter", "Answers to them, by what they name.", answers
        not_sent = plain[EventKind.ANSWER_NOT_SENT]
        yield "dhcp_answers_not_sent_total", "counter", "Answers the network did not take.", [(none, not_sent)]
        sent = [({"protocol": name}, float(self._sent_bytes[name])) for name in PROTOCOLS]
        yield "sent_bytes_total", "counter", "Bytes of files sent, in transfers that have ended.", sent
        ended = [({"protocol": name, "result": how}, float(n)) for (name, how), n in sorted(self._transfers.items())]
        yield "transfers_total", "counter", "Transfers that have ended.", ended
        now = [({"protocol": name}, float(running[name])) for name in PROTOCOLS]
        yield "transfers_under_way", "gauge", "Transfers under way.", now
        again = self._retransmissions
        yield "tftp_retransmissions_total", "counter", "Blocks that TFTP had to send again.", [(none, again)]
        yield "files_refused_total", "counter", "Files asked for that are not there.", _by("protocol", self._refused)
        dropped = plain[EventKind.DATAGRAM_DROPPED]
        yield "datagrams_dropped_total", "counter", "Malformed datagrams, each kind once per source.", [(none, dropped)]
        yield "problems_total", "counter", "Problems of the station itself.", [(none, plain[EventKind.PROBLEM])]
        lost = self.events_lost
        yield "events_dropped_total", "counter", "Events that came too fast, or could not be told.", [(none, lost)]

    def _histogram_lines(self) -> Iterator[str]:
        name = f"{PREFIX}boot_part_seconds"
        yield f"# HELP {name} How long the parts of a boot took; counted {SETTLED_AFTER_S:.0f} s after its last event."
        yield f"# TYPE {name} histogram"
        for part, histogram in sorted(self._parts.items()):
            total = 0
            bounds = [*map(_number, BUCKETS_S), "+Inf"]
            for bound, count in zip(bounds, histogram.counts, strict=True):
                total += count
                yield f"{name}_bucket{_label_text({'part': part, 'le': bound})} {total}"
            yield f"{name}_sum{_label_text({'part': part})} {_number(histogram.sum_s)}"
            yield f"{name}_count{_label_text({'part': part})} {total}"


def _one_of(known: Iterable[str], fact: object) -> str:
    return fact if isinstance(fact, str) and fact in known else OTHER


def _by(label: str, counts: Mapping[str, int]) -> list[Sample]:
    return [({label: name}, float(count)) for name, count in sorted(counts.items())]


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _label_text(labels: Labels) -> str:
    pairs = (
        '{}="{}"'.format(name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for name, value in labels.items()
    )
    return f"{{{','.join(pairs)}}}" if labels else ""
