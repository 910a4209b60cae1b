"""A graph as a NumPy function: one statement for each value that is used more than once, the rest as nested expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from wrt.graph.nest import terms_of, uniform
from wrt.graph.node import Contents, Held, Node, Scalar, array_of, number
from wrt.graph.size import Size, symbols_in
from wrt.graph.walk import topological, uses
from wrt.lower import buffer, gram, nest_source, triangle_dot
from wrt.lower.inverse import is_solved
from wrt.lower.merge import merged
from wrt.lower.rows import LENGTH, RowBlocks, row_blocks
from wrt.lower.statement import Statement, needed, printed
from wrt.lower.text import COMPARE, LEVEL, Code, binary, call, item, sign
from wrt.lower.text import number as number_code
from wrt.lower.text import size as size_code
from wrt.lower.tune import tuned
from wrt.ops.catalog import OPERATIONS

_CHEAP = re.compile(r"-?[^\W\d]\w*(\[(-?\d+|:|None)(, (-?\d+|:|None))*\])?(\.T)?|-?[\d.]+(e[-+]?\d+)?")
_HELPERS = (gram, triangle_dot)
LONG = 72  # an expression of more characters gets a line of its own

Comment = Callable[[Node], str | None]


class Guard(Protocol):
    """A choice that the traced function made: right where `holds` of the nodes' arrays is true; `value` is what was read."""

    @property
    def nodes(self) -> tuple[Node, ...]: ...
    @property
    def value(self) -> Any: ...
    def holds(self, arrays: Sequence[Any]) -> bool: ...


@dataclass(slots=True)
class Source:
    """Python text that defines one function, and the arrays that it refers to by name.

    `arguments`, `body` and `results` are the same in parts, for printers of other targets.
    """

    name: str
    text: str
    held: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    body: tuple[Statement, ...] = ()
    results: tuple[str, ...] = ()

    @property
    def imports(self) -> str:
        """The import lines that the text needs."""
        modules = ["numpy as np", *sorted(set(re.findall(r"\bscipy\.[a-z]+(?=\.)", self.text)))]
        return "".join(f"import {module}\n" for module in modules)

    @property
    def helpers(self) -> str:
        """The functions that the text calls beside its libraries'."""
        return "".join(f"\n{helper.HELPER}" for helper in _HELPERS if helper.is_called(self.text))

    def __str__(self) -> str:
        """The whole module: imports, the arrays that the function refers to, the function. Long arrays are only described."""
        return "\n".join(filter(None, [self.imports + self.constants() + self.helpers, self.text]))

    def standalone(self) -> str:
        """The whole module, to be run as it is."""
        return "\n".join([self.imports + self.constants(longest=None) + self.helpers, self.text])

    def constants(self, longest: int | None = 12) -> str:
        """Lines that make the arrays which the function refers to; those with more entries are only described."""
        lines = []
        for name, held in self.held.items():
            if not isinstance(held, np.ndarray):
                lines.append(f"# {name}: whether a choice that the traced function made holds here")
            elif longest is None or held.size <= longest:
                dtype = "" if held.dtype in (np.float64, np.int64, np.bool_) else f", dtype=np.{held.dtype.name}"
                lines.append(f"{name} = np.array({held.tolist()!r}{dtype})")
            else:
                lines.append(f"# {name}: {held.dtype}{list(held.shape)}")
        return "".join(f"{line}\n" for line in lines)

    def compile(self) -> Any:
        """The function itself."""
        space: dict[str, Any] = dict(self.held)
        exec(compile(self.imports + self.helpers + self.text, f"<wrt {self.name}>", "exec"), space)  # our own text
        return space[self.name]


def source(
    name: str,
    inputs: Mapping[Node, str],
    outputs: Sequence[Node],
    guards: Sequence[Guard] = (),
    names: Mapping[Node, str] | None = None,
    comment: Comment | Mapping[Node, str] | None = None,
    *,
    views: bool = True,
    writer: type[Writer] | None = None,
) -> Source:
    """The function `name(inputs…)` that returns the outputs (one, or a tuple).

    Where a guard does not hold, the function returns None at once. `names` are what the user calls some of the nodes, `comment`
    gives the formula that stands at the end of a node's line. Without `views` arrays are written to by plain subscripts only.
    Another `writer` may write nests in another way.
    """
    watched = [node for guard in guards for node in guard.nodes]
    outputs, names = merged(outputs, names or {}, inputs, watched)
    if views:
        outputs, names = tuned(outputs, names, inputs, watched, helpers={helper.OP for helper in _HELPERS} - set(inputs.values()))
    made = (writer or Writer)(inputs, [*(node for guard in guards for node in guard.nodes), *outputs], dict(names), views=views)
    for guard in guards:
        made.guard(guard)
    results = tuple(made.result(node) for node in outputs)
    body = (*made.sizes(results), *needed(made.lines, results))
    said: Comment | None = comment if comment is None or callable(comment) else comment.get
    text = printed(name, tuple(inputs.values()), body, results, said)
    return Source(name, text, made.held, tuple(inputs.values()), body, results)


