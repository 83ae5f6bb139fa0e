"""Ways to boot that are not the usual one, what must stand beside the image, and images that tell lies."""

import pytest

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.matched import Boot, Match
from bootbeam.boot.recipe import Recipe, Source, Start
from bootbeam.boot.recipe_match import match
from bootbeam.boot.recipe_schema import parse_recipe
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import UserError
from bootbeam.library.recipe_files import load_recipes
from bootbeam.machine import Cpu, Firmware
from tests.image_listing import Layout, ListedImage
from tests.layouts.every import LAYOUTS

RECIPES = load_recipes()
VALUES = BootValues(
    station="http://192.0.2.1",
    iso="http://192.0.2.1/x.iso",
    tree="http://192.0.2.1:8080/x/y/",
    answers="http://192.0.2.1/a/",
)


def layout(name: str) -> Layout:
    (found,) = [one for one in LAYOUTS if one.name.startswith(name)]
    return found


def matched(name: str, station: ListedImage | None = None) -> Match:
    found = match(layout(name).image(), RECIPES, station)
    assert found is not None
    return found


def boot_of(found: Match, firmware: Firmware, name: str | None = None) -> Boot:
    boot = found.boot_for(firmware, name)
    assert boot is not None
    return boot


def names_of(boot: Boot) -> list[str]:
    return [boot.kernel.name, *(file.name for file in boot.files)]


class TestUbuntu:
    def test_the_newer_kernel_goes_with_its_own_initrd_and_only_when_asked_for(self) -> None:
        found = matched("ubuntu-20.04.3")
        assert boot_of(found, Firmware.BIOS).kernel.path == "casper/vmlinuz"
        newer = boot_of(found, Firmware.UEFI, "hwe")
        assert (newer.kernel.path, newer.files[0].path) == ("casper/hwe-vmlinuz", "casper/hwe-initrd")
        assert newer.is_on_request
        assert newer.ram_mb == 1203 + 3 * 86 + 1536

    def test_an_image_without_the_newer_kernel_does_not_offer_it(self) -> None:
        assert matched("ubuntu-22.04.1").boot_for(Firmware.BIOS, "hwe") is None

    def test_the_way_that_needs_least_memory_is_taken(self) -> None:
        found = matched("ubuntu-24.04.4-live-server-amd64")
        usual, plain = boot_of(found, Firmware.BIOS), boot_of(found, Firmware.BIOS, "plain")
        assert usual.ram_mb is not None
        assert plain.ram_mb == 2 * (3286 + 210) + 512
        assert usual.ram_mb < plain.ram_mb
        assert found.boots[0] == usual

    def test_the_download_may_fill_nine_tenths_of_memory(self) -> None:
        (hook,) = boot_of(matched("ubuntu-22.04.1"), Firmware.BIOS).inject
        assert hook.at == "conf/conf.d/bootbeam"
        assert hook.content.text == "mount -o remount,size=90% /\n"
        assert boot_of(matched("ubuntu-22.04.1"), Firmware.BIOS, "plain").inject == ()

    def test_nfs_for_machines_with_little_memory(self) -> None:
        boot = boot_of(matched("ubuntu-18.04.6"), Firmware.BIOS, "nfs")
        with pytest.raises(UserError, match="nfs"):
            boot.render_cmdline(VALUES)
        with_nfs = BootValues(VALUES.station, VALUES.iso, VALUES.tree, nfs="192.0.2.9:/srv/focal")
        assert boot.render_cmdline(with_nfs) == "boot=casper ip=dhcp netboot=nfs nfsroot=192.0.2.9:/srv/focal ---"

    def test_a_desktop_of_the_old_installer_takes_no_autoinstall(self) -> None:
        assert matched("ubuntu-20.10-desktop").unattended_formats == ()
        assert matched("ubuntu-24.04.4-desktop").unattended_formats == (UnattendedFormat.AUTOINSTALL,)

    def test_words_of_a_person_come_before_the_three_dashes(self) -> None:
        cmdline = boot_of(matched("ubuntu-22.04.1"), Firmware.BIOS).render_cmdline(VALUES, extra="console=ttyS0")
        assert cmdline.endswith(" cloud-config-url=/dev/null console=ttyS0 ---")


