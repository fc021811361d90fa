"""Papers to file in tests: real PDFs of any number of pages, and the objects that uploads leave in the store."""

from io import BytesIO

import pypdfium2

from tests.support.firm import Firm

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


async def objects(firm: Firm) -> set[str]:
    """Name the objects in the store; tests share it, so compare before and after."""
    return {found.key async for found in firm.services.resources.store.list("files/")}
