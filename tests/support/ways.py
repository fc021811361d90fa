"""A way to a server that tests can shut, block, or answer themselves on, as networks and full disks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.embedded.processes import free_port

FULL = (
    b"HTTP/1.1 507 Insufficient Storage\r\nContent-Type: application/xml\r\nContent-Length: 53\r\nConnection: close\r\n\r\n"
    b"<Error><Code>XMinioStorageFull</Code><X></X></Error>\n"
)


class Way:
    """A port in front of another.

    Parameters: `target` is the port of the real server; `port` is what the service is told.
    """

    def __init__(self, target: int) -> None:
        self._target, self.port = target, free_port()
        self._listener: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._answer: bytes | None = None
        self._left: int | None = None
        self._to_come: int | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Let everything through again."""
        self._answer = self._left = None
        self._flows.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def shut(self) -> None:
        """Refuse connections and break those that there are."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self.cut()

    async def cut(self) -> None:
        """Break the connections that there are."""
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.05)

    def block(self) -> None:
        """Keep connections, and let nothing through."""
        self._flows.clear()

    def shut_after(self, size: int) -> None:
        """Break every connection once the server has sent so many bytes more."""
        self._left = size

    def cut_after(self, size: int) -> None:
        """Break the connections that there are, once, when clients have sent so many bytes more."""
        self._to_come = size

    async def answer(self, answer: bytes) -> None:
        """Answer every new request with these bytes."""
        self._answer = answer
        await self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError):
            if self._answer is not None:
                await reader.read(64 * 1024)
                writer.write(self._answer)
                await writer.drain()
                await asyncio.sleep(0.1)
            else:
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
                self._open.add(inner_writer)
                await asyncio.gather(self._pump(reader, inner_writer), self._pump(inner_reader, writer, limited=True))
                self._open.discard(inner_writer)
        writer.close()
        self._open.discard(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, limited: bool = False) -> None:
        with suppress(OSError):
            while data := await reader.read(64 * 1024):
                await self._flows.wait()
                if limited and self._left is not None:
                    self._left -= len(data)
                    if self._left < 0:
                        await self.cut()
                        return
                writer.write(data)
                await writer.drain()
                if not limited and self._to_come is not None:
                    self._to_come -= len(data)
                    if self._to_come < 0:
                        self._to_come = None
                        await self.cut()
                        return
        writer.close()


@asynccontextmanager
async def way_to(target: int) -> AsyncIterator[Way]:
    """Open a way, lend it, shut it."""
    way = Way(target)
    await way.open()
    try:
        yield way
    finally:
        way._flows.set()
        await way.shut()