class TestDebian:
    NETBOOT = "usr/lib/debian-installer/images/{0}/amd64/text/debian-installer/amd64/"

    def station(self, release: int) -> ListedImage:
        directory = self.NETBOOT.format(release)
        return ListedImage("", sizes_mb={f"{directory}linux": 8, f"{directory}initrd.gz": 38})

    def test_the_netboot_files_of_the_same_release_are_taken_from_the_station(self) -> None:
        found = matched("debian-12.0.0", self.station(12))
        boot = boot_of(found, Firmware.UEFI)
        assert found.why_not == ""
        assert (boot.kernel.source, boot.kernel.name) == (Source.STATION, "linux")
        assert boot.kernel.path == "/" + self.NETBOOT.format(12) + "linux"
        assert boot.files[0].size_bytes == 38 << 20
        assert boot.render_cmdline(VALUES, boot.unattended_for(UnattendedFormat.PRESEED), "console=ttyS0") == (
            "auto=true priority=critical netcfg/get_nameservers= preseed/url=http://192.0.2.1/a/preseed.cfg "
            "console=ttyS0 ---"
        )

    def test_those_of_another_release_are_not(self) -> None:
        found = matched("debian-13.6.0", self.station(12))
        assert found.boots == ()
        assert "apt-get install debian-installer-13-netboot-amd64" in found.why_not

    def test_a_dvd_can_be_its_own_mirror(self) -> None:
        boot = boot_of(matched("debian-12.0.0", self.station(12)), Firmware.BIOS, "netboot-from-medium")
        cmdline = boot.render_cmdline(VALUES)
        assert "mirror/http/hostname=192.0.2.1:8080 mirror/http/directory=/x/y " in cmdline
        assert matched("debian-13.6.0", self.station(13)).boot_for(Firmware.BIOS, "netboot-from-medium") is None

    def test_of_several_kernels_the_one_in_the_images_own_menu_is_taken(self) -> None:
        paths = """live/filesystem.squashfs live/vmlinuz-6.1.0-9-amd64 live/initrd.img-6.1.0-9-amd64
            live/vmlinuz-6.1.0-31-amd64 live/initrd.img-6.1.0-31-amd64"""
        info = {".disk/info": "Debian GNU/Linux 12.1.0"}
        newest = match(ListedImage(paths, info), RECIPES)
        assert newest is not None
        assert newest.boots[0].kernel.path == "live/vmlinuz-6.1.0-31-amd64"
        menu = "LABEL live\n  KERNEL /live/vmlinuz-6.1.0-9-amd64\n  APPEND initrd=/live/initrd.img-6.1.0-9-amd64\n"
        asked = match(ListedImage(paths, {**info, "isolinux/isolinux.cfg": menu}), RECIPES)
        assert asked is not None
        assert asked.boots[0].kernel.path == "live/vmlinuz-6.1.0-9-amd64"
        assert asked.boots[0].files[0].path == "live/initrd.img-6.1.0-9-amd64"

    def test_a_kernel_without_its_initrd_is_passed_over(self) -> None:
        paths = "live/filesystem.squashfs live/vmlinuz-6.9-amd64 live/vmlinuz-6.1-amd64 live/initrd.img-6.1-amd64"
        found = match(ListedImage(paths, {".disk/info": "Debian GNU/Linux 12"}), RECIPES)
        assert found is not None
        assert found.boots[0].kernel.path == "live/vmlinuz-6.1-amd64"


class TestWindows:
    STATION = ListedImage("usr/local/share/bootbeam/wimboot")

    def test_uefi_needs_only_boot_wim(self) -> None:
        boot = boot_of(matched("Win11", self.STATION), Firmware.UEFI)
        assert (boot.start, names_of(boot)) == (Start.WIMBOOT, ["wimboot", "boot.wim"])
        assert boot.kernel.path == "/usr/local/share/bootbeam/wimboot"
        assert boot.ram_mb == 1624

    def test_bios_needs_the_boot_manager_too(self) -> None:
        boot = boot_of(matched("Win11", self.STATION), Firmware.BIOS)
        assert names_of(boot) == ["wimboot", "bootmgr", "bcd", "boot.sdi", "boot.wim"]
        assert boot.files[3].path == "sources/boot.wim"

    def test_answers_are_put_beside_it_and_the_share_is_not_kept_quiet(self) -> None:
        boot = boot_of(matched("Win11", self.STATION), Firmware.UEFI)
        (answers,) = boot.unattended
        assert [one.at for one in answers.inject] == ["autounattend.xml", "winpeshl.ini"]
        assert answers.inject[0].content.source is Source.ANSWERS
        assert "share" in answers.note

    def test_without_wimboot_it_is_said_where_it_comes_from(self) -> None:
        assert "https://github.com/ipxe/wimboot/releases" in matched("Win11", ListedImage("usr/bin/ls")).why_not


