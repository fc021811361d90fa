"""Stores to be damaged: files of a dossier, the disk where they lie, ways to come between, and what checks leave."""

import io
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console

from app.care.check import IntegrityCheck
from app.care.keepers import Keepers
from app.care.orphans import Orphans
from app.config import Settings
from app.embedded.s3 import EmbeddedS3
from app.jobs.fsck import Wish, fsck
from app.storage.errors import StoreUnavailable
from app.storage.opening import RunningDigest
from app.storage.protocol import StoredObject
from app.storage.segments import HEADER, TAG
from app.storage.vault import Vault
from tests.support.firm import Firm, Person

YOUNG, OLD = timedelta(hours=1), timedelta(days=3)
OF_CHECKS = {"integrity_runs", "integrity_findings", "object_checks"}
Hook = Callable[[], Awaitable[None]]


class Disk:
    """The directory where the server keeps the objects of a bucket."""

    def __init__(self, server: EmbeddedS3, settings: Settings) -> None:
        self.server = server
        self.directory = server._objects / f"{settings.storage.s3_bucket_prefix}-files"

    def flip(self, key: str) -> None:
        path = self.directory / key
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    def swap(self, key: str, other: str) -> None:
        first, second = self.directory / key, self.directory / other
        one, two = first.read_bytes(), second.read_bytes()
        first.write_bytes(two)
        second.write_bytes(one)

    def put(self, key: str, age: timedelta) -> str:
        path = self.directory / key
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"nobody's" + bytes(HEADER + TAG))
        moment = path.stat().st_mtime - age.total_seconds()
        os.utime(path, (moment, moment))
        return key

    def look_again(self) -> None:
        """Let the server see what was done behind its back."""
        self.server.stop()
        self.server.start()


class Papers:
    """Files of a dossier: their rows as the check knows them."""

    def __init__(self, firm: Firm, lawyer: Person, dossier: dict[str, Any], entry: dict[str, Any]) -> None:
        self.firm, self.lawyer, self.dossier, self.entry = firm, lawyer, dossier, entry
        self._count = 0

    @classmethod
    async def begin(cls, firm: Firm) -> "Papers":
        lawyer = await firm.person("lawyer")
        dossier = await firm.dossier(lawyer)
        return cls(firm, lawyer, dossier, await firm.entry(lawyer, dossier["id"]))

    async def store(self, count: int, size: int = 2000) -> list[str]:
        """Store files of one size and different bytes; give their keys."""
        keys = []
        for _ in range(count):
            self._count += 1
            file = await self.firm.file(self.lawyer, self.entry["id"], f"{self._count:04d}".encode() * (size // 4))
            keys.append(str(await self.firm.eyes.fetchval("SELECT object_key FROM files WHERE id = $1", file["id"])))
        return keys


class Between(Vault):
    """A store that lets something happen before or after it has listed everything.

    It gives the `silent` objects not at all, and nothing after so many readings as it `lives`.
    """

    def __init__(self, store: Vault, *, before: Hook | None = None, after: Hook | None = None) -> None:
        super().__init__(store.beneath, store.keys)
        self._before, self._after = before, after
        self.silent: set[str] = set()
        self.lives: int | None = None
        self.reading: list[str] = []

    async def probe(self) -> None:
        if self.lives is not None and len(self.reading) > self.lives:
            raise StoreUnavailable("down")
        await super().probe()

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        if self._before is not None:
            await self._before()
        listed = [one async for one in super().list(prefix)]
        if self._after is not None:
            await self._after()
        for one in listed:
            yield one

    @asynccontextmanager
    async def get(
        self, key: str, start: int = 0, end: int | None = None, digest: RunningDigest | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.reading.append(key)
        if self.lives is not None and len(self.reading) > self.lives:
            raise StoreUnavailable("down")
        if key in self.silent:
            raise StoreUnavailable("not this one")
        async with super().get(key, start, end, digest) as chunks:
            yield chunks


def check_over(firm: Firm, store: Any, grace: timedelta = timedelta(days=1)) -> IntegrityCheck:
    """Make a check over another store than the service's, with its rows."""
    services = firm.services
    several = Keepers((services.files.keeper, services.verifications.keeper, services.conflicts.consents.keeper))
    database, recorder = services.resources.database, services.resources.recorder
    orphans = Orphans(database, recorder, store, several)
    return IntegrityCheck(database, services.care.check._uow, store, several, services.care.findings, orphans, grace)


async def fsck_by(settings: Settings, **wishes: Any) -> tuple[int, dict[str, Any], str]:
    """Run the command's work in this process; give its status, its report, and what it said besides."""
    out, err = io.StringIO(), io.StringIO()
    status = await fsck(settings, Wish(as_json=True, **wishes), Console(file=out), Console(file=err, width=200))
    return status, json.loads(out.getvalue() or "{}"), err.getvalue()


def found(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Give kind and detail of the findings of a report, by key."""
    return {one["object_key"]: (one["kind"], one["detail"]) for one in report["findings"]}


async def events(firm: Firm, *types: str) -> list[dict[str, Any]]:
    """Give the events of these types, in their order."""
    rows = await firm.eyes.fetch("SELECT * FROM events WHERE type = ANY($1) ORDER BY id", types)
    return [dict(row) for row in rows]


async def storage_events(firm: Firm) -> list[str]:
    """Name all events of checks, in their order."""
    rows = await firm.eyes.fetch("SELECT type FROM events WHERE type LIKE 'storage.%' ORDER BY id")
    return [row["type"] for row in rows]


async def other_tables(firm: Firm) -> dict[str, str]:
    return {name: digest for name, digest in (await firm.tables()).items() if name not in OF_CHECKS}
