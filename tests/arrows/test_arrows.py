"""The architecture as a table: which part of wrt may import which, and what else holds for every source file."""

import ast
import graphlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import wrt

PACKAGE = Path(__file__).parents[2] / "src" / "wrt"

BASE = {"errors", "graph", "linear", "ops"}
MIDDLE = {"trace", "differentiate", "simplify", "lower", "notation"}
USES = {"solvers", "geometry", "probability", "distributed", "plot"}
DOORS = {"notebook", "cli", "web"}
ALL_BELOW_USES = BASE | MIDDLE | {"numeric", "api"}

# A part (a module or package right under wrt) -> the parts it may import besides itself. "wrt" is the package's own __init__:
# whoever imports it can reach everything, so only the rim may.
MAY = {
    "errors": set(),
    "graph": {"errors"},
    "linear": {"errors", "graph"},
    "ops": {"errors", "graph", "linear"},
    **dict.fromkeys(MIDDLE, BASE),  # not each other: they meet at the graph
    "numeric": {"errors"},  # the independent judge of every rule
    "api": BASE | MIDDLE | {"numeric"},
    **dict.fromkeys(USES, ALL_BELOW_USES),
    "plot": ALL_BELOW_USES | {"geometry"},  # pictures of maps show what geometry finds
    **dict.fromkeys(DOORS, ALL_BELOW_USES | USES | {"wrt"}),
    "examples": {"wrt", "errors", "numeric", "api"} | USES | DOORS,  # what a user may import, too
    "__main__": {"cli"},
    "wrt": {"errors", "api"},  # at import, so that the first Jacobian does not wait; later, by __getattr__, anything
}

# Third-party packages that a part may import at import time. Everything else but NumPy is imported inside functions.
EAGER = {"cli": {"rich", "typer"}, "plot": {"matplotlib"}}  # plot: in picture.py alone, which is imported when the first picture is drawn

SMELL, LIMIT = 500, 600  # lines of a file


class Import(NamedTuple):
    """One import: module `source` (at `place`) imports `target`; lazily means inside a function."""

    place: str
    source: str
    target: str
    lazy: bool
    typing: bool


def modules(package: Path) -> dict[str, Path]:
    """Every module under the package by its dotted name."""
    names = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def part(module: str) -> str:
    """wrt.graph.node -> graph; wrt -> wrt."""
    return module.split(".")[1] if "." in module else module


def targets(node: ast.AST, base: list[str], known: set[str], has_wrt: bool) -> list[str]:
    """The modules that one syntax node imports; `base` is the package that relative names start from."""

    def absolute(level: int, name: str) -> str:
        return ".".join([*base[: len(base) - level + 1], *name.split(".")]).rstrip(".") if level else name

    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            source = absolute(level, module or "")
            full = [f"{source}.{alias.name}" for alias in names]
            return [name if name in known or (source == "wrt" and part(name) in MAY) else source for name in full]
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]):
            level = len(name) - len(name.lstrip("."))
            return [absolute(level, name[level:])] if called in {"import_module", "__import__"} else []
        case ast.Attribute(value=ast.Name(id="wrt"), attr=name) if has_wrt and name in MAY:
            return [f"wrt.{name}"]  # `import wrt`, then wrt.graph
    return []


def imports(package: Path) -> Iterator[Import]:
    """Every import of every module, wherever in the file and however written."""
    known = modules(package)
    for source, path in known.items():
        yield from imports_of(source, path, f"src/{path.relative_to(package.parent).as_posix()}", set(known))


def imports_of(source: str, path: Path, shown: str, known: set[str]) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    base = source.split(".") if path.name == "__init__.py" else source.split(".")[:-1]
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    has_wrt = any(name.split(".")[0] == "wrt" for name in imported)  # else `wrt` is a variable: the option wrt=

    def visit(node: ast.AST, lazy: bool, typing: bool) -> Iterator[Import]:
        for target in targets(node, base, known, has_wrt):
            yield Import(f"{shown}:{node.lineno}", source, target, lazy, typing)
        lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        only_types = isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        for child in ast.iter_child_nodes(node):
            yield from visit(child, lazy, typing or (only_types and child not in node.orelse))

    return visit(tree, lazy=False, typing=False)


def violations(package: Path) -> list[str]:
    """Imports that the table does not allow, as `src/wrt/graph/bad.py:2  graph -> api`."""
    wrong = []
    for place, source, target, lazy, typing in imports(package):
        here, there = part(source), part(target)
        if here not in MAY:
            wrong.append(f"{place}  {here} has no line in the table MAY")
        elif target.split(".")[0] == "wrt":
            if here != there and there not in MAY[here] and not (here == "wrt" and (lazy or typing)):
                wrong.append(f"{place}  {here} -> {there}")
        elif not (lazy or typing) and target.split(".")[0] not in sys.stdlib_module_names | {"numpy"} | EAGER.get(here, set()):
            wrong.append(f"{place}  {target} must be imported inside the function that needs it")
    return wrong


