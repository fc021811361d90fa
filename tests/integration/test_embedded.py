"""The stores that come with the service: they start from nothing, keep their data, survive kills."""

import io
import os
import shutil
import signal
import socket
import stat
import subprocess
import sysconfig
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from minio import Minio

from app.embedded import accounts, postgres, s3
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import BusyError, EmbeddedError, FileLock, kept_port, secret
from app.embedded.s3 import EmbeddedS3
from tests.support.databases import at_database
from tests.support.waiting import eventually

QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(tmp_path, settings=QUICK)
    yield made
    made.stop()


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_data_stay_over_a_stop(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    server.start()  # nothing more happens
    await fetch(server.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    urls = server.app_url, server.owner_url
    server.stop()
    server.stop()
    assert not server.alive()
    assert not server.in_use()
    again = EmbeddedPostgres(tmp_path, settings=QUICK)
    again.start()
    try:
        assert (again.app_url, again.owner_url) == urls
        assert await fetch(again.owner_url, "SELECT answer FROM kept") == 42
    finally:
        again.stop()


async def test_database_is_made_for_chinese_and_for_durability(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        shown = await fetch(
            server.owner_url,
            "SELECT concat_ws(' ', getdatabaseencoding(), datlocprovider, datlocale, current_setting('fsync'),"
            " current_setting('synchronous_commit'), current_setting('data_checksums'), upper('ä'))"
            " FROM pg_database WHERE datname = 'anjuan'",
        )
    finally:
        server.stop()
    assert shown == "UTF8 b C.UTF-8 on on on Ä"


async def test_roles_have_their_rights_and_no_more(server: EmbeddedPostgres) -> None:
    server.start()
    rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
    for url, role in ((server.app_url, "anjuan_app"), (server.owner_url, "anjuan_owner")):
        assert await fetch(url, "SELECT current_user::text") == role
        assert await fetch(url, f"{rights} FROM pg_roles WHERE rolname = current_user") is False
    await fetch(server.owner_url, "CREATE TABLE dossier (id int)")
    for act in ("CREATE TABLE mine (id int)", "SELECT * FROM dossier", "DROP TABLE dossier", "CREATE TEMP TABLE t ()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(server.app_url, act)
    for url in (server.app_url, server.owner_url):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(at_database(url, "postgres"), "SELECT 1")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(f"postgresql://anjuan_owner:wrong@127.0.0.1:{server.port}/anjuan", "SELECT 1")


def test_secrets_are_for_their_owner_only(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "postgres" / "data").stat().st_mode) == 0o700
    for file in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert not list(tmp_path.glob("postgres/*password*"))
    commands = subprocess.run(["ps", "-ax", "-o", "args="], check=True, capture_output=True, text=True).stdout
    assert secret(tmp_path / "keys" / "postgres-superuser") not in commands


async def test_killed_postmaster_recovers(server: EmbeddedPostgres) -> None:
    server.start()
    await fetch(server.owner_url, "CREATE TABLE kept AS SELECT 1 AS one")
    port, pid = server.port, server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not server.alive())
    server.start()
    assert server.port == port
    assert await fetch(server.owner_url, "SELECT one FROM kept") == 1


async def test_server_that_outlived_its_supervisor_is_ended_first(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    orphan = server.pid
    server._lock.release()  # as the kernel does for a supervisor that was killed
    heir = EmbeddedPostgres(tmp_path, settings=QUICK)
    heir.start()
    try:
        assert not server.alive()
        assert heir.pid != orphan
        assert await fetch(heir.owner_url, "SELECT 1") == 1
    finally:
        heir.stop()


def test_process_id_of_a_stranger_is_forgotten(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    server.stop()
    file = tmp_path / "postgres" / "data" / "postmaster.pid"
    owner = file.parent.stat()
    file.write_text(f"{os.getppid()}\n{file.parent}\n0\n5432\n\n127.0.0.1\n         0         0\nready\n")
    os.chown(file, owner.st_uid, owner.st_gid)
    server.start()
    assert server.alive()


def test_half_made_data_are_made_anew(server: EmbeddedPostgres, tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server.start()
    assert server.alive()
    assert not half.exists()


def test_second_server_on_the_same_data_is_refused(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    with pytest.raises(BusyError, match="Another process already runs PostgreSQL"):
        EmbeddedPostgres(tmp_path, settings=QUICK).start()
    assert server.alive()


def test_taken_port_is_given_up(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        (tmp_path / "keys").mkdir(mode=0o700)
        (tmp_path / "keys" / "postgres-port").write_text(f"{taken}\n")
        server.start()
        assert server.port != taken


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, settings={**QUICK, "shared_buffers": "nonsense"})
    with pytest.raises(EmbeddedError, match="shared_buffers"):
        server.start()
    assert not server.in_use()


def test_data_of_another_version_are_refused(server: EmbeddedPostgres, tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="no PostgreSQL 9"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start PostgreSQL under another account: run as root")
def test_root_lets_the_account_through_and_nobody_else(server: EmbeddedPostgres, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    server.start()
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert stat.S_IMODE(tmp_path.stat().st_mode) & 0o007 == 0


def test_data_of_another_account_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(EmbeddedError, match="set ANJUAN_DATA_DIR"):
        accounts.account_for(tmp_path)


def test_missing_wheel_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PACKAGE", "no_such_wheel")
    with pytest.raises(EmbeddedError, match="ANJUAN_DATABASE_URL"):
        postgres.programs()


def client(server: EmbeddedS3) -> Minio:
    return Minio(
        server.endpoint.removeprefix("http://"),
        access_key=server.access_key,
        secret_key=server.secret_key,
        secure=False,
        region="us-east-1",
    )


def test_s3_keeps_objects_over_a_kill_and_sweeps_half_ones(tmp_path: Path) -> None:
    server = EmbeddedS3(tmp_path)
    server.start()
    try:
        client(server).make_bucket("files")
        client(server).put_object("files", "a/b", io.BytesIO("案卷".encode()), 6)
        endpoint, pid = server.endpoint, server.pid
        assert pid is not None
        half = tmp_path / "objects" / "files" / "a" / ".rclone_temp_put_x"
        half.write_bytes(b"half")
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not server.alive())
        server.start()
        assert server.endpoint == endpoint
        assert not half.exists()
        assert client(server).get_object("files", "a/b").data == "案卷".encode()
        assert [item.object_name for item in client(server).list_objects("files", recursive=True)] == ["a/b"]
        assert client(server).stat_object("files", "a/b").size == 6
    finally:
        server.stop()
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (tmp_path / "objects").rglob("*"))


def test_s3_forgets_uploads_in_parts_at_its_next_start(tmp_path: Path) -> None:
    server = EmbeddedS3(tmp_path)
    server.start()

    def left() -> list[str]:
        return [path.name for path in (tmp_path / "objects" / "files" / "a").iterdir()]

    try:
        client(server).make_bucket("files")
        client(server).put_object("files", "a/b", io.BytesIO(b"kept"), 4)
        upload = client(server)._create_multipart_upload("files", "a/parts", {})
        url = client(server).get_presigned_url(
            "PUT", "files", "a/parts", extra_query_params={"uploadId": upload, "partNumber": "1"}
        )
        with urllib.request.urlopen(urllib.request.Request(url, b"x" * 5_000_000, method="PUT"), timeout=60) as answer:
            assert answer.status == 200
        assert len(left()) == 2
        server.stop()
        assert len(left()) == 2  # told to end, it leaves them as well as when it is killed
        server.start()
        assert left() == ["b"]
        assert client(server).get_object("files", "a/b").data == b"kept"
    finally:
        server.stop()


def test_port_is_remembered_while_it_is_free(tmp_path: Path) -> None:
    file = tmp_path / "port"
    first = kept_port(file)
    assert kept_port(file) == first
    file.write_text("nonsense")
    assert kept_port(file) > 0


def test_lock_is_held_once(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.holder() is None
    lock.take()
    assert lock.holder() == os.getpid()
    with pytest.raises(BusyError):
        FileLock(tmp_path / "lock").take()
    lock.release()
    FileLock(tmp_path / "lock").take().release()


def test_there_is_a_psql_in_the_wheel() -> None:
    assert shutil.which(str(postgres.programs() / "psql"))


def test_taken_port_of_s3_is_given_up(tmp_path: Path) -> None:
    server = EmbeddedS3(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        server._keys.mkdir(mode=0o700)
        (server._keys / "s3-port").write_text(f"{taken}\n")
        server.start()
        assert server.port != taken
        server.stop()


def test_missing_rclone_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(s3, "PACKAGE", "no-such-wheel")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(EmbeddedError, match="ANJUAN_S3_ENDPOINT"):
        s3.program()


def test_rights_of_other_accounts_stay_when_one_is_let_through(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    try:
        accounts._add_entry(tmp_path, 12345)
    except OSError as error:
        pytest.skip(f"this file system has no access control lists ({error.strerror}): set TMPDIR to one that has")
    accounts._add_entry(tmp_path, 12346)
    entries = accounts._entries(tmp_path)
    assert [(who, right) for tag, who, right in entries if tag == accounts._USER] == [(12345, 1), (12346, 1)]
    rights = {tag: right for tag, _, right in entries}
    assert (rights[accounts._USER_OBJ], rights[accounts._GROUP_OBJ], rights[accounts._OTHER]) == (7, 5, 0)


def test_directory_that_cannot_be_opened_to_the_account_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(directory: Path, _uid: int) -> None:
        raise OSError(95, "Operation not supported", str(directory))

    monkeypatch.setattr(accounts, "_as_account", lambda *_: "0")
    monkeypatch.setattr(accounts, "_add_entry", refuse)
    with pytest.raises(EmbeddedError, match="ANJUAN_DATA_DIR"):
        accounts.let_through((1, 1), tmp_path)
    monkeypatch.setattr(accounts, "_add_entry", lambda *_: None)
    with pytest.raises(EmbeddedError, match="can't reach"):
        accounts.let_through((1, 1), tmp_path)


def test_programs_installed_for_root_only_are_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, data = tmp_path / "postgres", tmp_path / "share"
    program.touch(mode=0o700)
    data.touch(mode=0o600)
    answers = iter(["", "postgres 18"])
    monkeypatch.setattr(accounts, "_as_account", lambda *_: next(answers, ""))
    accounts.open_to_read((1, 1), program, [tmp_path])
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    assert stat.S_IMODE(data.stat().st_mode) == 0o644
    with pytest.raises(EmbeddedError, match="noexec"):
        accounts.open_to_read((1, 1), program, [tmp_path])


def test_account_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(accounts, "NAME", "no-such-account")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(EmbeddedError, match="there is no useradd"):
        accounts.account_for(tmp_path / "none")
