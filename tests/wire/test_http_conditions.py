"""Conditional requests: RFC 9110 §13, with the comparison table of §8.8.3.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.wire.http_conditions import (
    MAX_CONDITION_CHARACTERS,
    Validators,
    Verdict,
    evaluate_conditions,
    range_still_applies,
)

OURS = Validators(etag='"v1"', last_modified="Sat, 29 Oct 1994 19:43:31 GMT")
EARLIER, SAME, LATER = (f"Sat, 29 Oct 1994 19:43:{second} GMT" for second in (30, 31, 32))
PROCEED, NOT_MODIFIED, FAILED = Verdict.PROCEED, Verdict.NOT_MODIFIED, Verdict.PRECONDITION_FAILED


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({}, PROCEED),
        ({"If-Match": '"v1"'}, PROCEED),
        ({"If-Match": '"v0", "v1"'}, PROCEED),
        ({"If-Match": "*"}, PROCEED),
        ({"If-Match": '"v2"'}, FAILED),
        ({"If-Match": 'W/"v1"'}, FAILED),
        ({"If-Match": ""}, FAILED),
        ({"If-Match": '"' + "v" * MAX_CONDITION_CHARACTERS + '", "v1"'}, FAILED),
        ({"If-Unmodified-Since": SAME}, PROCEED),
        ({"If-Unmodified-Since": LATER}, PROCEED),
        ({"If-Unmodified-Since": EARLIER}, FAILED),
        ({"If-Unmodified-Since": "yesterday"}, PROCEED),
        ({"If-Unmodified-Since": "Sat, 29 Oct 1994 19:43:30"}, PROCEED),
        ({"If-Unmodified-Since": "Sat, 99 Oct 1994 19:43:30 GMT"}, PROCEED),
        ({"If-Match": '"v1"', "If-Unmodified-Since": EARLIER}, PROCEED),
        ({"If-None-Match": '"v1"'}, NOT_MODIFIED),
        ({"If-None-Match": 'W/"v1"'}, NOT_MODIFIED),
        ({"If-None-Match": "*"}, NOT_MODIFIED),
        ({"If-None-Match": '"v2"'}, PROCEED),
        ({"If-None-Match": '"v2"', "If-Modified-Since": SAME}, PROCEED),
        ({"If-Modified-Since": SAME}, NOT_MODIFIED),
        ({"If-Modified-Since": LATER}, NOT_MODIFIED),
        ({"If-Modified-Since": EARLIER}, PROCEED),
        ({"If-Modified-Since": "Saturday, 29-Oct-94 19:43:31 GMT"}, NOT_MODIFIED),
        ({"If-Match": '"v2"', "If-None-Match": '"v1"'}, FAILED),
    ],
)
def test_conditions(headers: dict[str, str], verdict: Verdict) -> None:
    assert evaluate_conditions(headers, OURS) is verdict


def test_without_validators_only_tags_can_fail() -> None:
    assert evaluate_conditions({"If-Match": '"v1"'}, Validators()) is FAILED
    assert evaluate_conditions({"If-None-Match": '"v1"'}, Validators()) is PROCEED
    assert evaluate_conditions({"If-Modified-Since": LATER}, Validators()) is PROCEED
    assert evaluate_conditions({"If-Unmodified-Since": EARLIER}, Validators()) is PROCEED


@pytest.mark.parametrize(
    ("if_range", "applies"),
    [
        (None, True),
        ('"v1"', True),
        (' "v1" ', True),
        ('"v2"', False),
        ('W/"v1"', False),
        (SAME, True),
        # A later date is no match: RFC 9110 §13.1.5 wants the exact date.
        (LATER, False),
        (EARLIER, False),
        ("", False),
        ("v1", False),
    ],
)
def test_if_range(if_range: str | None, applies: bool) -> None:
    assert range_still_applies(if_range, OURS) is applies


def test_if_range_never_applies_to_a_file_without_validators() -> None:
    assert not range_still_applies('""', Validators())
    assert not range_still_applies("", Validators())


HEADER_TEXTS = st.text(max_size=60) | st.sampled_from(
    ['"v1"', "*", SAME, "Sat, 29 Oct 94 9:4:3 -9999", "1 Jan 0000 0:0:0 GMT"]
)


@given(
    st.dictionaries(
        st.sampled_from(["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]), HEADER_TEXTS
    ),
    st.none() | HEADER_TEXTS,
)
def test_no_text_raises(headers: dict[str, str], if_range: str | None) -> None:
    assert isinstance(evaluate_conditions(headers, OURS), Verdict)
    assert isinstance(range_still_applies(if_range, OURS), bool)
