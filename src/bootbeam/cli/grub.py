"""``bootbeam grub IMAGE --server ADDRESS``: files for a test PC's disk, so that its GRUB boots from this station."""

import shutil
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

import typer


def grub(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image the station serves.")],
    server: Annotated[str, typer.Option(metavar="ADDRESS", help="The station's IPv4 address.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The station's HTTP port.")] = 8080,
    output: Annotated[Path, typer.Option(help="Directory the files are written to.")] = Path("bootbeam-grub"),
    loaders: Annotated[Path | None, typer.Option(help="A directory of boot loaders to look in first.")] = None,
) -> None:
    """Write the iPXE script and the GRUB menu entries with which a PC boots IMAGE from its own GRUB.

    For PCs that cannot network boot by themselves, or whose boot order is to stay as it is.
    """
    from bootbeam.boot.grub import ESP_DIRECTORY, render_menu_entries, render_network_script
    from bootbeam.boot.name import served_name
    from bootbeam.cli.loaders import loader_for_grub
    from bootbeam.errors import UserError

    try:
        address = IPv4Address(server)
    except ValueError:
        raise UserError(
            f"{server!r} is not an IPv4 address",
            "iPXE is told an address, because names need a DNS server the test PC may not have",
            "see the station's address with: ip -4 address",
        ) from None
    name = served_name(image.name, set())
    script = render_network_script(f"http://{address}:{port}/start/{name}.ipxe", name)
    boot, esp = output / "boot", output / "esp" / ESP_DIRECTORY.lstrip("/")
    (boot / "grub").mkdir(parents=True, exist_ok=True)
    esp.mkdir(parents=True, exist_ok=True)
    (boot / f"{name}.ipxe").write_text(script, "ascii")
    (boot / "grub" / "custom.cfg").write_text(render_menu_entries(name), "ascii")
    (esp / "autoexec.ipxe").write_text(script, "ascii")
    lkrn, efi = loader_for_grub("lkrn", loaders), loader_for_grub("efi", loaders)
    for loader, target in ((lkrn, boot / "ipxe.lkrn"), (efi, esp / "ipxe.efi")):
        if loader is not None:
            shutil.copyfile(loader.path, target)
    _tell(name, output, server)


def _tell(name: str, output: Path, server: str) -> None:
    typer.echo(f"Files for a PC that boots {name} from its own GRUB, in {output}/\n")
    typer.echo("On a BIOS PC, copy to /boot:")
    typer.echo("  boot/ipxe.lkrn            iPXE in the form of a Linux kernel")
    typer.echo(f"  boot/{name}.ipxe    its script: asks the station {server}")
    typer.echo(
        "  boot/grub/custom.cfg      the menu entry; Debian's and Fedora's grub.cfg read this file by themselves"
    )
