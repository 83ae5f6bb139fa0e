"""One read transfer, step by step: what goes in, what is to be done."""

import pytest

from bootbeam.tftp.actions import Action, Failed, Finished, Ignore, Send, SendWindow, SizeProbed, TransferStats
from bootbeam.tftp.negotiation import Caps
from bootbeam.tftp.transfer import MAX_RETRANSMISSIONS, ReadTransfer
from bootbeam.wire.tftp import Rrq, decode_packet
from tests.tftp_packets import ack, data, error, read_oack, rrq

CAPS = Caps(blksize=1468, windowsize=16)
EDK2_PROBE = rrq("snponly.efi", ("tsize", "0"), ("blksize", "1468"), ("windowsize", "4"))


def begin(request: bytes, size_bytes: int, caps: Caps = CAPS) -> tuple[ReadTransfer, list[Action]]:
    """A transfer with its request handled at time 0."""
    decoded = decode_packet(request)
    assert isinstance(decoded, Rrq)
    transfer = ReadTransfer(decoded, size_bytes, caps)
    assert transfer.next_deadline() is None
    return transfer, transfer.handle_datagram(request, 0.0)


def windowed(windowsize: int, size_bytes: int = 100_000) -> ReadTransfer:
    """A transfer of 512-byte blocks whose first window is out."""
    transfer, _ = begin(rrq("file", ("windowsize", str(windowsize))), size_bytes)
    assert transfer.handle_datagram(ack(0), 0.0) == [SendWindow(1, windowsize)]
    return transfer


def test_without_options_the_first_block_is_the_answer() -> None:
    transfer, actions = begin(rrq("file"), 1000)
    assert actions == [SendWindow(1, 1)]
    assert transfer.handle_datagram(ack(1), 0.1) == [SendWindow(2, 1)]
    assert transfer.acknowledged_bytes == 512
    assert transfer.handle_datagram(ack(2), 0.2) == [Finished(TransferStats(1000, 0.2, 0, 512, 1))]
    assert transfer.acknowledged_bytes == 1000
    assert transfer.is_over
    assert transfer.next_deadline() is None


@pytest.mark.parametrize(("size_bytes", "blocks"), [(0, 1), (1, 1), (511, 1), (512, 2), (513, 2), (1024, 3)])
def test_a_whole_number_of_blocks_is_followed_by_an_empty_one(size_bytes: int, blocks: int) -> None:
    transfer, actions = begin(rrq("file"), size_bytes)
    for block in range(1, blocks + 1):
        assert actions == [SendWindow(block, 1)]
        actions = transfer.handle_datagram(ack(block), 0.0)
    assert isinstance(actions[0], Finished)


def test_options_are_answered_and_the_first_window_waits_for_ack_0() -> None:
    transfer, actions = begin(EDK2_PROBE, 10_000)
    assert isinstance(actions[0], Send)
    assert read_oack(actions[0].data) == [("tsize", "10000"), ("blksize", "1468"), ("windowsize", "4")]
    assert transfer.handle_datagram(ack(0), 0.1) == [SendWindow(1, 4)]
    assert transfer.handle_datagram(ack(4), 0.2) == [SendWindow(5, 3)]
    assert transfer.handle_datagram(ack(7), 0.3) == [Finished(TransferStats(10_000, 0.3, 0, 1468, 4))]


@pytest.mark.parametrize("code", [0, 4, 8])
@pytest.mark.parametrize("sees_first_block", [False, True])
def test_an_error_right_at_the_beginning_ends_a_size_probe(code: int, sees_first_block: bool) -> None:
    transfer, _ = begin(EDK2_PROBE, 10_000)
    if sees_first_block:
        transfer.handle_datagram(ack(0), 0.1)
    assert transfer.handle_datagram(error(code, "User aborted the transfer"), 0.2) == [SizeProbed()]
    assert transfer.is_over


@pytest.mark.parametrize("code", [1, 2, 3, 5, 6, 7, 99])
def test_any_other_error_at_the_beginning_is_a_failure(code: int) -> None:
    transfer, _ = begin(EDK2_PROBE, 10_000)
    (action,) = transfer.handle_datagram(error(code, "no"), 0.1)
    assert isinstance(action, Failed)
    assert f"ERROR {code} 'no'" in action.reason


