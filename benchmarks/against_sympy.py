"""wrt beside SymPy on the corpus of known derivatives: one process, one run, judged by value.

    python benchmarks/against_sympy.py [--rows]      (--rows: what became of each row)

Each row of tests/data/corpus_public.json is read by wrt's parser, and its tree is written again as a SymPy matrix expression:
symbolic sizes, vectors as columns. A row with an operation that SymPy has no words for cannot be entered. The others are
entered in three ways and the best outcome is counted: scalars made of matrices as 1×1 matrices, or as traces, both with
.diff(x); and derive_by_array by the entries of x, where their number is known. SymPy's values may have their axes in any order
and any vec; wrt's must have the shape of f and then that of x. Times, of the processor, hold entering and printing too.
"""

from __future__ import annotations

import runpy
import signal
import sys
import tomllib
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from itertools import permutations
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

import wrt
from wrt.trace.syntax import Attribute, Binary, Call, Constant, List, Name, Node, Number, Slice, Subscript, Transpose, Unary
from wrt.trace.text import parse

ROOT = Path(__file__).parents[1]
LIMIT = 10.0  # seconds of processor time for one row in one way, so that other programs do not count
WAYS = ("1×1", "traces", "entries")
WORDS = ("right", "unevaluated", "raises", "not evaluable", "wrong", "cannot enter")  # the best first: an error is better than a wrong answer


class CannotEnter(Exception):
    """The row has an operation that SymPy's matrix expressions have no words for."""


class Outcome(NamedTuple):
    """What became of a row: a word, what was printed, and the seconds that took."""

    word: str
    shown: str
    seconds: float = 0.0


class Value(NamedTuple):
    """A SymPy expression and the number of axes that NumPy would give it; a 1-D array is a column."""

    e: Any
    ndim: int = 0


size = partial(sp.Symbol, integer=True, positive=True)
ENTRYWISE: dict[str, Callable[[Any], Any]] = {name: getattr(sp, name) for name in ("exp", "log", "sin", "cos", "tanh", "sign", "erf")} | {
    "abs": sp.Abs, "gammaln": sp.loggamma, "expit": lambda z: 1 / (1 + sp.exp(-z)), "relu": lambda z: sp.Max(z, 0),
}  # fmt: skip
DIRECT: dict[str, Callable[..., Value]] = {
    "tr": lambda v: Value(sp.Trace(v.e)), "trace": lambda v: Value(sp.Trace(v.e)), "det": lambda v: Value(sp.Determinant(v.e)),
    "inv": lambda v: Value(sp.Inverse(v.e), 2), "solve": lambda v, b: Value(sp.Inverse(v.e) * b.e, b.ndim), "matrix_power": lambda v, k: Value(v.e**k.e, 2),
    "eye": lambda n: Value(sp.Identity(n.e), 2), "vector": lambda v: v, "outer": lambda v, b: Value(v.e * b.e.T, 2),
    "diag": lambda v: Value(sp.DiagMatrix(v.e), 2) if v.ndim == 1 else Value(sp.DiagonalOf(v.e), 1),
    "kron": lambda v, b: Value(sp.KroneckerProduct(v.e, b.e), v.ndim), "cross": lambda v, b: Value(v.e.as_explicit().cross(b.e.as_explicit()), 1),
}  # fmt: skip


