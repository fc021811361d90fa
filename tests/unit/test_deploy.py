"""What is shipped beside the code fits it: Dockerfile, compose file, lock files, the committed description of the API."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import SECTIONS
from app.main import create_app

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {f"ANJUAN_{name.upper()}" for section in SECTIONS for name in section.model_fields}
PIP = re.compile(
    r"install (?:--\S+ |-\S+ )*?(--require-hashes -r requirements\.lock|--no-deps --no-build-isolation -e \.)"
)


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    return found


def test_image_takes_the_steps_that_are_tested() -> None:
    """The tests run in what the Makefile installs; the image installs the same in the same order."""
    steps = [PIP.findall((ROOT / name).read_text()) for name in ("Makefile", "Dockerfile")]
    assert steps[1] == ["--require-hashes -r requirements.lock", "--no-deps --no-build-isolation -e ."]
    assert set(steps[0]) == set(steps[1])


def test_image_is_nobody_and_checks_its_health() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER (?!root)\w+", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert "-slim" in text


@pytest.mark.parametrize("name", ["Dockerfile", "deploy/compose.yaml"])
def test_settings_that_are_set_exist(name: str) -> None:
    used = set(re.findall(r"\bANJUAN_[A-Z0-9_]+\b", (ROOT / name).read_text()))
    assert used
    assert used <= SETTINGS


def test_compose_starts_nothing_without_secrets_and_checks_health() -> None:
    services = _compose()["services"]
    assert {"anjuan", "postgres", "minio"} <= services.keys()
    for name in ("postgres", "minio"):
        assert "healthcheck" in services[name]
        assert services["anjuan"]["depends_on"][name]["condition"] == "service_healthy"
    text = (ROOT / "deploy/compose.yaml").read_text()
    for secret in ("APP_DB_PASSWORD", "OWNER_DB_PASSWORD", "S3_SECRET_KEY", "ADMIN_PASSWORD"):
        assert f"${{{secret}:?" in text


def test_minio_of_the_image_is_the_one_that_is_tested() -> None:
    version = re.compile(r"github\.com/minio/minio@(\S+)|(v0\.0\.0-\d{14}-[0-9a-f]{12})")
    found = {
        "".join(match)
        for name in ("deploy/minio.Dockerfile", "tests/support/minio.py")
        for match in version.findall((ROOT / name).read_text())
    }
    assert len(found) == 1


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-go.lock"])
def test_locks_are_hashed_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.findall(r"^[A-Za-z0-9._-]+(?:\[[a-z,]+\])?==", text, re.MULTILINE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "--index-url" not in text


def test_committed_description_of_the_api_is_what_the_code_says() -> None:
    committed = json.loads((ROOT / "openapi/openapi.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(create_app().openapi())), "run `make openapi`"


def test_description_is_compared_by_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "openapi", "--check"]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0
    stale = tmp_path / "openapi.json"
    stale.write_text("{}")
    assert (
        subprocess.run([*command, "--output", str(stale)], cwd=ROOT, check=False, capture_output=True).returncode == 1
    )