class Writer:
    """Statements so far, and what each node is called."""

    def __init__(self, inputs: Mapping[Node, str], outputs: Sequence[Node], names: dict[Node, str], *, views: bool = True) -> None:
        self.inputs, self.wanted, self.views = inputs, names, views
        self.lines: list[Statement] = []
        self.held: dict[str, Any] = {}
        self.keys: dict[Any, Code] = {}
        self.last: dict[str, int] = {}
        self.codes: dict[Node, Code] = {node: Code(name) for node, name in inputs.items()}
        self.taken = {"np", *(helper.OP for helper in _HELPERS), *inputs.values()}
        self.count: dict[Node, int] = {}
        self.outputs = set(outputs)
        self.order = topological(outputs, inputs)
        self.loop = row_blocks(outputs, inputs) if views and LENGTH not in inputs.values() else None
        self.readers = uses(self.order)
        for node in self.order:
            for child in _read(node):
                self.count[child] = self.count.get(child, 0) + 1

    def result(self, node: Node) -> str:
        return self.ref(node).text

    def guard(self, guard: Guard) -> None:
        codes = [self.ref(node) for node in guard.nodes]
        (node, *others) = guard.nodes
        if not others and node.dtype.kind == "b" and node.shape == () and guard.value in (True, False):
            self.lines.append(Statement(f"if not {codes[0].inside(COMPARE)}:" if guard.value else f"if {codes[0].text}:"))
        else:
            name = self._fresh("same")
            self.held[name] = guard.holds
            self.lines.append(Statement(f"if not {name}(({', '.join(code.text for code in codes)},)):"))
        self.lines.append(Statement("    return None"))

    def ref(self, node: Node) -> Code:
        """How the node is written here; what must come first is written first."""
        known = self.codes.get(node)
        if known is not None:
            return known
        if self.loop is not None and not self.loop.sums.keys().isdisjoint(topological([node], self.codes)):
            self._write_loop(self.loop)
        for step in topological([node], self.codes):  # inputs first, without recursion
            self.codes[step] = self._write(step)
        return self.codes[node]

    def _write(self, node: Node) -> Code:
        value = number(node)
        if value is not None:
            return number_code(value)
        if node.op == "size":
            return size_code(node.attrs)  # type: ignore[arg-type]
        if node.op in ("frozen", "captured"):
            return self.hold(array_of(node), node)
        if node.op == "variable":
            raise KeyError(f"The variable {node} is not among the inputs of the program.")
        reads = self.count.get(node, 0)
        shared = reads > 1 or (reads > 0 and node in self.outputs)
        if node.op == "nest":
            made = self.nest(node)
            if made is None:
                return self.buffer(node)
            code = made
        elif node.op == gram.OP:
            code = call(gram.OP, *(self.codes[child].text for child in node.inputs))
        elif node.op == triangle_dot.OP:
            code = triangle_dot.written(node, *(self.codes[child] for child in node.inputs))
        else:
            code = self._operation(node)
        solved = node.op == "inv" and node not in self.outputs and is_solved(node, self.readers.get(node, ()))
        if solved:
            matrix = self._named(node.inputs[0])
            return self._assign(node, code)._replace(inverse=matrix)
        if node in self.wanted or len(code.text) > LONG or (shared and not _is_cheap(code.loose or code)):
            return self._assign(node, code)
        return code

    def _write_loop(self, loop: RowBlocks) -> None:
        """Sums over rows, a block of rows at a time."""
        self.loop = None
        for node in (*loop.others, *(leaf for leaf, _ in loop.slices.values())):
            self.ref(node)
        given = {node: self._named(node).text for node in loop.others}
        start, rows = self._fresh("start", numbered=False), self._fresh("rows", numbered=False)
        totals = {node: self._name(node) for node in loop.sums}
        self.lines += [Statement(f"{name} = {nest_source.zeros(node).text}", name, node) for node, name in totals.items()]
        self.lines.append(Statement(f"for {start} in range(0, {loop.count}, {loop.step}):"))
        self.lines.append(Statement(f"    {rows} = slice({start}, {start} + {loop.step})", rows))
        for block, (leaf, axis) in loop.slices.items():
            name = self._fresh(f"{self.codes[leaf].text}_rows", numbered=False)
            given[block] = name
            self.lines.append(Statement(f"    {name} = {item(self.codes[leaf], *[':'] * axis, rows).text}", name))
        body = Writer(given, list(loop.sums.values()), {})
        body.taken, body.last, body.held, body.keys = self.taken, self.last, self.held, self.keys
        results = [body.ref(block).text for block in loop.sums.values()]
        inside = [*body.sizes(results), *body.lines]
        self.lines += [line._replace(text=f"    {line.text}", node=None) for line in inside]
        self.lines += [Statement(f"    {name} += {result}", name) for name, result in zip(totals.values(), results, strict=True)]
        self.codes.update({node: Code(name) for node, name in totals.items()})

    def nest(self, node: Node) -> Code | None:
        """A nest as an expression, or None where it takes a buffer."""
        return nest_source.expression(node, self.ref, self.hold)

    def buffer(self, node: Node) -> Code:
        """A nest as an array that is written into."""
        name = self._name(node)
        self.lines += [Statement(text, name, node) for text in buffer.statements(node, name, self.ref, self.hold, views=self.views)]
        return Code(name)

    def _assign(self, node: Node, code: Code) -> Code:
        """A line of its own for the node."""
        name = self._name(node)
        self.lines.append(Statement(f"{name} = {code.text}", name, node))
        return Code(name)

    def _named(self, node: Node) -> Code:
        """The node as something that may be written twice."""
        code = self.codes[node]
        if not _is_cheap(code.loose or code):
            code = self.codes[node] = self._assign(node, code)
        return code

    def _operation(self, node: Node) -> Code:
        operation = OPERATIONS[node.op]
        if not isinstance(operation.code, str):
            probe = operation.code(node, [f"{{{k}}}" for k in range(len(node.inputs))])
            codes = [self._named(child) if probe.count(f"{{{k}}}") > 1 else self.codes[child] for k, child in enumerate(node.inputs)]
            codes = _loosened(node, codes) if node.op == "direction" else codes
            return Code(operation.code(node, [code.text for code in codes]))
        codes = [self.codes[child] for child in node.inputs]
        if "linalg" not in operation.code:
            codes = _loosened(node, codes)
        if node.op == "negative":
            return sign(codes[0])
        if operation.code in LEVEL:
            return binary(operation.code, *codes)
        return call(operation.code, *(code.text for code in codes))

    def _name(self, node: Node) -> str:
        return self._fresh(self.wanted.get(node, "t"), numbered=node not in self.wanted)

    def _fresh(self, stem: str, *, numbered: bool = True) -> str:
        """A name that is not taken: stem, or stem1, stem2 and so on."""
        name = stem
        while numbered or name in self.taken:
            self.last[stem] = self.last.get(stem, 0) + 1
            name, numbered = f"{stem}{self.last[stem]}", False
        self.taken.add(name)
        return name

    def hold(self, array: Any, node: Node | None = None) -> Code:
        """The name of a constant array."""
        key = node.attrs.key if node is not None and isinstance(node.attrs, Held) else _contents(array)
        if key in self.keys:
            return self.keys[key]
        name = self._fresh(self.wanted.get(node, "k") if node is not None else "k", numbered=False)
        self.held[name] = array
        self.keys[key] = Code(name)
        return self.keys[key]

    def sizes(self, results: Sequence[str]) -> list[Statement]:
        """Lines that read the named sizes off the inputs' shapes."""
        lines: list[Statement] = []
        symbols = {name for node in (*self.order, *self.inputs) for size in node.shape for name in symbols_in(size)}
        missing = symbols & set(re.findall(r"[^\W\d]\w*", " ".join([*(line.text for line in needed(self.lines, results)), *results])))
        for node, name in self.inputs.items():
            mine = [_bare(size) for size in node.shape]
            if missing & set(mine):
                lines.append(Statement(f"{', '.join(m if m in missing else '_' for m in mine)}{',' * (len(mine) == 1)} = {name}.shape"))
                missing -= set(mine)
        if missing:
            raise KeyError(f"No input shows the size {min(missing)}.")
        return lines


