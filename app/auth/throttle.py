"""How often and how fast passwords may be guessed: slow-downs and locks, by login name and by address.

A login is judged in the transaction that counts it or lets it in, and judgements of one name or address come one after
the other: however many guesses arrive at once, no more are answered than would be answered in a row. Never tells
whether a name exists or a password was right: while a pause lasts everything is refused alike.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address

from app.auth import repository
from app.auth.actors import anonymous
from app.auth.events import AUTH_FAILED, AUTH_LOCKED
from app.core.actor import Origin
from app.core.database import Database
from app.core.errors import TooManyRequests
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction
from app.events.vocabulary import Outcome, Subject

LONGEST_LOCK_SECONDS = 3600
_FREE_FAILURES = 2  # people mistype; from the third failure on each further try waits
_SLOW_TRIES = 7  # of an address only the last tries before its lock wait, for many colleagues may share it
_MOST_DOUBLINGS = 30
_LOCKS_FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are borne.

    `most` brings a lock of `pause_seconds`; from the failure `slow_from` on each further try waits 1, 2, 4, … seconds;
    one failure is forgiven every `forgiving_seconds` (None: never).
    """

    most: int
    slow_from: int
    pause_seconds: int
    forgiving_seconds: int | None = None

    @classmethod
    def of_name(cls, most: int, pause_seconds: int) -> "Limit":
        """Give the limit of a login name."""
        return cls(most, _FREE_FAILURES + 1, pause_seconds)

    @classmethod
    def of_address(cls, most: int, pause_seconds: int) -> "Limit":
        """Give the limit of an address."""
        return cls(most, max(_FREE_FAILURES + 1, most - _SLOW_TRIES), pause_seconds, 60)


@dataclass(frozen=True, slots=True)
class Count:
    """Failures since the last success or lock, and the locks so far."""

    failures: int = 0
    locks: int = 0
    paused_until: datetime | None = None
    updated_at: datetime | None = None


def after_failure(count: Count, limit: Limit, moment: datetime) -> tuple[Count, bool]:
    """Give the count after one more failure at this moment, and whether a lock begins with it."""
    count = _forgiven(count, limit, moment)
    failures = count.failures + 1
    if failures >= limit.most:
        seconds = limit.pause_seconds * 2 ** min(count.locks, _MOST_DOUBLINGS)
        seconds = min(seconds, max(LONGEST_LOCK_SECONDS, limit.pause_seconds))
        return Count(0, count.locks + 1, moment + timedelta(seconds=seconds), moment), True
    paused_until = None
    if failures >= limit.slow_from:
        seconds = min(2 ** min(failures - limit.slow_from, _MOST_DOUBLINGS), limit.pause_seconds)
        paused_until = moment + timedelta(seconds=seconds)
    return replace(count, failures=failures, paused_until=paused_until), False


def _forgiven(count: Count, limit: Limit, moment: datetime) -> Count:
    """Take off what time has healed; what is left of a minute counts on, so that steady failures are forgiven too."""
    last = count.updated_at
    if count.paused_until is not None and moment - count.paused_until > _LOCKS_FORGOTTEN:
        count = replace(count, locks=0)
    if last is None or limit.forgiving_seconds is None:
        return replace(count, updated_at=moment)
    healed = max(0, int((moment - last).total_seconds() // limit.forgiving_seconds))
    if healed >= count.failures:
        return replace(count, failures=0, updated_at=moment)
    since = last + timedelta(seconds=healed * limit.forgiving_seconds)
    return replace(count, failures=count.failures - healed, updated_at=since)


def address_key(ip: str) -> str:
    """Give what counts as one address: of IPv6 the /64, which belongs to one customer."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))


@dataclass(frozen=True, slots=True)
class LoginTry:
    """A login under way: the name as it was typed, from where, and the counts it falls under."""

    name: str
    origin: Origin

    @property
    def name_key(self) -> str:
        """The name's digest: people type passwords into the wrong field."""
        return sha256(self.name.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def counts(self) -> tuple[list[str], list[str]]:
        """Kinds and keys; always the name first, so that two logins never wait for each other."""
        if self.origin.ip is None:
            return ["name"], [self.name_key]
        return ["name", "address"], [self.name_key, address_key(self.origin.ip)]


class Throttle:
    """Counts failed logins, and refuses logins while a name or an address pauses."""

    def __init__(self, database: Database, recorder: Recorder, *, name: Limit, address: Limit) -> None:
        self._database, self._recorder = database, recorder
        self._limits = {"name": name, "address": address}

    async def refuse_paused(self, login: LoginTry) -> None:
        """Raise TooManyRequests (recorded) while name or address pause; spares the work of checking a password."""
        await self._refuse(login, await repository.pause_seconds(self._database, *login.counts))

    async def judge(self, tx: Transaction, login: LoginTry) -> None:
        """Make sure within a transaction that name and address don't pause, and that nobody else is judged meanwhile.

        Raises TooManyRequests (recorded) for right and wrong passwords alike.
        """
        await repository.lock_counts(tx.connection, *login.counts)
        await self._refuse(login, await repository.pause_seconds(tx.connection, *login.counts))

    async def _refuse(self, login: LoginTry, seconds: int | None) -> None:
        if seconds is None:
            return
        await self._recorder.refused(anonymous(login.origin), AUTH_FAILED, Subject("user"), reason="paused")
        seconds = max(1, seconds)
        raise TooManyRequests(
            f"Too many failed logins: try again in {seconds} seconds",
            f"登录失败次数过多,请在 {seconds} 秒后重试",
            retry_after=seconds,
        )

    async def failed(self, tx: Transaction, login: LoginTry, subject: Subject, reason: str) -> None:
        """Count a failed login that was judged, and record it, and the lock when one begins with it."""
        failures: dict[str, int] = {}
        begun: list[tuple[Subject, str, Count]] = []
        for kind, key in zip(*login.counts, strict=True):
            row = await repository.read_count(tx.connection, kind, key)
            before = Count(row["failures"], row["locks"], row["paused_until"], row["updated_at"])
            after, locked = after_failure(before, self._limits[kind], row["moment"])
            await repository.keep_count(
                tx.connection, kind, key, failures=after.failures, locks=after.locks,
                paused_until=after.paused_until, updated_at=after.updated_at or row["moment"],
            )  # fmt: skip
            failures[kind] = self._limits[kind].most if locked else after.failures
            if locked:
                locked_subject = subject if kind == "name" else Subject("address", label=key)
                begun.append((locked_subject, kind, after))
        tx.record(AUTH_FAILED, subject, Outcome.DENIED, reason=reason, failures=failures)
        for locked_subject, kind, after in begun:
            tx.record(AUTH_LOCKED, locked_subject, kind=kind, locks=after.locks, until=after.paused_until)

    async def succeeded(self, tx: Transaction, login: LoginTry) -> None:
        """Begin to count a name anew; an address that knows one password may still guess at others."""
        await repository.forget_count(tx.connection, "name", login.name_key)
