"""The hand-over of answers by the running station: to cloud-init, wget and tftp; and the reports that come back."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.lan import STATION_ADDRESS, Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.formats.disc_images import run
from tests.station import cloud_init
from tests.station.test_start import serve

pytestmark = pytest.mark.peer

BASE = f"http://{STATION_ADDRESS}:8080"
MAC = "52:54:00:12:34:56"
OTHER_MAC = "02:00:5e:00:00:09"
HASH = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."
USER_DATA = f"""\
#cloud-config
# Ours; a comment with "quotes" and an ä.
autoinstall:
  version: 1
  identity:
    hostname: desk
    username: ann
    password: '{HASH}'  # of the word secret
  late-commands:
  - echo done > /target/etc/motd
  - [curtin, in-target, --, touch, /x]
"""
PRESEED = "d-i time/zone string Etc/UTC\nd-i netcfg/hostname string desk\n"


@pytest.fixture(scope="module")
def ubuntu_iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image laid out as Ubuntu's 24.04 live server."""
    root = tmp_path_factory.mktemp("layout")
    files = {
        ".disk/info": 'Ubuntu-Server 24.04.4 LTS "Noble Numbat" - Release amd64 (20260210)',
        "casper/vmlinuz": "a kernel",
        "casper/initrd": "an initrd",
        "casper/ubuntu-server-minimal.squashfs": "",
        "casper/install-sources.yaml": "",
    }
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    iso = tmp_path_factory.mktemp("iso") / "ubuntu-24.04.4-live-server-amd64.iso"
    run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "Ubuntu-Server 24.04.4 LTS amd64", "-o", iso, root)
    return iso


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A directory with a person's user-data in it."""
    directory = tmp_path / "answers"
    directory.mkdir()
    (directory / "user-data").write_text(USER_DATA)
    return directory


def get(client: Namespace, path: str) -> str:
    return client.run("curl", "--silent", "--show-error", "--fail", "--max-time", "20", f"{BASE}/{path}")


def status(client: Namespace, path: str, *options: str) -> str:
    command = ["curl", "--silent", "--path-as-is", "--max-time", "20", "--output", "/dev/null"]
    return client.run(*command, "--write-out", "%{http_code}", *options, f"{BASE}/{path}")


def script(client: Namespace, mac: str = MAC, more: str = "") -> str:
    """The script that this machine's iPXE gets."""
    facts = f"mac={mac.replace(':', '-')}/platform=efi/buildarch=x86_64/{more}"
    return get(client, f"ipxe/{facts}script.ipxe")


def kernel_words(text: str) -> str:
    [line] = [line for line in text.splitlines() if line.startswith("kernel ")]
    return line.removeprefix("kernel ").removesuffix(" || goto failed").partition(" ")[2]


def read_by_cloud_init(client: Namespace, words: str, directory: Path) -> dict[str, Any]:
    command = ["env", f"DEBUG_PROC_CMDLINE={words}", "/usr/bin/python3", cloud_init.__file__, str(directory)]
    told: dict[str, Any] = json.loads(client.run(*command))
    return told


def kinds(station: StationProcess, mac: str = MAC) -> list[EventKind]:
    return [event.kind for event in station.events(mac)]


def of(station: StationProcess, kind: EventKind) -> list[Event]:
    return [event for event in station.events() if event.kind is kind]


