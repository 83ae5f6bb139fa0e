"""The firmwares the lab can put into a virtual PC: which files each is made of, and which package has them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bootbeam.errors import UserError


@dataclass(frozen=True, slots=True)
class Firmware:
    """One kind of firmware and the PC around it, as QEMU's arguments."""

    name: str
    """What a person calls it."""
    emulator: str
    """QEMU's program."""
    machine: str
    """Value of ``-machine``."""
    package: str
    """The Debian package that has the files below."""
    code: Path | None = None
    """Firmware's program in flash; None where the emulator has its own, or ``arguments`` name it."""
    variables: Path | None = None
    """Template of the firmware's settings in flash; every PC gets its own copy."""
    nic_rom: str | None = None
    """Boot ROM on the network card: None the emulator's own choice, "" none (the firmware must know the card)."""
    nic_models: tuple[str, ...] = ()
    """Network cards this firmware can boot from."""
    memory_mib: int = 512
    arguments: tuple[str, ...] = ()
    """What else this PC needs."""
    takes_boot_order: bool = True
    """It can be told to boot from the network card first; one that cannot does so by itself."""

    @property
    def without_pxe(self) -> "Firmware":
        """The same with PXE left out of its boot order, as a person does in the setup: UEFI HTTP boot comes first."""
        return replace(self, name=f"{self.name}, HTTP boot", arguments=(*self.arguments, *_WITHOUT_PXE))

    def with_card(self, model: str, rom: str | None = None) -> "Firmware":
        """The same with the network card ``model``, properties and all: "virtio-net-pci,disable-legacy=on".

        Args:
            rom: the boot ROM on it; None what this firmware's cards have.
        """
        rom = self.nic_rom if rom is None else rom
        return replace(self, name=f"{self.name}, {model}", nic_models=(model,), nic_rom=rom)

    def check(self) -> None:
        """See that all files are there.

        Raises:
            UserError: one is missing; names the package.
        """
        missing = [str(path) for path in (self.code, self.variables) if path is not None and not path.exists()]
        if missing:
            raise UserError(
                f"the firmware {self.name} is not on this machine",
                f"{', '.join(missing)} missing",
                f"apt-get install {self.package}",
            )

    def flash_arguments(self, variables_copy: Path) -> Sequence[str]:
        """QEMU's arguments for the flash chips; ``variables_copy`` is the file this PC may write to."""
        arguments: list[str] = []
        if self.code is not None:
            arguments += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={self.code}"]
        if self.variables is not None:
            arguments += ["-drive", f"if=pflash,unit=1,format=raw,file={variables_copy}"]
        return arguments


_OVMF_DIR = Path("/usr/share/OVMF")
_AAVMF_DIR = Path("/usr/share/AAVMF")
U_BOOT_PROGRAM = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
_WITHOUT_PXE = tuple(
    argument
    for version in ("IPv4", "IPv6")
    for argument in ("-fw_cfg", f"name=opt/org.tianocore/{version}PXESupport,string=n")
)
"""edk2 reads these from QEMU (OvmfPkg/Library/PxeBcPcdProducerLib)."""
_GUARDED_FLASH = ("-global", "driver=cfi.pflash01,property=secure,value=on")
"""Only the firmware itself may write to its settings: what Secure Boot rests on."""

_NIC_MODELS_WITH_ROM = ("virtio-net-pci", "e1000", "e1000e", "rtl8139", "vmxnet3", "ne2k_pci")
"""QEMU has a boot ROM for these: an iPXE with that card's driver."""

SEABIOS = Firmware(
    name="SeaBIOS",
    emulator="qemu-system-x86_64",
    machine="pc,graphics=off",  # the text screen goes to the serial port
    package="seabios",
    nic_models=_NIC_MODELS_WITH_ROM,
)
"""A PC with BIOS. It boots by the PXE ROM on its network card, which in QEMU is an iPXE."""

