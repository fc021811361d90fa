"""What printing costs: a long contents list by the clock, a reading copy by the clock and by the service's memory.

Whole requests to a service in a process of its own, on real stores. Each list is of a dossier of its own: the typesetter
remembers what it has set, and a second print of the same would be no measure. On a machine that others use too the
clock tells of them: it is told beside the processor time of the service, and read against how much of a processor the
machine gave meanwhile.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest

from app.config import Settings
from tests.bench.pace import allowed, pace
from tests.support.firm import Firm
from tests.support.server import Served
from tests.support.sheets import noisy

ENTRIES, PAGES_EACH, LISTS = 2_000, 4, 5
LIST_SECONDS, LIST_MEMORY_MIB = 2.0, 1_000
# A volume as the page limit makes it: 200 pages of scans, a megabyte each.
FILES, SCAN_SIDE = 50, 620
COPY_GROWTH_MIB = 96
MIB = 1024**2
pytestmark = pytest.mark.timeout(600)

_ENTRIES = """
INSERT INTO entries (id, dossier_id, title, category, document_number, responsible_party, formed_on, pages, pages_stated,
 original, review, created_by, created_at, updated_at)
SELECT gen_random_uuid(), d.id, '证据材料之' || n || ':买卖合同履行情况说明及附件(' || right(d.number, 4) || ')', 'evidence',
 '2026民代字第' || n || '号', CASE WHEN n % 3 = 0 THEN '北京示例科技有限公司' ELSE '上海示例贸易有限公司' END,
 date '2026-01-01' + n % 300, $2, true, 'copy', 'kept', d.created_by, now(), now()
FROM dossiers d, generate_series(1, $1) n
"""


@pytest.fixture
def served(firm: Firm, settings: Settings, tmp_path: Path) -> Iterator[Served]:
    """The service in a process of its own, on the stores of the firm."""
    one = Served(settings, tmp_path / "api.log")
    one.start()
    try:
        yield one
    finally:
        one.stop()


def memory(served: Served, what: str) -> float:
    """Give what the kernel tells of a process's memory (`VmRSS` now, `VmHWM` at most), in MiB."""
    lines = Path(f"/proc/{served.pid}/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{what}:")]
    return int(line.split()[1]) / 1024


def processor(served: Served) -> float:
    """Give the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{served.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def received(http: httpx.AsyncClient, path: str) -> tuple[float, int]:
    """Ask for a paper and throw it away as it comes; give the seconds that took, and its bytes."""
    began, size = time.perf_counter(), 0
    async with http.stream("GET", path) as answer:
        assert answer.status_code == 200
        async for chunk in answer.aiter_raw():
            size += len(chunk)
    return time.perf_counter() - began, size


async def test_a_contents_list_of_two_thousand_entries(firm: Firm, served: Served) -> None:
    lawyer = await firm.person("lawyer")
    dossiers = [await firm.dossier(lawyer) for _ in range(LISTS + 1)]
    await firm.eyes.execute(_ENTRIES, ENTRIES, PAGES_EACH)
    headers = {"Authorization": f"Bearer {lawyer.token}"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=60) as http:
        contents = (await http.get(f"/v1/dossiers/{dossiers[0]['id']}/contents")).json()
        assert sum(len(volume["items"]) for volume in contents["volumes"]) == ENTRIES
        assert sum(volume["pages"] for volume in contents["volumes"]) == ENTRIES * PAGES_EACH
        # The first print of a process loads the fonts.
        await received(http, f"/v1/dossiers/{dossiers[0]['id']}/volumes/1/frame")
        times, paces, used = list[tuple[float, int]](), [pace()], processor(served)
        for dossier in dossiers[1:]:
            times.append(await received(http, f"/v1/dossiers/{dossier['id']}/contents?format=pdf"))
            paces.append(pace())
    used = (processor(served) - used) / LISTS
    seconds = [spent for spent, _ in times]
    sys.stdout.write(
        f"contents list of {ENTRIES:,} entries as PDF: {', '.join(f'{spent:.2f}' for spent in seconds)} s,"
        f" {times[0][1] / MIB:.1f} MiB, service at most {memory(served, 'VmHWM'):.0f} MiB;"
        f" {used:.2f} s of a processor each; the machine took {median(paces):.1f} times as long as that of reference\n"
    )
    assert median(seconds) <= allowed(LIST_SECONDS, paces)
    # The typesetter takes about 250 MiB for one such list; it must not keep that of each.
    assert memory(served, "VmHWM") <= LIST_MEMORY_MIB


async def test_a_reading_copy_of_two_hundred_scans(firm: Firm, served: Served) -> None:
    lawyer = await firm.person("lawyer")
    dossier: dict[str, Any] = await firm.dossier(lawyer)
    total = 0
    for number in range(FILES):
        entry = await firm.entry(lawyer, dossier["id"], f"证据材料之{number + 1}")
        content = noisy(PAGES_EACH, SCAN_SIDE, number)
        total += len(content)
        await firm.file(lawyer, entry["id"], content)
    headers = {"Authorization": f"Bearer {lawyer.token}"}
    path = f"/v1/dossiers/{dossier['id']}/volumes/1"
    async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=120) as http:
        await received(http, f"{path}/frame")
        before = memory(served, "VmRSS")
        spent = [await received(http, f"{path}/reading-copy") for _ in range(2)]
        growth = memory(served, "VmHWM") - before
    size = spent[0][1]
    sys.stdout.write(
        f"reading copy of {FILES * PAGES_EACH} scanned pages, {size / MIB:.0f} MiB:"
        f" {', '.join(f'{one:.1f}' for one, _ in spent)} s, service grew by {growth:.0f} MiB at most\n"
    )
    assert size > total * 0.9
    assert growth <= COPY_GROWTH_MIB
    assert size > COPY_GROWTH_MIB * MIB
