"""Real Keycloak for tests: its distribution fetched by Maven and built once, kept in the cache of the user.

Each run starts it on a directory and a free port of its own, with an H2 database in memory.
"""

import hashlib
import http.client
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx

from app.embedded.processes import free_port, open_log, start_child, stop_child, wait_until
from tests.support.go import PartMissing, cache_dir, one_at_a_time

VERSION = "26.4.7"
SHA256 = "dd9834c023460be856f731423d86228c23b5d002194a2064642bec0cc6573eaa"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
NEEDED_JAVA = 17
JAVA = "install a Java runtime of version 17 or newer and put java on PATH, or set JAVA_HOME"
# So much memory, so that a test machine is not filled by it.
_HEAP = {"JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m"}


def keycloak_home() -> Path:
    """Give Keycloak's directory, fetched and built at first (a minute or two); PartMissing when that can't be done."""
    if _java_version() < NEEDED_JAVA:
        raise PartMissing(f"Keycloak needs Java: {JAVA}.")
    place = cache_dir() / f"keycloak-{VERSION}"
    target = place / "home"
    if not target.exists():
        place.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(place / "lock"):
            if not target.exists():
                _install(place, target)
    return target


def _install(place: Path, target: Path) -> None:
    archive = place / f"keycloak-quarkus-dist-{VERSION}.zip"
    log = place / "install.log"
    if not archive.exists() or _digest(archive) != SHA256:
        maven = shutil.which("mvn")
        if maven is None:
            raise PartMissing(f"Keycloak is fetched by Maven: install maven, or put {ARTIFACT} at {archive}.")
        _run([maven, "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={place}"], place, log)
    if _digest(archive) != SHA256:
        archive.unlink()
        raise PartMissing(f"{archive.name} is not the one that these tests know (its SHA-256 differs): fetch it again.")
    fresh = place / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(fresh)
    home = fresh / f"keycloak-{VERSION}"
    _run(["/bin/sh", home / "bin" / "kc.sh", "build", "--db=dev-mem"], place, log)
    home.rename(target)
    shutil.rmtree(fresh, ignore_errors=True)
    archive.unlink()


def _run(command: list[str | Path], place: Path, log: Path) -> None:
    with open_log(log) as output:
        done = subprocess.run(
            command, cwd=place, env={**os.environ, **_HEAP}, check=False, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    if done.returncode:
        raise PartMissing(f"Keycloak could not be fetched or built (see {log}): it needs Maven's repository once.")


def _digest(archive: Path) -> str:
    if not archive.exists():
        return ""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _java_version() -> int:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        return 0
    try:
        shown = subprocess.run([java, "-version"], check=False, capture_output=True, text=True, timeout=60).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', shown)
    return int(found[1]) if found else 0


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


class RealKeycloak:
    """One Keycloak server."""

    def __init__(self, directory: Path) -> None:
        self._home, self._log = directory / "home", directory / "keycloak.log"
        self._password = secrets.token_urlsafe(24)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the running server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and return when it answers."""
        # A copy, for it writes below its home; links, for it is large and changes none of the files that it came with.
        shutil.copytree(keycloak_home(), self._home, copy_function=_link)
        administrator = {"KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": self._password}
        self._process = start_child(
            [
                "/bin/sh", self._home / "bin" / "kc.sh", "start", "--optimized", "--cache=local", "--http-enabled=true",
                "--hostname-strict=false", "--http-host=127.0.0.1", f"--http-port={self.port}",
            ],
            env={**os.environ, **_HEAP, **administrator},
            log=self._log,
        )  # fmt: skip
        wait_until(self._ready, within=300, what="Keycloak", process=self._process, log=self._log)

    def stop(self) -> None:
        """End it, with all that it started."""
        if self._process:
            stop_child(self._process, (signal.SIGTERM, 20.0))
            self._process = None

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/realms/master")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    async def grant(self, realm: str, client: str, username: str, password: str) -> dict[str, Any]:
        """Log somebody in by his password; gives the issuer's answer with the tokens."""
        form = {"grant_type": "password", "client_id": client, "username": username, "password": password}
        async with httpx.AsyncClient(timeout=60) as outside:
            address = f"{self.url}/realms/{realm}/protocol/openid-connect/token"
            answer = await outside.post(address, data={**form, "scope": "openid"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def administer(self, method: str, path: str, json: Any = None, **params: str) -> Any:
        """Call the administration's API; gives its JSON."""
        granted = await self.grant("master", "admin-cli", "admin", self._password)
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        async with httpx.AsyncClient(timeout=60, headers=headers) as outside:
            answer = await outside.request(method, f"{self.url}/admin/realms{path}", json=json, params=params)
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


if __name__ == "__main__":
    sys.stdout.write(f"{keycloak_home()}\n")
