"""Conditional requests: does the client's copy, or its half of one, still belong to the file? (RFC 9110 §13)

UEFI HTTP boot resumes a broken download with ``If-Match`` or ``If-Unmodified-Since``, curl and wget with ``If-Range``:
what they guard against is bytes of two builds in one file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

MAX_CONDITION_CHARACTERS = 1024
"""A longer header counts as one that names no copy of ours."""

_ENTITY_TAG = re.compile(r'(?P<weak>W/)?"(?P<value>[\x21\x23-\x7e\x80-\xff]*)"', re.ASCII)


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells one version of a file from another."""

    etag: str | None = None
    """The strong entity tag as sent, quotes included; None when there is none."""
    last_modified: str | None = None
    """As sent; None when there is none."""


class Verdict(Enum):
    """What the conditions say about the request."""

    PROCEED = auto()
    NOT_MODIFIED = auto()
    """Status 304: the client has this version."""
    PRECONDITION_FAILED = auto()
    """Status 412: the client holds a piece of another version."""


def evaluate_conditions(headers: Mapping[str, str], validators: Validators) -> Verdict:
    """What ``If-Match``, ``If-Unmodified-Since``, ``If-None-Match`` and ``If-Modified-Since`` say, in the order of
    RFC 9110 §13.2.2. Conditions on a date are passed over when the file has none or theirs cannot be read.

    Args:
        headers: looked up by the names above; the mapping should ignore upper and lower case.
    """
    if_match = headers.get("If-Match")
    if if_match is not None:
        if not _names_tag(if_match, validators.etag, weak_counts=False):
            return Verdict.PRECONDITION_FAILED
    elif _is_newer(validators.last_modified, headers.get("If-Unmodified-Since")) is True:
        return Verdict.PRECONDITION_FAILED
    if_none_match = headers.get("If-None-Match")
    if if_none_match is not None:
        return Verdict.NOT_MODIFIED if _names_tag(if_none_match, validators.etag, weak_counts=True) else Verdict.PROCEED
    if _is_newer(validators.last_modified, headers.get("If-Modified-Since")) is False:
        return Verdict.NOT_MODIFIED
    return Verdict.PROCEED


def range_still_applies(if_range: str | None, validators: Validators) -> bool:
    """Whether a ``Range`` may be served: there is no ``If-Range``, or it names this version (RFC 9110 §13.1.5)."""
    if if_range is None:
        return True
    text = if_range.strip(" \t")
    if text.startswith(('"', "W/")):
        return validators.etag is not None and text == validators.etag
    return validators.last_modified is not None and text == validators.last_modified


def _names_tag(text: str, etag: str | None, *, weak_counts: bool) -> bool:
    if text.strip(" \t") == "*":
        return True
    if etag is None or len(text) > MAX_CONDITION_CHARACTERS:
        return False
    return any(
        f'"{match["value"]}"' == etag and (weak_counts or match["weak"] is None) for match in _ENTITY_TAG.finditer(text)
    )


def _is_newer(last_modified: str | None, date: str | None) -> bool | None:
    """Whether the file changed after ``date``; None when one of the two is missing or cannot be read."""
    # The rare header first: reading a date takes longer than all else about a small request.
    theirs = _parse_date(date)
    ours = _parse_date(last_modified) if theirs is not None else None
    return None if ours is None or theirs is None else ours > theirs


def _parse_date(text: str | None) -> datetime | None:
    if text is None or len(text) > MAX_CONDITION_CHARACTERS:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # RFC 9110 §5.6.7: HTTP's dates are in GMT; one with an offset of its own is none, and cannot be compared.
    return moment if moment.tzinfo is not None and not moment.utcoffset() else None
