"""From what rooms answer to forms as they are printed (pure but for the clock). Never shows more than it is given.

Masked lines stay masked. What could only be told from all lines (起止时间) is left to the pen where some are masked: a
time span of the rest would be wrong, and the true one would tell of what is hidden.
"""

from datetime import datetime
from typing import Any

from app.auth.roles import Level
from app.core.clock import FIRM_ZONE, now
from app.dossiers.schemas import DossierOut, DossierState
from app.entries.schemas import ContentsLine, ContentsOut, ContentsVolume
from app.reports.facts import Facts
from app.reports.forms import ContentsForm, CoverForm, FormLine, FormVolume
from app.reports.trade_forms import BackForm, ClosingReportForm, IntakeApprovalForm, NoteForm

_FILED = frozenset({DossierState.FILED, DossierState.TRANSFERRED})


def contents_form(
    firm_name: str, heading: DossierOut, contents: ContentsOut, volume: ContentsVolume | None = None
) -> ContentsForm:
    """Give the contents list (卷内目录), of all volumes or of one."""
    volumes = contents.volumes if volume is None else [volume]
    # Titles of what lacks a page count: `incomplete` holds only ids that this reader may see.
    titles = {line.entry_id: line.title for one in volumes for line in one.items}
    return ContentsForm(
        firm_name=firm_name,
        number=heading.number,
        title=heading.title,
        cause=heading.cause,
        client_names=tuple(client.name for client in heading.clients),
        lead_lawyer=heading.lead_lawyer.display_name,
        volumes=tuple(FormVolume(one.volume, one.pages, tuple(_line(line) for line in one.items)) for one in volumes),
        volume_count=len(contents.volumes),
        printed_at=_printed_at(),
        incomplete=tuple(titles[entry_id] or "" for entry_id in contents.incomplete if entry_id in titles),
        digest=contents.digest,
    )


def cover_form(
    firm_name: str,
    matter_type: str,
    heading: DossierOut,
    contents: ContentsOut,
    facts: Facts,
    volume: ContentsVolume | None = None,
) -> CoverForm:
    """Give the cover (案卷封面), of the dossier or of one volume; what nobody knows yet is filled in by hand."""
    sealed = heading.confidentiality is Level.SEALED or heading.state_secret_level is not None
    known: dict[str, Any] = heading.model_dump(
        include={"number", "contract_number", "cause", "title", "opened_on", "court", "instance", "court_case_number",
                 "remarks"}
    )  # fmt: skip
    return CoverForm(
        **known,
        firm_name=firm_name,
        matter_type=matter_type,
        lead_lawyer=heading.lead_lawyer.display_name,
        client_names=tuple(client.name for client in heading.clients),
        parties=facts.parties,
        opposing_parties=tuple(party.name for party in heading.opposing_parties),
        confidentiality=Level.SEALED.value if sealed else heading.confidentiality.value,
        printed_at=_printed_at(),
        closed_on=facts.closed_on,
        result=facts.result,
        filed_on=facts.filed_on,
        filed=heading.state in _FILED,
        compiler=facts.compiler,
        retention=facts.retention,
        archive_number=facts.archive_number,
        volume=None if volume is None else volume.volume,
        volumes=len(contents.volumes),
        pages=sum(one.pages for one in contents.volumes) if volume is None else volume.pages,
        span=_span(contents.volumes if volume is None else [volume]),
    )


def note_form(
    firm_name: str, heading: DossierOut, contents: ContentsOut, facts: Facts, volume: ContentsVolume
) -> NoteForm:
    """Give the note to file (备考表) of a volume."""
    return NoteForm(
        firm_name=firm_name,
        number=heading.number,
        printed_at=_printed_at(),
        volume=volume.volume,
        volumes=len(contents.volumes) or 1,
        condition=facts.condition or f"本册共 {len(volume.items)} 件 {volume.pages} 页。",
        notes=facts.notes,
        compiler=facts.compiler,
        checker=facts.checker,
        compiled_on=facts.compiled_on,
        checked_on=facts.checked_on,
    )


def back_form(firm_name: str, heading: DossierOut, contents: ContentsOut, volume: ContentsVolume) -> BackForm:
    """Give the back (卷底) of a volume."""
    return BackForm(
        firm_name, heading.number, _printed_at(), volume.volume, len(contents.volumes) or 1, volume.pages
    )  # fmt: skip


def intake_form(firm_name: str, matter_type: str, heading: DossierOut, facts: Facts) -> IntakeApprovalForm:
    """Give the approval of a new matter (收案审批表)."""
    known: dict[str, Any] = {
        "opened_on": heading.opened_on, "contract_number": heading.contract_number, "parties": facts.parties,
        "remarks": heading.remarks,
    }  # fmt: skip
    return IntakeApprovalForm(
        firm_name, heading.number, _printed_at(), matter_type, tuple(client.name for client in heading.clients),
        tuple(party.name for party in heading.opposing_parties), heading.cause, heading.lead_lawyer.display_name,
        **{**known, **facts.intake},
    )  # fmt: skip


def closing_form(firm_name: str, matter_type: str, heading: DossierOut, facts: Facts) -> ClosingReportForm:
    """Give the report at the end of a matter (结案报告表)."""
    known: dict[str, Any] = {
        "opened_on": heading.opened_on, "closed_on": facts.closed_on, "remarks": heading.remarks,
    }  # fmt: skip
    return ClosingReportForm(
        firm_name, heading.number, _printed_at(), matter_type, tuple(client.name for client in heading.clients),
        heading.title or heading.cause, heading.lead_lawyer.display_name, **{**known, **facts.closing},
    )  # fmt: skip


def _line(line: ContentsLine) -> FormLine:
    return FormLine(**line.model_dump(exclude={"entry_id"}))


def _span(volumes: list[ContentsVolume]) -> Any:
    lines = [line for volume in volumes for line in volume.items]
    days = sorted(line.formed_on for line in lines if line.formed_on is not None)
    return (days[0], days[-1]) if days and not any(line.masked for line in lines) else None


def _printed_at() -> datetime:
    return now().astimezone(FIRM_ZONE)
