"""The one gate for single acts. Every refusal is recorded before the caller hears of it.

404 before 403: what an actor may not know of does not exist for him, in words, in time and in the record of it.
"""

from typing import NoReturn
from uuid import UUID

from app.access.acts import ACTS, Need, powers
from app.access.events import ACCESS_DENIED
from app.access.standing import capacity
from app.access.visibility import no_wall, no_wall_around_client, survivor
from app.auth.roles import Rank, Role
from app.core.actor import Actor
from app.core.database import Connection, Row
from app.core.errors import Forbidden, NotFound
from app.events.recorder import Recorder
from app.events.vocabulary import Subject


class Gate:
    """Lets acts pass or refuses them."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def require(self, actor: Actor, act: str, subject: Subject) -> None:
        """Let an act pass for which only roles count; Forbidden (recorded) otherwise."""
        roles = ACTS[act].roles
        if roles is not None and not powers(actor.roles) & roles:
            await self.forbid(actor, act, subject, "role")

    async def judge(self, actor: Actor, act: str, subject: Subject, row: Row | None) -> Row:
        """Let an act on a dossier pass and give its row back, which then is there for certain.

        `row` was fetched under the visibility predicate and has the columns of `standing`, and `reads` where the act
        needs it. Raises NotFound when there is none, Forbidden when the actor sees but may not. Both are recorded.
        """
        if row is None:
            await self.hide(actor, act, subject)
        await self.require(actor, act, subject)
        if not _meets(ACTS[act].need, actor, row):
            await self.forbid(actor, act, subject, ACTS[act].need.name.lower())
        return row

    async def require_repeatable(
        self, connection: Connection, actor: Actor, dossier_id: UUID | None, client_id: UUID | None
    ) -> None:
        """Refuse to tell again of an act whose dossier or client lies behind a wall by now."""
        user = "$1::uuid"
        outside = await connection.fetchval(
            f"SELECT ({no_wall(user, '$2::uuid')}) AND ({no_wall_around_client(user, survivor('$3::uuid'))})",
            actor.user_id,
            dossier_id,
            client_id,
        )
        if not outside:
            await self.hide(
                actor, "repeat", Subject("dossier", dossier_id) if dossier_id else Subject("client", client_id)
            )

    async def hide(self, actor: Actor, act: str, subject: Subject, rule: str = "not_visible") -> NoReturn:
        """Refuse as if the subject did not exist."""
        await self._recorder.refused(actor, ACCESS_DENIED, subject, act=act, rule=rule)
        raise NotFound("There is nothing here under this id", "该标识下没有内容")

    async def forbid(
        self, actor: Actor, act: str, subject: Subject, rule: str, error: Forbidden | None = None
    ) -> NoReturn:
        """Refuse what the actor may know of but not do; `error` says more than the table of acts."""
        await self._recorder.refused(actor, ACCESS_DENIED, subject, act=act, rule=rule)
        raise error or Forbidden(f"Not permitted: {act} is for {ACTS[act].permission}", f"无权执行 {act}")


def _meets(need: Need, actor: Actor, row: Row) -> bool:
    met = False
    match need:
        case Need.NOTHING | Need.SEES:
            met = True
        case Need.READS:
            met = row["reads"]
        case Need.TEAM:
            met = row["on_team"] or (row["created"] and Role.INTEGRATION in actor.roles)
        case Need.TEAM_LAWYER:
            met = row["on_team"] and bool(actor.roles & {Role.LAWYER, Role.PARTNER})
        case Need.TEAM_OR_ARCHIVIST:
            met = row["on_team"] or Role.ARCHIVIST in actor.roles
        case Need.HEADS:
            met = capacity(actor, row) in {"partner", "director"}
        case Need.LEADS:
            met = capacity(actor, row) is not None
        case Need.GRANTS:
            as_what = capacity(actor, row)
            met = as_what is not None and (as_what != "lead" or row["dossier_level"] != Rank.RESTRICTED)
        case Need.DIRECTS:
            met = Role.DIRECTOR in actor.roles
    return met
