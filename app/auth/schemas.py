"""Users and tokens as they come in and go out."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from app.auth.password_rules import LONGEST, check_characters
from app.auth.roles import PROGRAMS, Level, Role
from app.core.schema import Input, Output, Timestamp
from app.core.text import Code, Name, Reason, ShortText

Username = Annotated[
    str,
    StringConstraints(min_length=2, max_length=64, pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._@-]*$"),
    Field(description="Login name; case does not count", examples=["wang.li"]),
]
# How long it must be is a setting, so the service looks (`password_rules.py`).
Password = Annotated[
    str,
    StringConstraints(max_length=LONGEST),
    AfterValidator(check_characters),
    Field(
        description="15 (or as many as the firm has set) to 256 characters, blanks and all languages allowed",
        examples=["correct horse battery staple"],
    ),
]
Roles = Annotated[list[Role], Field(max_length=11, examples=[["lawyer"]])]


def _no_programs(roles: list[Role]) -> list[Role]:
    if PROGRAMS & set(roles):
        raise ValueError("integration and backup are roles of service accounts")
    return sorted(set(roles))


class UserCreate(Input):
    """A new user; one without a password can't log in here."""

    username: Username
    display_name: Name
    password: Password | None = None
    roles: Roles = []
    department: ShortText | None = None
    lawyer_code: Code | None = Field(None, description="Code in dossier numbers, e.g. L03", examples=["L03"])
    active: bool = True
    must_change_password: bool = Field(default=False, description="Let the user do nothing before he has changed it")

    _check_roles = field_validator("roles")(_no_programs)


class UserChange(Input):
    """Fields to change; those left out stay."""

    display_name: Name | None = None
    password: Password | None = Field(
        None, description="Resets the password: ends all sessions of the user, who must change it at his next login"
    )
    roles: Roles | None = None
    department: ShortText | None = None
    lawyer_code: Code | None = None
    active: bool | None = None

    @field_validator("roles")
    @classmethod
    def _check_roles(cls, roles: list[Role] | None) -> list[Role] | None:
        return roles if roles is None else _no_programs(roles)

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in ("display_name", "password", "roles", "active"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
        return self


class UserOut(Output):
    """A user as the administrators see him."""

    id: UUID
    kind: Literal["person", "service"]
    username: str
    display_name: str
    roles: list[Role]
    department: str | None
    lawyer_code: str | None
    active: bool
    must_change_password: bool
    issuer: str | None = Field(description="The outside issuer whose tokens he comes with; null for users made here")
    created_at: Timestamp
    updated_at: Timestamp


class PersonOut(Output):
    """A user as everybody knows him."""

    id: UUID
    display_name: str
    department: str | None


class PersonRef(Output):
    """A user named in another answer."""

    id: UUID
    display_name: str


class IntegrationIn(Input):
    """What a program with the role `integration` may see and do.

    It always sees what it created itself, up to `level`. With `sees: matching` it sees the metadata of all dossiers up
    to `level` whose matter type and lead lawyer's department are named (an empty list names all), with `content` files
    too.
    """

    level: Literal[Level.PUBLIC, Level.INTERNAL, Level.CONFIDENTIAL, Level.RESTRICTED] = Level.INTERNAL
    sees: Literal["created", "matching"] = "created"
    matter_types: Annotated[list[ShortText], Field(max_length=50)] = []
    departments: Annotated[list[ShortText], Field(max_length=100)] = []
    content: bool = False
    on_behalf: bool = Field(False, description="May act for people, as those people and up to its level")


class IntegrationOut(IntegrationIn, Output):
    """A program's configuration."""

    id: UUID
    name: str


class ServiceAccountCreate(Input):
    """A program that is to call the service; `integration` says what it may see."""

    name: Name
    roles: Annotated[list[Literal[Role.INTEGRATION, Role.BACKUP]], Field(min_length=1, max_length=2)]
    integration: IntegrationIn | None = None

    @model_validator(mode="after")
    def _fits_roles(self) -> Self:
        if self.integration is not None and Role.INTEGRATION not in self.roles:
            raise ValueError("only the role integration is configured by `integration`")
        return self


class ServiceAccountOut(Output):
    """A new service account; the secret is shown this once."""

    id: UUID
    name: str
    roles: list[Role]
    client_id: str
    client_secret: str


class SecretRenewal(Input):
    """Why a program gets a new secret."""

    reason: Reason


class SecretOut(Output):
    """A program's new secret, shown this once."""

    id: UUID
    client_id: str
    client_secret: str


class ClearancesIn(Input):
    """The highest level that each role opens; roles left out stay."""

    lawyer: Level = Level.SEALED
    assistant: Level = Level.RESTRICTED
    archivist: Level = Level.RESTRICTED
    partner: Level = Level.SEALED
    director: Level = Level.SEALED
    finance: Level = Level.CONFIDENTIAL


class ClearancesOut(Output):
    """The highest level that each role opens."""

    levels: dict[Role, Level]


class Revocation(Input):
    """Why all sessions and tokens of a user are ended."""

    reason: Reason


class TokensRevokedOut(Output):
    """What a revocation ended; tokens issued before `revoked_at` open nothing."""

    user_id: UUID
    sessions_ended: int
    revoked_at: Timestamp


class TokenOut(Output):
    """Tokens (RFC 6749 §5.1), times in seconds; programs get an access token only (§4.4.3)."""

    leave_out_unset: ClassVar[bool] = True

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str | None = Field(None, description="Good for one refresh; a second use ends the session")
    refresh_expires_in: int | None = Field(None, description="Seconds to the end of the session")
    must_change_password: bool | None = Field(
        None, description="True: this token opens nothing but the change of the password"
    )


class Reminder(StrEnum):
    """Something that the caller should see to."""

    SPLIT_POWERS = "split_powers"


class MeOut(Output):
    """Who the caller is here; one who runs the system *and* gives roles (三员分立) is reminded to `split_powers`."""

    user_id: UUID
    username: str
    display_name: str
    roles: list[Role]
    clearance: Level
    department: str | None
    lawyer_code: str | None
    token_expires_at: Timestamp
    session_id: UUID | None
    must_change_password: bool
    reminders: list[Reminder]


class SessionOut(Output):
    """A running session; `current` is the one of the token that asks."""

    id: UUID
    began_at: Timestamp
    refreshed_at: Timestamp | None
    expires_at: Timestamp
    ip: str | None
    user_agent: str | None
    current: bool


class PasswordChange(Input):
    """A new password of one's own."""

    current_password: Annotated[str, Field(max_length=LONGEST)]
    new_password: Password


class PasswordChangedOut(Output):
    """The password was changed; the session that changed it goes on."""

    sessions_ended: int


_NEEDS = {
    "password": ("username", "password"),
    "client_credentials": ("client_id", "client_secret"),
    "refresh_token": ("refresh_token",),
}


class TokenForm(Input):
    """The OAuth 2 token request (RFC 6749 §4.3, §4.4, §6)."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    grant_type: Literal["password", "client_credentials", "refresh_token"]
    username: Annotated[str, Field(max_length=256)] | None = None
    password: Annotated[str, Field(max_length=256)] | None = None
    client_id: Annotated[str, Field(max_length=256)] | None = None
    client_secret: Annotated[str, Field(max_length=256)] | None = None
    refresh_token: Annotated[str, Field(max_length=256)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = _NEEDS[self.grant_type]
        if not all(getattr(self, name) for name in names):
            raise ValueError(f"grant_type={self.grant_type} needs {' and '.join(names)}")
        return self
