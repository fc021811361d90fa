"""`anjuan run` as a newcomer meets it: from nothing to a printed contents list, the README's calls, stop, kill, start."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pypdfium2
import pytest

from app.embedded.processes import free_port
from tests.support.readme import README, calls, filled

ROOT = README.parent
pytestmark = pytest.mark.timeout(300)


class Instance:
    """A running `anjuan run` on a data directory."""

    def __init__(self, data_dir: Path, log: Path, *options: str) -> None:
        self.data_dir, self.log, self.options = data_dir, log, options
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.samples = "--no-sample" not in options

    def start(self, seconds: float = 120) -> None:
        """Start it and wait until it says that it serves and, with the sample, that it is through."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")}
        command = [sys.executable, "-m", "app.cli", "run", "--data-dir", str(self.data_dir), "--port", str(self.port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *self.options], env={**clean, "COLUMNS": "160"}, stdout=log, stderr=log, cwd=ROOT
            )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._serves():
                return
            time.sleep(0.2)
        raise AssertionError(f"it does not serve:\n{self.text()[-4000:]}")

    def _serves(self) -> bool:
        if self.samples and "卷内目录" not in self.text():
            return False
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def text(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self, how: signal.Signals, seconds: float = 60) -> int:
        """Send a signal, wait for the end, give the exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(seconds)
        self.process, self.samples = None, False  # a data directory that is not empty gets no sample
        return code


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance that began on an empty data directory and did the main job."""
    home = tmp_path_factory.mktemp("newcomer")
    running = Instance(home / "data", home / "run.log")
    running.start()
    yield running
    if running.process is not None:
        running.end(signal.SIGKILL)


def _token(instance: Instance, username: str, password: str) -> str:
    form = {"grant_type": "password", "username": username, "password": password}
    answer = httpx.post(f"http://127.0.0.1:{instance.port}/v1/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def test_sample_prints_the_contents_list_and_keeps_serving(instance: Instance) -> None:
    text = instance.text()
    assert f"http://127.0.0.1:{instance.port}" in text
    assert "/docs" in text
    assert "admin-password" in text
    password_file = instance.data_dir / "admin-password"
    assert password_file.stat().st_mode & 0o777 == 0o600
    printed = sorted((instance.data_dir / "sample").glob("*卷内目录*.pdf"))
    assert printed
    assert printed[0].name in re.sub(r"\s+", "", text)
    pages = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(printed[0]))
    for title in ("委托代理合同", "民事起诉状", "庭审笔录", "民事判决书"):
        assert title in pages
        assert title in text


def anjuan(instance: Instance, *arguments: str, last: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command beside the running instance."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")}
    command = [sys.executable, "-m", "app.cli", *arguments, "--data-dir", str(instance.data_dir), *last]
    return subprocess.run(command, env=clean, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_keys_are_rotated_backed_up_and_restored_beside_a_running_instance(instance: Instance) -> None:
    """A key that is lost makes a file unreadable; one put back makes it readable again, by another master key even."""
    keys = sorted((instance.data_dir / "key-store" / "dossiers").rglob("*.json"))
    assert keys
    backup = anjuan(instance, "keys", "backup")
    assert backup.returncode == 0, backup.stderr
    written = max((instance.data_dir / "key-backups").glob("keys-*.jsonl"))
    assert str(written) in backup.stdout.replace("\n", "")
    rotated = anjuan(instance, "keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    masters = json.loads((instance.data_dir / "key-store" / "master-keys.json").read_text())["masters"]
    assert {json.loads(path.read_text())["master"] for path in keys} == {masters[-1]["id"]}
    keys[0].unlink()
    restored = anjuan(instance, "keys", "restore", str(written))
    assert restored.stdout.startswith("1 keys put back"), restored.stdout + restored.stderr
    assert json.loads(keys[0].read_text())["master"] == masters[0]["id"]
    sql = "SELECT DISTINCT type FROM events WHERE type LIKE 'storage.%keys%'"
    told = anjuan(instance, "psql", last=["--", "-Atc", sql]).stdout.split()
    assert {"storage.keys_backed_up", "storage.master_keys_rotated", "storage.keys_restored"} <= set(told)


def test_command_on_a_directory_where_nothing_runs_says_so(instance: Instance, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "keys", "rotate", "--data-dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "start it with `anjuan run`" in done.stderr.replace("\n", " ")) == (1, True), done.stderr


def test_keys_and_passwords_are_nobody_elses(instance: Instance) -> None:
    for path in (instance.data_dir / "keys").rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path


def test_pages_need_nothing_from_elsewhere(instance: Instance) -> None:
    page = httpx.get(f"http://127.0.0.1:{instance.port}/docs")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/"), link
        assert httpx.get(f"http://127.0.0.1:{instance.port}{link}").status_code == 200


def test_calls_of_the_readme_can_be_pasted(instance: Instance) -> None:
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text, "run `python -m tests.support.readme`"
    first = calls("## The main job in five calls")
    second = calls("The lawyer logs in, makes a client")
    script = f"set -eu\n{first}\n{second}".replace("127.0.0.1:8000", f"127.0.0.1:{instance.port}")
    run = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "ANJUAN_DATA_DIR": str(instance.data_dir)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "委托代理合同" in run.stdout
    assert second.count("curl ") == 5


def test_second_instance_on_the_same_data_is_refused(instance: Instance) -> None:
    command = [sys.executable, "-m", "app.cli", "run", "--data-dir", str(instance.data_dir), "--no-sample"]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode != 0
    assert "Traceback" not in second.stderr + second.stdout


def test_psql_is_the_owner(instance: Instance) -> None:
    command = [sys.executable, "-m", "app.cli", "psql", "--data-dir", str(instance.data_dir), "--"]
    asked = subprocess.run(
        [*command, "-Atc", "SELECT current_user, count(*) > 0 FROM events GROUP BY 1"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert asked.stdout.strip() == "anjuan_owner|t", asked.stderr


def test_fsck_finds_the_stores_of_the_instance(instance: Instance) -> None:
    command = [sys.executable, "-m", "app.cli", "fsck", "--deep", "--json", "--data-dir", str(instance.data_dir)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")}
    run = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["sound"]
    assert report["run"]["counts"]["checked"] > 5
    assert report["run"]["counts"]["read"] > 10_000


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ends_and_comes_back_with_all_data(instance: Instance, how: signal.Signals) -> None:
    """After Ctrl-C and after kill -9: same data, no second sample, within seconds."""
    password = (instance.data_dir / "admin-password").read_text().strip()
    code = instance.end(how)
    assert code == (0 if how is signal.SIGINT else -signal.SIGKILL)
    again = Instance(instance.data_dir, instance.log.with_name(f"again-{how.name}.log"), "--no-sample")
    again.start(60)
    try:
        token = _token(again, "admin", password)
        users = httpx.get(
            f"http://127.0.0.1:{again.port}/v1/users?limit=200", headers={"Authorization": f"Bearer {token}"}
        ).json()["items"]
        assert len(users) > 4
        assert json.loads((instance.data_dir / "run.json").read_text())["url"].endswith(str(again.port))
    finally:
        if how is signal.SIGINT:
            assert again.end(signal.SIGTERM) == 0
            instance.start(60)
        else:
            stop = [sys.executable, "-m", "app.cli", "stop", "--data-dir", str(instance.data_dir)]
            assert subprocess.run(stop, cwd=ROOT, check=False, timeout=90).returncode == 0
            assert again.process is not None
            assert again.process.wait(30) == 0
