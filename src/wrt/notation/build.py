"""Making display expressions: products, transposes and powers with the light simplifications that a reader would do.

Nothing here expands: a sum stays a factor. Numbers and scalars come to the front, denominators together, (AB)ᵀ = BᵀAᵀ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wrt.graph.node import Scalar
from wrt.graph.size import Polynomial, Size
from wrt.notation.condition import without_conditions
from wrt.notation.expression import (
    Array,
    Blocks,
    Call,
    Commutation,
    Diag,
    DiagPart,
    Entry,
    Expr,
    Hadamard,
    Identity,
    Inverse,
    Kronecker,
    LowerHalf,
    Norm,
    Number,
    Ones,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Transpose,
    Zero,
    form,
    is_scalar,
    transposes,
    weight,
)

ONE = Number(1)
WIDE = 8  # a ᵀ behind a parenthesis of more symbols is easily missed


def product(factors: Iterable[Expr], number: Scalar = 1) -> Expr:
    """The matrix product of the factors in their order; scalars may stand anywhere among them."""
    gathered = _Gathered(number)
    for factor in factors:
        gathered.take(factor)
    return gathered.made()


class _Gathered:
    """A product under construction: its number, scalar powers (negative ones below the bar), and matrices."""

    def __init__(self, number: Scalar) -> None:
        self.number: Scalar = number
        self.powers: dict[Expr, Scalar | Expr] = {}
        self.matrices: list[Expr] = []
        self.zero: Zero | None = None

    def take(self, e: Expr, side: int = 1) -> None:
        """Multiply by e (side 1) or divide by the scalar e (side -1)."""
        match e:
            case Number(value):
                self.number = self.number * value if side == 1 else _divided(self.number, value)
            case Zero():
                self.zero = e
            case Product(number, scalars, matrices):
                self.take(Number(number), side)
                for scalar in scalars:
                    self.take(scalar, side)
                if matrices and is_scalar(e):
                    self._scalar(Product(1, (), matrices) if len(matrices) > 1 else matrices[0], side)
                else:
                    self.matrices += matrices
            case Quotient(top, bottom) if is_scalar(bottom):
                self.take(top, side)
                self.take(bottom, -side)
            case _ if is_scalar(e) or side == -1:
                self._scalar(e, side)
            case _:
                self.matrices.append(e)

    def _scalar(self, e: Expr, side: int) -> None:
        base, exponent = (e.base, e.exponent.value) if isinstance(e, Power) and isinstance(e.exponent, Number) else (e, 1)
        held = self.powers.get(base, 0)
        self.powers[base] = held + side * exponent  # type: ignore[operator]  # exponents kept here are numbers

    def _counted(self, matrices: list[Expr]) -> list[Expr]:
        """𝟏ᵀ𝟏 is a number, and 𝟏ᵀ(x − 𝟏ᵀx/N) is 0."""
        done: list[Expr] = []
        for e in matrices:
            before = done[-1] if done else None
            if isinstance(e, Ones) and before == Transpose(e):
                done.pop()
                self.take(of_size(e.size))
                continue
            for ones, other in ((before, e), (e, before)):
                if other is not None and isinstance(other, Sum) and _sums_to_zero(ones, other):
                    self.number = 0
            done.append(e)
        return done

    def made(self) -> Expr:
        matrices = _neighbours(self._counted(self.matrices))
        if any(isinstance(m, (Product, Number)) or is_scalar(m) for m in matrices):
            again = _Gathered(self.number)
            again.powers, again.zero = self.powers, self.zero
            for m in matrices:
                again.take(m)
            return again.made()
        if len(matrices) > 1 and form(Product(1, (), tuple(matrices))) == "scalar":
            half = _square_root(matrices)
            if half is not None:
                self._scalar(Power(Norm(half), Number(2)), 1)
                matrices = []
        if self.number == 0 or self.zero is not None:
            if self.zero is not None and len(matrices) == 0:
                return self.zero
            return Number(0)
        powers = sorted(self.powers.items(), key=lambda power: _rank(power[0]))
        above = tuple(_raised(base, k) for base, k in powers if k > 0)  # type: ignore[operator]
        below = tuple(_raised(base, -k) for base, k in powers if k < 0)  # type: ignore[operator]
        number = self.number
        products = [e for e in above if isinstance(e, Product) and e.matrices]
        if not matrices and len(products) == 1:  # λ xᵀAx needs no parentheses
            matrices, above = list(products[0].matrices), tuple(e for e in above if e is not products[0])
        if not below:
            return bare(Product(number, above, tuple(matrices)))
        under: Scalar = 1
        inverse = 1 / number
        if isinstance(number, float) and abs(inverse) == round(abs(inverse)) and abs(number) < 1:
            number, under = (1 if number > 0 else -1), round(abs(inverse))
        if not above and len(matrices) == 1 and isinstance(matrices[0], Quotient):  # one bar, not two
            return Quotient(product((matrices[0].top,), number), product((*below, matrices[0].bottom), under))
        return Quotient(bare(Product(number, above, tuple(matrices))), bare(Product(under, below, ())))


def _rank(e: Expr) -> tuple[int, str]:
    """Letters come before what stands in parentheses, x₁ before x₂."""
    if isinstance(e, Entry) and isinstance(e.of, Symbol):
        return 1, e.of.name + ",".join(f"{p:>9}" for p in map(str, e.position))
    return (0 if isinstance(e, Symbol) else 2), ""


def _divided(a: Scalar, b: Scalar) -> Scalar:
    return a // b if isinstance(a, int) and isinstance(b, int) and b and a % b == 0 else a / b


def _raised(base: Expr, exponent: Scalar | Expr) -> Expr:
    return base if exponent == 1 else Power(base, Number(exponent))  # type: ignore[arg-type]


def bare(p: Product) -> Expr:
    if not p.scalars and not p.matrices:
        return Number(p.number)
    if p.number == 1 and len(p.scalars) + len(p.matrices) == 1:
        return (*p.scalars, *p.matrices)[0]
    if not p.scalars and len(p.matrices) == 1 and isinstance(p.matrices[0], Sum) and p.number == -1:
        return negated_sum(p.matrices[0]) or p
    if not p.matrices and len(p.scalars) == 1 and isinstance(p.scalars[0], Sum) and p.number == -1:
        return negated_sum(p.scalars[0]) or p
    return p


def negated_sum(e: Sum) -> Expr | None:
    """b − a for −(a − b): where that has no leading sign."""
    if len(e.terms) == 2 and split(e.terms[0])[0] > 0 > split(e.terms[1])[0]:
        return Sum((product((e.terms[1],), -1), product((e.terms[0],), -1)))
    return None


def _neighbours(matrices: Sequence[Expr]) -> list[Expr]:
    """Diagonal matrices meet their neighbours: D D' is one, D v and vᵀD are products entry by entry, I v is v."""
    done: list[Expr] = []
    for position, e in enumerate(matrices):
        others = len(done) + len(matrices) - position - 1 > 1
        if done and others and _undoes(done[-1], e):  # A⁻¹A beside other factors
            done.pop()
            continue
        while True:
            before = done[-1] if done else None
            joined = None if before is None else _joined(before, e)
            if joined is None:
                done.append(e)
                break
            done.pop()
            e = joined
    return done


