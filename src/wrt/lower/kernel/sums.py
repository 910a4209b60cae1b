"""Sums of products with the fewest multiplications: common factors are taken out, signs become differences.

    2·a·b·c − a·d + a·b·e   =   a·(b·(2·c + e) − d)

The entries of a Jacobian that many paths lead to are such sums, and entries side by side share what is inside of the brackets:
equal operations are one in a loop. Products and sums are reassociated by this, which moves results in the last places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from wrt.lower.kernel.program import Loop

Product = tuple[float, tuple[int, ...]]  # a scale, and the numbers of the operations that are multiplied


def total(loop: Loop, products: Sequence[Product], dtype: str) -> int:
    """The number of the operation that gives the sum."""
    sign, value = _total(loop, _collected([_flat(loop, product) for product in products]), dtype)
    return value if sign > 0 else loop.op("neg", dtype, value)


def _flat(loop: Loop, product: Product) -> Product:
    """The product without signs and numbers among its factors."""
    scale, left = product[0], list(product[1])
    atoms: list[int] = []
    while left:
        value = left.pop()
        op = loop.ops[value]
        if op.name == "neg":
            scale, left = -scale, [*left, op.args[0]]
        elif op.name == "const":
            scale *= float(op.args[0])
        else:
            atoms.append(value)
    return scale, tuple(sorted(atoms))


def _collected(products: Sequence[Product]) -> list[Product]:
    """Equal products as one."""
    found: dict[tuple[int, ...], float] = {}
    for scale, atoms in products:
        found[atoms] = found.get(atoms, 0.0) + scale
    return [(scale, atoms) for atoms, scale in found.items()]


def _total(loop: Loop, products: list[Product], dtype: str) -> tuple[int, int]:
    """(sign, operation) of the sum."""
    if len(products) == 1:
        return _product(loop, products[0], dtype)
    count = Counter(atom for _, atoms in products for atom in set(atoms))
    common, times = max(count.items(), key=lambda item: (item[1], -item[0]), default=(0, 1))
    if times < 2:
        parts = [_product(loop, product, dtype) for product in products]
    else:
        inside = [(scale, _without(atoms, common)) for scale, atoms in products if common in atoms]
        rest = [(scale, atoms) for scale, atoms in products if common not in atoms]
        sign, value = _total(loop, _collected(inside), dtype)
        parts = [(sign, _times(loop, common, value, dtype))]
        if rest:
            parts.append(_total(loop, rest, dtype))
    (first, total), *others = sorted(parts, key=lambda part: -part[0])
    for sign, value in others:
        total = loop.op("add" if sign == first else "sub", dtype, total, value)
    return first, total


def _without(atoms: tuple[int, ...], atom: int) -> tuple[int, ...]:
    place = atoms.index(atom)
    return atoms[:place] + atoms[place + 1 :]


def _product(loop: Loop, product: Product, dtype: str) -> tuple[int, int]:
    scale, atoms = product
    sign = -1 if scale < 0 else 1
    value: int | None = None
    if abs(scale) != 1 or not atoms:
        value = loop.op("const", dtype, repr(abs(float(scale))))
    for atom in atoms:
        value = atom if value is None else loop.op("mul", dtype, value, atom)
    assert value is not None
    return sign, value


def _times(loop: Loop, atom: int, value: int, dtype: str) -> int:
    """atom · value, where the value may be the number 1."""
    op = loop.ops[value]
    if op.name == "const" and float(op.args[0]) == 1:
        return atom
    return loop.op("mul", dtype, value, atom)
