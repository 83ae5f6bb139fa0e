"""What the DHCP servers of a link mean for a boot: who gives addresses, and who else says what to load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from bootbeam.doctor.asking import Answer, Link
from bootbeam.doctor.finding import Finding, Level, ok, problem, warning
from bootbeam.doctor.questions import Question
from bootbeam.net.maker import maker_of
from bootbeam.wire.dhcp4 import MessageType, OptionCode
from bootbeam.wire.pxe_options import HTTP_CLIENT, PXE_CLIENT

AREA = "DHCP"
_BY_PXE = (Question.BIOS, Question.UEFI)
_BOOTING = (*_BY_PXE, Question.HTTP)
_MAX_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Server:
    """One DHCP server and all it said."""

    address: str
    """Its server identifier, else what its answers came from."""
    mac: str
    answers: tuple[Answer, ...]

    @property
    def words(self) -> str:
        """Its address, and the maker of its network card."""
        maker = maker_of(self.mac)
        return f"{self.address} ({maker})" if maker else self.address

    @property
    def offers(self) -> tuple[Answer, ...]:
        """Those that give an address."""
        return tuple(
            answer
            for answer in self.answers
            if int(answer.message.yiaddr) and answer.message.message_type == MessageType.OFFER
        )

    @property
    def is_proxy(self) -> bool:
        """It answers machines that boot from the network, and gives no address."""
        return not self.offers and any(
            answer.question in _BOOTING and answer.message.message_type == MessageType.OFFER for answer in self.answers
        )

    @property
    def boot_class(self) -> str:
        """Option 60 in an answer to a machine that boots: that it calls itself a boot server; "" when it does not."""
        for answer in self.answers:
            value = answer.message.options.get(OptionCode.VENDOR_CLASS_IDENTIFIER, b"")
            for kind in (PXE_CLIENT, HTTP_CLIENT):
                if answer.question in _BOOTING and value.startswith(kind):
                    return kind.decode("ascii")
        return ""

    def boot_file(self, question: Question | None = None) -> str:
        """What it tells machines to load, "" for nothing."""
        for answer in self.answers:
            if question is None or answer.question is question:
                option = _text(answer.message.options.get(OptionCode.BOOTFILE_NAME, b""))
                name = option or _text(answer.message.file.encode("latin-1"))
                if name:
                    return name
        return ""

    def boot_server(self) -> str:
        """Where that file is, "" when it does not say."""
        for answer in self.answers:
            name = _text(answer.message.options.get(OptionCode.TFTP_SERVER_NAME, b""))
            if name:
                return name
            if int(answer.message.siaddr):
                return str(answer.message.siaddr)
        return ""


def servers_of(answers: Sequence[Answer]) -> list[Server]:
    """The servers behind these answers, by address."""
    by_address: dict[str, list[Answer]] = {}
    for answer in answers:
        identifier = answer.message.address_option(OptionCode.SERVER_IDENTIFIER)
        by_address.setdefault(str(identifier) if identifier else answer.source, []).append(answer)
    return [Server(address, found[0].source_mac, tuple(found)) for address, found in sorted(by_address.items())]


def check_dhcp(link: Link, *, ipv6: bool) -> list[Finding]:
    """What the servers of one link mean for the boots of machines there."""
    if not link.interface.addresses:
        return []
    name = link.interface.name
    if link.is_forbidden:
        return [
            warning(AREA, f"not looked at: who gives addresses on {name}", "only root may ask", "sudo bootbeam doctor")
        ]
    if link.trouble:
        return [warning(AREA, f"nobody could be asked on {name}: {link.trouble}", "", f"ip link show {name}")]
    servers = servers_of(link.answers)
    lessors = [server for server in servers if server.offers]
    found = [*_no_address(link, servers, ipv6=ipv6)] if not lessors else []
    if len(lessors) > 1:
        found.append(_several(name, lessors))
    for server in lessors:
        wrong = [*_lessor(link, server, lessors)]
        found += wrong or [ok(AREA, f"{server.words} gives addresses on {name} and leaves the boot file to bootbeam")]
    found += [_proxy(name, server) for server in servers if server.is_proxy]
    return found


def who_gives_addresses(link: Link) -> Finding:
    """For a person who has to choose between several interfaces: whether there are machines' addresses to be had."""
    name = link.interface.name
    givers = [server.words for server in servers_of(link.answers) if server.offers]
    if link.trouble:
        return warning(AREA, f"nobody could be asked on {name}: {link.trouble}")
    return ok(
        AREA, f"on {name}: {' and '.join(givers)} gives addresses" if givers else f"on {name}: no DHCP server answers"
    )


