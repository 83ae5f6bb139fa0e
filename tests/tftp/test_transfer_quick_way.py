"""The quick way past ``handle_datagram``: whatever the client answers, it comes to the same."""

from hypothesis import given
from hypothesis import strategies as st

from bootbeam.tftp.actions import Action, SendWindow
from bootbeam.tftp.negotiation import Caps
from bootbeam.tftp.transfer import ReadTransfer
from bootbeam.wire.tftp import Rrq, decode_packet
from tests.tftp_packets import ack, error, rrq

CAPS = Caps(blksize=1468, windowsize=16)


def transfer_of(blocks: int, windowsize: int) -> ReadTransfer:
    request = rrq("file", ("blksize", "8"), ("windowsize", str(windowsize)))
    decoded = decode_packet(request)
    assert isinstance(decoded, Rrq)
    transfer = ReadTransfer(decoded, blocks * 8, CAPS)
    transfer.handle_datagram(request, 0.0)
    return transfer


def take(transfer: ReadTransfer, data: bytes, now: float) -> list[Action]:
    """As the server does it."""
    count = transfer.take_expected_ack(data, now)
    return [SendWindow(transfer.first_sent, count)] if count else transfer.handle_datagram(data, now)


STEPS = st.lists(
    st.one_of(
        st.just("whole window"),
        st.just("whole window"),
        st.integers(0, 0xFFFF),
        st.just("timer"),
        st.just("error"),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 16), st.one_of(st.integers(0, 100), st.integers(65_530, 65_545)))
def test_the_same_actions_and_the_same_state(steps: list[str | int], windowsize: int, blocks: int) -> None:
    plain, quick, late = (transfer_of(blocks, windowsize) for _ in range(3))
    now = 0.0
    for step in ("whole window", *steps):
        now += 0.25
        if step == "timer":
            now += 1
            late.catch_up(plain.sent_block, now - 1.25)
            assert plain.handle_timer(now) == quick.handle_timer(now) == late.handle_timer(now)
            continue
        data = error(4) if step == "error" else ack(step if isinstance(step, int) else plain.sent_block & 0xFFFF)
        is_left_to_others = late.expects_window_ack and data == ack(plain.sent_block & 0xFFFF)
        actions = plain.handle_datagram(data, now)
        assert take(quick, data, now) == actions
        if is_left_to_others:
            late.catch_up(plain.sent_block, now)
        else:
            assert take(late, data, now) == actions
        assert state(plain) == state(quick) == state(late)


@given(st.integers(1, 16), st.integers(1, 300), st.integers(1, 100))
def test_catching_up_over_many_windows(windowsize: int, blocks: int, windows: int) -> None:
    plain, late = transfer_of(blocks, windowsize), transfer_of(blocks, windowsize)
    for transfer in (plain, late):
        transfer.handle_datagram(ack(0), 0.0)
    for number in range(windows):
        if plain.expects_window_ack:
            plain.take_expected_ack(ack(plain.sent_block & 0xFFFF), float(number))
            heard_at = float(number)
    if plain.sent_block != late.sent_block:
        late.catch_up(plain.sent_block, heard_at)
    assert state(plain) == state(late)


def state(transfer: ReadTransfer) -> dict[str, object]:
    return {name: value for name, value in vars(transfer).items() if name not in ("first_sent", "request")}
