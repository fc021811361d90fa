"""The headers of tus 1.0 (https://tus.io/protocols/resumable-upload), read and written. Knows no upload."""

import base64
import binascii
import re
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated

from fastapi import Header

from app.core.errors import Invalid, Malformed, PreconditionFailed, UnsupportedMediaType
from app.uploads.schemas import Checksum

VERSION, EXTENSIONS = "1.0.0", "creation,checksum,expiration,termination"
CONTENT_TYPE = "application/offset+octet-stream"
# By the names of the protocol and of hashlib, which are the same; with the number of their bytes.
_ALGORITHMS = {"sha256": 32, "sha1": 20, "md5": 16}
ON_ALL = {"Tus-Resumable": VERSION, "Tus-Version": VERSION}
FILE_HEADER = "Anjuan-File-Id"
EXPOSED = (
    "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm", "Upload-Offset",
    "Upload-Length", "Upload-Metadata", "Upload-Expires", FILE_HEADER,
)  # fmt: skip
_MOST_BYTES = 2**62
_METADATA_KEY = re.compile(r"[!-+\--~]+")
_METADATA_POINTER = "/header/upload-metadata"


class ProtocolVersion(PreconditionFailed):
    """The client speaks another version of tus, or none."""

    code, title_en, title_zh = "tus_version", "Speak tus 1.0.0", "须使用 tus 1.0.0"


def speaks(path: str) -> bool:
    """Tell whether all answers under this path carry the version."""
    return path == "/v1/uploads" or path.startswith("/v1/uploads/")


TusResumable = Annotated[
    str | None,
    Header(alias="Tus-Resumable", description="Version of the protocol", json_schema_extra={"const": VERSION}),
]
Size = Annotated[int, Header(alias="Upload-Length", ge=0, le=_MOST_BYTES, description="Bytes of the whole file")]
Offset = Annotated[
    int,
    Header(alias="Upload-Offset", ge=0, le=_MOST_BYTES, description="Where the bytes go on; the upload stands there"),
]
Metadata = Annotated[
    str,
    Header(
        alias="Upload-Metadata",
        description="Pairs of key and Base64 value: `entry_id`; `filename`, `filetype`, `digest` (as Repr-Digest)",
    ),
]
Sum = Annotated[
    str | None,
    Header(alias="Upload-Checksum", description="Algorithm (sha256, sha1, md5) and Base64 digest of this body"),
]


def require_version(given: TusResumable = None) -> None:
    """Refuse whoever does not speak this version of the protocol."""
    if given != VERSION:
        raise ProtocolVersion(
            f"Send Tus-Resumable: {VERSION}, the version that is spoken here", f"请发送 Tus-Resumable: {VERSION}"
        )


def require_offset_type(content_type: str | None) -> None:
    """Refuse a body that does not say it goes on with an upload."""
    if (content_type or "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise UnsupportedMediaType(f"Send the bytes with Content-Type: {CONTENT_TYPE}", f"请以 {CONTENT_TYPE} 发送内容")


def parse_metadata(header: str) -> dict[str, str]:
    """Give the pairs of Upload-Metadata; Malformed for what is none, or no UTF-8."""
    pairs: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, encoded = pair.strip(" ").partition(" ")
        if not _METADATA_KEY.fullmatch(key) or key in pairs:
            raise _malformed("Upload-Metadata", "a key is missing, ill-formed or there twice")
        try:
            pairs[key] = base64.b64decode(encoded.strip(" "), validate=True).decode()
        except (binascii.Error, UnicodeError):
            raise _malformed("Upload-Metadata", f"the value of {key!r} is not UTF-8 in Base64") from None
    return pairs


def required(pairs: dict[str, str], key: str) -> str:
    """Give a value of Upload-Metadata that must be there."""
    if key not in pairs:
        raise Invalid.field(
            _METADATA_POINTER, "missing", f"Upload-Metadata must have {key!r}", f"Upload-Metadata 须含 {key}"
        )
    return pairs[key]


def parse_checksum(header: str | None) -> Checksum | None:
    """Give the announced checksum; Malformed for an algorithm that is not offered or a digest that is none."""
    if header is None:
        return None
    algorithm, _, encoded = header.strip(" ").partition(" ")
    if algorithm not in _ALGORITHMS:
        raise _malformed("Upload-Checksum", f"the algorithms are {', '.join(_ALGORITHMS)}")
    try:
        digest = base64.b64decode(encoded.strip(" "), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != _ALGORITHMS[algorithm]:
        raise _malformed("Upload-Checksum", f"{algorithm} has {_ALGORITHMS[algorithm]} bytes in Base64")
    return Checksum(algorithm, digest)


def offered(limit: int) -> dict[str, str]:
    """Give the headers that tell what is spoken here; `limit` in bytes."""
    return {
        "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(limit), "Tus-Checksum-Algorithm": ",".join(_ALGORITHMS),
    }  # fmt: skip


def http_date(moment: datetime) -> str:
    """Give a moment in UTC as HTTP writes it."""
    return format_datetime(moment, usegmt=True)


def _malformed(header: str, why: str) -> Malformed:
    return Malformed(f"{header} can't be read: {why}", f"{header} 无法解析")
