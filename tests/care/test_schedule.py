"""The scheduled check: everything in its turn, at its rate, on a clock that only sleeping moves."""

import pytest

from app.care.inspecting import Pace
from app.care.rounds import IntegrityRounds
from app.storage.errors import StoreUnavailable
from tests.support.damage import Between, Disk, Papers, events, storage_events
from tests.support.firm import Firm


class Watch:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


async def test_scheduled_check_reads_all_in_the_order_of_need_and_keeps_to_its_rate(firm: Firm) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(5)
    watch = Watch()
    pace, rounds = Pace(1000, watch, watch.sleep), firm.services.care.rounds

    async def checked() -> list[str]:
        rows = await firm.eyes.fetch(
            "SELECT object_key FROM object_checks WHERE checked_at IS NOT NULL ORDER BY checked_at"
        )
        return [row["object_key"] for row in rows]

    await rounds.turn(pace, seconds=3)
    assert watch.time >= 1000 + 4  # two files of 2,000 bytes at 1,000 a second
    assert await checked() == keys[:2]
    await rounds.turn(pace, seconds=100)
    assert watch.time >= 1000 + 10
    assert await checked() == keys
    began = watch.time
    await rounds.turn(pace, seconds=100)
    assert watch.time == began  # nothing is due
    # Due by their last reading, the oldest first; what came since goes before them.
    for days, key in ((25, keys[3]), (29, keys[0]), (10, keys[1])):
        await firm.eyes.execute(
            "UPDATE object_checks SET checked_at = checked_at - make_interval(days => $1) WHERE object_key = $2",
            days,
            key,
        )
    (new,) = await papers.store(1)
    await rounds.turn(pace, seconds=100)
    assert (await checked())[-3:] == [new, keys[0], keys[3]]
    coverage = await rounds.coverage()
    assert (coverage.objects, coverage.checked_within, coverage.never_checked, coverage.overdue) == (6, 6, 0, 0)
    assert coverage.keeps_up
    assert await storage_events(firm) == []


async def test_scheduled_check_finds_and_closes_and_ends_its_day(firm: Firm, disk: Disk) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(3)
    watch = Watch()
    pace, care = Pace(None, watch, watch.sleep), firm.services.care
    content = (disk.directory / keys[1]).read_bytes()
    disk.flip(keys[1])
    assert await care.rounds.turn(pace) == 3
    assert await storage_events(firm) == ["storage.object_corrupt"]
    assert await care.rounds.turn(pace) == 3
    assert await storage_events(firm) == ["storage.object_corrupt"]
    # What is damaged is looked at every day.
    (disk.directory / keys[1]).write_bytes(content)
    await firm.eyes.execute("UPDATE object_checks SET checked_at = checked_at - interval '25 hours'")
    assert await care.rounds.turn(pace) == 4
    assert await storage_events(firm) == ["storage.object_corrupt", "storage.finding_resolved"]
    # The day's summary; a file whose row has gone is forgotten, and one that waits too long is told.
    await firm.eyes.execute("DELETE FROM files WHERE object_key = $1", keys[0])
    await firm.eyes.execute(
        "UPDATE object_checks SET checked_at = checked_at - interval '40 days' WHERE object_key = $1", keys[2]
    )
    await firm.eyes.execute("UPDATE integrity_runs SET started_at = started_at - interval '25 hours'")
    assert await care.rounds.turn(pace) == 1
    (summary,) = await events(firm, "storage.checked")
    expected = {"kind": "scheduled", "checked": 4, "corrupt": 1, "resolved": 1, "overdue": 1, "keeps_up": False}
    assert {name: summary["details"][name] for name in expected} == expected
    assert summary["route"] == "check_integrity"
    left = await firm.eyes.fetch("SELECT object_key FROM object_checks ORDER BY 1")
    assert [row["object_key"] for row in left] == sorted(keys[1:])
    assert (await care.rounds.coverage()).keeps_up
    slow = IntegrityRounds(
        firm.services.resources.database, care.check._uow, firm.services.resources.store, care.check._keepers,
        care.findings, care.check, days=1, rate=1e-9,
    )  # fmt: skip
    coverage = await slow.coverage()
    assert (coverage.overdue, coverage.keeps_up) == (0, False)
    assert coverage.days_needed > 1


async def test_one_file_that_the_store_will_not_give_does_not_stop_the_schedule(firm: Firm) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(3)
    watch, care = Watch(), firm.services.care
    store = Between(firm.services.resources.store)
    store.silent = {keys[0]}
    rounds = IntegrityRounds(
        firm.services.resources.database, care.check._uow, store, care.check._keepers, care.findings, care.check,
        days=30, rate=8,
    )  # fmt: skip
    assert await rounds.turn(Pace(None, watch, watch.sleep)) == 3
    (event,) = await events(firm, "storage.object_corrupt")
    assert (event["details"]["key"], event["details"]["reason"]) == (keys[0], "the store does not give its bytes")
    # Alone it could be the store: it is put off.
    await firm.eyes.execute("UPDATE object_checks SET checked_at = NULL, outcome = NULL WHERE object_key = $1", keys[0])
    with pytest.raises(StoreUnavailable):
        await rounds.turn(Pace(None, watch, watch.sleep))
    assert len(await events(firm, "storage.object_corrupt")) == 1