def cycle(package: Path) -> list[str]:
    """Modules that import each other in a ring, lazily or not; empty if there is none. Imports for types alone do not count."""
    needs = {name: set() for name in modules(package)}
    for each in imports(package):
        if each.target in needs and each.source not in {each.target, "wrt"} and not each.typing:
            needs[each.source].add(each.target)
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_imports_point_down():
    assert violations(PACKAGE) == []


def test_every_part_is_in_the_table():
    assert {part(name) for name in modules(PACKAGE)} <= set(MAY)


def test_no_cycles():
    assert cycle(PACKAGE) == []


def test_files_are_short():
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules(PACKAGE).items()}
    long = "; ".join(f"{name} has {count} lines" for name, count in lines.items() if count > SMELL)
    if long:
        warnings.warn(f"split soon, {LIMIT} lines are the limit: {long}", stacklevel=1)
    assert max(lines.values()) <= LIMIT, long


def test_every_module_has_a_docstring():
    assert [name for name, path in modules(PACKAGE).items() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_every_public_name_has_a_docstring():
    public = {name for name in (*dir(wrt), *wrt.__all__) if not name.startswith("_")}
    assert public
    assert [name for name in public if not (getattr(wrt, name).__doc__ or "").strip()] == []


# ----- the checker itself: a test that cannot fail proves nothing -----


def plant(folder: Path, **files: str) -> Path:
    """A package wrt of the given files, written graph__bad for graph/bad.py."""
    for name, text in {"__init__": "", **files}.items():
        path = folder / "wrt" / (name if name.startswith("__") else name.replace("__", "/", 1))
        path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "wrt"


@pytest.mark.parametrize(
    "text",
    [
        "import wrt.api",
        "import wrt.api.verbs as v",
        "from wrt import api",
        "from wrt.api import verbs",
        "from .. import api",
        "from ..api import verbs",
        "from ..api.verbs import jacobian",
        "def f():\n    from ..api import verbs",
        "class C:\n    async def f(self):\n        import wrt.api",
        "import importlib\nimportlib.import_module('wrt.api')",
        "__import__('wrt.api')",
        "from importlib import import_module\nimport_module('..api', __package__)",
        "if TYPE_CHECKING:\n    from wrt.api import Jacobian",
        "try:\n    import wrt.api\nexcept ImportError:\n    pass",
    ],
)
def test_an_upward_import_is_caught(tmp_path, text):
    package = plant(tmp_path, graph__bad=text)
    line = 1 + next(i for i, row in enumerate(text.splitlines()) if "api" in row)
    assert violations(package) == [f"src/wrt/graph/bad.py:{line}  graph -> api"]


def test_a_door_left_open_is_caught(tmp_path):
    package = plant(
        tmp_path,
        __init__="from wrt.errors import WrtError\nfrom wrt.notation import text\ndef __getattr__(name):\n    from wrt.notation import text\n",
        errors="",
        ops__sum="import wrt\n",
        trace__text="from wrt.notation import text\n",
        numeric__limits="from wrt.graph import node\n",
        examples__demo="import wrt\nwrt.jacobian\nwrt.plot.show\nwrt.graph.node\n",
        utils="import math\n",
    )
    assert violations(package) == [
        "src/wrt/__init__.py:2  wrt -> notation",
        "src/wrt/examples/demo.py:4  examples -> graph",
        "src/wrt/numeric/limits.py:1  numeric -> graph",
        "src/wrt/ops/sum.py:1  ops -> wrt",
        "src/wrt/trace/text.py:1  trace -> notation",
        "src/wrt/utils.py:1  utils has no line in the table MAY",
    ]


def test_an_eager_library_is_caught(tmp_path):
    package = plant(
        tmp_path,
        lower__numba="import numba\ndef f():\n    import numba",
        cli__main="import typer",
        ops__special="import math\nimport numpy.linalg",
    )
    assert violations(package) == ["src/wrt/lower/numba.py:1  numba must be imported inside the function that needs it"]


@pytest.mark.parametrize(
    "text",
    [
        "from __future__ import annotations",
        "import numpy as np",
        "from . import order",
        "from ..graph.node import Node",
        "from wrt.errors import WrtError",
        "def f(wrt):\n    return wrt.notation",
    ],
)
def test_a_downward_import_passes(tmp_path, text):
    assert violations(plant(tmp_path, differentiate__linearize=text, differentiate__order="", graph__node="")) == []


def test_a_cycle_is_caught(tmp_path):
    package = plant(
        tmp_path,
        graph____init__="from .node import Node",
        graph__node="def f():\n    from . import walk",
        graph__walk="from . import Node",
    )
    assert set(cycle(package)) == {"wrt.graph", "wrt.graph.node", "wrt.graph.walk"}
    plant(tmp_path, graph__walk="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import Node")
    assert cycle(package) == []