def test_cloud_init_reads_exactly_the_users_data_and_what_reports(
    lan: Lan, client: Namespace, ubuntu_iso: Path, answers: Path, tmp_path: Path
) -> None:
    (answers / "vendor-data").write_text("#cloud-config\ntimezone: Asia/Tokyo\n")
    network = {"version": 2, "ethernets": {"lan0": {"match": {"macaddress": MAC}, "set-name": "lan0", "dhcp4": True}}}
    (answers / "network-config").write_text(yaml.safe_dump(network))
    with StationProcess(lan, ubuntu_iso, "--autoinstall", answers / "user-data", "--mac", MAC) as station:
        words = kernel_words(script(client, more="hostname=desk-3/"))
        assert words.startswith("initrd=bootbeam.cpio initrd=initrd boot=casper ip=dhcp ")
        told = read_by_cloud_init(client, words, tmp_path / "cloud")
        [fetched] = of(station, EventKind.ANSWERS_FETCHED)
    assert (told["found"], told["dsmode"]) == (True, "net")
    assert told["instance_id"] == "bootbeam-52-54-00-12-34-56"
    assert told["meta_data"]["local-hostname"] == "desk-3"
    assert told["vendor_data"] == "#cloud-config\ntimezone: Asia/Tokyo\n"
    assert told["interfaces"] == [{"name": "lan0", "mac": MAC}]
    assert told["parts"] == ["text/cloud-config"]

    got = told["user_data"].splitlines()
    added = [line for line in got if line not in USER_DATA.splitlines()]
    assert [line for line in got if line not in added] == USER_DATA.splitlines(), "no line of theirs is another"
    content, theirs = yaml.safe_load(told["user_data"]), yaml.safe_load(USER_DATA)
    report = f"{BASE}/report/52-54-00-12-34-56/"
    reporting = content["autoinstall"].pop("reporting")
    assert reporting == {"bootbeam": {"type": "webhook", "endpoint": f"{report}progress", "level": "INFO"}}
    assert content["autoinstall"].pop("user-data")["phone_home"]["url"] == f"{report}first-boot"
    *before, last = content["autoinstall"]["late-commands"]
    assert f"{report}installed" in last
    content["autoinstall"]["late-commands"] = before
    assert f"{report}failed" in content["autoinstall"].pop("error-commands")[0]
    assert content == theirs
    assert (fetched.mac, fetched.facts["format"]) == (MAC, "autoinstall")


def test_without_reports_the_file_is_handed_out_byte_for_byte(
    lan: Lan, client: Namespace, ubuntu_iso: Path, answers: Path, tmp_path: Path
) -> None:
    arguments = ("--autoinstall", answers / "user-data", "--mac", MAC, "--no-report")
    with StationProcess(lan, ubuntu_iso, *arguments):
        told = read_by_cloud_init(client, kernel_words(script(client)), tmp_path / "cloud")
    assert told["user_data"] == USER_DATA
    assert (told["vendor_data"], told["interfaces"]) == ("", [])


def test_a_template_is_filled_in_for_each_machine(
    lan: Lan, client: Namespace, ubuntu_iso: Path, tmp_path: Path
) -> None:
    template = tmp_path / "user-data.j2"
    name = '{{ serial|default("pc-" + mac.replace(":", ""))|lower }}'
    template.write_text(USER_DATA.replace("hostname: desk", f"hostname: {name}\n    realname: {{{{ uuid }}}}"))
    uuids = {mac: f"6a0e1d2c-0000-4000-8000-{mac.replace(':', '')}" for mac in (MAC, OTHER_MAC)}
    with StationProcess(lan, ubuntu_iso, "--autoinstall", template, "--mac", MAC, "--mac", OTHER_MAC):
        identities = {}
        for mac, serial in ((MAC, ""), (OTHER_MAC, "serial=CZC123%2F4/serial=CZC1234/")):
            words = kernel_words(script(client, mac, f"uuid={uuids[mac]}/{serial}"))
            told = read_by_cloud_init(client, words, tmp_path / mac)
            identities[mac] = yaml.safe_load(told["user_data"])["autoinstall"]["identity"]
    assert identities[MAC]["hostname"] == "pc-525400123456"
    assert identities[OTHER_MAC]["hostname"] == "czc1234"
    assert {mac: identity["realname"] for mac, identity in identities.items()} == uuids


