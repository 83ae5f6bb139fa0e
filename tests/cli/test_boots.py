"""``bootbeam boots`` as a person types it."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bootbeam.cli.boots import app
from bootbeam.errors import UserError
from bootbeam.journal.boot_store import BOOTS_FILE, BootStore, Keeping
from bootbeam.journal.events import Event
from tests.boot_events import ATTEMPT, MAC, good_boot

OTHER = "52:54:00:00:00:02"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a station has kept of two machines' boots."""
    directory = tmp_path_factory.mktemp("state")
    store = BootStore(Keeping(directory / BOOTS_FILE, 100, 10**8, "0.1.0", "{}"), print)
    for each in good_boot():
        store.watch(each)
        store.watch(Event(each.kind, each.at_s + 60, OTHER, None, "eth0", each.facts, "v5k2m1s"))
    store.start()
    store.stop()
    return directory


def run(state: Path, *arguments: str | Path, columns: str | None = None) -> str:
    result = CliRunner().invoke(app, ["--state", str(state), *map(str, arguments)], env={"COLUMNS": columns})
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_the_list_newest_first(state: Path) -> None:
    lines = run(state).splitlines()
    assert [line.split()[0] for line in lines] == ["v5k2m1s", ATTEMPT]
    assert "booted" in lines[1]
    assert "gets Linux 6.1" in lines[1]
    assert "\x1b" not in "".join(lines), "no colours where no person watches"


@pytest.mark.parametrize("columns", ["80", "200"])
def test_the_list_fits_the_window(state: Path, columns: str) -> None:
    assert max(len(line) for line in run(state, columns=columns).splitlines()) <= int(columns)


def test_of_one_machine_and_so_many(state: Path) -> None:
    assert [each["attempt"] for each in json.loads(run(state, "--json", "--mac", MAC.upper()))] == [ATTEMPT]
    assert [each["attempt"] for each in json.loads(run(state, "--json", "--last", "1"))] == ["v5k2m1s"]


def test_one_boot_and_the_last(state: Path) -> None:
    assert run(state, "show", ATTEMPT).startswith(f"boot {ATTEMPT} of {MAC} on eth0\n")
    assert run(state, "show").startswith("boot v5k2m1s")
    assert run(state, "show", "last") == run(state, "show")


def test_one_boot_for_a_machine(state: Path) -> None:
    told = json.loads(run(state, "show", ATTEMPT, "--json"))
    assert (told["attempt"], told["outcome"], round(told["duration_s"], 1)) == (ATTEMPT, "booted", 27.6)
    assert len(told["events"]) == len(good_boot())
    assert {"iPXE looks for an IPv6 router", "TFTP"} <= {span["name"] for span in told["spans"]}


def test_a_file_for_a_bug_report(state: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.zip"
    assert f"{target}: {len(good_boot())} events" in run(state, "export", "last", "-o", target)
    with zipfile.ZipFile(target) as archive:
        assert "boot-v5k2m1s/events.jsonl" in archive.namelist()
    with pytest.raises(UserError, match="cannot be written"):
        run(state, "export", "last", "-o", tmp_path)


def test_a_boot_that_is_not_known(state: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as unknown:
        run(state, "show", "nothing")
    assert unknown.value.fix == "see those that are known: bootbeam boots"
    with pytest.raises(UserError, match="no boot is known"):
        run(tmp_path / "empty", "show")
    assert "No boot is known" in run(tmp_path / "empty")


def test_the_real_command(state: Path) -> None:
    command = [sys.executable, "-m", "bootbeam", "boots", "--state", str(state), "show", ATTEMPT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.startswith(f"boot {ATTEMPT} of {MAC} on eth0\n")
    assert "\x1b" not in done.stdout, "no colours where no person watches"


@pytest.mark.parametrize("arguments", ["boots --state HOME/x", "machines --state HOME/x", "inspect IMAGE"])
def test_a_home_that_may_not_be_looked_into_ends_nothing_with_a_traceback(tmp_path: Path, arguments: str) -> None:
    home, image = tmp_path / "home", tmp_path / "image"
    image.write_text("#!ipxe\n")
    home.mkdir(mode=0)
    # Root without capabilities: its own files stay readable to it, wherever the checkout lies.
    powerless = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "env", f"HOME={home}")
    places = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
    words = arguments.replace("IMAGE", str(image)).replace("HOME", str(home)).split()
    command = [*powerless, *(f"{name}={home / name}" for name in places), sys.executable, "-m", "bootbeam", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout or done.stderr.startswith("error: ")


def test_a_file_that_is_no_record_of_boots(tmp_path: Path) -> None:
    (tmp_path / BOOTS_FILE).write_text("hello")
    with pytest.raises(UserError) as caught:
        run(tmp_path)
    assert "cannot be read as a record of boots" in caught.value.what
    assert caught.value.why == "file is not a database"


def test_the_name_of_the_directory_may_hold_anything(tmp_path: Path) -> None:
    state = tmp_path / "it's #1 %41?mode=rw&x"
    store = BootStore(Keeping(state / BOOTS_FILE, 100, 10**8, "0.1.0", "{}"), print)
    for each in good_boot():
        store.watch(each)
    store.start()
    store.stop()
    assert run(state).startswith(ATTEMPT)
    assert list(tmp_path.iterdir()) == [state]
