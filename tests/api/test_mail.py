"""E-mail over HTTP: opened into entries in one act or nothing, the message kept byte for byte."""

import asyncio
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import httpx
import pytest

from app.collection import mail_reader
from app.collection.mail_reader import MailReader
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG, objects, pdf

TYPE = {"Content-Type": "message/rfc822"}
ONE = ("entry.created", "file.added")


def letter(*files: tuple[str, str, bytes], **heads: str) -> bytes:
    """Give a message with files: name, type, content."""
    message = EmailMessage()
    told = {
        "From": '"张三" <zhang@example.cn>',
        "To": "王丽 <wang@example.cn>",
        "Subject": "关于举证期限",
        "Date": "Mon, 2 Mar 2026 23:30:00 +0000",
        "Message-ID": "<1@example.cn>",
    }
    for name, value in {**told, **heads}.items():
        if value:
            message[name] = value
    message.set_content("王律师:\n见附件。\n")
    message.add_alternative("<p>见附件<img src='cid:logo'></p>", subtype="html")
    html = message.get_body(("html",))
    assert html is not None
    html.add_related(PNG, "image", "png", cid="<logo>", filename="logo.png", disposition="inline")
    for name, type_, content in files:
        main, _, sub = type_.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes(policy=SMTP)


async def a_dossier(firm: Firm, **fields: Any) -> tuple[Person, str]:
    """Give a lawyer and the path of his dossier's mail."""
    lawyer = await firm.person("lawyer")
    return lawyer, f"/v1/dossiers/{(await firm.dossier(lawyer, **fields))['id']}/mail"


async def filed(by: Person, path: str, content: bytes, **headers: str) -> dict[str, Any]:
    """File a message."""
    answer = await by.post(path, content=content, headers={**TYPE, **headers})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def content_of(by: Person, document: dict[str, Any]) -> httpx.Response:
    """Read the file of a document."""
    return await by.get(f"/v1/files/{document['file']['id']}/content")


async def test_message_and_attachments_become_entries_in_one_act(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    paper, stored = pdf(3), await objects(firm)
    message = letter(("合同.pdf", "application/pdf", paper), ("清单.txt", "application/octet-stream", b"1"))
    answer = await lawyer.post(path, content=message, headers=TYPE)
    assert answer.status_code == 201, answer.text
    assert await firm.events(answer) == done(*ONE, *ONE, *ONE, "mail.opened")
    found = answer.json()
    entry, file = found["mail"]["entry"], found["mail"]["file"]
    assert answer.headers["location"] == f"/v1/entries/{entry['id']}"
    expected = {
        "title": "关于举证期限", "category": "correspondence", "responsible_party": "张三 <zhang@example.cn>", "formed_on": "2026-03-03",
        "original": "born_digital", "remarks": "收件人:王丽 <wang@example.cn>", "file_count": 1,
    }  # fmt: skip
    assert {name: entry[name] for name in expected} == expected
    assert (file["original_name"], file["media_type"], file["size"]) == (
        "关于举证期限.eml",
        "message/rfc822",
        len(message),
    )
    assert (await content_of(lawyer, found["mail"])).content == message
    first, second = found["attachments"]
    assert (first["entry"]["title"], first["entry"]["pages"], first["file"]["original_name"]) == (
        "合同.pdf",
        3,
        "合同.pdf",
    )
    assert first["entry"]["remarks"] == "邮件《关于举证期限》的附件 1/2"
    assert (await content_of(lawyer, first)).content == paper
    assert (await content_of(lawyer, second)).content == b"1"
    assert found["left_in_mail"] == [{"name": "logo.png", "why": "inline_image"}]
    assert (found["message_id"], found["sent_at"], found["problem"], found["duplicate_of"]) == (
        "<1@example.cn>",
        "2026-03-02T23:30:00.000000Z",
        None,
        [],
    )
    assert len(await objects(firm) - stored) == 3
    dossier = (await lawyer.get(path.removesuffix("/mail"))).json()
    assert (dossier["entry_count"], dossier["page_count"]) == (3, 3)
    row = await firm.eyes.fetchrow("SELECT details, entry_id FROM events WHERE type = 'mail.opened'")
    assert row is not None
    assert (str(row["entry_id"]), row["details"]["attachments"]) == (
        entry["id"],
        [first["entry"]["id"], second["entry"]["id"]],
    )
    links = await firm.eyes.fetch(
        "SELECT entry_id FROM mail_attachments WHERE mail_entry_id = $1 ORDER BY position", row["entry_id"]
    )
    assert [str(link["entry_id"]) for link in links] == row["details"]["attachments"]


async def test_as_a_form_with_a_level_and_a_category(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    message = letter(("a.pdf", "application/pdf", pdf(1)))
    answer = await lawyer.post(
        f"{path}?attachment_category=evidence&confidentiality=confidential",
        files={"file": ("来信.eml", message, "message/rfc822")},
    )
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["mail"]["file"]["original_name"] == "来信.eml"
    assert [one["entry"]["category"] for one in (found["mail"], *found["attachments"])] == [
        "correspondence",
        "evidence",
    ]
    assert {one["entry"]["confidentiality"] for one in (found["mail"], *found["attachments"])} == {"confidential"}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\temp\\证据.docx", "证据.docx"), ("a\u202efdp.exe", "afdp.exe"), ("..", "附件1.bin"), (".pdf", "附件1.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"), ("/", "附件1.bin"), ("a\u200bb.txt", "ab.txt"), ("e\u0301.txt", "\u00e9.txt"),
    ],
)  # fmt: skip
async def test_names_are_cleaned(firm: Firm, name: str, kept: str) -> None:
    lawyer, path = await a_dossier(firm)
    found = await filed(lawyer, path, letter((name, "application/x-thing", b"1")))
    (one,) = found["attachments"]
    assert (one["file"]["original_name"], one["entry"]["title"]) == (kept, kept)