@pytest.mark.parametrize(
    ("name", "option", "text", "said"),
    [
        ("user-data", "--autoinstall", USER_DATA.replace("#cloud", "# cloud"), ("line 1", "#cloud-config", "make")),
        ("user-data", "--autoinstall", USER_DATA.replace("version: 1", "version: [1"), ("user-data, line ",)),
        ("user-data", "--autoinstall", USER_DATA.replace(HASH, "secret"), ("line 8", "password", "openssl passwd")),
        ("user-data.j2", "--autoinstall", USER_DATA + "# {{ mac\n", ("user-data.j2, line 12",)),
        ("user-data.j2", "--autoinstall", USER_DATA + "# {{ nic }}\n", ("user-data.j2, line 12", "default(")),
        ("preseed.cfg", "--preseed", PRESEED + "d-i time/zone strin x\n", ("line 3", "time/zone", "mean string?")),
        ("ks.cfg", "--kickstart", "lang en_US.UTF-8\n%packages\n@core\n", ("ks.cfg, line 2", "%end")),
        ("short.toml", "--unattended", 'user = "ann"\npasword = "x"\n', ("line 2", "did you mean password?")),
        ("short.toml", "--unattended", 'user = "root"\npassword = "x"\n', ("root", "another user")),
        ("nothing", "--autoinstall", None, ("nothing", "ls -l")),
    ],
)
def test_a_mistake_stops_the_station_before_any_machine_asks(
    lan: Lan, ubuntu_iso: Path, tmp_path: Path, name: str, option: str, text: str | None, said: tuple[str, ...]
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    complaint = serve(lan, ubuntu_iso, option, path, "--state", tmp_path / "state")
    for part in said:
        assert part in complaint, complaint
    assert "what to do:" in complaint


def test_answers_that_nothing_here_takes_are_said_at_once(
    lan: Lan, ubuntu_iso: Path, script_image: Path, tmp_path: Path
) -> None:
    (tmp_path / "ks.cfg").write_text("lang en_US.UTF-8\n")
    for image in (ubuntu_iso, script_image):
        complaint = serve(lan, image, "--kickstart", tmp_path / "ks.cfg", "--mac", MAC, "--state", tmp_path / "state")
        assert "nothing that is served here takes" in complaint
        assert "kickstart" in complaint


@pytest.fixture
def script_image(tmp_path: Path) -> Path:
    path = tmp_path / "hello.ipxe"
    path.write_text("#!ipxe\necho hello\n")
    return path


@pytest.mark.parametrize(
    ("named", "wiped", "not_wiped"),
    [
        (("--mac", MAC), MAC, OTHER_MAC),
        (("--mac", "52-54-00-12-34-56".upper()), MAC, OTHER_MAC),
        (("--mac", "52:54:00:*"), MAC, OTHER_MAC),
        (("--mac", OTHER_MAC, "--mac", "52:54:00"), MAC, "52:54:01:12:34:56"),
        (("--yes-to-any-machine",), OTHER_MAC, None),
        ((), None, MAC),
    ],
)
def test_only_a_named_machine_installs_by_itself(
    lan: Lan,
    client: Namespace,
    ubuntu_iso: Path,
    answers: Path,
    named: tuple[str, ...],
    wiped: str | None,
    not_wiped: str | None,
) -> None:
    with StationProcess(lan, ubuntu_iso, "--autoinstall", answers / "user-data", *named):
        if wiped:
            words = kernel_words(script(client, wiped))
            assert f"autoinstall ds=nocloud-net;s={BASE}/answers/{wiped.replace(':', '-')}/ " in words
        if not_wiped:
            menu = script(client, not_wiped)
            assert "choose --default bootbeam.local --timeout 10000 chosen" in menu
            assert "kernel " not in menu
            # A person at the machine may choose it.
            chosen = script(client, not_wiped, f"chosen={ubuntu_iso.name}/")
            assert "autoinstall ds=nocloud-net;s=" in kernel_words(chosen)
        nobody = get(client, "ipxe/platform=efi/buildarch=x86_64/script.ipxe")
        assert ("choose --default bootbeam.local" in nobody) == ("--yes-to-any-machine" not in named)


def test_a_default_named_by_a_person_does_not_wipe_a_machine_nobody_named(
    lan: Lan, client: Namespace, ubuntu_iso: Path, script_image: Path, answers: Path
) -> None:
    arguments = ("--autoinstall", answers / "user-data", "--default", ubuntu_iso.name, "--mac", MAC)
    with StationProcess(lan, ubuntu_iso, script_image, *arguments):
        assert f"choose --default {ubuntu_iso.name} " in script(client, MAC)
        assert f"choose --default {script_image.name} " in script(client, OTHER_MAC)


def report(client: Namespace, stage: str, mac: str = MAC, *options: str) -> str:
    return status(client, f"report/{mac.replace(':', '-')}/{stage}", *options)


def test_reports_become_events_and_an_installed_machine_goes_to_its_own_disk_until_it_is_forgotten(
    lan: Lan, client: Namespace, ubuntu_iso: Path, answers: Path
) -> None:
    arguments = (ubuntu_iso, "--autoinstall", answers / "user-data", "--mac", "52:54:00")
    step = {"name": "subiquity/Install/install/curtin_install", "description": "installing system"}
    body = json.dumps({**step, "event_type": "start", "origin": "curtin", "timestamp": 1.5, "level": "INFO"})
    failed = json.dumps({**step, "event_type": "finish", "result": "FAIL", "level": "ERROR"})
    with StationProcess(lan, *arguments) as station:
        script(client)
        get(client, "answers/52-54-00-12-34-56/user-data")
        assert report(client, "progress", MAC, "--json", body) == "200"
        assert report(client, "progress", MAC, "--json", failed) == "200"
        assert report(client, "started", MAC.upper()) == "200"
        station.wait_for(EventKind.INSTALL_STARTED, 10)  # told a moment after the answer
        told = station.events(MAC)
        progress = next(event for event in told if event.kind is EventKind.INSTALL_PROGRESS)
        assert progress.facts == {"step": step["name"], "description": step["description"], "event": "start"}
        assert kernel_words(script(client)), "it is still being installed"

    # The station is started anew while the installer works.
    with StationProcess(lan, *arguments) as station:
        assert kernel_words(script(client))
        assert report(client, "installed") == "200"
        assert report(client, "first-boot", MAC, "--data", "instance_id=1&hostname=desk") == "200"
        local = script(client)
        assert "this machine boots from its own disk: it was installed from" in local
        assert "sanboot --no-describe --drive 0x80" in local
        assert kernel_words(script(client, "52:54:00:00:00:02")), "another machine is installed as before"
        station.wait_for(EventKind.FIRST_BOOT, 10)
        wanted = [EventKind.INSTALL_FINISHED, EventKind.FIRST_BOOT]
        assert [kind for kind in kinds(station) if kind in wanted] == wanted
    with StationProcess(lan, *arguments) as station:
        assert "its own disk" in script(client), "over a restart too"
        assert "52:54:00:12:34:56  " in machines("--state", station.state_directory)
        # While it serves: the next boot counts.
        forgotten = machines("forget", MAC.upper().replace(":", "-"), "--state", station.state_directory)
        assert forgotten == "52:54:00:12:34:56 may be installed again.\n"
        assert kernel_words(script(client))
        assert "No machine" in machines("--state", station.state_directory)
    assert EventKind.INSTALL_FAILED in [event.kind for event in told]
    assert EventKind.INSTALL_STARTED in [event.kind for event in told]


def machines(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "bootbeam", "machines", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ}).stdout


