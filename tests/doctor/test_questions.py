"""The doctor's questions, read byte by byte: what a real machine's first question holds, and nothing that leases."""

import struct
from ipaddress import IPv4Address, IPv6Address

from bootbeam.doctor.questions import Asker, Question, dhcp6_question, dhcp_questions
from tests.dhcp_packets import Reply

ASKER = Asker(
    mac="02:00:00:00:00:07",
    guid=bytes(range(16)),
    xids={question: number for number, question in enumerate(Question, 0x01020300)},
    transaction_id6=0x0A0B0C,
    own_mac="52:54:00:00:00:01",
    own_address=IPv4Address("192.168.1.50"),
    own_address6=IPv6Address("fe80::1"),
)


def payload(frame: bytes) -> bytes:
    assert frame[:14] == b"\xff" * 6 + bytes.fromhex("525400000001") + b"\x08\x00"
    assert struct.unpack_from(">HH", frame, 34) == (68, 67)
    return frame[42:]


def test_four_discovers_and_an_inform() -> None:
    frames = dhcp_questions(ASKER, 2)
    messages = [Reply(payload(frame)) for frame in frames]
    assert [message.option(53) for message in messages] == [b"\1", b"\1", b"\1", b"\1", b"\x08"]
    assert [dict(message.options).get(60, b"")[:20] for message in messages] == [
        b"", b"PXEClient:Arch:00000", b"PXEClient:Arch:00007", b"HTTPClient:Arch:0001", b"",
    ]  # fmt: skip
    assert [frame[26:30] for frame in frames] == [bytes(4)] * 4 + [bytes((192, 168, 1, 50))]
    for data in map(payload, frames):
        assert struct.unpack_from(">H", data, 8)[0] == 2, "secs"
    assert payload(frames[0])[28:34] == bytes.fromhex("020000000007")
    assert payload(frames[4])[28:34] == bytes.fromhex("525400000001")
    assert payload(frames[0])[10] & 0x80, "asks for a broadcast"
    assert messages[2].option(93) == b"\0\7"
    assert messages[2].option(97) == b"\0" + bytes(range(16))


def test_each_answer_belongs_to_its_question() -> None:
    assert ASKER.question_of(0x01020302) is Question.UEFI
    assert ASKER.question_of(5) is None


def test_a_solicit_as_firmware_sends_it() -> None:
    frame = dhcp6_question(ASKER)
    assert frame is not None
    assert frame[:6] == bytes.fromhex("333300010002")
    assert struct.unpack_from(">HH", frame, 54) == (546, 547)
    assert frame[62:66] == b"\1\x0a\x0b\x0c"
    assert b"\0\1\0\x0a\0\3\0\1\2\0\0\0\0\7" in frame
    assert b"PXEClient:Arch:00007:UNDI:003016" in frame


def test_without_addresses_there_is_less_to_ask() -> None:
    bare = Asker(ASKER.mac, ASKER.guid, ASKER.xids, 1, ASKER.own_mac, None, None)
    assert len(dhcp_questions(bare, 0)) == 4
    assert dhcp6_question(bare) is None