def _sums_to_zero(ones: Expr | None, of: Sum) -> bool:
    """Whether 𝟏ᵀ(of), or (of)𝟏, is zero term by term."""
    row = isinstance(ones, Transpose) and isinstance(ones.of, Ones)
    if ones is None or not (row or isinstance(ones, Ones)):
        return False
    size = ones.of.size if isinstance(ones, Transpose) else ones.size  # type: ignore[union-attr]
    found: dict[Expr, Scalar] = {}
    for term in of.terms:
        number, core = split(product((of_size(size), term) if is_scalar(term) else (ones, term) if row else (term, ones)))
        found[core] = found.get(core, 0) + number
    return not any(found.values())


def of_size(size: Size) -> Expr:
    """A size as a number in a formula."""
    if not isinstance(size, Polynomial):
        return Number(size)
    terms = tuple(product([Symbol(name) for name in monomial], count) for monomial, count in size.terms)
    return terms[0] if len(terms) == 1 else Sum(terms)


def _undoes(a: Expr, b: Expr) -> bool:
    a, b = (a.of, b.of) if isinstance(a, Transpose) and isinstance(b, Transpose) else (a, b)
    return a == Inverse(b) or b == Inverse(a)


def _joined(a: Expr, b: Expr) -> Expr | None:
    if isinstance(a, Identity):
        return b
    if isinstance(b, Identity):
        return a
    match a, b:
        case Call("eigenvectors", _, _, node), Transpose(of) if of == a and node is not None:  # orthonormal
            return Identity(node.shape[0])
        case Diag(v), Diag(w):
            return diag(hadamard((v, w)))
        case Diag(v), _ if form(b) == "column":
            return v if isinstance(b, Ones) else hadamard((v, b))
        case _, Diag(v) if form(a) == "row":
            turned = transpose(a)
            return transpose(v if isinstance(turned, Ones) else hadamard((turned, v)))
    return None


