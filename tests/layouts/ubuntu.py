"""Ubuntu and its relatives, as they were released."""

from tests.image_listing import Layout

SERVER = "boot=casper ip=dhcp url=http://192.0.2.1/x.iso cloud-config-url=/dev/null"
DESKTOP = "boot=casper ip=dhcp netboot=url url=http://192.0.2.1/x.iso cloud-config-url=/dev/null"
NOCLOUD_NET = "autoinstall ds=nocloud-net;s=http://192.0.2.1/a/"
NOCLOUD = "autoinstall ds=nocloud;s=http://192.0.2.1/a/"
COMMON = """
.disk/base_installable .disk/casper-uuid-generic .disk/cd_type boot/grub/grub.cfg boot/grub/loopback.cfg
EFI/boot/bootx64.efi EFI/boot/grubx64.efi casper/filesystem.manifest casper/initrd casper/vmlinuz md5sum.txt
"""
LAYERED_SERVER = f"""{COMMON}
casper/filesystem.size casper/install-sources.yaml casper/ubuntu-server-minimal.squashfs
casper/ubuntu-server-minimal.ubuntu-server.squashfs casper/ubuntu-server-minimal.ubuntu-server.installer.squashfs
casper/ubuntu-server-minimal.ubuntu-server.installer.generic.squashfs pool/main/e/efibootmgr
"""
LAYERED_DESKTOP = f"""{COMMON}
.disk/release_notes_url casper/install-sources.yaml casper/minimal.squashfs casper/minimal.de.squashfs
casper/minimal.standard.squashfs casper/minimal.standard.live.squashfs boot/memtest86+x64.bin
"""
SUBIQUITY_1 = f"""{COMMON}
.disk/casper-uuid-generic-hwe casper/extras/modules.squashfs-generic casper/extras/modules.squashfs-generic-hwe
casper/filesystem.squashfs casper/hwe-initrd casper/hwe-vmlinuz casper/installer.squashfs casper/squashfs.manifest
install/mt86plus isolinux/isolinux.cfg isolinux/txt.cfg
"""


def server(name: str, version: str, info: str, seed: str, size_mb: float, initrd_mb: float, ram_mb: int) -> Layout:
    return Layout(
        name=name,
        family="ubuntu",
        paths=LAYERED_SERVER,
        texts={".disk/info": info},
        sizes_mb={"casper/initrd": initrd_mb, "casper/vmlinuz": 14},
        size_mb=size_mb,
        title=f"Ubuntu {version} server (x86_64)",
        version=version,
        edition="server",
        architecture="x86_64",
        boot="live",
        kernel="casper/vmlinuz",
        initrds=("casper/initrd",),
        cmdline=f"{SERVER} ---",
        ram_mb=ram_mb,
        unattended=(("autoinstall", f"{SERVER} {seed} ---"),),
    )


