"""boot.cfg of ESXi, as mboot reads it over HTTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.esxi_config import rewrite_boot_cfg
from bootbeam.errors import UserError

MEDIUM = """bootstate=0
title=Loading ESXi installer
timeout=5
prefix=
kernel=/b.b00
kernelopt=runweasel cdromBoot
modules=/jumpstrt.gz --- /useropts.gz --- /k.b00
build=7.0.3-0.35.19482537
updated=0
"""


def test_names_lose_their_slash_and_get_a_prefix() -> None:
    assert rewrite_boot_cfg(MEDIUM, "http://192.0.2.1/x/", "ks=http://192.0.2.1/a/ks.cfg") == (
        "bootstate=0\n"
        "title=Loading ESXi installer\n"
        "timeout=5\n"
        "kernel=b.b00\n"
        "kernelopt=runweasel ks=http://192.0.2.1/a/ks.cfg\n"
        "modules=jumpstrt.gz --- useropts.gz --- k.b00\n"
        "build=7.0.3-0.35.19482537\n"
        "updated=0\n"
        "prefix=http://192.0.2.1/x\n"
    )


def test_without_answers_the_installer_asks() -> None:
    assert "\nkernelopt=runweasel\n" in rewrite_boot_cfg(MEDIUM, "http://192.0.2.1/x/")


def test_upper_case_and_line_ends_of_plain_iso_9660() -> None:
    text = rewrite_boot_cfg("KERNEL=/TBOOT.B00\r\nMODULES=/B.B00 --- /K.B00\r\n", "http://192.0.2.1/x", "ks=u")
    assert text == "KERNEL=TBOOT.B00\nMODULES=B.B00 --- K.B00\nkernelopt=ks=u\nprefix=http://192.0.2.1/x\n"


def test_a_file_that_is_no_boot_cfg() -> None:
    with pytest.raises(UserError, match="no kernel= line"):
        rewrite_boot_cfg("<html>", "http://192.0.2.1/x")


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    try:
        written = rewrite_boot_cfg(text, "http://192.0.2.1/x")
    except UserError:
        return
    assert written.endswith("\nprefix=http://192.0.2.1/x\n")
    assert sum(line.lower().startswith("prefix=") for line in written.split("\n")) == 1