class TestHypervisors:
    def test_xens_efi_program_finds_its_files_by_the_names_ipxe_gives_them(self) -> None:
        boot = boot_of(matched("a directory with Debian's Xen"), Firmware.UEFI)
        assert names_of(boot) == ["xen.efi", "xen.cfg", "vmlinuz", "initrd.img"]
        configuration = boot.files[0].text
        assert "kernel=vmlinuz console=tty0 console=hvc0\nramdisk=initrd.img\n" in configuration
        assert boot.files[1].path == "boot/vmlinuz-6.1.0-31-amd64"
        assert boot.files[2].path == "boot/initrd.img-6.1.0-31-amd64"

    def test_on_bios_the_words_of_a_person_go_to_dom0s_kernel(self) -> None:
        boot = boot_of(matched("a directory with Debian's Xen"), Firmware.BIOS)
        assert boot.render_cmdline(VALUES, extra="quiet") == "dom0_mem=1024M com1=115200,8n1 console=vga,com1"
        kernel, initrd = boot.files
        assert boot.render_arguments(kernel, VALUES, extra="quiet") == "console=tty0 console=hvc0 quiet"
        assert boot.render_arguments(initrd, VALUES, extra="quiet") == ""

    def test_xenserver_asks_for_its_answers_on_dom0s_command_line(self) -> None:
        boot = boot_of(matched("XenServer"), Firmware.BIOS)
        answers = boot.unattended_for(UnattendedFormat.XENSERVER)
        assert boot.render_arguments(boot.files[0], VALUES, answers) == (
            "xencons=hvc console=hvc0 console=tty0 answerfile=http://192.0.2.1/a/answer.xml install"
        )

    def test_esxis_answers_go_into_the_file_that_is_rewritten(self) -> None:
        boot = boot_of(matched("VMware-VMvisor-Installer-7"), Firmware.UEFI)
        answers = boot.unattended_for(UnattendedFormat.KICKSTART)
        assert dict(boot.rewrite) == {"boot.cfg": "esxi-boot-cfg"}
        assert boot.render_options(VALUES, answers, "quiet") == "ks=http://192.0.2.1/a/ks.cfg quiet"
        with pytest.raises(UserError, match="rewritten"):
            boot.render_cmdline(VALUES)

    def test_bitvisors_loader_is_given_the_hypervisor_under_the_name_it_asks_for(self) -> None:
        found = match(ListedImage("bitvisor.elf loadbitvisor.efi"), RECIPES)
        assert found is not None
        assert names_of(boot_of(found, Firmware.UEFI)) == ["loadbitvisor.efi", "bitvisor.elf"]
        assert boot_of(found, Firmware.BIOS).start is Start.MULTIBOOT
        alone = match(ListedImage("bitvisor.elf"), RECIPES)
        assert alone is not None
        assert alone.boot_for(Firmware.UEFI) is None

    def test_proxmox_finds_its_whole_image_inside_the_initrd(self) -> None:
        (image,) = boot_of(matched("proxmox-ve_9.2-1.iso"), Firmware.UEFI).inject
        assert (image.at, image.content.source) == ("proxmox.iso", Source.WHOLE_IMAGE)
        assert image.content.size_bytes == 1700 << 20

    def test_a_proxmox_image_stripped_for_pxe_says_what_is_missing(self) -> None:
        found = match(ListedImage("pve-base.squashfs", {".disk/info": "PRODUCTLONG='Proxmox VE'\n"}), RECIPES)
        assert found is not None
        assert found.family == "proxmox"
        assert "boot/linux26" in found.why_not


class TestOthers:
    def test_gentoos_system_is_a_file_inside_its_initrd(self) -> None:
        (system,) = boot_of(matched("install-amd64-minimal"), Firmware.BIOS).inject
        assert (system.at, system.content.path, system.content.size_bytes) == (
            "image.squashfs",
            "image.squashfs",
            400 << 20,
        )

    def test_coreos_overwrites_a_disk_only_when_a_person_names_it(self) -> None:
        found = matched("fedora-coreos-42")
        install = boot_of(found, Firmware.BIOS, "install")
        assert install.is_on_request
        answers = install.unattended_for(UnattendedFormat.IGNITION)
        assert answers is not None
        assert "install_dev" not in install.render_cmdline(VALUES, answers)
        assert "--cmdline coreos.inst.install_dev=/dev/DISK" in answers.note

    def test_a_machine_whose_card_is_not_known_gets_no_bootif(self) -> None:
        cmdline = boot_of(matched("archlinux"), Firmware.BIOS).render_cmdline(VALUES)
        assert cmdline == "archisobasedir=arch archiso_http_srv=http://192.0.2.1:8080/x/y/ ip=dhcp"

    def test_a_relative_with_the_same_files_is_not_taken_for_debian(self) -> None:
        found = match(ListedImage("install.amd/vmlinuz", {".disk/info": 'Devuan GNU/Linux 5 "Daedalus"'}), RECIPES)
        assert found is None