LAYOUTS = (
    Layout(
        name="ubuntu-20.04.3-live-server-amd64.iso",
        family="ubuntu",
        paths=SUBIQUITY_1,
        texts={".disk/info": 'Ubuntu-Server 20.04.3 LTS "Focal Fossa" - Release amd64 (20210824)'},
        sizes_mb={"casper/initrd": 84, "casper/hwe-initrd": 86},
        size_mb=1203,
        volume_id="Ubuntu-Server 20.04.3 LTS amd64",
        title="Ubuntu 20.04.3 server (x86_64)",
        version="20.04.3",
        edition="server",
        architecture="x86_64",
        boot="live",
        kernel="casper/vmlinuz",
        initrds=("casper/initrd",),
        cmdline=f"{SERVER} ---",
        ram_mb=1203 + 3 * 84 + 1536,
        unattended=(("autoinstall", f"{SERVER} {NOCLOUD_NET} ---"),),
    ),
    server(
        "ubuntu-22.04.1-live-server-amd64.iso",
        "22.04.1",
        'Ubuntu-Server 22.04.1 LTS "Jammy Jellyfish" - Release amd64 (20220809)',
        NOCLOUD_NET,
        1406,
        98,
        1406 + 3 * 98 + 1536,
    ),
    server(
        "ubuntu-24.04.4-live-server-amd64.iso",
        "24.04.4",
        'Ubuntu-Server 24.04.4 LTS "Noble Numbat" - Release amd64 (20260210)',
        NOCLOUD_NET,
        3286,
        70,
        3286 + 3 * 70 + 1536,
    ),
    server(
        "ubuntu-25.10-live-server-amd64.iso",
        "25.10",
        'Ubuntu-Server 25.10 "Questing Quokka" - Release amd64 (20251007)',
        NOCLOUD,
        2100,
        70,
        2100 + 3 * 70 + 1536,
    ),
    server(
        "ubuntu-26.04-live-server-amd64.iso",
        "26.04",
        'Ubuntu-Server 26.04 LTS "Resolute Raccoon" - Release amd64 (20260423)',
        NOCLOUD,
        2200,
        72.5,
        2200 + 218 + 1536,
    ),
    Layout(
        name="ubuntu-18.04.6-live-server-amd64.iso",
        family="ubuntu",
        paths=SUBIQUITY_1,
        texts={".disk/info": 'Ubuntu-Server 18.04.6 LTS "Bionic Beaver" - Release amd64 (20210915)'},
        title="Ubuntu 18.04.6 server (x86_64)",
        version="18.04.6",
        edition="server",
        architecture="x86_64",
        why_not="cannot fetch an image by HTTP",
    ),
    Layout(
        name="ubuntu-20.10-desktop-amd64.iso",
        family="ubuntu",
        paths=f"{COMMON} casper/filesystem.squashfs casper/filesystem.size .disk/release_notes_url",
        texts={".disk/info": 'Ubuntu 20.10 "Groovy Gorilla" - Release amd64 (20201022)'},
        sizes_mb={"casper/initrd": 90},
        size_mb=2800,
        title="Ubuntu 20.10 desktop (x86_64)",
        version="20.10",
        edition="desktop",
        architecture="x86_64",
        boot="live",
        kernel="casper/vmlinuz",
        initrds=("casper/initrd",),
        cmdline=f"{DESKTOP} ---",
        ram_mb=2800 + 3 * 90 + 3072,
    ),
    Layout(
        name="ubuntu-24.04.4-desktop-amd64.iso",
        family="ubuntu",
        paths=LAYERED_DESKTOP,
        texts={".disk/info": 'Ubuntu 24.04.4 LTS "Noble Numbat" - Release amd64 (20260210)'},
        sizes_mb={"casper/initrd": 75},
        size_mb=6100,
        title="Ubuntu 24.04.4 desktop (x86_64)",
        version="24.04.4",
        edition="desktop",
        architecture="x86_64",
        boot="live",
        kernel="casper/vmlinuz",
        initrds=("casper/initrd",),
        cmdline=f"{DESKTOP} ---",
        ram_mb=6100 + 3 * 75 + 3072,
        unattended=(("autoinstall", f"{DESKTOP} {NOCLOUD_NET} ---"),),
    ),
    Layout(
        name="ubuntu-24.04.4-live-server-arm64.iso",
        family="ubuntu",
        paths=LAYERED_SERVER,
        texts={".disk/info": 'Ubuntu-Server 24.04.4 LTS "Noble Numbat" - Release arm64 (20260210)'},
        size_mb=3000,
        title="Ubuntu 24.04.4 server (arm64)",
        version="24.04.4",
        edition="server",
        architecture="arm64",
        boot="live",
        firmware="UEFI",
        kernel="casper/vmlinuz",
        initrds=("casper/initrd",),
        cmdline=f"{SERVER} ---",
        ram_mb=4536,
        unattended=(("autoinstall", f"{SERVER} {NOCLOUD_NET} ---"),),
    ),
    Layout(
        name="kubuntu-24.04.4-desktop-amd64.iso",
        family="ubuntu",
        paths=LAYERED_DESKTOP,
        texts={".disk/info": 'Kubuntu 24.04.4 LTS "Noble Numbat" - Release amd64 (20260210)'},
        size_mb=4100,
        title="Kubuntu 24.04.4 desktop (x86_64)",
        version="24.04.4",
        edition="desktop",
        architecture="x86_64",
        boot="live",
        kernel="casper/vmlinuz",
        initrds=("casper/initrd",),
        cmdline=f"{DESKTOP} ---",
        ram_mb=7172,
        unattended=(("autoinstall", f"{DESKTOP} {NOCLOUD_NET} ---"),),
    ),
    Layout(
        name="linuxmint-22.3-cinnamon-64bit.iso",
        family="casper",
        paths="casper/filesystem.squashfs casper/initrd.lz casper/vmlinuz .disk/casper-uuid boot/grub/grub.cfg",
        texts={".disk/info": 'Linux Mint 22.3 "Zena" - Release amd64 20260108'},
        sizes_mb={"casper/initrd.lz": 80},
        size_mb=2900,
        title="Linux Mint 22.3 (x86_64)",
        version="22.3",
        architecture="x86_64",
        boot="live",
        kernel="casper/vmlinuz",
        initrds=("casper/initrd.lz",),
        cmdline="boot=casper ip=dhcp netboot=url url=http://192.0.2.1/x.iso live-media-path=/casper ---",
        ram_mb=2900 + 240 + 2560,
    ),
    Layout(
        name="pop-os_22.04_amd64_intel_33.iso",
        family="casper",
        paths="""casper_pop-os_22.04_amd64_intel_33/filesystem.squashfs casper_pop-os_22.04_amd64_intel_33/initrd.gz
            casper_pop-os_22.04_amd64_intel_33/vmlinuz.efi""",
        texts={".disk/info": 'Pop_OS 22.04 "Jammy Jellyfish" - Release amd64 (20230601)'},
        size_mb=2600,
        title="Pop_OS 22.04 (x86_64)",
        version="22.04",
        architecture="x86_64",
        boot="live",
        kernel="casper_pop-os_22.04_amd64_intel_33/vmlinuz.efi",
        initrds=("casper_pop-os_22.04_amd64_intel_33/initrd.gz",),
        cmdline="boot=casper ip=dhcp netboot=url url=http://192.0.2.1/x.iso "
        "live-media-path=/casper_pop-os_22.04_amd64_intel_33 ---",
        ram_mb=5160,
    ),
)
