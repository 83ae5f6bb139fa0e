"""Sums of memory, and what is no sum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.memory import parse_formula

MIB = 1 << 20
SIZES = {"iso": 1203 * MIB, "initrds": 84 * MIB, "half": MIB // 2, "none": 0}


@pytest.mark.parametrize(
    ("text", "ram_mb"),
    [
        ("512", 512),
        ("iso + 3 * initrds + 1536", 2991),
        ("2 * (iso + initrds)", 2574),
        ("max(512, half)", 512),
        ("max(512, iso, 2 * initrds)", 1203),
        ("4 * iso / 3", 1604),
        ("half", 1),
        ("iso - initrds", 1119),
        ("1.5 * initrds", 126),
    ],
)
def test_sums(text: str, ram_mb: int) -> None:
    assert parse_formula(text).ram_mb(SIZES) == ram_mb


@pytest.mark.parametrize("text", ["iso + other", "iso / none", "none", "initrds - iso", "9 / none"])
def test_sums_without_a_sense(text: str) -> None:
    assert parse_formula(text).ram_mb(SIZES) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "iso +",
        "iso ** 9",
        "-iso",
        "iso if iso else 1",
        "__import__('os')",
        "min(iso, 1)",
        "max()",
        "max(*iso)",
        "max(iso, key=1)",
        "iso.bit_length()",
        "[iso]",
        "'a' * 9",
        "1and 2",
        "0x10",
        "True",
        "iso\n+ 1",
        "(" * 150 + "1" + ")" * 40,
        "1" * 201,
        "iso, 1",
    ],
)
def test_what_is_no_sum(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_formula(text)


@given(st.text(alphabet="iso12+-*/().,max _e9'[]:\n\0é", max_size=60))
def test_any_text_is_a_sum_or_a_value_error(text: str) -> None:
    try:
        formula = parse_formula(text)
    except ValueError:
        return
    result = formula.ram_mb(SIZES)
    assert result is None or result > 0
