"""The limits of docs/conventions.md on modules and functions; past them there is a seam to be found."""

import ast
from collections.abc import Iterator
from pathlib import Path

import app

APP = Path(app.__file__).parent
TESTS = Path(__file__).parents[1]
MODULE, FUNCTION, ROUTE = 350, 45, 12


def functions(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Give each function: its name, its lines without docstring, whether it is a route."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            routes = any(ast.unparse(one).startswith("router.") for one in node.decorator_list)
            yield f"{path.relative_to(APP)}:{node.name}", lines, routes


def test_modules_are_short() -> None:
    long = [path.name for path in APP.rglob("*.py") if len(path.read_text(encoding="utf-8").splitlines()) > MODULE]
    assert long == []


def test_test_modules_are_short() -> None:
    found = {path.relative_to(TESTS): path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py")}
    assert len(found) > 90
    assert [str(path) for path, text in found.items() if len(text.splitlines()) > MODULE] == []


def test_functions_are_short() -> None:
    found = [one for path in sorted(APP.rglob("*.py")) for one in functions(path)]
    assert len(found) > 500
    assert [(name, lines) for name, lines, _ in found if lines > FUNCTION] == []
    assert [(name, lines) for name, lines, routes in found if routes and lines > ROUTE] == []
