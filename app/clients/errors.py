"""What can go wrong with clients and intakes."""

from uuid import UUID

from app.core.errors import Conflict, FieldError, Invalid


class ClientMerged(Invalid):
    """The record was merged into another client: it is read, and nothing else."""

    code, title_en, title_zh = "client_merged", "Client was merged", "客户已合并"


class MergeHindered(Conflict):
    """The two can't become one as things stand."""

    code, title_en, title_zh = "merge_hindered", "Clients can't be merged", "客户不能合并"


class IntakeDecided(Conflict):
    """What came of the intake is said already."""

    code, title_en, title_zh = "intake_decided", "Intake was decided", "接待记录已有结果"


class ConsentWithdrawn(Conflict):
    """The consent was withdrawn before."""

    code, title_en, title_zh = "consent_withdrawn", "Consent was withdrawn", "同意已撤回"


def merged_at(pointer: str, into: UUID) -> ClientMerged:
    """Make the error that says at `pointer` which client to name instead."""
    en, zh = f"This record was merged: name client {into} instead", f"该客户已合并,请改用客户 {into}"
    error = FieldError(pointer, "client_merged", en, zh)
    return ClientMerged(en, zh, errors=[error], extra={"client_id": str(into)})
