"""Messages taken apart (the code that the child process runs): whatever comes, nothing is opened by half."""

import base64
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.collection.mail_child import MAX_ATTACHMENTS, MAX_DEPTH, MAX_PARTS, Opener, parameters, words

HEAD = b"From: a@b.cn\r\nSubject: s\r\nMIME-Version: 1.0\r\n"


def mail(body: bytes, boundary: bytes = b"b", kind: bytes = b"mixed") -> bytes:
    """Give a multipart message with this body."""
    return HEAD + b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n\r\n' + body


def part(content: bytes, *heads: bytes) -> bytes:
    """Give one part with its delimiter before it."""
    return b"--b\r\n" + b"".join(head + b"\r\n" for head in heads) + b"\r\n" + content + b"\r\n"


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=5))
def test_what_the_standard_library_writes_is_read_back(files: list[tuple[str, bytes]]) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "张三 <zhang@example.cn>", "关于举证"
    message.set_content("正文\n--b\n")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="x-thing", filename=name)
    opened = Opener(message.as_bytes(policy=SMTP)).run()
    assert opened.problem is None
    assert [(found.name, found.body) for found in opened.parts] == files
    assert (opened.heads["subject"], "zhang@example.cn" in opened.heads["from"]) == ("关于举证", True)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(mail))
