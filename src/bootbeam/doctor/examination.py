"""All of it, in the order of a boot: reads this computer and asks the network, and has each check judge."""

import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bootbeam.doctor.address_servers import check_dhcp, who_gives_addresses
from bootbeam.doctor.asking import Link, ask
from bootbeam.doctor.computer import check_computer, check_permissions, read_computer
from bootbeam.doctor.finding import Finding
from bootbeam.doctor.firewall import check_firewall, local_ports
from bootbeam.doctor.images import check_images, read_images
from bootbeam.doctor.interface_choice import check_addresses, check_interfaces
from bootbeam.doctor.ipv6_servers import check_ipv6
from bootbeam.doctor.loaders import check_loaders
from bootbeam.doctor.ports import check_ports, try_ports
from bootbeam.library.cache import cache_directory, state_directory
from bootbeam.library.image_address import is_address
from bootbeam.library.loader_packages import read_distribution
from bootbeam.library.loaders import find_loaders
from bootbeam.library.recipe_files import load_recipes, recipe_directories
from bootbeam.net.cards import list_cards
from bootbeam.net.firewall import read_firewall
from bootbeam.net.interfaces import Interface, list_interfaces
from bootbeam.net.surroundings import read_surroundings

Tell = Callable[[Finding], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be served, as ``serve`` would be told."""

    images: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    http_port: int = 8080
    ipv6: bool = True
    loader_directory: Path | None = None
    recipe_directories: tuple[Path, ...] = ()
    state_directory: Path | None = None
    looked_at: tuple[Finding, ...] = ()
    """What was found by those who know the parts of the station that serve."""


def examine(plan: Plan, tell: Tell = lambda finding: None) -> list[Finding]:
    """Every finding.

    Args:
        plan: what is going to be served.
        tell: called with each finding as soon as there is one; the network's answers take some seconds.

    Raises:
        UserError: a recipe of one's own cannot be read.
    """
    found: list[Finding] = []

    def take(findings: Sequence[Finding]) -> None:
        for finding in findings:
            found.append(finding)
            tell(finding)

    local = [Path(name) for name in plan.images if not is_address(name)]
    places = [Path(tempfile.gettempdir()), cache_directory(), plan.state_directory or state_directory()]
    computer = read_computer(datetime.now(UTC), local, places)
    # Before there are threads: for a moment this becomes the user who called sudo.
    recipes = load_recipes(recipe_directories(os.environ, plan.recipe_directories), plan.recipe_directories)
    images = read_images(plan.images, recipes, computer.given_up_to)
    take([check_permissions(computer)])
    choice = check_interfaces(list_interfaces(), list_cards(), plan.interfaces, read_surroundings())
    take(choice.findings)
    with _Asking(choice.interfaces or choice.candidates, ipv6=plan.ipv6) as asking:
        names = [interface.name for interface in choice.interfaces]
        take(check_ports(try_ports(choice.interfaces, plan.http_port, ipv6=plan.ipv6)))
        if names:
            take(check_firewall(read_firewall(names), choice.interfaces, plan.http_port, local_ports(), ipv6=plan.ipv6))
        take(check_loaders(find_loaders(plan.loader_directory), read_distribution(), datetime.now(UTC).date()))
        take(check_images(images))
        take([*check_computer(computer), *plan.looked_at])
        for link in asking.links():
            take(check_addresses(link))
            if not choice.interfaces:
                take([who_gives_addresses(link)])
                continue
            take(check_dhcp(link, ipv6=plan.ipv6))
            if plan.ipv6:
                take(check_ipv6(link))
    return found


class _Asking:
    """Asks the network while other things are looked at. Use as a context manager."""

    def __init__(self, interfaces: Sequence[Interface], *, ipv6: bool) -> None:
        self._links: list[Link] = []
        self._thread = threading.Thread(target=self._run, args=(interfaces, ipv6), name="doctor-asking", daemon=True)

    def __enter__(self) -> "_Asking":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:  # Ctrl-C does not wait for the network
            self._thread.join()

    def links(self) -> list[Link]:
        """What was heard; waits for it."""
        self._thread.join()
        return self._links

    def _run(self, interfaces: Sequence[Interface], ipv6: bool) -> None:
        if interfaces:
            self._links = ask(interfaces, ipv6=ipv6)
