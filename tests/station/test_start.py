"""What the command says when it cannot start: the cause and the next step, for a person."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import STATION_ADDRESS, Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from bootbeam.servers.tftp_turn import LIBRARY
from tests.image_bytes import iso9660

HOLDER = """
import socket, sys
sock = socket.socket(socket.AF_INET, getattr(socket, sys.argv[1]))
sock.bind(("0.0.0.0", int(sys.argv[2])))
if sys.argv[1] == "SOCK_STREAM":
    sock.listen()
print("listening", flush=True)
sys.stdin.read()
"""


def serve(lan: Lan, *arguments: str | Path, prefix: tuple[str, ...] = (), expect: int = 1) -> str:
    """Run ``bootbeam serve`` in the station's place, which is expected to end by itself; what it says on stderr."""
    command = ["ip", "netns", "exec", lan.station.name, *prefix, sys.executable, "-m", "bootbeam", "serve"]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == expect, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_what_most_boots_never_need_is_loaded_when_it_is_asked_for(lan: Lan, client: Namespace, script: Path) -> None:
    with StationProcess(lan, script) as station:
        url = f"http://{STATION_ADDRESS}:8080/boot.ipxe"

        def loaded() -> bool:
            return "/aiohttp/" in Path(f"/proc/{station.pid}/maps").read_text()

        assert client.run("curl", "-sS", url).startswith("#!ipxe")
        assert not loaded()
        assert client.run("curl", "-sS", "--http1.0", url).startswith("#!ipxe")
        assert loaded()


@pytest.mark.parametrize(
    ("kind", "port", "words"),
    [("SOCK_DGRAM", 67, "UDP port 67"), ("SOCK_DGRAM", 69, "UDP port 69"), ("SOCK_STREAM", 8080, "TCP port 8080")],
)
def test_a_taken_port_names_who_has_it(lan: Lan, script: Path, kind: str, port: int, words: str) -> None:
    command = ["ip", "netns", "exec", lan.station.name, sys.executable, "-c", HOLDER, kind, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "listening\n"
        said = serve(lan, script)
        assert f"{words} is taken by python" in said
        assert f"(process {holder.pid})" in said
        assert f"sudo kill {holder.pid}" in said
        assert ("--http-port" in said) == (port == 8080)
        holder.kill()


def test_without_the_right_to_listen_the_capability_is_named(lan: Lan, script: Path) -> None:
    # Root's own files stay readable to a root without capabilities, wherever the checkout lies.
    said = serve(lan, script, prefix=("setpriv", "--bounding-set", "-all", "--inh-caps", "-all"))
    assert "CAP_NET_BIND_SERVICE" in said
    assert "sudo bootbeam serve" in said


def test_no_loader_names_the_package(lan: Lan, script: Path, tmp_path: Path) -> None:
    # The packages' directories are hidden from this one process by empty ones mounted over them.
    hide = 'mkdir -p /tmp; for d in /usr/lib/ipxe /boot; do mount -t tmpfs none $d; done; exec "$@"'
    prefix = ("unshare", "--mount", "env", f"XDG_DATA_HOME={tmp_path}", "sh", "-c", hide, "sh")
    hidden_own = "mount -t tmpfs none /var/lib/bootbeam 2>/dev/null; "
    said = serve(lan, script, prefix=(*prefix[:-2], hidden_own + hide, "sh"))
    assert "no boot loader was found" in said
    assert "apt install ipxe" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"", "empty"),
        (b"hello, world\n" * 100, "text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "accepted are"),
    ],
)
def test_an_image_that_is_none_is_described(lan: Lan, tmp_path: Path, content: bytes | None, words: str) -> None:
    image = tmp_path / "image"
    if content is not None:
        image.write_bytes(content)
    said = serve(lan, image)
    assert str(image) in said
    assert words in said


