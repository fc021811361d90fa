"""What is measured, against what, and what was promised."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One line of the table.

    `lines` are asked of `server` by `who`; its ratio is that of requests a second to the subject `floor`, of which at
    least `promised` was promised (None: nothing was). `slowest` is what was promised of its p99, as times the floor's.
    """

    name: str
    lines: str
    server: str = "service"
    who: str = "lawyer"
    floor: str = "row"
    promised: float | None = None
    slowest: float | None = None


OPERATIONS = (
    Operation("floor: FastAPI alone", "bare", "floor"),
    Operation("floor: one row, raw asyncpg", "row", "floor"),
    Operation("floor: one INSERT, raw asyncpg", "put", "floor", floor="put"),
    Operation("the naive way: GET dossier", "row", "naive"),
    Operation("token check alone (GET me)", "me"),
    Operation("GET dossier", "dossier", promised=0.75, slowest=1.4),
    Operation("GET entry", "entry", promised=0.75, slowest=1.4),
    Operation("GET file metadata", "file", promised=0.75, slowest=1.4),
    Operation("list of 25 dossiers, first page", "list", promised=0.40),
    Operation("list of 25 dossiers, deep page", "deep", promised=0.40),
    Operation("list of 25 entries", "entries", promised=0.40),
    Operation("contents list of about 500 entries", "contents"),
    Operation("event query, 25 events", "events", who="auditor"),
    Operation("create entry", "new_entry", floor="put", promised=0.50),
    Operation("create dossier", "new_dossier", floor="put"),
    Operation("upload of 1 MiB", "upload", floor="put"),
    Operation("download of 1 MiB", "download"),
)
# What is compared between firms of different sizes, and between one process and several.
GROWING = ("dossier", "entry", "file", "list")
SCALING = ("dossier", "list", "new_entry")
PROMISED_GROWTH = 0.95
PROMISED_IDLE_MIB = 150
