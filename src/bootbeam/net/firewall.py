"""The packet filters of this computer as they are now: read, never changed."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootbeam.net.firewall_rules import Chain
from bootbeam.net.iptables import parse_iptables
from bootbeam.net.nftables import parse_nft

PROC_NET = Path("/proc/net")
QUERY_TIMEOUT_S = 3.0
"""A ruleset of ten thousand rules is listed in a fraction of it."""
MAX_OUTPUT_BYTES = 64 << 20
_PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"
"""Who is not root often has no sbin in the path."""
_IPTABLES = ("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy", "iptables", "ip6tables")


@dataclass(frozen=True, slots=True)
class Firewall:
    """Every rule that could be read."""

    chains: tuple[Chain, ...] = ()
    unread: tuple[str, ...] = ()
    """What could not be looked at, and why."""
    is_ufw: bool = False
    """The rules are ufw's: they are changed with its command."""
    firewalld_zones: dict[str, str] | None = None
    """Interface -> zone, where firewalld runs."""


def read_firewall(interfaces: Sequence[str] = ()) -> Firewall:
    """Every rule, and who manages them.

    Args:
        interfaces: those whose firewalld zone is wanted; none: firewalld is not asked, which takes half a second.
    """
    if os.geteuid() != 0:
        return Firewall(unread=("only root may read firewall rules",))
    nft, problem = _read_nft()
    chains, unread = _read_iptables(nft)
    taken = {(chain.family, chain.table) for chain in chains if chain.program in ("iptables", "ip6tables")}
    # What iptables-nft manages is in both listings, and only its own says all of it.
    chains += [chain for chain in nft or () if (chain.family, chain.table) not in taken]
    return Firewall(
        chains=tuple(chains),
        unread=(*unread, *problem),
        is_ufw=any(chain.name.startswith("ufw") for chain in chains),
        firewalld_zones=_firewalld_zones(chains, interfaces),
    )


def _read_nft() -> tuple[list[Chain] | None, tuple[str, ...]]:
    """The chains and what went wrong; None without the program."""
    if _find("nft") is None:
        return None, ()
    said = _run("nft", "--json", "list", "ruleset")
    if said is None:
        return [], ("nft does not list its rules",)
    try:
        return parse_nft(said) if said.strip() else [], ()
    except ValueError as error:
        return [], (f"the rules of nft could not be understood: {error}",)


def _read_iptables(nft: Sequence[Chain] | None) -> tuple[list[Chain], list[str]]:
    chains: list[Chain] = []
    unread: list[str] = []
    for name in _IPTABLES:
        family = "ip6" if name.startswith("ip6") else "ip"
        is_empty = name.endswith("-nft") and nft is not None and all(chain.family != family for chain in nft)
        if is_empty or not _is_wanted(name):
            continue
        said = _run(f"{name}-save")
        program = name.removesuffix("-nft")
        if said is None:
            continue  # a table that iptables did not make is for nft to list
        try:
            chains += parse_iptables(said, program)
        except ValueError as error:
            unread.append(f"the rules of {name} could not be understood: {error}")
    return chains, unread


def _is_wanted(name: str) -> bool:
    """Whether this form of iptables is there and may have rules; asking must never make the kernel load anything."""
    if _find(f"{name}-save") is None:
        return False
    family = name.partition("-")[0]
    names = PROC_NET / ("ip6_tables_names" if family == "ip6tables" else "ip_tables_names")
    if name.endswith("-nft"):
        return True
    try:
        has_legacy_tables = bool(names.read_text("ascii").strip())
    except OSError:
        has_legacy_tables = False
    is_plain = name == family and _find(f"{family}-nft-save") is None and _find(f"{family}-legacy-save") is None
    return has_legacy_tables and (is_plain or name.endswith("-legacy"))


def _firewalld_zones(chains: Sequence[Chain], interfaces: Sequence[str]) -> dict[str, str] | None:
    is_there = any(chain.table == "firewalld" or chain.name in ("INPUT_ZONES", "IN_public") for chain in chains)
    if not is_there:
        return None
    zones = {name: (_run("firewall-cmd", f"--get-zone-of-interface={name}") or "").strip() for name in interfaces}
    default = (_run("firewall-cmd", "--get-default-zone") or "").strip() if interfaces else ""
    return {name: zone or default for name, zone in zones.items()}


def _find(program: str) -> str | None:
    return shutil.which(program, path=_PATH)


def _run(program: str, *arguments: str) -> str | None:
    """What a program printed; None when it is not there, fails or takes too long."""
    path = _find(program)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=QUERY_TIMEOUT_S,
            check=False,
            env={"PATH": _PATH, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout[:MAX_OUTPUT_BYTES].decode("utf-8", "replace") if done.returncode == 0 else None
