"""HTTP to the object store: sends and fetches streams at addresses signed elsewhere, and names what goes wrong.

Never lets an address out: it is signed, so it must not stand in an error, a log or an answer.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from app.core.errors import AppError
from app.storage.errors import ObjectMissing, StoreFull, StoreUnavailable

ANSWER_LIMIT = 64 * 1024
READ_BUFFER = 256 * 1024
HTTP_OK, HTTP_MULTIPLE, HTTP_NOT_FOUND, HTTP_NO_SPACE = 200, 300, 404, 507
FULL_CODES = frozenset(
    {"XMinioStorageFull", "StorageFull", "InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The store's answer to one request: status, headers (names in lower case), at most 64 KiB of body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the store did what it was asked; S3 can also refuse under status 200."""
        return HTTP_OK <= self.status < HTTP_MULTIPLE and b"<Error>" not in self.body

    @property
    def code(self) -> str:
        """The S3 error code, "" where the store gave none."""
        found = re.search(rb"<Code>([A-Za-z0-9.]{1,64})</Code>", self.body)
        return found[1].decode() if found else self.headers.get("x-minio-error-code", "")

    def error(self) -> AppError:
        """Make the error that this answer stands for."""
        if self.status == HTTP_NO_SPACE or self.code in FULL_CODES:
            return StoreFull(f"{self.status} {self.code}".strip())
        if self.status == HTTP_NOT_FOUND and self.code in {"", "NoSuchKey"}:
            return ObjectMissing()
        return StoreUnavailable(f"the store answered {self.status} {self.code}".strip())


class _Paced:
    """A request's body that tells the store's silence from the sender's: only the store's is timed."""

    def __init__(self, source: AsyncIterator[memoryview], length: int, watch: asyncio.Timeout, idle: float) -> None:
        self._source, self._missing, self._watch, self._idle = source, length, watch, idle
        self.left = False
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether all bytes were given away; the store may answer then, before the source knows of its end."""
        return self._missing <= 0

    def _expect_progress(self, expect: bool) -> None:
        if not self.left and not self._watch.expired():
            self._watch.reschedule(asyncio.get_running_loop().time() + self._idle if expect else None)

    def __aiter__(self) -> AsyncIterator[memoryview]:
        return self

    async def __anext__(self) -> memoryview:
        self._expect_progress(False)
        try:
            piece = await anext(self._source)
        except StopAsyncIteration:
            raise  # the end is no error
        except Exception as error:
            self.error = error
            raise
        finally:
            self._expect_progress(True)
        self._missing -= len(piece)
        return piece


class Wire:
    """One pool of connections to the store, made in the loop that first uses it.

    `connect_seconds` bounds reaching the store, `idle_seconds` its silence during a transfer and the wait for one of
    the `connections`; nothing bounds the whole of a transfer.
    """

    def __init__(self, *, connect_seconds: float, idle_seconds: float, connections: int) -> None:
        self._idle, self._connections = idle_seconds, connections
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_seconds + idle_seconds, sock_connect=connect_seconds, sock_read=idle_seconds
        )
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session of this process, made at first use."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    ssl=ssl.create_default_context(),
                    ttl_dns_cache=10,
                    socket_factory=self._make_socket,
                ),
                timeout=self._timeout,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
                read_bufsize=READ_BUFFER,
            )
        return self._session

    def _make_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        # A closed connection would else wait for ever to hand its last bytes to a server that takes none.
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._idle * 1000))
        return made

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        method: str,
        url: str,
        body: AsyncIterator[memoryview] | None = None,
        length: int = 0,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request, with a body of exactly `length` bytes if one is given, and read the answer.

        `more` are headers that were signed with the address.
        Raises what the body raises, and `StoreUnavailable` when no whole answer came; a refusal is an `Answer` too.
        An answer before the end of the body is a refusal whatever it says.
        """
        paced: _Paced | None = None
        try:
            async with asyncio.timeout(None) as watch:
                paced = _Paced(body, length, watch, self._idle) if body is not None else None
                headers = {"Content-Length": str(length)} if paced or method in {"PUT", "POST"} else {}
                headers |= more or {}
                async with self.session.request(
                    method, URL(url, encoded=True), data=paced, headers=headers, allow_redirects=False
                ) as response:
                    if paced and not paced.done:
                        watch.reschedule(asyncio.get_running_loop().time() + self._idle)
                    answer = await _read_answer(response)
                    if paced and not paced.done:
                        response.close()
                        if answer.ok:
                            raise StoreUnavailable("the store answered before the body had ended")
                    return answer
        except (aiohttp.ClientError, OSError) as error:
            if paced and paced.error:
                raise paced.error from None
            raise StoreUnavailable(_reason(error)) from None
        finally:
            if paced:
                paced.left = True

    @asynccontextmanager
    async def fetch(self, url: str, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open a GET; leaving the block closes its connection unless the body was read to its end."""
        try:
            response = await self.session.get(URL(url, encoded=True), headers=headers, allow_redirects=False)
        except (aiohttp.ClientError, OSError) as error:
            raise StoreUnavailable(_reason(error)) from None
        try:
            yield response
        finally:
            if not response.content.at_eof():
                response.close()
            response.release()


async def read_chunks(response: aiohttp.ClientResponse, length: int | None) -> AsyncGenerator[bytes, None]:
    """Give the body as it comes; raise `StoreUnavailable` if it breaks off or isn't `length` bytes (None: unknown)."""
    count = 0
    try:
        async for chunk in response.content.iter_any():
            count += len(chunk)
            yield chunk
    except (aiohttp.ClientError, OSError) as error:
        raise StoreUnavailable(_reason(error)) from None
    if length is not None and count != length:
        raise StoreUnavailable(f"the store gave {count} of {length} bytes")


async def refusal(response: aiohttp.ClientResponse) -> Answer:
    """Read the answer of a `fetch` that gave no content."""
    try:
        return await _read_answer(response)
    except (aiohttp.ClientError, OSError) as error:
        raise StoreUnavailable(_reason(error)) from None


async def _read_answer(response: aiohttp.ClientResponse) -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_LIMIT:
            raise StoreUnavailable("the store's answer is too long")
    return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, bytes(body))


def _reason(error: BaseException) -> str:
    """Name an error without its text, which may quote the signed address."""
    number = getattr(error, "errno", None)
    return f"{type(error).__name__}{f' (errno {number})' if number else ''}"
