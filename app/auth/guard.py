"""What this room asks of the one above it, namely whether a person may do something."""

from typing import NoReturn, Protocol

from app.core.actor import Actor
from app.events.vocabulary import Subject


class Guard(Protocol):
    """The gate, as far as rooms below `access/` need it."""

    async def require(self, actor: Actor, act: str, subject: Subject) -> None:
        """Let the act pass, or record the refusal and raise Forbidden."""

    async def forbid(self, actor: Actor, act: str, subject: Subject, rule: str) -> NoReturn:
        """Record the refusal and raise Forbidden."""
