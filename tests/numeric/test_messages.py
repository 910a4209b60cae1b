"""The exact words of every refusal."""

import numpy as np
import pytest

from wrt.errors import ArgumentError, ShapeError, WrtError
from wrt.numeric import complex_step, jacobian


def shape_shifter(x):
    return x if x[0] <= 1 else x[:1]


REFUSALS = [
    (
        lambda: jacobian(np.log, np.array([1.0, -1.0])),
        (
            "f(x)[1] is nan; there is no derivative to take there.\n"
            "  f(x) has shape (2,), x has shape (2,).\n  Choose an x inside the domain of f."
        ),
    ),
    (lambda: jacobian(np.sin, np.array([[0.0, np.inf]])), "x[0, 1] is inf; a derivative needs a finite point."),
    (
        lambda: jacobian(shape_shifter, np.array([1.0, 2.0])),
        (
            "f changes the shape of its output: (2,) at x, (1,) where x[0] = 1.0613608407605677.\n"
            "  x[0] is 1.0 at x.\n  Return the same shape everywhere near x."
        ),
    ),
    (
        lambda: jacobian(lambda x: np.exp(1j * x), 1.0),
        (
            "f returned complex numbers (complex128); a derivative along the real line needs real ones.\n"
            "  Return np.stack([z.real, z.imag])."
        ),
    ),
    (
        lambda: jacobian(np.sin, 1j),
        (
            "x is complex (complex128); limits are taken along the real line only.\n"
            "  Pass the real and imaginary parts as one real array."
        ),
    ),
    (lambda: jacobian(np.sin, "one"), "x must hold real numbers, but its dtype is <U3.\n  Pass an array of floats."),
    (lambda: jacobian(lambda x: None, 1.0), "f returned None.\n  Return the value at the end of f."),
    (lambda: jacobian(lambda x: [[x], [x, x]], 1.0), "f returned rows of different lengths.\n  Return one array."),
    (lambda: jacobian(3, 1.0), "f must be callable, but it is int."),
    (
        lambda: jacobian(np.sin, np.array([0.5, 2.0]), bounds=(0.0, 1.0)),
        "x[1] = 2.0 is outside its bounds 0.0 … 1.0.\n  Move x inside, or widen the bounds.",
    ),
    (lambda: jacobian(np.sin, 1.0, scale=-1.0), "scale must be positive and finite."),
    (
        lambda: jacobian(lambda x: 1.0 if x == 2 else np.nan, 2.0),
        (
            "f has no finite value beside x = 2.0, so there is no limit to take.\n"
            "  Steps from 0.1 to 3e-11 were tried.\n  Move x into the domain of f, or widen the bounds."
        ),
    ),
    (
        lambda: complex_step(np.abs, np.array([1.0])),
        (
            "f returned float64 for complex x[0]: it drops the imaginary part (abs, .real, float).\n"
            "  Use wrt.numeric.jacobian(f, x), which needs real numbers only."
        ),
    ),
    (
        lambda: complex_step(lambda z: z * np.conj(z), 3.0),
        (
            "f is not analytic at x: along one direction f rises by 0.00475, but its imaginary part says 0.\n"
            "  Use wrt.numeric.jacobian(f, x), which needs real numbers only."
        ),
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSALS, ids=[text[:40] for _, text in REFUSALS])
def test_text(call, text):
    with pytest.raises(WrtError) as caught:
        call()
    assert str(caught.value) == text


def test_kinds_of_refusal():
    with pytest.raises(ShapeError):
        jacobian(shape_shifter, np.array([1.0, 2.0]))
    with pytest.raises(ArgumentError):
        jacobian(np.log, -1.0)


def test_an_error_inside_f_at_x_is_the_users_own():
    with pytest.raises(ZeroDivisionError):
        jacobian(lambda x: 1 / 0, 1.0)
    with pytest.raises(KeyError):
        jacobian(lambda x: {}[x], 1.0)
