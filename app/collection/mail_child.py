"""The process that opens strangers' mail: takes one message apart and may die of it.

Runs as a script, apart from the service: no settings, no secrets, no import of ours, bounded memory and processor time.
On stdin a length (8 bytes, big endian) and that many bytes; on stdout one line of JSON, then the bytes of the
attachments one after another. Every step is linear in the message; what would not be is refused by its limits, and a
message that can't be read in full is not opened at all: half an attachment would pass for a whole one.
"""

import base64
import binascii
import email.utils
import json
import os
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

try:
    import resource
except ImportError:  # pragma: no cover  # Windows knows no such limits; the parent's clock still holds
    resource = None  # type: ignore[assignment]

MAX_PARTS, MAX_DEPTH, MAX_ATTACHMENTS = 200, 12, 100
MAX_HEAD, MAX_TEXT, MAX_NAME, MAX_BOUNDARY = 256 * 1024, 8 * 1024, 1000, 70
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_LINE = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(rb';\s*([!-:<-~]{1,100}?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"(.+?)\*(?:([0-9]{1,3})(\*)?)?")
_WORD = re.compile(r"=\?([A-Za-z0-9._:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([bBqQ])\?([^?]*)\?=")
# Charsets that mail is written in; others of Python's codecs are no charsets, or take their time.
_CHARSET = re.compile(
    r"utf-?(?:7|8|16|16le|16be)|gb(?:k|2312|18030)|hz(?:-gb-2312)?|big5(?:-?hkscs)?|iso-?8859-?\d{1,2}|windows-?\d{3,4}"
    r"|cp\d{3,4}|shift_?jis|euc-?(?:jp|kr|cn)|iso-?2022-(?:jp|kr)|koi8-[ru]|(?:us-)?ascii"
)
_GB = re.compile(r"gb(?:k|2312)|euc-?cn")
_HEADS = {"from", "to", "cc", "date", "subject", "message-id"}
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_MESSAGES = {"message/rfc822", "message/global"}
_NO_PATH = str.maketrans("/\\", "__")
_ENCODINGS = {"7bit", "8bit", "binary", ""}


class Refused(Exception):
    """A message that is not opened; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Found:
    """An attachment."""

    name: str | None
    type: str
    body: bytes


@dataclass
class Opened:
    """A message taken apart; with a `problem` there are no parts."""

    heads: dict[str, str] = field(default_factory=dict)
    parts: list[Found] = field(default_factory=list)
    left: list[dict[str, str | None]] = field(default_factory=list)
    problem: str | None = None


class _Part:
    """The headers of a part, and where its body begins."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.raw: dict[str, bytes] = {}
        self.body = start
        if data[start : start + 1] == b"\n" or data[start : start + 2] == b"\r\n":
            self.body = start + (1 if data[start : start + 1] == b"\n" else 2)
            return
        found = _BLANK_LINE.search(data, start, min(end, start + MAX_HEAD))
        if found is None and end - start > MAX_HEAD:
            raise Refused("headers_too_long")
        stop, self.body = (end, end) if found is None else found.span()
        self._read(data[start:stop])

    def _read(self, block: bytes) -> None:
        for line in re.split(rb"\r?\n", _FOLD.sub(b"", block)):
            matched = _LINE.fullmatch(line)
            if matched is None:
                if not line.strip() or line.startswith((b"From ", b">From ")):
                    continue
                raise Refused("malformed")
            name = matched[1].decode("ascii").lower()
            if name in self.raw and name.startswith("content-"):
                raise Refused("malformed")  # two readers would read two messages
            self.raw.setdefault(name, matched[2].strip())

    def value(self, name: str, default: str = "") -> tuple[str, dict[str, str]]:
        """Give a structured header: its value in lower case, and its parameters."""
        raw = self.raw.get(name, default.encode())
        main = raw.partition(b";")[0].strip().lower().decode("latin-1")
        return main, parameters(raw)


def text(raw: bytes, charset: str | None = None) -> str:
    """Decode what a sender wrote, by his word where it holds, else as UTF-8, GB 18030 or Latin-1."""
    named = (charset or "").lower()
    tried = ["gb18030" if _GB.fullmatch(named) else named] if _CHARSET.fullmatch(named) else []
    for codec in (*tried, "utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except (UnicodeError, LookupError):
            continue
    return raw.decode("latin-1")


def words(raw: bytes) -> str:
    """Decode a header's text: encoded words (RFC 2047), and bytes that stand there as they are.

    Neighbours of one charset are joined before they are decoded, for senders split characters between them.
    """
    if len(raw) > MAX_TEXT:
        raw = raw[:MAX_TEXT].rpartition(b" ")[0] or raw[:MAX_TEXT]
    plain = text(raw)
    out, last, held, of = list[str](), 0, bytearray(), ""

    def settle() -> None:
        out.append(text(bytes(held), of))
        held.clear()

    for found in _WORD.finditer(plain):
        between = plain[last : found.start()]
        decoded = _word(found[2], found[3])
        if decoded is None:
            continue
        if held and (between.strip() or found[1].lower() != of):
            settle()
        if between.strip() or not out:
            out.append(between)
        held += decoded
        of, last = found[1].lower(), found.end()
    if held:
        settle()
    return "".join((*out, plain[last:])).strip()


def _word(encoding: str, body: str) -> bytes | None:
    try:
        raw = body.encode("ascii")
        if encoding in "bB":
            # What is no base64 decodes to nothing: then it stays as it stands.
            return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4)) or None
        return binascii.a2b_qp(raw, header=True)
    except (UnicodeError, binascii.Error):
        return None


