"""Random expressions with random declared shapes: first and second derivatives along random directions, beside limits of difference quotients.

A second derivative is judged by differences of the first, which is judged by differences of the value.
"""

import random
import re

import numpy as np
import pytest
import scipy.linalg  # the texts name it
import scipy.special

import wrt
from oracle.expressions import SIZES, VARIABLES, Grammar
from wrt import numeric


def numbers(shape):
    return tuple(SIZES[size] for size in shape.split())


def bound(text, known):
    """The text with sizes that nothing declares as numbers."""
    for size, number in SIZES.items():
        if size not in known:
            text = re.sub(rf"\b{size}\b", str(number), text)
    return text


def judged(seed):
    rng, choice = np.random.default_rng(seed), random.Random(seed)
    text = Grammar(choice).expression(choice.choice(["", "", "N", "M", "N M", "N N"]), choice.choice([1, 2, 3]))
    used = [name for name in VARIABLES if re.search(rf"(?<![\w.]){name}\b", text)]
    if not used:
        return
    shapes = {name: numbers(VARIABLES[name]) if choice.random() < 0.2 else VARIABLES[name] for name in used}
    if any(isinstance(shape, tuple) for shape in shapes.values()):  # a size is a number everywhere or nowhere
        shapes = {name: numbers(VARIABLES[name]) for name in used}
    text = bound(text, " ".join(shape for shape in shapes.values() if isinstance(shape, str)).split())
    values = {name: np.asarray(rng.standard_normal(numbers(VARIABLES[name]))) for name in used}
    order = choice.choice([(), (choice.choice(used),)])
    x, v = choice.choice(used), {}
    code = compile(text, "<expression>", "eval")

    def value(**at):
        return np.asarray(eval(code, {"np": np, "scipy": scipy, **SIZES, **at}), float)

    base = value if not order else wrt.derive(text, wrt=order, shapes=shapes)
    v = rng.standard_normal(values[x].shape)
    found = np.tensordot(wrt.derive(text, wrt=(*order, x), shapes=shapes)(**values), v, axes=v.ndim)
    with np.errstate(all="ignore"):
        limit = numeric.jacobian(lambda t: base(**{**values, x: values[x] + t * v}), 0.0)
    assert found.shape == limit.value.shape, text
    scale = max(1.0, np.max(np.abs(limit.value), initial=0))
    if np.all(np.isfinite(limit.value)) and scale < 1e8 and np.max(limit.error, initial=0) < 1e-4 * scale:
        allowed = 20 * np.max(limit.error, initial=0) + 1e-6 * scale
        assert np.max(np.abs(found - limit.value), initial=0) <= allowed, (text, order, x, shapes, seed)


@pytest.mark.parametrize("seed", range(15))
def test_ten_random_expressions(seed):
    for number in range(10):
        judged(10 * seed + number)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(100, 400))
def test_more_random_expressions(seed):
    for number in range(10):
        judged(10 * seed + number)