async def test_names_of_old_senders_and_attached_mail(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    inner = letter(Subject="转发的信")
    message = (
        b"From: =?gb2312?B?1cXI/Q==?= <z@e.cn>\r\nSubject: " + "关于合同".encode("gb18030") + b"\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n"
        b'--outer\r\nContent-Type: application/msword; name="' + "合同.doc".encode("gb18030") + b'"\r\n\r\nx\r\n'
        b"--outer\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--outer--\r\n"
    )  # fmt: skip
    found = await filed(lawyer, path, message)
    assert (found["mail"]["entry"]["title"], found["mail"]["entry"]["responsible_party"]) == (
        "关于合同",
        "张三 <z@e.cn>",
    )
    assert (found["mail"]["entry"]["formed_on"], found["message_id"], found["sent_at"]) == (None, None, None)
    assert [one["file"]["original_name"] for one in found["attachments"]] == ["合同.doc", "转发的信.eml"]
    assert (await content_of(lawyer, found["attachments"][1])).content == inner
    assert found["attachments"][1]["file"]["media_type"] == "message/rfc822"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "malformed"), (b"no mail at all", "malformed"), (letter(("a.pdf", "application/pdf", b"x" * 5000))[:-200], "malformed"),
        (b"From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 300 + b"--b--", "too_many_parts"),
    ],
)  # fmt: skip
async def test_what_can_not_be_read_is_kept_and_not_opened(firm: Firm, content: bytes, problem: str) -> None:
    lawyer, path = await a_dossier(firm)
    answer = await lawyer.post(
        path, content=content, headers={**TYPE, "Content-Disposition": 'attachment; filename="a.eml"'}
    )
    assert (answer.status_code, await firm.events(answer)) == (201, done(*ONE, "mail.opened"))
    found = answer.json()
    assert (found["problem"], found["attachments"], found["left_in_mail"]) == (problem, [], [])
    assert (await content_of(lawyer, found["mail"])).content == content
    assert found["mail"]["entry"]["title"]
    assert await firm.eyes.fetchval("SELECT problem FROM mails") == problem


