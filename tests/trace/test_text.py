"""Text to tree: against Python's own parser, against every expression of the corpus, and the exact words of every refusal."""

import ast
import contextlib
import warnings
from dataclasses import fields

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import wrt.trace.syntax as s
from wrt.errors import ParseError
from wrt.trace.text import MAX_DEPTH, parse
from wrt.trace.tokens import plain

# every distinct `expr` of the public corpus and of its refusals, then every distinct `text`
NUMPY = """
np.exp(-a*x**2) ;  np.exp(-(x - mu)**2/(2*s**2)) ;  x**a ;  scipy.special.gammaln(x) ;  scipy.special.erf(x/a)
(x + t*v) @ A @ (x + t*v) ;  np.linalg.det(A + t*B) ;  A @ np.sin(t*x) ;  (x + t*v)/np.linalg.norm(x + t*v) ;  t*A
A @ (B + t**2*C) @ D ;  np.exp(t*A) ;  np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) ;  s**2*np.exp(-R/(2*l**2))
np.linalg.cholesky(A + t*B) ;  np.linalg.inv(X.T @ X + t*np.eye(D)) ;  X @ np.linalg.solve(X.T @ X + t*np.eye(D), X.T) ;  x @ a
x @ A @ x ;  0.5*x @ A @ x ;  x @ A @ x + b @ x ;  x @ x ;  np.sum(x**2) ;  np.log(1 + x @ x) ;  x[0]**2*x[1] + x[0]*x[1]**3
np.sin(x[0])*np.cos(x[1]) ;  np.mean(x) ;  -np.sum(np.log(b - A @ x)) ;  np.sum(p*(np.log(p) - np.log(q))) ;  (x @ A @ x)/(x @ B @ x)
(x @ y)/(np.linalg.norm(x)*np.linalg.norm(y)) ;  np.sin(x) @ y ;  (y*v) @ x ;  np.linalg.slogdet(A @ np.diag(np.exp(x)) @ A.T)[1]
b @ np.linalg.solve(np.diag(x) + C, b) ;  (a @ x)*(b @ x) ;  x ;  A @ x + b ;  x/np.linalg.norm(x) ;  np.sin(A @ x + b)
V @ np.tanh(U @ x) ;  x*y ;  x/y ;  (x - np.mean(x))/np.sqrt(np.mean((x - np.mean(x))**2)) ;  g*x/np.sqrt(np.mean(x**2) + 1e-6)
np.cross(a, x) ;  a - 2*(x @ a)/(x @ x)*x ;  (a @ x)/(x @ x)*x ;  np.convolve(x, w, mode='valid') ;  np.concatenate([A @ x, B @ x])
np.kron(a, x) ;  np.kron(x, x) ;  np.einsum('kij,i,j->k', T, x, x) ;  np.array([x[0]*np.cos(x[1]), x[0]*np.sin(x[1])])
np.array([[-2, 1], [1, 1]]) @ x ;  x + u*np.tanh(w @ x + b) ;  A*x ;  np.exp(-(x[:, None] - z[None, :])**2/2)
np.diag(x) - np.outer(x, x) ;  np.array([[0*x[0], -x[2], x[1]], [x[2], 0*x[0], -x[0]], [-x[1], x[0], 0*x[0]]])
np.einsum('ijk,k->ij', T, x) ;  a @ X @ b ;  a @ X.T @ b ;  a @ X @ a ;  np.sum(X)**2 ;  b @ X.T @ D @ X @ c
(X @ b + c) @ D @ (X @ b + c) ;  (x - A @ s) @ W @ (x - A @ s) ;  np.trace(X @ A) ;  np.trace(A @ X.T) ;  np.trace(np.kron(A, X))
np.trace(B @ X.T @ X) ;  np.trace(A @ X @ B @ X) ;  np.trace(B.T @ X.T @ C @ X @ B) ;  np.trace(A @ X @ B @ X.T @ C)
np.trace(B.T @ X.T @ C @ X @ X.T @ C @ X @ B) ;  np.trace(np.linalg.inv(X + A)) ;  a @ np.linalg.inv(X) @ b ;  np.linalg.det(X)
np.linalg.det(np.linalg.inv(X)) ;  np.linalg.det(X.T @ A @ X) ;  np.log(np.linalg.det(X.T @ X)) ;  np.log(np.abs(np.linalg.det(X)))
np.linalg.slogdet(X)[1] ;  np.linalg.slogdet(np.eye(M) + X @ X.T)[1] ;  np.linalg.norm(X)**2 ;  np.linalg.norm(X, 2)
np.sum(np.linalg.eigvalsh((X + X.T)/2)) ;  np.linalg.eigvalsh((X + X.T)/2)[-1] ;  np.sum(np.linalg.svd(X, compute_uv=False)**2)
np.trace(A @ X @ X.T @ X) ;  np.sum(X) ;  a @ (X*B) @ c ;  np.trace(A @ (X*X)) ;  np.trace(A.T @ np.sin(X)) ;  np.log(np.sum(np.exp(X)))
np.trace(A @ (X + X.T)/2) ;  np.trace(X @ np.linalg.inv(A)) - np.linalg.slogdet(X @ np.linalg.inv(A))[1] - N ;  np.sum(np.diag(X)**2)
A.T @ A @ x ;  np.linalg.solve(A, b) ;  np.tanh(W @ x + b) ;  scipy.special.softmax(W @ x) ;  np.mean(X, axis=0)
np.kron(A, B) @ X.ravel() ;  np.linalg.solve(X.T @ X, X.T @ y) ;  V @ np.tanh(W @ x) ;  X ;  X @ A ;  X.T @ A ;  R.T @ R
np.linalg.matrix_power(X, 3) ;  np.linalg.inv(X) ;  np.kron(X, A) ;  X/np.linalg.norm(X) ;  scipy.special.softmax(X, axis=1)
X/np.sum(X, axis=1, keepdims=True) ;  (X + X.T)/2 ;  np.linalg.det(X)*np.linalg.inv(X) ;  np.sum((y - X @ w)**2) + lam*w @ w
(y - X @ w) @ np.diag(c) @ (y - X @ w) ;  np.trace((Y - X @ W).T @ (Y - X @ W)) + lam*np.trace(W.T @ W)
np.sum(np.log(1 + np.exp(-y*(X @ w)))) ;  np.sum(np.log(np.exp(-y*(X @ w)) + np.ones(N)))
np.sum((y + r)*np.log(r + np.exp(X @ w)) - y*(X @ w)) ;  np.sum(np.exp(-y*(X @ w)))
np.sum(d**2*(np.sqrt(1 + ((y - X @ w)/d)**2) - 1)) ;  0.5*w @ w + C*np.sum(np.logaddexp(0, 1 - y*(X @ w)))
0.5*(a*y) @ (X @ X.T) @ (a*y) - np.sum(a) ;  -0.5*(x - mu) @ np.linalg.solve(S, x - mu) - 0.5*np.linalg.slogdet(S)[1]
0.5*np.linalg.slogdet(P)[1] - 0.5*(x - mu) @ P @ (x - mu) ;  scipy.special.logsumexp(np.log(p) - 0.5*np.sum((x - M_)**2, axis=1))
Pm @ H.T @ np.linalg.inv(H @ Pm @ H.T + R) ;  np.sum(W @ H - T*np.log(W @ H)) ;  -np.trace(W.T @ S @ W)
np.linalg.norm(X - X @ W @ W.T)**2 ;  np.linalg.norm(X - X @ A @ B)**2 ;  np.sum((T - np.einsum('ir,jr,kr->ijk', A, B, C))**2)
np.sum((T - np.einsum('abc,ia,jb,kc->ijk', G, A, B, C))**2) ;  -(x @ y)/tau + scipy.special.logsumexp(Z @ x/tau)
np.logaddexp(0, (x - p) @ (x - p) - (x - n) @ (x - n)) ;  np.sum((np.sum((X[:, None, :] - X[None, :, :])**2, axis=2) - E)**2)
scipy.special.softmax(Q @ K.T/np.sqrt(D), axis=1) @ V ;  x/(1 + np.exp(-x)) ;  (A @ x)*scipy.special.expit(B @ x)
np.tanh(W @ np.tanh(W @ h)) ;  np.sum(C*(X - np.mean(X, axis=0))/np.sqrt(np.var(X, axis=0) + 1e-5)) ;  g*v/np.linalg.norm(v)
scipy.special.logsumexp(z) - t @ z ;  np.max(x) ;  np.maximum(x, 0) ;  np.maximum(W @ x + b, 0)
np.sum(np.where(np.abs(y - X @ w) <= d, 0.5*(y - X @ w)**2, d*(np.abs(y - X @ w) - 0.5*d))) ;  np.sign(x)*np.maximum(np.abs(x) - t, 0)
np.max(X, axis=0) ;  np.sum(np.abs(x[1:] - x[:-1])) ;  np.sum(np.sort(x)[-2:]) ;  np.sum(np.maximum(A @ x - b, 0)**2)
np.einsum('bij,bj->bi', A, x) ;  np.einsum('ir,jr->ijr', A, B) ;  np.einsum('ii->i', A) ;  np.einsum('hid,hjd->hij', Q, K)
np.einsum('a,aib,b->i', u, T, v) ;  A @ x ;  np.sum((np.einsum('ijk,k->ij', T, w) - Y)**2) ;  np.sum((y - Phi @ theta)**2)
np.sum(np.logaddexp(0, X @ w) - t*(X @ w)) ;  np.sum(np.exp(X @ w) - y*(X @ w)) ;  np.log(np.sum(np.exp(A @ x + b)))
-t @ np.log(np.exp(z)/np.sum(np.exp(z))) ;  np.linalg.norm(x) ;  (x @ x)**2 ;  np.exp(-0.5*x @ x) ;  np.sum(p*np.log(p))
np.sum(np.sin(x)) ;  np.prod(x) ;  np.exp(np.mean(np.log(x))) ;  0.5*np.sum((y - X @ w)**2) ;  np.linalg.norm(T - U @ V.T)**2
np.trace(np.linalg.inv(X)) ;  np.trace(X @ X @ X) ;  a @ np.linalg.solve(X, b) ;  np.tanh(A @ x) ;  np.linalg.inv(A + t*B)
np.sin(np.log(t @ t)) ;  np.argmax(x) ;  np.sum(np.round(x)) ;  np.sum(np.abs(x)) ;  np.linalg.eigvalsh((X + X.T)/2)
np.linalg.slogdet(S)[1] ;  np.trace(A @ X) ;  x.T ;  np.linalg.cholesky(S)
"""
MATRIX = """
exp(-a*x^2) ;  x^a ;  (x+t*v)'*A*(x+t*v) ;  det(A+t*B) ;  A*sin(t*x) ;  t*A ;  exp(t*A) ;  x'*a ;  0.5*x'*A*x ;  x'*A*x + b'*x ;  x'*x
sum(x.^2) ;  log(1+x'*x) ;  -sum(log(b-A*x)) ;  (x'*A*x)/(x'*B*x) ;  (x'*y)/(norm2(x)*norm2(y)) ;  sin(x)'*y ;  (y.*v)'*x
(a'*x)*(b'*x) ;  A*x+b ;  x/norm2(x) ;  sin(A*x+b) ;  V*tanh(U*x) ;  x.*y ;  x+u*tanh(w'*x+b) ;  a'*X*b ;  (X*b+c)'*D*(X*b+c)
tr(A*X*B*X) ;  tr(A*X*B*X'*C) ;  a'*inv(X)*b ;  det(X) ;  det(inv(X)) ;  log(det(X'*X)) ;  norm2(X)^2 ;  sum(X) ;  a'*(X.*B)*c
log(sum(exp(X))) ;  A'*A*x ;  tanh(W*x+b) ;  X ;  X*A ;  R'*R ;  inv(X) ;  norm2(y-X*w)^2+lam*w'*w ;  sum(log(1+exp(-y.*(X*w))))
sum(log(exp(-y.*(X*w)) + vector(1))) ;  sum(exp(-y.*(X*w))) ;  0.5*(a.*y)'*X*X'*(a.*y)-sum(a) ;  0.5*log(det(P))-0.5*(x-mu)'*P*(x-mu)
sum(W*H-T.*log(W*H)) ;  -tr(W'*S*W) ;  relu(x) ;  x'*A*x ;  norm2(y-Phi*theta)^2 ;  log(sum(exp(A*x+b))) ;  norm2(x) ;  (x'*x)^2
norm2(T-U*V')^2 ;  tr(inv(X))
"""


