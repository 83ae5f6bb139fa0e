"""Whether this computer's firewall lets a boot through: every kind of packet of one, judged by the rules there are."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, IPv6Network
from pathlib import Path

from bootbeam.doctor.finding import Finding, Level, ok, port_words, warning
from bootbeam.errors import UserError
from bootbeam.net.firewall import Firewall, read_firewall
from bootbeam.net.firewall_rules import Fate, Field, Judgement, Packet, Range, address_range, judge, network_range
from bootbeam.net.interfaces import Interface
from bootbeam.pxe.dhcp6 import DHCP6_SERVER_PORT
from bootbeam.pxe.reply import BOOT_SERVER_PORT, DHCP_SERVER_PORT
from bootbeam.wire.tftp import TFTP_PORT

AREA = "firewall"
DHCP_CLIENT_PORT = 68
DHCP6_CLIENT_PORT = 546
CLIENT_PORTS: Range = (1024, 65535)
"""What clients send from when their protocol does not say."""
LINK_LOCAL = IPv6Network("fe80::/10")
LOCAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_LOCAL_PORTS: Range = (32768, 60999)
_NEW, _ESTABLISHED = "new", "established"
_SYN, _ACK = 0x02, 0x10


@dataclass(frozen=True, slots=True)
class Traffic:
    """One kind of packet that a boot needs."""

    words: str
    """For people, what travels over ports of transfers; "" where ``port`` says it."""
    packet: Packet
    port: int
    """Of ours; 0 for a port of a transfer."""

    @property
    def protocol(self) -> str:
        """udp or tcp."""
        return self.packet.words[Field.PROTOCOL]

    @property
    def is_ipv6(self) -> bool:
        """Over IPv6."""
        return self.packet.words[Field.FAMILY] == "ipv6"


def boot_traffic(interface: Interface, http_port: int, transfer_ports: Range, *, ipv6: bool) -> list[Traffic]:
    """What comes in and goes out on ``interface`` while machines boot.

    Args:
        interface: where they are.
        http_port: ours.
        transfer_ports: the range that the kernel takes the ports of TFTP transfers from.
        ipv6: whether machines boot over IPv6 too.
    """
    traffic: list[Traffic] = []
    if interface.addresses:
        traffic += _traffic(interface.name, interface.addresses[0], http_port, transfer_ports)
    if ipv6 and any(not address.is_link_local for address in interface.addresses6):
        traffic += _traffic(interface.name, interface.addresses6[0], http_port, transfer_ports)
    return traffic


def check_firewall(
    firewall: Firewall, interfaces: Sequence[Interface], http_port: int, transfer_ports: Range, *, ipv6: bool
) -> list[Finding]:
    """What the firewall does to the boots of machines on these interfaces."""
    found: list[Finding] = []
    for interface in interfaces:
        judged = [
            (traffic, judge(firewall.chains, traffic.packet))
            for traffic in boot_traffic(interface, http_port, transfer_ports, ipv6=ipv6)
        ]
        groups: dict[object, list[tuple[Traffic, Judgement]]] = {}
        for traffic, judgement in judged:
            if judgement.fate is not Fate.PASSES:
                key = (judgement.fate, judgement.chain, traffic.packet.is_incoming, traffic.is_ipv6)
                groups.setdefault(key, []).append((traffic, judgement))
        has_ipv4 = bool(interface.addresses)
        found += [_finding(firewall, interface.name, group, has_ipv4=has_ipv4) for group in groups.values()]
    found += [warning(AREA, f"not looked at: {reason}", "", "sudo bootbeam doctor") for reason in firewall.unread]
    if found:
        return found
    rules = sum(len(chain.rules) for chain in firewall.chains)
    names = ", ".join(interface.name for interface in interfaces)
    what = f"lets DHCP, TFTP and HTTP through on {names}" if rules else "no rules, everything passes"
    return [ok(AREA, what)]


def firewall_warnings(interfaces: Sequence[Interface], http_port: int, *, ipv6: bool) -> list[UserError]:
    """What the firewall plainly drops of boots, for a station that starts. Takes some hundredths of a second."""
    found = check_firewall(read_firewall(), interfaces, http_port, local_ports(), ipv6=ipv6)
    return [
        UserError(f"the firewall {each.what}", each.why, "; ".join(each.fix.splitlines()))
        for each in found
        if each.level is Level.PROBLEM
    ]


def local_ports(path: Path = LOCAL_PORTS) -> Range:
    """The ports that the kernel gives to sockets without one: those of TFTP transfers."""
    try:
        first, last = path.read_text("ascii").split()
        return int(first), int(last)
    except (OSError, ValueError):
        return USUAL_LOCAL_PORTS


def _traffic(name: str, own: IPv4Interface | IPv6Interface, http_port: int, transfer_ports: Range) -> Iterator[Traffic]:
    """Every kind of packet, in the order of a boot."""
    is_ipv6 = own.version == 6
    clients = network_range(own.network)
    station = network_range(type(own.network)(own.ip))
    family = "ipv6" if is_ipv6 else "ipv4"

    def incoming(port: int, sources: Range, protocol: str = "udp", state: str = _NEW) -> Traffic:
        words = {Field.IN_INTERFACE: name, Field.DESTINATION_TYPE: "local"}
        return _one(words, protocol, family, state, (clients, station), (sources, (port, port)), port)

    def outgoing(ports: Range, destinations: Range, protocol: str = "udp", state: str = _NEW) -> Traffic:
        words = {Field.OUT_INTERFACE: name, Field.SOURCE_TYPE: "local", Field.DESTINATION_TYPE: "unicast"}
        return _one(words, protocol, family, state, (station, clients), (ports, destinations), ports[0])

    yield _question6(name) if is_ipv6 else _question4(name)
    yield incoming(BOOT_SERVER_PORT, (BOOT_SERVER_PORT, BOOT_SERVER_PORT))
    yield incoming(TFTP_PORT, CLIENT_PORTS)
    acknowledgement = incoming(transfer_ports[0], CLIENT_PORTS, state=_ESTABLISHED)
    yield _over_transfer_ports(acknowledgement, Field.DESTINATION_PORT, transfer_ports, "TFTP acknowledgements")
    yield incoming(http_port, CLIENT_PORTS, "tcp")
    yield incoming(http_port, CLIENT_PORTS, "tcp", _ESTABLISHED)
    dhcp, client = (DHCP6_SERVER_PORT, DHCP6_CLIENT_PORT) if is_ipv6 else (DHCP_SERVER_PORT, DHCP_CLIENT_PORT)
    yield outgoing((dhcp, dhcp), (client, client)) if is_ipv6 else _offer4(name, station)
    yield outgoing((BOOT_SERVER_PORT, BOOT_SERVER_PORT), CLIENT_PORTS, state=_ESTABLISHED)
    yield _over_transfer_ports(outgoing(transfer_ports, CLIENT_PORTS), Field.SOURCE_PORT, transfer_ports, "TFTP data")
    yield outgoing((http_port, http_port), CLIENT_PORTS, "tcp", _ESTABLISHED)


def _one(
    words: dict[Field, str],
    protocol: str,
    family: str,
    state: str,
    addresses: tuple[Range, Range],
    ports: tuple[Range, Range],
    port: int,
) -> Traffic:
    numbers = {
        Field.SOURCE: addresses[0],
        Field.DESTINATION: addresses[1],
        Field.SOURCE_PORT: ports[0],
        Field.DESTINATION_PORT: ports[1],
        Field.MARK: (0, 0),
    }
    if protocol == "tcp":
        flags = _SYN if state == _NEW else _ACK
        numbers[Field.TCP_FLAGS] = (flags, flags)
    common = {
        Field.FAMILY: family,
        Field.PROTOCOL: protocol,
        Field.STATE: state,
        Field.PACKET_TYPE: "unicast",
        Field.REVERSE_PATH: "true",
        Field.SOURCE_TYPE: "unicast",
    }
    return Traffic("", Packet(numbers, {**common, **words}), port)


def _over_transfer_ports(traffic: Traffic, field: Field, ports: Range, what: str) -> Traffic:
    """The same on any port of a transfer."""
    packet = Packet({**traffic.packet.numbers, field: ports}, traffic.packet.words)
    return Traffic(f"UDP {ports[0]}-{ports[1]} ({what})", packet, 0)


def _question4(name: str) -> Traffic:
    """DISCOVER, by broadcast from a machine without an address. The kernel's route for 0.0.0.0 is of type broadcast."""
    words = {
        Field.IN_INTERFACE: name,
        Field.PACKET_TYPE: "broadcast",
        Field.SOURCE_TYPE: "broadcast",
        Field.DESTINATION_TYPE: "broadcast",
    }
    addresses = address_range("0.0.0.0"), address_range("255.255.255.255")
    ports = (DHCP_CLIENT_PORT, DHCP_CLIENT_PORT), (DHCP_SERVER_PORT, DHCP_SERVER_PORT)
    return _one(words, "udp", "ipv4", _NEW, addresses, ports, DHCP_SERVER_PORT)


