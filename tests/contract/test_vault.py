"""The vault over every store: plain bytes in and out, sealed bytes at rest, and no damage that passes for whole."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from app.storage.errors import BodyLengthMismatch, KeyDestroyed, KeyMissing, ObjectCorrupt, ObjectMissing
from app.storage.key_store import KeyStore
from app.storage.protocol import ObjectStore
from app.storage.segments import HEADER, SEALED_SEGMENT, SEGMENT, Owner, OwnerKind
from app.storage.vault import NO_FILE, Vault
from tests.support.second_reader import open_file
from tests.support.stores import Server, chunked, new_key, opened, ready

SIZES = (0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 7)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    made = KeyStore(tmp_path / "key-store")
    made.make()
    return made


@pytest.fixture
def vault(store: ObjectStore, keys: KeyStore) -> Vault:
    return Vault(store, keys)


def an_owner() -> Owner:
    return Owner(OwnerKind.DOSSIER, uuid4())


async def plain(vault: Vault, key: str, start: int = 0, end: int | None = None) -> bytes:
    async with vault.get(key, start, end) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def sealed(vault: Vault, key: str) -> bytes:
    async with vault.beneath.get(key) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def replace(vault: Vault, key: str, body: bytes) -> None:
    """Put sealed bytes behind the vault's back."""
    await vault.beneath.delete(key)
    await vault.beneath.put(key, chunked(body), len(body))


