"""A ledger of each test's own: the bucket is as fresh as the database."""

import itertools
from collections.abc import AsyncIterator

import pytest

from app.config import Settings
from app.core.database import Database
from app.factory import make_database
from app.ledger.bucket import Bucket
from app.ledger.sealer import Sealer
from tests.support.databases import pooled
from tests.support.firm import Firm
from tests.support.server import with_buckets

_numbers = itertools.count(1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_buckets(settings, f"ledger-{next(_numbers)}")


@pytest.fixture
async def sealing(settings: Settings) -> AsyncIterator[Database]:
    """The sealer's own connections."""
    async with pooled(make_database(settings.database, size=2)) as database:
        yield database


@pytest.fixture
def bucket(firm: Firm) -> Bucket:
    return firm.services.resources.ledger


@pytest.fixture
def sealer(firm: Firm, sealing: Database, bucket: Bucket) -> Sealer:
    return Sealer(sealing, bucket, firm.services.resources.ledger_keys, seconds=0.05)