class Entry:
    """Writes a tree as a SymPy expression."""

    def __init__(self, problem: Mapping[str, Any], way: str) -> None:
        self.traces, self.matrixcalculus = way == "traces", problem["text"] is not None
        self.variables: dict[str, Value] = {}
        for name, shape in problem["vars"].items():
            if len(shape) > 2:
                raise CannotEnter(f"{name} has {len(shape)} axes")
            sizes = [size(s) if isinstance(s, str) else s for s in shape]
            symbol = sp.MatrixSymbol(name, *sizes, *[1] * (2 - len(sizes))) if shape else sp.Symbol(name, real=True)
            self.variables[name] = Value(symbol, len(shape))

    def scalar(self, e: Any) -> Value:
        """A matrix product of one entry."""
        return Value(sp.Trace(e) if self.traces else e)

    def read(self, node: Node) -> Value:
        match node:
            case Number(value=number): return Value(sp.Rational(str(number)))
            case Name(name=name): return self.variables.get(name) or Value(size(name))
            case Unary(op="-", operand=operand): return self.binary("*", Value(sp.S.NegativeOne), self.read(operand))
            case Transpose(operand=value) | Attribute(value=value, name="T"):
                v = self.read(value)
                return Value(v.e.T, 2) if v.ndim == 2 or (v.ndim and self.matrixcalculus) else v
            case Binary(op=op, left=left, right=right): return self.binary(op, self.read(left), self.read(right))
            case Subscript(value=Call(function=Attribute(name="slogdet"), args=(square,)), indices=(Number(value=1),)):
                return Value(sp.log(sp.Abs(sp.Determinant(self.read(square).e))))
            case Subscript(value=value, indices=(Number(value=k),)): return Value(self.read(value).e[k, 0])
            case Subscript(value=value, indices=(Slice(start=None, stop=None, step=None), Constant(value=None))): return Value(self.read(value).e, 2)
            case Subscript(value=value, indices=(Constant(value=None), Slice(start=None, stop=None, step=None))): return Value(self.read(value).e.T, 2)
            case Call(function=Attribute(name="array" | "concatenate" as name), args=(List(items=items),)):
                rows = [[self.read(entry).e for entry in (row.items if isinstance(row, List) else (row,))] for row in items]
                return Value(sp.ImmutableDenseMatrix(rows) if name == "array" else sp.BlockMatrix(rows), 1 + isinstance(items[0], List))
            case Call(function=function, args=(_, *_) as args, keywords=keywords):
                return self.call(function.name, list(map(self.read, args)), {k.name: getattr(k.value, "value", None) for k in keywords})
        raise CannotEnter(type(node).__name__)

    def binary(self, op: str, a: Value, b: Value) -> Value:
        match op:
            case "-": return self.binary("+", a, Value(-b.e, b.ndim))
            case "+" if a.e.is_Matrix or b.e.is_Matrix:
                first, second, ndim = self.common(a, b)
                return Value(first + second, ndim)
            case "+": return Value(a.e + b.e)
            case "@" | "times" if a.ndim and b.ndim: return self.product(a, b)
            case "*" | "times": return self.times(a, b)
            case "/" | "over": return self.times(a, self.power(b, sp.S.NegativeOne))
            case "power" if a.ndim == 2 and b.ndim == 0: return Value(a.e**b.e, 2)
            case "**" | "power" if not b.e.is_Matrix: return self.power(a, b.e)
        raise CannotEnter(op)

    def product(self, a: Value, b: Value) -> Value:
        """`@`, and matrixcalculus.org's `*`."""
        if self.matrixcalculus:
            e = a.e * b.e
            return self.scalar(e) if e.shape == (1, 1) else Value(e, 1 + (e.shape[1] != 1))
        if a.ndim == 1:
            return self.scalar(a.e.T * b.e) if b.ndim == 1 else Value(b.e.T * a.e, 1)
        return Value(a.e * b.e, b.ndim)

    def common(self, a: Value, b: Value) -> tuple[Any, Any, int]:
        """Both in the same shape, as NumPy broadcasts, by products with matrices of ones; and their number of axes."""
        ndim = max(a.ndim, b.ndim)
        turned = [v.e.T if v.ndim == 1 and ndim == 2 else v.e for v in (a, b)]
        shapes = [e.shape if e.is_Matrix else (1, 1) for e in turned]
        m, n = (second if first == 1 else first for first, second in zip(*shapes, strict=True))
        spread = []
        for e in turned:
            if not e.is_Matrix:
                e = e * (sp.Identity(1) if (m, n) == (1, 1) else sp.OneMatrix(m, n))
            e = sp.OneMatrix(m, 1) * e if e.shape[0] != m else e
            spread.append(e * sp.OneMatrix(1, n) if e.shape[1] != n else e)
        return *spread, ndim

    def times(self, a: Value, b: Value) -> Value:
        """Scaling, or the product entry by entry."""
        if a.ndim and b.ndim:
            first, second, ndim = self.common(a, b)
            return Value(sp.HadamardProduct(first, second), ndim)
        s, v = (a, b) if a.ndim == 0 else (b, a)
        if not (s.e.is_Matrix and v.e.is_Matrix):
            return Value(s.e * v.e, v.ndim)
        return Value(v.e * s.e if v.e.shape[1] == 1 else (s.e if v.e.shape[0] == 1 else sp.Trace(s.e)) * v.e, v.ndim)

    def power(self, v: Value, k: Any) -> Value:
        return Value(v.e.applyfunc(lambda z: z**k) if v.ndim else v.e**k, v.ndim)

    def sum(self, v: Value, axis: int | None = None, keepdims: bool = False) -> Value:
        ones = [sp.OneMatrix(1, v.e.shape[0]), sp.OneMatrix(v.e.shape[1], 1)]
        if axis is None or v.ndim == 1:
            return self.scalar(ones[0] * v.e if v.ndim == 1 else ones[0] * v.e * ones[1])
        e = v.e * ones[1] if axis == 1 else ones[0] * v.e
        return Value(e if keepdims or axis == 1 else e.T, 1 + keepdims)

    def call(self, name: str, args: list[Value], options: dict[str, Any]) -> Value:
        v = args[0]
        match name, args:
            case _, [_] if name in ENTRYWISE: return Value(v.e.applyfunc(ENTRYWISE[name]) if v.e.is_Matrix else ENTRYWISE[name](v.e), v.ndim)
            case _, _ if name in DIRECT: return DIRECT[name](*args)
            case "sqrt", [_]: return self.power(v, sp.S.Half)
            case "maximum", [_, Value(e=sp.S.Zero)]: return self.call("relu", [v], {})
            case "logaddexp", [Value(e=sp.S.Zero), z]: return self.call("log", [self.binary("+", Value(sp.S.One), self.call("exp", [z], {}))], {})
            case ("norm" | "norm2"), [_]: return self.power(self.scalar(v.e.T * v.e) if v.ndim == 1 else Value(sp.Trace(v.e.T * v.e)), sp.S.Half)
            case "sum", [_]: return self.sum(v, **options)
            case "mean", [_]: return self.binary("/", self.sum(v, **options), Value(v.e.shape[options["axis"]] if "axis" in options else sp.prod(v.e.shape)))
            case "softmax", [_]: return self.binary("/", e := self.call("exp", [v], {}), self.sum(e, **options, keepdims=v.ndim == 2))
            case "logsumexp", [_]: return self.call("log", [self.sum(self.call("exp", [v], {}), **options)], {})
        raise CannotEnter(name)