async def test_what_was_put_comes_back_whole_and_in_ranges(vault: Vault, keys: KeyStore, tmp_path: Path) -> None:
    for size in SIZES:
        data, key, owner = os.urandom(size), new_key(), an_owner()
        for announced in (size, None):
            stored = await vault.put(key, chunked(data, 70_000), announced, owner)
            found = await vault.stat(key)
            assert found is not None
            assert (stored.size, found.size, await vault.owner(key)) == (size, size, owner)
            assert await plain(vault, key) == data
        assert open_file(tmp_path / "key-store", await sealed(vault, key), key) == data
        ends = sorted(
            {0, 1, size // 2, size - 1, size, size + 5, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT} - {-1}
        )
        for start in ends:
            assert await plain(vault, key, start) == data[start:]
            for end in ends:
                if end >= start:
                    assert await plain(vault, key, start, end) == data[start:end], (size, start, end)
    listed = {found.key: found.size async for found in vault.list("files/")}
    assert set(SIZES) <= set(listed.values())


async def test_a_marker_is_nowhere_in_what_lies_there(vault: Vault) -> None:
    key, marker = new_key(), b"THE-SECRET-OF-THIS-CLIENT"
    await vault.put(key, chunked(marker * 100_000), None, an_owner())
    lying = await sealed(vault, key)
    assert not [at for at in (0, 5, 11) if marker[at : at + 12] in lying]


def damages() -> dict[str, Callable[[bytes], bytes]]:
    """Ways to damage a sealed file of three segments and a bit."""
    first, second = slice(HEADER, HEADER + SEALED_SEGMENT), slice(HEADER + SEALED_SEGMENT, HEADER + 2 * SEALED_SEGMENT)

    def flipped(at: int) -> Callable[[bytes], bytes]:
        return lambda body: body[:at] + bytes([body[at] ^ 4]) + body[at + 1 :]

    return {
        "no magic": flipped(0),
        "owner": flipped(20),
        "wrapped key": flipped(60),
        "first bit": flipped(HEADER),
        "middle": flipped(HEADER + SEALED_SEGMENT + 1000),
        "last bit": lambda body: body[:-1] + bytes([body[-1] ^ 1]),
        "empty": lambda body: b"",
        "half a header": lambda body: body[:40],
        "header only": lambda body: body[:HEADER],
        "cut at a segment": lambda body: body[: HEADER + 2 * SEALED_SEGMENT],
        "cut in a segment": lambda body: body[: HEADER + 2 * SEALED_SEGMENT + 999],
        "cut in a tag": lambda body: body[:-3],
        "longer": lambda body: body + b"\0",
        "segment twice": lambda body: body[: HEADER + SEALED_SEGMENT] + body[first] + body[HEADER + SEALED_SEGMENT :],
        "reordered": lambda body: body[:HEADER] + body[second] + body[first] + body[HEADER + 2 * SEALED_SEGMENT :],
        "one left out": lambda body: body[:HEADER] + body[HEADER + SEALED_SEGMENT :],
    }


async def test_every_damage_is_found(vault: Vault) -> None:
    data, key = os.urandom(3 * SEGMENT + 7), new_key()
    await vault.put(key, chunked(data), len(data), an_owner())
    good = await sealed(vault, key)
    for name, damage in damages().items():
        await replace(vault, key, damage(good))
        with pytest.raises((ObjectCorrupt, KeyMissing)):  # another owner in the header has no key
            await plain(vault, key)
        # Ranges are either right or refused; the one behind a cut gives nothing, which the caller counts.
        for start, end in ((0, 10), (SEGMENT - 5, SEGMENT + 5), (2 * SEGMENT, None), (3 * SEGMENT, 3 * SEGMENT + 7)):
            try:
                got = await plain(vault, key, start, end)
            except (ObjectCorrupt, KeyMissing):
                continue
            assert got in {data[start:end], b""}, name
    await replace(vault, key, good)
    assert await plain(vault, key) == data


async def test_sealed_bytes_are_bound_to_their_place(vault: Vault) -> None:
    owner, size = an_owner(), SEGMENT + 9
    one, two = new_key(), new_key()
    for key in (one, two):
        await vault.put(key, chunked(os.urandom(size)), size, owner)
    first, second = await sealed(vault, one), await sealed(vault, two)
    for body in (
        second,
        first[:HEADER] + second[HEADER:],
        second[:HEADER] + first[HEADER:],
        first[:-25] + second[-25:],
    ):
        await replace(vault, one, body)
        with pytest.raises(ObjectCorrupt):
            await plain(vault, one)
        with pytest.raises(ObjectCorrupt):
            await plain(vault, one, SEGMENT, size)


async def test_sizes_that_no_file_has_are_told(vault: Vault) -> None:
    key = new_key()
    await replace(vault, key, b"not sealed")
    found = await vault.stat(key)
    assert found is not None
    assert found.size == NO_FILE
    assert NO_FILE in {found.size async for found in vault.list(key)}
    with pytest.raises(ObjectMissing):
        await vault.owner(new_key())
    with pytest.raises(ObjectMissing):
        await plain(vault, new_key(), 5, 9)


async def test_destroyed_key_takes_all_files_of_its_owner_and_no_others(vault: Vault, keys: KeyStore) -> None:
    mine, other = an_owner(), an_owner()
    placed = {new_key(): owner for owner in (mine, mine, other)}
    for key, owner in placed.items():
        await vault.put(key, chunked(b"content"), 7, owner)
    assert keys.destroy(mine) is True
    for key, owner in placed.items():
        if owner == other:
            assert await plain(vault, key) == b"content"
            continue
        with pytest.raises(KeyDestroyed):
            await plain(vault, key)
        with pytest.raises(KeyDestroyed):
            await plain(vault, key, 0, 3)
    with pytest.raises(KeyDestroyed):
        await vault.put(new_key(), chunked(b"more"), 4, mine)


async def test_lost_key_is_no_new_key(vault: Vault, keys: KeyStore) -> None:
    key, owner = new_key(), an_owner()
    await vault.put(key, chunked(b"content"), 7, owner)
    keys._path(owner).unlink()
    with pytest.raises(KeyMissing):
        await plain(vault, key)


@pytest.mark.parametrize("announced", [3 * SEGMENT - 1, 3 * SEGMENT + 1, 0])
async def test_body_of_another_length_leaves_nothing(vault: Vault, announced: int) -> None:
    key = new_key()
    with pytest.raises(BodyLengthMismatch):
        await vault.put(key, chunked(bytes(3 * SEGMENT)), announced, an_owner())
    assert await vault.stat(key) is None


async def test_source_that_fails_at_its_end_leaves_nothing(vault: Vault) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield bytes(2 * SEGMENT)
        raise RuntimeError

    for size in (2 * SEGMENT, None):
        key = new_key()
        with pytest.raises(RuntimeError):
            await vault.put(key, failing(), size, an_owner())
        assert await vault.stat(key) is None


async def test_first_files_of_an_owner_at_once_share_one_key(vault: Vault) -> None:
    owner, names = an_owner(), [new_key() for _ in range(12)]
    await asyncio.gather(*(vault.put(key, chunked(key.encode()), None, owner) for key in names))
    assert [await plain(vault, key) for key in names] == [key.encode() for key in names]


async def test_rotation_while_files_come_and_go(vault: Vault, keys: KeyStore, tmp_path: Path) -> None:
    owners = [an_owner() for _ in range(20)]
    placed = {new_key(): owner for owner in owners}

    async def put(key: str, owner: Owner) -> None:
        await vault.put(key, chunked(key.encode()), None, owner)
        assert await plain(vault, key) == key.encode()

    for key, owner in placed.items():
        await put(key, owner)
    before = [await sealed(vault, key) for key in placed]
    later = {new_key(): an_owner() for _ in range(20)}
    rotation = asyncio.create_task(asyncio.to_thread(keys.rotate))
    await asyncio.gather(*(put(key, owner) for key, owner in later.items()))
    master, count = await rotation
    assert count >= len(owners)
    keys.rewrap()
    assert {_master(keys, owner) for owner in [*owners, *later.values()]} == {master}
    assert [await sealed(vault, key) for key in placed] == before  # no file was touched
    for key in [*placed, *later]:
        assert await plain(vault, key) == key.encode()


def _master(keys: KeyStore, owner: Owner) -> str:
    import json

    master: str = json.loads(keys._path(owner).read_text())["master"]
    return master


async def test_no_plain_text_on_the_servers_disk(server: Server, keys: KeyStore, tmp_path: Path) -> None:
    marker = b"MARKER-" + uuid4().hex.encode()
    async with opened(server.options) as store:
        await ready(store)
        vault = Vault(store, keys)
        small, large = new_key(), new_key()
        await vault.put(small, chunked(marker), len(marker), an_owner())
        await vault.put(large, chunked(marker * 300_000), None, an_owner())  # in parts
        assert await plain(vault, large) == marker * 300_000
    found = [
        path
        for path in (*server.data.rglob("*"), *tmp_path.rglob("*"))
        if path.is_file() and marker in path.read_bytes()
    ]
    assert found == []
