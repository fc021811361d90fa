"""How to reach an S3 store."""

from dataclasses import dataclass, field

from app.storage.locks import LockMode

MIB, GIB = 1024**2, 1024**3


@dataclass(frozen=True, slots=True)
class S3Options:
    """Where the store is and how long to wait for it.

    `connect_seconds` bounds reaching it, `idle_seconds` its silence; `connections` the transfers at a time.
    `part_bytes` is the least part of an upload in parts, `single_bytes` the largest body sent in one request;
    `lock_mode` how firmly the store retains.
    """

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str
    region: str = "us-east-1"
    connect_seconds: float = 3.0
    idle_seconds: float = 30.0
    connections: int = 128
    part_bytes: int = 8 * MIB
    single_bytes: int = 5 * GIB
    lock_mode: LockMode = "governance"
