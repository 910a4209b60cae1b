"""A program as LLVM's assembly language: one function, which takes the arrays' addresses and returns 0, or 1 where a check fails.

Multiplications and additions may be fused (`contract`); nothing else is reordered. Functions of the C library are known to
LLVM by their vector versions, where the machine has them (`variants`), so that loops over them are vectorized. A program that
compares numbers does neither: equal numbers must come out equal, wherever they are computed.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator, Mapping, Sequence

from wrt.lower.kernel.program import Atom, Check, Equal, Fill, Loop, Op, Place, Program, Step

TYPE = {"f8": "double", "f4": "float", "i8": "i64", "i4": "i32", "b1": "i1"}
STORED = TYPE | {"b1": "i8"}
SIZE = {"f8": 8, "f4": 4, "i8": 8, "i4": 4, "b1": 1}
ARITHMETIC = {"add": "add", "sub": "sub", "mul": "mul", "div": "div"}
INTRINSIC = {"sqrt": "sqrt", "abs": "fabs", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "copysign": "copysign"}
COMPARE = {"lt": ("olt", "slt"), "le": ("ole", "sle"), "gt": ("ogt", "sgt"), "ge": ("oge", "sge"), "eq": ("oeq", "eq"), "ne": ("une", "ne")}


Lines = Generator[str, None, str]  # lines of text; returned is what the result is called


class Unknown(Exception):
    """An operation that compiled programs do not have for this dtype."""


def module(program: Program, variants: Mapping[str, str]) -> str:
    """The text of `define i32 @kernel(ptr …)`, with what it needs; `variants` are the vector versions by function."""
    compares = any(op.name in COMPARE for step in program.steps for op in _ops(step))
    writer = _Writer(program, {} if compares else variants, "" if compares else "contract ")
    arrays = list(program.arrays)
    written = [program.arrays[name].role in ("work", "output") for name in arrays]
    parameters = ", ".join(f"ptr noalias nocapture {'' if each else 'readonly '}%a{k}" for k, each in enumerate(written))
    body = "\n".join(writer.function())
    text = f"define internal i32 @body({parameters}) #0 {{\n{body}\n}}\n\n"
    loads = "".join(f"  %p{k} = getelementptr ptr, ptr %arrays, i64 {k}\n  %q{k} = load ptr, ptr %p{k}\n" for k in range(len(arrays)))
    call = ", ".join(f"ptr %q{k}" for k in range(len(arrays)))
    text += f"define i32 @kernel(ptr %arrays) #0 {{\n{loads}  %r = call i32 @body({call})\n  ret i32 %r\n}}\n\n"
    return text + "\n".join(writer.declarations())


def _ops(step: Step) -> list[Op]:
    return [] if isinstance(step, Fill | Equal) else step.loop.ops if isinstance(step, Check) else step.ops


class _Writer:
    def __init__(self, program: Program, variants: Mapping[str, str], flags: str) -> None:
        self.program, self.variants, self.flags = program, variants, flags
        self.number = {name: k for k, name in enumerate(program.arrays)}
        self.called: dict[tuple[str, str, int], None] = {}
        self.intrinsics: dict[str, None] = {}
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    def function(self) -> Iterator[str]:
        yield "entry:"
        for k, step in enumerate(self.program.steps):
            if isinstance(step, Fill):
                bytes_ = step.size * SIZE[self.program.arrays[step.array].dtype]
                yield f"  call void @llvm.memset.p0.i64(ptr %a{self.number[step.array]}, i8 0, i64 {bytes_}, i1 false)"
                self.intrinsics["declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"] = None
            elif isinstance(step, Equal):
                bytes_ = self.program.arrays[step.array].size * SIZE[self.program.arrays[step.array].dtype]
                yield f"  %differ{k} = call i32 @memcmp(ptr %a{self.number[step.array]}, ptr %a{self.number[step.table]}, i64 {bytes_})"
                yield f"  %same{k} = icmp eq i32 %differ{k}, 0"
                yield f"  br i1 %same{k}, label %go{k}, label %fail"
                yield f"go{k}:"
                self.intrinsics["declare i32 @memcmp(ptr, ptr, i64)"] = None
            elif isinstance(step, Check):
                names = yield from self.straight(step.loop.ops, {})
                good, bad = ("", "fail") if step.value else ("fail", "")
                yield f"  br i1 {names[step.condition]}, label %{good or f'go{k}'}, label %{bad or f'go{k}'}"
                yield f"go{k}:"
            else:
                yield from self.loop(step, k)
        yield "  ret i32 0"
        if any(isinstance(step, Check | Equal) for step in self.program.steps):
            yield "fail:"
            yield "  ret i32 1"

    def loop(self, loop: Loop, k: int) -> Iterator[str]:
        depth = len(loop.box)
        ends: list[str] = []
        low: int | str
        for d, (low, high) in enumerate(loop.box):
            before = f"%pre{k}_{d}"
            yield f"  br label {before}"
            yield f"{before[1:]}:"
            end = str(high)
            if loop.cut is not None and d == 1:
                start = yield from self.cut(f"%i{k}_0", loop.cut.low, low, "smax")
                end = yield from self.cut(f"%i{k}_0", loop.cut.high, high, "smin")
                low = start
            ends.append(end)
            yield f"  br label %head{k}_{d}"
            yield f"head{k}_{d}:"
            yield f"  %i{k}_{d} = phi i64 [ {low}, {before} ], [ %n{k}_{d}, %tail{k}_{d} ]"
        labels = {d: f"%i{k}_{d}" for d in range(depth)}
        names = yield from self.straight(loop.ops, labels)
        for store in loop.stores:
            array = self.program.arrays[store.array]
            kind = TYPE[array.dtype]
            address = yield from self.address(store.array, store.place, labels)
            value = names[store.value]
            if store.add:
                old, new = self.fresh(), self.fresh()
                yield f"  {old} = load {kind}, ptr {address}"
                flags = "reassoc " if self.flags and len(store.place.labels) < depth else ""  # a sum over a loop may be taken in lanes
                yield f"  {new} = {f'fadd {flags}' if array.dtype[0] == 'f' else 'add '}{kind} {old}, {value}"
                value = new
            if array.dtype == "b1":
                wide = self.fresh()
                yield f"  {wide} = zext i1 {value} to i8"
                kind, value = "i8", wide
            yield f"  store {kind} {value}, ptr {address}"
        for d in reversed(range(depth)):
            yield f"  br label %tail{k}_{d}"
            yield f"tail{k}_{d}:"
            yield f"  %n{k}_{d} = add nsw i64 %i{k}_{d}, 1"
            yield f"  %c{k}_{d} = icmp slt i64 %n{k}_{d}, {ends[d]}"
            yield f"  br i1 %c{k}_{d}, label %head{k}_{d}, label %done{k}_{d}"
            yield f"done{k}_{d}:"

    def cut(self, row: str, offset: int | None, bound: int, which: str) -> Lines:
        """Where the inner label starts or ends in this row."""
        if offset is None:
            return str(bound)
        moved, made = self.fresh(), self.fresh()
        self.intrinsics[f"declare i64 @llvm.{which}.i64(i64, i64)"] = None
        yield f"  {moved} = add nsw i64 {row}, {offset}"
        yield f"  {made} = call i64 @llvm.{which}.i64(i64 {moved}, i64 {bound})"
        return made

    def straight(self, ops: Sequence[Op], labels: Mapping[int, str]) -> Generator[str, None, list[str]]:
        """The operations in order; returns what their results are called."""
        names: list[str] = []
        for op in ops:
            names.append((yield from self.one(op, names, ops, labels)))
        return names

    def one(self, op: Op, names: list[str], ops: Sequence[Op], labels: Mapping[int, str]) -> Lines:
        name, dtype, args = op
        kind = TYPE[dtype]
        if name == "const":
            return constant(args[0], dtype)
        if name == "place":
            return (yield from self.position(args[0], labels))
        made = self.fresh()
        if name == "load":
            address = yield from self.address(args[0], args[1], labels)
            if dtype == "b1":
                wide = self.fresh()
                yield f"  {wide} = load i8, ptr {address}"
                yield f"  {made} = icmp ne i8 {wide}, 0"
            else:
                yield f"  {made} = load {kind}, ptr {address}"
            return made
        values = [names[a] for a in args]
        source = ops[args[0]].dtype
        floating = source[0] == "f"
        if name == "cast":
            how = _cast(source, dtype)
            yield f"  {made} = {how} {TYPE[source]} {values[0]} to {kind}" if how else f"  {made} = fcmp une {TYPE[source]} {values[0]}, 0.0"
        elif name in ARITHMETIC and floating:
            yield f"  {made} = f{ARITHMETIC[name]} {self.flags}{kind} {values[0]}, {values[1]}"
        elif name in ("add", "sub", "mul") and source in ("i8", "i4"):
            yield f"  {made} = {name} {kind} {values[0]}, {values[1]}"
        elif name == "neg":
            yield f"  {made} = fneg {kind} {values[0]}" if floating else f"  {made} = sub {kind} 0, {values[0]}"
        elif name in INTRINSIC and floating:
            suffix = "f64" if dtype == "f8" else "f32"
            self.intrinsics[f"declare {kind} @llvm.{INTRINSIC[name]}.{suffix}({', '.join([kind] * len(values))})"] = None
            yield f"  {made} = call {kind} @llvm.{INTRINSIC[name]}.{suffix}({', '.join(f'{kind} {v}' for v in values)})"
        elif name in COMPARE:
            which = COMPARE[name][0 if floating else 1]
            which = which.replace("s", "u", 1) if source == "b1" and which[0] == "s" else which
            yield f"  {made} = {'f' if floating else 'i'}cmp {which} {TYPE[source]} {values[0]}, {values[1]}"
        elif name in ("and", "or", "xor"):
            yield f"  {made} = {name} i1 {values[0]}, {values[1]}"
        elif name == "not":
            yield f"  {made} = xor i1 {values[0]}, true"
        elif name == "select":
            yield f"  {made} = select i1 {values[0]}, {kind} {values[1]}, {kind} {values[2]}"
        elif dtype[0] == "f" and name not in ARITHMETIC:
            function = name if dtype == "f8" else f"{name}f"
            self.called[function, kind, len(values)] = None
            yield f"  {made} = call {kind} @{function}({', '.join(f'{kind} {v}' for v in values)}) #{self.group(function)}"
        else:
            raise Unknown(f"{name} of {dtype}")
        return made

    def address(self, array: str, place: Place, labels: Mapping[int, str]) -> Lines:
        at = yield from self.position(place, labels)
        made = self.fresh()
        yield f"  {made} = getelementptr inbounds {STORED[self.program.arrays[array].dtype]}, ptr %a{self.number[array]}, i64 {at}"
        return made

    def position(self, place: Place, labels: Mapping[int, str]) -> Lines:
        """A place as a 64-bit integer: constants last, so that neighbours share what comes before."""
        total = ""
        for atom, c in place.parts:
            value = yield from self.atom(atom, labels)
            if c != 1:
                scaled = self.fresh()
                yield f"  {scaled} = mul nsw i64 {value}, {c}"
                value = scaled
            if total:
                summed = self.fresh()
                yield f"  {summed} = add nsw i64 {total}, {value}"
                value = summed
            total = value
        if not total:
            return str(place.offset)
        if place.offset:
            moved = self.fresh()
            yield f"  {moved} = add nsw i64 {total}, {place.offset}"
            total = moved
        return total

    def atom(self, atom: Atom, labels: Mapping[int, str]) -> Lines:
        if isinstance(atom, int):
            return labels[atom]
        address = yield from self.address(atom.table, Place(atom.parts, atom.offset), labels)
        kind = STORED[self.program.arrays[atom.table].dtype]
        made = self.fresh()
        yield f"  {made} = load {kind}, ptr {address}"
        if kind == "i64":
            return made
        wide = self.fresh()
        yield f"  {wide} = sext {kind} {made} to i64"
        return wide

    def group(self, function: str) -> int:
        """The attribute group of calls of a function."""
        return 2 + sorted(self.variants).index(function) if function in self.variants else 1

    def declarations(self) -> Iterator[str]:
        yield from self.intrinsics
        used = []
        for function, kind, count in self.called:
            yield f"declare {kind} @{function}({', '.join([kind] * count)})"
            for variant in self.variants.get(function, "").split(","):
                if variant:
                    wide, symbol = variant[:-1].split("(")
                    vector = f"<{_lanes(wide)} x {kind}>"
                    yield f"declare {vector} @{symbol}({', '.join([vector] * count)})"
                    used.append(f"ptr @{symbol}")
        if used:
            yield f'@llvm.compiler.used = appending global [{len(used)} x ptr] [{", ".join(used)}], section "llvm.metadata"'
        yield 'attributes #0 = { nounwind "prefer-vector-width"="512" }'
        pure = "nounwind willreturn memory(none)"
        yield f"attributes #1 = {{ {pure} }}"
        for k, function in enumerate(sorted(self.variants)):
            yield f'attributes #{2 + k} = {{ {pure} "vector-function-abi-variant"="{self.variants[function]}" }}'


def _lanes(wide: str) -> int:
    """The number of lanes in _ZGV_LLVM_N4v_exp."""
    return int("".join(c for c in wide.removeprefix("_ZGV_LLVM_N").split("v")[0]))


def _cast(source: str, dtype: str) -> str:
    """The instruction that converts; empty for the truth of a float."""
    if source == "b1":
        return "uitofp" if dtype[0] == "f" else "zext"
    if dtype == "b1":
        return "" if source[0] == "f" else "trunc"
    if source[0] == "f" and dtype[0] == "f":
        return "fpext" if dtype == "f8" else "fptrunc"
    if source[0] == "f":
        return "fptosi"
    if dtype[0] == "f":
        return "sitofp"
    return "sext" if dtype == "i8" else "trunc"


def constant(text: str, dtype: str) -> str:
    """A constant as LLVM writes it: floats by their bits, so that not one is lost."""
    if dtype == "b1":
        return "true" if text == "True" else "false"
    if dtype[0] == "i":
        return text
    value = float(text)
    if dtype == "f4":
        value = struct.unpack("f", struct.pack("f", value))[0]
    return f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"