def _question6(name: str) -> Traffic:
    words = {Field.IN_INTERFACE: name, Field.PACKET_TYPE: "multicast", Field.DESTINATION_TYPE: "multicast"}
    addresses = network_range(LINK_LOCAL), address_range("ff02::1:2")
    ports = (DHCP6_CLIENT_PORT, DHCP6_CLIENT_PORT), (DHCP6_SERVER_PORT, DHCP6_SERVER_PORT)
    return _one(words, "udp", "ipv6", _NEW, addresses, ports, DHCP6_SERVER_PORT)


def _offer4(name: str, station: Range) -> Traffic:
    words = {
        Field.OUT_INTERFACE: name,
        Field.PACKET_TYPE: "broadcast",
        Field.SOURCE_TYPE: "local",
        Field.DESTINATION_TYPE: "broadcast",
    }
    addresses = station, address_range("255.255.255.255")
    ports = (DHCP_SERVER_PORT, DHCP_SERVER_PORT), (DHCP_CLIENT_PORT, DHCP_CLIENT_PORT)
    return _one(words, "udp", "ipv4", _NEW, addresses, ports, DHCP_SERVER_PORT)


def _finding(
    firewall: Firewall, interface: str, group: Sequence[tuple[Traffic, Judgement]], *, has_ipv4: bool
) -> Finding:
    """What happens to packets that meet the same end in the same chain."""
    traffic, judgement = group[0]
    words = [port_words((one.protocol, one.port) for one, _ in group if one.port)]
    words += [one.words for one, _ in group if not one.port]
    each = " and ".join(word for word in words if word)
    over = " over IPv6" if traffic.is_ipv6 else ""
    direction = f"to {each} on" if traffic.packet.is_incoming else f"from {each} out of"
    action = {Fate.LOST: "drops", Fate.MAY_BE_LOST: "may drop", Fate.DIVERTED: "sends elsewhere"}[judgement.fate]
    is_problem = judgement.fate is not Fate.MAY_BE_LOST and not (traffic.is_ipv6 and has_ipv4)
    return Finding(
        Level.PROBLEM if is_problem else Level.WARNING,
        AREA,
        f"{action} what goes {direction} {interface}{over}",
        f"by {_place(judgement)}",
        _fix(firewall, interface, [one for one, _ in group], judgement),
    )