def stop(*_: object) -> None:
    raise TimeoutError(f"more than {LIMIT:.0f} s")


def asked(problem: Mapping[str, Any]) -> tuple[str, Any]:
    """The row's text and its grammar."""
    return (problem["text"], "matrixcalculus") if problem["text"] else (problem["expr"], "numpy")


def differentiated(problem: Mapping[str, Any], way: str) -> Any:
    """The derivative as SymPy gives it."""
    entry = Entry(problem, way)
    e = entry.read(parse(*asked(problem)).tree).e
    for name in [problem["wrt"]] if isinstance(problem["wrt"], str) else problem["wrt"]:
        x = entry.variables[name].e
        if way != "entries":
            e = e.diff(x)
        elif x.is_Matrix and all(isinstance(n, sp.Integer) for n in x.shape):
            e = sp.derive_by_array(e.as_explicit() if e.is_Matrix else e, x.as_explicit())
        else:
            raise CannotEnter("x has as many entries as its symbolic size says")
    return e


def at(e: Any, sizes: Mapping[str, int], values: Mapping[str, Any]) -> Any:
    """A SymPy expression in numbers."""
    e = sp.sympify(e).subs({size(name): n for name, n in sizes.items()})
    matrices = {name: sp.ImmutableDenseMatrix(value) for name, value in values.items() if np.ndim(value)}  # 1-D arrays become columns
    known = {sp.MatrixSymbol(name, *matrix.shape): matrix for name, matrix in matrices.items()}
    known |= {sp.Symbol(name, real=True): sp.Float(float(value)) for name, value in values.items() if np.ndim(value) == 0}
    e = e.xreplace(known).replace(lambda part: isinstance(part, sp.OneMatrix | sp.Identity | sp.ZeroMatrix), lambda part: part.as_explicit()).doit()
    return np.array(e.as_explicit() if hasattr(e, "as_explicit") else e).astype(float)


def agrees(found: Any, expected: Any) -> bool:
    """Equal as numbers, whatever the order of the axes and the vec."""
    found, expected = np.squeeze(found), np.squeeze(expected)
    views = (np.reshape(expected.transpose(axes), found.shape, order) for axes in permutations(range(expected.ndim)) for order in ("C", "F"))
    return found.size == expected.size and any(np.allclose(found, view, rtol=1e-7, atol=1e-9) for view in views)


