"""Real MinIO of four nodes for tests, in a network namespace of its own, behind a small balancer.

MinIO takes no loopback address for a peer. So the nodes live in a namespace with an address of a documentation
network, which a pair of virtual cables joins to this machine; that needs root and `ip`.
"""

import asyncio
import http.client
import ipaddress
import itertools
import json
import os
import secrets
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from app.embedded.processes import start_child, stop_child, wait_until
from tests.support.go import PartMissing
from tests.support.minio import minio_binary

NODES, PORT = 4, 9001
_NAME = "anjuan-"
_NETWORKS = ("198.51.100.0/24", "203.0.113.0/24")


def _ip(*arguments: str) -> str:
    try:
        done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True, timeout=30)
    except OSError as error:
        raise PartMissing("the command `ip` is needed (Debian, Ubuntu: iproute2)") from error
    if done.returncode:
        raise PartMissing(f"`ip {' '.join(arguments)}` needs root with rights over networks: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A network namespace with one address, and this machine at the other end of a cable to it."""

    def __init__(self) -> None:
        self.name = f"{_NAME}{os.getpid()}"
        self.address = ""

    def make(self) -> None:
        """Make it; raise `PartMissing` where that is not to be had."""
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise PartMissing("run as root, with the command `ip` (Debian, Ubuntu: iproute2)")
        _remove_forgotten()
        _ip("netns", "add", self.name)
        try:
            self._join()
        except BaseException:
            self.remove()
            raise

    def _join(self) -> None:
        # The name of the cable says which network it is, so of two runs at a time the second fails to make it.
        for network in _free_networks():
            here, there = (str(host) for host in network.hosts())
            cable = f"aj{int(network.network_address):08x}"
            with suppress(PartMissing):
                _ip("link", "add", f"{cable}a", "type", "veth", "peer", "name", f"{cable}b", "netns", self.name)
                break
        else:
            raise PartMissing("no network is free, or the kernel has no virtual cables (veth)")
        _ip("addr", "add", f"{here}/30", "dev", f"{cable}a")
        _ip("link", "set", f"{cable}a", "up")
        for inside in (("addr", "add", f"{there}/30", "dev", f"{cable}b"), ("link", "set", f"{cable}b", "up")):
            _ip("-n", self.name, *inside)
        _ip("-n", self.name, "link", "set", "lo", "up")
        self.address = there

    def remove(self) -> None:
        """Take it away, with the cable."""
        with suppress(PartMissing):
            _ip("netns", "delete", self.name)


def _remove_forgotten() -> None:
    """Take away what a killed run left: its name tells its process."""
    for name in [line.split()[0] for line in _ip("netns", "list").splitlines() if line.startswith(_NAME)]:
        if not Path(f"/proc/{name.removeprefix(_NAME)}").exists():
            with suppress(PartMissing):
                _ip("netns", "delete", name)


def _free_networks() -> list[ipaddress.IPv4Network]:
    """Give networks of two hosts that this machine neither has nor knows a way to, in a random order."""
    known = [
        ipaddress.ip_network(route["dst"])
        for route in json.loads(_ip("-j", "-4", "route", "show", "table", "all") or "[]")
        if route.get("dst", "default") != "default"
    ]
    free = [
        small
        for network in _NETWORKS
        for small in ipaddress.IPv4Network(network).subnets(new_prefix=30)
        if not any(small.overlaps(one) for one in known)
    ]
    secrets.SystemRandom().shuffle(free)
    return free


class Balancer:
    """What stands before the nodes in production: passes each connection to the next node that takes it.

    It runs in a thread of its own, so that tests of several loops can use it.
    """

    def __init__(self, address: str) -> None:
        self._targets = itertools.cycle([(address, PORT + number) for number in range(NODES)])
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._ready = threading.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    def start(self) -> None:
        """Serve on a free port of this machine."""
        self._thread.start()
        assert self._ready.wait(30)

    def stop(self) -> None:
        """End it, with all connections."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(30)

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        listener.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for host, port in itertools.islice(self._targets, NODES):
            with suppress(OSError):
                inner_reader, inner_writer = await asyncio.open_connection(host, port)
                break
        else:
            writer.transport.abort()
            return
        pair = {writer, inner_writer}
        self._open |= pair
        # When one side ends, so does the other: a node that died must not leave its client waiting.
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        self._open -= pair


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(256 * 1024):
            writer.write(data)
            await writer.drain()
        writer.close()
    except OSError:
        writer.transport.abort()


class FourNodes:
    """Four MinIO servers that hold each object together: two may be lost without losing bytes, one without a pause."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._namespace = Namespace()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._balancer: Balancer | None = None
        self.access_key, self.secret_key = "tester", secrets.token_urlsafe(24)

    @property
    def endpoint(self) -> str:
        """Address of the balancer."""
        assert self._balancer is not None
        return f"http://127.0.0.1:{self._balancer.port}"

    def endpoint_of(self, number: int) -> str:
        """Address of one node."""
        return f"http://{self._namespace.address}:{PORT + number}"

    def holding(self, bucket: str, key: str) -> int:
        """Tell on how many disks something of an object lies."""
        return sum((self._home / f"node{node}" / bucket / key / "xl.meta").exists() for node in range(NODES))

    @property
    def data(self) -> Path:
        """Directory of the nodes' directories."""
        return self._home

    def start(self) -> None:
        """Start everything; raise `PartMissing` where it can't be had."""
        minio_binary()
        self._namespace.make()
        try:
            for number in range(NODES):
                self.launch(number)
            self._balancer = Balancer(self._namespace.address)
            self._balancer.start()
            self.wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything."""
        if self._balancer is not None:
            self._balancer.stop()
        for number in list(self._processes):
            self.kill(number)
        self._namespace.remove()

    def launch(self, number: int) -> None:
        """Start a node (again), on what it has on its disk."""
        address = self._namespace.address
        drives = [f"http://{address}:{PORT + node}{self._home / f'node{node}'}" for node in range(NODES)]
        keys = {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key, "MINIO_BROWSER": "off"}
        # The last: its drives may lie on one disk, as they do here.
        env = {**os.environ, **keys, "MINIO_UPDATE": "off", "MINIO_CI_CD": "1"}
        inside = [shutil.which("ip") or "ip", "netns", "exec", self._namespace.name]
        server: list[str | Path] = [
            minio_binary(),
            "server",
            "--quiet",
            "--address",
            f"{address}:{PORT + number}",
            *drives,
        ]
        log = self._home / f"node{number}.log"
        self._processes[number] = start_child([*inside, *server], env=env, log=log)

    def kill(self, number: int) -> None:
        """End a node as a power cut would."""
        stop_child(self._processes.pop(number))

    def wait(self) -> None:
        """Wait until each node that runs finds the store whole enough to write to."""
        for number, process in self._processes.items():
            log = self._home / f"node{number}.log"
            wait_until(lambda node=number: self._ready(node), within=120, what="MinIO", process=process, log=log)  # type: ignore[misc]

    def heal(self) -> None:
        """Start all nodes that were killed, and wait for them."""
        for number in range(NODES):
            if number not in self._processes:
                self.launch(number)
        self.wait()

    def _ready(self, number: int) -> bool:
        connection = http.client.HTTPConnection(self._namespace.address, PORT + number, timeout=5)
        try:
            connection.request("GET", "/minio/health/cluster")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
