"""Why a port cannot be taken, in words that name who has it."""

import errno
import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from bootbeam.lab.claim import Claim
from bootbeam.lab.netns import Namespace
from bootbeam.net.ports import Holder, bind_tcp, bind_tcp6, explain_bind_failure, holder_of_port


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_process_that_has_the_port_is_named(transport: str) -> None:
    program = (
        "import socket, sys\n"
        f"s = socket.socket(socket.AF_INET, socket.{'SOCK_DGRAM' if transport == 'udp' else 'SOCK_STREAM'})\n"
        "s.bind(('127.0.0.1', 0))\n"
        f"{'' if transport == 'udp' else 's.listen()'}\n"
        "print(s.getsockname()[1], flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        error = explain_bind_failure(OSError(errno.EADDRINUSE, "in use"), transport, "127.0.0.1", port, "--http-port")
        assert f"{transport.upper()} port {port} is taken by python" in error.what
        assert f"(process {other.pid})" in error.what
        assert f"sudo kill {other.pid}" in error.fix
        assert "--http-port" in error.fix
        assert other.stdin is not None
        other.stdin.close()


def test_a_holder_that_cannot_be_seen_still_gets_a_next_step() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert holder_of_port("udp", port) is None
    error = explain_bind_failure(OSError(errno.EADDRINUSE, "in use"), "udp", "0.0.0.0", port)
    assert "sudo ss -lnp" in error.fix


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_missing_permission_names_the_capability(number: int) -> None:
    error = explain_bind_failure(OSError(number, os.strerror(number)), "udp", "0.0.0.0", 67)
    assert "CAP_NET_BIND_SERVICE" in error.why
    assert "sudo bootbeam serve" in error.fix


def test_any_other_reason_is_passed_on() -> None:
    error = explain_bind_failure(OSError(errno.EADDRNOTAVAIL, "Cannot assign"), "tcp", "10.9.9.9", 8080)
    assert "Cannot assign" in error.why
    assert "10.9.9.9" in error.what


def test_bind_tcp_listens() -> None:
    with bind_tcp("127.0.0.1", 0) as server:
        with socket.create_connection(server.getsockname(), timeout=5):
            pass
        with pytest.raises(OSError, match="in use"):
            bind_tcp("127.0.0.1", server.getsockname()[1])


def test_bind_tcp6_listens_and_leaves_the_port_to_ipv4() -> None:
    with bind_tcp6("lo", 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("::1", port), timeout=5):
            pass
        with bind_tcp("127.0.0.1", port):
            pass
        with pytest.raises(OSError, match="in use"):
            bind_tcp6("lo", port)
        assert holder_of_port("tcp", port) is not None


@pytest.mark.parametrize(
    ("holder", "command"),
    [
        (Holder(7, "dnsmasq", ["/usr/sbin/dnsmasq"], "dnsmasq.service", 67), "sudo systemctl stop dnsmasq.service"),
        (
            Holder(7, "dnsmasq", ["dnsmasq", "--conf-file=/var/lib/libvirt/dnsmasq/default.conf"], "", 67),
            "sudo virsh net-destroy default",
        ),
        (
            Holder(7, "docker-proxy", ["/usr/bin/docker-proxy", "-proto", "tcp"], "", 8080),
            "docker ps --filter publish=8080",
        ),
        (Holder(7, "python3", ["/usr/bin/python3", "/usr/bin/bootbeam", "serve"], "", 67), "Ctrl-C where it runs"),
        (Holder(1, "systemd", ["/sbin/init"], "", 69), "systemctl list-sockets"),
        (Holder(7, "in.tftpd", ["in.tftpd", "-l"], "", 69), "sudo kill 7"),
    ],
)
def test_each_program_is_stopped_its_own_way(holder: Holder, command: str) -> None:
    assert command in holder.stop


def test_the_networks_own_dhcp_server_is_not_to_be_stopped_lightly() -> None:
    assert "run bootbeam on another computer" in Holder(7, "pihole-FTL", [], "", 67).caution
    assert Holder(7, "dnsmasq", [], "", 69).caution == ""
    assert Holder(7, "python3", [], "", 67).caution == ""


def test_another_bootbeam_is_called_so() -> None:
    python = Holder(7, "python3", ["/x/python3", "-m", "bootbeam", "serve", "a.iso"], "", 67)
    assert python.words == "another bootbeam (process 7)"
    assert Holder(7, "vi", ["vi", "-", "a", "b", "/src/bootbeam"], "", 67).words == "vi (process 7)"


@pytest.mark.peer
def test_a_program_on_another_interface_only_is_not_blamed() -> None:
    program = (
        "import socket, sys\n"
        "s = socket.socket(type=socket.SOCK_DGRAM)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[1].encode() + b'\\0')\n"
        "s.bind(('', 6767))\n"
        "print('bound', flush=True)\n"
        "sys.stdin.read()\n"
    )
    claim = Claim()
    try:
        with Namespace(claim.run_id, "host") as host, ExitStack() as stack:
            host.ip("link", "add", "virbr0", "type", "bridge")
            pids = {}
            for name in ("virbr0", "lo"):
                inside = ["ip", "netns", "exec", host.name, sys.executable, "-c", program, name]
                process = subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                stack.enter_context(process)
                stack.callback(process.kill)
                assert process.stdout is not None
                assert process.stdout.readline() == "bound\n"
                pids[name] = process.pid
            asked = (
                "import sys\n"
                "from bootbeam.net.ports import holder_of_port\n"
                "print(holder_of_port('udp', 6767, sys.argv[1]).pid)"
            )
            for name, pid in pids.items():
                assert int(host.run(sys.executable, "-c", asked, name)) == pid
    finally:
        claim.release()
