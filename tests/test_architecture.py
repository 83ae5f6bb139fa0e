"""The house plan, kept by a test: who may import whom, which rooms are pure, how long a file may be.

docs/architecture.md explains the floors; this file is what holds them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "bootbeam"
FLOORS: dict[str, int] = {
    "errors": 0,
    "machine": 0,
    "wire": 1,
    "formats": 1,
    "settings": 1,
    "net": 1,
    "pxe": 2,
    "tftp": 2,
    "boot": 3,
    "install": 3,
    "journal": 3,
    "library": 4,
    "servers": 5,
    "lab": 5,
    "doctor": 5,
    "web": 5,
    "station": 6,
    "bench": 6,
    "cli": 7,
    "__init__": 7,
    "__main__": 8,
}
PURE_ROOMS = ("wire", "formats", "pxe", "tftp", "boot", "install")
IMPURE_MODULES = frozenset(
    {
        "asyncio",
        "fcntl",
        "glob",
        "io",
        "logging",
        "mmap",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "aiohttp",
        "psutil",
        "typer",
        "rich",
        "sqlalchemy",
    }
)
IMPURE_CALLS = frozenset({"open", "print", "input", "exec", "eval"})
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Every module that ``path`` imports, wherever in the file, by its full name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} == set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_and_never_across(path: Path) -> None:
    room = room_of(path)
    for module in imports_of(path):
        steps = module.split(".")
        if steps[0] != "bootbeam" or len(steps) < 2 or steps[1] == room:
            continue
        other = steps[1] if steps[1] in FLOORS else "__init__"
        if other == "__init__":
            continue  # the package's own version
        assert FLOORS[other] < FLOORS[room], f"{room} (floor {FLOORS[room]}) imports {module}"


@pytest.mark.parametrize(
    "path", [p for p in FILES if room_of(p) in PURE_ROOMS], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_pure_rooms_touch_nothing(path: Path) -> None:
    for module in imports_of(path):
        assert module.split(".")[0] not in IMPURE_MODULES, f"{path} imports {module}"
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_CALLS, f"{path}:{node.lineno} calls {node.func.id}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, f"{path}:{node.lineno} {node.name}"


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.name not in ("__main__.py",)], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_every_file_says_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert docstring
    assert len(docstring) > 10


def test_the_plan_names_every_room() -> None:
    plan = (SOURCE.parents[1] / "docs" / "architecture.md").read_text("utf-8")
    for room in FLOORS:
        assert room.startswith("__") or f"`{room}" in plan, f"docs/architecture.md does not name {room}"
