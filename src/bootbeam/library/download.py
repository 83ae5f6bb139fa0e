"""An image named by its address: fetched once, resumed after a break, checked against the SHA256SUMS beside it.

What is being fetched has ``.part`` at the end of its name, and beside it a note of which version it is a part of;
a file without is complete and, where there was a sum, the right one.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp

from bootbeam.boot.name import served_name
from bootbeam.errors import UserError
from bootbeam.library.signature import Signature, check_signature

CHUNK_BYTES = 1 << 20
MAX_SUMS_BYTES = 1 << 20
MAX_TRIES = 5
"""Times a broken transfer is taken up again before a person is asked."""
RETRY_PAUSE_S = 2.0
STALL_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 20.0
SUMS_NAMES = ("SHA256SUMS", "CHECKSUM", "sha256sum.txt", "sha256sums.txt")
SIGNATURE_SUFFIXES = (".gpg", ".sign", ".asc", ".sig")

_SUM_LINE = re.compile(r"^\\?([0-9a-fA-F]{64}) [ *](.+)$")
_BSD_SUM_LINE = re.compile(r"^SHA256 \((.+)\) = ([0-9a-fA-F]{64})$")

Progress = Callable[[int, int | None], None]
"""Called with the bytes there are and the bytes there will be (None when the server does not say)."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete image."""

    path: Path
    was_there: bool
    """It had been fetched before; nothing was transferred."""
    sha256: str | None
    """The sum it was found to have; None when there was nothing to compare it with and it was there already."""
    checked: str
    """Against what it was checked, in words; "" when it was there already."""


def fetch_image(address: str, directory: Path, progress: Progress) -> Fetched:
    """The image at ``address``, complete and checked, in ``directory``.

    Raises:
        UserError: it cannot be had, does not fit on the disk, or is not what its sum says.
    """
    # The same file name on two servers is two images.
    folder = directory / hashlib.sha256(address.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    path = folder / _file_name(address)
    if path.exists():
        return Fetched(path, was_there=True, sha256=None, checked="")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder, address):
            return asyncio.run(_Fetch(address, path, progress).run())
    except OSError as error:
        raise UserError(
            f"{address} cannot be kept in {folder}",
            error.strerror or str(error),
            f"make room, or set the rights: df {folder}; ls -ld {folder}",
        ) from None


def _file_name(address: str) -> str:
    """Under which the image is kept.

    Raises:
        UserError: the address is none.
    """
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise UserError(f"{address} is no address of an image", "", "it looks like this: https://HOST/IMAGE.iso")
    return served_name(unquote(parts.path.rpartition("/")[2]), set())


