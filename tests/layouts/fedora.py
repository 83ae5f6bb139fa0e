"""What Anaconda installs, the live images made with dracut, and CoreOS."""

from tests.image_listing import Layout

DVD = """
.discinfo .treeinfo EFI/BOOT/BOOTX64.EFI EFI/BOOT/grub.cfg EFI/BOOT/grubx64.efi LICENSE boot/grub2/grub.cfg
images/efiboot.img images/eltorito.img images/install.img images/pxeboot/initrd.img images/pxeboot/vmlinuz media.repo
"""
LIVE_WORDS = "ro rd.live.image rd.luks=0 rd.md=0 rd.dm=0 rd.lvm=0 rd.neednet=1 ip=dhcp"
KICKSTART = "inst.ks=http://192.0.2.1/a/ks.cfg inst.ks.sendmac inst.ks.sendsn"
REPO = "inst.repo=http://192.0.2.1/x/ ip=dhcp"


def treeinfo(family: str, version: str, variant: str, architecture: str = "x86_64") -> str:
    return f"""[header]
type = productmd.treeinfo
version = 1.2

[general]
arch = {architecture}
family = {family}
name = {family} {version}
packagedir = Packages
platforms = {architecture},xen
variant = {variant}
version = {version}

[images-{architecture}]
initrd = images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz

[release]
name = {family}
version = {version}

[stage2]
mainimage = images/install.img

[tree]
arch = {architecture}
"""


def installer(
    name: str, family: str, product: str, version: str, paths: str, *, edition: str, variant: str = "BaseOS"
) -> Layout:
    return Layout(
        name=name,
        family=family,
        paths=f"{DVD} {paths}",
        texts={".treeinfo": treeinfo(product, version, variant)},
        sizes_mb={"images/install.img": 900, "images/pxeboot/initrd.img": 100},
        title=f"{product} {version} {edition} (x86_64)",
        version=version,
        edition=edition,
        architecture="x86_64",
        boot="install",
        kernel="images/pxeboot/vmlinuz",
        initrds=("images/pxeboot/initrd.img",),
        cmdline=REPO,
        ram_mb=2400,
        unattended=(("kickstart", f"{REPO} {KICKSTART}"),),
    )


