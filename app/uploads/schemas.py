"""What comes in and goes out of resumable uploads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.schema import Output, Timestamp


class UploadState(StrEnum):
    """Where an upload stands."""

    OPEN = "open"
    FINISHED = "finished"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class UploadCreate:
    """An upload that is to begin: sizes in bytes, `digest` the announced SHA-256, `header` Upload-Metadata as sent."""

    entry_id: UUID
    length: int
    original_name: str
    declared_type: str
    digest: bytes | None
    header: str


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must have: `algorithm` by the name that hashlib knows, and the digest."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """Bytes that go on from `offset`; `size` is their announced number or None."""

    offset: int
    chunks: AsyncIterator[bytes]
    size: int | None = None
    checksum: Checksum | None = None


class UploadOut(Output):
    """An upload, as its maker is shown it."""

    id: UUID
    entry_id: UUID
    state: UploadState
    original_name: str
    length: Annotated[int, Field(description="Bytes of the whole file")]
    offset: Annotated[int, Field(description="Bytes that are safe")]
    file_id: Annotated[UUID | None, Field(description="The file that it became")]
    end_reason: Annotated[str | None, Field(description="Why it ended without a file")]
    metadata: Annotated[str, Field(description="Upload-Metadata as it was sent")]
    created_at: Timestamp
    expires_at: Timestamp
