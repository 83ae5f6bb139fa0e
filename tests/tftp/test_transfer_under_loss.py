"""A transfer over a wire that loses, doubles, delays and reorders: equal bytes at the client, or a clean failure."""

import heapq
import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.tftp.actions import Action, Failed, Finished, Ignore, Send, SendWindow
from bootbeam.tftp.negotiation import Caps
from bootbeam.tftp.transfer import ReadTransfer
from bootbeam.wire.tftp import Rrq, decode_packet
from tests.tftp_reader import Reader

LATENCY_S = 0.001
END_OF_TIME_S = 10_000.0

Fate = list[float]
"""What becomes of a packet: the delays after which copies of it arrive; none: it is lost."""
ARRIVES: Fate = [LATENCY_S]


@dataclass
class Wire:
    """Runs one server transfer against one reader, in simulated time."""

    content: bytes
    reader: Reader
    fate: Callable[[], Fate]
    caps: Caps = field(default_factory=lambda: Caps(65464, 65535))

    transfer: ReadTransfer | None = None
    outcome: Action | None = None
    data_packets: int = 0
    now: float = 0.0

    _queue: list[tuple[float, int, str, bytes]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def run(self) -> None:
        self._transmit("server", self.reader.start(0.0))
        while self.now < END_OF_TIME_S:
            timers = [self.reader.next_timeout_at] if self._reader_is_busy() else []
            if self.transfer is not None and (deadline := self.transfer.next_deadline()) is not None:
                timers.append(deadline)
            if self._queue and self._queue[0][0] <= min(timers, default=END_OF_TIME_S):
                self.now, _, destination, packet = heapq.heappop(self._queue)
                self._deliver(destination, packet)
            elif timers:
                self.now = min(timers)
                self._transmit("server", self.reader.handle_timer(self.now))
                if self.transfer is not None:
                    self._perform(self.transfer.handle_timer(self.now))
            else:
                return
        raise AssertionError("this never ends")

    def _reader_is_busy(self) -> bool:
        return not (self.reader.is_complete or self.reader.has_given_up or self.reader.error)

    def _deliver(self, destination: str, packet: bytes) -> None:
        if destination == "client":
            self._transmit("server", self.reader.handle_packet(packet, self.now))
        elif self.transfer is not None:
            self._perform(self.transfer.handle_datagram(packet, self.now))
        else:
            request = decode_packet(packet)
            assert isinstance(request, Rrq)
            self.transfer = ReadTransfer(request, len(self.content), self.caps)
            self._perform(self.transfer.handle_datagram(packet, self.now))

    def _perform(self, actions: list[Action]) -> None:
        assert self.transfer is not None
        for action in actions:
            match action:
                case Send(packet):
                    self._transmit("client", [packet])
                case SendWindow(first, count):
                    self.data_packets += count
                    self._transmit("client", [self._block(index) for index in range(first, first + count)])
                case Ignore(malformed=False):
                    pass
                case _:
                    assert self.outcome is None, "it ended twice"
                    assert self.transfer.is_over
                    self.outcome = action

    def _block(self, index: int) -> bytes:
        assert self.transfer is not None
        blksize = self.transfer.terms.blksize
        offset = (index - 1) * blksize
        assert 0 <= offset <= len(self.content), "no such block"
        return struct.pack("!HH", 3, index & 0xFFFF) + self.content[offset : offset + blksize]

    def _transmit(self, destination: str, packets: list[bytes]) -> None:
        for packet in packets:
            for delay_s in self.fate():
                heapq.heappush(self._queue, (self.now + delay_s, next(self._numbers), destination, packet))


def content_of(size_bytes: int) -> bytes:
    return Random(size_bytes).randbytes(size_bytes)


def fates(schedule: list[Fate]) -> Callable[[], Fate]:
    """Each packet's fate in turn; after the schedule every packet arrives."""
    remaining = iter(schedule)
    return lambda: next(remaining, ARRIVES)


any_fate: st.SearchStrategy[Fate] = st.one_of(
    st.just(ARRIVES),
    st.just([]),
    st.just([LATENCY_S, LATENCY_S]),
    st.lists(st.sampled_from([0.0005, 0.001, 0.0015, 0.004, 0.3, 0.9, 1.1, 2.5]), max_size=3),
)
readers = st.builds(
    Reader,
    options=st.fixed_dictionaries(
        {},
        optional={
            "blksize": st.sampled_from([8, 9, 16, 64]),
            "windowsize": st.sampled_from([1, 2, 3, 4, 8, 16, 64]),
            "tsize": st.just(0),
            "timeout": st.sampled_from([1, 3]),
        },
    ),
    acks_every_unexpected_block=st.booleans(),
    timeout_s=st.sampled_from([0.7, 1.0, 4.0]),
)


@settings(max_examples=400, deadline=None)
@given(readers, st.integers(0, 1200), st.lists(any_fate, max_size=80))
def test_whatever_the_wire_does_the_bytes_are_equal_or_it_fails_cleanly(
    reader: Reader, size_bytes: int, schedule: list[Fate]
) -> None:
    content = content_of(size_bytes)
    wire = Wire(content, reader, fates(schedule))
    wire.run()
    assert content.startswith(reader.content)
    if reader.is_complete:
        assert reader.content == content
    if wire.transfer is None:
        assert reader.has_given_up
    elif isinstance(wire.outcome, Finished):
        assert reader.is_complete
        assert wire.outcome.stats.size_bytes == size_bytes
    else:
        assert isinstance(wire.outcome, Failed)


@settings(max_examples=200, deadline=None)
@given(readers, st.integers(0, 3000), st.lists(st.tuples(st.integers(0, 60), any_fate), max_size=4))
def test_a_few_faults_are_always_overcome(reader: Reader, size_bytes: int, faults: list[tuple[int, Fate]]) -> None:
    schedule = [ARRIVES] * 61
    for position, fate in faults:
        schedule[position] = fate
    wire = Wire(content_of(size_bytes), reader, fates(schedule))
    wire.run()
    assert reader.content == content_of(size_bytes)
    assert isinstance(wire.outcome, Finished)


@pytest.mark.parametrize("acks_every_unexpected_block", [True, False])
@pytest.mark.parametrize("windowsize", [1, 2, 4, 16, 64])
def test_one_doubled_packet_does_not_double_the_file(windowsize: int, acks_every_unexpected_block: bool) -> None:
    """The Sorcerer's Apprentice, with windows and without."""
    blocks = 1000
    for doubled in range(2 * windowsize + 6):
        options = {"blksize": 8} | ({"windowsize": windowsize} if windowsize > 1 else {})
        reader = Reader(options=options, acks_every_unexpected_block=acks_every_unexpected_block)
        schedule = [ARRIVES] * doubled + [[LATENCY_S, LATENCY_S]]
        wire = Wire(content_of(blocks * 8 - 1), reader, fates(schedule))
        wire.run()
        assert isinstance(wire.outcome, Finished)
        assert wire.data_packets <= blocks + (0 if windowsize == 1 else 2 * windowsize), f"packet {doubled} doubled"
        assert wire.now < 5.0, "it stalled"


@pytest.mark.parametrize("windowsize", [1, 4, 16])
def test_a_wire_that_doubles_everything_does_not_multiply_the_file(windowsize: int) -> None:
    blocks = 500
    reader = Reader(options={"blksize": 8, "windowsize": windowsize})
    wire = Wire(content_of(blocks * 8 - 1), reader, lambda: [LATENCY_S, LATENCY_S])
    wire.run()
    assert reader.content == wire.content
    assert wire.data_packets <= (1 if windowsize == 1 else 3) * blocks


@pytest.mark.parametrize("windowsize", [1, 4, 16])
@pytest.mark.parametrize("loss", [0.01, 0.05, 0.1])
def test_random_loss_is_overcome_without_flooding(windowsize: int, loss: float) -> None:
    random = Random(f"{windowsize} {loss}")
    blocks = 400
    reader = Reader(options={"blksize": 8, "windowsize": windowsize})
    wire = Wire(content_of(blocks * 8 - 1), reader, lambda: [] if random.random() < loss else ARRIVES)
    wire.run()
    assert reader.content == wire.content
    assert wire.data_packets <= blocks * (1 + 2 * loss * (windowsize + 1))


@pytest.mark.parametrize("windowsize", [1, 16])
def test_files_of_more_blocks_than_there_are_numbers_arrive_whole(windowsize: int) -> None:
    content = content_of(8 * 66_000 + 3)
    reader = Reader(options={"blksize": 8, "windowsize": windowsize})
    random = Random(7)
    wire = Wire(content, reader, lambda: [] if random.random() < 0.0005 else ARRIVES)
    wire.run()
    assert reader.content == content
    assert isinstance(wire.outcome, Finished)
    assert wire.outcome.stats.retransmissions > 0