def test_reports_of_a_machine_that_took_no_answers_are_not_believed(
    lan: Lan, client: Namespace, ubuntu_iso: Path, answers: Path
) -> None:
    with StationProcess(lan, ubuntu_iso, "--autoinstall", answers / "user-data", "--mac", MAC) as station:
        script(client)
        for stage in ("started", "installed", "first-boot"):
            assert report(client, stage) == "404"
            assert report(client, stage, OTHER_MAC) == "404"
        assert kernel_words(script(client))
        told = {event.kind for event in station.events()}
        assert not told & {EventKind.INSTALL_STARTED, EventKind.INSTALL_FINISHED, EventKind.FIRST_BOOT}
        assert EventKind.FILE_REFUSED in told


def test_hostile_requests_do_no_harm(lan: Lan, client: Namespace, ubuntu_iso: Path, answers: Path) -> None:
    (answers / "secret").write_text("not to be served")
    with StationProcess(lan, ubuntu_iso, "--autoinstall", answers / "user-data", "--mac", MAC) as station:
        get(client, "answers/52-54-00-12-34-56/user-data")
        huge = answers / "huge.json"
        huge.write_text('{"name": "' + "x" * (8 << 20) + '"}')
        deep = answers / "deep.json"
        deep.write_text("[" * 60_000)
        bodies = ["", "{", "[]", "null", '{"name": 7}', '{"name": "\\u001b[31m\\u0000", "result": ["x"]}', "\xff"]
        for body in [*bodies, f"@{huge}", f"@{deep}"]:
            assert report(client, "progress", MAC, "--data-binary", body) in ("200", "413"), body[:20]
        paths = [
            *("report/x/installed", "report/52-54-00-12-34-56/", "report/52-54-00-12-34-56/wiped", "report//installed"),
            *(
                "report/52-54-00-12-34-56%0a/installed",
                "report/..%2f..%2fx/installed",
                f"report/{'5' * 3000}/installed",
            ),
            *("answers/52-54-00-12-34-56/secret", "answers/52-54-00-12-34-56/..%2fsecret", "answers/any/../secret"),
            *("answers/52-54-00-12-34-56/../../secret", "answers//user-data", "answers/%00/user-data"),
            *("answers/52-54-00-12-34-5g/user-data", "answers/52-54-00-12-34-56/user-data/x", "answers/", "answers"),
        ]
        for path in paths:
            assert status(client, path) in ("400", "404"), path
            assert status(client, path, "--data-binary", "x") in ("400", "404", "405"), path
        assert report(client, "installed", MAC, "--request", "DELETE") == "405"
        assert report(client, "installed", MAC, "--head") == "405"
        assert kernel_words(script(client)), "none of it was a report that it is installed"
        progress = [event for event in station.events() if event.kind is EventKind.INSTALL_PROGRESS]
        assert len(progress) == len(bodies) + 2
        assert all(str(value).isprintable() and len(str(value)) <= 200 for e in progress for value in e.facts.values())
        assert get(client, "answers/52-54-00-12-34-56/user-data").startswith("#cloud-config\n")
        assert EventKind.PROBLEM not in {event.kind for event in station.events()}


