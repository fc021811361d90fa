"""An issuer of the firm's own, and a service that takes its tokens."""

from collections.abc import AsyncIterator

import pytest

from app.config import OidcSettings, Settings
from tests.outside.common import REFETCH, ROLES
from tests.support.issuer import AUDIENCE, CLIENT, Issuer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """The firm's own issuer."""
    server = await Issuer().start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
def settings(settings: Settings, issuer: Issuer) -> Settings:
    """Settings of a firm that takes the issuer's tokens."""
    settings.oidc = OidcSettings(
        oidc_issuer=issuer.url, oidc_audience=AUDIENCE, oidc_clients=(CLIENT, "scripts"), oidc_roles=ROLES,
        oidc_department_claim="org.department", oidc_refetch_seconds=REFETCH, oidc_timeout_seconds=1,
    )  # fmt: skip
    return settings
