"""Which interfaces are served, chosen as ``serve`` chooses them, whether machines can be there, what is left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from bootbeam.doctor.asking import Link
from bootbeam.doctor.finding import Finding, ok, problem, warning
from bootbeam.errors import UserError
from bootbeam.net.cards import Card
from bootbeam.net.interfaces import Interface, choose_interfaces
from bootbeam.net.maker import maker_of
from bootbeam.net.surroundings import Surroundings

AREA = "interface"
OWN_MACHINE = Surroundings()
SELF_GIVEN = IPv4Network("169.254.0.0/16")
"""What a computer gives itself when nobody answers its DHCP (RFC 3927)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The interfaces to serve, and what there is to say about them."""

    interfaces: tuple[Interface, ...]
    findings: tuple[Finding, ...]
    candidates: tuple[Interface, ...] = ()
    """Where several could be the LAN: those."""


def check_interfaces(
    available: Sequence[Interface],
    cards: Sequence[Card],
    wanted: Sequence[str],
    surroundings: Surroundings = OWN_MACHINE,
) -> Choice:
    """Choose as ``serve`` does.

    Args:
        available: the interfaces with an address.
        cards: all interfaces.
        wanted: names that somebody gave; empty: choose.
        surroundings: what this computer runs inside.
    """
    try:
        chosen = tuple(choose_interfaces(available, wanted))
    except UserError as error:
        fix = error.fix.replace("bootbeam serve --interface", "bootbeam doctor --interface")
        left_out = _left_out(cards, [each.name for each in available])
        candidates = [] if wanted else [each for each in available if each.is_up and not each.is_virtual]
        return Choice((), (problem(AREA, error.what, error.why, fix), *left_out), tuple(candidates))
    by_name = {card.name: card for card in cards}
    found = [
        finding
        for each in chosen
        for finding in (
            *_judge(each, by_name.get(each.name), bool(wanted)),
            *_cut_off(each, surroundings),
        )
    ]
    return Choice(chosen, (*found, *_left_out(cards, [each.name for each in chosen])))


def check_addresses(link: Link) -> list[Finding]:
    """Whether the addresses of an interface are this computer's alone."""
    return [
        problem(
            AREA,
            f"{address}, this computer's address on {link.interface.name}, is another machine's too: {mac}"
            + (f" ({maker})" if (maker := maker_of(mac)) else ""),
            "what machines ask bootbeam goes to whichever of the two answered last",
            "give this computer an address that the router does not give to others, outside its DHCP range",
        )
        for address, mac in link.same_address.items()
    ]


def _judge(interface: Interface, card: Card | None, is_wanted: bool) -> Iterator[Finding]:
    """One interface that is to be served."""
    words = interface.words
    if not interface.is_up or (card is not None and not card.is_up):
        yield problem(AREA, f"{words} is switched off", "", f"sudo ip link set {interface.name} up")
        return
    if card is not None and not card.has_carrier:
        fix = f"plug the cable in, then look: ip link show {interface.name}"
        yield problem(AREA, f"{words} has no link: nothing is at the other end of its cable", "", fix)
        return
    if card is not None and card.made_for:
        fix = "" if is_wanted else "name the LAN's: bootbeam doctor --interface NAME"
        why = "real machines are not there"
        yield warning(AREA, f"{words} is {card.made_for}", why, fix)
        return
    if interface.is_wireless or (card is not None and card.is_wireless):
        yield warning(
            AREA,
            f"{words} is Wi-Fi",
            "machines that boot are on a cable; it works where the access point joins both networks, and slowly",
            "plug this computer into the machines' switch, and name that interface: bootbeam doctor --interface NAME",
        )
        return
    if interface.addresses and all(address.ip in SELF_GIVEN for address in interface.addresses):
        yield warning(
            AREA,
            f"{words} has an address it gave itself",
            "nobody answered this computer's own DHCP there",
            f"give it one of the machines' network: sudo ip address add 192.168.1.50/24 dev {interface.name}",
        )
        return
    only6 = ", IPv6 only: machines that boot over IPv4 are not served" if not interface.addresses else ""
    yield ok(AREA, f"{words} is served{only6}")


def _cut_off(interface: Interface, surroundings: Surroundings) -> Iterator[Finding]:
    """A network that machines on the LAN are not on, whatever it looks like from here."""
    why, fix = surroundings.why_cut_off([address.ip for address in interface.addresses])
    if why:
        yield warning(AREA, f"{interface.words} looks like {why}", "no machine on the LAN can boot from here then", fix)


def _left_out(cards: Sequence[Card], known: Sequence[str]) -> list[Finding]:
    """One line that names every other interface, and why it is not served."""
    reasons = [f"{card.name} ({_why_not(card)})" for card in cards if card.name not in known]
    return [ok(AREA, f"not served: {', '.join(reasons)}")] if reasons else []


def _why_not(card: Card) -> str:
    if card.made_for:
        return card.made_for
    if not card.is_up:
        return "switched off"
    if not card.has_carrier:
        return "no cable"
    return "Wi-Fi" if card.is_wireless else "not chosen"
