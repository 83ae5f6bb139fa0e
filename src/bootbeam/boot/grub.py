"""What goes on a test PC's own disk, so that its GRUB starts iPXE, and iPXE asks the station.

BIOS: ``linux16 /ipxe.lkrn`` with the script as its ``initrd16``. UEFI: ``chainloader`` of ``ipxe.efi``, which since
2021 reads ``autoexec.ipxe`` beside it; an older one asks the LAN by DHCP instead, and the station answers there.
"""

ESP_DIRECTORY = "/EFI/bootbeam"


def render_network_script(start_url: str, name: str) -> str:
    """The script iPXE runs: get an address, then ask the station for ``name``; both are tried until they work.

    ``ifconf -c dhcp`` leaves IPv6 out, which makes iPXE wait 16 s where no router advertises it.
    """
    return "\n".join(
        (
            "#!ipxe",
            ":again",
            f"echo bootbeam: asking {start_url} for {name}",
            "ifconf --configurator dhcp || goto wait",
            f"chain --autofree {start_url} || goto wait",
            "exit",
            ":wait",
            "echo bootbeam: no address or no station yet, trying again ...",
            "sleep 3",
            "goto again",
            "",
        )
    )


def render_menu_entries(name: str) -> str:
    """GRUB menu entries for ``name``: the one that fits the firmware GRUB was started by.

    /boot may be a partition of its own or a directory; both are looked at, on the file system GRUB itself came from
    (a ``search`` that finds nothing would print an error and wait for a key).
    """
    return f"""\
# {name} over the network, from a bootbeam station.
if [ "$grub_platform" = "efi" ]; then
  menuentry '{name} over the network (bootbeam)' {{
    search --no-floppy --set=root --file {ESP_DIRECTORY}/ipxe.efi
    chainloader {ESP_DIRECTORY}/ipxe.efi
  }}
else
  menuentry '{name} over the network (bootbeam)' {{
    regexp --set=1:bootdev '^\\(([^)]+)\\)' "$prefix"
    set root=$bootdev
    if [ -f /{name}.ipxe ]; then
      linux16 /ipxe.lkrn
      initrd16 /{name}.ipxe
    else
      linux16 /boot/ipxe.lkrn
      initrd16 /boot/{name}.ipxe
    fi
  }}
fi
"""