def parameters(raw: bytes) -> dict[str, str]:
    """Give the parameters of a header, those of RFC 2231 decoded; they go before the plain ones of the same name."""
    plain, sections = dict[str, str](), dict[str, dict[int, tuple[bool, bytes]]]()
    for found in _PARAMETER.finditer(raw[:MAX_TEXT]):
        name, value = found[1].decode("ascii").lower(), found[2].strip()
        if value.startswith(b'"') and value.endswith(b'"') and len(value) > 1:
            value = re.sub(rb"\\(.)", rb"\1", value[1:-1], flags=re.DOTALL)
        section = _SECTION.fullmatch(name)
        if section is None:
            plain.setdefault(name, words(value))
        else:
            encoded = section[2] is None or section[3] is not None
            sections.setdefault(section[1], {})[int(section[2] or 0)] = (encoded, value)
    return plain | {name: _joined(pieces) for name, pieces in sections.items()}


def _joined(pieces: dict[int, tuple[bool, bytes]]) -> str:
    charset, whole = None, bytearray()
    for place in sorted(pieces):
        encoded, value = pieces[place]
        if encoded:
            if place == 0 and value.count(b"'") >= 2:  # noqa: PLR2004  # charset'language'value
                named, _, value = value.split(b"'", 2)
                charset = named.decode("latin-1")
            value = unquote_to_bytes(value)
        whole += value
    return text(bytes(whole), charset)