def entries(block):
    return [entry.strip() for line in block.strip().splitlines() for entry in line.split(" ;  ")]


a, b, c, x, y, A = (s.Name(name) for name in "abcxyA")
two, three = s.Number(2), s.Number(3)


def tree(text, dialect=None):
    return parse(text, dialect).tree


# ----- the corpus -----


@pytest.mark.parametrize("text", entries(NUMPY))
def test_corpus_in_numpy_reads_as_python_reads_it(text):
    parsed = parse(text)
    assert parsed.dialect == "numpy"
    assert_same(parsed.tree, from_python(text))
    assert tree(s.unparse(parsed.tree)) == parsed.tree


@pytest.mark.parametrize("text", entries(MATRIX))
def test_corpus_of_matrixcalculus(text):
    parsed = parse(text, "matrixcalculus")
    assert tree(s.unparse(parsed.tree), s.dialect_of(parsed.tree)) == parsed.tree
    if any(sign in text for sign in ("'", ".*", "^", "norm2", "tr(")):
        assert parse(text) == parsed


def test_names_in_order_of_appearance():
    assert parse("np.linalg.solve(X.T @ X, X.T @ y) + scipy.special.erf(t)*math.pi").names == ("X", "y", "t")
    assert parse("norm2(y - Φ*θ)^2 + lambda*θ'*θ").names == ("y", "Phi", "theta", "lambda")
    assert parse("f(f, axis=n)[i:] + np").names == ("f", "n", "i", "np")
    assert parse("x.sum() + np.sin(x)").names == ("x",)
    assert parse("1").names == ()