def test_a_client_that_asks_no_size_and_refuses_the_oack_is_no_probe() -> None:
    transfer, _ = begin(rrq("file", ("blksize", "1024")), 10_000)
    (action,) = transfer.handle_datagram(error(8), 0.1)
    assert action == Failed("the client refused the OACK (blksize 1024) with ERROR 8", error_code=8)


def test_an_error_in_the_middle_is_a_failure_that_says_how_far_it_was() -> None:
    transfer = windowed(4)
    transfer.handle_datagram(ack(4), 0.1)
    assert transfer.handle_datagram(error(0, "closed"), 0.2) == [
        Failed("the client ended it after block 4 of 196 with ERROR 0 'closed'", error_code=0, error_text="closed")
    ]


def test_a_duplicate_ack_sends_nothing() -> None:
    transfer, _ = begin(rrq("file"), 5000)
    transfer.handle_datagram(ack(1), 0.1)
    before = transfer.next_deadline()
    for _ in range(100):
        assert transfer.handle_datagram(ack(1), 0.2) == [Ignore("duplicate ACK")]
    assert transfer.next_deadline() == before
    assert transfer.handle_datagram(ack(2), 0.3) == [SendWindow(3, 1)]


def test_a_duplicate_ack_0_sends_nothing() -> None:
    transfer = windowed(4)
    assert transfer.handle_datagram(ack(0), 0.1) == [Ignore("duplicate ACK")]


@pytest.mark.parametrize("block", [5, 6, 1000, 65535])
def test_an_ack_of_a_block_that_was_never_sent_sends_nothing(block: int) -> None:
    transfer = windowed(4)
    assert transfer.handle_datagram(ack(block), 0.1) == [Ignore("ACK of a block that is not on its way")]


def test_an_old_ack_sends_nothing() -> None:
    transfer = windowed(4)
    transfer.handle_datagram(ack(4), 0.1)
    for block in (0, 1, 2, 3):
        assert transfer.handle_datagram(ack(block), 0.2) == [Ignore("ACK of a block that is not on its way")]


def test_an_ack_before_the_options_are_settled_sends_nothing() -> None:
    transfer, _ = begin(EDK2_PROBE, 10_000)
    assert transfer.handle_datagram(ack(1), 0.1) == [Ignore("ACK of a block before the OACK is acknowledged")]


def test_an_ack_inside_the_window_restarts_it_after_that_block() -> None:
    transfer = windowed(8)
    assert transfer.handle_datagram(ack(3), 0.1) == [SendWindow(4, 8)]
    assert transfer.handle_datagram(ack(11), 0.2) == [SendWindow(12, 8)]


def test_a_gap_near_the_end_restarts_with_what_is_left() -> None:
    transfer, _ = begin(rrq("file", ("windowsize", "8")), 5 * 512)
    assert transfer.handle_datagram(ack(0), 0.0) == [SendWindow(1, 6)]
    assert transfer.handle_datagram(ack(4), 0.1) == [SendWindow(5, 2)]
    (finished,) = transfer.handle_datagram(ack(6), 0.2)
    assert isinstance(finished, Finished)
    assert finished.stats.retransmissions == 2


def test_echoes_of_a_restart_move_the_window_without_sending_anything_twice() -> None:
    transfer = windowed(4)
    assert transfer.handle_datagram(ack(1), 0.1) == [SendWindow(2, 4)]
    assert transfer.handle_datagram(ack(4), 0.1) == [SendWindow(6, 3)]
    assert transfer.handle_datagram(ack(4), 0.1) == [Ignore("duplicate ACK")]
    assert transfer.handle_datagram(ack(8), 0.1) == [SendWindow(9, 4)]
    assert transfer.handle_datagram(ack(10), 0.1) == [SendWindow(11, 4)], "a new gap is a new gap"


def test_an_echo_when_everything_is_on_its_way_sends_nothing() -> None:
    transfer, _ = begin(rrq("file", ("windowsize", "8")), 5 * 512)
    transfer.handle_datagram(ack(0), 0.0)
    assert transfer.handle_datagram(ack(1), 0.1) == [SendWindow(2, 5)]
    assert transfer.handle_datagram(ack(3), 0.1) == [Ignore("all that is left is on its way")]
    assert transfer.next_deadline() == 1.1


