"""A program as Python loops, for readers: what the compiled code does, in the same order.

Values that are used once stand where they are used. Arrays are flat; `x[3*i + 1]` is their entry in C order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from wrt.lower.kernel.program import Atom, Check, Equal, Fill, Loop, Op, Place, Program
from wrt.lower.text import COMPARE, PRODUCT, SIGN, SUM, Code, binary, call, item

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
LETTERS = "ijklmn"
SHOWN = 400  # lines of a text; longer ones are cut


def text(program: Program) -> str:
    """The loops, one after the other."""
    lines = [line for step in program.steps for line in _step(program, step)]
    rest = len(lines) - SHOWN
    return "\n".join(lines[:SHOWN] + ([f"# and {rest} lines more"] if rest > 0 else [])) + "\n"


def _name(array: str) -> str:
    return array.removeprefix("in_")


def _step(program: Program, step: Loop | Fill | Check | Equal) -> Iterator[str]:
    if isinstance(step, Fill):
        yield f"{_name(step.array)}[:] = 0"
    elif isinstance(step, Equal):
        yield f"assert all({_name(step.array)} == {step.table})"
    elif isinstance(step, Check):
        made = _Body(step.loop, "")
        condition = made.use(step.condition).text
        yield from made.lines
        yield f"assert {condition if step.value else f'not ({condition})'}"
    else:
        for depth, (low, high) in enumerate(step.box):
            start, end = (str(low), str(high)) if depth == 0 or step.cut is None else _cut(step, low, high)
            yield f"{'    ' * depth}for {LETTERS[depth]} in range({end if start == '0' else f'{start}, {end}'}):"
        made = _Body(step, "    " * len(step.box))
        for store in step.stores:
            value = made.use(store.value).text
            made.lines.append(f"{made.indent}{_name(store.array)}[{place(store.place).text}] {'+=' if store.add else '='} {value}")
        yield from made.lines


def _cut(loop: Loop, low: int, high: int) -> tuple[str, str]:
    """Where the inner label starts and ends, as expressions in the outer one."""
    assert loop.cut is not None
    first, last = loop.box[0][0], loop.box[0][1] - 1
    starts, ends = loop.cut
    start = str(low) if starts is None else place(Place(((0, 1),), starts)).text
    end = str(high) if ends is None else place(Place(((0, 1),), ends)).text
    return (
        f"max({low}, {start})" if starts is not None and first + starts < low else start,
        f"min({high}, {end})" if ends is not None and last + ends > high else end,
    )


class _Body:
    """The lines of one body."""

    def __init__(self, loop: Loop, indent: str) -> None:
        self.loop, self.indent = loop, indent
        self.lines: list[str] = []
        self.count = [0] * len(loop.ops)
        for op in loop.ops:
            if op.name not in ("const", "load", "place"):
                for value in op.args:
                    self.count[value] += 1
        for store in loop.stores:
            self.count[store.value] += 1
        self.known: dict[int, Code] = {}

    def use(self, value: int) -> Code:
        """The value as an expression; what it needs more than once gets a line before."""
        for k in range(value + 1):  # in order, without recursion
            if k not in self.known:
                op = self.loop.ops[k]
                code = self._code(op)
                if self.count[k] > 1 and op.name not in ("const", "load", "place"):
                    self.lines.append(f"{self.indent}v{k} = {code.text}")
                    code = Code(f"v{k}")
                self.known[k] = code
        return self.known[value]

    def _code(self, op: Op) -> Code:
        if op.name == "const":
            return Code(op.args[0], SIGN if op.args[0].startswith("-") else 5)
        if op.name == "load":
            return item(Code(_name(op.args[0])), place(op.args[1]).text) if op.args[1].parts or op.args[1].offset else item(Code(_name(op.args[0])), "0")
        if op.name == "place":
            return place(op.args[0])
        codes = [self.known[value] for value in op.args]
        if op.name in INFIX:
            return binary(INFIX[op.name], *codes)
        if op.name in OTHERS:
            return OTHERS[op.name](codes)
        return call(op.name, *(code.text for code in codes))


OTHERS: dict[str, Callable[[Sequence[Code]], Code]] = {
    "neg": lambda codes: Code(f"-{codes[0].inside(SIGN)}", SIGN),
    "not": lambda codes: Code(f"not {codes[0].inside(5)}", COMPARE),
    "cast": lambda codes: codes[0],
    "select": lambda codes: Code(f"({codes[1].text} if {codes[0].text} else {codes[2].text})"),
    "and": lambda codes: Code(f"({codes[0].text} and {codes[1].text})"),
    "or": lambda codes: Code(f"({codes[0].text} or {codes[1].text})"),
    "xor": lambda codes: Code(f"({codes[0].text} != {codes[1].text})"),
}


def place(at: Place) -> Code:
    """A place as an index expression."""
    total: Code | None = None
    for atom, c in at.parts:
        code = _atom(atom)
        part = code if c == 1 else Code(f"{c}*{code.inside(PRODUCT)}", PRODUCT)
        total = part if total is None else Code(f"{total.text} + {part.text}", SUM)
    if total is None:
        return Code(str(at.offset))
    if at.offset:
        total = Code(f"{total.text} {'+' if at.offset > 0 else '-'} {abs(at.offset)}", SUM)
    return total


def _atom(atom: Atom) -> Code:
    return Code(LETTERS[atom]) if isinstance(atom, int) else item(Code(atom.table), place(Place(atom.parts, atom.offset)).text)