# ----- against Python's own parser -----

FROM_PYTHON = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@",
    ast.BitAnd: "&", ast.BitOr: "|", ast.UAdd: "+", ast.USub: "-", ast.Invert: "~",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class Chained(Exception):
    """Python chains comparisons; wrt refuses them."""


def from_python(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # '(1, 2) is not callable' and the like
        return convert(ast.parse(text, mode="eval").body)


def convert(node):
    if node is None:
        return None
    span = (node.col_offset, node.end_col_offset)
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return s.Binary(FROM_PYTHON[type(op)], convert(left), convert(right), span)
        case ast.UnaryOp(op=op, operand=operand):
            return s.Unary(FROM_PYTHON[type(op)], convert(operand), span)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return s.Binary(FROM_PYTHON[type(op)], convert(left), convert(right), span)
        case ast.Compare():
            raise Chained
        case ast.Constant(value=str(value)):
            return s.Text(value, span)
        case ast.Constant(value=value) if value is None or value is ... or isinstance(value, bool):
            return s.Constant(value, span)
        case ast.Constant(value=value):
            return s.Number(value, span)
        case ast.Name(id=name):
            return s.Name(name, span)
        case ast.Attribute(value=value, attr=name):
            return s.Attribute(convert(value), name, span)
        case ast.Call(func=function, args=args, keywords=keywords):
            named = tuple(s.Keyword(k.arg, convert(k.value), (k.col_offset, k.end_col_offset)) for k in keywords)
            return s.Call(convert(function), tuple(map(convert, args)), named, span)
        case ast.Subscript(value=value, slice=ast.Tuple(elts=indices)):
            return s.Subscript(convert(value), tuple(map(convert, indices)), span)
        case ast.Subscript(value=value, slice=index):
            return s.Subscript(convert(value), (convert(index),), span)
        case ast.Slice(lower=start, upper=stop, step=step):
            return s.Slice(convert(start), convert(stop), convert(step), span)
        case ast.List(elts=items):
            return s.List(tuple(map(convert, items)), span)
        case ast.Tuple(elts=items):
            return s.Tuple(tuple(map(convert, items)), span)
    raise AssertionError(ast.dump(node))


def assert_same(mine, theirs):
    """Equal trees, spans and number types included."""
    assert mine == theirs
    for one, other in zip(s.walk(mine), s.walk(theirs), strict=True):
        assert one.span == other.span, (one, other)
        if isinstance(one, s.Number):
            assert type(one.value) is type(other.value)


atoms = st.sampled_from(["x", "A", "theta_1", "2", "10", "0.5", "2.", ".5", "1e-3", "1_0", "2.5E2", "None", "True", "..."])
binary = st.sampled_from(["+", "-", "*", "/", "//", "%", "@", "**", "&", "|", "<", "<=", ">", ">=", "==", "!="])
space = st.sampled_from(["", " "])


@st.composite
def longer(draw, inner):
    """Python text one step larger; parentheses come and go, so that precedence decides."""

    def part():
        text = draw(inner)
        return f"({text})" if draw(st.booleans()) else text

    def primary():
        return draw(st.sampled_from(["x", "X.T", "np.sin(x)", "x[0]"])) if draw(st.booleans()) else f"({draw(inner)})"

    gap = draw(space)
    match draw(st.integers(0, 8)):
        case 0 | 1 | 2 | 3:
            return f"{part()}{gap}{draw(binary)}{gap}{part()}"
        case 4:
            return draw(st.sampled_from(["-", "+", "~"])) + gap + part()
        case 5:
            return primary() + draw(st.sampled_from([".T", ".ravel()", ".sum(axis=0)"]))
        case 6:
            end = st.just("") | inner
            index = st.one_of(inner, st.builds("{}:{}:{}".format, end, end, end), st.just("::-1"))
            return f"{primary()}[{', '.join(draw(st.lists(index, min_size=1, max_size=3)))}]"
        case 7:
            args = draw(st.lists(inner, max_size=2)) + draw(st.sampled_from([[], ["axis=0"], ["mode='valid'", "k=-1"]]))
            return f"{draw(st.sampled_from(['np.f', 'g', 'x.sum']))}({', '.join(args)})"
        case _:
            items = draw(st.lists(inner, min_size=1, max_size=3))
            return f"[{', '.join(items)}]" if draw(st.booleans()) else f"({', '.join(items)},)"


python_texts = st.recursive(atoms, longer, max_leaves=12)


@given(python_texts)
def test_numpy_texts_read_as_python_reads_them(text):
    try:
        theirs = from_python(text)
    except Chained:
        with pytest.raises(ParseError, match="comparisons cannot be chained"):
            parse(text)
        return
    parsed = parse(text)
    assert parsed.dialect == "numpy"
    assert_same(parsed.tree, theirs)


@given(python_texts)
def test_numpy_round_trip_with_fewest_parentheses(text):
    try:
        mine = tree(text)
    except ParseError:
        assume(False)
    written = s.unparse(mine)
    assert tree(written) == mine
    for first, last in grouping_parentheses(written):
        shorter = f"{written[:first]} {written[first + 1 : last]} {written[last + 1 :]}"
        with contextlib.suppress(ParseError):
            assert tree(shorter) != mine, (written, shorter)


def grouping_parentheses(text):
    """Pairs that group: not those of calls, of tuples (they hold a comma), or of (2).T, where a space would do."""
    waiting = []
    for at, char in enumerate(text):
        if char == "(":
            waiting.append(at)
        elif char == ")":
            first = waiting.pop()
            call = first > 0 and (text[first - 1].isalnum() or text[first - 1] == "_")
            if not call and "," not in text[first:at] and not text[first + 1 : at].isdigit():
                yield first, at


names = st.builds(s.Name, st.sampled_from(["x", "A", "theta", "lambda", "x1"]))
numbers = st.builds(s.Number, st.integers(0, 10**20) | st.floats(min_value=0))


def larger(inner):
    any_slice = st.builds(s.Slice, st.none() | inner, st.none() | inner, st.none() | inner)
    word = st.sampled_from(["T", "sum", "log1p", "e5"])
    return st.one_of(
        st.builds(s.Binary, st.sampled_from(sorted(s.LEVEL)), inner, inner),
        st.builds(s.Binary, st.sampled_from(["times", "over", "power", "*", "**"]), inner, inner),
        st.builds(s.Unary, st.sampled_from(["+", "-", "~"]), inner),
        st.builds(s.Transpose, inner),
        st.builds(s.Attribute, inner, word),
        st.builds(s.Call, names, st.lists(inner | st.builds(s.Text, st.sampled_from(["ij->ji", "it's"])), max_size=2).map(tuple)),
        st.builds(s.Subscript, inner, st.lists(inner | any_slice, min_size=1, max_size=2).map(tuple)),
        st.builds(s.List, st.lists(inner, max_size=3).map(tuple)),
        st.builds(s.Tuple, st.lists(inner, max_size=3).map(tuple)),
    )


@given(st.recursive(names | numbers | st.builds(s.Constant, st.sampled_from([None, True, ...])), larger, max_leaves=12))
def test_any_tree_survives_writing_and_reading(node):
    assert tree(s.unparse(node), s.dialect_of(node)) == node


# ----- precedence, said once more by hand -----


@pytest.mark.parametrize("text, bracketed", [
    ("-x**2", "-(x**2)"), ("x**-y", "x**(-y)"), ("x**y**2", "x**(y**2)"), ("-x**-y**2", "-(x**(-(y**2)))"),
    ("a*b @ c", "(a*b) @ c"), ("a @ b*c", "(a @ b)*c"), ("a/b*c", "(a/b)*c"), ("a - b - c", "(a - b) - c"), ("-a*b", "(-a)*b"),
    ("a + b < c - x", "(a + b) < (c - x)"), ("a | b & c", "a | (b & c)"), ("a & b < c", "(a & b) < c"), ("-x.T[0]", "-((x.T)[0])"),
    ("a^b^c", "a**(b**c)"), ("-x^2", "-(x**2)"), ("a*b^c", "a*(b**c)"), ("a.*b./c", "(a*b)/c"), ("2.*a", "2.0*a"), ("x²+a³", "x**2 + a**3"),
    ("a − b·c", "a - b*c"), ("a ⊙ b", "a*b"), ("a^b²", "a**(b**2)"), ("x²³", "x**23"), ("-x²", "-(x**2)"), ("Aᵀ @ x", "A.T @ x"),
    ("A'@x", "A.T @ x"), ("a ≤ b", "a <= b"), ("2.**a", "2.0**a"), ("2.//a", "2.0//a"), ("-+~x", "-(+(~x))"),
])  # fmt: skip
def test_precedence_in_numpy(text, bracketed):
    assert tree(text, "numpy") == tree(bracketed, "numpy")


@pytest.mark.parametrize("text, bracketed", [
    ("x'*A*x", "((x')*A)*x"), ("-x'", "-(x')"), ("a*x'^b", "a*((x')^b)"), ("-y.*(A*x)", "(-y).*(A*x)"), ("a.^b.^c", "a.^(b.^c)"),
    ("x''", "(x')'"), ("A*x+b'*c", "(A*x)+((b')*c)"), ("2^-x", "2^(-x)"), ("A²'", "(A^2)'"), ("A.'", "A'"), ("A’*x", "A'*x"),
    ("A**b", "A^b"), ("2.^x", "2.0 .^x"), ("2.*x", "2.0 .*x"), ("x.*y'", "x.*(y')"), ("f(x')'", "(f((x')))'"),
])  # fmt: skip
def test_precedence_in_matrixcalculus(text, bracketed):
    assert tree(text, "matrixcalculus") == tree(bracketed, "matrixcalculus")


def test_star_and_its_kin_mean_what_each_grammar_means():
    assert tree("A*x", "numpy") == s.Binary("*", A, x)
    assert tree("A.*x", "matrixcalculus") == s.Binary("*", A, x)
    assert tree("A*x", "matrixcalculus") == s.Binary("times", A, x)
    assert tree("x/y", "matrixcalculus") == s.Binary("over", x, y)
    assert tree("A^2", "matrixcalculus") == s.Binary("power", A, two)
    assert tree("A.^2", "matrixcalculus") == tree("A**2", "numpy") == s.Binary("**", A, two)
    assert tree("A'") == s.Transpose(A)
    assert tree("A'", "numpy") == s.Attribute(A, "T")


@pytest.mark.parametrize("text, dialect", [
    ("x'*A*x", "matrixcalculus"), ("x.*y", "matrixcalculus"), ("x./y", "matrixcalculus"), ("x.^2", "matrixcalculus"),
    ("x^2", "matrixcalculus"), ("x²", "matrixcalculus"), ("norm2(x)", "matrixcalculus"), ("tr(A*B)", "matrixcalculus"),
    ("vector(1)", "matrixcalculus"),
    ("A*x", "numpy"), ("det(A)", "numpy"), ("2.*x", "numpy"), ("2.^x", "matrixcalculus"), ("x' @ y", "numpy"), ("x**2 + y^2", "numpy"),
    ("np.sum(x^2)", "numpy"), ("sum(x^2, axis=0)", "numpy"), ("x[0]^2", "numpy"), ("x.T*y^2", "numpy"), ("f('ij')", "numpy"),
    ("tr", "numpy"),
    ("tr(A @ B)", "numpy"), ("x.tr(y)", "numpy"), ("[x^2, y]", "numpy"),
])  # fmt: skip
def test_dialect(text, dialect):
    assert parse(text).dialect == dialect


# ----- atoms -----


@pytest.mark.parametrize("text, name", [
    ("θ", "theta"), ("Φ", "Phi"), ("λ", "lambda"), ("lambda", "lambda"), ("θ_1", "theta_1"), ("θ₁", "theta1"), ("x₁", "x1"), ("σx", "σx"),
    ("ϵ", "epsilon"), ("µ", "mu"), ("Ω", "Omega"), ("ς", "varsigma"), ("größe", "größe"), ("M_", "M_"), ("𝐱", "x"),
])  # fmt: skip
def test_names_are_spelled_with_the_keyboard(text, name):
    node = tree(text)
    assert node == s.Name(name)
    assert node.written == text
    assert plain(text) == name


def test_numbers_are_read_not_computed():
    assert tree("10^10^10", "numpy") == tree("10**(10**10)")
    assert tree("9" * 640) == s.Number(10**640 - 1)
    assert s.unparse(tree("1e999")) == "1e999"
    assert isinstance(tree("2").value, int)
    assert isinstance(tree("2.").value, float)


def test_subscripts_and_literals():
    assert tree("x[1:, None, ::-1, ...]") == s.Subscript(x, (
        s.Slice(s.Number(1), None, None), s.Constant(None), s.Slice(None, None, s.Unary("-", s.Number(1))), s.Constant(...)))  # fmt: skip
    assert tree("[[a, b], []]") == s.List((s.List((a, b)), s.List(())))
    assert tree("f((a,), ())") == s.Call(s.Name("f"), (s.Tuple((a,)), s.Tuple(())))
    assert tree('f(x, mode="it\'s")') == s.Call(s.Name("f"), (x,), (s.Keyword("mode", s.Text("it's")),))


def test_spans_leave_out_parentheses_and_cover_what_is_inside():
    text = " ( x + y )' * A[ 0 ]"
    product = tree(text, "matrixcalculus")
    where = {type(node).__name__: text[slice(*node.span)] for node in s.walk(product.left)} | {"right": text[slice(*product.right.span)]}
    assert where == {"Transpose": "( x + y )'", "Binary": "x + y", "Name": "y", "right": "A[ 0 ]"}
    assert text[slice(*product.span)] == text.strip()


def test_nodes_are_frozen_and_equal_up_to_spans():
    assert tree("x+y") == tree("( x  +  y )")
    assert hash(tree("x+y")) == hash(tree("( x  +  y )"))
    assert not any(field.compare for field in fields(s.Binary) if field.name == "span")


# ----- refusals, word for word -----

STAR = "write * for a product of numbers or entries, @ for the matrix product"
DEEP = "give parts a name, write a long sum as an array operation, or write a Python function"


@pytest.mark.parametrize("text, fact, carets, advice", [
    ("x + $", "unexpected character '$'", "    ^", ""),
    ("a × b", "unexpected character '×'", "  ^", "write * for a product, or np.cross(a, b)"),
    ("A⁻¹", "unexpected character '⁻'", " ^", "write inv(A) for the inverse of a matrix, 1/a for a number"),
    ("a; b", "unexpected character ';'", " ^", "write one expression; rows of an array are [[a, b], [c, d]]"),
    ("a½", "unexpected character '½'", " ^", ""),
    ("f(x[0]", "'(' is never closed", " ^", ""),
    ("f(x[0", "'[' is never closed", "   ^", ""),
    ("(x]", "'(' is closed by ']'", "^ ^", ""),
    ("x + y)", "')' closes nothing", "     ^", ""),
    ("x +", "an operand is missing after '+'", "   ^", ""),
    ("x + * y", "an operand is missing before '*'", "    ^", ""),
    ("* y", "an operand is missing before '*'", "^", ""),
    ("f(,x)", "an operand is missing before ','", "  ^", ""),
    ("x[:,,]", "an operand is missing before ','", "    ^", ""),
    ("x.", "a name is missing after '.'", " ^", ""),
    ("x[]", "an index is missing between '[' and ']'", " ^^", ""),
    ("y = X @ w", "'=' assigns; only an expression can be read", "  ^", "write the right side alone, or == to compare"),
    ("f(a.b=1)", "'=' assigns; only an expression can be read", "     ^", "write the right side alone, or == to compare"),
    ("2x", "an operator is missing before 'x'", " ^", STAR),
    ("2(x)", "an operator is missing before '('", " ^", STAR),
    ("(a)(b)", "an operator is missing before '('", "   ^", STAR),
    ("x' y", "an operator is missing before 'y'", "   ^", "write * for the product, .* for a product of entries"),
    ("x, y", "one expression is read, not several", " ^", "write np.array([a, b]) to collect them"),
    ("x:y", "':' stands only in an index, as in x[1:]", " ^", ""),
    ("x[1:2:3:4]", "':' stands only in an index, as in x[1:]", "       ^", ""),
    ("a < b <= c", "comparisons cannot be chained", "  ^   ^^", "write (a < b) & (b < c)"),
    ("a and b", "'and' cannot be used here", "  ^^^", "write & between comparisons, each in parentheses"),
    ("x if y else a", "'if' cannot be used here", "  ^^", "write np.where(condition, a, b)"),
    ("x.__class__", "'__class__' cannot be used: names do not start with '__'", "  ^^^^^^^^^", ""),
    ("x._a", "'._a' cannot be used: attributes are plain words, as in x.T", "  ^^", ""),
    ("x.a__b", "'.a__b' cannot be used: attributes are plain words, as in x.T", "  ^^^^", ""),
    ("x.θ", "'.θ' cannot be used: attributes are plain words, as in x.T", "  ^", ""),
    ("f(a=1, 2)", "an argument without a name follows one with a name", "       ^", ""),
    ("f(a=1, a=2)", "'a' is given twice", "       ^", ""),
    ("f(for=1)", "'for' cannot be a keyword", "  ^^^", ""),
    ("x*'", "the quote opened here is never closed", "  ^", "a transpose ' stands directly after what it transposes"),
    ('f("ij)', "the quote opened here is never closed", "  ^", ""),
    (r"f('\n')", r"a quoted text cannot contain '\'", "   ^", ""),
    ("'ij' + x", "quoted text is an argument of a function, not a value", "^^^^", ""),
    ("a^b'", "it is not clear what is transposed, the power or the exponent", "   ^", "write (a^b)' or a^(b')"),
    ("9" * 641, "an integer of more than 640 digits", "^" * 51, ""),
])  # fmt: skip
def test_refusal(text, fact, carets, advice):
    shown = text if len(text) <= 100 else text[:50] + "…"
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert str(caught.value) == "\n".join([fact, f"      {shown}", f"      {carets}"] + [f"  {advice}"] * bool(advice))


def test_empty_text():
    for text in ("", "  \n "):
        with pytest.raises(ParseError, match=r"^the text is empty\n  write an expression, such as "):
            parse(text)


def test_carets_in_the_right_line_of_several():
    with pytest.raises(ParseError) as caught:
        parse("\n  x +\n    \t$ y\n + a")
    assert str(caught.value) == "unexpected character '$'\n      $ y\n      ^"


def test_a_long_line_is_cut_around_the_caret():
    with pytest.raises(ParseError) as caught:
        parse("+".join(["xyz"] * 40) + "+$+" + "+".join(["xyz"] * 40))
    _, line, carets = str(caught.value).splitlines()
    assert line[carets.index("^")] == "$"
    assert len(line) < 120
    assert line.strip().startswith("…")
    assert line.endswith("…")


def test_signs_of_both_grammars_make_a_product_ambiguous():
    with pytest.raises(ParseError) as caught:
        parse("x'*A[0]")
    assert str(caught.value).splitlines()[:3] == [
        "'*' could be the matrix product, as \"'\" suggests, or NumPy's product of entries, as the rest does",
        "      x'*A[0]",
        "       ^^",
    ]
    assert tree("x'*A[0]", "numpy") == tree("x.T*A[0]")
    assert tree("2*x' @ A[0]") == tree("2*x.T @ A[0]")
    assert tree("np.sum(x.*y)") == tree("np.sum(x*y)")


@pytest.mark.parametrize("text", [
    "(" * 500 + "x" + ")" * 500, "-" * 500 + "x", "x" + "**x" * 500, "x" + "+x" * 500, "x" + "'" * 500, "f(" * 500 + ")" * 500,
    "x" + "[0]" * 500, "x[" * 500 + "0" + "]" * 500, "x" + ".T" * 500, "[" * 500 + "]" * 500,
])  # fmt: skip
def test_depth_is_limited(text):
    with pytest.raises(ParseError, match=f"more than {MAX_DEPTH} operations stand inside each other") as caught:
        parse(text)
    assert caught.value.advice == DEEP


def test_depth_just_within_the_limit():
    assert tree("(" * 199 + "x" + ")" * 199) == x
    for text in ("x" + "+x" * 199, "-" * 199 + "x", "x" + "'" * 199, "x" + "**x" * 199):
        node = tree(text)
        assert tree(s.unparse(node), s.dialect_of(node)) == node


def test_a_nearly_full_stack_is_refused_not_crashed():
    def nested(left):
        return parse("(" * 150 + "x" + ")" * 150) if left == 0 else nested(left - 1)

    with pytest.raises(ParseError, match="stand inside each other"):
        nested(700)


@pytest.mark.parametrize("text", [
    "x" * 100_000, "(" * 100_000, "'" * 100_000, "f(" + "x," * 9990 + ")", "x " * 10_000, "x" * 19_998 + "½", "\n" * 19_999 + "$",
    "(x)*" * 4999 + "x", "[[x]," * 3999, "1_" * 9999 + "1", "a" + "'" * 19_999,
])  # fmt: skip
def test_long_texts_are_answered(text):
    with contextlib.suppress(ParseError):  # what takes more than linear time would not end
        parse(text)


# ----- anything at all -----

POOL = [
    "xyA", "θΦ", "λ", "0", "1", "2.5", "1e9", "(", ")", "[", "]", "'", "'", ".*", "./", ".^", "^", "²", "ᵀ", "·", "⊙", "−", "+", "-",
    "*", "/", "//", "**", "@", ",", ":", "=", "==", "<", "...", ".", '"', "\\", "None", "lambda", "and", "np.", ".T", "f(", "x[", "\n",
    "\0", "\ud800", "½", "³", "_", "__",
]  # fmt: skip


@given(st.text() | st.lists(st.sampled_from(POOL), max_size=25).map("".join), st.sampled_from([None, "numpy", "matrixcalculus"]))
def test_only_a_parse_error_escapes(text, dialect):
    check_answered(text, dialect)


@given(st.sampled_from(entries(NUMPY) + entries(MATRIX)), st.data())
def test_only_a_parse_error_escapes_from_a_slip_of_the_hand(text, data):
    at = data.draw(st.integers(0, len(text)))
    check_answered(text[:at] + data.draw(st.sampled_from(["", *POOL])) + text[at + data.draw(st.integers(0, 2)) :], None)


def check_answered(text, dialect):
    try:
        node = parse(text, dialect).tree
    except ParseError as error:
        refusal = error
    else:
        assert tree(s.unparse(node), s.dialect_of(node)) == node
        return
    str(refusal).encode()  # printable everywhere
    if refusal.fact != "the text is empty":
        spans = refusal.location.spans
        assert spans
        assert all(0 <= first < last <= len(refusal.location.line) + 1 for first, last in spans)
