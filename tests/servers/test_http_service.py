"""What the connections of one server share."""

import asyncio
import logging

from bootbeam.servers.http_body import TURN_ALONE_BYTES, TURN_BYTES
from bootbeam.servers.http_download import Downloads
from bootbeam.servers.http_service import MAX_ALONE, Service
from tests.servers.http_station import Files
from tests.servers.kept_events import Kept


def test_one_who_is_alone_gets_more_at_once_than_one_of_many() -> None:
    async def load() -> None:
        await asyncio.sleep(0)

    async def look() -> None:
        journal = Kept()
        downloads = Downloads(Files(), journal)
        service = Service(downloads, 10, 10, lambda: None, load, (), logging.Logger("test"), {})
        for number in range(MAX_ALONE + 3):
            assert service.turn_bytes() == (TURN_ALONE_BYTES if number <= MAX_ALONE else TURN_BYTES)
            service.answering[asyncio.create_task(load())] = None
        await asyncio.gather(*service.answering)

    asyncio.run(look())
