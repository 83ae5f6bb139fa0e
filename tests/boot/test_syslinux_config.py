"""isolinux and syslinux configuration as distributions write it, and text that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.grub_config import MAX_ENTRIES, MenuEntry
from bootbeam.boot.syslinux_config import parse_syslinux_config

ANACONDA = """default vesamenu.c32
timeout 600
display boot.msg
label linux
  menu label ^Install Rocky Linux 9.4
  kernel vmlinuz
  append initrd=initrd.img inst.stage2=hd:LABEL=Rocky-9-4-x86_64-dvd quiet
label check
  menu label Test this ^media & install Rocky Linux 9.4
  menu default
  kernel vmlinuz
  append initrd=initrd.img inst.stage2=hd:LABEL=Rocky-9-4-x86_64-dvd rd.live.check quiet
menu separator
label memtest
  kernel memtest
label local
  localboot 0xffff
label reboot
  com32 reboot.c32
"""


def test_anaconda() -> None:
    menu = parse_syslinux_config(ANACONDA, "isolinux")
    install, check, memtest = menu.entries
    assert install == MenuEntry(
        "Install Rocky Linux 9.4",
        "isolinux/vmlinuz",
        ("isolinux/initrd.img",),
        "inst.stage2=hd:LABEL=Rocky-9-4-x86_64-dvd quiet",
    )
    assert check.kernel == install.kernel
    assert memtest.kernel == "isolinux/memtest"


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (
            "LABEL a\nKERNEL /live/vmlinuz\nAPPEND initrd=/live/initrd.img boot=live",
            ("live/vmlinuz", ("live/initrd.img",), "boot=live"),
        ),
        ("label a\n\tlinux\t/k\n\tinitrd\t/u.img,/i.img\n", ("k", ("u.img", "i.img"), "")),
        ("label a\nkernel ../boot/k\nappend initrd=../boot/i a  b", ("boot/k", ("boot/i",), "a b")),
        ("label a\nkernel k\nlinux l", ("isolinux/l", (), "")),
        ("label a\nlinux ..\\..\\..\\k", ("k", (), "")),
    ],
)
def test_paths_and_words(text: str, entry: tuple[str, tuple[str, ...], str]) -> None:
    (found,) = parse_syslinux_config(text, "isolinux").entries
    assert (found.kernel, found.initrds, found.cmdline) == entry


@pytest.mark.parametrize(
    "text",
    [
        "default two\nlabel one\nkernel k1\nlabel two\nkernel k2",
        "label one\nkernel k1\nlabel two\nmenu default\nkernel k2",
    ],
)
def test_the_default(text: str) -> None:
    entries = parse_syslinux_config(text, "").entries
    assert [entry.kernel for entry in entries if entry.is_default] == ["k2"]


def test_files_it_reads_further() -> None:
    menu = parse_syslinux_config("include menu.cfg\nmenu include stdmenu.cfg Advanced\nINCLUDE /boot/x.cfg", "isolinux")
    assert menu.includes == ("isolinux/menu.cfg", "isolinux/stdmenu.cfg", "boot/x.cfg")


def test_multiboot_by_mboot() -> None:
    text = "label xe\nkernel mboot.c32\nappend /boot/xen.gz dom0_mem=1G --- /boot/vmlinuz console=hvc0 --- /install.img"
    (entry,) = parse_syslinux_config(text, "boot/isolinux").entries
    assert entry == MenuEntry("xe", "boot/xen.gz", ("boot/vmlinuz", "install.img"), "dom0_mem=1G", is_multiboot=True)


def test_programs_that_are_no_kernels() -> None:
    text = "label a\nkernel chain.c32\nlabel b\nkernel pxelinux.0\nlabel c\nkernel mboot.c32\nappend -c boot.cfg"
    assert parse_syslinux_config(text, "").entries == ()


def test_many_labels() -> None:
    text = "".join(f"label l{number}\nkernel k{number}\n" for number in range(500))
    assert len(parse_syslinux_config(text, "").entries) == MAX_ENTRIES


WORDS = st.sampled_from(
    [
        "label",
        "LABEL a",
        "kernel",
        "linux k",
        "append",
        "initrd=",
        "initrd",
        "menu",
        "label",
        "default",
        "include",
        "---",
        "mboot.c32",
        " ",
        "\n",
        "\t",
        "/",
        "..",
        "\\",
        ",",
        "é",
        "\0",
    ]
)


@given(st.lists(WORDS, max_size=60).map("".join), st.sampled_from(["", "isolinux", "a/b"]))
def test_any_text_is_a_menu(text: str, directory: str) -> None:
    for entry in parse_syslinux_config(text, directory).entries:
        assert ".." not in entry.kernel.split("/")
