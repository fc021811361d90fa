"""Papers to file in tests: real PDFs of any number of pages, and the objects that uploads leave in the store."""

from io import BytesIO

import pypdfium2

from app.storage.errors import ObjectMissing
from app.storage.segments import Owner, OwnerKind
from tests.support.firm import Firm
from tests.support.stores import chunked

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def pdf(pages: int, width: int = 595) -> bytes:
    """Make a PDF with empty pages; another `width` makes other bytes."""
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(width, 842)
    out = BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


async def reseal(firm: Firm, key: str, content: bytes) -> None:
    """Put other bytes in the place of a file's, sealed with its own key as only the service itself could."""
    store = firm.services.resources.store
    try:
        owner = await store.owner(key)
    except ObjectMissing:
        owner = Owner(
            OwnerKind.DOSSIER, await firm.eyes.fetchval("SELECT dossier_id FROM files WHERE object_key = $1", key)
        )
    await store.put(key, chunked(content), len(content), owner)


async def objects(firm: Firm) -> set[str]:
    """Name the objects in the store; tests share it, so compare before and after."""
    return {found.key async for found in firm.services.resources.store.list("files/")}
