"""How each program is started, with the settings that suit it best."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.bench.packages import Programs
from bootbeam.bench.place import ADDRESS, Place
from bootbeam.lab.claim import run_tool
from bootbeam.lab.netns import Process
from bootbeam.lab.payload import make_multiboot_elf

MAX_CLIENTS = 1000
HTTP_PORT = 8080
BOOTBEAM = (sys.executable, "-m", "bootbeam")


def make_word_file(path: Path, size_bytes: int) -> Path:
    """A file whose 32 bit little endian words count up from 0: what the load generators expect. Kept if it is there."""
    if not path.exists() or path.stat().st_size != size_bytes:
        with path.open("wb") as file:
            chunk = 1 << 20
            for start in range(0, size_bytes, chunk):
                words = range(start // 4, (start + min(chunk, size_bytes - start)) // 4)
                file.write(b"".join(word.to_bytes(4, "little") for word in words))
    path.chmod(0o644)
    return path


def make_iso_around(path: Path, file: Path) -> Path:
    """An ISO with this file in it, and with a boot sector, so that the station takes it for something that boots."""
    with TemporaryDirectory(dir=path.parent) as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        (tree / file.name).symlink_to(file)
        (tree / "boot.img").write_bytes(bytes(2048))
        options = ("-quiet", "-f", "-R", "-V", "BENCH", "-b", "boot.img", "-no-emul-boot")
        run_tool("xorriso", "-as", "mkisofs", *options, "-o", str(path), str(tree))
    path.chmod(0o644)
    return path


def start_bootbeam(place: Place, files: Sequence[Path], interface: str = "lo", images: Sequence[Path] = ()) -> Process:
    """The whole station as a person starts it, with limits of TFTP as wide as the others'. The files are the modules of
    a kernel, so that they are served as they are; the images are what else it serves."""
    kernel = make_multiboot_elf(files[0].parent / "kernel.elf")
    return start_serving(place, [*map(str, images), *named_kernel(kernel, files)], interface)


def named_kernel(kernel: Path, initrds: Sequence[Path]) -> list[str]:
    """The arguments of ``bootbeam serve`` for a kernel and what goes with it."""
    return ["--kernel", str(kernel), *(argument for file in initrds for argument in ("--initrd", str(file)))]


def start_serving(
    place: Place,
    images: Sequence[str],
    interface: str = "lo",
    state: Path | None = None,
    output: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Process:
    """The same for whatever ``bootbeam serve`` takes.

    Args:
        place: where.
        images: its arguments that name images.
        interface: where it listens.
        state: where it keeps what it remembers; None: a directory of the place's own.
        output: where its lines go instead of into the log; then it is not waited for.
        env: its environment; None: ours.
    """
    process = place.start(
        *(*BOOTBEAM, "serve", *images, "--interface", interface, "--log-format", "json"),
        *("--tftp-blksize", "8192", "--tftp-windowsize", "64", "--http-port", str(HTTP_PORT)),
        *("--state", str(state or place.logs / "state")),
        output=output,
        env=env,
    )
    if output is None:
        log = place.logs / f"{place.role}.log"
        place.wait_until(lambda: '"station-ready"' in log.read_text("utf-8", "replace"))
    return process


def start_dnsmasq_tftp(place: Place, root: Path) -> None:
    """dnsmasq as a TFTP server."""
    place.start(
        *("dnsmasq", "--conf-file=/dev/null", "--port=0", "--no-daemon", "--user=root", "--group=root", "--pid-file"),
        *("--enable-tftp", f"--tftp-root={root}", f"--tftp-max={MAX_CLIENTS}", "--quiet-tftp"),
    )
    place.wait_until(lambda: _listens(place, "udp", 69))


def start_dnsmasq_proxy(place: Place, address: str) -> None:
    """dnsmasq as a proxy that hands out boot files."""
    place.start(
        *("dnsmasq", "--conf-file=/dev/null", "--port=0", "--no-daemon", "--user=root", "--group=root", "--pid-file"),
        *("--interface=eth0", f"--dhcp-range={address},proxy,255.255.0.0", "--quiet-dhcp"),
        *(f"--pxe-service=X86-64_EFI,boot,x64/snponly.efi,{address}", f"--dhcp-leasefile={place.logs}/leases"),
    )
    place.wait_until(lambda: _listens(place, "udp", 67))


def start_kea(place: Place, programs: Programs, address: str, first: str, last: str) -> None:
    """Kea as a DHCP server that hands out boot files with its addresses: it has no proxy. It writes no leases down."""
    configuration = place.logs / "kea.json"
    subnet = {
        "id": 1,
        "subnet": f"{address.rsplit('.', 2)[0]}.0.0/16",
        "pools": [{"pool": f"{first}-{last}"}],
        "next-server": address,
        "boot-file-name": "x64/snponly.efi",
    }
    settings = {
        "interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "udp"},
        "lease-database": {"type": "memfile", "persist": False},
        "multi-threading": {"enable-multi-threading": True, "thread-pool-size": 0},
        "sanity-checks": {"lease-checks": "none"},
        "subnet4": [subnet],
        "loggers": [{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stderr"}]}],
    }
    configuration.write_text(json.dumps({"Dhcp4": settings}), "utf-8")
    environment = {"KEA_PIDFILE_DIR": str(place.logs), "KEA_LOCKFILE_DIR": str(place.logs)}
    place.start(programs.path("kea-dhcp4"), "-c", str(configuration), env=programs.environment | environment)
    place.wait_until(lambda: _listens(place, "udp", 67))


def start_tftpd_hpa(place: Place, programs: Programs, root: Path) -> None:
    """in.tftpd, which makes a process for each client."""
    place.start(
        *(programs.path("in.tftpd"), "--foreground", "--listen", "--address", f"{ADDRESS}:69", "--user", "root"),
        *("--secure", str(root)),
        env=programs.environment,
    )
    place.wait_until(lambda: _listens(place, "udp", 69))


def start_atftpd(place: Place, programs: Programs, root: Path) -> None:
    """atftpd, which makes a thread for each client."""
    place.start(
        *(programs.path("atftpd"), "--daemon", "--no-fork", "--bind-address", ADDRESS, "--port", "69"),
        *("--maxthread", str(MAX_CLIENTS), "--user", "root.root", "--logfile", "/dev/null", str(root)),
        env=programs.environment,
    )
    place.wait_until(lambda: _listens(place, "udp", 69))


def start_nginx(place: Place, programs: Programs, root: Path) -> None:
    """nginx with a worker for each core, ``sendfile``, and no log."""
    configuration = place.logs / "nginx.conf"
    configuration.write_text(
        f"""daemon off; worker_processes auto; user root; pid {place.logs}/nginx.pid; error_log stderr error;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
  client_body_temp_path {place.logs}/body; proxy_temp_path {place.logs}/proxy; fastcgi_temp_path {place.logs}/fastcgi;
  uwsgi_temp_path {place.logs}/uwsgi; scgi_temp_path {place.logs}/scgi;
  server {{ listen {ADDRESS}:{HTTP_PORT} reuseport backlog=1024; root {root}; }}
}}
""",
        "utf-8",
    )
    place.start(programs.path("nginx"), "-c", str(configuration), env=programs.environment)
    place.wait_until(lambda: _listens(place, "tcp", HTTP_PORT))


def _listens(place: Place, protocol: str, port: int) -> bool:
    """Whether something has this port, by the kernel's own table of the namespace."""
    rows = subprocess.run(
        ("ip", "netns", "exec", place.namespace.name, "cat", f"/proc/net/{protocol}"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return any(row.split()[1].endswith(f":{port:04X}") for row in rows[1:])
