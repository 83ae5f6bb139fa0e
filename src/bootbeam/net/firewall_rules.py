"""What a packet filter does to one packet, worked out from its rules without sending anything.

Both readers, of nftables and of iptables, make these chains. A rule may ask something that cannot be told beforehand (a
rate limit, a client's own address); such a rule is taken both ways, and the answer is "perhaps".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

MAX_DEPTH = 64
"""Jumps into each other; the kernel stops at 16 (nftables) and a few hundred (iptables)."""

Range = tuple[int, int]
"""First and last of some numbers, both included."""
TCP_FLAGS = {"fin": 0x01, "syn": 0x02, "rst": 0x04, "psh": 0x08, "ack": 0x10, "urg": 0x20, "ecn": 0x40, "cwr": 0x80}
_IPV4_MAPPED = 0xFFFF << 32
"""IPv4 addresses as numbers that no IPv6 client has (RFC 4291 §2.5.5.2)."""


class Field(StrEnum):
    """What a rule can ask of a packet."""

    IN_INTERFACE = "in interface"
    OUT_INTERFACE = "out interface"
    FAMILY = "family"
    """ipv4 or ipv6."""
    PROTOCOL = "protocol"
    SOURCE_PORT = "source port"
    DESTINATION_PORT = "destination port"
    SOURCE = "source"
    DESTINATION = "destination"
    STATE = "state"
    """Of connection tracking: new, established ..."""
    STATUS = "status"
    """Of connection tracking: whether its addresses were rewritten."""
    MARK = "mark"
    """0 where no rule sets one."""
    PACKET_TYPE = "packet type"
    """Of its Ethernet address: unicast, broadcast, multicast."""
    SOURCE_TYPE = "source type"
    DESTINATION_TYPE = "destination type"
    """Of its IP address, as the routes see it: local, unicast, broadcast, multicast."""
    TCP_FLAGS = "TCP flags"
    """As bits: 0x02 SYN, 0x10 ACK (RFC 9293 §3.1)."""
    REVERSE_PATH = "reverse path"
    """Whether an answer would leave through the interface it came in on."""
    OTHER = "something else"
    """Nothing that is known here."""


class Hook(StrEnum):
    """Where a base chain is called."""

    PREROUTING = "prerouting"
    INPUT = "input"
    OUTPUT = "output"
    POSTROUTING = "postrouting"


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet, or many alike: what is not fixed is a range."""

    numbers: Mapping[Field, Range]
    words: Mapping[Field, str]

    @property
    def is_incoming(self) -> bool:
        """It comes from outside to this computer."""
        return Field.IN_INTERFACE in self.words


@dataclass(frozen=True, slots=True)
class Condition:
    """One question of a rule."""

    field: Field
    ranges: tuple[Range, ...] = ()
    words: frozenset[str] = frozenset()
    is_negated: bool = False
    mask: int | None = None
    """The bits that are looked at; None: all of them."""

    def holds(self, packet: Packet) -> bool | None:
        """Whether it is so for the packet; None when it is for some such packets, or cannot be told."""
        found = self._found(packet)
        return found if found is None else found is not self.is_negated

    def _found(self, packet: Packet) -> bool | None:
        if self.field in packet.numbers:
            first, last = packet.numbers[self.field]
            if self.mask is not None:
                if first != last:
                    return None
                first = last = first & self.mask
            if any(low <= first and last <= high for low, high in self.ranges):
                return True
            return None if any(low <= last and first <= high for low, high in self.ranges) else False
        if self.field is Field.OTHER:
            return None
        word = packet.words.get(self.field, "")
        return any(word == each or (each.endswith("*") and word.startswith(each[:-1])) for each in self.words)


class Verdict(Enum):
    """What a rule does with a packet it holds for."""

    ACCEPT = "accept"
    DROP = "drop"
    """Rejected with an answer counts as dropped: it does not get through."""
    DIVERT = "divert"
    """Sent to another address or program."""
    UNKNOWN = "unknown"
    """A program decides."""
    RETURN = "return"
    JUMP = "jump"
    GOTO = "goto"
    GO_ON = "go on"


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, all of which must hold, and what happens then."""

    conditions: tuple[Condition, ...]
    verdict: Verdict
    target: str = ""
    """The chain that is jumped to."""
    text: str = ""
    """For people: the rule, or where it stands."""

    def holds(self, packet: Packet) -> bool | None:
        """Whether it is for this packet; None when that cannot be told."""
        answers = [condition.holds(packet) for condition in self.conditions]
        if False in answers:
            return False
        return None if None in answers else True


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of rules; a base chain has a hook."""

    program: str
    """The command it is changed with: nft, iptables, ip6tables-legacy ..."""
    family: str
    """ip, ip6 or inet."""
    table: str
    name: str
    rules: tuple[Rule, ...] = ()
    hook: Hook | None = None
    priority: int = 0
    policy: Verdict = Verdict.ACCEPT
    is_nat: bool = False
    """Asked about the first packet of a connection only."""

    def is_for(self, packet: Packet) -> bool:
        """Packets of this kind come by here."""
        family = packet.words[Field.FAMILY]
        if self.family != "inet" and (self.family, family) not in (("ip", "ipv4"), ("ip6", "ipv6")):
            return False
        if self.is_nat and packet.words[Field.STATE] != "new":
            return False
        hooks = (Hook.PREROUTING, Hook.INPUT) if packet.is_incoming else (Hook.OUTPUT, Hook.POSTROUTING)
        return self.hook in hooks


