"""Hypervisors, Windows, FreeBSD, and programs that are no operating system."""

from tests.image_listing import Layout

PROXMOX = "vga=791 video=vesafb:ywrap,mtrr ramdisk_size=16777216 rw quiet splash=silent"
PROXMOX_INFO = "RELEASE='9.2'\nISORELEASE='1'\nISONAME='proxmox-ve'\nPRODUCT='pve'\nPRODUCTLONG='Proxmox VE'\n"
ESXI = """
.discinfo atlantic.v00 b.b00 basemisc.tgz boot.cfg btldr.v00 efi/boot/boot.cfg efi/boot/bootx64.efi
efi/boot/crypto64.efi efi/boot/safeboot.efi imgdb.tgz isolinux.bin isolinux.cfg k.b00 mboot.c32 menu.c32 s.v00 sb.v00
"""
WINDOWS = """
autorun.inf boot/bcd boot/boot.sdi boot/bootfix.bin bootmgr bootmgr.efi efi/boot/bootx64.efi efi/microsoft/boot/bcd
setup.exe sources/boot.wim sources/install.wim
"""

LAYOUTS = (
    Layout(
        name="proxmox-ve_9.2-1.iso",
        family="proxmox",
        paths=".cd-info boot/linux26 boot/initrd.img boot/grub/grub.cfg pve-base.squashfs pve-installer.squashfs",
        texts={".disk/info": PROXMOX_INFO, ".cd-info": PROXMOX_INFO},
        sizes_mb={"boot/initrd.img": 70},
        size_mb=1700,
        volume_id="PVE",
        title="Proxmox VE 9.2 (x86_64)",
        version="9.2",
        architecture="x86_64",
        boot="install",
        kernel="boot/linux26",
        initrds=("boot/initrd.img",),
        cmdline=PROXMOX,
        ram_mb=2 * 1700 + 210 + 1024,
    ),
    Layout(
        name="proxmox-ve_9.2-1-auto-from-http.iso",
        family="proxmox",
        paths=".cd-info boot/linux26 boot/initrd.img auto-installer-mode.toml pve-base.squashfs",
        texts={".cd-info": PROXMOX_INFO},
        size_mb=1700,
        title="Proxmox VE 9.2 (x86_64)",
        version="9.2",
        architecture="x86_64",
        boot="install",
        kernel="boot/linux26",
        initrds=("boot/initrd.img",),
        cmdline=PROXMOX,
        ram_mb=4424,
        unattended=(("proxmox", f"{PROXMOX} proxmox-start-auto-installer"),),
    ),
    Layout(
        name="VMware-VMvisor-Installer-7.0U3d-19482537.x86_64.iso",
        family="esxi",
        paths=ESXI,
        texts={
            "vmware-esx-base-osl.txt": "ESXi 7.0U3d GA\n\nThe following copyright statements ...",
            "boot.cfg": "bootstate=0\ntitle=Loading ESXi installer\nprefix=\nkernel=/b.b00\nkernelopt=runweasel "
            "cdromBoot\nmodules=/jumpstrt.gz --- /k.b00\nbuild=7.0.3-0.35.19482537\n",
        },
        volume_id="ESXI-7.0U3D-19482537-STANDARD",
        title="VMware ESXi 7.0U3d (x86_64)",
        version="7.0U3d",
        architecture="x86_64",
        boot="install",
        firmware="UEFI",
        kernel="efi/boot/bootx64.efi",
        cmdline="-c http://192.0.2.1/r/boot.cfg",
        ram_mb=8192,
        unattended=(("kickstart", "-c http://192.0.2.1/r/boot.cfg"),),
    ),
    Layout(
        name="VMware-VMvisor-Installer-6.7.0-upper-case.iso",
        family="esxi",
        paths=ESXI.upper().replace("BOOT.CFG", "BOOT.CFG"),
        texts={"BOOT.CFG": "kernel=/b.b00\nmodules=/k.b00\nbuild=6.7.0-0.0.8169922\n"},
        title="VMware ESXi 6.7.0 (x86_64)",
        version="6.7.0",
        architecture="x86_64",
        boot="install",
        firmware="UEFI",
        kernel="efi/boot/bootx64.efi",
        cmdline="-c http://192.0.2.1/r/boot.cfg",
        ram_mb=8192,
        unattended=(("kickstart", "-c http://192.0.2.1/r/boot.cfg"),),
    ),
    Layout(
        name="Win11_24H2_English_x64.iso",
        family="windows",
        paths=WINDOWS,
        sizes_mb={"sources/boot.wim": 600},
        volume_id="CCCOMA_X64FRE_EN-US_DV9",
        title="Windows (x86_64)",
        architecture="x86_64",
        why_not="wimboot",
    ),
    Layout(
        name="FreeBSD-13.2-RELEASE-amd64-dvd1.iso",
        family="freebsd",
        paths="""COPYRIGHT boot/loader boot/loader.efi boot/kernel/kernel boot/cdboot bin/sh
            usr/freebsd-dist/MANIFEST usr/freebsd-dist/base.txz usr/freebsd-dist/kernel.txz""",
        texts={"bin/freebsd-version": '#!/bin/sh\nset -e\n\nUSERLAND_VERSION="13.2-RELEASE"\n'},
        volume_id="13_2_RELEASE_AMD64_DVD",
        title="FreeBSD 13.2 DVD (x86_64)",
        version="13.2",
        edition="DVD",
        architecture="x86_64",
        why_not="mfsBSD",
    ),
    Layout(
        name="memtest86+x64.iso",
        family="memtest86plus",
        paths="EFI/BOOT/bootx64.efi boot/floppy.img boot.catalog",
        volume_id="MT86PLUS_64",
        title="Memtest86+ (x86_64)",
        architecture="x86_64",
        boot="memtest",
        kernel="EFI/BOOT/bootx64.efi",
    ),
    Layout(
        name="XenServer-7.0.0-install-cd.iso",
        family="xcp-ng",
        paths="""EFI/xenserver/grub.cfg EFI/xenserver/grubx64.efi boot/isolinux/isolinux.cfg boot/isolinux/mboot.c32
            boot/pxelinux/mboot.c32 boot/vmlinuz boot/xen.gz install.img repodata/repomd.xml""",
        texts={
            ".treeinfo": "[platform]\nname = XCP\nversion = 2.1.0\n\n[branding]\nname = XenServer\nversion = 7.0.0\n"
        },
        title="XenServer 7.0.0 (x86_64)",
        version="7.0.0",
        architecture="x86_64",
        boot="install",
        firmware="BIOS",
        kernel="boot/xen.gz",
        initrds=("boot/vmlinuz", "install.img"),
        cmdline="dom0_max_vcpus=1-2 dom0_mem=max:8192M com1=115200,8n1 console=com1,vga",
        ram_mb=4096,
        unattended=(("xenserver", "dom0_max_vcpus=1-2 dom0_mem=max:8192M com1=115200,8n1 console=com1,vga"),),
    ),
    Layout(
        name="a directory with Debian's Xen",
        family="xen",
        paths="""boot/xen-4.17-amd64.gz boot/xen-4.17-amd64.efi boot/vmlinuz-6.1.0-9-amd64 boot/vmlinuz-6.1.0-31-amd64
            boot/initrd.img-6.1.0-9-amd64 boot/initrd.img-6.1.0-31-amd64""",
        sizes_mb={"boot/initrd.img-6.1.0-31-amd64": 40},
        title="Xen 4.17 (x86_64)",
        version="4.17",
        architecture="x86_64",
        boot="dom0",
        kernel="boot/xen-4.17-amd64.gz",
        initrds=("boot/vmlinuz-6.1.0-31-amd64", "boot/initrd.img-6.1.0-31-amd64"),
        cmdline="dom0_mem=1024M com1=115200,8n1 console=vga,com1",
    ),
    Layout(
        name="a directory with BitVisor",
        family="bitvisor",
        paths="bitvisor.elf loadvmm.efi",
        title="BitVisor (x86_64)",
        architecture="x86_64",
        boot="bitvisor",
        kernel="bitvisor.elf",
    ),
)
