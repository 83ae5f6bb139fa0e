"""Which options are granted: RFC 2347, 2348, 2349, 7440."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.tftp.negotiation import Caps, Terms, negotiate
from bootbeam.wire.tftp import Option, Rrq

CAPS = Caps(blksize=1468, windowsize=16)


def ask(*options: tuple[str, bytes | int], size_bytes: int = 5000, caps: Caps = CAPS) -> Terms:
    asked = tuple(Option(name, value if isinstance(value, bytes) else str(value).encode()) for name, value in options)
    return negotiate(Rrq(b"file", "octet", asked), size_bytes, caps)


def test_without_options_the_first_rfc_holds() -> None:
    assert ask() == Terms(blksize=512, windowsize=1, timeout_s=None, tells_size=False, oack=())


def test_what_uefi_firmware_asks_for() -> None:
    terms = ask(("tsize", 0), ("blksize", 1468), ("windowsize", 4))
    assert terms == Terms(1468, 4, None, True, (("tsize", 5000), ("blksize", 1468), ("windowsize", 4)))


def test_what_u_boot_asks_for() -> None:
    terms = ask(("timeout", 5), ("tsize", 0), ("blksize", 1468))
    assert (terms.timeout_s, terms.oack[0]) == (5, ("timeout", 5))


def test_names_are_answered_as_the_client_spells_them() -> None:
    assert ask(("BLKSIZE", 600), ("TSize", 0)).oack == (("BLKSIZE", 600), ("TSize", 5000))


def test_unknown_options_are_left_out() -> None:
    assert ask(("multicast", b""), ("rollover", 0), ("blksize", 512), ("utimeout", 50000)).oack == (("blksize", 512),)


def test_nothing_known_is_the_same_as_nothing_asked() -> None:
    assert ask(("multicast", b"")).oack == ()


@pytest.mark.parametrize(
    ("asked", "granted"), [(8, 8), (511, 511), (1468, 1468), (1469, 1468), (65464, 1468), (65465, 1468), (10**30, 1468)]
)
def test_blksize_is_granted_up_to_the_cap(asked: int, granted: int) -> None:
    terms = ask(("blksize", asked))
    assert (terms.blksize, terms.oack) == (granted, (("blksize", granted),))


def test_blksize_never_exceeds_its_rfc_whatever_the_cap() -> None:
    assert ask(("blksize", 70000), caps=Caps(10**6, 16)).blksize == 65464


@pytest.mark.parametrize(("asked", "granted"), [(1, 1), (4, 4), (16, 16), (17, 16), (65535, 16), (65536, 16)])
def test_windowsize_is_granted_up_to_the_cap(asked: int, granted: int) -> None:
    terms = ask(("windowsize", asked))
    assert (terms.windowsize, terms.oack) == (granted, (("windowsize", granted),))


@pytest.mark.parametrize("asked", [1, 6, 255])
def test_timeout_is_granted_as_it_is(asked: int) -> None:
    terms = ask(("timeout", asked))
    assert (terms.timeout_s, terms.oack) == (asked, (("timeout", asked),))


@pytest.mark.parametrize(
    "option",
    [
        ("blksize", b"7"),
        ("blksize", b"0"),
        ("blksize", b""),
        ("blksize", b"big"),
        ("blksize", b"-512"),
        ("blksize", b"512 "),
        ("windowsize", b"0"),
        ("windowsize", b"four"),
        ("timeout", b"0"),
        ("timeout", b"256"),
        ("timeout", b"1.5"),
        ("tsize", b""),
        ("tsize", b"?"),
    ],
)
def test_a_value_that_cannot_be_is_left_out_and_the_rest_granted(option: tuple[str, bytes]) -> None:
    terms = ask(option, ("blksize", 1024) if option[0] != "blksize" else ("windowsize", 2))
    assert option[0] not in dict(terms.oack)
    assert len(terms.oack) == 1


def test_a_size_beyond_32_bits_is_told() -> None:
    assert ask(("tsize", 0), size_bytes=2**33).oack == (("tsize", 2**33),)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["blksize", "BLKSIZE", "tsize", "timeout", "windowsize", "multicast", "x"]),
            st.binary(max_size=6) | st.integers(0, 10**6),
        ),
        max_size=8,
        unique_by=lambda pair: pair[0].lower(),
    ),
    st.integers(8, 65464),
    st.integers(1, 65535),
)
def test_no_answer_holds_more_than_was_asked_for(
    options: list[tuple[str, bytes | int]], blksize_cap: int, windowsize_cap: int
) -> None:
    terms = ask(*options, caps=Caps(blksize_cap, windowsize_cap))
    asked = dict(options)
    for name, value in terms.oack:
        assert name in asked
        if name.lower() != "tsize":
            assert value <= int(asked[name])
    granted = {name.lower(): value for name, value in terms.oack}
    assert terms.blksize == granted.get("blksize", 512)
    assert terms.windowsize == granted.get("windowsize", 1)
    assert terms.timeout_s == granted.get("timeout")
    assert granted.get("blksize", 8) <= blksize_cap
    assert granted.get("windowsize", 1) <= windowsize_cap