class Fate(Enum):
    """What becomes of a packet."""

    PASSES = "passes"
    MAY_BE_LOST = "may be lost"
    LOST = "lost"
    DIVERTED = "diverted"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a packet, and where."""

    fate: Fate
    chain: Chain | None = None
    """The base chain that stops it."""
    rule: Rule | None = None
    """The rule that stops it; None when it is the chain's policy."""


@dataclass(slots=True)
class _Ends:
    """How a chain can end for a packet."""

    verdicts: dict[Verdict, Rule | None] = field(default_factory=dict)
    """Each possible one with the first rule that gives it."""
    falls_through: bool = False


def judge(chains: Sequence[Chain], packet: Packet) -> Judgement:
    """What these chains do to the packet. Every base chain on its way must let it through."""
    by_name = {(chain.program, chain.family, chain.table, chain.name): chain for chain in chains}
    perhaps: Judgement | None = None
    for base in sorted((chain for chain in chains if chain.is_for(packet)), key=lambda chain: chain.priority):
        ends = _walk(base, packet, by_name, 0)
        if ends.falls_through:
            ends.verdicts.setdefault(base.policy, None)
        bad = [verdict for verdict in (Verdict.DROP, Verdict.DIVERT, Verdict.UNKNOWN) if verdict in ends.verdicts]
        if not bad:
            continue
        rule = ends.verdicts[bad[0]]
        if Verdict.ACCEPT not in ends.verdicts and Verdict.UNKNOWN not in bad:
            return Judgement(Fate.LOST if bad[0] is Verdict.DROP else Fate.DIVERTED, base, rule)
        perhaps = perhaps or Judgement(Fate.MAY_BE_LOST, base, rule)
    return perhaps or Judgement(Fate.PASSES)


def _walk(chain: Chain, packet: Packet, by_name: Mapping[tuple[str, str, str, str], Chain], depth: int) -> _Ends:
    ends = _Ends()
    for rule in chain.rules:
        holds = rule.holds(packet)
        if holds is False or rule.verdict is Verdict.GO_ON:
            continue
        is_over = holds is True
        if rule.verdict is Verdict.RETURN:
            ends.falls_through = True
        elif rule.verdict in (Verdict.JUMP, Verdict.GOTO):
            called = by_name.get((chain.program, chain.family, chain.table, rule.target))
            inner = _Ends(falls_through=True)
            if called is not None and depth < MAX_DEPTH:
                inner = _walk(called, packet, by_name, depth + 1)
            for verdict, source in inner.verdicts.items():
                ends.verdicts.setdefault(verdict, source)
            if rule.verdict is Verdict.GOTO:
                ends.falls_through |= inner.falls_through
            else:
                is_over = is_over and not inner.falls_through
        else:
            ends.verdicts.setdefault(rule.verdict, rule)
        if is_over:
            return ends
    ends.falls_through = True
    return ends


def address_range(text: str) -> Range:
    """An address, ``A/BITS``, ``A/MASK`` or ``A-B`` as numbers.

    Raises:
        ValueError: it is none of these.
    """
    first, separator, last = text.partition("-")
    if separator:
        return _number(first), _number(last)
    network = IPv6Network(text, strict=False) if ":" in text else IPv4Network(text, strict=False)
    return network_range(network)


def network_range(network: IPv4Network | IPv6Network) -> Range:
    """All addresses of a network as numbers."""
    base = 0 if network.version == 6 else _IPV4_MAPPED
    return base + int(network.network_address), base + int(network.broadcast_address)


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same numbers with neighbours joined, so that a range over two of them is found inside."""
    joined: list[Range] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def _number(text: str) -> int:
    address = IPv6Address(text) if ":" in text else IPv4Address(text)
    return int(address) + (0 if address.version == 6 else _IPV4_MAPPED)