class Opener:
    """Takes one message apart."""

    def __init__(self, data: bytes) -> None:
        self._data, self._count = data, 0
        self.opened = Opened()

    def run(self) -> Opened:
        """Give all that could be read of the message."""
        try:
            top = _Part(self._data, 0, len(self._data))
            self._take_heads(top)
            self._walk(top, len(self._data), 1)
        except Refused as refused:
            self._give_up(refused.code)
        except (RecursionError, MemoryError):
            self._give_up("unreadable")
        return self.opened

    def _give_up(self, code: str) -> None:
        self.opened = Opened(heads=self.opened.heads, problem=code)

    def _take_heads(self, top: _Part) -> None:
        if not _HEADS & top.raw.keys():
            raise Refused("malformed")  # whatever this is, it is no message
        heads = self.opened.heads
        for name in ("from", "to", "cc", "subject"):
            if name in top.raw:
                heads[name] = words(top.raw[name])
        if "message-id" in top.raw:
            heads["message_id"] = "".join(text(top.raw["message-id"]).split())[:998]
        try:
            sent = email.utils.parsedate_to_datetime(text(top.raw.get("date", b"")[:200]))
            heads["sent_at"] = sent.isoformat()
        except (ValueError, TypeError, IndexError, OverflowError):
            pass

    def _walk(self, part: _Part, end: int, depth: int, around: str = "") -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise Refused("too_many_parts")
        type_, given = part.value("content-type", "message/rfc822" if around == "multipart/digest" else "text/plain")
        if not type_.startswith("multipart/"):
            self._leaf(part, end, type_, given, around)
            return
        if depth > MAX_DEPTH:
            raise Refused("too_deep")
        for start, stop in self._pieces(given.get("boundary", ""), part.body, end):
            self._walk(_Part(self._data, start, stop), stop, depth + 1, type_)

    def _pieces(self, boundary: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Give where each piece between delimiters begins and ends; Refused when the last delimiter is missing."""
        if not 0 < len(boundary) <= MAX_BOUNDARY or not boundary.isascii():
            raise Refused("malformed")
        delimiter, data, begun = b"--" + boundary.encode(), self._data, -1
        place = data.find(delimiter, start, end)
        while place >= 0:
            after = place + len(delimiter)
            # Only where a line begins: looking for its end anywhere else would take the square of a long line.
            if place == start or data[place - 1 : place] == b"\n":
                closing = data[after : after + 2] == b"--"
                line = data.find(b"\n", after, end)
                line = end if line < 0 else line
                if not data[after + 2 * closing : line].strip():
                    if begun >= 0:
                        stop = place - (2 if data[place - 2 : place] == b"\r\n" else 1)
                        yield begun, max(begun, stop)
                    if closing:
                        return
                    begun = min(end, line + 1)
            place = data.find(delimiter, after, end)
        raise Refused("malformed")

    def _leaf(self, part: _Part, end: int, type_: str, given: dict[str, str], around: str) -> None:
        disposition, more = part.value("content-disposition")
        name = (more.get("filename") or given.get("name") or "")[-MAX_NAME:] or None
        attached, left = disposition == "attachment", self.opened.left
        if type_ in _SIGNATURES:
            left.append({"name": name, "why": "signature"})
        elif type_.startswith("image/") and not attached and around == "multipart/related" and "content-id" in part.raw:
            left.append({"name": name, "why": "inline_image"})
        elif not attached and name is None and type_ in {"text/plain", "text/html"}:
            return  # what the message itself says
        elif not attached and name is None and around == "multipart/alternative":
            left.append({"name": None, "why": "alternative"})
        else:
            if len(self.opened.parts) == MAX_ATTACHMENTS:
                raise Refused("too_many_parts")
            body = _decoded(self._data[part.body : end], part.value("content-transfer-encoding")[0])
            self.opened.parts.append(Found(name or self._subject(type_, body), type_[:MAX_NAME], body))

    @staticmethod
    def _subject(type_: str, body: bytes) -> str | None:
        """Give the name of an attached message that has none: its subject."""
        if type_ not in _MESSAGES:
            return None
        try:
            return words(_Part(body, 0, len(body)).raw.get("subject", b"")).translate(_NO_PATH)[:MAX_NAME] + ".eml"
        except Refused:
            return ".eml"


def _decoded(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        try:
            return base64.b64decode(body.translate(None, b" \t\r\n"), validate=True)
        except binascii.Error:
            raise Refused("malformed") from None
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding not in _ENCODINGS:
        raise Refused("malformed")
    return body


def limit(memory: int, seconds: int) -> None:
    """Bound addresses in bytes and processor time in seconds, and leave no core file with a client's mail in it."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Open the message on stdin. Arguments: bytes of memory, seconds of processor time."""
    limit(int(sys.argv[1]), int(sys.argv[2]))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    (size,) = struct.unpack(">Q", sys.stdin.buffer.read(8))
    data = sys.stdin.buffer.read(size)
    opened = Opener(data).run() if len(data) == size else Opened(problem="unreadable")
    told = {
        "heads": opened.heads, "left": opened.left, "problem": opened.problem,
        "parts": [{"name": part.name, "type": part.type, "size": len(part.body)} for part in opened.parts],
    }  # fmt: skip
    answers.write(json.dumps(told).encode("ascii") + b"\n")
    for part in opened.parts:
        answers.write(part.body)
    answers.flush()


if __name__ == "__main__":
    main()
