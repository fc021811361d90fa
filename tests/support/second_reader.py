"""Opens a sealed file with nothing but docs/file-format.md: written from that page, shares no code with the service.

python second_reader.py KEY_STORE OBJECT_FILE OBJECT_KEY > plain
"""

import base64
import json
import sys
import uuid
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def open_file(key_store: Path, sealed: bytes, object_key: str) -> bytes:
    header, body = sealed[:92], sealed[92:]
    assert header[:8] == bytes.fromhex("414e4a55414e0001")
    kind = {1: "dossiers", 2: "clients", 3: "conflict-checks"}[int.from_bytes(header[8:12], "big")]
    length = int.from_bytes(header[12:16], "big") + 16
    owner = str(uuid.UUID(bytes=header[16:32]))

    entry = json.loads((key_store / kind / owner[-2:] / f"{owner}.json").read_text())
    masters = {
        one["id"]: bytes.fromhex(one["key"])
        for one in json.loads((key_store / "master-keys.json").read_text())["masters"]
    }
    wrapped = base64.b64decode(entry["wrapped"])
    owner_key = AESGCM(masters[entry["master"]]).decrypt(wrapped[:12], wrapped[12:], f"{kind}/{owner}".encode())
    file_key = AESGCM(owner_key).decrypt(header[32:44], header[44:92], header[:32] + object_key.encode())

    plain = b""
    pieces = [body[at : at + length] for at in range(0, len(body), length)]
    for number, piece in enumerate(pieces):
        nonce = number.to_bytes(11, "big") + (b"\x01" if number == len(pieces) - 1 else b"\x00")
        plain += AESGCM(file_key).decrypt(nonce, piece, object_key.encode())
    return plain


if __name__ == "__main__":
    sys.stdout.buffer.write(open_file(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes(), sys.argv[3]))