def test_a_report_that_never_ends_holds_nothing_up(
    lan: Lan, client: Namespace, ubuntu_iso: Path, answers: Path
) -> None:
    program = (
        "import socket,sys\n"
        f"s=socket.create_connection(('{STATION_ADDRESS}',8080)); s.settimeout(20)\n"
        "head='POST /report/52-54-00-12-34-56/progress HTTP/1.1','Host: x','Content-Length: 9','','{'\n"
        "s.sendall('\\r\\n'.join(head).encode())\n"
        "print(s.recv(100).split()[1].decode())\n"
    )
    with StationProcess(lan, ubuntu_iso, "--autoinstall", answers / "user-data", "--mac", MAC):
        get(client, "answers/52-54-00-12-34-56/user-data")
        assert client.run(sys.executable, "-c", program) == "200\n"


def test_wget_and_tftp_of_busybox_fetch_the_same_answers(
    lan: Lan, client: Namespace, ubuntu_iso: Path, answers: Path, tmp_path: Path
) -> None:
    into = tmp_path / "fetched"
    into.mkdir()
    busybox = shutil.which("busybox") or "busybox"
    with StationProcess(lan, ubuntu_iso, "--autoinstall", answers / "user-data", "--mac", MAC):
        for file in ("user-data", "meta-data", "vendor-data", "network-config"):
            path = f"answers/52-54-00-12-34-56/{file}"
            client.run(busybox, "wget", "-q", "-O", str(into / f"{file}.http"), f"{BASE}/{path}")
            client.run(busybox, "tftp", "-g", "-l", str(into / f"{file}.tftp"), "-r", path, STATION_ADDRESS)
            by_http = (into / f"{file}.http").read_bytes()
            assert by_http == (into / f"{file}.tftp").read_bytes()
            assert (file in ("user-data", "meta-data")) == bool(by_http)
            assert f"{BASE}/report/52-54-00-12-34-56/progress".encode() in by_http or file != "user-data"


