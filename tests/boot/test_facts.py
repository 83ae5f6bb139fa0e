"""What an iPXE reports of its machine, and what a stranger may write in its place."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.facts import parse_facts, parse_grub_facts
from bootbeam.errors import DecodeError
from bootbeam.machine import Cpu, Firmware

FULL = (
    "mac=52-54-00-12-34-56/platform=efi/buildarch=x86_64/uuid=ec3a37b2-9c1e-4d2b-8a77-0123456789ab/"
    "manufacturer=QEMU/product=Standard PC (Q35 + ICH9, 2009)"
)


def test_everything_is_read() -> None:
    facts = parse_facts(FULL.split("/"))
    assert facts.mac == "52:54:00:12:34:56"
    assert facts.uuid == "ec3a37b2-9c1e-4d2b-8a77-0123456789ab"
    assert (facts.manufacturer, facts.product) == ("QEMU", "Standard PC (Q35 + ICH9, 2009)")
    assert (facts.machine.firmware, facts.machine.cpu, facts.machine.runs_ipxe) == (Firmware.UEFI, Cpu.X86_64, True)
    uuid = "uuid=ec3a37b2-9c1e-4d2b-8a77-0123456789ab"
    assert facts.steps == f"mac=52-54-00-12-34-56/platform=efi/buildarch=x86_64/{uuid}/"


def test_a_bios_build_says_i386_whatever_the_cpu() -> None:
    facts = parse_facts(["platform=pcbios", "buildarch=i386"])
    assert (facts.machine.firmware, facts.machine.cpu) == (Firmware.BIOS, Cpu.X86_64)


def test_a_slash_in_a_product_name_is_put_together_again() -> None:
    assert parse_facts(["platform=efi", "buildarch=x86_64", "product=B650", "B850 Board"]).product == "B650/B850 Board"


@pytest.mark.parametrize("steps", [[], ["platform=efi"], ["buildarch=x86_64"], ["platform=vax", "buildarch=x86_64"]])
def test_without_platform_and_buildarch_nothing_is_decided(steps: list[str]) -> None:
    with pytest.raises(DecodeError):
        parse_facts(steps)


@pytest.mark.parametrize("key", ["mac", "uuid", "chosen"])
@pytest.mark.parametrize("value", ["", "../../etc", "${net0/mac}", "a b", "x" * 80, "52-54-00"])
def test_odd_values_are_left_out(key: str, value: str) -> None:
    facts = parse_facts(["platform=efi", "buildarch=x86_64", f"{key}={value}"])
    allowed = {"chosen": ["52-54-00"]}.get(key, [])
    assert getattr(facts, key) == (value if value in allowed else None)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_nothing_of_a_strangers_reaches_the_next_url_unchecked(steps: list[str]) -> None:
    facts = parse_facts(["platform=efi", "buildarch=x86_64", *steps, "platform=efi", "buildarch=x86_64"])
    assert all(character.isascii() and (character.isalnum() or character in "=/-_") for character in facts.steps)
    assert facts.manufacturer.isprintable()


def test_what_is_told_once_is_told_again_when_an_entry_is_chosen() -> None:
    told = ["mac=52-54-00-12-34-56", "platform=efi", "buildarch=x86_64", "serial=A/B 1%", "hostname=desk-3.lan"]
    facts = parse_facts(told)
    assert (facts.serial, facts.hostname) == ("A/B 1%", "desk-3.lan")
    again = parse_facts(unquote(facts.steps.removesuffix("/")).split("/"))
    assert again == facts


@pytest.mark.parametrize("hostname", ["", "-a", "a b", "a/b", "x" * 65, "a\n"])
def test_a_host_name_that_is_none_is_left_out(hostname: str) -> None:
    assert parse_facts(["platform=efi", "buildarch=x86_64", f"hostname={hostname}"]).hostname is None


@pytest.mark.parametrize(
    ("path", "firmware", "cpu"),
    [
        ("mac=52:54:00:12:34:56/cpu=x86_64/platform=efi/lockdown=y", Firmware.UEFI, Cpu.X86_64),
        ("mac=52:54:00:12:34:56/cpu=i386/platform=efi/lockdown=", Firmware.UEFI, Cpu.I386),
        ("mac=52:54:00:12:34:56/cpu=i386/platform=pc/lockdown=", Firmware.BIOS, Cpu.X86_64),
        ("mac=52:54:00:12:34:56/cpu=loongarch64/platform=efi", Firmware.UEFI, Cpu.LOONG64),
    ],
)
def test_a_grub_says_it_in_its_own_words(path: str, firmware: Firmware, cpu: Cpu) -> None:
    facts = parse_grub_facts(path.split("/"))
    assert (facts.machine.firmware, facts.machine.cpu, facts.mac) == (firmware, cpu, "52:54:00:12:34:56")
    assert facts.machine.grub is not None
    assert facts.machine.grub.is_locked_down == ("lockdown=y" in path)
    assert not facts.machine.runs_ipxe


def test_a_grub_tells_what_it_can_and_what_came_of_it() -> None:
    facts = parse_grub_facts(
        ["chosen=xen", "multiboot=y", "mac=", "cpu=x86_64", "platform=efi", "lockdown=", "started=no"]
    )
    assert (facts.chosen, facts.mac, facts.did_not_start) == ("xen", None, True)
    assert facts.machine.grub is not None
    assert facts.machine.grub.has_multiboot


@pytest.mark.parametrize(
    "path", ["", "cpu=x86_64", "platform=efi", "platform=ieee1275/cpu=powerpc", "platform=efi/cpu=a b"]
)
def test_a_grub_without_platform_or_cpu_is_told_so(path: str) -> None:
    with pytest.raises(DecodeError, match="platform"):
        parse_grub_facts(path.split("/"))


@given(st.lists(st.text(max_size=40), max_size=12))
def test_whatever_a_grub_is_said_to_report_only_sound_facts_come_through(steps: list[str]) -> None:
    try:
        facts = parse_grub_facts([*steps, "platform=efi", "cpu=x86_64"])
    except DecodeError:
        return
    for text in (facts.buildarch, facts.chosen or "x", (facts.mac or "").replace(":", "")):
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")


@pytest.mark.parametrize(
    ("memory", "ram_mb"),
    [
        ("00-02.......", 512),
        ("00-10.00-10......", 8192),
        ("00-10..00-10.....", 8192),
        ("00-82.......", None),
        ("00-c0.......", 16),
        ("ff-7f.......", 32767),
        ("ff-ff.......", None),
        ("00-00.......", None),
        ("", None),
        ("zz-zz", None),
        ("00-10" * 9, None),
    ],
)
def test_memory_is_what_the_modules_hold(memory: str, ram_mb: int | None) -> None:
    facts = parse_facts(["platform=efi", "buildarch=x86_64", f"memory={memory}"])
    assert facts.ram_mb == ram_mb
    again = parse_facts(facts.steps.rstrip("/").split("/"))
    assert again.ram_mb == ram_mb, "the next question repeats it"