def test_the_timer_sends_the_window_again_and_waits_twice_as_long_each_time() -> None:
    transfer = windowed(4)
    now, waits = 0.0, []
    for _ in range(MAX_RETRANSMISSIONS):
        deadline = transfer.next_deadline()
        assert deadline is not None
        assert transfer.handle_timer(deadline - 0.01) == []
        assert transfer.handle_timer(deadline) == [SendWindow(1, 4)]
        waits.append(deadline - now)
        now = deadline
    assert waits == [1, 2, 4, 8, 8]
    deadline = transfer.next_deadline()
    assert deadline == now + 8
    (action,) = transfer.handle_timer(deadline)
    assert isinstance(action, Failed)
    assert "block 1 was never acknowledged: packets of 512 bytes may not get through" in action.reason
    assert transfer.next_deadline() is None
    assert transfer.handle_timer(deadline + 100) == []


def test_progress_makes_the_timer_short_again() -> None:
    transfer, _ = begin(rrq("file"), 5000)
    transfer.handle_timer(1.0)
    transfer.handle_timer(3.0)
    assert transfer.next_deadline() == 7.0
    transfer.handle_datagram(ack(1), 5.0)
    assert transfer.next_deadline() == 6.0


def test_a_gap_told_after_the_timer_restarts_at_once() -> None:
    transfer = windowed(4)
    assert transfer.handle_datagram(ack(2), 0.1) == [SendWindow(3, 4)]
    assert transfer.handle_timer(1.1) == [SendWindow(3, 4)]
    assert transfer.handle_datagram(ack(4), 1.2) == [SendWindow(5, 4)]


def test_the_oack_is_sent_again_until_its_acknowledged() -> None:
    transfer, first = begin(EDK2_PROBE, 10_000)
    assert transfer.handle_timer(1.0) == first
    assert transfer.handle_timer(3.0) == first
    assert transfer.handle_datagram(ack(0), 3.5) == [SendWindow(1, 4)]
    assert transfer.next_deadline() == 4.5


def test_an_oack_that_nobody_answers_ends_the_transfer_in_words() -> None:
    transfer, _ = begin(EDK2_PROBE, 10_000)
    for _ in range(MAX_RETRANSMISSIONS):
        transfer.handle_timer(transfer.next_deadline() or 0.0)
    (action,) = transfer.handle_timer(transfer.next_deadline() or 0.0)
    assert isinstance(action, Failed)
    assert "never acknowledged the OACK" in action.reason


@pytest.mark.parametrize(("acked", "words"), [(100, "fell silent after block 100 of 196"), (192, "may well have it")])
def test_a_client_that_falls_silent_ends_the_transfer_in_words(acked: int, words: str) -> None:
    transfer = windowed(4)
    for block in range(4, acked + 1, 4):
        transfer.handle_datagram(ack(block), 0.0)
    actions: list[Action] = []
    while not transfer.is_over:
        actions = transfer.handle_timer(transfer.next_deadline() or 0.0)
    (action,) = actions
    assert isinstance(action, Failed)
    assert words in action.reason


@pytest.mark.parametrize(("acked", "words"), [(0, "firewall"), (100, "firewall"), (192, "may well have it")])
def test_a_client_that_closes_its_port_ends_the_transfer_in_words(acked: int, words: str) -> None:
    transfer = windowed(4)
    for block in range(4, acked + 1, 4):
        transfer.handle_datagram(ack(block), 0.0)
    action = transfer.handle_port_closed()
    assert isinstance(action, Failed)
    assert "closed its port" in action.reason
    assert words in action.reason
    assert transfer.is_over
    assert isinstance(transfer.handle_port_closed(), Ignore)


def test_the_clients_own_timeout_is_honoured() -> None:
    transfer, _ = begin(rrq("file", ("timeout", "5")), 5000)
    assert transfer.next_deadline() == 5.0
    transfer.handle_timer(5.0)
    assert transfer.next_deadline() == 10.0
    transfer.handle_datagram(ack(0), 10.0)
    assert transfer.next_deadline() == 15.0


