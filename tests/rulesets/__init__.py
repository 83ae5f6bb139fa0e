"""Rulesets as people have them: ufw's and firewalld's recorded from the real programs, the others written by hand."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
EVERYTHING = frozenset({"67", "4011", "69", "ack", "http", "offer", "answer", "data"})
"""Words of ``tests.firewall_talk``: what of a boot gets through."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A ruleset and what it does to a boot between 192.168.1.7 and 192.168.1.50, as its author means it."""

    name: str
    program: str
    """What it is loaded with: nft, iptables-nft or iptables-legacy."""
    text: str
    passes: frozenset[str]


def _nft(name: str, body: str, passes: frozenset[str] | set[str]) -> Ruleset:
    return Ruleset(name, "nft", f"table inet filter {{\n{body}\n}}\n", frozenset(passes))


def _iptables(name: str, lines: str, passes: frozenset[str] | set[str], program: str = "iptables-nft") -> Ruleset:
    return Ruleset(name, program, f"{lines.strip()}\nCOMMIT\n", frozenset(passes))


_STATEFUL = """
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta l4proto { icmp, ipv6-icmp } accept
    tcp flags & (fin | syn | rst | ack) != syn ct state new drop
"""
_UFW = (HERE / "ufw.iptables").read_text("utf-8")
_FILTER = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"

RULESETS = (
    Ruleset("nothing", "nft", "", EVERYTHING),
    Ruleset("ufw as it comes", "iptables-nft", _UFW, frozenset()),
    Ruleset("ufw as it comes, legacy", "iptables-legacy", _UFW, frozenset()),
    Ruleset(
        "ufw opened for booting",
        "iptables-nft",
        _UFW.replace(
            "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT",
            "-A ufw-user-input -i eth0 -p udp -m multiport --dports 67,69,4011 -j ACCEPT\n"
            "-A ufw-user-input -i eth0 -p tcp -m tcp --dport 8080 -j ACCEPT",
        ),
        EVERYTHING,
    ),
    Ruleset("firewalld as it comes", "nft", (HERE / "firewalld.nft").read_text("utf-8"), frozenset()),
    _nft("drop all but ssh", _STATEFUL + "tcp dport 22 accept\n}", set()),
    _nft("open for booting", _STATEFUL + "udp dport { 67, 69, 4011 } accept\n tcp dport 8080 accept\n}", EVERYTHING),
    _nft(
        "named set, interval, jump",
        """
  set boot { type inet_service; flags interval; elements = { 60-70, 4011 } }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "eth*" jump lan
  }
  chain lan { udp dport @boot accept; ip saddr 192.168.1.0/24 tcp dport 8000-9000 goto web; }
  chain web { tcp flags & (fin | syn | rst | ack) == syn accept; }
""",
        EVERYTHING,
    ),
    _nft(
        "stateless, without the ports of transfers",
        "chain input { type filter hook input priority 0; policy drop;\n"
        "udp dport { 67, 69, 4011 } accept\n tcp dport 8080 accept\n }",
        EVERYTHING - {"ack"},
    ),
    _nft(
        "concatenations and a map for all others",
        "chain input { type filter hook input priority 0; policy accept;\n"
        'iifname . udp dport { "eth0" . 67, "eth1" . 69, "eth0" . 4011 } accept\n'
        "meta l4proto vmap { udp : drop, * : accept }\n }",
        {"67", "offer", "4011", "answer", "http"},
    ),
    _nft(
        "no broadcasts",
        "chain input { type filter hook input priority 0; pkttype broadcast drop; }",
        EVERYTHING - {"67", "offer"},
    ),
    _nft(
        "other network only",
        "chain input { type filter hook input priority 0; policy drop;\n"
        "ip saddr 10.0.0.0/8 accept\n fib daddr type broadcast accept\n }",
        {"67", "offer"},
    ),
    _nft(
        "verdict map",
        "map v { type inet_service : verdict; elements = { 69 : drop, 4011 : jump no, 67 : accept } }\n"
        "chain no { return; }\n"
        "chain input { type filter hook input priority 0; policy accept;\n udp dport vmap @v\n }",
        EVERYTHING - {"69", "data", "ack"},
    ),
    _nft(
        "two tables' worth, the second drops",
        "chain a { type filter hook input priority 0; policy drop; accept; }\n"
        "chain b { type filter hook input priority 10; policy accept; meta l4proto udp reject; }",
        {"http"},
    ),
    _nft(
        "before the input hook",
        "chain p { type filter hook prerouting priority raw; iifname eth0 udp dport 67-69 drop; }",
        EVERYTHING - {"67", "offer", "69", "data", "ack"},
    ),
    _nft(
        "reverse path filter",
        "chain p { type filter hook prerouting priority raw;\nfib saddr . iif oif missing drop\n }",
        EVERYTHING,
    ),
    _nft(
        "nothing but answers goes out",
        "chain output { type filter hook output priority 0; policy drop;\nct state established accept\n }",
        {"67", "4011", "answer", "69", "http"},
    ),
    _iptables(
        "by hand, drop",
        _FILTER + "-A INPUT -i lo -j ACCEPT\n"
        "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp --dport 22 -j ACCEPT",
        set(),
    ),
    _iptables(
        "by hand, open",
        _FILTER + ":boot - [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
        '-A INPUT -i eth+ -g boot\n-A boot -p udp -m multiport --dports 67:69,4011 -m comment --comment "a b"'
        " -j ACCEPT\n"
        "-A boot -s 192.168.0.0/16 -p tcp --syn --dport 8080 -j ACCEPT",
        EVERYTHING,
    ),
    _iptables(
        "legacy, reject at the end",
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        "-A INPUT -m state --state ESTABLISHED -j ACCEPT\n-A INPUT ! -s 192.168.1.0/24 -p udp -j ACCEPT\n"
        "-A INPUT -j REJECT",
        {"67", "offer"},
        "iptables-legacy",
    ),
    _iptables(
        "Docker as it comes",
        """
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN""",
        EVERYTHING,
    ),
    _iptables(
        "Docker has published our port",
        """
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80""",
        EVERYTHING - {"http"},
    ),
)
