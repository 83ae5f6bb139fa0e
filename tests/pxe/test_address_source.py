from bootbeam.pxe.address_source import MAX_CLIENTS, RETRY_S, AddressSource, AddressSources

MAC = "52:54:00:b0:07:01"
STATION, OTHER = AddressSource.STATION, AddressSource.OTHER_SERVER


def test_without_another_server_it_is_us_every_time() -> None:
    sources = AddressSources()
    assert [sources.source_for(MAC, "pxe", xid, "eth0", xid) for xid in range(4)] == [STATION] * 4


def test_beside_one_a_client_that_does_not_get_on_is_answered_both_ways_in_turn() -> None:
    sources = AddressSources()
    sources.note_server("eth0", 0)
    assert [sources.source_for(MAC, "pxe", xid, "eth0", xid) for xid in range(4)] == [OTHER, STATION, OTHER, STATION]
    assert sources.source_for(MAC, "pxe", 99, "eth0", 3 + RETRY_S) is OTHER


def test_each_kind_each_client_and_each_link_is_on_its_own() -> None:
    sources = AddressSources()
    sources.note_server("eth0", 0)
    assert sources.source_for(MAC, "pxe", 1, "eth0", 0) is OTHER
    assert sources.source_for(MAC, "http", 2, "eth0", 1) is OTHER
    assert sources.source_for("52:54:00:b0:07:02", "pxe", 3, "eth0", 1) is OTHER
    assert sources.source_for("52:54:00:b0:07:03", "pxe", 4, "eth1", 1) is STATION


def test_the_client_not_heard_of_for_longest_is_forgotten_first() -> None:
    sources = AddressSources()
    sources.note_server("eth0", 0)
    for number in range(MAX_CLIENTS + 1):
        sources.source_for(f"client {number}", "pxe", 1, "eth0", 0)
    assert sources.source_for("client 0", "pxe", 2, "eth0", 1) is OTHER, "forgotten: a first question"
    assert sources.source_for(f"client {MAX_CLIENTS}", "pxe", 2, "eth0", 1) is STATION, "remembered: a second one"