def _no_address(link: Link, servers: Sequence[Server], *, ipv6: bool) -> Iterator[Finding]:
    """Nobody offered an address."""
    name = link.interface.name
    known = [server for server in servers if any(answer.question is Question.KNOWN for answer in server.answers)]
    can_do_without = ipv6 and any(not address.is_link_local for address in link.interface.addresses6)
    level = Level.WARNING if can_do_without else Level.PROBLEM
    instead = "; machines that boot over IPv6 can do without" if can_do_without else ""
    if known:
        server = known[0]
        yield Finding(
            level,
            AREA,
            f"the DHCP server {server.words} has no address for a new machine on {name}",
            f"its range of addresses is used up, or it knows the machines it gives one to; it answers this computer"
            f"{instead}",
            f"in the settings of {server.address}: make the range larger or the lease time shorter, or enter the test "
            "machine's MAC",
        )
        return
    yield Finding(
        level,
        AREA,
        f"no DHCP server answers on {name}",
        "a machine that boots gets its address from the network's own DHCP server, and bootbeam adds the boot file"
        f"{instead}",
        f"switch DHCP on in the router, or plug {name} into the network that has one; to watch: "
        f"sudo tcpdump -ni {name} port 67",
    )


def _several(name: str, lessors: Sequence[Server]) -> Finding:
    names = " and ".join(server.words for server in lessors)
    return warning(
        AREA,
        f"{len(lessors)} DHCP servers answer on {name}: {names}",
        "a machine takes whichever is first, so that boots differ from one time to the next",
        "switch one of them off; who is who: " + "; ".join(f"ip neigh show {server.address}" for server in lessors),
    )


def _lessor(link: Link, server: Server, lessors: Sequence[Server]) -> Iterator[Finding]:
    """What is wrong with a server that gives addresses."""
    yield from _silent_to_boots(link, server, lessors)
    yield from _other_network(link, server)
    boot_file, boot_server = server.boot_file(), server.boot_server()
    if server.boot_class == HTTP_CLIENT.decode("ascii"):
        yield problem(
            AREA,
            f"the DHCP server {server.words} answers UEFI HTTP boot itself (option 60 HTTPClient)",
            f"machines that boot by HTTP then load {boot_file or 'nothing'} and do not ask bootbeam",
            f"in the settings of {server.address}: remove option 60 (vendor class identifier) and the URL in option 67",
        )
        return
    if server.boot_class:
        yield problem(
            AREA,
            f"the DHCP server {server.words} calls itself a boot server (option 60 {server.boot_class})",
            f"machines then ask {server.address} on port 4011 instead of bootbeam, and stop with PXE-E55 or PXE-E16",
            f"in the settings of {server.address}: remove option 60 (vendor class identifier; in dnsmasq: pxe-service "
            "and dhcp-option=60)",
        )
    if boot_file:
        where = f" from {boot_server}" if boot_server else ""
        yield warning(
            AREA,
            f"the DHCP server {server.words} has a boot file of its own: {boot_file}{where}",
            "most firmware prefers bootbeam's, some takes this one",
            f"in the settings of {server.address}: clear options 66 and 67 "
            '("network boot", "next server", "boot file")',
        )
    elif any(answer.message.options.get(OptionCode.TFTP_SERVER_NAME) for answer in server.answers):
        yield warning(
            AREA,
            f"the DHCP server {server.words} names a boot server of its own (option 66): {boot_server}",
            "it names no file, but some firmware asks that server for bootbeam's",
            f'in the settings of {server.address}: clear option 66 ("TFTP server", "next server")',
        )


def _silent_to_boots(link: Link, server: Server, lessors: Sequence[Server]) -> Iterator[Finding]:
    offered = {answer.question for each in lessors for answer in each.offers}
    silent = [question for question in _BY_PXE if question not in offered]
    if Question.PLAIN in offered and silent and server is lessors[0]:
        machines = " and ".join(silent)
        yield problem(
            AREA,
            f"the DHCP server {server.words} gives addresses on {link.interface.name}, but none to {machines} machines "
            "that boot from the network",
            "it answers by vendor class (option 60 PXEClient)",
            f"in the settings of {server.address}: have it answer machines of class PXEClient too (in dnsmasq: look "
            "for dhcp-ignore and tag; in Kea: for client-classes)",
        )


def _other_network(link: Link, server: Server) -> Iterator[Finding]:
    offered: IPv4Address = server.offers[0].message.yiaddr
    if any(offered in own.network for own in link.interface.addresses):
        return
    own = ", ".join(str(address) for address in link.interface.addresses)
    yield warning(
        AREA,
        f"the DHCP server {server.words} gives addresses of another network: {offered}, and this computer has {own}",
        "machines then reach bootbeam only if a router passes their packets on",
        f"give this computer an address of that network too, or let it ask: sudo dhclient {link.interface.name}",
    )


def _proxy(name: str, server: Server) -> Finding:
    boot_file = server.boot_file(Question.UEFI) or server.boot_file(Question.BIOS)
    offer = f", with {boot_file}" if boot_file else ""
    return problem(
        AREA,
        f"another network boot server answers on {name}: {server.words}{offer}",
        "a machine takes whichever of the two answers is first, and may load that one's files",
        f"stop it on {server.address} (another bootbeam, dnsmasq, WDS, FOG ...); its network card: {server.mac}",
    )


def _text(value: bytes) -> str:
    """A server's words, fit for a terminal."""
    shown = value.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(char if char.isprintable() else "?" for char in shown)[:_MAX_SHOWN_CHARACTERS]
