"""docs/doctor.md names every area that a finding can be of, and what is found on the network."""

from pathlib import Path

from bootbeam.cli import doctor as command
from bootbeam.doctor import address_servers, firewall, images, interface_choice, ipv6_servers, loaders, ports

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")


def test_every_area_has_a_row() -> None:
    rows = {row.split("|")[1].strip() for row in PAGE.splitlines() if row.startswith("| ")}
    named = {name for row in rows for name in row.split(", ")}
    modules = (address_servers, firewall, images, interface_choice, ipv6_servers, loaders, ports)
    assert {module.AREA for module in modules} | {"rights", "clock", "disk", "limits", command.AREA} <= named
