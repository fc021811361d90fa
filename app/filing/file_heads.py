"""Whether a file of a simple format opens, as far as its first bytes tell (pure).

Says None of formats that it does not know; of those it knows, that the head is whole, not that every pixel is.
"""

import struct

# What a head of each format has at least: a PNG and a GIF up to their sides, a JPEG a second marker, a TIFF the place
# of its first directory.
_LEAST = {"image/png": 24, "image/gif": 10, "image/jpeg": 4, "image/tiff": 8}
_FIRST_MARKER = 0xC0
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZIPPED = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.", "application/ofd")


def opens_by_head(media_type: str, head: bytes, size: int) -> bool | None:
    """Tell whether a file of `size` bytes that begins with `head` opens as its type; None for types not known here."""
    if media_type.startswith(_ZIPPED):
        return head.startswith(_ZIP)
    least = _LEAST.get(media_type)
    if least is None:
        return None
    if len(head) < least:
        return False
    whole = False
    match media_type:
        case "image/png":
            whole = head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR" and _sides(head, ">II", 16)
        case "image/gif":
            whole = head.startswith((b"GIF87a", b"GIF89a")) and _sides(head, "<HH", 6)
        case "image/jpeg":
            whole = head[:3] == b"\xff\xd8\xff" and head[3] >= _FIRST_MARKER
        case "image/tiff":
            order = {b"II*\x00": "<I", b"MM\x00*": ">I"}.get(head[:4])
            whole = order is not None and least <= struct.unpack_from(order, head, 4)[0] < size
    return whole


def _sides(head: bytes, form: str, offset: int) -> bool:
    return all(side > 0 for side in struct.unpack_from(form, head, offset))
