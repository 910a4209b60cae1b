"""The same program for another array library: its statements as syntax trees, functions and methods looked up in tables.

A target says how it writes a call, a method, a subscript and an assignment; everything else is Python and stays as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wrt.errors import Unsupported
from wrt.lower.numpy_source import Source
from wrt.lower.statement import Statement

MODULES = ("np", "np.linalg", "scipy.special", "scipy.linalg")
Call = Callable[[ast.Call], ast.expr]
Write = Callable[[ast.expr, str, ast.expr], ast.stmt]


@dataclass(frozen=True, slots=True)
class Target:
    """How one library says what NumPy says.

    `functions` gives for a dotted NumPy or SciPy name another name, or a function of the call; a module's name ("np") stands for
    all of its functions that are not named themselves. `methods` gives the same for methods of arrays, None where there is none.
    """

    name: str
    imports: tuple[str, ...]
    functions: Mapping[str, str | Call | None]
    methods: Mapping[str, str | Call | None] = field(default_factory=dict)
    write: Write | None = None
    subscript: Callable[[ast.Subscript], ast.expr] | None = None
    decorator: str = ""


def translated(source: Source, target: Target) -> tuple[list[Statement], list[str]]:
    """The statements and results of a program, in the target's words."""
    translator = _Translator(target)
    body = [line._replace(text=_unparsed(line.text, translator)) for line in source.body]
    return body, [_unparsed(result, translator) for result in source.results]


def _unparsed(text: str, translator: _Translator) -> str:
    indent = len(text) - len(text.lstrip())
    if text.rstrip().endswith(":"):  # the head of a loop
        return text
    return " " * indent + ast.unparse(ast.fix_missing_locations(translator.visit(ast.parse(text.strip())))).strip()


def words(text: str) -> tuple[str, ...]:
    """Names in a row."""
    return tuple(text.split())


def dotted(node: ast.expr) -> str | None:
    """np.linalg.inv as text, if the expression is such a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return None if inner is None else f"{inner}.{node.attr}"
    return None


def name(text: str) -> ast.expr:
    """A dotted name as a syntax tree."""
    return ast.parse(text, mode="eval").body


def called(function: str, arguments: Sequence[ast.expr], **keywords: ast.expr | None) -> ast.Call:
    """A call; keywords that are None are left out."""
    return ast.Call(name(function), list(arguments), [ast.keyword(k, v) for k, v in keywords.items() if v is not None])


def keyword(call: ast.Call, given: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((k.value for k in call.keywords if k.arg == given), None)


class _Translator(ast.NodeTransformer):
    """Looks up functions, methods and assignments; modules are known by their names."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def visit_Call(self, node: ast.Call) -> ast.expr:
        full = dotted(node.func)
        if not isinstance(node.func, ast.Attribute):
            self.generic_visit(node)
            return node
        root = (full or "").partition(".")[0]
        node.args = [self.visit(argument) for argument in node.args]
        for k in node.keywords:
            k.value = self.visit(k.value)
        if full is not None and root in ("np", "scipy"):
            return self._function(full, node)
        node.func.value = self.visit(node.func.value)
        given = self.target.methods.get(node.func.attr, node.func.attr)
        if given is None:
            raise _missing(self.target, f"the method .{node.func.attr}()")
        if callable(given):
            return given(node)
        node.func.attr = given
        return node

    def _function(self, full: str, node: ast.Call) -> ast.expr:
        given = self._looked_up(full)
        if callable(given):
            return given(node)
        node.func = name(given)
        return node

    def _looked_up(self, full: str) -> str | Call:
        functions = self.target.functions
        found = functions.get(full)
        if full not in functions:
            module = max((m for m in MODULES if full.startswith(f"{m}.") and m in functions), key=len, default="")
            found = f"{functions[module]}{full.removeprefix(module)}" if module else None
        if found is None:
            raise _missing(self.target, full)
        return found

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        full = dotted(node)
        if full is not None and full.partition(".")[0] in ("np", "scipy"):
            found = self._looked_up(full)
            if callable(found):
                raise _missing(self.target, full)
            return name(found)
        node.value = self.visit(node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        return self.target.subscript(node) if self.target.subscript is not None and isinstance(node.ctx, ast.Load) else node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        self.generic_visit(node)
        place = node.targets[0]
        return self.target.write(place, "=", node.value) if self.target.write is not None and isinstance(place, ast.Subscript) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        sign = "-" if isinstance(node.op, ast.Sub) else "+"
        return self.target.write(node.target, sign, node.value) if self.target.write is not None and isinstance(node.target, ast.Subscript) else node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if self.target.write is not None and isinstance(call, ast.Call) and dotted(call.func) == "np.add.at":
            place, index, value = (self.visit(argument) for argument in call.args)
            return self.target.write(ast.Subscript(place, index, ast.Store()), "at", value)
        self.generic_visit(node)
        return node


def _missing(target: Target, what: str) -> Unsupported:
    return Unsupported(f"{target.name} has no {what}, which this derivative needs.", advice='Take the NumPy code: target="numpy".')
