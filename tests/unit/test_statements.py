"""Statements that are kept for an actor hang on nothing of him but what they are kept by."""

import importlib
import pkgutil
from typing import Any, NoReturn, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
from app.auth.roles import Role
from app.core import statements
from app.core.actor import Actor, Origin, Reach
from app.core.sql import Where
from app.core.statements import ActorStatement, _key

OF_THE_KEY = ("user_id", "roles", "clearance", "department", "reach")


def all_statements() -> dict[str, ActorStatement]:
    """Find all there are, by the name under which a module has them."""
    found = {}
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, ActorStatement):
                    found[f"{module.name}.{name}"] = value
    return found


ALL = all_statements()
each = pytest.mark.parametrize("statement", ALL.values(), ids=ALL)


class Shown:
    """An actor of whom nothing is to be seen but what statements are kept by."""

    def __init__(self, actor: Actor) -> None:
        self.seen = {name: getattr(actor, name) for name in OF_THE_KEY}

    def __getattr__(self, name: str) -> Any:
        if name not in OF_THE_KEY:
            raise AssertionError(f"a statement hangs on {name}, by which it is not kept")
        return self.seen[name]


def somebody(user: int, **fields: Any) -> Actor:
    """Make an actor."""
    given = {"roles": frozenset({"lawyer"}), "clearance": 4, "department": None, "reach": None, **fields}
    return Actor(user_id=UUID(int=user), display_name="王丽", origin=Origin("r", "GET", "/v1/test"), **given)


words = st.sampled_from(("诉讼一部", "诉讼二部"))
reaches = st.builds(
    Reach, st.lists(st.sampled_from(("civil", "criminal")), unique=True).map(tuple),
    st.lists(words, unique=True).map(tuple), st.booleans(),
)  # fmt: skip
actors = st.builds(
    somebody, st.integers(1, 3), roles=st.frozensets(st.sampled_from([role.value for role in Role]), max_size=3),
    clearance=st.integers(0, 4), department=st.none() | words, reach=st.none() | reaches,
)  # fmt: skip


def fresh(statement: ActorStatement, actor: Any) -> tuple[str, list[object]]:
    """Write a statement anew."""
    where = Where(None)
    return statement._build(cast("Actor", actor), where), where.args[1:]


def test_all_are_found() -> None:
    assert {name.rpartition(".")[0] for name in ALL} >= {"app.dossiers.repository", "app.entries.repository"}
    assert len(ALL) >= 7


def test_the_key_is_what_an_actor_shows_here() -> None:
    actor = somebody(1, reach=Reach(("civil",), ("诉讼一部",), content=True))
    assert _key(actor) == tuple(getattr(actor, name) for name in OF_THE_KEY)


@each
@given(actor=actors)
def test_no_statement_looks_at_more_than_the_key(statement: ActorStatement, actor: Actor) -> None:
    assert fresh(statement, Shown(actor)) == fresh(statement, actor)


@each
@given(some=st.lists(actors, min_size=2, max_size=6))
def test_what_is_kept_is_what_would_be_written_anew(statement: ActorStatement, some: list[Actor]) -> None:
    """Whoever came before, everybody has the parameters and the text of his own."""
    again = ActorStatement(statement._build)
    for actor in (*some, *reversed(some)):
        assert again.written(actor) == fresh(statement, actor)
        assert statement.written(actor) == fresh(statement, actor)


@each
def test_a_kind_of_actors_shares_one_text_and_no_parameters(statement: ActorStatement) -> None:
    one, other = statement.written(somebody(1)), statement.written(somebody(2))
    assert one[0] is other[0]
    assert one[1] is not other[1]
    assert UUID(int=2) not in one[1]
    assert UUID(int=1) not in other[1]
    assert statement.written(somebody(1))[1] is one[1], "it is kept"


def test_marks_and_parameters_are_as_many() -> None:
    for name, statement in ALL.items():
        text, args = statement.written(somebody(1, department="诉讼一部", roles=frozenset({"partner"})))
        for number in range(2, len(args) + 2):
            assert f"${number}" in text, (name, number)
        assert f"${len(args) + 2}" not in text, name


def test_what_is_kept_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_MOST", 10)

    def build(actor: Actor, where: Where) -> str:
        return f"SELECT {actor.clearance} AS {where.bind(actor.user_id)} FROM t{actor.department}"

    statement = ActorStatement(build)
    for number in range(35):
        actor = somebody(number, department=str(number))
        assert statement.written(actor) == (f"SELECT 4 AS $2 FROM t{number}", [UUID(int=number)])
        assert len(statement._kept) <= 10
        assert len(statement._texts) <= 10


def _never(*_: object) -> NoReturn:
    raise RuntimeError("no such statement")


def test_statement_that_can_not_be_written_is_not_kept() -> None:
    statement = ActorStatement(_never)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no such statement"):
            statement.written(somebody(1))
    assert statement._kept == {}