def test_whatever_comes_is_told_and_never_half_opened(data: bytes) -> None:
    opened = Opener(data).run()
    assert opened.problem is None or opened.parts == []


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"=?utf-8?B?5byg5LiJ?= <z@e.cn>", "张三 <z@e.cn>"), (b"=?GB2312?B?1cXI/Q==?=", "张三"), (b"=?gbk?Q?=D5=C5=C8=FD?=", "张三"),
        ("张三".encode("gb18030"), "张三"), ("张三".encode(), "张三"), (b"=?utf-8?B?5byg5A==?=\r\n =?utf-8?B?uIk=?=".replace(b"\r\n", b""), "张三"),
        (b"=?utf-8?Q?a_b?= =?utf-8?Q?c?= d", "a bc d"), (b"x =?utf-8?Q?a?= y =?gbk?Q?b?=", "x a y b"), (b"=?hex?B?NGE=?=", "4a"),
        (b"=?utf-8?B?*?= =?", "=?utf-8?B?*?= =?"), (b"\xff\xfe", "\xff\xfe"), (b"=?gb2312?B?6UY=?=", "镕"),
    ],
)  # fmt: skip
def test_words(raw: bytes, found: str) -> None:
    assert words(raw) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"attachment; filename*=UTF-8''%E5%90%88%E5%90%8C.pdf; filename=x", "合同.pdf"), (b'x; filename="a;b\\"c.pdf"', 'a;b"c.pdf'),
        (b"x; filename*0*=gbk''%BA%CF; filename*1*=%CD%AC; filename*2=\".pdf\"", "合同.pdf"), (b'x; FileName = "=?gb2312?B?us/NrA==?="', "合同"),
        ('x; filename="合同.pdf"'.encode("gb18030"), "合同.pdf"), (b"x; filename=plain.txt ; size=3", "plain.txt"),
        (b"x; filename*1=b; filename*0=a", "ab"), (b"x; name=y", None), (b'x; filename="open', '"open'),
    ],
)  # fmt: skip
def test_parameters(raw: bytes, found: str | None) -> None:
    assert parameters(raw).get("filename") == found


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "malformed"), (b"hello", "malformed"), (b"\r\nhello", "malformed"), (b"X-Thing: 1\r\n\r\nhello", "malformed"), (b"no head\r\nFrom: a\r\n\r\n", "malformed"),
        (mail(b"nothing"), "malformed"), (mail(part(b"cut off")), "malformed"), (mail(b"--b\r\n\r\nx\r\n--b--", b""), "malformed"), (mail(b"x", b"y" * 71), "malformed"),
        (mail(part(b"!!", b"Content-Type: a/b", b"Content-Transfer-Encoding: base64") + b"--b--"), "malformed"),
        (mail(part(b"x", b"Content-Type: a/b", b"Content-Transfer-Encoding: x-uuencode") + b"--b--"), "malformed"),
        (mail(part(b"x", b"Content-Type: a/b", b"Content-Type: c/d") + b"--b--"), "malformed"), (mail(part(b"x", b"no colon") + b"--b--"), "malformed"),
        (mail(part(b"x") * (MAX_PARTS + 1) + b"--b--"), "too_many_parts"), (mail(part(b"x", b"Content-Type: a/b") * (MAX_ATTACHMENTS + 1) + b"--b--"), "too_many_parts"),
        (HEAD + b"X: " + b"y" * 300_000 + b"\r\n\r\n", "headers_too_long"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_not_opened(data: bytes, problem: str) -> None:
    opened = Opener(data).run()
    assert (opened.problem, opened.parts, opened.left) == (problem, [], [])


def nested(depth: int) -> bytes:
    """Give multiparts within multiparts."""
    body = b"Content-Type: a/b\r\n\r\nx"
    for level in range(depth):
        mark = b"n%d" % level
        body = (
            b'Content-Type: multipart/mixed; boundary="'
            + mark
            + b'"\r\n\r\n--'
            + mark
            + b"\r\n"
            + body
            + b"\r\n--"
            + mark
            + b"--\r\n"
        )
    return b"From: a@b\r\n" + body


def test_nesting_has_an_end() -> None:
    assert [found.body for found in Opener(nested(MAX_DEPTH)).run().parts] == [b"x"]
    assert Opener(nested(MAX_DEPTH + 1)).run().problem == "too_deep"
    assert Opener(nested(5000)).run().problem in {"too_deep", "headers_too_long"}


def test_what_stays_in_the_message() -> None:
    picture = part(
        b"AAAA", b"Content-Type: image/png; name=logo.png", b"Content-ID: <1>", b"Content-Transfer-Encoding: base64"
    )
    photo = part(b"AAAA", b"Content-Type: image/jpeg; name=p.jpg", b"Content-Disposition: inline; filename=p.jpg")
    opened = Opener(mail(part(b"text") + picture + b"--b--", kind=b"related")).run()
    assert (opened.parts, opened.left) == ([], [{"name": "logo.png", "why": "inline_image"}])
    opened = Opener(mail(part(b"text") + photo + b"--b--")).run()
    assert ([found.name for found in opened.parts], opened.left) == (["p.jpg"], [])
    signed = part(
        b"x", b"Content-Type: application/pkcs7-signature; name=smime.p7s", b"Content-Disposition: attachment"
    )
    assert Opener(mail(part(b"text") + signed + b"--b--", kind=b"signed")).run().left == [
        {"name": "smime.p7s", "why": "signature"}
    ]
    calendar = part(b"x", b"Content-Type: text/calendar")
    assert Opener(mail(part(b"text") + calendar + b"--b--", kind=b"alternative")).run().left == [
        {"name": None, "why": "alternative"}
    ]


def test_attached_message_is_one_file_byte_for_byte() -> None:
    inner = mail(
        part(b"x", b"Content-Type: application/pdf", b"Content-Disposition: attachment; filename=i.pdf") + b"--b--"
    ).replace(b"Subject: s", b"Subject: =?gbk?B?us/NrA==?= 1/2")
    outer = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n"
        + inner
        + b"\r\n--outer--\r\n"
    )
    (found,) = Opener(outer).run().parts
    assert (found.name, found.type, found.body) == ("合同 1_2.eml", "message/rfc822", inner)
    digest = mail(b"--b\r\n\r\nFrom: x\r\n\r\nhello\r\n--b--", kind=b"digest")
    assert [(one.name, one.type) for one in Opener(digest).run().parts] == [(".eml", "message/rfc822")]


def test_large_messages_take_time_by_their_size() -> None:
    line = b"--b" * 700_000
    assert Opener(mail(line)).run().problem == "malformed"
    body = base64.encodebytes(bytes(3_000_000))
    (found,) = (
        Opener(mail(part(body, b"Content-Type: a/b", b"Content-Transfer-Encoding: base64") + b"--b--")).run().parts
    )
    assert found.body == bytes(3_000_000)
