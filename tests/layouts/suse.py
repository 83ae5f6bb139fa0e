"""SUSE, in its three generations of installers."""

from tests.image_listing import Layout

LINUXRC = """
.treeinfo CHECKSUMS CHECKSUMS.asc EFI/BOOT/bootx64.efi EFI/BOOT/grub.cfg boot/x86_64/bind boot/x86_64/common
boot/x86_64/config boot/x86_64/efi boot/x86_64/loader/initrd boot/x86_64/loader/isolinux.cfg boot/x86_64/loader/linux
boot/x86_64/rescue boot/x86_64/root media.1/media media.1/products
"""
AGAMA = """
EFI/BOOT/bootx64.efi EFI/BOOT/grub.cfg LiveOS/squashfs.img boot/grub2/earlyboot.cfg boot/grub2/loopback.cfg boot/mbrid
boot/x86_64/loader/efiboot.img boot/x86_64/loader/initrd boot/x86_64/loader/linux
"""
INSTALL = "install=http://192.0.2.1/x/ netsetup=dhcp"
LIVE = "root=live:http://192.0.2.1/x/LiveOS/squashfs.img rd.neednet=1 ip=dhcp"


def linuxrc(name: str, volume_id: str, title: str, version: str, treeinfo: str = "") -> Layout:
    return Layout(
        name=name,
        family="suse-linuxrc",
        paths=LINUXRC,
        texts={".treeinfo": treeinfo} if treeinfo else {},
        volume_id=volume_id,
        title=f"{title} {version} (x86_64)",
        version=version,
        architecture="x86_64",
        boot="install",
        kernel="boot/x86_64/loader/linux",
        initrds=("boot/x86_64/loader/initrd",),
        cmdline=INSTALL,
        ram_mb=1536,
        unattended=(("autoyast", f"{INSTALL} autoyast=http://192.0.2.1/a/autoinst.xml"),),
    )


def agama(name: str, menu: str, title: str, paths: str, boot: str, words: str) -> Layout:
    return Layout(
        name=name,
        family="suse-agama",
        paths=f"{AGAMA} {paths}",
        texts={"boot/grub2/grub.cfg": menu},
        sizes_mb={"LiveOS/squashfs.img": 900, "boot/x86_64/loader/initrd": 120},
        title=f"{title} (x86_64)",
        version="16.0",
        architecture="x86_64",
        boot=boot,
        kernel="boot/x86_64/loader/linux",
        initrds=("boot/x86_64/loader/initrd",),
        cmdline=f"{LIVE}{words}",
        ram_mb=4096,
        unattended=(("agama", f"{LIVE}{words} inst.auto=http://192.0.2.1/a/profile.json"),),
    )


LAYOUTS = (
    linuxrc("openSUSE-Leap-15.5-DVD-x86_64-Media.iso", "openSUSE-Leap-15.5-DVD-x86_64491", "openSUSE-Leap", "15.5"),
    linuxrc("SLE-15-SP6-Full-x86_64-GM-Media1.iso", "SLE-15-SP6-Full-x86_647015.001", "SLE", "15.6"),
    linuxrc("SLE-Micro-5.5-DVD-x86_64-GM-Media1.iso", "SLE-Micro-5.5-DVD-x86_64-Build32", "SLE-Micro", "5.5"),
    linuxrc(
        "openSUSE-Tumbleweed-DVD-x86_64-Current.iso",
        "openSUSE-Tumbleweed-DVD-x86_6420",
        "openSUSE-Tumbleweed",
        "20260801",
        "[general]\nname = openSUSE Tumbleweed\nversion = 20260801\n",
    ),
    agama(
        "Leap-16.0-offline-installer-x86_64.install.iso",
        'menuentry "Install Leap 16.0" --class os {\n $linux ($root)/boot/x86_64/loader/linux root=live:CDLABEL=X\n}',
        "Leap 16.0",
        "install/.treeinfo install/CHECKSUMS .signature",
        "install",
        " inst.install_url=http://192.0.2.1/x/install",
    ),
    agama(
        "agama-installer.x86_64-16.0-openSUSE.iso",
        'set title="Agama"\nmenuentry "Install openSUSE Leap 16.0" { true; }',
        "openSUSE Leap 16.0",
        "",
        "netinst",
        "",
    ),
    Layout(
        name="SL-Micro.x86_64-6.1-Default-SelfInstall-GM.install.iso",
        family="suse-selfinstall",
        paths="""EFI/BOOT/bootx64.efi SL-Micro.raw.squashfs boot/grub2/grub.cfg boot/x86_64/loader/initrd
            boot/x86_64/loader/linux config.isoclient initrd.system_image""",
        title="SUSE self-install image SL-Micro (x86_64)",
        edition="SL-Micro",
        architecture="x86_64",
        why_not=".install.tar.xz",
    ),
)
