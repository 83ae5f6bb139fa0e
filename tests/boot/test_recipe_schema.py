"""Recipe files: what they may say, and how a mistake is told."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.recipe import Recipe, Rewrite, Source, Start
from bootbeam.boot.recipe_schema import parse_recipe
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import UserError
from bootbeam.machine import Firmware

START = """family = "acme"
name = "Acme Linux"
[recognize]
paths = ["acme/kernel"]
"""
BOOT = """[[boot]]
name = "live"
kernel = "acme/kernel"
"""


def parsed(text: str) -> Recipe:
    return parse_recipe(text, "acme.toml")


def problem(text: str) -> str:
    with pytest.raises(UserError) as raised:
        parsed(text)
    assert raised.value.fix
    return raised.value.what


def test_the_smallest_recipe() -> None:
    recipe = parsed(START + BOOT)
    assert (recipe.family, recipe.name, recipe.origin) == ("acme", "Acme Linux", "acme.toml")
    assert recipe.layout_only
    (boot,) = recipe.boots
    assert boot.start is Start.LINUX
    assert boot.firmware == {Firmware.BIOS, Firmware.UEFI}
    assert not boot.is_on_request


def test_everything_a_boot_can_say() -> None:
    recipe = parsed(
        START
        + """
[files]
data = "acme/data"
[[facts]]
file = "acme/version"
matches = '(?P<version>[0-9.]+) (?P<edition>[a-z]+)'
[[facts]]
volume_id = 'ACME_(?P<build>[0-9]+)'
[[facts]]
path = "acme/{architecture}/x"
set = { port = "p" }
[[boot]]
name = "live"
title = "Live"
version = ">=1.2, <3"
when = { edition = "server", port = "p" }
firmware = ["UEFI"]
if_paths = ["acme/{flavour}.img"]
if_no_paths = ["acme/broken"]
kernel = { path = "acme/kernel | acme/vmlinuz", name = "linux" }
initrds = [
  "acme/{flavour}.img",
  { path = "acme/extra.img", optional = true, name = "extra" },
  { name = "start.cfg", text = "one\\ntwo\\n" },
]
inject = [
  { at = "/etc/start", text = "hello\\n", mode = 0o755 },
  { at = "image", source = "whole-image" },
  { at = "inner/data", path = "acme/data" },
]
cmdline = "root={tree}{data} build={build} flavour={flavour} {unattended} {extra} ---"
ram_mb = "data + 512"
ram_note = "much"
[[boot]]
like = "live"
name = "other"
firmware = []
on_request = true
[[unattended]]
format = "preseed"
boots = ["live"]
cmdline = "auto url={answers}p.cfg"
files = ["p.cfg"]
note = "see"
inject = [{ at = "preseed.cfg", answers = "p.cfg" }]
"""
    )
    live, other = recipe.boots
    assert live.firmware == {Firmware.UEFI}
    assert live.version.at_least == (1, 2)
    assert dict(live.facts) == {"edition": "server", "port": "p"}
    assert live.kernel.name == "linux"
    assert [one.source for one in live.files] == [Source.IMAGE, Source.IMAGE, Source.TEXT]
    assert live.files[1].is_optional
    assert live.files[2].text == "one\ntwo\n"
    assert [(one.at, one.mode, one.content.source) for one in live.inject] == [
        ("etc/start", 0o755, Source.TEXT),
        ("image", 0o644, Source.WHOLE_IMAGE),
        ("inner/data", 0o644, Source.IMAGE),
    ]
    assert live.ram is not None
    assert live.ram.ram_mb({"data": 1 << 20}) == 513
    assert (other.name, other.title, other.cmdline, other.is_on_request) == ("other", "Live", live.cmdline, True)
    assert other.firmware == {Firmware.BIOS, Firmware.UEFI}
    (answers,) = recipe.unattended
    assert (answers.format, answers.files) == (UnattendedFormat.PRESEED, ("p.cfg",))
    assert answers.inject[0].content.source is Source.ANSWERS


def test_a_recipe_may_only_explain_why_nothing_boots() -> None:
    recipe = parsed('cannot_boot_from_network = "it wants its CD"\n' + START)
    (refusal,) = recipe.refusals
    assert refusal.why == "it wants its CD"
    assert not refusal.version


def test_refusals_for_some_releases_only() -> None:
    text = START + BOOT + '[[cannot_boot_from_network]]\nversion = "<3"\nwhy = "too old"\n'
    assert parsed(text).refusals[0].version.below == (3,)


def test_multiboot_and_efi_have_their_firmware() -> None:
    assert parsed(START + BOOT + 'start = "multiboot"').boots[0].firmware == {Firmware.BIOS}
    assert parsed(START + BOOT + 'start = "efi"').boots[0].firmware == {Firmware.UEFI}


def test_modules_have_command_lines_of_their_own() -> None:
    text = START + BOOT + 'start = "multiboot"\ninitrds = [{ path = "m", arguments = "x={answers}a {extra}" }]'
    assert parsed(text).boots[0].files[0].arguments.names == {"answers", "extra"}


def test_memory_may_be_a_number() -> None:
    ram = parsed(START + BOOT + "ram_mb = 512").boots[0].ram
    assert ram is not None
    assert ram.ram_mb({}) == 512


def test_a_file_that_is_rewritten() -> None:
    text = (
        START + BOOT + 'start = "efi"\ncmdline = "-c {rewritten}boot.cfg"\nrewrite = { "boot.cfg" = "esxi-boot-cfg" }'
    )
    assert parsed(text).boots[0].rewrite == {"boot.cfg": Rewrite.ESXI_BOOT_CFG}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "acme.toml: the key 'family' is missing"),
        ('family = "a"', "nothing says how an image of this family is recognised"),
        (START, "it needs a [[boot]], or cannot_boot_from_network"),
        (START.replace('acme"', 'Acme!"'), "acme.toml, line 1: family: 'Acme!'"),
        (START.replace("name =", "nmae =") + BOOT, "the key 'name' is missing"),
        ('tittle = "x"\n' + START + BOOT, "acme.toml, line 1: tittle: there is no such key"),
        (
            START.replace("paths", "path") + BOOT,
            "acme.toml, line 4: path of recognize: there is no such key; did you mean 'paths'?",
        ),
        (
            START + BOOT + 'cmdlin = "x"',
            "acme.toml, line 8: cmdlin of boot 1: there is no such key; did you mean 'cmdline'?",
        ),
        (
            START + BOOT + 'start = "linx"',
            "line 8: start of boot 1: 'linx' is none of linux, multiboot, efi, wimboot; did you mean 'linux'?",
        ),
        (START + BOOT + 'firmware = ["EFI"]', "line 8: firmware of boot 1: 'EFI' is none of BIOS, UEFI"),
        (START + BOOT + "firmware = 1", 'must be a list of texts: ["one", "two"]'),
        (START + BOOT + "on_request = 1", "on_request of boot 1: must be true or false"),
        (START + BOOT + "ram_mb = true", "ram_mb of boot 1: must be a whole number"),
        (START + BOOT + 'ram_mb = "squashfs + 1"', "'squashfs' has no size; those with one are initrds, iso, kernel"),
        (START + BOOT + 'ram_mb = "1 +"', "'1 +': not a sum"),
        (
            START + BOOT + 'cmdline = "url={isso}"',
            "line 8: cmdline of boot 1: 'url={isso}': there is no placeholder {isso}; did you mean {iso}?",
        ),
        (START + BOOT + 'cmdline = "url={iso}?x=1"', "clients look at what comes last"),
        (START + BOOT + 'cmdline = "-c {rewritten}a"', "say in 'rewrite' which files are changed"),
        (START + BOOT + 'rewrite = { "a" = "esxi" }', "'esxi' is none of esxi-boot-cfg"),
        (START + BOOT + 'version = "20.04"', "a range is written >=20.04"),
        (START + BOOT + 'when = { editon = "x" }', "no [[facts]] gives 'editon'"),
        (START + BOOT + 'like = "other"', "no earlier [[boot]] is named 'other'"),
        (START + BOOT + "initrds = [1]", "line 8: initrds 1 of boot 1: must be a text, or a table"),
        (START + BOOT + 'initrds = [{ pth = "x" }]', "the key 'path' is missing"),
        (START + BOOT + 'initrds = [{ path = "x", optinal = true }]', "did you mean 'optional'?"),
        (START + BOOT + 'initrds = ["../x"]', "'..' would leave the image"),
        (START + BOOT + 'initrds = [{ text = "x" }]', "a text needs a name for the file"),
        (START + BOOT + 'inject = [{ text = "x" }]', "the key 'at' is missing"),
        (START + BOOT + 'inject = [{ at = "../x", text = "x" }]', "a path inside the initrd"),
        (START + BOOT + 'inject = [{ at = "x", text = "x", mode = 0o1777 }]', "file permissions are"),
        (START + BOOT + 'start = "efi"\ninject = [{ at = "x", text = "x" }]', "only a Linux kernel and wimboot"),
        (START + BOOT + 'initrds = [{ station = "/usr/x" }]', "say in 'package' what brings them"),
        (START + BOOT + 'start = "multiboot"\nfirmware = ["UEFI"]', "iPXE starts Multiboot images on BIOS only"),
        (START + BOOT.replace("kernel", "kernl"), "the key 'kernel' is missing"),
        (START + BOOT.replace('"acme/kernel"', '["a", "b"]'), "only one fits"),
        (START + BOOT.replace('name = "live"', ""), "the key 'name' is missing"),
        (START + BOOT.replace('"live"', '"Live System"'), "only lower-case letters"),
        (START + "[[facts]]\nfile = 'v'\n" + BOOT, "the key 'matches' is missing"),
        (START + "[[facts]]\nfile = 'v'\nmatches = '[0-9]+'\n" + BOOT, "nothing is learned"),
        (
            START + "[[facts]]\nfile = 'v'\nmatches = '(?P<version'\n" + BOOT,
            "line 7: matches of facts 1: '(?P<version': not a regular expression",
        ),
        (
            START + "[[facts]]\nfile = 'v'\nvolume_id = 'x'\n" + BOOT,
            "it needs one of: file (with matches), volume_id, path",
        ),
        (START + "[[facts]]\npath = 'v'\n" + BOOT, "nothing is learned"),
        (START + "[files]\niso = 'x'\n" + BOOT, "the name 'iso' already is the station's own placeholder"),
        (START + "[files]\nA = 'x'\n" + BOOT, "line 6: A of files: must be a text, its name of lower-case letters"),
        (START + 'text = [{ file = "x" }]\n' + BOOT, "the key 'matches' is missing"),
        (START + "volume_id = '('\n" + BOOT, "volume_id of recognize: '(': not a regular expression"),
        (START + BOOT + '[[unattended]]\nformat = "presed"\nfiles = ["x"]', "did you mean 'preseed'?"),
        (START + BOOT + '[[unattended]]\nformat = "preseed"', "what the client fetches below {answers}"),
        (START + BOOT + '[[unattended]]\nformat = "preseed"\nfiles = ["a/b"]', "a file name of letters"),
        (
            START + BOOT + '[[unattended]]\nformat = "preseed"\nfiles = ["x"]\nboots = ["liv"]',
            "there is no [[boot]] named 'liv'",
        ),
        (START + "boot = 1", "boot of recognize: there is no such key"),
        ('boot = ["x"]\n' + START, "boot 1: must be a table"),
        ('boot = "x"\n' + START, "must be a list of tables: [[boot]]"),
        ("family = ", "acme.toml, line 1: Invalid value"),
        ("family = 'a'\nfamily = 'b'", "acme.toml, line 2: "),
        ("x" * 300_000, "longer than"),
        (START + BOOT * 33, "more than 32 ways"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    assert told in problem(text)


def test_a_key_that_a_like_brought_is_told_at_the_boot_that_asked_for_it() -> None:
    text = START + BOOT + '[[boot]]\nlike = "live"\nname = "two"\nkernl = "x"\n'
    assert problem(text).startswith("acme.toml, line 11: kernl of boot 2")


def test_messages_name_the_file_they_are_about() -> None:
    assert re.match(r"/etc/bootbeam/recipes/x\.toml", _what("/etc/bootbeam/recipes/x.toml"))


def _what(origin: str) -> str:
    with pytest.raises(UserError) as raised:
        parse_recipe(START, origin)
    return raised.value.what


KEYS = st.sampled_from(
    [
        "family",
        "name",
        "recognize",
        "paths",
        "boot",
        "kernel",
        "initrds",
        "facts",
        "files",
        "cmdline",
        "unattended",
        "inject",
    ]
)
VALUES = st.recursive(
    st.sampled_from(['"x"', "1", "true", '"{iso}"', "[]", '"a|b"', "1.5", "1979-05-27", '"["']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_toml_is_a_recipe_or_a_user_error(document: dict[str, str]) -> None:
    text = "\n".join(f"{key} = {value}" for key, value in document.items())
    try:
        parsed(text)
    except UserError:
        return


@given(st.text(max_size=80))
def test_any_text_is_a_recipe_or_a_user_error(text: str) -> None:
    with pytest.raises(UserError):
        parsed(text)