def test_a_wrong_interface_is_answered_with_the_right_one(lan: Lan, script: Path) -> None:
    said = serve(lan, script, "--interface", "eth7")
    assert "eth7" in said
    assert "eth0 (192.168.1.50)" in said


def test_an_interface_with_ipv6_alone_is_not_served_when_ipv6_is_not(script: Path, tmp_path: Path) -> None:
    logs = tmp_path / "ipv6"
    logs.mkdir()
    with Lan(logs, ipv4=False, ipv6=RouterIpv6.SILENT) as only6:
        said = serve(only6, script, "--no-ipv6", "--interface", "eth0")
        assert "eth0 has no IPv4 address" in said


def test_the_interface_is_found_without_being_named(lan: Lan, script: Path) -> None:
    command = ["ip", "netns", "exec", lan.station.name, sys.executable, "-m", "bootbeam", "serve", str(script)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(2)
        rest = process.stdout.read()
        assert process.wait(15) == 0
    assert "serving on eth0 192.168.1.50" in line
    assert "boots hello.ipxe: iPXE script" in rest
    assert "stopped: Ctrl-C" in rest
    assert "\x1b" not in line + rest, "no colour when piped"


def test_a_compiled_part_that_is_refused_is_a_warning_with_the_command_that_mends_it(
    lan: Lan, script: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.so"
    other.write_text("no library", "utf-8")
    # For this one process another file lies in its place.
    hide = 'mount --bind "$0" "$1"; shift; exec "$@"'
    prefix = ("ip", "netns", "exec", lan.station.name, "unshare", "--mount", "sh", "-c", hide, str(other), str(LIBRARY))
    command = (*prefix, sys.executable, "-m", "bootbeam", "serve", str(script))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(2)
        said = line + process.stdout.read()
        assert process.wait(15) == 0
    assert "the compiled part of the TFTP server" in said
    assert f"-o {LIBRARY}" in said


def test_the_name_of_an_image_may_hold_any_byte(lan: Lan, script: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(script.parent) + b"/\xff\x1b[31m\n\xe6\x97\xa5.ipxe"))
    script.rename(odd)
    with StationProcess(lan, odd) as station:
        pass
    assert not station.complaints


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("",), "the name of an image is empty"),
        (("ftp://192.168.1.1/x.iso",), "images are fetched by http and https"),
        (("--mac", "zz", "x"), "'zz' will not do for --mac"),
        (("--page", "here", "x"), "'here' will not do for --page"),
        (("--cmdline", "\udcff", "SCRIPT"), "is no text"),
        (("--cmdline", "a\nb", "SCRIPT"), "put its words on one line"),
        (("--loaders", "/nowhere", "SCRIPT"), "/nowhere does not exist"),
        (("--preseed", "/dev/null", "SCRIPT"), "/dev/null is a device"),
    ],
)
def test_a_mistake_in_the_command_is_told_with_the_next_step(
    lan: Lan, script: Path, arguments: tuple[str, ...], words: str
) -> None:
    said = serve(lan, *(script if argument == "SCRIPT" else argument for argument in arguments))
    assert words in said
    assert "what to do: " in said
    assert "Value error" not in said


def test_a_letter_that_cannot_be_shown_is_no_reason_to_show_nothing(lan: Lan, script: Path) -> None:
    (script.parent / "日本.iso").write_bytes(iso9660(sectors=400))
    command = ["ip", "netns", "exec", lan.station.name, "env", "PYTHONIOENCODING=ascii", sys.executable, "-m"]
    command += ["bootbeam", "serve", str(script.parent), "--interface", "eth0", "--state", str(script.parent / "state")]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl-C ends it" not in said and (line := process.stdout.readline()):
                said += line
            process.send_signal(2)
            rest, complaints = process.communicate(timeout=20)
        finally:
            process.kill()
    assert r"\u65e5\u672c.iso" in said
    assert "stopped: Ctrl-C" in rest
    assert not complaints
