"""Writes docs/formulas.md: what wrt prints for every problem of the public corpus beside the closed form of the literature, and the figures.

    python docs/make_formulas.py [corpus_public.json]

Length is counted in symbols: names, numbers, operators and superscripts of the printed line, definitions after "with" included; parentheses, brackets,
commas and spaces are not counted. The closed forms are read by wrt's own parser and printed without any simplification, in the same layout
(the array's: gradients as columns), so that both sides are counted alike.
"""

import json
import os
import re
import statistics
import sys
import time

import wrt  # noqa: F401  # completes the catalogue
from wrt.api.formula_source import TextSource, build, declared_shapes
from wrt.differentiate.accumulate import jacobian
from wrt.errors import WrtError
from wrt.graph.size import NeedsSizes
from wrt.notation.describe import describe
from wrt.notation.formula import formula
from wrt.notation.idiom import prepared
from wrt.notation.matrix import Matrices

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, os.pardir, "tests", "data", "corpus_public.json")
NUMBERS = {"N": 4, "M": 3, "D": 3, "K": 2, "P": 3, "B": 2}  # where an operation needs sizes as numbers
TOKEN = re.compile(r"[^\W\d_]\w*?(?=[ᵀ⁻⁰¹²³⁴⁵⁶⁷⁸⁹₀-₉]|\b)|\d+(?:\.\d+)?|[½⅓⅔¼¾]|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+ᵀ?|ᵀ|⊙\d|[−+/⊙⊘⊗=<>≤≥≠|‖^]")


def symbols(text):
    """How many symbols a reader meets."""
    return len(TOKEN.findall(text.replace("‖_F", "‖").replace(", with ", " ").replace("axis=", " ")))


def derived(problem, numbers=None):
    """The formula as the array is stored (gradients as columns)."""
    names = (problem["wrt"],) if isinstance(problem["wrt"], str) else tuple(problem["wrt"])
    shapes = {name: " ".join(str((numbers or {}).get(s, s)) for s in shape) for name, shape in problem["vars"].items()}
    built = build(TextSource(problem["expr"], None), declared_shapes(shapes), names)
    by = [built.variables[name] for name in names]
    m = jacobian(prepared(built.node), [by[0]])[by[0]]
    inner = None
    if len(by) == 2:
        inner = (names[0], by[0].ndim)
        m = jacobian(prepared(m.to_dense()), [by[1]])[by[1]]
    gradient = not m.shape_out
    matrices = Matrices(symmetric=problem["assumes_symmetric"])  # as the closed form does
    return formula(m, matrices, variable=names[-1], inner=inner, layout="denominator" if gradient else "numerator")


def literature(problem):
    """The closed form in wrt's notation, not simplified; its Python text where it cannot be read."""
    shapes = dict(problem["vars"])
    said = []
    try:
        for name, code in [*problem["closed_let"].items(), ("", problem["closed"])]:
            used = {v: " ".join(map(str, s)) for v, s in shapes.items() if re.search(rf"\b{v}\b", code)}
            built = build(TextSource(code, None), declared_shapes(used), tuple(used)[:1])
            said.append(f"{name} = {describe(built.node)}" if name else describe(built.node))
            shapes[name] = [str(size).replace(" ", "") for size in built.node.shape]
    except (WrtError, NotImplementedError, KeyError, IndexError):
        lets = "".join(f", {name} = {code}" for name, code in problem["closed_let"].items())
        return (problem["closed"] + lets).replace("np.", "").replace("linalg.", ""), False
    *lets, last = said
    return last + (", with " + ", ".join(lets) if lets else ""), True


def is_plain(problem):
    """Whether the literature says it with matrices: at most two axes, no einsum."""
    return len(problem["shape"]) <= 2 and "einsum" not in problem["closed"] + "".join(problem["closed_let"].values())


def main():
    given = [a for a in sys.argv[1:] if not a.startswith("--")]
    path = given[0] if given else CORPUS
    with open(path) as file:
        problems = json.load(file)["problems"]
    rows, ratios, times = [], [], []
    plain = printed = unsaid = 0
    for problem in problems:
        start = time.perf_counter()
        try:
            made = derived(problem)
        except NeedsSizes:
            made = derived(problem, NUMBERS)
        ours = made.text()
        times.append(time.perf_counter() - start)
        theirs, read = literature(problem)
        unsaid += ours == "no formula"
        if is_plain(problem):
            plain += 1
            printed += made.expression is not None
            if read and made.expression is not None:
                ratios.append((symbols(ours) / symbols(theirs), problem["id"]))
        by = problem["wrt"] if isinstance(problem["wrt"], str) else ", ".join(problem["wrt"])
        rows.append(f"| `{problem['expr']}` | {by} | {cell(ours)} | {cell(theirs)} |")
    figures = (
        f"{printed} of {plain} closed forms in plain matrix notation ({printed / plain:.1%}) are printed as matrix notation; "
        f"length: median {statistics.median(r for r, _ in ratios):.2f} × the closed form's over {len(ratios)} of these; "
        f"{unsaid} of {len(problems)} without a formula."
    )
    with open(os.path.join(HERE, "formulas.md"), "w") as file:
        file.write(PAGE.format(figures=figures) + "\n".join(rows) + "\n")
    print(figures)
    print(f"derive and print: median {statistics.median(times) * 1e3:.1f} ms, worst {max(times) * 1e3:.0f} ms")
    if "--long" in sys.argv:
        for ratio, name in sorted(ratios, reverse=True)[:40]:
            print(f"{ratio:.2f} {name}")


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


PAGE = """# Formulas beside the literature

What `wrt.derive` prints for the problems of the public corpus, beside the closed form of the literature (Matrix Cookbook, Wikipedia's tables,
Mathematics for Machine Learning, Magnus & Neudecker, Rasmussen & Williams, …). Written by `docs/make_formulas.py`. Both in the layout of the array:
gradients are columns, a scalar by a matrix has the matrix's shape, so that the columns can be compared; `wrt.derive` prints the numerator layout
unless asked. Literature is read by wrt's parser and printed as it stands. Where the closed form assumes a symmetric matrix, so does ours.

{figures} Length is counted in symbols: names, numbers, operators and superscripts; parentheses, commas and spaces are not.

| expression | by | wrt | literature |
| --- | --- | --- | --- |
"""

if __name__ == "__main__":
    main()
