"""A reader of multipart/form-data (RFC 7578) that passes bytes on as they come.

It holds no more than the chunk in hand, writes nothing to disk, and lets the caller's pace be the sender's.
"""

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from app.api.disposition import parse_disposition, parse_parameters
from app.core.errors import Malformed, TooLarge

MAX_PARTS, MAX_HEADERS, MAX_HEADER_BYTES = 16, 16, 8 * 1024
# The parser tells of every line end in the data; larger chunks would let a hostile one queue many notes at once.
FEED = 64 * 1024
_LEGAL = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


class _Begin:
    """The headers of a part are complete."""

    def __init__(self, headers: dict[str, bytes]) -> None:
        self.headers = headers


class _End:
    """A part is complete."""


class _Last:
    """The closing delimiter was seen."""


_Note = _Begin | _End | _Last | bytes


@dataclass(slots=True)
class Part:
    """One part: the field's name, the sender's file name (None: a plain field), its media type, its bytes.

    Iterate to get the bytes, before going on to the next part: what is skipped is gone.
    """

    name: str
    filename: str | None
    content_type: str | None
    _reader: "MultipartReader" = field(repr=False)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Go through the bytes as they arrive."""
        return self

    async def __anext__(self) -> bytes:
        """Give the next bytes; raises Malformed when the body breaks off."""
        data = await self._reader.next_data(self)
        if not data:
            raise StopAsyncIteration
        return data

    async def read(self, limit: int) -> bytes:
        """Give the whole part if it has at most `limit` bytes; raises TooLarge (413) as soon as it has more."""
        taken = bytearray()
        async for chunk in self:
            taken += chunk
            if len(taken) > limit:
                raise TooLarge(
                    f"Part {self.name!r} has more than {limit} bytes.", f"表单项 {self.name!r} 超过 {limit} 字节。"
                )
        return bytes(taken)


class MultipartReader:
    """Goes through the parts of a multipart/form-data body in their order.

    `content_type` is the request's header, `chunks` its body. Raises Malformed (400) for a missing boundary, broken
    framing, too many or too long headers, too many parts, a body that ends early; what `chunks` raises passes through.
    """

    def __init__(self, content_type: str | None, chunks: AsyncIterator[bytes], *, max_parts: int = MAX_PARTS) -> None:
        self._chunks, self._max_parts = aiter(chunks), max_parts
        self._notes: deque[_Note] = deque()
        self._pending: deque[memoryview] = deque()
        self._headers: dict[str, bytes] = {}
        self._name, self._value = bytearray(), bytearray()
        self._count, self._ended = 0, False
        self._current: Part | None = None
        self._parser = MultipartParser(
            boundary_of(content_type),
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header_ended,
                "on_headers_finished": lambda: self._notes.append(_Begin(dict(self._headers))),
                "on_part_data": self._data_came,
                "on_part_end": lambda: self._notes.append(_End()),
                "on_end": lambda: self._notes.append(_Last()),
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def __aiter__(self) -> AsyncIterator[Part]:
        """Go through the parts."""
        return self

    async def __anext__(self) -> Part:
        """Give the next part, passing over what is left of the one before."""
        if self._ended:
            raise StopAsyncIteration
        while self._current is not None:
            await self.next_data(self._current)
        note = await self._next_note()
        if isinstance(note, _Last):
            self._ended = True
            await self._read_out()
            raise StopAsyncIteration
        if not isinstance(note, _Begin):
            raise _malformed("its framing is broken")
        self._count += 1
        if self._count > self._max_parts:
            raise _malformed(f"it has more than {self._max_parts} parts")
        self._current = self._part(note.headers)
        return self._current

    async def expect(self, name: str) -> Part:
        """Give the next part, which must be the field `name`; raises Malformed when it is another or none is left."""
        part = await anext(aiter(self), None)
        if part is None or part.name != name:
            found = "the body ends" if part is None else f"{part.name!r} stands"
            raise Malformed(f"Part {name!r} is expected where {found}.", f"此处应为表单项 {name!r}。")
        return part

    async def next_data(self, part: Part) -> bytes:
        """Give the next bytes of `part`, b"" at its end or when the reader has gone past it."""
        if self._current is not part:
            return b""
        note = await self._next_note()
        if isinstance(note, bytes):
            return note
        self._current = None
        if not isinstance(note, _End):
            raise _malformed("its framing is broken")
        return b""

    async def _next_note(self) -> _Note:
        while not self._notes:
            if not self._pending:
                chunk = await anext(self._chunks, None)
                if chunk is None:
                    raise _malformed("it ends before its closing boundary")
                view = memoryview(chunk)
                self._pending.extend(view[begin : begin + FEED] for begin in range(0, len(view), FEED))
                continue
            try:
                self._parser.write(bytes(self._pending.popleft()))
            except FormParserError:
                raise _malformed("its framing is broken") from None
        return self._notes.popleft()

    async def _read_out(self) -> None:
        """Take the little that may follow the closing delimiter, so that the body is read to its end."""
        rest = sum(map(len, self._pending))
        self._pending.clear()
        while rest <= FEED:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                return
            rest += len(chunk)
        raise _malformed("it goes on after its closing boundary")

    def _header_ended(self) -> None:
        name = self._name.decode("latin-1").lower()
        if name in self._headers:
            raise _malformed(f"a part has two {name} headers")
        self._headers[name] = bytes(self._value).strip(b" \t")
        self._name.clear()
        self._value.clear()

    def _data_came(self, data: bytes, start: int, end: int) -> None:
        self._notes.append(data[start:end])

    def _part(self, headers: dict[str, bytes]) -> Part:
        disposition = parse_disposition(headers.get("content-disposition", b""))
        if disposition.kind != "form-data" or not disposition.name:
            raise _malformed("a part has no Content-Disposition: form-data with a name")
        if headers.get("content-transfer-encoding", b"binary").lower() not in {b"binary", b"8bit", b"7bit"}:
            raise _malformed("a part has a Content-Transfer-Encoding")
        media_type = headers.get("content-type")
        return Part(disposition.name, disposition.filename, media_type.decode("latin-1") if media_type else None, self)


def boundary_of(content_type: str | None) -> bytes:
    """Give the boundary that a `Content-Type` names; raises Malformed when it is not multipart or names none."""
    kind, parameters = parse_parameters(content_type or "none", "Content-Type")
    boundary = parameters.get("boundary", "") if kind == "multipart/form-data" else ""
    if not _LEGAL.fullmatch(boundary):
        raise _malformed("Content-Type must be multipart/form-data with a boundary of 1 to 70 characters")
    return boundary.encode("ascii")


def _malformed(why: str) -> Malformed:
    return Malformed(f"The multipart body can't be read: {why}.", "multipart 请求体无法解析。")