@pytest.mark.parametrize(
    ("option", "file", "text"),
    [
        ("--preseed", "preseed.cfg", PRESEED),
        ("--kickstart", "ks.cfg", "lang en_US.UTF-8\n"),
        ("--ignition", "config.ign", '{"ignition": {"version": "3.3.0"}}\n'),
    ],
)
def test_a_kernel_of_no_recipe_gets_its_answers_by_the_format_alone(
    lan: Lan, client: Namespace, tmp_path: Path, option: str, file: str, text: str
) -> None:
    kernel = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/linux")
    path = tmp_path / "mine"
    path.write_text(text)
    with StationProcess(lan, "--kernel", kernel, option, path, "--mac", MAC, "--cmdline", "quiet") as station:
        words = kernel_words(script(client))
        assert f"{BASE}/answers/52-54-00-12-34-56/{file} quiet" in words
        assert text.splitlines()[0] in get(client, f"answers/52-54-00-12-34-56/{file}") or file == "config.ign"
        station.wait_for(EventKind.ANSWERS_FETCHED, 10)  # told a moment after the answer
        assert kinds(station).count(EventKind.ANSWERS_FETCHED) == 1
        assert status(client, "answers/52-54-00-12-34-56/user-data") == "404"


def test_the_short_form_is_made_into_the_format_of_the_system_that_is_booted(
    lan: Lan, client: Namespace, ubuntu_iso: Path, tmp_path: Path
) -> None:
    short = tmp_path / "unattended.toml"
    short.write_text('user = "ann"\npassword = "secret"\npackages = ["git"]\n')
    with StationProcess(lan, ubuntu_iso, "--unattended", short, "--mac", MAC):
        told = read_by_cloud_init(client, kernel_words(script(client)), tmp_path / "cloud")
    identity = yaml.safe_load(told["user_data"])["autoinstall"]["identity"]
    assert (identity["username"], identity["hostname"]) == ("ann", "pc-525400123456")
    salt = identity["password"].split("$")[2]
    assert identity["password"] == run("openssl", "passwd", "-6", "-salt", salt, "secret").strip()
    assert "secret" not in told["user_data"]


def test_who_names_no_machine_is_told_that_none_installs_by_itself(lan: Lan, tmp_path: Path) -> None:
    kernel = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/linux")
    preseed = tmp_path / "preseed.cfg"
    preseed.write_text(PRESEED)

    def told(*named: str) -> list[str]:
        name = "-".join(["station", *named]).replace(":", "")
        with StationProcess(lan, "--kernel", kernel, "--preseed", preseed, *named, name=name) as station:
            events = station.events()
        return [str(event.facts["fix"]) for event in events if event.kind is EventKind.PROBLEM]

    assert any("--yes-to-any-machine" in fix for fix in told())
    assert not any("--yes-to-any-machine" in fix for fix in told("--mac", MAC))
    assert not any("--yes-to-any-machine" in fix for fix in told("--yes-to-any-machine"))
