"""Schemathesis against the running service: every operation, hostile and valid input, as a lawyer and as administrator."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from tests.support.firm import Firm
from tests.support.server import Served

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"
# Some 170 operations; enough to meet each field's limits, short enough for every run.
EXAMPLES = "6"
# The bytes of resumable uploads are bytes like others, under a media type that Schemathesis doesn't know.
RUN = """
import schemathesis.cli
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
schemathesis.cli.schemathesis()
"""


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    """The API as a process of its own on the test's database."""
    server = Served(settings, tmp_path / "api.log")
    server.start()
    yield server
    server.stop()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("roles", [("lawyer", "director"), ("system_admin", "security_admin")])
async def test_no_server_error_and_answers_as_described(
    firm: Firm, served: Served, tmp_path: Path, roles: tuple[str, ...]
) -> None:
    person = await firm.person(*roles)
    if "lawyer" in roles:
        dossier = await firm.dossier(person)
        await firm.entry(person, dossier["id"])
    command = [
        sys.executable, "-c", RUN, "run",
        f"{served.url}/openapi.json", "--header", f"Authorization: Bearer {person.token}", "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1",
        "--workers", "1",  # Python 3.11 loses count in `ast.parse` when several threads are in it
        "--continue-on-failure", "--request-timeout", "20", "--no-color", "--warnings", "off",
        "--exclude-operation-id", "log_out",  # it would end the one session that all others need
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == 0, run.stdout[-12000:] + run.stderr[-2000:]
