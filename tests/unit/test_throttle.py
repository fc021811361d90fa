"""The rules by which failed logins slow down and lock, for any failures at any times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.throttle import LONGEST_LOCK_SECONDS, Count, Limit, address_key, after_failure

BEGIN = datetime(2026, 11, 24, tzinfo=UTC)
GAPS = st.lists(st.floats(min_value=0, max_value=7200), min_size=1, max_size=120)
LIMITS = st.builds(Limit.of_name, st.integers(1, 60), st.integers(1, 7200)) | st.builds(
    Limit.of_address, st.integers(1, 60), st.integers(1, 7200)
)


def seconds(count: Count, moment: datetime) -> float:
    """Give how long a count pauses from a moment on."""
    return (count.paused_until - moment).total_seconds() if count.paused_until is not None else 0.0


@given(LIMITS, GAPS)
def test_no_more_failures_than_the_limit_between_two_locks(limit: Limit, gaps: list[float]) -> None:
    count, moment, since = Count(), BEGIN, 0
    for gap in gaps:
        moment = max(moment + timedelta(seconds=gap), count.paused_until or BEGIN)
        before = count
        count, locked = after_failure(count, limit, moment)
        since += 1
        assert 0 <= count.failures < limit.most
        if locked:
            assert since >= limit.most
            assert limit.pause_seconds <= seconds(count, moment) <= max(LONGEST_LOCK_SECONDS, limit.pause_seconds)
            assert count.failures == 0
            since = 0
        elif limit.forgiving_seconds is None:
            assert count.failures == since
        if not locked and count.failures < limit.slow_from:
            assert seconds(count, moment) <= 0 or count.paused_until == before.paused_until


@given(st.integers(1, 60), st.integers(1, 7200), GAPS)
def test_waits_double_until_the_lock(most: int, pause: int, gaps: list[float]) -> None:
    limit, count, moment = Limit.of_name(most, pause), Count(), BEGIN
    for gap in gaps:
        moment += timedelta(seconds=gap)
        count, locked = after_failure(count, limit, moment)
        if not locked:
            expected = min(2 ** (count.failures - 3), pause) if count.failures >= 3 else 0
            assert seconds(count, moment) == expected


@given(st.integers(1, 1000), st.integers(1, 86400), st.integers(0, 500))
def test_locks_double_up_to_an_hour(most: int, pause: int, locks: int) -> None:
    limit = Limit.of_name(most, pause)
    count, locked = after_failure(Count(most - 1, locks, BEGIN, BEGIN), limit, BEGIN)
    assert locked
    assert count.locks == locks + 1
    longest = max(LONGEST_LOCK_SECONDS, pause)
    assert seconds(count, BEGIN) == min(pause * 2**locks, longest)


@given(st.floats(min_value=61, max_value=600), st.integers(2, 200))
def test_address_bears_mistakes_that_come_slower_than_it_forgives(gap: float, tries: int) -> None:
    limit, count = Limit.of_address(50, 300), Count()
    for number in range(tries):
        count, locked = after_failure(count, limit, BEGIN + timedelta(seconds=gap * number))
        assert not locked
        assert count.failures <= 2


@given(st.floats(min_value=0, max_value=30))
def test_address_that_guesses_faster_is_locked(gap: float) -> None:
    limit, count, locked = Limit.of_address(50, 300), Count(), False
    for number in range(101):
        count, begins = after_failure(count, limit, BEGIN + timedelta(seconds=gap * number))
        locked = locked or begins
    assert locked


def test_locks_of_long_ago_are_forgotten() -> None:
    limit = Limit.of_name(1, 300)
    count, _ = after_failure(Count(0, 4, BEGIN, BEGIN), limit, BEGIN + timedelta(days=1, seconds=1))
    assert (count.locks, seconds(count, BEGIN + timedelta(days=1, seconds=1))) == (1, 300)


@pytest.mark.parametrize(
    ("ip", "key"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"), ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("::1", "::/64"), ("testclient", "testclient"),
    ],
)  # fmt: skip
def test_what_counts_as_one_address(ip: str, key: str) -> None:
    assert address_key(ip) == key
