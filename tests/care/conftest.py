"""A store of each module's own, to be damaged and stopped, with a bucket for each test."""

import itertools
from collections.abc import Iterator

import pytest

from app.config import Settings
from app.embedded.s3 import EmbeddedS3
from tests.support.damage import Disk
from tests.support.server import with_buckets

_buckets = itertools.count(1)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """A store of this module's own, to be damaged and stopped."""
    server = EmbeddedS3(tmp_path_factory.mktemp("integrity"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with a bucket of this test's own: to its database objects of others would be orphans."""
    return with_buckets(settings, f"integrity-{next(_buckets)}")


@pytest.fixture
def disk(s3: EmbeddedS3, settings: Settings) -> Disk:
    return Disk(s3, settings)