async def test_message_that_breaks_its_reader_is_kept(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_dossier(firm)
    message = letter(("a.bin", "application/x-thing", bytes(8 * 1024**2)))
    monkeypatch.setattr(firm.services.collection.mail, "_reader", MailReader(memory_limit=20 * 1024**2))
    found = await filed(lawyer, path, message)
    assert (found["problem"], found["mail"]["entry"]["title"]) == ("unreadable", "无主题邮件.eml")
    assert (await content_of(lawyer, found["mail"])).content == message
    monkeypatch.setattr(firm.services.collection.mail, "_reader", MailReader(seconds=0.001))
    assert (await filed(lawyer, path, message))["problem"] == "unreadable"


async def test_reader_that_dies_while_it_gives_out_leaves_nothing(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_dossier(firm)
    message = letter(("a.bin", "application/x-thing", b"first"), ("b.bin", "application/x-thing", bytes(8 * 1024**2)))
    whole = mail_reader.OpenedMail.chunks

    async def dying(self: Any, part: Any) -> Any:
        async for chunk in whole(self, part):
            yield chunk
            if part.size > 1000 and self._child.returncode is None:
                self._child.kill()

    monkeypatch.setattr(mail_reader.OpenedMail, "chunks", dying)
    stored, before = await objects(firm), await firm.tables()
    answer = await lawyer.post(path, content=message, headers=TYPE)
    await refused(firm, before, answer, 503, "unavailable", events=[("file.rejected", "failed")])
    assert await objects(firm) == stored


async def test_same_mail_again_is_pointed_out_and_kept(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    assistant = await firm.person("assistant")
    team = {"members": [{"user_id": str(assistant.id), "duty": "assistant"}]}
    assert (await lawyer.change(path.replace("/mail", "/team"), team, "PUT")).status_code == 200
    message, (other, elsewhere) = letter(), await a_dossier(firm)
    foreign, first = await filed(other, elsewhere, message), await filed(lawyer, path, message)
    assert (foreign["duplicate_of"], first["duplicate_of"]) == ([], [])
    sealed = await filed(lawyer, f"{path}?confidentiality=sealed", message)
    assert sealed["duplicate_of"] == [first["mail"]["entry"]["id"]]
    third = await filed(assistant, path, message)
    assert third["duplicate_of"] == [first["mail"]["entry"]["id"]]  # the sealed one he may not know of
    assert third["mail"]["file"]["duplicate_of"] == [first["mail"]["file"]["id"]]
    assert (await filed(lawyer, path, letter(**{"Message-ID": "<2@example.cn>"})))["duplicate_of"] == []


async def test_what_is_refused_leaves_neither_row_nor_object(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    stranger = await firm.person("lawyer")
    message = letter(("a.pdf", "application/pdf", pdf(1)))
    stored, before = await objects(firm), await firm.tables()
    await refused(firm, before, await stranger.post(path, content=message, headers=TYPE), 403, "forbidden")
    await refused(firm, before, await lawyer.post(path, content=message, headers={"Content-Type": "text/html"}), 415)
    await refused(firm, before, await lawyer.post(path, files={"mail": ("a.eml", message)}), 400, "malformed")
    named = await lawyer.post(
        path, content=message, headers={**TYPE, "Content-Disposition": 'attachment; filename="a/b"'}
    )
    assert pointers(await refused(firm, before, named, 422)) == [("/header/content-disposition", "file_name")]
    await refused(firm, before, await lawyer.post(f"{path}?slot=x", content=message, headers=TYPE), 422, "invalid")
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    before = await firm.tables()
    await refused(firm, before, await lawyer.post(path, content=message, headers=TYPE), 409, "dossier_frozen")
    await firm.eyes.execute("UPDATE dossiers SET state = 'open', state_secret_level = '秘密'")
    before = await firm.tables()
    await refused(
        firm, before, await lawyer.post(path, content=message, headers=TYPE), 409, "electronic_content_refused"
    )
    assert await objects(firm) == stored


async def test_dossier_that_is_handed_in_meanwhile_keeps_nothing(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_dossier(firm)
    message = letter(("a.pdf", "application/pdf", pdf(1)), ("b.pdf", "application/pdf", pdf(2)))
    stored = await objects(firm)
    keep = firm.services.collection.mail._keep

    async def late(*args: Any) -> Any:
        await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
        return await keep(*args)

    monkeypatch.setattr(firm.services.collection.mail, "_keep", late)
    answer = await lawyer.post(path, content=message, headers=TYPE)
    assert (answer.status_code, answer.json()["code"], await firm.events(answer)) == (409, "dossier_frozen", [])
    assert await firm.eyes.fetchval("SELECT count(*) FROM entries") == 0
    assert await objects(firm) == stored


async def test_too_large_a_message(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_dossier(firm)
    monkeypatch.setattr(firm.services.collection.mail, "_limit", 1000)
    stored, before = await objects(firm), await firm.tables()
    answer = await lawyer.post(path, content=letter(), headers=TYPE)
    await refused(firm, before, answer, 413, "too_large", events=[("file.rejected", "failed")])
    assert await objects(firm) == stored


async def test_repeated_request_files_once(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    message, headers = letter(("a.pdf", "application/pdf", pdf(1))), {**TYPE, "Idempotency-Key": "k"}
    once = await lawyer.post(path, content=message, headers=headers)
    stored = await objects(firm)
    again = await lawyer.post(path, content=message, headers=headers)
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, once.json(), "true")
    other = await lawyer.post(path, content=letter(), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await objects(firm) == stored
    assert await firm.eyes.fetchval("SELECT count(*) FROM entries") == 2


async def test_several_at_once(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    letters = [
        letter((f"{n}.bin", "application/x-thing", bytes([n]) * 1000), **{"Message-ID": f"<{n}@e>"}) for n in range(6)
    ]
    found = await asyncio.gather(*(filed(lawyer, path, one) for one in letters))
    for n, one in enumerate(found):
        assert (await content_of(lawyer, one["attachments"][0])).content == bytes([n]) * 1000
    assert (await lawyer.get(path.removesuffix("/mail"))).json()["entry_count"] == 12
