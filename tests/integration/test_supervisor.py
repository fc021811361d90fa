"""`anjuan run` and what goes with it: one command to a running service, and down again in order, whatever happens."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.config import DatabaseSettings, RunSettings, Settings
from app.embedded import control, postgres
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import EmbeddedError
from app.embedded.programs import Deaths, base_url, environment
from app.embedded.supervisor import Supervisor
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}
MAIN = [sys.executable, "-c", "from app.cli import main; main()"]


def anjuan(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command of the command line to its end."""
    return subprocess.run(
        [*MAIN, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        cwd=ROOT,
    )


def test_deaths_in_a_row_put_off_the_restart() -> None:
    deaths = Deaths()
    for _ in range(3):
        deaths.note()
    assert 1.5 < deaths.not_before - time.monotonic() <= 2.0
    deaths.note_start()
    deaths.started -= 2 * Deaths.STEADY_SECONDS
    deaths.note()
    assert deaths.in_a_row == 1


def test_addresses_shown_can_be_opened_here() -> None:
    assert base_url("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert base_url("::", 80) == "http://[::1]:80"
    assert base_url("192.0.2.1", 80) == "http://192.0.2.1:80"


def test_settings_reach_children_as_they_were_resolved(tmp_path: Path) -> None:
    settings = Settings(
        run=RunSettings(data_dir=tmp_path / "x"),
        database=DatabaseSettings(database_url=SecretStr("postgresql://u:p@h/d")),
    )
    env = environment(settings)
    assert env["ANJUAN_DATABASE_URL"] == "postgresql://u:p@h/d"
    assert env["ANJUAN_DATA_DIR"] == str(tmp_path / "x")
    assert "ANJUAN_S3_ENDPOINT" not in env


# A run of the supervisor with an API and a worker that stand in for the real ones.
STAND_INS = """
    import os, sys
    from pathlib import Path
    from app.config import RunSettings, Settings
    from app.embedded import programs, supervisor

    def api(host, port, workers, env):
        return programs.Program("The API", ["stand_in_api", str(port)], env, grace=5)

    supervisor.api_server = api
    supervisor.worker = lambda env: programs.Program("The worker", [os.environ["WORKER"]], env, grace=5)

    def migrate(url, role):
        assert url.startswith("postgresql://anjuan_owner:") and role == "anjuan_app"

    def bootstrap(env):
        (Path(env["ANJUAN_DATA_DIR"]) / "admin-password").write_text("word\\n")

    def sample(url, password, directory):
        print("SAMPLE", url, password, flush=True)

    settings = Settings(run=RunSettings(data_dir=Path(sys.argv[1]), port=int(sys.argv[2])))
    run = supervisor.Supervisor(settings, migrate=migrate, bootstrap=bootstrap, sample=sample)
    sys.exit(run.run())
"""
STAND_IN_API = """
    import json, os, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({**os.environ, "pid": os.getpid()}).encode())

        def log_message(self, *ignored):
            pass

    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Run:
    """One `anjuan run` in a process of its own."""

    def __init__(self, data: Path, scripts: Path, *, port: int = 0, worker: str = "stand_in_worker") -> None:
        self.data, self.output = data, scripts / f"output-{time.monotonic_ns()}"
        scripts.mkdir(exist_ok=True)
        (scripts / "stand_ins.py").write_text(textwrap.dedent(STAND_INS))
        (scripts / "stand_in_api.py").write_text(textwrap.dedent(STAND_IN_API))
        (scripts / "stand_in_worker.py").write_text("import time; time.sleep(600)")
        (scripts / "dying_worker.py").write_text("")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(scripts / "stand_ins.py"), str(data), str(port)],
                env={**os.environ, "PYTHONPATH": f"{ROOT}:{scripts}", "WORKER": worker},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def until_ready(self) -> str:
        eventually((self.data / "run.json").exists, 60)
        return str(json.loads((self.data / "run.json").read_text())["url"])

    def shown(self) -> str:
        return self.output.read_text()

    def seen_by_api(self, url: str) -> dict[str, str]:
        with urllib.request.urlopen(f"{url}/env", timeout=5) as answer:
            return dict(json.load(answer))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(**options: object) -> Run:
        runs.append(Run(tmp_path / "data", tmp_path / "scripts", **options))  # type: ignore[arg-type]
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
            run.process.wait(30)


def children_of(data: Path) -> list[str]:
    shown = subprocess.run(["ps", "-ax", "-o", "args="], check=True, capture_output=True, text=True).stdout
    return [line for line in shown.splitlines() if f"{data}/" in line and "stand_ins.py" not in line]


def test_run_serves_tells_and_stops_in_order(start: Callable[..., Run]) -> None:
    run = start()
    url = run.until_ready()
    env = run.seen_by_api(url)
    assert env["ANJUAN_DATABASE_URL"].startswith("postgresql://anjuan_app:")
    assert {"ANJUAN_S3_ENDPOINT", "ANJUAN_S3_ACCESS_KEY", "ANJUAN_S3_SECRET_KEY"} <= env.keys()
    assert "ANJUAN_DATABASE_OWNER_URL" not in env
    assert "ANJUAN_ADMIN_PASSWORD" not in env
    eventually(lambda: f"SAMPLE {url} word" in run.shown())
    assert f"serves at {url}" in run.shown()
    assert f"{url}/docs" in run.shown()
    assert str(run.data / "admin-password") in run.shown()
    assert control.stop(run.data)
    assert run.process.wait(10) == 0
    assert children_of(run.data) == []
    assert not (run.data / "run.json").exists()
    assert not control.stop(run.data)


def test_second_run_is_refused_and_the_sample_is_done_once(start: Callable[..., Run]) -> None:
    first = start()
    first.until_ready()
    second = start()
    assert second.process.wait(30) == 1
    assert "Another `anjuan run`" in second.shown()
    assert "Traceback" not in second.shown()
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0
    third = start()
    third.until_ready()
    third.process.terminate()
    assert third.process.wait(30) == 0
    assert "SAMPLE" not in third.shown()


def test_killed_run_takes_its_children_along_and_the_next_recovers(start: Callable[..., Run]) -> None:
    first = start()
    url = first.until_ready()
    first.process.kill()
    first.process.wait()
    again = start(port=int(url.rpartition(":")[2]))
    eventually(lambda: "serves at" in again.shown(), 60)
    again.process.terminate()
    assert again.process.wait(30) == 0
    eventually(lambda: children_of(again.data) == [])


def test_dead_parts_are_restarted(start: Callable[..., Run]) -> None:
    run = start()
    url = run.until_ready()
    os.kill(int(run.seen_by_api(url)["pid"]), signal.SIGKILL)
    postmaster = (run.data / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
    os.kill(int(postmaster), signal.SIGKILL)
    for name in ("The API", "PostgreSQL"):
        eventually(lambda name=name: f"{name} was restarted" in run.shown())  # type: ignore[misc]

    def serves() -> bool:
        with suppress(OSError):
            return bool(run.seen_by_api(url))
        return False

    eventually(serves)


def test_part_that_dies_again_and_again_ends_the_run(start: Callable[..., Run]) -> None:
    run = start(worker="dying_worker")
    assert run.process.wait(90) == 1
    assert "The worker ended 6 times in a row" in run.shown()
    assert children_of(run.data) == []


def test_taken_port_is_refused_with_a_sentence(start: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run = start(port=other.getsockname()[1])
        assert run.process.wait(30) == 1
    assert "set ANJUAN_PORT" in run.shown()


def test_psql_opens_the_running_database_as_owner(tmp_path: Path) -> None:
    asked = ["psql", "--data-dir", str(tmp_path), "--", "-Atc", "SELECT current_user"]
    refused = anjuan(*asked)
    assert refused.returncode == 1
    assert "Nothing runs on" in refused.stderr
    assert "Traceback" not in refused.stderr
    server = EmbeddedPostgres(tmp_path, settings=QUICK)
    server.start()
    try:
        assert anjuan(*asked).stdout.strip() == "anjuan_owner"
        assert anjuan(*asked, env={"ANJUAN_DATABASE_URL": server.app_url}).stdout.strip() == "anjuan_app"
    finally:
        server.stop()


def test_psql_gets_the_password_out_of_sight(tmp_path: Path) -> None:
    own = DatabaseSettings(
        database_url=SecretStr("postgresql://app:hidden@db.example:5433/anjuan"),
        database_owner_url=SecretStr("postgresql://owner:hid%40den@db.example:5433/anjuan?sslmode=require"),
    )
    settings = Settings(run=RunSettings(data_dir=tmp_path), database=own)
    command, env = control.psql_command(settings, ["-c", "SELECT 1"])
    assert command[1:] == ["--dbname=postgresql://owner@db.example:5433/anjuan?sslmode=require", "-c", "SELECT 1"]
    assert env["PGPASSWORD"] == "hid@den"


def test_psql_of_the_machine_serves_where_the_wheel_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PACKAGE", "no_such_wheel")
    settings = Settings(
        run=RunSettings(data_dir=tmp_path), database=DatabaseSettings(database_url=SecretStr("postgresql://db/anjuan"))
    )
    monkeypatch.setattr(shutil, "which", lambda _: "/opt/psql")
    assert control.psql_command(settings, [])[0] == ["/opt/psql", "--dbname=postgresql://db/anjuan"]
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(EmbeddedError, match="install PostgreSQL's client programs"):
        control.psql_command(settings, [])


def test_wrong_settings_end_a_command_with_sentences() -> None:
    done = anjuan("run", "--port", "70000", env={"ANJUAN_WORKERS": "0"})
    assert done.returncode == 2
    assert "ANJUAN_PORT" in done.stderr
    assert "ANJUAN_WORKERS" in done.stderr
    assert "Traceback" not in done.stderr


def test_command_line_runs_the_real_service(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert anjuan("migrate", "--data-dir", data).returncode == 0
    with (tmp_path / "output").open("wb") as output:
        run = subprocess.Popen(
            [*MAIN, "run", "--data-dir", str(data), "--port", "0", "--no-sample"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually((data / "run.json").exists, 60)
        url = json.loads((data / "run.json").read_text())["url"]
        with urllib.request.urlopen(f"{url}/health/ready", timeout=10) as answer:
            assert answer.status == 200
        assert (data / "admin-password").stat().st_mode & 0o777 == 0o600
        assert anjuan("migrate", "--data-dir", data).returncode == 0
        assert anjuan("stop", "--data-dir", data).stdout.strip() == "Stopped."
        assert run.wait(30) == 0
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait(30)
    assert "Nothing runs on" in anjuan("stop", "--data-dir", data).stdout


def test_description_of_the_api_is_written_and_compared(tmp_path: Path) -> None:
    file = tmp_path / "docs" / "openapi.json"
    assert anjuan("openapi", "--output", file).returncode == 0
    assert anjuan("openapi").stdout == file.read_text()
    assert anjuan("openapi", "--check", "--output", file).returncode == 0
    file.write_text("{}")
    refused = anjuan("openapi", "--check", "--output", file)
    assert refused.returncode == 1
    assert "make openapi" in refused.stderr


def test_data_directory_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(run=RunSettings(data_dir=tmp_path / "file"))
    run = Supervisor(settings, migrate=lambda *_: None, bootstrap=lambda _: None)
    assert run.run() == 1
