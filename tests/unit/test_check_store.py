"""Looking at stored files: what is there, what is read, a few at a time, and a store that can't answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest

from app.entries.pagecount import PageCounter
from app.filing.check_model import FileFacts, Stored
from app.filing.check_store import StoreLook
from app.storage.errors import StoreUnavailable
from app.storage.memory import MemoryStore
from app.storage.protocol import StoredObject
from tests.support.filing_facts import file
from tests.support.papers import PNG, pdf


class Watched(MemoryStore):
    """A store that counts how many are at it, and who asks for what."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.asked: list[str] = []

    async def stat(self, key: str) -> StoredObject | None:
        async with self._at_it("stat"):
            return await super().stat(key)

    @asynccontextmanager
    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._at_it("get"), super().get(key, start, end) as chunks:
            yield chunks

    @asynccontextmanager
    async def _at_it(self, verb: str) -> AsyncIterator[None]:
        self.asked.append(verb)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.001)
            yield
        finally:
            self.now -= 1


@pytest.fixture
async def counter() -> AsyncIterator[PageCounter]:
    made = PageCounter(size_limit=100_000)
    yield made
    await made.aclose()


def of_type(number: int, media_type: str) -> FileFacts:
    return file(number, media_type=media_type)


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


async def test_what_is_read_of_each_format(counter: PageCounter) -> None:
    store, paper = Watched(), pdf(2)
    torn, image = paper[:100], PNG[:16] + bytes([0, 0, 0, 1, 0, 0, 0, 1])
    large = b"%PDF-" + bytes(100_000)
    contents = {1: paper, 2: torn, 3: image[:12] + b"IHDR" + image[16:], 4: b"text", 5: paper, 6: large}
    types = {
        1: "application/pdf",
        2: "application/pdf",
        3: "image/png",
        4: "text/plain",
        5: "image/png",
        6: "application/pdf",
    }
    store.objects = {f"files/{number}": content for number, content in contents.items()}
    files = [of_type(number, media_type) for number, media_type in types.items()]
    found = await StoreLook(store, counter).look([*files, of_type(7, "text/plain")], deep=True)
    opens = {1: True, 2: False, 3: True, 4: None, 5: False, 6: None}
    sniffed = types | {5: "application/pdf"}
    assert found == {
        **{
            f"files/{number}": Stored(len(content), sniffed[number], digest(content), opens[number])
            for number, content in contents.items()
        },
        "files/7": Stored(None),
    }  # fmt: skip


async def test_without_reading_only_sizes_are_known(counter: PageCounter) -> None:
    store = Watched()
    store.objects = {"files/1": b"abc"}
    found = await StoreLook(store, counter).look([file(1), file(2)], deep=False)
    assert found == {"files/1": Stored(3), "files/2": Stored(None)}
    assert store.asked == ["stat", "stat"]


async def test_what_is_known_is_not_looked_at_again(counter: PageCounter) -> None:
    store = Watched()
    store.objects = {f"files/{number}": b"abc" for number in range(4)}
    look = StoreLook(store, counter)
    files = [of_type(number, "text/plain") for number in range(4)]
    deep = await look.look(files[:3], deep=True)
    store.asked.clear()
    again = await look.look(files, deep=False, known=deep)
    assert (store.asked, again) == (["stat"], {**deep, "files/3": Stored(3)})
    # Who wants all bytes read is not served by sizes.
    store.asked.clear()
    assert await look.look(files, deep=True, known=again) == {**deep, "files/3": deep["files/0"]}
    assert store.asked == ["get"]


@pytest.mark.parametrize(("deep", "most"), [(True, 4), (False, 24)])
async def test_a_few_at_a_time(counter: PageCounter, deep: bool, most: int) -> None:
    store = Watched()
    store.objects = {f"files/{number}": b"abc" for number in range(100)}
    files = [of_type(number, "text/plain") for number in range(100)]
    found = await StoreLook(store, counter).look(files, deep=deep)
    assert (len(found), store.most, store.now) == (100, most, 0)


@pytest.mark.parametrize("deep", [True, False])
async def test_a_store_that_fails_is_no_loss_and_ends_all(counter: PageCounter, deep: bool) -> None:
    store = Watched()
    store.objects = {f"files/{number}": b"abc" for number in range(100)}
    store.down = True
    with pytest.raises(StoreUnavailable):
        await StoreLook(store, counter).look([file(number) for number in range(100)], deep=deep)
    assert store.now == 0
    asked = len(store.asked)
    await asyncio.sleep(0.01)
    assert len(store.asked) == asked < 50
    assert await StoreLook(store, counter).look([], deep=deep) == {}
