"""DHCP servers of others, set up as people set theirs up, right and wrong: dnsmasq and Kea in the lab's router."""

import json
import time
from pathlib import Path

from bootbeam.lab.netns import Namespace, Process

START_S = 10.0


def start_dnsmasq(host: Namespace, directory: Path, *options: str, name: str = "dnsmasq") -> Process:
    """dnsmasq with these options and nothing else."""
    log = directory / f"{name}.log"
    process = host.start(
        *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file", "--port=0"),
        *("--interface=eth0", "--bind-interfaces", "--no-ping", "--log-facility=-"),
        *(f"--dhcp-leasefile={directory / f'{name}.leases'}", *options),
        output=log,
    )
    _wait_for(process, log, "DHCP")
    return process


def start_kea(host: Namespace, directory: Path, **subnet: object) -> Process:
    """Kea for 192.168.1.0/24, with more settings of its subnet."""
    configuration = {
        "Dhcp4": {
            "interfaces-config": {"interfaces": ["eth0"]},
            "lease-database": {"type": "memfile", "persist": False},
            "subnet4": [{"id": 1, "subnet": "192.168.1.0/24", **subnet}],
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}],
        }
    }
    path = directory / "kea.json"
    path.write_text(json.dumps(configuration))
    log = directory / "kea.log"
    environment = {"KEA_PIDFILE_DIR": str(directory), "KEA_LOCKFILE_DIR": str(directory), "PATH": "/usr/sbin:/usr/bin"}
    process = host.start("kea-dhcp4", "-c", str(path), output=log, env=environment)
    _wait_for(process, log, "DHCP4_STARTED")
    return process


def _wait_for(process: Process, log: Path, word: str) -> None:
    deadline = time.monotonic() + START_S
    while word not in (said := log.read_text("utf-8", "replace")):
        assert process.exit_code is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
