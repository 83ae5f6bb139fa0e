"""The formats side by side, and a whole NoCloud seed read by cloud-init itself."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.install.answers import KINDS, SEED_CHECKS, AnswerFormat, complete_seed
from bootbeam.install.document import MAX_TEXT_CHARACTERS
from bootbeam.install.facts import MachineFacts
from bootbeam.install.short_form import parse_short_form
from tests.install.examples import HASH, MACHINE, REPORT_URL, SALT, STATION, short_form

READ_SEED = """
import json, sys
from cloudinit import util
meta_data, user_data, vendor_data = util.read_seeded(sys.argv[1], timeout=5)[:3]
text = lambda part: part.decode() if isinstance(part, bytes) else part
json.dump([meta_data, text(user_data), text(vendor_data)], sys.stdout)
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(directory: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def seed_as_cloud_init_reads_it(directory: Path, files: dict[str, str]) -> tuple[dict[str, str], str, str]:
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8", newline="")
    with served(directory) as url:
        done = subprocess.run(["/usr/bin/python3", "-c", READ_SEED, url], check=True, capture_output=True, timeout=30)
    meta_data, user_data, vendor_data = json.loads(done.stdout)
    return meta_data, user_data, vendor_data


@pytest.mark.peer
def test_cloud_init_reads_exactly_what_a_person_wrote(tmp_path: Path) -> None:
    theirs = "#cloud-config\n# é\nhostname: 'no'\n"
    files = complete_seed(theirs, MACHINE, {"vendor-data": "#cloud-config\n{}\n"})
    meta_data, user_data, vendor_data = seed_as_cloud_init_reads_it(tmp_path, files)
    assert meta_data == {"instance-id": f"bootbeam-{MACHINE.uuid}"}
    assert (user_data, vendor_data) == (theirs, "#cloud-config\n{}\n")


@pytest.mark.peer
def test_cloud_init_reads_the_seed_of_a_short_form(tmp_path: Path) -> None:
    files = KINDS[AnswerFormat.AUTOINSTALL].render(short_form(), MACHINE, STATION)
    meta_data, user_data, vendor_data = seed_as_cloud_init_reads_it(tmp_path, files)
    assert meta_data["local-hostname"] == "pc-525400123456"
    assert (user_data, vendor_data) == (files["user-data"], "")


def test_a_seed_is_always_complete() -> None:
    named = MachineFacts(mac="52:54:00:12:34:56", hostname="pc7")
    files = complete_seed("#cloud-config\n", named)
    assert list(files) == ["user-data", "meta-data", "vendor-data", "network-config"]
    assert "local-hostname: pc7" in files["meta-data"]
    assert complete_seed("x", named, {"meta-data": "mine"})["meta-data"] == "mine"
    with pytest.raises(UserError, match="userdata"):
        complete_seed("x", named, {"userdata": "y"})
    for name, check in SEED_CHECKS.items():
        assert check(files[name]) == []


@pytest.mark.parametrize("kind", AnswerFormat)
def test_every_format_renders_a_file_that_its_check_finds_right(kind: AnswerFormat) -> None:
    form = parse_short_form('user = "ann"\npassword = "open sesame"', SALT)
    files = KINDS[kind].render(form, MACHINE, STATION)
    assert KINDS[kind].check(files[KINDS[kind].file_name]) == []
    assert REPORT_URL in files[KINDS[kind].file_name]
    assert "open sesame" not in "".join(files.values())
    assert KINDS[kind].report(files[KINDS[kind].file_name], REPORT_URL).count("<source>") <= 6


@pytest.mark.parametrize("kind", [kind for kind in AnswerFormat if kind is not AnswerFormat.AUTOUNATTEND])
def test_a_hash_alone_is_enough_where_hashes_are_taken(kind: AnswerFormat) -> None:
    form = parse_short_form(f'user = "ann"\npassword-hash = "{HASH}"', SALT)
    assert HASH in "".join(KINDS[kind].render(form, MACHINE, STATION).values())


@pytest.mark.parametrize("kind", AnswerFormat)
def test_a_file_of_that_size_was_named_by_mistake(kind: AnswerFormat) -> None:
    findings = KINDS[kind].check("#cloud-config\n" + "x" * MAX_TEXT_CHARACTERS)
    assert [finding.what for finding in findings] == ["the file has 262158 characters"]
