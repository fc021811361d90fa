"""Who acts, and where the act came from. Everything below the door is told this, and nothing else, of the caller."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """A caller's wish that this request be carried out at most once.

    `fingerprint` is a SHA-256 over method, path and body: the same key with another fingerprint is refused.
    """

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Origin:
    """The request, command or job that an act belongs to."""

    request_id: str
    method: str
    route: str
    ip: str | None = None
    user_agent: str | None = None
    idempotency: IdempotencyClaim | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """What a program may see beside what it created itself, as the firm configured it.

    `matter_types` and `departments` (of the lead lawyer) narrow it; empty ones do not. `content` opens files too.
    """

    matter_types: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    content: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A program that acts for a person: who it is, for the record."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, program or job at work.

    `user_id` is None for somebody who has not (yet) proved who he is and for the service itself.
    `clearance` is the rank of the highest confidentiality level open to the actor (0 public … 4 sealed). `reach` is
    what a program sees beside its own, `acts_for_people` whether it may act for people; `via` is the program that acts
    for this person. `must_change_password` is true for somebody whose password an administrator has reset; he has no
    roles until then.
    """

    user_id: UUID | None
    display_name: str
    roles: frozenset[str]
    clearance: int
    origin: Origin
    department: str | None = None
    username: str | None = None
    lawyer_code: str | None = None
    token_id: str | None = None
    token_expires_at: float | None = field(default=None, compare=False)
    reach: Reach | None = None
    via: Program | None = None
    acts_for_people: bool = False
    session_id: UUID | None = None
    must_change_password: bool = False

    @property
    def id(self) -> UUID:
        """The user's id; only for acts that need a known user."""
        if self.user_id is None:
            raise RuntimeError("this act needs a known user")
        return self.user_id


def service_actor(method: str, route: str, request_id: str) -> Actor:
    """Make the actor of work that the service does by itself (start-up, scheduled jobs, commands)."""
    return Actor(
        user_id=None,
        display_name="anjuan",
        roles=frozenset({"service"}),
        clearance=0,
        origin=Origin(request_id=request_id, method=method, route=route),
    )
