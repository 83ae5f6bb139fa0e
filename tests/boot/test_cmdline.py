"""Command lines: what clients need of addresses, and what must be refused before a machine boots."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.boot.cmdline import BootValues, parse_template, render
from bootbeam.errors import UserError

STATION = "http://192.168.1.50:8080"
VALUES = BootValues(STATION, f"{STATION}/i/x.iso", f"{STATION}/t/", f"{STATION}/a/", mac="52:54:00:12:34:56")
AT_END = frozenset({"unattended", "extra"})


def rendered(text: str, unattended: str = "", extra: str = "", values: BootValues = VALUES) -> str:
    words = parse_template(unattended) if unattended else None
    return render(parse_template(text), values, words, extra, AT_END)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("quiet  splash", "quiet splash"),
        ("url={iso}", f"url={STATION}/i/x.iso"),
        ("fetch={tree}live/filesystem.squashfs ---", f"fetch={STATION}/t/live/filesystem.squashfs ---"),
        ("ds=nocloud-net;s={answers}", f"ds=nocloud-net;s={STATION}/a/"),
        ("h={tree_host} d=/{tree_path}", "h=192.168.1.50:8080 d=/t"),
        ("BOOTIF=01-{mac_hyphens}", "BOOTIF=01-52-54-00-12-34-56"),
        ("a={{b}}", "a={b}"),
        ("root=live:{tree}LiveOS/squashfs.img", f"root=live:{STATION}/t/LiveOS/squashfs.img"),
        ("station={station}", f"station={STATION}"),
    ],
)
def test_placeholders(text: str, line: str) -> None:
    assert rendered(text) == line


def test_words_come_where_they_are_named_else_at_the_end() -> None:
    assert rendered("a {unattended} {extra} ---", "auto url={answers}p", "x y") == f"a auto url={STATION}/a/p x y ---"
    assert rendered("a", "auto", "x") == "a auto x"
    assert rendered("a {extra} b", "auto", "x") == "a x b auto"
    assert rendered("a {unattended} b") == "a b"


def test_a_word_about_a_machine_that_is_not_known_is_left_out() -> None:
    assert rendered("a serial={serial} hostname={hostname} b") == "a b"
    known = BootValues(VALUES.station, VALUES.iso, VALUES.tree, serial="C02X", hostname="node7")
    assert rendered("a serial={serial} hostname={hostname} b", values=known) == "a serial=C02X hostname=node7 b"


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "a;reboot", "${mac}", "x" * 65, "", "a\nb", "a&b"])
def test_a_machine_cannot_put_words_into_its_command_line(serial: str) -> None:
    values = BootValues(VALUES.station, VALUES.iso, VALUES.tree, serial=serial)
    assert rendered("a s={serial}", values=values) == "a"


@pytest.mark.parametrize("name", ["answers", "rewritten", "nfs"])
def test_an_address_that_the_station_has_not_got(name: str) -> None:
    values = BootValues(VALUES.station, VALUES.iso, VALUES.tree)
    with pytest.raises(UserError, match=name):
        rendered(f"x={{{name}}}", values=values)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{isso}", r"did you mean \{iso\}"),
        ("{nothing_like_it_here}", "there is no placeholder"),
        ("{ISO}", "lower-case"),
        ("{iso", "single brace"),
        ("iso}", "single brace"),
        ("url={iso}?token=1", "what comes last"),
        ("url={tree}a.squashfs?x", "what comes last"),
        ("url={tree}a&b", "what comes last"),
        ("url={tree}a;b", "what comes last"),
        ("url={tree}$a", "what comes last"),
        ("url={iso}.gz", "only when its address ends so"),
        ("url={iso}/x", "only when its address ends so"),
        ("url={tree}/x", "ends in / already"),
        ("s={answers}/user-data", "ends in / already"),
        ("initrd=initrd.gz quiet", "writes initrd= itself"),
        ("talos.config=http://x/${uuid}", "iPXE's own"),
        ("a && b", "iPXE takes it"),
        ("a ; b", "iPXE takes it"),
        ("a # b", "iPXE takes it"),
        ("a={extra}", "whole words"),
        ("{unattended}x", "whole words"),
    ],
)
def test_what_would_fail_only_when_a_machine_boots(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_template(text)


@pytest.mark.parametrize(
    "iso",
    [
        "https://192.168.1.50/x.iso",
        "http://station.lan/x.iso",
        "http://192.168.1.50/x.iso?v=1",
        "http://192.168.1.50/x.img",
        "http://192.168.1.50/x.iso/",
        "http://192.168.1.50/a b.iso",
        "http://192.168.1.50/a&b.iso",
        "http://192.168.1.50/a;b.iso",
        "http://192.168.1.50/$x.iso",
        "http:///x.iso",
        "http://999.1.1.1/x.iso",
        "x.iso",
    ],
)
def test_addresses_that_some_client_cannot_use(iso: str) -> None:
    with pytest.raises(UserError, match="address"):
        BootValues(STATION, iso, f"{STATION}/t/")


@pytest.mark.parametrize("tree", ["http://192.168.1.50/t", "http://192.168.1.50", "http://192.168.1.50/t/?"])
def test_a_tree_without_its_slash(tree: str) -> None:
    with pytest.raises(UserError, match="ending in /"):
        BootValues(STATION, f"{STATION}/x.iso", tree)


def test_ipv6_addresses() -> None:
    station = "http://[fe80::1]:8080"
    assert BootValues(station, f"{station}/x.iso", f"{station}/t/").value("tree_host") == "[fe80::1]:8080"


@pytest.mark.parametrize("nfs", ["192.168.1.50", "host:/srv", "192.168.1.50:srv", "192.168.1.50:/a b", "1.2.3.4:/a;b"])
def test_what_is_no_nfs_export(nfs: str) -> None:
    with pytest.raises(UserError, match="NFS"):
        BootValues(STATION, f"{STATION}/x.iso", f"{STATION}/t/", nfs=nfs)


def test_words_of_a_person_that_ipxe_cannot_carry() -> None:
    with pytest.raises(UserError, match="cannot stand"):
        rendered("a", extra="b && c")


def test_names_of_the_image_are_encoded_and_stay_one_word() -> None:
    template = parse_template("fetch={tree}{squashfs}", frozenset({"squashfs"}))
    bound = template.bound({"squashfs": "live/a b;c.squashfs"})
    assert render(bound, VALUES) == f"fetch={STATION}/t/live/a%20b%3Bc.squashfs"


@given(st.text(max_size=60))
@settings(deadline=None)
def test_any_text_is_a_template_or_a_value_error(text: str) -> None:
    try:
        template = parse_template(text)
    except ValueError:
        return
    try:
        line = render(template, VALUES)
    except UserError:
        return
    assert "${" not in line
    assert not any(word in ("&&", "||", ";") or word.startswith("#") for word in line.split())
