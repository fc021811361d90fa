"""Media types by content: the bytes decide, the sender's word only where they say nothing.

Looks at the first and the last bytes of a file and at nothing between. Nothing is unpacked, so no archive can burst
here. Tells what kind of file it is, not that it is whole.
"""

import re
import struct
from dataclasses import dataclass

HEAD_BYTES, TAIL_BYTES = 4096, 64 * 1024
UNKNOWN = "application/octet-stream"
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif"})

_OOXML = "application/vnd.openxmlformats-officedocument."
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What begins so is this, and what does not is not.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"{\\rtf", "application/rtf"),
    (b"PK\x05\x06", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"BZh", "application/x-bzip2"),
    (b"%!PS", "application/postscript"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
)  # fmt: skip
# The same type has been sent under these names too.
_OTHER_NAMES = {
    "application/x-zip-compressed": "application/zip", "application/x-rar-compressed": "application/vnd.rar",
    "text/rtf": "application/rtf", "application/x-gzip": "application/gzip", "image/jpg": "image/jpeg",
}  # fmt: skip
# Programs: under no name that anything would run.
_PROGRAMS = (b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"#!/", b"\x00asm")
_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"hevc": "image/heic", b"mif1": "image/heif", b"msf1": "image/heif",
    b"avif": "image/avif", b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4",
    b"isom": "video/mp4", b"iso2": "video/mp4", b"iso4": "video/mp4", b"iso5": "video/mp4", b"iso6": "video/mp4",
    b"mp41": "video/mp4", b"mp42": "video/mp4", b"avc1": "video/mp4", b"M4V ": "video/mp4", b"MSNV": "video/mp4",
    b"dash": "video/mp4",
}  # fmt: skip
_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}
# The folder that holds the document proper, and the type where macros come with it.
_OFFICE = {
    "word/": (f"{_OOXML}wordprocessingml.document", "application/vnd.ms-word.document.macroEnabled.12"),
    "xl/": (f"{_OOXML}spreadsheetml.sheet", "application/vnd.ms-excel.sheet.macroEnabled.12"),
    "ppt/": (f"{_OOXML}presentationml.presentation", "application/vnd.ms-powerpoint.presentation.macroEnabled.12"),
}
_MIMETYPE = re.compile(rb"application/(?:vnd\.oasis\.opendocument\.[a-z-]{1,40}|epub\+zip)")
# Streams of the old container, named in UTF-16, and what they make of it.
_STREAMS = tuple(
    (name.encode("utf-16-le"), media_type)
    for name, media_type in (
        ("WordDocument", "application/msword"), ("Workbook", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        ("__properties_version1.0", "application/vnd.ms-outlook"),
    )
)  # fmt: skip
_OLE_TYPES = re.compile(
    r"application/(?:msword|vnd\.ms-(?:excel|powerpoint|outlook|works|project)|vnd\.visio|vnd\.hancom\.hwp|x-hwp"
    r"|x-msi|kswps|kset|ksdps|wps-office\.[a-z]{2,4})"
)
_CERTAIN = (
    frozenset(media_type for _, media_type in _SIGNATURES)
    | {"application/ofd", "image/heic", "image/heif", "image/avif", "image/webp"}
    | {kind for pair in _OFFICE.values() for kind in pair}
)
_FIELD = re.compile(rb"([!-9;-~]{1,76}):[ \t]?[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*")
_FROM_WHOM, _WHEN = frozenset({b"from", b"sender", b"return-path"}), frozenset({b"date", b"received", b"message-id"})
# Longer than any name that is looked for.
_LONGEST_NAME = 40
_FORM = re.compile(r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$")
# Types that a browser would run; a firm's evidence may be a web page, but it is never served as one.
_ACTIVE = re.compile(r"html|javascript|ecmascript|svg|xslt|wasm|shockwave|msdownload|[/+]xml$")


@dataclass(slots=True)
class Ends:
    """The first and last bytes of a stream that passes."""

    head: bytes = b""
    tail: bytes = b""

    def see(self, chunk: bytes) -> None:
        """Look at the next chunk."""
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        self.tail = chunk[-TAIL_BYTES:] if len(chunk) >= TAIL_BYTES else (self.tail + chunk)[-TAIL_BYTES:]


def sniff(head: bytes, declared: str, tail: bytes = b"") -> str:
    """Give the media type of a file that begins with `head`, ends with `tail`, and was declared as `declared`.

    Both ends as `Ends` gives them; of an archive with less in hand its kind may stay untold, and zip is the answer.
    """
    essence = declared.partition(";")[0].strip().lower()
    essence = _OTHER_NAMES.get(essence, essence)
    told = _told(head, tail, essence)
    if told is not None:
        return told
    # Opaque to its own signature, zipped or named as what runs: then the sender's word is wrong, or of no use.
    zipped = essence.startswith((_OOXML, "application/vnd.oasis.opendocument.")) or essence.endswith("+zip")
    if not _FORM.match(essence) or essence in _CERTAIN or zipped or _ACTIVE.search(essence):
        return UNKNOWN
    return essence


def _told(head: bytes, tail: bytes, essence: str) -> str | None:
    if head.startswith(_ZIP):
        return _zipped(head, tail)
    if head.startswith(_OLE):
        return _compound(head, tail, essence)
    signed = next((media_type for signature, media_type in _SIGNATURES if head.startswith(signature)), None)
    if signed is None and _is_program(head):
        signed = UNKNOWN
    if signed is None and _is_message(head):
        signed = "message/rfc822"
    return signed or _recorded(head)


def _recorded(head: bytes) -> str | None:
    """Tell sound, video and the pictures of telephones."""
    if head[4:8] == b"ftyp":
        return _branded(head)
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    return None


def _is_program(head: bytes) -> bool:
    # Two letters alone may be the beginning of a text.
    return head.startswith(_PROGRAMS) or (head.startswith(b"MZ") and b"\0" in head[:128])


def _branded(head: bytes) -> str | None:
    """Read a file of ISO base media: its major brand, else the first known one of the compatible ones."""
    size = min(int.from_bytes(head[:4], "big"), 256)
    brands = (head[8:12], *(head[at : at + 4] for at in range(16, size, 4)))
    if brands[0].startswith(b"3g"):
        return "video/3gpp"
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def _zipped(head: bytes, tail: bytes) -> str:
    """Tell an office document from an archive by the names of what is in it."""
    if head[30:38] == b"mimetype" and (found := _MIMETYPE.match(head, 38)):
        return found[0].decode()
    names = {*_names(head, _ZIP, 26, 30), *_names(tail, b"PK\x01\x02", 28, 46)}
    if any(name == "OFD.xml" for name in names):
        return "application/ofd"
    if "[Content_Types].xml" in names:
        for folder, (plain, with_macros) in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return with_macros if f"{folder}vbaProject.bin" in names else plain
    return "application/zip"


def _names(data: bytes, mark: bytes, length_at: int, name_at: int) -> set[str]:
    """Find the names of members after each `mark`; wrong ones that look so by chance do no harm."""
    names, at = set[str](), data.find(mark)
    while at >= 0:
        field = data[at + length_at : at + length_at + 2]
        if len(field) == 2:  # noqa: PLR2004  # the length of the length
            (length,) = struct.unpack("<H", field)
            names.add(data[at + name_at : at + name_at + min(length, _LONGEST_NAME)].decode("utf-8", "replace"))
        at = data.find(mark, at + len(mark))
    return names


def _compound(head: bytes, tail: bytes, essence: str) -> str:
    """Tell Word from Excel of old; where their directory lies between, the sender knows which it is."""
    for name, media_type in _STREAMS:
        if name in head or name in tail:
            return media_type
    return essence if _OLE_TYPES.fullmatch(essence) else "application/x-ole-storage"


def _is_message(head: bytes) -> bool:
    """Tell whether it begins as an e-mail does: with header fields that say from whom and when."""
    fields, at = set[bytes](), 0
    while found := _FIELD.match(head, at):
        fields.add(found[1].lower())
        at = found.end()
    return bool(fields & _FROM_WHOM and fields & _WHEN) and len(fields) > 2  # noqa: PLR2004  # more than a note has
