"""Path patterns against images made of lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.tree import MAX_FOUND, parse_pattern
from tests.image_listing import ListedImage

IMAGE = ListedImage(
    """casper/vmlinuz casper/initrd casper/hwe-vmlinuz arch/boot/x86_64/vmlinuz-linux arch/boot/x86_64/vmlinuz-linux-lts
    arch/x86_64/airootfs.sfs boot/x86_64/loader/linux boot/aarch64/readme live/vmlinuz-6.9.1 live/vmlinuz-6.12.3""",
    sizes_mb={"casper/initrd": 2},
)


def found(text: str, known: dict[str, str] | None = None) -> list[str]:
    return [one.path for one in parse_pattern(text).find_all(IMAGE, known or {})]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("casper/vmlinuz", ["casper/vmlinuz"]),
        ("/casper//vmlinuz", ["casper/vmlinuz"]),
        ("casper", ["casper"]),
        ("casper/nothing", []),
        ("casper/vmlinuz/more", []),
        ("casper/vmlinuz.efi | casper/vmlinuz", ["casper/vmlinuz"]),
        ("casper/initrd | casper/vmlinuz", ["casper/initrd", "casper/vmlinuz"]),
        ("casper/*vmlinuz", ["casper/vmlinuz", "casper/hwe-vmlinuz"]),
        ("live/vmlinuz-*", ["live/vmlinuz-6.12.3", "live/vmlinuz-6.9.1"]),
        ("live/vmlinuz-6.?.1", ["live/vmlinuz-6.9.1"]),
        ("*/x86_64/airootfs.*", ["arch/x86_64/airootfs.sfs"]),
        (
            "{base}/boot/{arch}/vmlinuz-{flavour}",
            ["arch/boot/x86_64/vmlinuz-linux-lts", "arch/boot/x86_64/vmlinuz-linux"],
        ),
    ],
)
def test_what_a_pattern_finds(text: str, paths: list[str]) -> None:
    assert found(text) == paths


def test_what_a_name_stood_for_is_remembered() -> None:
    first = parse_pattern("{base}/boot/{arch}/vmlinuz-linux").find(IMAGE)
    assert first is not None
    assert dict(first.captures) == {"base": "arch", "arch": "x86_64"}
    second = parse_pattern("{base}/{arch}/airootfs.sfs").find(IMAGE, first.captures)
    assert second is not None
    assert second.path == "arch/x86_64/airootfs.sfs"


def test_a_known_name_means_that_text_and_no_other() -> None:
    assert found("boot/{arch}/loader/linux", {"arch": "aarch64"}) == []
    assert found("boot/{arch}/loader/linux", {"arch": "x86_64"}) == ["boot/x86_64/loader/linux"]


def test_the_same_name_twice_in_a_step_means_the_same_text() -> None:
    image = ListedImage("a-a b-c")
    assert [one.path for one in parse_pattern("{x}-{x}").find_all(image, {})] == ["a-a"]


def test_a_name_stands_for_harmless_characters_only() -> None:
    image = ListedImage(
        "", {"vmlinuz-6.1 init=x": "", "vmlinuz-6.1;reboot": "", "vmlinuz-${mac}": "", "vmlinuz-6.1": ""}
    )
    assert [one.path for one in parse_pattern("vmlinuz-{release}").find_all(image, {})] == ["vmlinuz-6.1"]
    assert len(list(parse_pattern("vmlinuz-*").find_all(image, {}))) == 4


def test_what_is_known_comes_with_a_size() -> None:
    entry = parse_pattern("casper/initrd").find(IMAGE)
    assert entry is not None
    assert (entry.size_bytes, entry.is_directory) == (2 << 20, False)


def test_many_files_do_not_become_many_findings() -> None:
    image = ListedImage(" ".join(f"d/{number}" for number in range(500)))
    assert len(list(parse_pattern("d/*").find_all(image, {}))) == MAX_FOUND


@pytest.mark.parametrize("text", ["", "a | ", "/", "../a", "a/../b", "a{", "a}", "{A}", "{a b}", "{}", "a/{x", "{{x}}"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_pattern(text)


@given(st.text(alphabet="ab/.*?{}|x-[(+\\^$", max_size=20))
def test_any_pattern_finds_only_what_is_there(text: str) -> None:
    image = ListedImage("a/b a/ab b/x ax (+ [x a.b")
    try:
        pattern = parse_pattern(text)
    except ValueError:
        return
    for one in pattern.find_all(image, {}):
        assert image.find(one.path) is not None
