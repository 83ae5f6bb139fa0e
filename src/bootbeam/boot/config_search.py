"""Names that boot programs ask for one after the other until one is there: a miss is a step, not a fault.

Sources: SYSLINUX ``doc/pxelinux.txt`` (configuration file names; ``core/fs/pxe``), GRUB ``grub-core/net/net.c``
(``grub.cfg-...``) and ``normal/main.c`` (``*.lst``), shim ``shim.c``, iPXE ``image/efi``, U-Boot ``cmd/pxe.c``.
"""

import re

_HEX_IP = r"[0-9A-Fa-f]{1,8}"
_MAC = r"[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5,7}"
_UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_SEARCHED = re.compile(
    rf"""(.*/)?(
        pxelinux\.cfg/({_UUID}|{_MAC}|{_HEX_IP}|default-[0-9a-z_-]{{1,80}})
      | (isolinux|syslinux)/ldlinux\.c32
      | grub\.cfg-({_UUID}|{_MAC}|{_HEX_IP})
      | grub/[0-9a-z_]+-[0-9a-z]+/(command|crypto|fs|parttool|terminal|video|partmap)\.lst
      | grub/(locale|fonts)/[^/]+
      | revocations(_\w+)?\.efi | shim_certificate(_\w+)?\.efi
      | autoexec\.ipxe
    )""",
    re.VERBOSE,
)


def is_searched(path: str) -> bool:
    """Whether a boot program that finds nothing at ``path`` simply goes on to the next name."""
    return _SEARCHED.fullmatch(path) is not None
