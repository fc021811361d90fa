"""Supplements and corrections of filed dossiers (补充、更正): proposed, approved by the director, sealed anew.

An addition opens the dossier for material of this supplement alone, until the archivist accepts it. A correction
changes what a line of the list says; the entry and the seal before stay readable, so both versions do.
"""

from typing import Any
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Database, Row, present
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.core.pagination import Page
from app.core.sql import insert
from app.dossiers.service import DossierService, subject_of
from app.dossiers.state import require_state
from app.entries import sealing
from app.entries.contents_service import ContentsService
from app.entries.schemas import ContentsOut
from app.entries.service import EntryService
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.filing import repository
from app.filing.check_service import FilingChecks
from app.filing.events import (
    SUPPLEMENT_COMPLETED,
    SUPPLEMENT_DECIDED,
    SUPPLEMENT_PROPOSED,
    SUPPLEMENT_WITHDRAWN,
    SUPPLEMENTS_LISTED,
)
from app.filing.models import FileNote, Supplement
from app.filing.schemas import (
    Acceptance,
    Correction,
    SupplementCreate,
    SupplementDecision,
    SupplementOut,
    SupplementWithdrawal,
)
from app.filing.submission import require_sound, same_person


class SupplementService:
    """Carries supplements from proposal to seal; one at a time for each dossier."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        dossiers: DossierService,
        entries: EntryService,
        contents: ContentsService,
        checks: FilingChecks,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._dossiers, self._entries, self._contents, self._checks = dossiers, entries, contents, checks

    async def propose(self, actor: Actor, dossier_id: UUID, data: SupplementCreate) -> SupplementOut:
        """Propose an addition or a correction; Conflict while another one is under way."""
        async with self._uow.begin(actor) as tx:
            row = await self._dossiers.stand(actor, "supplement.propose", dossier_id, inside=tx.connection, lock=True)
            require_state("supplement.propose", row["state"])
            if await repository.supplement_under_way(tx.connection, dossier_id):
                raise Conflict("Another supplement of this dossier is under way", "该案卷已有补充或更正正在办理")
            corrections = await self._corrected(tx.connection, actor, dossier_id, data.corrections)
            supplement = Supplement(
                id=new_id(), dossier_id=dossier_id,
                serial=await repository.next_supplement(tx.connection, dossier_id), kind=data.kind, reason=data.reason,
                corrections=corrections, state="proposed", proposed_by=actor.id, proposed_at=now(),
            )  # fmt: skip
            await insert(tx.connection, supplement)
            tx.record(
                SUPPLEMENT_PROPOSED, subject_of(row), serial=supplement.serial, kind=data.kind, reason=data.reason,
                entry_ids=[one["entry_id"] for one in corrections],
            )  # fmt: skip
            return tx.result(await self._told(tx.connection, actor, dossier_id, supplement.serial))

    async def _corrected(
        self, connection: Connection, actor: Actor, dossier_id: UUID, wanted: list[Correction]
    ) -> list[dict[str, Any]]:
        """Give old and new values of the lines to correct, as the seal in force says them."""
        seen = await self._entries.seen(connection, actor, dossier_id)
        volumes = sealing.volumes_of(present(await sealing.newest(connection, dossier_id)))
        lines = {line.entry_id: line for volume in volumes for line in volume.items}
        found = []
        for index, one in enumerate(wanted):
            line = lines.get(one.entry_id) if one.entry_id in seen else None
            if line is None:
                raise Invalid.field(
                    f"/body/corrections/{index}/entry_id", "unknown_entry", "There is no such line in the sealed list",
                    "封存目录中没有该材料",
                )  # fmt: skip
            old, new = line.model_dump(mode="json"), one.model_dump(mode="json", exclude_unset=True)
            del new["entry_id"]
            changed = {name: [old[name], value] for name, value in new.items() if old[name] != value}
            if not changed:
                raise Invalid.field(
                    f"/body/corrections/{index}", "nothing_changes", "The line says this already", "与现有内容相同"
                )
            found.append({"entry_id": str(one.entry_id), "changed": changed})
        return found

    async def decide(self, actor: Actor, dossier_id: UUID, serial: int, data: SupplementDecision) -> SupplementOut:
        """Approve or refuse; an approved correction is sealed at once, an approved addition waits for its material."""
        async with self._uow.begin(actor) as tx:
            row, supplement = await self._under_way(tx, "supplement.decide", dossier_id, serial, "proposed")
            if actor.id == supplement["proposed_by"]:
                await same_person(self._gate, actor, "supplement.decide", row)
            state = "approved" if data.decision == "approve" else "refused"
            await repository.decide_supplement(tx.connection, supplement["id"], state, actor.id, data.reason)
            trace: dict[str, Any] = {}
            if state == "approved" and supplement["kind"] == "addition":
                await repository.open_supplement(tx.connection, dossier_id, supplement["id"])
            elif state == "approved":
                trace = await self._correct(tx, supplement)
            tx.record(SUPPLEMENT_DECIDED, subject_of(row), serial=serial, **data.model_dump(), **trace)
            return tx.result(await self._told(tx.connection, actor, dossier_id, serial))

    async def _correct(self, tx: Transaction, supplement: Row) -> dict[str, Any]:
        """Seal the list with its corrected lines; the entries stay as they were sealed first."""
        dossier_id: UUID = supplement["dossier_id"]
        whole = await self._contents.whole(tx.connection, dossier_id, supplement["id"])
        seal = await sealing.seal(tx, _with(whole, supplement["corrections"]), "correction", supplement["id"])
        await repository.complete_supplement(tx.connection, supplement["id"], tx.actor.id, seal.version)
        await _note(tx, supplement, "correction", f"更正第{supplement['serial']}号:{supplement['reason']}")
        return seal.trace()

    async def accept(self, actor: Actor, dossier_id: UUID, serial: int, data: Acceptance) -> SupplementOut:
        """Take the material of an approved addition into the sealed list, in volumes of its own after the others."""
        await self._dossiers.stand(actor, "supplement.accept", dossier_id)
        looked = await self._checks.look_for(dossier_id)
        async with self._uow.begin(actor) as tx:
            row, supplement = await self._under_way(tx, "supplement.accept", dossier_id, serial, "approved")
            if actor.id in {supplement["proposed_by"], *await repository.contributors(tx.connection, supplement["id"])}:
                await same_person(self._gate, actor, "supplement.accept", row)
            if not supplement["entry_ids"]:
                raise Conflict(
                    "Nothing was added yet: add the material, or withdraw the supplement", "尚未补充任何材料"
                )
            whole = await self._contents.whole(tx.connection, dossier_id, supplement["id"])
            _require_pages(whole)
            await require_sound(self._checks, tx.connection, actor, dossier_id, looked, set(supplement["entry_ids"]))
            await repository.open_supplement(tx.connection, dossier_id, None)
            seal = await sealing.seal(tx, whole, "supplement", supplement["id"])
            await repository.complete_supplement(tx.connection, supplement["id"], actor.id, seal.version)
            await _note(tx, supplement, "supplement", f"补充第{serial}号:{supplement['reason']}\n{data.note}")
            tx.record(
                SUPPLEMENT_COMPLETED,
                subject_of(row),
                serial=serial,
                entries=len(supplement["entry_ids"]),
                **seal.trace(),
            )
            return tx.result(await self._told(tx.connection, actor, dossier_id, serial))

    async def withdraw(self, actor: Actor, dossier_id: UUID, serial: int, data: SupplementWithdrawal) -> SupplementOut:
        """Withdraw a proposal, or an approved addition that nothing was put into yet."""
        async with self._uow.begin(actor) as tx:
            row, supplement = await self._under_way(
                tx, "supplement.withdraw", dossier_id, serial, "proposed", "approved"
            )
            if supplement["entry_ids"]:
                raise Conflict("Material was added already: it can only be accepted", "已补充材料,只能办理接收")
            await repository.open_supplement(tx.connection, dossier_id, None)
            await repository.decide_supplement(tx.connection, supplement["id"], "withdrawn", actor.id, data.reason)
            tx.record(SUPPLEMENT_WITHDRAWN, subject_of(row), serial=serial, reason=data.reason)
            return tx.result(await self._told(tx.connection, actor, dossier_id, serial))

    async def _under_way(
        self, tx: Transaction, act: str, dossier_id: UUID, serial: int, *states: str
    ) -> tuple[Row, Row]:
        row = await self._dossiers.stand(tx.actor, act, dossier_id, inside=tx.connection, lock=True)
        require_state(act, row["state"])
        supplement = await repository.supplement(tx.connection, dossier_id, serial)
        if supplement is None:
            await self._gate.hide(tx.actor, act, subject_of(row), "no_such_supplement")
        if supplement["state"] not in states:
            raise Conflict(
                f"The supplement is {supplement['state']}, this is for {' or '.join(states)}",
                f"该补充状态为 {supplement['state']},不能执行此操作",
            )
        return row, supplement

    async def all_of(self, actor: Actor, dossier_id: UUID) -> Page[SupplementOut]:
        """Give all supplements of a dossier that the actor sees, oldest first."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        rows = await repository.supplements(self._database, dossier_id)
        seen = await self._entries.seen(self._database, actor, dossier_id)
        await self._recorder.read(actor, SUPPLEMENTS_LISTED, subject_of(dossier), supplements=len(rows))
        return Page(items=[_out(row, seen) for row in rows])

    async def get(self, actor: Actor, dossier_id: UUID, serial: int) -> SupplementOut:
        """Give one supplement of a dossier that the actor sees."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        row = await repository.supplement(self._database, dossier_id, serial)
        if row is None:
            await self._gate.hide(actor, "dossier.read", subject_of(dossier), "no_such_supplement")
        seen = await self._entries.seen(self._database, actor, dossier_id)
        await self._recorder.read(actor, SUPPLEMENTS_LISTED, subject_of(dossier), serial=serial)
        return _out(row, seen)

    async def _told(self, connection: Connection, actor: Actor, dossier_id: UUID, serial: int) -> SupplementOut:
        row = present(await repository.supplement(connection, dossier_id, serial))
        return _out(row, await self._entries.seen(connection, actor, dossier_id))


def _with(contents: ContentsOut, corrections: list[dict[str, Any]]) -> ContentsOut:
    """Give the list with corrected lines."""
    new = {UUID(one["entry_id"]): {name: values[1] for name, values in one["changed"].items()} for one in corrections}
    volumes = [
        volume.model_copy(
            update={
                "items": [
                    type(line).model_validate({**line.model_dump(exclude_unset=True), **new[line.entry_id]})
                    if line.entry_id in new
                    else line
                    for line in volume.items
                ]
            }
        )
        for volume in contents.volumes
    ]
    return contents.model_copy(update={"volumes": volumes})


def _require_pages(contents: ContentsOut) -> None:
    if contents.incomplete:
        raise Conflict(
            f"{len(contents.incomplete)} entries of the supplement have no page count",
            f"补充材料中有 {len(contents.incomplete)} 件未注明页数",
            extra={"incomplete": [str(entry_id) for entry_id in contents.incomplete]},
        )


async def _note(tx: Transaction, supplement: Row, kind: str, text: str) -> None:
    note = FileNote(
        id=new_id(), dossier_id=supplement["dossier_id"], kind=kind, text=text[:4000], noted_on=today(),
        compiler_id=supplement["proposed_by"], inspector_id=tx.actor.id, noted_by=tx.actor.id, noted_at=now(),
    )  # fmt: skip
    await insert(tx.connection, note)


def _out(row: Row, seen: set[UUID]) -> SupplementOut:
    plain = SupplementOut.model_fields.keys() - {
        "corrections",
        "entry_ids",
        "proposed_by",
        "decided_by",
        "completed_by",
    }
    return SupplementOut.model_validate(
        {
            **{name: row[name] for name in plain},
            "corrections": [one for one in row["corrections"] if UUID(one["entry_id"]) in seen],
            "entry_ids": [entry_id for entry_id in row["entry_ids"] if entry_id in seen],
            "proposed_by": row["proposer"], "decided_by": row["decider"], "completed_by": row["completer"],
        }
    )  # fmt: skip
