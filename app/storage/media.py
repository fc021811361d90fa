"""Media types by content: the first bytes decide, the sender's word only where they say nothing."""

import re

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_FORM = re.compile(r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$")
# Types that a browser would run; a firm's evidence may be a web page, but it is never served as one.
_ACTIVE = re.compile(r"html|javascript|ecmascript|svg|xslt|wasm|shockwave|msdownload|[/+]xml$")
UNKNOWN = "application/octet-stream"
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif"})


def sniff(head: bytes, declared: str) -> str:
    """Give the media type of a file that begins with `head` and was declared as `declared`."""
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            # Word and Excel of old share one container: the sender knows which it is.
            if media_type == "application/x-ole-storage" and declared.startswith("application/"):
                break
            return media_type
    essence = declared.partition(";")[0].strip().lower()
    claims_a_signature = any(essence == media_type for _, media_type in _SIGNATURES)
    if not _FORM.match(essence) or claims_a_signature or _ACTIVE.search(essence):
        return UNKNOWN
    return essence
