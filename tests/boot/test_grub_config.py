"""GRUB configuration as distributions write it, and text that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.grub_config import MAX_ENTRIES, MenuEntry, parse_grub_config

UBUNTU = """
set timeout=30

loadfont unicode

set menu_color_normal=white/black

menuentry "Try or Install Ubuntu Server" {
	set gfxpayload=keep
	linux	/casper/vmlinuz  ---
	initrd	/casper/initrd
}
grub_platform
if [ "$grub_platform" = "efi" ]; then
menuentry 'Boot from next volume' {
	exit 1
}
else
menuentry 'Test memory' {
	linux16 /boot/memtest86+x64.bin
}
fi
"""
SUSE = """
if [ -n "$extra" ]; then source $extra; fi
with_fips=0
if [ "$grub_cpu" = "i386" -o "$grub_cpu" = "x86_64" ] ; then set linux=linux; set initrd=initrd ; fi
set root_options="root=live:CDLABEL=Install-Leap rd.live.image"
menuentry "Install Leap 16.0" --class os --unrestricted {
  set gfxpayload=keep
  echo Loading kernel...
  $linux ($root)/boot/x86_64/loader/linux ${root_options} \\
    fips=${with_fips} "quoted word"
  $initrd ($root)/boot/x86_64/loader/initrd
}
"""


def only(text: str) -> MenuEntry:
    (entry,) = parse_grub_config(text).entries
    return entry


def test_ubuntu() -> None:
    first, memtest = parse_grub_config(UBUNTU).entries
    assert first == MenuEntry("Try or Install Ubuntu Server", "casper/vmlinuz", ("casper/initrd",), "---")
    assert (memtest.title, memtest.kernel, memtest.initrds) == ("Test memory", "boot/memtest86+x64.bin", ())


def test_variables_devices_and_continued_lines() -> None:
    menu = parse_grub_config(SUSE)
    (entry,) = menu.entries
    assert entry.kernel == "boot/x86_64/loader/linux"
    assert entry.initrds == ("boot/x86_64/loader/initrd",)
    assert entry.cmdline == "root=live:CDLABEL=Install-Leap rd.live.image fips=0 quoted word"
    assert menu.includes == ()


@pytest.mark.parametrize(
    ("text", "cmdline"),
    [
        ("linux /k a=1\\;2 b", "a=1;2 b"),
        ("linux /k 'a;b' \"c{d}\"", "a;b c{d}"),
        ("linux /k a${x}b $y c", "ab c"),
        ("set x=1\nlinux /k a${x}b", "a1b"),
        ("x='1 2'\nlinux /k $x", "1 2"),
        ("linux /k a # comment", "a"),
        ("linux /k a#b", "a#b"),
        ("linux /k a; echo b", "a"),
        ("if true; then linux /k a; fi", "a"),
        ('linux /k "a \\"b\\" \\$c"', 'a "b" $c'),
        ("linux /k a\\\nb", "ab"),
        ("linux /k ", ""),
        ("linux (loop)/k iso-scan/filename=$iso_path", "iso-scan/filename="),
        ("linux /k a 'not closed", "a not closed"),
    ],
)
def test_how_words_are_read(text: str, cmdline: str) -> None:
    assert only(text) == MenuEntry("", "k", (), cmdline)


def test_several_initrds_and_multiboot_modules() -> None:
    assert only("linux /k\ninitrd /ucode.img /initrd.img").initrds == ("ucode.img", "initrd.img")
    xen = only("multiboot2 /boot/xen.gz dom0_mem=1G\nmodule2 /boot/vmlinuz console=hvc0\nmodule2 --nounzip /i")
    assert xen.is_multiboot
    assert (xen.kernel, xen.cmdline) == ("boot/xen.gz", "dom0_mem=1G")
    assert xen.initrds[0] == "boot/vmlinuz"


def test_files_it_reads_further() -> None:
    menu = parse_grub_config(
        "source /boot/grub/theme.cfg\nset p=/boot\nconfigfile ($root)$p/grub/real.cfg\nsource /boot/grub/theme.cfg"
    )
    assert menu.includes == ("boot/grub/theme.cfg", "boot/grub/real.cfg")


def test_many_entries() -> None:
    text = "".join(f"menuentry m{number} {{ linux /k{number} }}\n" for number in range(500))
    assert len(parse_grub_config(text).entries) == MAX_ENTRIES


def test_a_variable_that_grows_does_not() -> None:
    text = "set a=xxxxxxxxxx\n" + "set a=$a$a$a$a\n" * 60 + "linux /k $a"
    assert len(only(text).cmdline) <= 4096


WORDS = st.sampled_from(
    [
        "linux",
        "initrd",
        "menuentry",
        "set",
        "if",
        "then",
        "fi",
        "source",
        " ",
        "\n",
        "\t",
        "{",
        "}",
        ";",
        "'",
        '"',
        "\\",
        "$",
        "${",
        "a",
        "/k",
        "=",
        "#",
        "(",
        ")",
        "é",
        "\0",
        "multiboot",
    ]
)


@given(st.lists(WORDS, max_size=60).map("".join))
def test_any_text_is_a_menu(text: str) -> None:
    for entry in parse_grub_config(text).entries:
        assert entry.kernel
        assert not entry.kernel.startswith("/")


@given(st.text(max_size=200))
def test_any_characters_are_a_menu(text: str) -> None:
    parse_grub_config(text)