def _square_root(matrices: Sequence[Expr]) -> Expr | None:
    """v where the product is vᵀv."""
    if len(matrices) % 2 or isinstance(matrices[-1], Ones):
        return None
    half = len(matrices) // 2
    mirrored = all(transpose(a) == b for a, b in zip(matrices[:half], reversed(matrices[half:]), strict=True))
    return product(matrices[half:]) if mirrored else None


def split(e: Expr) -> tuple[Scalar, Expr]:
    """(c, core) with e = c·core."""
    match e:
        case Number(value):
            return value, ONE
        case Product(number, scalars, matrices) if number != 1:
            return number, bare(Product(1, scalars, matrices))
        case Quotient(top, bottom) if is_scalar(bottom):
            number, core = split(top)
            return number, Quotient(core, bottom)
    return 1, e


def fronted(e: Expr) -> tuple[Expr, Expr]:
    """(scalars and numbers, the rest) of a vector or matrix."""
    match e:
        case Product(number, scalars, matrices) if matrices and (scalars or number != 1):
            return product(scalars, number), product(matrices)
        case Quotient(top, bottom) if is_scalar(bottom):
            scalar, rest = fronted(top)
            return quotient(scalar, bottom), rest
    return ONE, e


def transpose(e: Expr) -> Expr:
    """The transpose with as few ᵀ as the expression allows, sums kept together."""
    match e:
        case Transpose(of):
            return of
        case Diag() | Identity() | Number() | Symbol(_, _, True):
            return e
        case Zero((rows, columns)):
            return Zero((columns, rows))
        case Array(rows, kind):
            return Array(tuple(zip(*rows, strict=True)), {"column": "row", "row": "column"}.get(kind, kind))  # type: ignore[arg-type]
        case Blocks(rows):
            return Blocks(tuple(tuple(map(transpose, column)) for column in zip(*rows, strict=True)))
        case Product(number, scalars, matrices) if not is_scalar(e):
            return bare(Product(number, scalars, tuple(transpose(m) for m in reversed(matrices))))
        case Quotient(top, bottom) if is_scalar(bottom):
            return Quotient(transpose(top), bottom)
        case Kronecker(left, right):
            return Kronecker(transpose(left), transpose(right))
        case Commutation(rows, columns, order):
            return Commutation(columns, rows, order)
        case Sum(terms):
            turned = tuple(map(transpose, terms))
            if set(turned) == set(terms):
                return e
            more = transposes(Sum(turned)) - transposes(Transpose(e))
            opened = any(is_scalar(t) or (isinstance(split(t)[1], Transpose) and weight(t) > WIDE // 2) for t in turned)
            return Sum(turned) if more < 0 or (more <= 1 and weight(e) >= WIDE and not opened) else Transpose(e)
        case Hadamard(factors):
            whole = _shorter(Hadamard(tuple(map(transpose, factors))), Transpose(e))
            chains = [f for f in factors if isinstance(f, Product) and len(f.matrices) > 1]
            if len(chains) != 1 or form(e) != "column":
                return whole
            rest = hadamard(f for f in factors if f is not chains[0])
            return _shorter(product((transpose(chains[0]), diag(rest))), whole)  # (Vᵀe ⊙ s)ᵀ = eᵀV diag(s)
        case Quotient(top, bottom):
            return _shorter(Quotient(transpose(top), transpose(bottom)), Transpose(e))
        case Inverse(of) if transpose(of) == of:
            return e
    return e if is_scalar(e) else Transpose(e)


def _shorter(a: Expr, b: Expr) -> Expr:
    return a if transposes(a) < transposes(b) else b


def hadamard(factors: Iterable[Expr]) -> Expr:
    """The product entry by entry, scalars in front, equal factors as powers, quotients below one bar."""
    front: list[Expr] = []
    powers: dict[Expr, Scalar] = {}
    ones: list[Expr] = []
    halved = turned = False
    waiting = [(e, 1) for e in factors][::-1]
    while waiting:
        e, side = waiting.pop()
        match e:
            case Hadamard(inner):
                waiting += [(part, side) for part in inner[::-1]]
            case Product(number, scalars, matrices) if matrices and not is_scalar(e) and (number != 1 or scalars):
                front += [part if side == 1 else Quotient(ONE, part) for part in (Number(number), *scalars)]
                waiting.append((bare(Product(1, (), matrices)), side))
            case Quotient(top, bottom):
                waiting += [(bottom, -side), (top, side)]
            case Power(base, Number(exponent)) if not is_scalar(e) and isinstance(exponent, int) and exponent > 0:
                powers[base] = powers.get(base, 0) + side * exponent
            case Ones():
                ones.append(e)
            case Sum() if doubles(e):
                halved = True
                front.append(Number(2))
            case Transpose(of) if doubles(of):
                turned = True
                front.append(Number(2))
            case _ if is_scalar(e):
                front.append(e if side == 1 else quotient(ONE, e))
            case _:
                powers[e] = powers.get(e, 0) + side
    without_conditions(powers)
    if halved or turned:
        masked = hadamard(e if k == 1 else quotient(ONE, e) if k == -1 else Power(e, Number(k)) for e, k in powers.items())
        scale, rest = fronted(masked)
        rest = LowerHalf(rest) if halved else rest
        return product((*front, scale, transpose(LowerHalf(transpose(rest))) if turned else rest))
    above, below = _entrywise(powers, 1), _entrywise(powers, -1)
    if above is None and below is None:  # x ⊘ x keeps its shape where nothing else tells it
        whole = next((Quotient(e, e) for e in powers), None) if not ones else ones[0]
        return product((*front, *(() if whole is None else (whole,))))
    return product((*front, (above or ONE) if below is None else Quotient(above or ONE, below)))


def doubles(e: Expr) -> bool:
    """Whether it is 2Φ as a mask: 2 below the diagonal, 1 on it."""
    match e:
        case Sum((Call("tri", _, _, first), Call("tri", _, _, second))) if first and second:
            return (first.attrs, second.attrs) == (0, -1)
    return False


def _entrywise(powers: Mapping[Expr, Scalar], side: int) -> Expr | None:
    parts = tuple(e if k * side == 1 else Power(e, Number(k * side)) for e, k in powers.items() if k * side > 0)
    return None if not parts else parts[0] if len(parts) == 1 else Hadamard(parts)


def quotient(top: Expr, bottom: Expr) -> Expr:
    """top / bottom entry by entry."""
    if is_scalar(bottom):
        gathered = _Gathered(1)
        gathered.take(top)
        gathered.take(bottom, -1)
        return gathered.made()
    return hadamard((top, Quotient(ONE, bottom)))


def diag(v: Expr) -> Expr:
    """The diagonal matrix of a column, numbers and scalars in front."""
    match v:
        case Number():  # only 0 comes here
            return v
        case Ones(size):
            return Identity(size)
        case DiagPart(Diag() as d):
            return d
        case Product(number, scalars, matrices) if matrices and (number != 1 or scalars):
            return product((*scalars, diag(bare(Product(1, (), matrices)))), number)
        case Quotient(top, bottom) if is_scalar(bottom):
            return quotient(diag(top), bottom)
    return Diag(v)
