"""Printing: what the cover and the contents list are made of, what their files are called, and what is recorded."""

from types import SimpleNamespace
from typing import Any, Literal
from uuid import UUID

import pytest

from app.api import examples
from app.dossiers.schemas import DossierOut
from app.entries.schemas import ContentsOut
from app.reports.facts import Facts
from app.reports.press import Press
from app.reports.printing import CoverOut, PrintService
from tests.unit.test_forms import _csv, _text


class _LeadCompiles:
    """Facts of a dossier nothing more is known of: who handles it compiles its volumes."""

    async def of(self, actor: Any, heading: DossierOut) -> Facts:
        return Facts(compiler=heading.lead_lawyer.display_name)


class _Rooms:
    """Stands for the database, the recorder and the two services, and notes what is asked of them."""

    def __init__(self, dossier: dict[str, Any], contents: dict[str, Any]) -> None:
        self.dossier, self.list, self.calls = DossierOut.model_validate(dossier), contents, list[tuple[Any, ...]]()

    async def fetchrow(self, sql: str) -> dict[str, str]:
        return {"firm_name": "示例律师事务所"}

    async def fetchval(self, sql: str, *args: object) -> str:
        return {"civil": "民事"}[str(args[0])]

    async def heading(self, actor: Any, dossier_id: UUID) -> DossierOut:
        self.calls.append(("heading", dossier_id))
        return self.dossier

    async def get(self, actor: Any, dossier_id: UUID, form: str) -> ContentsOut:
        self.calls.append(("get", dossier_id, form))
        return ContentsOut.model_validate(self.list)

    async def compute(self, actor: Any, dossier_id: UUID) -> ContentsOut:
        self.calls.append(("compute", dossier_id))
        return ContentsOut.model_validate(self.list)

    async def read(self, actor: Any, type_: Any, subject: Any, **details: object) -> None:
        self.calls.append(("read", type_.name, subject.id, subject.label, details))

    def service(self) -> PrintService:
        rooms: Any = self
        return PrintService(rooms, rooms, rooms, rooms, _LeadCompiles(), Press())


ACTOR: Any = SimpleNamespace()
DOSSIER_ID = UUID(examples.DOSSIER["id"])
NUMBER = examples.DOSSIER["number"]


async def test_the_cover_is_as_promised_and_recorded_once() -> None:
    rooms = _Rooms(examples.DOSSIER, examples.CONTENTS)
    cover = await rooms.service().cover(ACTOR, DOSSIER_ID)
    assert CoverOut.model_validate(examples.COVER) == cover
    assert [call for call in rooms.calls if call[0] in {"read", "get"}] == [
        ("read", "cover.viewed", DOSSIER_ID, NUMBER, {"form": "json"})
    ]


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")])
async def test_papers_have_names_and_are_recorded_once(form: Literal["pdf", "xlsx", "csv"], begins: bytes) -> None:
    rooms = _Rooms({**examples.DOSSIER, "number": 'A/B\\C:*?"<>|1'}, examples.CONTENTS)
    printed = await rooms.service().contents(ACTOR, DOSSIER_ID, form)
    assert printed.name == f"A_B_C_______1 卷内目录.{form}"
    assert printed.content.startswith(begins)
    assert rooms.calls == [("get", DOSSIER_ID, form), ("heading", DOSSIER_ID)]

    rooms.calls.clear()
    printed = await rooms.service().printed_cover(ACTOR, DOSSIER_ID, form)
    assert printed.name == f"A_B_C_______1 案卷封面.{form}"
    assert printed.content.startswith(begins)
    assert [call[-1] for call in rooms.calls if call[0] in {"read", "get"}] == [{"form": form}]


@pytest.mark.parametrize(
    ("change", "sealed"),
    [
        ({"confidentiality": "sealed"}, True),
        ({"state_secret_level": "秘密"}, True),
        ({"confidentiality": "restricted"}, False),
    ],
)
async def test_the_stamp(change: dict[str, Any], sealed: bool) -> None:
    rooms = _Rooms({**examples.DOSSIER, **change}, examples.CONTENTS)
    printed = await rooms.service().printed_cover(ACTOR, DOSSIER_ID, "pdf")
    assert ("密卷" in _text(printed.content)) is sealed


async def test_a_printed_list_masks_and_names_what_has_no_pages() -> None:
    nothing = dict.fromkeys(("document_number", "responsible_party", "title", "formed_on", "remarks"))
    (line,) = examples.CONTENTS["volumes"][0]["items"]
    unpaged = {**line, "serial": 3, "title": "待计页材料", "page_from": None, "page_to": None, "pages": None}
    masked = {**nothing, "serial": 2, "page_from": 7, "page_to": 9, "pages": 3, "masked": True}
    lines = [{**line, "entry_id": UUID(int=1)}, masked, unpaged]
    contents = {
        **examples.CONTENTS, "volumes": [{"volume": 1, "pages": 9, "items": lines}], "digest": None,
        "incomplete": [unpaged["entry_id"]],
    }  # fmt: skip
    rooms = _Rooms(examples.DOSSIER, contents)
    text = _text((await rooms.service().contents(ACTOR, DOSSIER_ID, "pdf")).content)
    assert text.count("待计页材料") == 2
    assert "2793" in text
    rows = _csv((await rooms.service().contents(ACTOR, DOSSIER_ID, "csv")).content)
    assert rows[2] == ["1", "2", "", "", "", "", "7", "9", "3", ""]
    assert rows[3][6:9] == ["", "", ""]
