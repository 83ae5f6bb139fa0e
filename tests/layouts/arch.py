"""Arch and its relatives, Alpine, NixOS, Gentoo, and systems that live in their initrd."""

from tests.image_listing import Layout

MAC = "BOOTIF=01-52-54-00-12-34-56"
ARCHISO = f"archisobasedir=arch archiso_http_srv=http://192.0.2.1/x/ ip=dhcp {MAC}"
RESCUE = f"archisobasedir=sysresccd archiso_http_srv=http://192.0.2.1/x/ ip=dhcp {MAC} checksum=y"
ALPINE = "ip=dhcp alpine_repo=http://192.0.2.1/x/apks modloop=http://192.0.2.1/x/boot/modloop-{0} modules=loop,squashfs"
TALOS = (
    "talos.platform=metal console=tty0 slab_nomerge pti=on init_on_alloc=1 init_on_free=1 consoleblank=0 "
    "printk.devkmsg=on"
)

LAYOUTS = (
    Layout(
        name="archlinux-2026.08.01-x86_64.iso",
        family="arch",
        paths="""arch/boot/x86_64/vmlinuz-linux arch/boot/x86_64/initramfs-linux.img arch/x86_64/airootfs.sfs
            arch/x86_64/airootfs.sfs.cms.sig arch/x86_64/airootfs.sha512 arch/pkglist.x86_64.txt boot/2026-08-01.uuid
            boot/memtest86+/memtest.efi loader/loader.conf EFI/BOOT/BOOTx64.EFI""",
        sizes_mb={"arch/x86_64/airootfs.sfs": 900, "arch/boot/x86_64/initramfs-linux.img": 150},
        volume_id="ARCH_202608",
        title="Arch Linux 2026.08 (x86_64)",
        version="2026.08",
        architecture="x86_64",
        boot="live",
        kernel="arch/boot/x86_64/vmlinuz-linux",
        initrds=("arch/boot/x86_64/initramfs-linux.img",),
        cmdline=ARCHISO,
        ram_mb=900 + 450 + 768,
        unattended=(("shell-script", f"{ARCHISO} script=http://192.0.2.1/a/script.sh"),),
    ),
    Layout(
        name="endeavouros-2024.iso",
        family="arch",
        paths="""arch/boot/x86_64/vmlinuz-linux arch/boot/x86_64/initramfs-linux.img arch/boot/intel-ucode.img
            arch/boot/amd-ucode.img arch/x86_64/airootfs.erofs""",
        sizes_mb={"arch/x86_64/airootfs.erofs": 4500},
        volume_id="ENDEAVOUROS_202409",
        title="EndeavourOS 202409 (x86_64)",
        version="202409",
        architecture="x86_64",
        boot="live",
        kernel="arch/boot/x86_64/vmlinuz-linux",
        initrds=("arch/boot/intel-ucode.img", "arch/boot/amd-ucode.img", "arch/boot/x86_64/initramfs-linux.img"),
        cmdline=ARCHISO,
        ram_mb=6000,
        unattended=(("shell-script", f"{ARCHISO} script=http://192.0.2.1/a/script.sh"),),
    ),
    Layout(
        name="systemrescue-11.03-amd64.iso",
        family="systemrescue",
        paths="""sysresccd/boot/x86_64/vmlinuz sysresccd/boot/x86_64/sysresccd.img sysresccd/boot/intel_ucode.img
            sysresccd/boot/amd_ucode.img sysresccd/x86_64/airootfs.sfs sysresccd/x86_64/airootfs.sha512
            sysresccd/pkglist.x86_64.txt boot/grub/grubsrcd.cfg""",
        texts={"sysresccd/VERSION": "11.03\n"},
        sizes_mb={"sysresccd/x86_64/airootfs.sfs": 750, "sysresccd/boot/x86_64/sysresccd.img": 50},
        volume_id="RESCUE1103",
        title="SystemRescue 11.03 (x86_64)",
        version="11.03",
        architecture="x86_64",
        boot="live",
        kernel="sysresccd/boot/x86_64/vmlinuz",
        initrds=(
            "sysresccd/boot/intel_ucode.img",
            "sysresccd/boot/amd_ucode.img",
            "sysresccd/boot/x86_64/sysresccd.img",
        ),
        cmdline=RESCUE,
        ram_mb=750 + 150 + 768,
        unattended=(("shell-script", f"{RESCUE} ar_source=http://192.0.2.1/a/ ar_nowait"),),
    ),
    Layout(
        name="manjaro-xfce-24.iso",
        family="manjaro",
        paths="""boot/vmlinuz-x86_64 boot/initramfs-x86_64.img boot/intel_ucode.img boot/amd_ucode.img
            manjaro/x86_64/rootfs.sfs manjaro/x86_64/desktopfs.sfs manjaro/x86_64/livefs.sfs""",
        sizes_mb={"manjaro/x86_64/rootfs.sfs": 1000, "manjaro/x86_64/desktopfs.sfs": 1500},
        volume_id="MANJARO_XFCE_2403",
        title="Manjaro 2403 XFCE (x86_64)",
        version="2403",
        edition="XFCE",
        architecture="x86_64",
        boot="live",
        kernel="boot/vmlinuz-x86_64",
        initrds=("boot/intel_ucode.img", "boot/amd_ucode.img", "boot/initramfs-x86_64.img"),
        cmdline=f"misobasedir=manjaro miso_http_srv=http://192.0.2.1/x/ ip=dhcp {MAC} driver=free",
        ram_mb=4548,
    ),
    Layout(
        name="alpine-standard-3.22.2-x86_64.iso",
        family="alpine",
        paths="""boot/vmlinuz-lts boot/initramfs-lts boot/modloop-lts boot/syslinux/syslinux.cfg boot/grub/grub.cfg
            apks/x86_64/APKINDEX.tar.gz apks/.boot_repository efi/boot/bootx64.efi""",
        texts={".alpine-release": "alpine-standard-3.22.2 251008\n"},
        sizes_mb={"boot/modloop-lts": 170, "boot/initramfs-lts": 28},
        volume_id="alpine-standard 3.22.2 x86_64",
        title="Alpine Linux 3.22.2 standard (x86_64)",
        version="3.22.2",
        edition="standard",
        architecture="x86_64",
        boot="diskless",
        kernel="boot/vmlinuz-lts",
        initrds=("boot/initramfs-lts",),
        cmdline=ALPINE.format("lts"),
        ram_mb=512,
        unattended=(("alpine-overlay", f"{ALPINE.format('lts')} apkovl=http://192.0.2.1/a/alpine.apkovl.tar.gz"),),
    ),
    Layout(
        name="alpine-virt-3.22.2-aarch64.iso",
        family="alpine",
        paths="boot/vmlinuz-virt boot/initramfs-virt boot/modloop-virt apks/aarch64/APKINDEX.tar.gz .alpine-release",
        volume_id="alpine-virt 3.22.2 aarch64",
        title="Alpine Linux 3.22.2 virt (arm64)",
        version="3.22.2",
        edition="virt",
        architecture="arm64",
        boot="diskless",
        firmware="UEFI",
        kernel="boot/vmlinuz-virt",
        initrds=("boot/initramfs-virt",),
        cmdline=ALPINE.format("virt"),
        ram_mb=512,
        unattended=(("alpine-overlay", f"{ALPINE.format('virt')} apkovl=http://192.0.2.1/a/alpine.apkovl.tar.gz"),),
    ),
    Layout(
        name="nixos-minimal-24.05-x86_64-linux.iso",
        family="nixos",
        paths="boot/bzImage boot/initrd nix-store.squashfs version.txt EFI/boot/grub.cfg isolinux/isolinux.cfg",
        volume_id="nixos-minimal-24.05-x86_64",
        title="NixOS 24.05 minimal (x86_64)",
        version="24.05",
        edition="minimal",
        architecture="x86_64",
        why_not="netboot.ipxe",
    ),
    Layout(
        name="install-amd64-minimal-20230101T164658Z.iso",
        family="gentoo",
        paths="image.squashfs boot/gentoo boot/gentoo.igz boot/System-gentoo.map grub/grub.cfg livecd",
        sizes_mb={"image.squashfs": 400, "boot/gentoo.igz": 20},
        volume_id="Gentoo amd64 20230101T164658Z",
        title="Gentoo 20230101 (x86_64)",
        version="20230101",
        architecture="x86_64",
        boot="live",
        kernel="boot/gentoo",
        initrds=("boot/gentoo.igz",),
        cmdline="root=/dev/ram0 init=/linuxrc loop=/image.squashfs looptype=squashfs cdroot=1",
        ram_mb=972,
    ),
    Layout(
        name="flatcar_production_iso_image.iso",
        family="flatcar",
        paths="flatcar/vmlinuz flatcar/cpio.gz isolinux/isolinux.cfg syslinux/syslinux.cfg EFI/boot/bootx64.efi",
        sizes_mb={"flatcar/cpio.gz": 400},
        title="Flatcar Container Linux (x86_64)",
        architecture="x86_64",
        boot="live",
        kernel="flatcar/vmlinuz",
        initrds=("flatcar/cpio.gz",),
        cmdline="flatcar.first_boot=1 flatcar.autologin",
        ram_mb=2048,
        unattended=(
            (
                "ignition",
                "flatcar.first_boot=1 flatcar.autologin ignition.config.url=http://192.0.2.1/a/config.ign",
            ),
        ),
    ),
    Layout(
        name="metal-amd64.iso",
        family="talos",
        paths="boot/vmlinuz boot/initramfs.xz",
        texts={
            "boot/grub/grub.cfg": 'menuentry "Talos ISO" {\n\tset gfxmode=auto\n'
            "\tlinux /boot/vmlinuz talos.platform=metal console=tty0\n\tinitrd /boot/initramfs.xz\n}\n"
        },
        volume_id="TALOS_V1_7_6",
        title="Talos Linux 1.7.6",
        version="1.7.6",
        boot="talos",
        kernel="boot/vmlinuz",
        initrds=("boot/initramfs.xz",),
        cmdline=TALOS,
        ram_mb=2048,
        unattended=(("talos", f"{TALOS} talos.config=http://192.0.2.1/a/config.yaml"),),
    ),
)
