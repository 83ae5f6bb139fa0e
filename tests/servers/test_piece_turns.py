"""Turns of clients that read large pieces: who goes on when, and that nobody waits for one who has left."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps

from bootbeam.servers.piece_turns import MAX_UNDER_WAY_BYTES, PieceTurns

MIB = 1 << 20
ROOM = MAX_UNDER_WAY_BYTES // MIB


def in_a_loop(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Clients:
    """Of one server. Each is sent a piece as soon as it has the turn."""

    def __init__(self) -> None:
        self.turns = PieceTurns()
        self.sent: list[int] = []
        self.all_sent = asyncio.Event()
        self.awaited = 0

    def ask(self, client: int) -> None:
        if self.turns.take(client, MIB, lambda: self.ask(client)):
            self.sent.append(client)
            if len(self.sent) == self.awaited:
                self.all_sent.set()


@in_a_loop
async def test_no_more_are_under_way_than_fit_and_the_next_one_goes_when_one_has_read_its_piece() -> None:
    clients = Clients()
    for client in range(ROOM + 2):
        clients.ask(client)
    assert clients.sent == list(range(ROOM))
    clients.ask(3)
    assert clients.sent[ROOM:] == [ROOM], "who has waited longest"
    clients.ask(1)
    clients.ask(0)
    assert clients.sent[ROOM:] == [ROOM, ROOM + 1, 3], "and then who asked again, in that order"


@in_a_loop
async def test_clients_that_do_not_ask_again_are_not_waited_for() -> None:
    clients = Clients()
    clients.awaited = 3 * ROOM
    for client in range(3 * ROOM):
        clients.ask(client)
    assert len(clients.sent) == ROOM
    await asyncio.wait_for(clients.all_sent.wait(), 20)
    assert clients.sent == list(range(3 * ROOM))


@in_a_loop
async def test_one_that_leaves_while_it_waits_is_passed_over_and_its_room_is_another_ones() -> None:
    clients = Clients()
    for client in range(ROOM + 2):
        clients.ask(client)
    clients.turns.leave(ROOM)
    clients.turns.leave(0)
    clients.ask(1)
    assert clients.sent[ROOM:] == [ROOM + 1]
    clients.ask(2)
    assert ROOM not in clients.sent


@in_a_loop
async def test_when_the_server_stops_those_who_wait_get_theirs() -> None:
    clients = Clients()
    for client in range(2 * ROOM):
        clients.ask(client)
    clients.turns.release_all()
    assert clients.sent == list(range(2 * ROOM))


@in_a_loop
async def test_a_single_reader_never_waits() -> None:
    clients = Clients()
    for _ in range(10 * ROOM):
        clients.ask(7)
    assert clients.sent == [7] * (10 * ROOM)


@in_a_loop
async def test_nothing_is_remembered_of_those_who_have_left() -> None:
    clients = Clients()
    for client in range(2 * ROOM):
        clients.ask(client)
    for client in range(2 * ROOM):
        clients.turns.leave(client)
    clients.ask(99)
    assert clients.sent[-1] == 99
