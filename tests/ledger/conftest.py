"""A ledger of each test's own: the bucket is as fresh as the database."""

import itertools
import os
from collections.abc import AsyncIterator

import pytest

from app.config import Settings
from app.core.database import Database
from app.factory import make_database
from app.ledger.bucket import Bucket
from app.ledger.sealer import Sealer
from tests.support.firm import Firm

_numbers = itertools.count(1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    prefix = f"ledger-{os.getpid()}-{next(_numbers)}"
    return Settings(
        run=settings.run, database=settings.database, auth=settings.auth, http=settings.http,
        storage=settings.storage.model_copy(update={"s3_bucket_prefix": prefix}),
    )  # fmt: skip


@pytest.fixture
async def sealing(settings: Settings) -> AsyncIterator[Database]:
    """The sealer's own connections."""
    database = make_database(settings.database, size=2)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def bucket(firm: Firm) -> Bucket:
    return firm.services.resources.ledger


@pytest.fixture
def sealer(firm: Firm, sealing: Database, bucket: Bucket) -> Sealer:
    return Sealer(sealing, bucket, firm.services.resources.ledger_keys, seconds=0.05)