def sympy_outcome(problem: Mapping[str, Any], way: str, points: list[Any]) -> Outcome:
    word, shown, start, seconds = "raises", "", process_time(), 0.0
    signal.setitimer(signal.ITIMER_PROF, LIMIT, 1.0)  # and again each second: a broad `except` may catch the first
    try:
        e = differentiated(problem, way)
        shown, seconds = str(e), process_time() - start
        if "Derivative(" in shown:
            return Outcome("unevaluated", shown, seconds)
        word = "not evaluable"
        right = all(agrees(at(e, sizes, values), expected) for sizes, values, expected in points)
    except CannotEnter as why:
        return Outcome("cannot enter", str(why))
    except Exception as why:  # noqa: BLE001  # what it raises is counted
        return Outcome(word, f"{shown} {type(why).__name__}: {why}".strip(), seconds or process_time() - start)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
    return Outcome("right" if right else "wrong", shown, seconds)


def wrt_outcome(problem: Mapping[str, Any], points: list[Any]) -> Outcome:
    text, dialect = asked(problem)
    start = process_time()
    try:
        d = wrt.derive(text, wrt=problem["wrt"], shapes=problem["vars"], dialect=dialect)
        shown, seconds = str(d), process_time() - start
        found = [(d(**values), expected) for _, values, expected in points]
    except wrt.WrtError as why:
        return Outcome("refused", str(why), process_time() - start)
    right = all(value.shape == expected.shape and np.allclose(value, expected, rtol=1e-7, atol=1e-9) for value, expected in found)
    return Outcome("right" if right else "wrong", shown, seconds)


def table(head: str, rows: Mapping[str, list[Any]]) -> None:
    print(f"\n| {head} |\n|{' --- |' * (1 + head.count('|'))}")
    for label, cells in rows.items():
        print(f"| {label} | {' | '.join(map(str, cells))} |")


def main() -> None:
    """Run every row and print what came out."""
    warnings.simplefilter("ignore")  # SymPy's own deprecations
    signal.signal(signal.SIGPROF, stop)
    data = runpy.run_path(str(ROOT / "tests/data/points.py"))
    problems = {problem["id"]: problem for problem in data["load"](ROOT / "tests/data/corpus_public.json")}
    theirs: dict[str, dict[str, Outcome]] = {}
    ours: dict[str, Outcome] = {}
    wrt_outcome(problems["sv-linear"], []), sympy_outcome(problems["sv-linear"], "1×1", [])  # the first call of each imports
    for name, problem in problems.items():
        points = list(data["points"](problem, seeds=(0,)))
        theirs[name] = {way: sympy_outcome(problem, way, points) for way in WAYS}
        theirs[name]["best"] = min(theirs[name].values(), key=lambda o: WORDS.index(o.word))
        ours[name] = wrt_outcome(problem, points)
        if "--rows" in sys.argv:
            print(f"{name}: wrt {ours[name].word}, SymPy {theirs[name]}", flush=True)
    entered = [name for name in problems if theirs[name]["best"].word != "cannot enter"]
    first = [theirs[name]["best"] for name in entered if problems[name]["order"] == 1]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, SymPy {sp.__version__}, wrt {version}; {len(problems)} rows, {len(entered)} entered")
    sides = {f"SymPy, {way}": [theirs[name][way] for name in entered] for way in (*WAYS[:2], "best")} | {"wrt": [ours[name] for name in entered]}
    sides |= {f"SymPy, best, {len(first)} of first order": first, f"wrt, all {len(problems)} rows": list(ours.values())}
    words = (*WORDS[:-1], "refused")
    table(" | ".join(["", *words]), {side: [[o.word for o in outcomes].count(word) for word in words] for side, outcomes in sides.items()})
    both = [name for name in entered if theirs[name]["best"].word in ("right", "wrong") and ours[name].word == "right"]
    seconds = {"SymPy": [theirs[name]["best"].seconds for name in both], "wrt": [ours[name].seconds for name in both]}
    rows = {side: [f"{median(taken) * 1e3:.1f}", f"{max(taken) * 1e3:.0f}"] for side, taken in seconds.items()}
    table(f"derivation, ms, {len(both)} rows that both answer | median | worst", rows)
    silent = [name for name in entered if theirs[name]["best"].word != "right" and any(o.word == "wrong" for o in theirs[name].values())]
    print(f"\n{len(silent)} rows where no way is right and SymPy prints a wrong derivative (* whichever way it is entered):")
    for name in silent:
        print(f"{'*' if theirs[name]['best'].word == 'wrong' else ' '} {name}: by {problems[name]['wrt']}, {asked(problems[name])[0]}")
        for shown in dict.fromkeys(theirs[name][way].shown for way in WAYS if theirs[name][way].word == "wrong"):
            print("     ", shown)


if __name__ == "__main__":
    main()
