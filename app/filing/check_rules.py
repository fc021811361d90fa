"""The firm's rules of the checks before filing: what blocks, what a cover must say, which formats are kept.

No list of these stands in a law that was read in full; the firm edits them. Sources: domain/rules.md 1.5 (fields of the
cover), 3.2 (elements of metadata), 3.4 (test items), 8 (6, 12).
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.core.schema import Input
from app.dossiers.schemas import MatterTypeName
from app.filing.check_model import CoverField, FindingCode
from app.rulebook.kinds import RuleKind

ItemNumber = Literal[
    "1-1", "1-2", "1-3", "1-4", "1-5", "1-6", "1-7", "1-8", "1-10", "1-11", "1-12/13", "1-14",
    "2-1", "2-2", "2-3", "2-4", "2-5", "2-6", "2-7", "2-8", "2-9", "2-10", "2-11",
    "3-1", "3-2", "3-3", "3-4", "3-6", "3-8", "4-1", "4-2", "4-3..4-6", "4-7",
]  # fmt: skip
KeyField = Literal["title", "document_number", "responsible_party", "formed_on", "category"]
MediaType = Annotated[str, Field(max_length=255, pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$")]
Element = Annotated[str, Field(max_length=100, pattern=r"^[a-z]+\.[a-z0-9_]+$", examples=["entry.title"])]
Formats = Annotated[list[MediaType], Field(max_length=200)]
CoverFields = Annotated[list[CoverField], Field(max_length=len(CoverField))]


class FilingCheckRules(Input):
    """What the checks before filing ask for."""

    blocking: Annotated[
        list[FindingCode],
        Field(max_length=len(FindingCode), description="Findings that keep a dossier from being filed; a virus always"),
    ]
    blocking_items: Annotated[
        list[ItemNumber], Field(max_length=40, description="Four-property items whose failure keeps it from that too")
    ]
    cover_fields: CoverFields = Field(description="What the cover must say, whatever the matter")
    cover_fields_by_matter_type: dict[MatterTypeName, CoverFields] = Field(description="And for a matter type besides")
    formats: Formats = Field(description="Media types that may be kept for the long term (3-3)")
    opaque_formats: Formats = Field(description="Packed, encrypted or private formats (3-8)")
    metadata_items: Annotated[list[Element], Field(max_length=100, description="What must be recorded (2-3)")]
    required_metadata: Annotated[list[Element], Field(max_length=100, description="What may not be empty (2-4)")]
    duplicate_keys: Annotated[
        list[Annotated[list[KeyField], Field(min_length=1, max_length=5)]],
        Field(max_length=10, description="Fields that no two entries may share all of (1-8)"),
    ]
    earliest_date: date = Field(description="A date before this one is not plausible (1-5)")


_BLOCKING = [
    FindingCode.DOSSIER_EMPTY, FindingCode.COVER_FIELD_MISSING, FindingCode.SLOT_EMPTY, FindingCode.ENGAGEMENT_GAP,
    FindingCode.ENTRY_UNREVIEWED, FindingCode.DOUBT_UNEXPLAINED, FindingCode.PAGES_MISSING, FindingCode.PAGE_BREAK,
    FindingCode.DATED_IN_FUTURE, FindingCode.FILE_INFECTED, FindingCode.FILE_UNSCANNED, FindingCode.OBJECT_MISSING,
    FindingCode.OBJECT_DAMAGED,
]  # fmt: skip
_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOSSIER = ["number", "title", "firm", "matter_type", "lead_lawyer", "clients", "opened_on", "level"]
_ENTRY = ["title", "document_number", "responsible_party", "formed_on", "pages", "category", "original", "remarks"]
_FILE = ["original_name", "media_type", "size", "sha256"]

FILING_CHECK = RuleKind(
    "filing_check", FilingCheckRules, "Checks before filing and the four-property test", "归档前检查与四性检测",
    first=FilingCheckRules(
        blocking=_BLOCKING,
        blocking_items=["1-1", "1-10", "1-11", "1-14", "2-1", "2-2", "2-7", "2-11", "4-2"],
        cover_fields=[CoverField.CAUSE, CoverField.CLIENTS, CoverField.LEAD_LAWYER, CoverField.OPENED_ON],
        cover_fields_by_matter_type={},
        formats=[
            "application/pdf", "application/ofd", "image/tiff", "image/jpeg", "image/png", "text/plain", "text/csv",
            "message/rfc822", "application/msword", "application/vnd.ms-excel",
            f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation", "audio/mpeg", "audio/wav", "audio/x-wav", "video/mp4",
        ],
        opaque_formats=[
            "application/zip", "application/x-zip-compressed", "application/vnd.rar", "application/x-rar-compressed",
            "application/x-7z-compressed", "application/gzip", "application/pgp-encrypted",
        ],
        metadata_items=[
            *(f"dossier.{name}" for name in _DOSSIER), *(f"entry.{name}" for name in _ENTRY),
            *(f"file.{name}" for name in _FILE),
        ],
        required_metadata=[
            *(f"dossier.{name}" for name in _DOSSIER), "entry.title", "entry.category", "entry.original", "entry.pages",
            *(f"file.{name}" for name in _FILE),
        ],
        duplicate_keys=[["title", "formed_on", "document_number"]],
        earliest_date=date(1949, 10, 1),
    ),
    source="参照 DA/T 70-2018 归档环节检测项目(据二手资料);阻断项、格式和封面必填项为本所约定",
    verified=False,
)  # fmt: skip