def recipe(text: str) -> Recipe:
    return parse_recipe(text, "test.toml")


SIMPLE = """
family = "{family}"
name = "{family}"
[recognize]
paths = {paths}
{more}
[[boot]]
name = "live"
kernel = "boot/vmlinuz"
"""


def simple(family: str, *paths: str, more: str = "") -> Recipe:
    return recipe(SIMPLE.format(family=family, paths=str(list(paths)).replace("'", '"'), more=more))


class TestWhichRecipe:
    IMAGE = ListedImage("boot/vmlinuz a b c")

    def family(self, *recipes: Recipe) -> str | None:
        found = match(self.IMAGE, recipes)
        return found.family if found else None

    def test_the_one_that_asks_most_is_taken(self) -> None:
        assert self.family(simple("one", "a"), simple("two", "a", "b"), simple("three", "c")) == "two"

    def test_instead_of_counts_more_than_the_number_of_conditions(self) -> None:
        special = simple("special", "a", more='instead_of = ["usual"]')
        assert self.family(simple("usual", "a", "b", "c"), special) == "special"

    def test_the_order_of_the_recipes_does_not_matter(self) -> None:
        one, two = simple("one", "a"), simple("two", "b")
        assert self.family(one, two) == self.family(two, one) == "one"

    def test_a_medium_label_is_a_condition(self) -> None:
        labelled = simple("labelled", "a", more="volume_id = '^ARCH_'")
        assert match(ListedImage("a boot/vmlinuz", volume_id="ARCH_202608"), [labelled]) is not None
        assert match(ListedImage("a boot/vmlinuz", volume_id="MARCH_1"), [labelled]) is None

    def test_letters_case_does_not_matter(self) -> None:
        found = match(ListedImage("BOOT/VMLINUZ A"), [simple("one", "a")])
        assert found is not None
        assert found.boots[0].kernel.path.casefold() == "boot/vmlinuz"


class TestLies:
    """An image is somebody else's: what it says must not reach a command line as more than a harmless word."""

    RECIPE = recipe("""
family = "liar"
name = "Liar"
[recognize]
paths = ["info"]
[[facts]]
file = "info"
matches = '^version (?P<version>.*)$'
[[facts]]
file = "info"
matches = '^arch (?P<architecture>.*)$'
[files]
data = "data/*"
[[boot]]
name = "live"
kernel = "k"
cmdline = "fetch={tree}{data} version={version}"
""")

    def match(self, version: str, data: str = "data/a") -> Match:
        info = f"version {version}\narch x86_64 init=/bin/sh\n"
        found = match(ListedImage("k", {"info": info, data: "x"}), [self.RECIPE])
        assert found is not None
        return found

    def test_a_version_that_is_none_is_not_kept(self) -> None:
        for version in ("1 ; reboot", "1${mac}", "1\tinit=/bin/sh", "x" * 65, "", "../../etc", "1\x1b[2J"):
            found = self.match(version)
            assert found.version == ""
            assert "does not tell {version}" in found.why_not

    def test_an_architecture_that_nobody_knows_is_none(self) -> None:
        found = self.match("1.0")
        assert found.architecture is None
        assert "architecture" not in found.facts

    def test_spaces_in_a_fact_become_no_words_of_their_own(self) -> None:
        assert self.match("1.0 init=x").version == ""
        assert self.match("1.0 beta").boots[0].render_cmdline(VALUES).endswith(" version=1.0%20beta")

    def test_odd_names_of_files_are_percent_encoded(self) -> None:
        cmdline = self.match("1.0", "data/a b;&$(reboot)?é.iso").boots[0].render_cmdline(VALUES)
        assert cmdline == ("fetch=http://192.0.2.1:8080/x/y/data/a%20b%3B%26%24%28reboot%29%3F%C3%A9.iso version=1.0")

    def test_text_that_is_not_utf_8_does_no_harm(self) -> None:
        found = match(ListedImage("k data/a", {"info": b"\xff\xfe version \x00\nversion 2.0\n"}), [self.RECIPE])
        assert found is not None
        assert found.version == "2.0"

    def test_architecture_words(self) -> None:
        for word, cpu in (("amd64", Cpu.X86_64), ("AARCH64", Cpu.ARM64), ("i686", Cpu.I386), ("s390x", None)):
            found = match(ListedImage("k data/a", {"info": f"arch {word}\n"}), [self.RECIPE])
            assert found is not None
            assert found.architecture is cpu