def _place(judgement: Judgement) -> str:
    chain = judgement.chain
    if chain is None:
        return "its rules"
    table = f"{chain.family} {chain.table}" if chain.program == "nft" else chain.table
    where = f"the chain {chain.name} ({chain.program}, table {table})"
    if judgement.rule is None:
        return f"the policy of {where}: what no rule accepts is dropped"
    return f"{where}: {judgement.rule.text}"


def _fix(firewall: Firewall, interface: str, traffic: Sequence[Traffic], judgement: Judgement) -> str:
    chain = judgement.chain
    if chain is None:
        return ""
    if judgement.fate is Fate.DIVERTED:
        return "choose another port: bootbeam serve --http-port 8090 ..." if traffic[0].protocol == "tcp" else ""
    udp, tcp = (sorted({one.port for one in traffic if one.protocol == name and one.port}) for name in ("udp", "tcp"))
    is_incoming = traffic[0].packet.is_incoming
    is_transfer = any(not one.port for one in traffic)
    zones = firewall.firewalld_zones
    if zones is not None and is_incoming and (chain.table == "firewalld" or chain.program != "nft"):
        zone = f" --zone={shlex.quote(zones[interface])}" if zones.get(interface) else ""
        ports = [f"--add-port={port}/udp" for port in udp] + [f"--add-port={port}/tcp" for port in tcp]
        return f"sudo firewall-cmd{zone} {' '.join(ports)}\nsudo firewall-cmd --runtime-to-permanent"
    if firewall.is_ufw and chain.program != "nft":
        return _ufw_fix(interface, udp, tcp, is_incoming=is_incoming)
    where = shlex.quote(chain.name)
    if chain.program == "nft":
        command = f"sudo nft insert rule {chain.family} {shlex.quote(chain.table)} {where}"
        return "\n".join(_nft_fix(command, interface, udp, tcp, is_incoming=is_incoming, is_transfer=is_transfer))
    table = "" if chain.table == "filter" else f" -t {chain.table}"
    command = f"sudo {chain.program}{table} -I {where}"
    return "\n".join(_iptables_fix(command, interface, udp, tcp, is_incoming=is_incoming, is_transfer=is_transfer))


