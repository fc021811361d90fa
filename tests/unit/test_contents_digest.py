"""The digest of a contents list can be recomputed by anyone."""

from hashlib import sha256

import pytest

from app.entries.contents import contents_digest

LINE = {
    "title": "委托代理合同", "serial": 1, "pages": 4, "page_to": 4, "page_from": 1, "remarks": None,
    "formed_on": "2026-03-02", "entry_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a01", "responsible_party": '\u20ac\n"\\',
    "document_number": "〔2026〕第1号",
}  # fmt: skip
# Written out by hand by RFC 8785: keys sorted, no blanks, only what must be escaped is.
CANONICAL = (
    '{"number":"2026-MS-L03-0001","volumes":[{"items":[{"document_number":"〔2026〕第1号",'
    '"entry_id":"0199c0de-7b1e-7cc0-8000-3f0e5d3a9a01","formed_on":"2026-03-02","page_from":1,"page_to":4,"pages":4,'
    '"remarks":null,"responsible_party":"€\\n\\"\\\\","serial":1,"title":"委托代理合同"}],"pages":4,"volume":1}]}'
)


def test_known_vector() -> None:
    digest = contents_digest("2026-MS-L03-0001", [{"volume": 1, "pages": 4, "items": [LINE]}])
    assert digest == "sha-256:" + sha256(CANONICAL.encode()).hexdigest()


def test_empty_list() -> None:
    assert contents_digest("X", []) == "sha-256:" + sha256(b'{"number":"X","volumes":[]}').hexdigest()


def test_order_of_keys_does_not_count_but_every_value_does() -> None:
    turned = dict(reversed(LINE.items()))
    plain = contents_digest("X", [{"volume": 1, "items": [LINE]}])
    assert contents_digest("X", [{"items": [turned], "volume": 1}]) == plain
    assert contents_digest("Y", [{"volume": 1, "items": [LINE]}]) != plain
    for name in LINE:
        assert contents_digest("X", [{"volume": 1, "items": [{**LINE, name: "other"}]}]) != plain


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        contents_digest("X", [{"volume": float("nan")}])
