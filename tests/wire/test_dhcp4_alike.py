"""Which questions count as alike: told by bytes written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.wire.dhcp4_alike import MAX_KNOWN, MAX_LAYOUTS, AlikeQuestions, find_layout
from tests.dhcp_packets import build, pxe_options

GUID = b"\0" + bytes(range(16))
OTHER_GUID = b"\0" + bytes(range(16, 32))
OPTIONS = [*pxe_options(7, "003016", guid=GUID), (61, b"\1\xf4\x4d\x30\1\2\3")]
QUESTION = build(1, options=OPTIONS)
IDENTIFIER_AT, CLIENT_IDENTIFIER_AT = QUESTION.index(GUID), QUESTION.index(b"\1\xf4\x4d\x30\1\2\3")
PERSONAL = {
    *range(4, 10),
    *range(12, 16),
    *range(28, 44),
    *range(IDENTIFIER_AT, IDENTIFIER_AT + 17),
    *range(CLIENT_IDENTIFIER_AT, CLIENT_IDENTIFIER_AT + 7),
}
"""xid and secs, ciaddr, chaddr, and the values of options 97 and 61."""


def keeping(*questions: bytes) -> AlikeQuestions[int]:
    """What knows these, each by its number."""
    alike: AlikeQuestions[int] = AlikeQuestions()
    for number, question in enumerate(questions, 1):
        layout = find_layout(question)
        assert layout is not None
        alike.keep(question, layout, number)
    return alike


def test_another_machines_question_is_alike() -> None:
    other = [*pxe_options(7, "003016", guid=OTHER_GUID), (61, b"\1\x52\x54\0\4\5\6")]
    question = build(1, "52:54:00:04:05:06", 7, other, secs=12, ciaddr="10.0.0.9")
    assert keeping(QUESTION).find(question) == 1
    layout = find_layout(question)
    assert layout is not None
    assert question[layout.machine_identifier] == OTHER_GUID


@given(at=st.integers(0, len(QUESTION) - 1), byte=st.integers(0, 255))
def test_one_other_byte_is_alike_only_where_it_is_the_askers_own(at: int, byte: int) -> None:
    changed = QUESTION[:at] + bytes([byte]) + QUESTION[at + 1 :]
    is_alike = at in PERSONAL or byte == QUESTION[at]
    assert keeping(QUESTION).find(changed) == (1 if is_alike else None)


def test_the_same_options_in_other_places_are_not_alike() -> None:
    guid, *others = [(97, GUID), (60, b"PXEClient"), (43, b"\xff")]
    first, second = build(1, options=[guid, *others]), build(1, options=[*others, guid])
    alike = keeping(first, second)
    assert (alike.find(first), alike.find(second)) == (1, 2)
    assert keeping(first).find(second) is None


def test_a_question_without_a_machine_identifier_has_an_empty_place_for_it() -> None:
    question = build(1, options=pxe_options(0, "002001", guid=None))
    layout = find_layout(question)
    assert layout is not None
    assert question[layout.machine_identifier] == b""
    assert keeping(question).find(build(1, "52:54:00:04:05:06", 7, pxe_options(0, "002001", guid=None))) == 1


@pytest.mark.parametrize(
    "question",
    [
        build(1, options=[(52, b"\1"), *OPTIONS]),
        build(1, options=[(97, GUID[:8]), (97, GUID[8:])]),
        build(1, options=[(61, b"a"), (61, b"b")]),
        build(1, "00:11:22:33:44:55:66:77", options=OPTIONS),
    ],
    ids=["options in the file field", "option 97 in parts", "option 61 in parts", "not Ethernet"],
)
def test_what_cannot_be_told_from_the_places_has_no_layout(question: bytes) -> None:
    assert find_layout(question) is None


def test_as_many_are_known_as_there_may_be_and_then_all_are_forgotten() -> None:
    questions = [build(1, options=OPTIONS, giaddr=f"10.0.{n >> 8}.{n & 255}") for n in range(MAX_KNOWN + 1)]
    full = keeping(*questions[:-1])
    assert [full.find(each) for each in questions] == [*range(1, MAX_KNOWN + 1), None]
    over = keeping(*questions)
    assert [over.find(each) for each in questions] == [None] * MAX_KNOWN + [MAX_KNOWN + 1]


def test_few_layouts_of_one_length_are_tried() -> None:
    """Each would cost a stranger's next question of that length some time."""
    sizes = range(MAX_LAYOUTS + 1)
    questions = [build(1, options=[(12, bytes(size)), (97, GUID), (13, bytes(20 - size))]) for size in sizes]
    assert len({len(each) for each in questions}) == 1
    full, over = keeping(*questions[:-1]), keeping(*questions)
    assert [full.find(each) for each in questions] == [*range(1, MAX_LAYOUTS + 1), None]
    assert [over.find(each) for each in questions] == [None] * MAX_LAYOUTS + [MAX_LAYOUTS + 1]
