"""The grammar of matrixcalculus.org: each text means the NumPy expression beside it, value and derivative."""

import re

import numpy as np
import pytest

import wrt

SHAPES = {
    "A": "M N", "B": "M N", "C": "N N", "S": "N N", "X": "N M", "Y": "N M", "W": "M K",
    "x": "N", "y": "N", "z": "M", "w": "M", "t": "N", "a": "", "b": "", "c": "",
}  # fmt: skip
SIZES = {"M": 4, "N": 3, "K": 2}

# text | the same in NumPy's syntax | by
LINES = """
x'*x | x @ x | x
x'*C*x | x @ C @ x | x
x'*C*x | x @ C @ x | C
x'*C*y + c*sin(y)'*x | x @ C @ y + c*(np.sin(y) @ x) | x
(A*x)'*z | (A @ x) @ z | x
(A*x)'*(B*y) | (A @ x) @ (B @ y) | A
z'*A | z @ A | z
A*x | A @ x | x
A*x | A @ x | A
A' * z | A.T @ z | A
A*B' | A @ B.T | A
A'*B | A.T @ B | B
x*y' | np.outer(x, y) | x
x*z' | np.outer(x, z) | z
x*x' | np.outer(x, x) | x
X*X' | X @ X.T | X
(x*y')*t | np.outer(x, y) @ t | y
x'*y*z | (x @ y)*z | x
exp(-x.*x) | np.exp(-x*x) | x
exp(X) | np.exp(X) | X
exp(C*x) | np.exp(C @ x) | C
sin(x).*cos(y) | np.sin(x)*np.cos(y) | x
log(x.^2 + vector(1)) | np.log(x**2 + 1) | x
x.^3 | x**3 | x
x./(y.^2 + vector(1)) | x/(y**2 + 1) | y
2.^x | 2**x | x
norm2(x) | np.linalg.norm(x) | x
norm2(C*x - y)^2 | np.sum((C @ x - y)**2) | x
norm2(X)^2 | np.sum(X**2) | X
norm2(X - Y) | np.linalg.norm(X - Y) | X
norm1(x) | np.sum(np.abs(x)) | x
norm1(X) | np.sum(np.abs(X)) | X
norm1(A*x - z) | np.sum(np.abs(A @ x - z)) | A
sum(x) | np.sum(x) | x
sum(X.*Y) | np.sum(X*Y) | Y
sum(relu(A*x)) | np.sum(np.maximum(A @ x, 0)) | x
relu(x) | np.maximum(x, 0) | x
abs(x) | np.abs(x) | x
sign(x).*x | np.sign(x)*x | x
tanh(A*x + z) | np.tanh(A @ x + z) | A
arctan(x) | np.arctan(x) | x
tr(C) | np.trace(C) | C
tr(X*A) | np.trace(X @ A) | X
tr(X'*Y) | np.trace(X.T @ Y) | X
tr(A*X*B*Y) | np.trace(A @ X @ B @ Y) | B
tr(inv(S)) | np.trace(np.linalg.inv(S)) | S
det(S) | np.linalg.det(S) | S
log(det(S)) | np.log(np.linalg.det(S)) | S
logdet(S) | np.linalg.slogdet(S)[1] | S
inv(S) | np.linalg.inv(S) | S
inv(S)*x | np.linalg.inv(S) @ x | S
x'*inv(S)*y | x @ np.linalg.inv(S) @ y | S
x'*inv(S + a*eye)*y | x @ np.linalg.inv(S + a*np.eye(N)) @ y | a
logdet(S + a*eye) | np.linalg.slogdet(S + a*np.eye(N))[1] | S
S^2 | S @ S | S
S^3*x | S @ S @ S @ x | S
(x'*x)^2 | (x @ x)**2 | x
a^2*x | a**2*x | a
x/a | x/a | a
X/norm2(X) | X/np.linalg.norm(X) | X
x'*x/(y'*y) | (x @ x)/(y @ y) | y
diag(x)*C | np.diag(x) @ C | x
diag(C)'*x | np.diag(C) @ x | C
vector(1)'*x | np.ones(N) @ x | x
X*vector(1) | X @ np.ones(M) | X
vector(a)'*x | a*np.sum(x) | a
sum(matrix(1).*X) | np.sum(X) | X
(C + matrix(2))*x | (C + 2) @ x | C
a*x'*C*x + b*y'*x + c | a*(x @ C @ x) + b*(y @ x) + c | x
0.5*norm2(y - X*w)^2 + a*norm1(w) | 0.5*np.sum((y - X @ w)**2) + a*np.sum(np.abs(w)) | w
sum(log(vector(1) + exp(-y.*(X*w)))) | np.sum(np.log(1 + np.exp(-y*(X @ w)))) | w
sum(exp(X*w) - y.*(X*w)) | np.sum(np.exp(X @ w) - y*(X @ w)) | X
log(sum(exp(X*w))) | np.log(np.sum(np.exp(X @ w))) | w
exp(x)/sum(exp(x)) | np.exp(x)/np.sum(np.exp(x)) | x
-2*x' * C' | -2*(C @ x) | x
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_means_the_numpy_expression(line):
    text, numpy, by = (part.strip() for part in line.split(" | "))
    rng = np.random.default_rng(len(line))
    values = {name: rng.uniform(0.3, 1.5, [SIZES[s] for s in shape.split()]) * rng.choice([-1, 1]) for name, shape in SHAPES.items()}
    values |= {"S": values["S"] @ values["S"].T + np.eye(3)}
    matrix = wrt.derive(text, wrt=by, shapes=_used(text), dialect="matrixcalculus").value_and(**values)
    array = wrt.derive(numpy, wrt=by, shapes=_used(text)).value_and(**values)
    for found, wanted in zip(matrix, array, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12, strict=True)


def _used(text):
    return {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b", text)}


@pytest.mark.parametrize("text", ["x'*C*x", "norm2(y - X*w)^2", "tr(X'*Y)", "sum(log(vector(1) + exp(-y.*(X*w))))", "x'*inv(S + a*eye)*y"])
def test_is_known_by_its_signs_and_its_shapes_by_habit(text):
    d = wrt.derive(text, wrt="x" if "x" in text.replace("exp", "") else "X")
    assert [len(shape) for name, shape in d.variables.items() if name in ("X", "Y", "C", "S")] in ([1 + 1], [2, 2], [2])
    assert all(not shape for name, shape in d.variables.items() if name == "a")


@pytest.mark.parametrize("text, words", [
    ("x*y", "inner product"),
    ("x'*y'", "inner product"),
    ("x + y'", "row vector"),
    ("x*C", "Transpose"),
    ("X^2", "M"),
    ("x^2", ".^"),
    ("C/x", "./"),
    ("matrix(1)*x", "does not follow"),
])  # fmt: skip
def test_what_its_grammar_refuses(text, words):
    with pytest.raises(wrt.ShapeError) as caught:
        wrt.derive(text, wrt="X" if "X" in text else "x", shapes=_used(text), dialect="matrixcalculus")
    assert words in str(caught.value)
    assert "^" in str(caught.value).splitlines()[2]


def test_a_star_between_two_grammars_is_not_guessed():
    with pytest.raises(wrt.ParseError, match="could be the matrix product"):
        wrt.derive("x'*A*x + np.sum(x)", wrt="x")
