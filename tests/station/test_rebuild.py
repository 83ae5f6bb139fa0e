"""The image that is rebuilt all day, against the running station: every download is one whole version."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.peer

HEAD = b"#!ipxe\n#"
SIZE_BYTES = 4_000_000
SETTLED_S = 1.3
"""A little more than the time after which a file that does not change is believed complete."""

WRITER = """
import sys, time
path, stop_after_s = sys.argv[1], float(sys.argv[2])
end, number = time.monotonic() + stop_after_s, 0
while time.monotonic() < end:
    number += 1
    with open(path, "r+b" if number % 2 else "wb") as file:
        file.truncate(0)
        file.write(b"#!ipxe\\n#")
        for _ in range(8):
            file.write(bytes([97 + number % 26]) * 500_000)
            file.flush()
            time.sleep(0.03)
    time.sleep(3 if number % 3 == 0 else 0.1)
"""


def build(letter: str) -> bytes:
    return HEAD + letter.encode() * SIZE_BYTES


def is_one_version(data: bytes) -> bool:
    letters = data[len(HEAD) :]
    return data.startswith(HEAD) and len(letters) == SIZE_BYTES and letters == letters[:1] * SIZE_BYTES


def download(client: Namespace, url: str, target: Path, *options: str) -> bytes | None:
    """What curl gets; None when the station asks it to come again."""
    target.unlink(missing_ok=True)
    code = client.run(
        "curl", "--silent", "--show-error", "--output", str(target), "--write-out", "%{http_code}", *options, url
    )
    return target.read_bytes() if code in ("200", "000") and target.exists() else None


@pytest.mark.timeout(120)
def test_rewritten_in_place_again_and_again_no_download_is_a_mixture(
    lan: Lan, client: Namespace, tmp_path: Path
) -> None:
    image, target = tmp_path / "image.ipxe", tmp_path / "download"
    image.write_bytes(build("a"))
    with (
        StationProcess(lan, image) as station,
        subprocess.Popen([sys.executable, "-c", WRITER, str(image), "16"]) as writer,
    ):
        versions = set()
        while writer.poll() is None:
            for url in ("http://192.168.1.50:8080/image.ipxe", "tftp://192.168.1.50/image.ipxe"):
                data = download(client, url, target, *(("--max-time", "3") if url[0] == "t" else ()))
                if data:
                    assert is_one_version(data), f"{url}: {len(data)} bytes, {sorted(set(data[8:]))}"
                    versions.add(data[-1])
        assert len(versions) >= 2, "the writer's pauses are long enough for complete versions to be seen"
        url = "http://192.168.1.50:8080/image.ipxe"
        wait_until(lambda: download(client, url, target, "--retry", "3") == image.read_bytes())
        kinds = {event.kind for event in station.events()}
        assert {EventKind.IMAGE_HELD_BACK, EventKind.IMAGE_LOADED} <= kinds


def test_a_transfer_under_way_ends_with_the_version_it_began_with_and_the_next_gets_the_new_one(
    lan: Lan, client: Namespace, tmp_path: Path
) -> None:
    image, target = tmp_path / "image.ipxe", tmp_path / "download"
    image.write_bytes(build("a"))
    url = "http://192.168.1.50:8080/image.ipxe"
    with StationProcess(lan, image) as station:
        command = ["ip", "netns", "exec", client.name, "curl", "--silent", "--limit-rate", "2M", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as slow:
            assert slow.stdout is not None
            begun = slow.stdout.read(1)
            image.write_bytes(build("b"))
            time.sleep(SETTLED_S)
            wait_until(lambda: download(client, url, target, "--retry", "3") == build("b"))
            assert begun + slow.stdout.read() == build("a")
        expected = {hashlib.sha256(build(letter)).hexdigest()[:12] for letter in "ab"}
        for _ in range(2):  # told a moment after the last byte
            told = station.wait_for(
                EventKind.TRANSFER_FINISHED, 10, where=lambda event: event.facts["version_sha256"] in expected
            )
            expected.remove(str(told.facts["version_sha256"]))


def test_replaced_by_renaming_is_served_at_once_when_it_has_settled(
    lan: Lan, client: Namespace, tmp_path: Path
) -> None:
    image, target = tmp_path / "image.ipxe", tmp_path / "download"
    image.write_bytes(build("a"))
    with StationProcess(lan, image):
        new = tmp_path / "new"
        new.write_bytes(build("b"))
        new.rename(image)
        url = "http://192.168.1.50:8080/image.ipxe"
        wait_until(lambda: download(client, url, target, "--retry", "3") == build("b"))


def test_a_boot_in_the_middle_of_a_rebuild_gets_the_version_before_and_the_next_one_the_new(
    lan: Lan, client: Namespace, tmp_path: Path
) -> None:
    image, target = tmp_path / "image.ipxe", tmp_path / "download"
    image.write_bytes(build("a"))
    url = "http://192.168.1.50:8080/ipxe/platform=efi/buildarch=x86_64/script.ipxe"

    def image_url() -> str:
        script = client.run("curl", "--silent", "--fail", url)
        [line] = [line for line in script.splitlines() if line.startswith("chain --autofree http")]
        return line.split()[2]

    with StationProcess(lan, image) as station:
        before = image_url()
        with image.open("r+b") as file:
            file.truncate(100)
            file.flush()
            time.sleep(SETTLED_S)
            assert image_url() == before
            assert download(client, before, target) == build("a")
            file.seek(0)
            file.write(build("c"))
        station.wait_for(EventKind.IMAGE_HELD_BACK, 20)
        wait_until(lambda: image_url() != before)
        after = image_url()
        assert download(client, after, target) == build("c")
        assert download(client, before, target) == build("a"), "a boot that has begun goes on with what it was told"
