"""The digest of a contents list (pure), so that anyone can tell two lists apart without us."""

from hashlib import sha256
from typing import Any

import rfc8785


def canonical(number: str, volumes: list[dict[str, Any]]) -> bytes:
    """Give the RFC 8785 form of `{number, volumes}`, as in the answer: what the digest is of."""
    return rfc8785.dumps({"number": number, "volumes": volumes})


def digest_of(content: bytes) -> str:
    """Give `sha-256:` and the hex SHA-256."""
    return "sha-256:" + sha256(content).hexdigest()


def contents_digest(number: str, volumes: list[dict[str, Any]]) -> str:
    """Give the digest of a contents list."""
    return digest_of(canonical(number, volumes))