def _contents(array: Any) -> Contents:
    """The array as a key; nobody writes to it any more."""
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return Contents(array)


def _bare(size: Size) -> str:
    names = symbols_in(size)
    return next(iter(names)) if len(names) == 1 and str(size) in names else "_"


def _loosened(node: Node, codes: Sequence[Code]) -> list[Code]:
    """The operands of an entrywise operation, those that broadcast written as small as they are, if one has the whole shape."""
    values = [_value(child) for child in node.inputs]
    strict = [
        code.loose is None and value is None and child.shape == node.shape and child.dtype == node.dtype
        for code, child, value in zip(codes, node.inputs, values, strict=True)
    ]
    if not any(strict):
        return list(codes)
    return [code.loose or code if value is None else number_code(value) for code, value in zip(codes, values, strict=True)]


def _value(node: Node) -> Scalar | None:
    """The one value of all entries, where numbers alone make it."""
    value = uniform(node)
    if value is None and node.op == "multiply":
        left, right = map(_value, node.inputs)
        return None if left is None or right is None else left * right
    return value


def _read(node: Node) -> Sequence[Node]:
    """The inputs as often as the node's expression writes them."""
    return [f.node for term in terms_of(node) for f in term.factors] if node.op == "nest" else node.inputs


def _is_cheap(code: Code) -> bool:
    """Whether writing the expression again costs nothing: a name, a number, an entry or a transpose."""
    return _CHEAP.fullmatch(code.text) is not None