def _ufw_fix(interface: str, udp: Sequence[int], tcp: Sequence[int], *, is_incoming: bool) -> str:
    if not is_incoming:
        return f"sudo ufw allow out on {interface}"
    protocols = (("udp", udp), ("tcp", tcp))
    return "\n".join(
        f"sudo ufw allow in on {interface} proto {name} to any port {_joined(ports)}"
        for name, ports in protocols
        if ports
    )


def _nft_fix(
    command: str, interface: str, udp: Sequence[int], tcp: Sequence[int], *, is_incoming: bool, is_transfer: bool
) -> Iterator[str]:
    if not is_incoming:
        yield f"{command} oifname {interface} accept"
        return
    for name, ports in (("udp", udp), ("tcp", tcp)):
        if ports:
            wanted = str(ports[0]) if len(ports) == 1 else f"'{{ {', '.join(map(str, ports))} }}'"
            yield f"{command} iifname {interface} {name} dport {wanted} accept"
    if is_transfer:
        yield f"{command} iifname {interface} ct state established accept"


def _iptables_fix(
    command: str, interface: str, udp: Sequence[int], tcp: Sequence[int], *, is_incoming: bool, is_transfer: bool
) -> Iterator[str]:
    if not is_incoming:
        yield f"{command} -o {interface} -j ACCEPT"
        return
    for name, ports in (("udp", udp), ("tcp", tcp)):
        if ports:
            wanted = f"--dport {ports[0]}" if len(ports) == 1 else f"-m multiport --dports {_joined(ports)}"
            yield f"{command} -i {interface} -p {name} {wanted} -j ACCEPT"
    if is_transfer:
        yield f"{command} -i {interface} -m conntrack --ctstate ESTABLISHED -j ACCEPT"


def _joined(ports: Sequence[int]) -> str:
    return ",".join(map(str, ports))
