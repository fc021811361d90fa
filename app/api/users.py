"""Users, service accounts, and the directory of people."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, secret, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.straight import StraightRoute
from app.auth.events import (
    DIRECTORY_LISTED,
    SERVICE_ACCOUNT_CREATED,
    USER_CHANGED,
    USER_CREATED,
    USER_LISTED,
    USER_TOKENS_REVOKED,
    USER_VIEWED,
)
from app.auth.roles import Role
from app.auth.schemas import (
    PersonOut,
    Revocation,
    ServiceAccountCreate,
    ServiceAccountOut,
    TokensRevokedOut,
    UserChange,
    UserCreate,
    UserOut,
)
from app.auth.users import UserFilter
from app.core.pagination import Page
from app.core.text import Name

router = APIRouter(prefix="/v1", tags=["identity"], route_class=StraightRoute)


class DirectoryQuery(ListQuery):
    """Narrows the directory."""

    q: Annotated[Name | None, Field(description="Part of the name")] = None


class UserQuery(DirectoryQuery):
    """Narrows the list of users."""

    role: Role | None = None
    active: bool | None = None


@router.post(
    "/users",
    response_model=UserOut,
    **describe.create("user.create", USER_CREATED, ACCESS_DENIED, example=examples.USER, request=examples.USER_NEW),
)
async def create_user(app: App, actor: Writer, data: UserCreate) -> Response:
    """Create a user; giving roles needs `security_admin` too."""
    user, headers = await act(UserOut, app.users.create(actor, data))
    return answer(user, status=201, location=f"/v1/users/{user.id}", headers=headers)


@router.get(
    "/users",
    response_model=Page[UserOut],
    **describe.read("user.read", USER_LISTED, ACCESS_DENIED, example=examples.page_of(examples.USER), also=(400,)),
)
async def list_users(request: Request, app: App, actor: Caller, query: Annotated[UserQuery, Query()]) -> Response:
    """List users by name."""
    filter_ = UserFilter(q=query.q, role=query.role, active=query.active)
    return listed(request, await app.users.page(actor, filter_, page_request(request, actor, query)))


@router.get(
    "/users/{user_id}",
    response_model=UserOut,
    **describe.read("user.read", USER_VIEWED, ACCESS_DENIED, example=examples.USER),
)
async def read_user(request: Request, app: App, actor: Caller, user_id: UUID) -> Response:
    """Read a user."""
    return shown(request, await app.users.get(actor, user_id))


@router.patch(
    "/users/{user_id}",
    response_model=UserOut,
    **describe.change(
        "user.change", USER_CHANGED, ACCESS_DENIED, example=examples.USER, request={"department": "诉讼二部"}
    ),
)
async def change_user(app: App, actor: Changer, user_id: UUID, data: UserChange, if_match: IfMatch = None) -> Response:
    """Change, disable or reset a user; roles need `security_admin`."""
    return answer(await app.users.change(actor, user_id, data, if_match))


@router.post(
    "/users/{user_id}/revocation",
    response_model=TokensRevokedOut,
    **describe.create(
        "user.revoke_tokens", USER_TOKENS_REVOKED, ACCESS_DENIED,
        example=examples.REVOCATION, request=examples.REVOCATION_NEW, success=200,
    ),
)  # fmt: skip
async def revoke_tokens(app: App, actor: Writer, user_id: UUID, data: Revocation) -> Response:
    """End all sessions and tokens of a user at once, on every process within a second."""
    revoked, headers = await act(TokensRevokedOut, app.users.revoke_tokens(actor, user_id, data))
    return secret(revoked, headers=headers)


@router.get(
    "/directory",
    response_model=Page[PersonOut],
    **describe.read("directory.read", DIRECTORY_LISTED, example=examples.page_of(examples.PERSON), also=(400,)),
)
async def list_directory(
    request: Request, app: App, actor: Caller, query: Annotated[DirectoryQuery, Query()]
) -> Response:
    """Find colleagues by name, to name them as lead lawyer or on a team."""
    return listed(request, await app.users.directory(actor, query.q, page_request(request, actor, query)))


@router.post(
    "/service-accounts",
    response_model=ServiceAccountOut,
    **describe.create(
        "service_account.create", SERVICE_ACCOUNT_CREATED, ACCESS_DENIED,
        example=examples.SERVICE_ACCOUNT, request=examples.SERVICE_ACCOUNT_NEW,
    ),
)  # fmt: skip
async def create_service_account(app: App, actor: Writer, data: ServiceAccountCreate) -> Response:
    """Create an account for a program; the secret is shown this once."""
    account, headers = await act(ServiceAccountOut, app.users.create_service_account(actor, data))
    return secret(account, status=201, headers={"Location": f"/v1/users/{account.id}", **headers})
