"""A stand: a throwaway instance with a firm in it, the servers on it, and what they are asked."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from pydantic import SecretStr

from app.auth.tokens import TokenKeys, Tokens
from app.config import DatabaseSettings, HttpSettings, RunSettings, Settings, StorageSettings
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import migrate
from app.sample.firm import LARGE, Size, found, user_id
from app.storage.key_store import KeyStore
from tests.performance.load import resident_mib
from tests.performance.servers import FLOOR, NAIVE, SERVICE, Server, served
from tests.support.server import environment

LAWYER, AUDITOR = user_id(1), user_id(8)
_MOST, _DEEP = 500, 40
# All are open, and no wall keeps anybody of the made-up firm from what he works on.
_VISIBLE = """
SELECT d.id, d.entry_count FROM dossiers d JOIN dossier_team t ON t.dossier_id = d.id AND t.user_id = $1
WHERE d.confidentiality <= 2 ORDER BY d.id LIMIT $2
"""


@dataclass(frozen=True)
class Stand:
    """A running stand: its servers and the tokens of those who ask by name, the lines that are asked, by name.

    `idle` is the memory in MiB that a process of the service holds before it has been asked anything; `database` is
    the process that all others of PostgreSQL come from.
    """

    servers: dict[str, Server]
    database: int
    idle: float
    tokens: dict[str, str]
    lines: dict[str, Path]


@contextmanager
def stand(place: Path, entries: int, workers: int = 1) -> Iterator[Stand]:
    """Put a firm of so many entries into a directory of its own, serve it, and clear all away."""
    place.mkdir(parents=True)
    with ExitStack() as stack:
        postgres, s3 = EmbeddedPostgres(place / "stores"), EmbeddedS3(place / "stores")
        for store in (postgres, s3):
            stack.callback(store.stop)
            store.start()
        migrate(postgres.owner_url, "anjuan_app")
        settings = Settings(
            run=RunSettings(data_dir=place / "data"),
            database=DatabaseSettings(database_url=SecretStr(postgres.app_url)),
            storage=StorageSettings(
                s3_endpoint=s3.endpoint, s3_access_key=SecretStr(s3.access_key), s3_secret_key=SecretStr(s3.secret_key)
            ),
            http=HttpSettings(log_level="error"),
        )  # fmt: skip
        KeyStore(settings.key_store_dir).make()
        asyncio.run(found(postgres.owner_url, Size.of_entries(entries)))
        tokens = asyncio.run(_tokens(settings, postgres.owner_url))
        env = environment(settings)
        servers = {
            "floor": stack.enter_context(served(FLOOR, env, "/bare")),
            "naive": stack.enter_context(served(NAIVE, env, "/openapi.json")),
            "service": stack.enter_context(served(SERVICE, env, "/health/ready")),
        }
        if workers > 1:
            servers["several"] = stack.enter_context(served(SERVICE, env, "/health/ready", workers))
        idle = resident_mib(servers["service"].pids[0])
        told = asyncio.run(_Asked(servers["service"].url, tokens["lawyer"], place).gathered(postgres.owner_url))
        assert postgres.pid is not None
        yield Stand(servers, postgres.pid, idle, tokens, told)


async def _tokens(settings: Settings, owner_url: str) -> dict[str, str]:
    """Give tokens of sessions that last as long as the longest run."""
    auth = settings.auth
    made = Tokens(
        TokenKeys(settings.key_dir), issuer=auth.token_issuer, audience=auth.token_audience, lifetime_seconds=86400
    )
    connection = await asyncpg.connect(owner_url)
    tokens = {}
    try:
        await connection.execute("UPDATE users SET roles = '{auditor}' WHERE id = $1", AUDITOR)
        for name, user in (("lawyer", LAWYER), ("auditor", AUDITOR)):
            session = uuid4()
            await connection.execute(
                "INSERT INTO sessions (id, user_id, began_at, expires_at) VALUES ($1, $2, now(), now() + interval '1 day')",
                session, user,
            )  # fmt: skip
            tokens[name] = made.issue(user, frozenset({name}), session)[0]
    finally:
        await connection.close()
    return tokens


class _Asked:
    """Gathers what the servers are asked: things that the lawyer works on."""

    def __init__(self, url: str, token: str, place: Path) -> None:
        self._place = place
        self._http = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    async def gathered(self, owner_url: str) -> dict[str, Path]:
        connection = await asyncpg.connect(owner_url)
        try:
            async with self._http:
                lines = await self._lines(connection)
        finally:
            await connection.close()
        files = {}
        for name, asked in lines.items():
            files[name] = self._place / f"{name}.txt"
            files[name].write_text("".join(f"{line}\n" for line in asked))
        return files

    async def _lines(self, connection: Any) -> dict[str, list[str]]:
        visible = await connection.fetch(_VISIBLE, LAWYER, _MOST)
        dossiers: list[UUID] = [row["id"] for row in visible]
        entries = await self._of(connection, "entries", dossiers)
        client = await connection.fetchval("SELECT client_id FROM dossier_clients WHERE dossier_id = $1", dossiers[0])
        # The largest of all has thousands of entries; those called large have five hundred.
        large = max((row for row in visible if row["entry_count"] <= 2 * LARGE), key=lambda row: row["entry_count"])[
            "id"
        ]
        return {
            "bare": ["/bare"],
            "row": [f"/row/{id_}" for id_ in dossiers],
            "put": [f"/row/{id_}\t{_entry()}" for id_ in dossiers],
            "me": ["/v1/auth/me"],
            "dossier": [f"/v1/dossiers/{id_}" for id_ in dossiers],
            "entry": [f"/v1/entries/{id_}" for id_ in entries],
            "file": [f"/v1/files/{id_}" for id_ in await self._of(connection, "files", dossiers)],
            "list": ["/v1/dossiers"],
            "deep": await self._deep("/v1/dossiers"),
            "entries": [f"/v1/dossiers/{id_}/entries" for id_ in dossiers],
            "contents": [f"/v1/dossiers/{large}/contents"],
            "events": ["/v1/events?limit=25"],
            "new_entry": [f"/v1/dossiers/{id_}/entries\t{_entry()}" for id_ in dossiers],
            "new_dossier": [f"/v1/dossiers\t{_dossier(client)}"],
            "upload": [f"/v1/entries/{id_}/files\t@{self._mebibyte()}" for id_ in entries],
            "download": await self._stored(entries[:20]),
        }

    @staticmethod
    async def _of(connection: Any, table: str, dossiers: list[UUID]) -> list[UUID]:
        level = "coalesce(confidentiality, 0) <= 2" if table == "entries" else "TRUE"
        found = await connection.fetch(
            f"SELECT id FROM {table} WHERE dossier_id = ANY($1) AND {level} ORDER BY id LIMIT {_MOST}", dossiers
        )
        return [row["id"] for row in found]

    async def _deep(self, path: str) -> list[str]:
        """Give the addresses of pages deep in a list."""
        pages = [path]
        while len(pages) < _DEEP:
            answer = (await self._http.get(pages[-1])).raise_for_status()
            if (cursor := answer.json()["next"]) is None:
                break
            pages.append(f"{path}?cursor={cursor}")
        return pages[len(pages) // 2 :]

    def _mebibyte(self) -> Path:
        path = self._place / "mebibyte"
        if not path.exists():
            path.write_bytes(b"\x00" + bytes(range(1, 256)) * 4112 + b"\x00" * 15)
        return path

    async def _stored(self, entries: list[UUID]) -> list[str]:
        """Store a file of one MiB for each of these entries; give where they are read."""
        content, paths = self._mebibyte().read_bytes(), []
        for id_ in entries:
            sent = await self._http.post(f"/v1/entries/{id_}/files", content=content)
            paths.append(f"/v1/files/{sent.raise_for_status().json()['id']}/content")
        return paths


def _entry() -> str:
    said = {
        "title": "委托代理合同",
        "category": "client_information",
        "formed_on": "2026-03-01",
        "pages": 3,
        "original": "copy",
    }
    return json.dumps(said, ensure_ascii=False)


def _dossier(client: UUID) -> str:
    said = {
        "client_ids": [str(client)], "matter_type": "civil", "cause": "买卖合同纠纷", "lead_lawyer_id": str(LAWYER),
        "court": "上海市浦东新区人民法院", "opposing_parties": [{"name": "宁波远航贸易有限公司", "kind": "organization"}],
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False)
