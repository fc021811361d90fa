"""Real ClamAV, and a firm that has set it up."""

from collections.abc import Iterator

import pytest

from app.config import ScanSettings, Settings
from tests.scanning.common import KNOWN, MOST
from tests.support.clamav import RealClamd


@pytest.fixture(scope="session")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClamd]:
    """Real clamd, for all tests of this run."""
    server = RealClamd(tmp_path_factory.mktemp("clamd"))
    server.teach(7, **KNOWN)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def scan(scanner: RealClamd) -> ScanSettings:
    """The settings of scanning."""
    return ScanSettings(
        clamav_address=scanner.address, clamav_idle_seconds=20, clamav_max_bytes=MOST, rescan_per_minute=1000
    )


@pytest.fixture
def settings(settings: Settings, scan: ScanSettings) -> Settings:
    """Settings with a scanner."""
    return Settings(
        run=settings.run, database=settings.database, storage=settings.storage, auth=settings.auth, http=settings.http,
        scan=scan,
    )  # fmt: skip
