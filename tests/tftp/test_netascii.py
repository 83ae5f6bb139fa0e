"""netascii, against what RFC 764 says of CR and LF."""

from hypothesis import given
from hypothesis import strategies as st

from bootbeam.tftp.netascii import encode_netascii


def test_line_ends() -> None:
    assert encode_netascii(b"one\ntwo\n") == b"one\r\ntwo\r\n"
    assert encode_netascii(b"bare\rreturn") == b"bare\r\0return"
    assert encode_netascii(b"dos\r\n") == b"dos\r\0\r\n"
    assert encode_netascii(b"") == b""


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\0", b"a", b"\xff"]), max_size=50).map(b"".join))
def test_a_client_that_turns_it_back_has_the_file(text: bytes) -> None:
    wire = encode_netascii(text)
    back, position = b"", 0
    while position < len(wire):
        pair = wire[position : position + 2]
        if pair[:1] == b"\r":
            assert pair in (b"\r\n", b"\r\0"), "a CR alone is no netascii"
            back += b"\n" if pair == b"\r\n" else b"\r"
            position += 2
        else:
            assert pair[:1] != b"\n", "a LF alone is no netascii"
            back += pair[:1]
            position += 1
    assert back == text
