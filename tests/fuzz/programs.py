"""Random NumPy programs as text, runnable with NumPy and with jax.numpy: a few statements on a vector, a matrix and what comes of them."""

from dataclasses import dataclass, field

SHAPES = {"x": (3,), "X": (2, 3)}


@dataclass
class Program:
    """Statements so far; a statement that JAX writes differently is kept in both spellings."""

    random: object
    shapes: dict = field(default_factory=lambda: dict(SHAPES))
    numpy: list = field(default_factory=list)
    jax: list = field(default_factory=list)
    writable: list = field(default_factory=list)

    def pick(self, ok=lambda shape: True):
        names = [name for name, shape in self.shapes.items() if ok(shape)]
        recent = names[-4:]
        return self.random.choice(recent if recent and self.random.random() < 0.7 else names) if names else None

    def let(self, text, shape, jax=None):
        name = f"v{len(self.shapes)}"
        self.numpy.append(f"{name} = {text}")
        self.jax.append(f"{name} = {jax or text}")
        self.shapes[name] = shape
        return name

    def source(self, dialect):
        lines = getattr(self, dialect)
        last = list(self.shapes)[-1]
        return "def f(x, X):\n" + "".join(f"    {line}\n" for line in lines) + f"    return {last}\n"

    def function(self, dialect, module):
        space = {"np": module}
        exec(self.source(dialect), space)
        return space["f"]


def unary(p):
    a = p.pick()
    form = p.random.choice(
        ["np.sin({})", "np.cos({})", "np.tanh({})", "np.exp(0.3 * {})", "np.sqrt(1 + {}**2)", "np.log(1.5 + {}**2)", "np.arctan({})", "-{}", "np.abs({})"]
        + ["1 / (2 + {}**2)", "{}**3", "np.maximum({}, 0.1)", "np.minimum({}, 0.2)", "np.where({0} > 0, {0}, 0.5 * {0})", "np.clip({}, -0.5, 0.6)", "np.square({})"]
        + ["np.sinh({})", "np.arcsinh({})", "np.expm1(0.2 * {})", "np.log1p({}**2)", "np.where({0} > 0, np.sqrt(np.abs({0})), 0.0)", "2 ** {}", "np.cbrt(2 + {}**2)"]
    )
    p.let(form.format(a), p.shapes[a])


def binary(p):
    a = p.pick()
    b = p.pick(lambda s: fits(s, p.shapes[a]) is not None)
    form = p.random.choice(["{} + {}", "{} - {}", "{} * {}", "{} / (2 + {}**2)", "np.maximum({}, {})", "np.arctan2({}, 2 + {}**2)", "np.hypot({}, 1 + {}**2)", "np.logaddexp({}, {})"])
    p.let(form.format(a, b), fits(p.shapes[a], p.shapes[b]))


def fits(a, b):
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    return tuple(max(i, j) for i, j in zip(a, b)) if all(i == j or 1 in (i, j) for i, j in zip(a, b)) else None


def product(p):
    a = p.pick(lambda s: 1 <= len(s) <= 2)
    if a is None:
        return
    s = p.shapes[a]
    b = p.pick(lambda t: 1 <= len(t) <= 2 and t[-2 if len(t) == 2 else 0] == s[-1])
    if b is None:
        p.let(f"{a} @ {a}.T", (s[0], s[0]) if len(s) == 2 else ())
    else:
        p.let(f"{a} @ {b}", s[:-1] + (p.shapes[b][1:] if len(p.shapes[b]) == 2 else ()))


def reduction(p):
    a = p.pick(lambda s: len(s) >= 1)
    if a is None:
        return
    s = p.shapes[a]
    axis = p.random.choice([None, *range(-len(s), len(s))])
    keep = axis is not None and p.random.random() < 0.3
    form = p.random.choice(["np.sum({}{})", "np.mean({}{})", "np.max({}{})", "np.min({}{})", "np.prod(0.5 + 0.3 * {}{})", "np.linalg.norm({} + 0.1{})", "np.var({}{})", "np.std({} * {} + 0.1{})"])
    if form.startswith("np.linalg.norm") and axis is None and len(s) > 2:
        return
    if form.startswith("np.std") and (s[axis] if axis is not None else 2) < 2:
        return
    arguments = "" if axis is None else f", axis={axis}" + ", keepdims=True" * keep
    text = form.format(*[a] * (form.count("{}") - 1), arguments)
    shape = () if axis is None else tuple(1 if keep and k == axis % len(s) else n for k, n in enumerate(s) if keep or k != axis % len(s))
    p.let(text, shape)


