"""The one place that knows all: resources of a process, and the services made of them."""

import secrets
from pathlib import Path

from app import __version__
from app.auth.password_rules import PasswordRules
from app.auth.users import bootstrap_administrator
from app.config import Settings
from app.core import migrations
from app.core.actor import service_actor
from app.core.errors import Invalid
from app.core.ids import new_id
from app.embedded.processes import EmbeddedError
from app.events.unit_of_work import UnitOfWork
from app.factory.resources import ROOT, Resources, make_database, make_keys, make_resources, make_store, schema_head
from app.factory.rights import FUNCTIONS, RIGHTS
from app.factory.services import Services, make_services, make_throttle

__all__ = [
    "ROOT", "Resources", "Services", "bootstrap_admin", "make_database", "make_key_store", "make_keys",
    "make_resources", "make_services", "make_store", "make_throttle", "migrate", "schema_head", "version",
]  # fmt: skip


def migrate(owner_url: str, app_role: str) -> None:
    """Bring the database to this version's schema and give the application's role its rights; blocks."""
    migrations.upgrade(ROOT, owner_url)
    migrations.grant(owner_url, app_role, RIGHTS, FUNCTIONS)


async def make_key_store(settings: Settings) -> None:
    """Make the key store of an empty installation; refuse to make one where files lie that need another."""
    keys = make_keys(settings)
    if keys.exists:
        return
    database = make_database(settings.database, size=2)
    await database.open()
    try:
        if await database.fetchval("SELECT EXISTS (SELECT FROM files)"):
            raise EmbeddedError(
                f"There is no key store in {settings.key_store_dir}, but there are files that its keys open: "
                "set ANJUAN_KEY_STORE_DIR to where it is, or put it back from your own copy of that directory."
            )
    finally:
        await database.close()
    keys.make()


async def bootstrap_admin(settings: Settings) -> Path | None:
    """Make the first administrator of an empty installation.

    Gives the file (mode 0600) that holds a password made for him; None when it was given by
    ANJUAN_ADMIN_PASSWORD or there are users already.
    """
    database = make_database(settings.database, size=2)
    await database.open()
    try:
        given = settings.auth.admin_password
        path = settings.run.data_dir / "admin-password"
        password = given.get_secret_value() if given else secrets.token_urlsafe(18)
        actor = service_actor("START", "bootstrap", str(new_id()))
        if given is None and not path.exists():
            # Before the user, so that a crash in between never leaves an administrator whom nobody can be.
            path.touch(mode=0o600)
            path.write_text(password + "\n")
        elif given is None:
            password = path.read_text().strip() or password
        rules = PasswordRules(settings.auth.password_min_length)
        try:
            made = await bootstrap_administrator(database, UnitOfWork(database), actor, rules, password)
        except Invalid as error:
            raise EmbeddedError(f"ANJUAN_ADMIN_PASSWORD: {error.en}") from error
        return path if made and given is None else None
    finally:
        await database.close()


def version() -> dict[str, str]:
    """Name this version and the schema it needs."""
    return {"version": __version__, "schema": schema_head()}
