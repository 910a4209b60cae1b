# lists of forms read best as lists
"""Random expressions in NumPy's syntax over scalars, vectors and matrices: every one is valid for its shapes, most are smooth."""

VARIABLES = {"a": "", "b": "", "x": "N", "y": "N", "z": "M", "A": "N M", "B": "M N", "C": "N N", "T": "M N N"}
SIZES = {"N": 3, "M": 2}
POSITIVE = "(1.5 + np.tanh({}))"


class Grammar:
    """`expression(shape, depth)` gives text of that shape, a string of sizes such as "N M"."""

    def __init__(self, random):
        self.random = random

    def expression(self, shape, depth):
        if depth <= 0 or self.random.random() < 0.1:
            return self.leaf(shape)
        makers = [self.elementwise, self.elementwise, self.arithmetic, self.arithmetic, self.arithmetic]
        makers += {0: [self.scalar] * 6, 1: [self.vector] * 6, 2: [self.matrix] * 6}[len(shape.split())]
        return self.random.choice(makers)(shape, depth - 1)

    def pick(self, *choices):
        return self.random.choice(choices)

    def size(self):
        return self.pick("N", "M")

    def leaf(self, shape):
        names = [name for name, own in VARIABLES.items() if own == shape]
        if shape == "M N":
            names.append("A.T")
        if shape == "N M":
            names += ["B.T", "np.outer(x, z)"]
        if shape == "M M":
            names += ["(B @ A)", "np.diag(z)", "np.eye(M)"]
        if shape == "N N":
            names += ["C.T", "np.diag(x)", "np.eye(N)", "np.sum(T, axis=0)"]
        if not shape:
            names += ["2.0", "0.5", "x[0]", "z[-1]", "A[0, 1]"]
        if shape == "N":
            names += ["A[:, 0]", "B[1]", "C[0]", "np.diag(C)", "np.ones(N)"]
        return self.random.choice(names)

    def elementwise(self, shape, depth):
        u = self.expression(shape, depth)
        return self.pick(
            *("np.sin({})", "np.cos({})", "np.tanh({})", "np.exp(0.3*np.tanh({}))", "(-{})", "(({})**2)", "(({})**3)", "np.arctan({})", "np.abs({})"),
            *("np.sqrt(1 + ({})**2)", "np.log(2 + np.cos({}))", "(1/(2 + np.sin({})))", "np.maximum({}, 0.1)", "scipy.special.expit({})"),
            *("np.logaddexp(0, {})", "np.where({0} > 0.2, {0}, ({0})**2)", "scipy.special.erf({})", "np.clip({}, -0.7, 0.9)", f"({POSITIVE}**a)", f"({POSITIVE}**-1.5)"),
        ).format(f"({u})")

    def arithmetic(self, shape, depth):
        u, v = self.expression(shape, depth), self.expression(self.wider(shape), depth)
        return self.pick("({} + {})", "({} - {})", "({} * {})", "({} / " + POSITIVE + ")", "np.maximum({}, {})", "np.hypot({}, 1 + ({})**2)").format(u, v)

    def wider(self, shape):
        """A shape that broadcasts to this one."""
        return self.random.choice(["", shape, shape, shape.split()[-1] if shape else ""])

    def square(self, n, depth):
        """A well-conditioned matrix."""
        return self.pick("({0} @ ({0}).T + 2*np.eye({1}))", "(np.tanh({0}) + 4*np.eye({1}))").format(self.expression(f"{n} {n}", depth - 1), n)

    def scalar(self, shape, depth):
        n, m = self.size(), self.size()
        v, w, X = self.expression(n, depth), self.expression(n, depth), self.expression(f"{n} {m}", depth)
        forms = [f"({v} @ {w})", f"np.sum({X})", f"np.sum(({X})**2)", f"np.linalg.norm({X} + 0.3)", f"np.mean({v})", f"np.trace({X} @ ({X}).T)", f"np.max({v})"]
        forms += [f"np.prod(1 + 0.3*np.tanh({v}))", f"np.var({v})", f"scipy.special.logsumexp({v})", f"np.einsum('ij,ij->', {X}, {X})", f"np.linalg.norm({v} - 0.1)"]
        S = self.square(n, depth)
        forms += [f"np.linalg.slogdet({S})[1]", f"np.linalg.det({S})", f"({v} @ np.linalg.solve({S}, {w}))", f"np.trace(np.linalg.inv({S}))", f"({v})[0]"]
        return self.random.choice(forms)

    def vector(self, n, depth):
        m = self.size()
        X, Y, v, w = self.expression(f"{n} {m}", depth), self.expression(f"{m} {n}", depth), self.expression(m, depth), self.expression(n, depth)
        forms = [f"({X} @ {v})", f"({v} @ {Y})", f"np.sum({X}, axis=1)", f"np.mean({Y}, axis=0)", f"np.max({X}, axis=1)", f"np.cumsum({w})", f"({w})[::-1]"]
        forms += [f"scipy.special.softmax({w})", f"({w} - np.mean({w}))", f"np.einsum('ij,j->i', {X}, {v})", f"np.roll({w}, 1)", f"np.linalg.solve({self.square(n, depth)}, {w})"]
        forms += [f"({X})[:, 0]", f"({Y})[-1]", f"np.linalg.norm({X} + 0.2, axis=1)", f"np.diag({X} @ {Y})", f"np.concatenate([({w})[1:], ({w})[:1]])", f"np.sort({w})"]
        forms += [f"({w} / np.linalg.norm({w} + 0.1))", f"scipy.special.logsumexp({Y}, axis=0)"]
        return self.random.choice(forms)

    def matrix(self, shape, depth):
        n, m = shape.split()
        k = self.size()
        X, Y, v, w = self.expression(f"{n} {k}", depth), self.expression(f"{k} {m}", depth), self.expression(n, depth), self.expression(m, depth)
        Z = self.expression(shape, depth)
        forms = [f"({X} @ {Y})", f"({self.expression(f'{m} {n}', depth)}).T", f"np.outer({v}, {w})", f"(({v})[:, None] * {Z})", f"({Z} - np.mean({Z}, axis=0))"]
        forms += [f"(({v})[:, None] - ({w})[None, :])", f"(np.diag({v}) @ {Z})", f"scipy.special.softmax({Z}, axis=1)", f"({Z} / np.sum(1 + ({Z})**2, axis=1, keepdims=True))"]
        forms += [f"np.einsum('ik,kj->ij', {X}, {Y})", f"np.linalg.solve({self.square(n, depth)}, {Z})", f"np.cumsum({Z}, axis=1)", f"({Z})[::-1, :]", f"({Z} * {w})"]
        if n == m:
            forms += [f"np.linalg.inv({self.square(n, depth)})", f"np.tril({Z})", f"np.triu({Z}, 1)", f"np.linalg.matrix_power({Z}, 2)", f"np.linalg.cholesky({Z} @ ({Z}).T + np.eye({n}))"]
            forms += [f"({Z} + ({Z}).T)", "np.einsum('bij,b->ij', T, z)"] if n == "N" else []
        return self.random.choice(forms)
