"""The obvious way, kept as a subject of the benchmark only: what a first version of such a service looks like.

A session of SQLModel, the token decoded at each request, user and row and what bears on visibility fetched one after
the other, the event committed each time, the answer validated by its model. It does less than the service: no
clearance, no grants, no parties.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JOSEError, jwt
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.models import WallDossier, WallPerson
from app.auth.models import User
from app.auth.tokens import TokenKeys
from app.core.clock import now
from app.core.ids import new_id
from app.dossiers.models import Dossier, DossierTeam
from app.events.models import EventRow

Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(request.app.state.engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session)]


async def _user(request: Request, session: Session, bearer: Bearer) -> User:
    keys: TokenKeys = request.app.state.keys
    try:
        kid = jwt.get_unverified_header(bearer.credentials)["kid"]
        claims: dict[str, Any] = jwt.decode(
            bearer.credentials, keys.find(kid).public, algorithms=["ES256"], audience="anjuan", issuer="anjuan"
        )
    except JOSEError as error:
        raise HTTPException(401) from error
    user = await session.get(User, UUID(claims["sub"]))
    if user is None or not user.active:
        raise HTTPException(401)
    return user


async def _may_see(session: AsyncSession, user: User, dossier: Dossier) -> bool:
    walled = await session.exec(
        select(WallPerson)
        .join(WallDossier, col(WallDossier.wall_id) == col(WallPerson.wall_id))
        .where(WallPerson.user_id == user.id, WallDossier.dossier_id == dossier.id)
    )
    team = await session.exec(select(DossierTeam).where(DossierTeam.dossier_id == dossier.id))
    return walled.first() is None and (
        dossier.confidentiality <= 1 or user.id in {member.user_id for member in team.all()}
    )


def create_app() -> FastAPI:
    """Make the application of one process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = os.environ["ANJUAN_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
        app.state.engine = create_async_engine(url, pool_size=10, max_overflow=0)
        app.state.keys = TokenKeys(Path(os.environ["ANJUAN_DATA_DIR"]) / "keys")
        yield
        await app.state.engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/row/{dossier_id}", response_model=Dossier)
    async def row(request: Request, session: Session, user: Annotated[User, Depends(_user)], dossier_id: UUID) -> Any:
        dossier = await session.get(Dossier, dossier_id)
        if dossier is None or not await _may_see(session, user, dossier):
            raise HTTPException(404)
        session.add(
            EventRow(
                id=new_id(), recorded_at=now(), type="dossier.viewed", outcome="success", actor_id=user.id,
                actor_name=user.display_name, actor_roles=user.roles, subject_type="dossier", subject_id=dossier.id,
                subject_label=dossier.number, dossier_id=dossier.id, request_id=str(new_id()),
                ip=request.client.host if request.client else None, method="GET", route="/row/{dossier_id}", details={},
            )
        )  # fmt: skip
        await session.commit()
        return dossier

    return app
