"""``bootbeam grub IMAGE --server ADDRESS``: files for a test PC's disk, so that its GRUB boots from this station."""

import shutil
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

HTTP_PORT = 8080


def grub(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image the station serves.")],
    server: Annotated[str, typer.Option(metavar="ADDRESS", help="The station's IPv4 address.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The station's HTTP port.")] = HTTP_PORT,
    output: Annotated[Path, typer.Option(help="Directory the files are written to.")] = Path("bootbeam-grub"),
    loaders: Annotated[Path | None, typer.Option(help="A directory of boot loaders to look in first.")] = None,
) -> None:
    """Write the iPXE script and the GRUB menu entries with which a PC boots IMAGE from its own GRUB.

    For PCs that cannot network boot by themselves, or whose boot order is to stay as it is.
    """
    from bootbeam.boot.grub import render_network_script
    from bootbeam.boot.name import iso_name, served_name
    from bootbeam.errors import UserError
    from bootbeam.formats.identity import Kind
    from bootbeam.library.loader_files import loaders_for_grub
    from bootbeam.library.named_files import named_file

    try:
        address = IPv4Address(server)
    except ValueError:
        raise UserError(
            f"{server!r} is not an IPv4 address",
            "iPXE is told an address, because names need a DNS server the test PC may not have",
            "see the station's address with: ip -4 address",
        ) from None
    is_iso = named_file(image).identity.kind is Kind.ISO_IMAGE
    name = iso_name(image.name, ()) if is_iso else served_name(image.name, ())
    script = render_network_script(f"http://{address}:{port}/start/{name}.ipxe", name)
    try:
        _write(output, name, script, loaders_for_grub(loaders))
    except OSError as error:
        raise UserError(
            f"nothing can be written to {output}",
            error.strerror or str(error),
            "name another place: --output DIRECTORY",
        ) from None
    port_option = "" if port == HTTP_PORT else f" --http-port {port}"
    _tell(name, f"sudo bootbeam serve {quote(str(image))}{port_option}", output, address)


def _write(output: Path, name: str, script: str, loaders: Sequence[Path]) -> None:
    """All files, each in the directory that says where it goes."""
    from bootbeam.boot.grub import ESP_DIRECTORY, render_menu_entries

    boot, esp = output / "boot", output / "esp" / ESP_DIRECTORY.lstrip("/")
    (boot / "grub").mkdir(parents=True, exist_ok=True)
    esp.mkdir(parents=True, exist_ok=True)
    (boot / f"{name}.ipxe").write_text(script, "ascii")
    (boot / "grub" / "custom.cfg").write_text(render_menu_entries(name), "ascii")
    (esp / "autoexec.ipxe").write_text(script, "ascii")
    for loader, target in zip(loaders, (boot / "ipxe.lkrn", esp / "ipxe.efi"), strict=True):
        shutil.copyfile(loader, target)


def _tell(name: str, command: str, output: Path, address: IPv4Address) -> None:
    """Where each file goes, and what to run on the station."""
    rows = [
        ("Written to", f"{output}/"),
        ("", ""),
        ("BIOS", "copy into the test PC's /boot:"),
        ("", "boot/ipxe.lkrn"),
        ("", f"boot/{name}.ipxe"),
        ("", "boot/grub/custom.cfg -> /boot/grub/custom.cfg (grub2/custom.cfg on Fedora, openSUSE)"),
        ("", ""),
        ("UEFI", "copy into the test PC's EFI system partition, mostly mounted at /boot/efi:"),
        ("", "esp/EFI/bootbeam/ -> /boot/efi/EFI/bootbeam/"),
        ("", "and boot/grub/custom.cfg as above"),
        ("", "Secure Boot must be off: this iPXE is not signed"),
        ("", ""),
        ("Then", f"on {address}: {command}"),
        ("", f'and choose "{name} over the network (bootbeam)" in the test PC\'s GRUB menu'),
    ]
    for label, text in rows:
        typer.echo(f"{label:11} {text}".rstrip())
