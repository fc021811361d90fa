"""Passwords and client secrets as argon2 hashes; the only file that knows passlib."""

import asyncio
import secrets
import unicodedata

from passlib.context import CryptContext

# OWASP's second argon2id profile (19 MiB, 2 passes, 1 lane): strong enough, and small enough to run a few at once.
_context = CryptContext(
    schemes=["argon2"], argon2__type="ID", argon2__memory_cost=19456, argon2__rounds=2, argon2__parallelism=1
)
_at_once = asyncio.Semaphore(4)


def normal(password: str) -> str:
    """Give a password in the one form that is hashed and compared: NFKC (NIST SP 800-63B-4, section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    # Nothing that can be a password has lone surrogates; one that is typed at a login must fail like any wrong one.
    return normal(password).encode("utf-8", "surrogatepass")


async def hash_password(password: str) -> str:
    """Hash a password off the event loop."""
    async with _at_once:
        return await asyncio.to_thread(_context.hash, _bytes(password))


async def verify(password: str, password_hash: str | None) -> bool:
    """Tell whether the password is right; takes as long for a user who has none or does not exist."""
    async with _at_once:
        if password_hash is None:
            await asyncio.to_thread(_context.dummy_verify)
            return False
        return await asyncio.to_thread(_context.verify, _bytes(password), password_hash)


def new_secret() -> str:
    """Make a secret that nobody can guess (256 bits)."""
    return secrets.token_urlsafe(32)
