"""A directory that is served: what is put into it while the station runs boots, what is taken out does not."""

from pathlib import Path

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.image_bytes import bzimage, newc
from tests.waiting import wait_until

pytestmark = pytest.mark.peer

URL = "http://192.168.1.50:8080"
LONG_S = 30


def script_of(client: Namespace, chosen: str = "") -> str:
    """What a machine with BIOS is told to do."""
    return client.run("curl", "--silent", f"{URL}/ipxe/{chosen}platform=pcbios/buildarch=i386/script.ipxe")


def is_served(client: Namespace, name: str) -> bool:
    status = client.run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", f"{URL}/{name}")
    return status == "200"


def test_what_is_put_into_the_directory_boots_and_what_is_taken_out_does_not(
    lan: Lan, client: Namespace, script: Path
) -> None:
    directory = script.parent
    with StationProcess(lan, directory) as station:

        def told(kind: EventKind, name: str) -> Event:
            return station.wait_for(kind, LONG_S, where=lambda event: event.facts["file"] == name)

        assert "item " not in script_of(client)  # one image needs no menu
        (directory / "vmlinuz-6.1").write_bytes(bzimage())
        (directory / "other.ipxe").write_text("#!ipxe\nshell\n")
        told(EventKind.IMAGE_LOADED, "vmlinuz-6.1")
        told(EventKind.IMAGE_LOADED, "other.ipxe")
        names = ("hello.ipxe", "other.ipxe", "vmlinuz-6.1")
        wait_until(lambda: all(f"item {name} " in script_of(client) for name in names))
        (directory / "initrd.img-6.1").write_bytes(newc())
        told(EventKind.IMAGE_LOADED, "initrd.img-6.1")
        wait_until(lambda: "initrd.img-6.1" in script_of(client, "chosen=vmlinuz-6.1/"))
        script.unlink()
        (directory / "vmlinuz-6.1").unlink()
        for name in ("hello.ipxe", "vmlinuz-6.1", "initrd.img-6.1"):
            told(EventKind.IMAGE_GONE, name)
            assert not is_served(client, name)
        wait_until(lambda: "item " not in script_of(client))
        (directory / "other.ipxe").unlink()
        told(EventKind.IMAGE_HELD_BACK, "other.ipxe")
        assert is_served(client, "other.ipxe"), "the last one stays"
        assert not [event for event in station.events() if event.kind is EventKind.PROBLEM]