@contextmanager
def _alone_in(folder: Path, address: str) -> Iterator[None]:
    """Two that write the same file would spoil it for each other."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise UserError(
            f"{address} is being fetched by another bootbeam", "", "start again when that one is done"
        ) from None
    try:
        yield
    finally:
        os.close(fd)


class _Fetch:
    """One image on its way."""

    def __init__(self, address: str, path: Path, progress: Progress) -> None:
        self._address = address
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._note = path.with_name(path.name + ".part.json")
        self._progress = progress

    async def run(self) -> Fetched:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=STALL_TIMEOUT_S)
        # A range of what was compressed on its way is no part of the file.
        as_it_is = {"Accept-Encoding": "identity"}
        async with aiohttp.ClientSession(
            timeout=timeout, auto_decompress=False, trust_env=True, headers=as_it_is
        ) as session:
            for attempt in range(1, MAX_TRIES + 1):
                try:
                    await self._transfer(session)
                    break
                except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
                    if _is_to_end():
                        raise asyncio.CancelledError from None
                    if attempt == MAX_TRIES:
                        raise self._broken(error) from None
                    await asyncio.sleep(RETRY_PAUSE_S)
                except aiohttp.ClientError as error:
                    raise self._odd(error) from None
            wanted, checked = await self._wanted_sum(session)
        digest = await asyncio.to_thread(_digest, self._part)
        if wanted is not None and digest != wanted:
            self._part.unlink()
            self._note.unlink(missing_ok=True)
            raise UserError(
                f"{self._address} arrived with another SHA-256 than its sums say",
                f"it has {digest}, {wanted} was expected: a damaged transfer, or a mirror that is being renewed",
                "start again; when it stays so, take another mirror",
            )
        self._part.rename(self._path)
        self._note.unlink(missing_ok=True)
        return Fetched(self._path, was_there=False, sha256=digest, checked=checked)

    async def _transfer(self, session: aiohttp.ClientSession) -> None:
        """Fetch what is still missing; from the start when the server has another version by now."""
        have_bytes, validator = self._what_is_there()
        headers = {"Range": f"bytes={have_bytes}-", "If-Range": validator} if have_bytes and validator else {}
        async with session.get(self._address, headers=headers) as response:
            if response.status == 416:
                return  # nothing is missing
            if response.status not in (200, 206):
                raise UserError(
                    f"{self._address} cannot be fetched: the server says {response.status} {response.reason}",
                    "",
                    f"look at it in a browser, or with: curl -IL {quote(self._address)}",
                )
            if response.status == 200:
                have_bytes = 0
            elif not response.headers.get("Content-Range", f"bytes {have_bytes}-").startswith(f"bytes {have_bytes}-"):
                self._note.unlink(missing_ok=True)  # the next try begins at the start
                raise aiohttp.ClientPayloadError("the server sent another part of the file than it was asked for")
            missing_bytes = response.content_length
            whole_bytes = have_bytes + missing_bytes if missing_bytes is not None else None
            self._insist_on_room(missing_bytes)
            self._note.write_text(
                json.dumps({"validator": response.headers.get("ETag") or response.headers.get("Last-Modified", "")})
            )
            with self._part.open("r+b" if have_bytes else "wb") as file:
                file.seek(have_bytes)
                # A limit of our own beside aiohttp's, which is gone when the connection closes under a read.
                while chunk := await asyncio.wait_for(response.content.read(CHUNK_BYTES), STALL_TIMEOUT_S + 5):
                    file.write(chunk)
                    have_bytes += len(chunk)
                    self._progress(have_bytes, whole_bytes)
            if whole_bytes is not None and have_bytes < whole_bytes:
                raise aiohttp.ClientPayloadError("the connection ended early")

    def _what_is_there(self) -> tuple[int, str]:
        """The bytes of an earlier try and what tells their version; a weak entity tag cannot (RFC 9110 §13.1.5)."""
        try:
            validator = str(json.loads(self._note.read_text()).get("validator", ""))
            return self._part.stat().st_size, "" if validator.startswith("W/") else validator
        except (OSError, ValueError):
            return 0, ""

    def _insist_on_room(self, missing_bytes: int | None) -> None:
        room = os.statvfs(self._path.parent)
        free_bytes = room.f_bavail * room.f_frsize
        if missing_bytes is not None and missing_bytes > free_bytes:
            raise UserError(
                f"{self._path.name} does not fit on the disk",
                f"{missing_bytes / 1e9:.1f} GB are missing, {free_bytes / 1e9:.1f} GB are free in {self._path.parent}",
                "free room there, or fetch it elsewhere and name the file",
            )

    async def _wanted_sum(self, session: aiohttp.ClientSession) -> tuple[str | None, str]:
        """The SHA-256 that a file of sums beside the image says, and in words how far that can be trusted."""
        file_name = unquote(urlsplit(self._address).path.rpartition("/")[2])
        for sums_name in (*SUMS_NAMES, f"{file_name}.sha256", f"{file_name}.CHECKSUM"):
            address = urljoin(self._address, sums_name)
            text = await _small_file(session, address)
            wanted = find_sum(text.decode("utf-8", "replace"), file_name) if text else None
            if text is None or wanted is None:
                continue
            signature = await self._check_signature(session, address, text)
            if signature is Signature.BAD:
                raise UserError(
                    f"the signature of {address} is not right",
                    "the sums were changed after they were signed",
                    "do not use this image; take another mirror",
                )
            return wanted, f"{sums_name}, {signature.value}"
        return None, "nothing: there are no SHA-256 sums beside it"

    @staticmethod
    async def _check_signature(session: aiohttp.ClientSession, address: str, sums: bytes) -> Signature:
        if sums.startswith(b"-----BEGIN PGP SIGNED MESSAGE-----"):
            return await asyncio.to_thread(check_signature, sums, None)
        for suffix in SIGNATURE_SUFFIXES:
            signature = await _small_file(session, address + suffix)
            if signature:
                return await asyncio.to_thread(check_signature, sums, signature)
        return Signature.NONE

    def _odd(self, error: aiohttp.ClientError) -> UserError:
        """An answer that no repetition makes better."""
        if isinstance(error, aiohttp.TooManyRedirects):
            why = "the server sends from one address to the next, and comes to no end"
        elif isinstance(error, aiohttp.RedirectClientError):
            why = f"the server sends to an address that is none of http or https: {error}"
        elif isinstance(error, aiohttp.InvalidURL):
            why = "that is no address"
        else:
            words = getattr(error, "message", "") or str(error)
            why = f"the server's answer is none of HTTP: {words.partition(chr(10))[0]}"
        return UserError(f"{self._address} cannot be fetched", why, f"look at it: curl -IL {quote(self._address)}")

    def _broken(self, error: Exception) -> UserError:
        return UserError(
            f"{self._address} cannot be fetched",
            str(error) or type(error).__name__,
            "run the same command again: it goes on where it stopped",
        )


def find_sum(text: str, file_name: str) -> str | None:
    """The SHA-256 of ``file_name`` in a file of sums, GNU's format or BSD's; a lone sum counts for any name."""
    sums: dict[str, str] = {}
    for line in text.splitlines():
        gnu, bsd = _SUM_LINE.match(line), _BSD_SUM_LINE.match(line)
        if gnu:
            sums[gnu[2].strip().rpartition("/")[2]] = gnu[1].lower()
        elif bsd:
            sums[bsd[1].rpartition("/")[2]] = bsd[2].lower()
    if not sums and re.fullmatch(r"[0-9a-fA-F]{64}", text.strip()):
        return text.strip().lower()
    return sums.get(file_name)


def _is_to_end() -> bool:
    """Whether Ctrl-C came while the connection broke; the error is told first then, and would hide it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _small_file(session: aiohttp.ClientSession, address: str) -> bytes | None:
    try:
        async with session.get(address) as response:
            if response.status != 200:
                return None
            data = await response.content.read(MAX_SUMS_BYTES + 1)
            while len(data) <= MAX_SUMS_BYTES and (more := await response.content.read(MAX_SUMS_BYTES)):
                data += more
            return data if len(data) <= MAX_SUMS_BYTES else None
    except (aiohttp.ClientError, TimeoutError):
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