EL_DVD = "BaseOS/repodata/repomd.xml AppStream/repodata/repomd.xml extra_files.json"
LAYOUTS = (
    installer(
        "Fedora-Server-dvd-x86_64-44-1.7.iso",
        "fedora",
        "Fedora",
        "44",
        "Packages/b/bash.rpm repodata/repomd.xml",
        edition="Server",
        variant="Server",
    ),
    installer(
        "Rocky-9.4-x86_64-dvd1.iso", "rocky", "Rocky Linux", "9.4", f"{EL_DVD} isolinux/isolinux.cfg", edition="DVD"
    ),
    installer(
        "Rocky-8.9-x86_64-dvd1.iso", "rocky", "Rocky Linux", "8.9", f"{EL_DVD} isolinux/isolinux.cfg", edition="DVD"
    ),
    installer(
        "AlmaLinux-10.0-x86_64-minimal.iso",
        "almalinux",
        "AlmaLinux",
        "10.0",
        "Minimal/repodata/repomd.xml Minimal/Packages/bash.rpm extra_files.json",
        edition="minimal",
        variant="Minimal",
    ),
    installer("rhel-9.4-x86_64-dvd.iso", "rhel", "Red Hat Enterprise Linux", "9.4", EL_DVD, edition="DVD"),
    installer("CentOS-Stream-9-latest-x86_64-dvd1.iso", "centos-stream", "CentOS Stream", "9", EL_DVD, edition="DVD"),
    installer("OracleLinux-R9-U4-x86_64-dvd.iso", "oracle-linux", "Oracle Linux", "9.4", EL_DVD, edition="DVD"),
    Layout(
        name="CloudLinux-DVD-x86_64-7.9.iso",
        family="anaconda",
        paths="""EFI/BOOT/BOOTX64.EFI LiveOS/squashfs.img Packages/bash.rpm repodata/repomd.xml
            images/pxeboot/initrd.img images/pxeboot/upgrade.img images/pxeboot/vmlinuz
            isolinux/isolinux.cfg isolinux/vmlinuz""",
        texts={".treeinfo": treeinfo("CloudLinux", "7.9", "")},
        sizes_mb={"LiveOS/squashfs.img": 500, "images/pxeboot/initrd.img": 60},
        title="CloudLinux 7.9 DVD (x86_64)",
        version="7.9",
        edition="DVD",
        architecture="x86_64",
        boot="install",
        kernel="images/pxeboot/vmlinuz",
        initrds=("images/pxeboot/initrd.img",),
        cmdline=REPO,
        ram_mb=1704,
        unattended=(("kickstart", f"{REPO} {KICKSTART}"),),
    ),
    Layout(
        name="AlmaLinux-9.3-x86_64-boot.iso",
        family="almalinux",
        paths=DVD,
        texts={".treeinfo": treeinfo("AlmaLinux", "9.3", "BaseOS")},
        sizes_mb={"images/install.img": 800, "images/pxeboot/initrd.img": 90},
        title="AlmaLinux 9.3 boot (x86_64)",
        version="9.3",
        edition="boot",
        architecture="x86_64",
        boot="netinst",
        kernel="images/pxeboot/vmlinuz",
        initrds=("images/pxeboot/initrd.img",),
        cmdline="inst.stage2=http://192.0.2.1/x/ ip=dhcp",
        ram_mb=2140,
        unattended=(("kickstart", f"inst.stage2=http://192.0.2.1/x/ ip=dhcp {KICKSTART}"),),
    ),
    Layout(
        name="Fedora-Workstation-Live-x86_64-38-1.6.iso",
        family="fedora-live",
        paths="""EFI/BOOT/BOOTX64.EFI EFI/BOOT/grub.cfg LiveOS/squashfs.img boot/grub2/grub.cfg images/eltorito.img
            images/pxeboot/initrd.img images/pxeboot/vmlinuz""",
        sizes_mb={"LiveOS/squashfs.img": 1900, "images/pxeboot/initrd.img": 100},
        volume_id="Fedora-WS-Live-38-1-6",
        title="Fedora live 38 WS (x86_64)",
        version="38",
        edition="WS",
        architecture="x86_64",
        boot="live",
        kernel="images/pxeboot/vmlinuz",
        initrds=("images/pxeboot/initrd.img",),
        cmdline=f"root=live:http://192.0.2.1/x/LiveOS/squashfs.img {LIVE_WORDS}",
        ram_mb=4400,
    ),
    Layout(
        name="Fedora-Workstation-Live-44.x86_64.iso",
        family="fedora-live",
        paths="""EFI/BOOT/BOOTX64.EFI LiveOS/squashfs.img boot/grub2/grub.cfg boot/x86_64/loader/linux
            boot/x86_64/loader/initrd""",
        sizes_mb={"LiveOS/squashfs.img": 2300, "boot/x86_64/loader/initrd": 110},
        volume_id="Fedora-WS-Live-44",
        title="Fedora live 44 WS (x86_64)",
        version="44",
        edition="WS",
        architecture="x86_64",
        boot="live",
        kernel="boot/x86_64/loader/linux",
        initrds=("boot/x86_64/loader/initrd",),
        cmdline=f"root=live:http://192.0.2.1/x/LiveOS/squashfs.img {LIVE_WORDS}",
        ram_mb=5260,
    ),
    Layout(
        name="Rocky-9-Workstation-x86_64-latest.iso",
        family="dracut-live",
        paths="EFI/BOOT/BOOTX64.EFI LiveOS/squashfs.img images/pxeboot/initrd.img images/pxeboot/vmlinuz",
        sizes_mb={"LiveOS/squashfs.img": 1800, "images/pxeboot/initrd.img": 100},
        volume_id="Rocky-Workstation-9-4",
        title="Rocky 9.4 (x86_64)",
        version="9.4",
        architecture="x86_64",
        boot="live",
        kernel="images/pxeboot/vmlinuz",
        initrds=("images/pxeboot/initrd.img",),
        cmdline=f"root=live:http://192.0.2.1/x/LiveOS/squashfs.img {LIVE_WORDS}",
        ram_mb=4200,
    ),
    Layout(
        name="fedora-coreos-42.20250410.3.1-live-iso.x86_64.iso",
        family="fedora-coreos",
        paths="""EFI/BOOT/BOOTX64.EFI EFI/fedora/grub.cfg coreos/features.json coreos/igninfo.json coreos/kargs.json
            images/ignition.img images/pxeboot/initrd.img images/pxeboot/rootfs.img images/pxeboot/vmlinuz
            isolinux/isolinux.cfg zipl.prm""",
        sizes_mb={"images/pxeboot/rootfs.img": 850, "images/pxeboot/initrd.img": 90},
        volume_id="fedora-coreos-42.20250410.3.1",
        title="Fedora CoreOS 42.20250410.3.1 (x86_64)",
        version="42.20250410.3.1",
        architecture="x86_64",
        boot="live",
        kernel="images/pxeboot/vmlinuz",
        initrds=("images/pxeboot/initrd.img",),
        cmdline="ip=dhcp rd.neednet=1 coreos.live.rootfs_url=http://192.0.2.1/x/images/pxeboot/rootfs.img "
        "ignition.firstboot ignition.platform.id=metal",
        ram_mb=4096,
        unattended=(
            (
                "ignition",
                "ip=dhcp rd.neednet=1 coreos.live.rootfs_url=http://192.0.2.1/x/images/pxeboot/rootfs.img "
                "ignition.firstboot ignition.platform.id=metal ignition.config.url=http://192.0.2.1/a/config.ign",
            ),
        ),
    ),
    Layout(
        name="rhcos-live-iso.x86_64.iso",
        family="fedora-coreos",
        paths="""EFI/BOOT/BOOTX64.EFI coreos/features.json images/ignition.img images/pxeboot/initrd.img
            images/pxeboot/rootfs.img images/pxeboot/vmlinuz""",
        sizes_mb={"images/pxeboot/rootfs.img": 1900, "images/pxeboot/initrd.img": 100},
        volume_id="rhcos-418.94.202501221327-0",
        title="Red Hat CoreOS 418.94.202501221327-0 (x86_64)",
        version="418.94.202501221327-0",
        architecture="x86_64",
        boot="live",
        kernel="images/pxeboot/vmlinuz",
        initrds=("images/pxeboot/initrd.img",),
        cmdline="ip=dhcp rd.neednet=1 coreos.live.rootfs_url=http://192.0.2.1/x/images/pxeboot/rootfs.img "
        "ignition.firstboot ignition.platform.id=metal",
        ram_mb=4400,
        unattended=(
            (
                "ignition",
                "ip=dhcp rd.neednet=1 coreos.live.rootfs_url=http://192.0.2.1/x/images/pxeboot/rootfs.img "
                "ignition.firstboot ignition.platform.id=metal ignition.config.url=http://192.0.2.1/a/config.ign",
            ),
        ),
    ),
)
