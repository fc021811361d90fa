"""What the documents say of the code is what the code says; what they point to is there."""

import re
from pathlib import Path

import pytest

from tests.support.readme import ACCESS, README, WORKFLOW, filled, filled_access, filled_workflow

ROOT = README.parent
PAGES = sorted([README, *(ROOT / "docs").rglob("*.md")])


def test_made_parts_are_as_the_code_has_them() -> None:
    for page, made in ((README, filled), (ACCESS, filled_access), (WORKFLOW, filled_workflow)):
        text = page.read_text(encoding="utf-8")
        assert made(text) == text, "run `python -m tests.support.readme`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    for name in re.findall(
        r"`((?:app|tests|alembic|deploy)/[A-Za-z0-9_/.]+\.[a-z]+)`", page.read_text(encoding="utf-8")
    ):
        assert (ROOT / name).exists(), name


def test_tests_that_answer_attacks_exist() -> None:
    page = (ROOT / "docs/attacks.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_[a-z_]+)` \|$", page, re.MULTILINE)
    assert len(named) > 20
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in named if not re.search(rf"def {name}\(", tests)] == []