def movement(p):
    a = p.pick(lambda s: len(s) >= 1)
    if a is None:
        return
    s = p.shapes[a]
    size = 1
    for n in s:
        size *= n
    choices = [(f"{a}.T", s[::-1]), (f"np.ravel({a})", (size,)), (f"{a}.reshape(-1)", (size,)), (f"np.flip({a}, 0)", s), (f"np.roll({a}, 1, axis=0)", s), (f"{a}[::-1]", s)]
    choices += [(f"np.concatenate([{a}, {a} * 2])", (2 * s[0], *s[1:])), (f"np.stack([{a}, {a}**2], axis=-1)", (*s, 2)), (f"np.cumsum({a}, axis=0)", s), (f"{a}[None]", (1, *s)), (f"{a}[..., None]", (*s, 1))]
    choices += [(f"np.sort({a}, axis=0)", s), (f"np.repeat({a}, 2, axis=0)", (2 * s[0], *s[1:])), (f"np.tile({a}, 2)", (*s[:-1], 2 * s[-1])), (f"{a}[np.array([0, -1, 0])]", (3, *s[1:]))]
    if s[0] > 1:
        choices += [(f"{a}[1:]", (s[0] - 1, *s[1:])), (f"{a}[:-1]", (s[0] - 1, *s[1:])), (f"{a}[0]", s[1:]), (f"{a}[-1]", s[1:]), (f"np.diff({a}, axis=0)", (s[0] - 1, *s[1:]))]
    if len(s) == 1:
        choices += [(f"np.outer({a}, {a})", (s[0], s[0])), (f"np.diag({a})", (s[0], s[0])), (f"np.einsum('i,i->', {a}, {a})", ()), (f"np.einsum('i,j->ji', {a}, {a})", (s[0], s[0]))]
    if len(s) == 2:
        choices += [(f"np.einsum('ij,kj->ik', {a}, {a})", (s[0], s[0])), (f"np.einsum('ij->j', {a})", s[1:]), (f"np.tril({a})", s), (f"np.trace({a})", ())]
        if s[0] == s[1]:
            choices += [(f"np.diag({a})", s[:1]), (f"{a} + {a}.T", s), (f"np.einsum('ii->i', {a})", s[:1])]
    text, shape = p.random.choice(choices)
    if len(shape) <= 3 and _size(shape) <= 40:
        p.let(text, shape)


def _size(shape):
    total = 1
    for n in shape:
        total *= n
    return total


def algebra(p):
    a = p.pick(lambda s: len(s) == 2)
    if a is None:
        return
    n, m = p.shapes[a]
    gram = f"({a} @ {a}.T + 2 * np.eye({n}))"
    b = p.pick(lambda s: s == (n,))
    choices = [(f"np.linalg.inv{gram}", (n, n)), (f"np.linalg.det{gram}", ()), (f"np.linalg.slogdet{gram}[1]", ())]
    choices += [(f"np.linalg.solve({gram}, {a})", (n, m))]
    if b:
        choices += [(f"np.linalg.solve({gram}, {b})", (n,))]
    p.let(*p.random.choice(choices))


def assignment(p):
    a = p.pick(lambda s: len(s) == 1 and s[0] > 1)
    if a is None:
        return
    n = p.shapes[a][0]
    value = p.pick(lambda s: s == ())
    name = p.let(f"{a} * 1.0", (n,))
    key, text = p.random.choice([("0", value), ("1:", f"{a}[:-1]**2"), ("-1", f"np.sin({a}[0])"), ("::2", "0.5"), ("[1, 0]", f"{a}[:2] * {a}[0]"), (":", f"{a}[::-1]")])
    text = text or "1.5"
    operator = p.random.choice(["=", "+=", "*="])
    p.numpy.append(f"{name}[{key}] {operator} {text}")
    at = f"np.array({key})" if key.startswith("[") else key
    value = text if operator == "=" else f"{name}[{at}] {operator[0]} ({text})"
    p.jax.append(f"{name} = {name}.at[{at}].set({value})")


STATEMENTS = [unary, unary, binary, binary, product, reduction, movement, movement, algebra, assignment]


def program(random, length):
    """A program of about `length` statements."""
    p = Program(random)
    for _ in range(length):
        random.choice(STATEMENTS)(p)
    if len(p.shapes) == len(SHAPES):
        unary(p)
    return p