def test_a_repeated_request_gets_the_same_oack_from_the_same_transfer() -> None:
    transfer, first = begin(EDK2_PROBE, 10_000)
    assert transfer.handle_datagram(EDK2_PROBE, 4.0) == first
    assert transfer.handle_datagram(EDK2_PROBE, 8.0) == first
    assert transfer.handle_datagram(ack(0), 8.1) == [SendWindow(1, 4)]
    assert transfer.next_deadline() == 9.1


def test_a_repeated_request_without_options_gets_the_first_block_again() -> None:
    transfer, first = begin(rrq("file"), 5000)
    assert transfer.handle_datagram(rrq("file"), 0.5) == first


def test_a_late_copy_of_the_request_disturbs_nothing() -> None:
    transfer = windowed(4)
    request = rrq("file", ("windowsize", "4"))
    assert transfer.handle_datagram(request, 0.1) == [Ignore("late copy of the request")]
    transfer.handle_datagram(ack(4), 0.2)
    assert transfer.handle_datagram(request, 0.3) == [Ignore("late copy of the request")]
    assert transfer.handle_datagram(ack(8), 0.4) == [SendWindow(9, 4)]


def test_a_client_that_was_reset_and_asks_anew_from_the_same_port_ends_the_old_transfer() -> None:
    transfer = windowed(4)
    transfer.handle_datagram(ack(4), 0.2)
    assert transfer.handle_datagram(rrq("file", ("windowsize", "4")), 5.0) == [Failed("the client began anew")]
    assert transfer.is_over


def test_another_request_from_the_same_port_ends_a_probe_whose_error_was_lost() -> None:
    transfer, _ = begin(EDK2_PROBE, 10_000)
    assert transfer.handle_datagram(rrq("snponly.efi", ("blksize", "1468")), 1.0) == [SizeProbed()]
    transfer = windowed(4)
    (action,) = transfer.handle_datagram(rrq("another"), 0.1)
    assert isinstance(action, Failed)


def test_block_numbers_wrap_to_0_and_the_file_goes_on() -> None:
    blocks = 70_000
    transfer, _ = begin(rrq("file", ("blksize", "8"), ("windowsize", "16")), blocks * 8 - 1)
    transfer.handle_datagram(ack(0), 0.0)
    sent = 16
    while sent < 65_536:
        assert transfer.handle_datagram(ack(sent), 0.0) == [SendWindow(sent + 1, 16)]
        sent += 16
    assert transfer.handle_datagram(b"\0\4\0\0", 0.0) == [SendWindow(65_537, 16)]
    assert transfer.handle_datagram(b"\0\4\0\5", 0.0) == [SendWindow(65_542, 16)]
    assert transfer.handle_datagram(b"\0\4\0\0", 0.0) == [Ignore("ACK of a block that is not on its way")]
    assert transfer.acknowledged_bytes == 65_541 * 8


def test_a_window_of_all_numbers_there_are_is_still_told_apart() -> None:
    request = rrq("file", ("blksize", "8"), ("windowsize", "65535"))
    transfer, _ = begin(request, 8 * 200_000, Caps(8, 65535))
    assert transfer.handle_datagram(ack(0), 0.0) == [SendWindow(1, 65535)]
    assert transfer.handle_datagram(ack(65535), 0.0) == [SendWindow(65536, 65535)]
    assert transfer.handle_datagram(ack(65535), 0.0) == [Ignore("duplicate ACK")]
    assert transfer.handle_datagram(ack(131_070), 0.0) == [SendWindow(131_071, 65535)]


def test_what_is_no_tftp_packet_is_ignored_and_says_so() -> None:
    transfer = windowed(4)
    for junk in (b"", b"\0", b"\0\4\0", b"\0\x09hello"):
        (action,) = transfer.handle_datagram(junk, 0.1)
        assert isinstance(action, Ignore)
        assert action.malformed


def test_a_reader_that_sends_data_is_ignored() -> None:
    transfer = windowed(4)
    assert transfer.handle_datagram(data(1, b"x"), 0.1) == [Ignore("a reader does not send DATA")]


def test_nothing_revives_a_transfer_that_is_over() -> None:
    transfer, _ = begin(rrq("file"), 100)
    transfer.handle_datagram(ack(1), 0.1)
    for packet in (ack(1), ack(0), error(0), rrq("file"), data(1, b"")):
        (action,) = transfer.handle_datagram(packet, 5.0)
        assert isinstance(action, Ignore)
    assert transfer.handle_timer(100.0) == []
