"""Questions of Debian's installer that answer files commonly answer, and those without whose answer it stops.

Source: Debian GNU/Linux Installation Guide, appendix B, and the templates of the installer's packages (Debian 12).
"""

TYPES = ("string", "boolean", "select", "multiselect", "note", "text", "password", "title", "error", "seen")

PASSWORD_CLEAR = ("passwd/root-password", "passwd/user-password")
PASSWORD_HASH = ("passwd/root-password-crypted", "passwd/user-password-crypted")
COMMANDS = ("preseed/early_command", "partman/early_command", "preseed/late_command")
INCLUDES = ("preseed/include", "preseed/include_command", "preseed/run")
"""More answers come from elsewhere, so that what is missing here may be there."""

STOPS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("debian-installer/locale", "debian-installer/language"), "language and country (or locale= on the command line)"),
    (("keyboard-configuration/xkb-keymap",), "the keyboard"),
    (("mirror/country", "mirror/http/hostname", "apt-setup/use_mirror"), "where packages come from"),
    (("passwd/root-password", "passwd/root-password-crypted", "passwd/root-login"), "the password of root"),
    (("passwd/username", "passwd/make-user"), "the user's name"),
    (("time/zone",), "the time zone"),
    (
        ("partman-auto/method", "partman-auto/init_automatically_partition", "partman-auto/expert_recipe"),
        "how to partition the disk",
    ),
    (("partman/confirm",), "whether to write to the disk"),
    (("partman/confirm_nooverwrite",), "whether to write to the disk"),
    (("tasksel/first", "pkgsel/run_tasksel"), "which collections of software to install"),
    (("grub-installer/bootdev", "grub-installer/only_debian", "grub-installer/skip"), "where GRUB goes"),
    (("finish-install/reboot_in_progress",), "whether to restart at the end"),
)
"""Any one of these, or the installer asks for that."""

TARGET_OWNERS = {"tasksel/first": "tasksel", "popularity-contest/participate": "popularity-contest"}
"""Questions asked within the installed system, which gets only the lines whose owner is not ``d-i``."""

KNOWN = frozenset(
    {
        *PASSWORD_CLEAR,
        *PASSWORD_HASH,
        *COMMANDS,
        *INCLUDES,
        *(question for questions, _ in STOPS for question in questions),
        *("debian-installer/country", "debian-installer/allow_unauthenticated"),
        *("debian-installer/add-kernel-opts", "debian-installer/exit/halt", "debian-installer/exit/poweroff"),
        *("debconf/priority", "localechooser/supported-locales", "keyboard-configuration/layoutcode"),
        *("keyboard-configuration/variantcode", "keyboard-configuration/toggle", "netcfg/choose_interface"),
        *("netcfg/get_hostname", "netcfg/get_domain", "netcfg/hostname", "netcfg/enable"),
        *("netcfg/disable_autoconfig", "netcfg/get_ipaddress", "netcfg/get_netmask", "netcfg/get_gateway"),
        *("netcfg/get_nameservers", "netcfg/confirm_static", "netcfg/wireless_wep", "netcfg/link_wait_timeout"),
        *("netcfg/dhcp_timeout", "hw-detect/load_firmware", "network-console/password"),
        *("network-console/start", "mirror/protocol", "mirror/http/directory", "mirror/http/proxy"),
        *("mirror/suite", "mirror/udeb/suite", "passwd/user-fullname", "passwd/user-uid"),
        *("passwd/user-default-groups", "passwd/root-password-again", "passwd/user-password-again"),
        *("clock-setup/utc", "clock-setup/ntp", "clock-setup/ntp-server", "partman-auto/disk"),
        *("partman-auto/choose_recipe", "partman-auto-lvm/guided_size", "partman-lvm/confirm"),
        *("partman-lvm/confirm_nooverwrite", "partman-lvm/device_remove_lvm", "partman-md/device_remove_md"),
        *("partman-md/confirm", "partman-partitioning/confirm_write_new_label", "partman/choose_partition"),
        *("partman/mount_style", "partman-efi/non_efi_system", "partman-auto-crypto/erase_disks"),
        *("partman-basicfilesystems/no_swap", "base-installer/install-recommends"),
        *("base-installer/kernel/image", "apt-setup/non-free", "apt-setup/contrib"),
        *("apt-setup/non-free-firmware", "apt-setup/services-select", "apt-setup/security_host"),
        *("apt-setup/cdrom/set-first", "apt-setup/disable-cdrom-entries"),
        *("apt-setup/enable-source-repositories", "apt-setup/local0/repository", "pkgsel/include"),
        *("pkgsel/upgrade", "pkgsel/update-policy", "pkgsel/updatedb", "popularity-contest/participate"),
        *("grub-installer/with_other_os", "grub-installer/password", "finish-install/keep-consoles"),
        *("cdrom-detect/eject", "anna/choose_modules", "lowmem/low", "preseed/url", "preseed/include/checksum"),
        *("auto-install/enable",),
    }
)
"""Enough of them to know a misspelt one."""