OVMF = Firmware(
    name="OVMF",
    emulator="qemu-system-x86_64",
    machine="q35",
    package="ovmf",
    code=_OVMF_DIR / "OVMF_CODE_4M.fd",
    variables=_OVMF_DIR / "OVMF_VARS_4M.fd",
    nic_rom="",
    nic_models=("virtio-net-pci",),
)
"""A PC with UEFI, 64 bit, Secure Boot off. Its own driver and its own PXE: the card's ROM is left out."""

SEABIOS_Q35 = replace(SEABIOS, name="SeaBIOS, Q35", machine="q35,graphics=off")
SEABIOS_SMALL = replace(SEABIOS, name="SeaBIOS, 128 KiB", arguments=("-bios", "/usr/share/seabios/bios.bin"))
"""The build for old machine types, without drivers for what is newer."""

OVMF_NIC_ROM = replace(OVMF, name="OVMF, the card's ROM", nic_rom=None, nic_models=_NIC_MODELS_WITH_ROM)
"""A PC with UEFI whose network card brings its driver in its own ROM, as cards that are plugged in do."""

OVMF_2M = replace(
    OVMF,
    name="OVMF, 2 MiB",
    machine="pc",
    code=_OVMF_DIR / "OVMF_CODE.fd",
    variables=_OVMF_DIR / "OVMF_VARS.fd",
)
"""The older layout of its flash, on a PC with PCI only."""

OVMF_SECURE_BOOT = Firmware(
    name="OVMF, Secure Boot",
    emulator="qemu-system-x86_64",
    machine="q35,smm=on",
    package="ovmf",
    code=_OVMF_DIR / "OVMF_CODE_4M.ms.fd",
    variables=_OVMF_DIR / "OVMF_VARS_4M.ms.fd",
    nic_rom="",
    nic_models=("virtio-net-pci",),
    memory_mib=1024,
    arguments=_GUARDED_FLASH,
)
"""A PC with UEFI, 64 bit, Secure Boot on with Microsoft's keys, as it is sold."""

OVMF_32 = Firmware(
    name="OVMF 32 bit",
    emulator="qemu-system-x86_64",
    machine="q35,smm=on",
    package="ovmf-ia32",
    code=_OVMF_DIR / "OVMF32_CODE_4M.secboot.fd",
    variables=_OVMF_DIR / "OVMF32_VARS_4M.fd",
    nic_rom="",
    nic_models=("virtio-net-pci",),
    arguments=_GUARDED_FLASH,
)
"""A PC with 32-bit UEFI round a 64-bit processor, as small PCs of 2013 to 2016 have it. Secure Boot is off."""

AAVMF = Firmware(
    name="AAVMF",
    emulator="qemu-system-aarch64",
    machine="virt",
    package="qemu-efi-aarch64",
    code=_AAVMF_DIR / "AAVMF_CODE.fd",
    variables=_AAVMF_DIR / "AAVMF_VARS.fd",
    nic_rom="",
    nic_models=("virtio-net-pci",),
    memory_mib=1024,
    arguments=("-cpu", "cortex-a57"),
)
"""An arm64 machine with UEFI, Secure Boot off."""

U_BOOT = Firmware(
    name="U-Boot",
    emulator="qemu-system-aarch64",
    machine="virt",
    package="u-boot-qemu",
    nic_rom="",
    nic_models=("e1000", "virtio-net-pci"),
    memory_mib=1024,
    arguments=("-cpu", "cortex-a57", "-bios", str(U_BOOT_PROGRAM)),
)
"""An arm64 board with U-Boot. Its settings are in flash, if it is given any (``lab.u_boot_environment``)."""

AAVMF_SECURE_BOOT = replace(
    AAVMF,
    name="AAVMF, Secure Boot",
    code=_AAVMF_DIR / "AAVMF_CODE.ms.fd",
    variables=_AAVMF_DIR / "AAVMF_VARS.ms.fd",
)
"""An arm64 machine with UEFI, Secure Boot on with Microsoft's keys."""
