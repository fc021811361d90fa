"""Examples of printed forms and reading copies: they are files, so their media types say all."""

from typing import Any

BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
PDF: dict[str, Any] = {"application/pdf": BINARY}
XLSX: dict[str, Any] = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": BINARY}
