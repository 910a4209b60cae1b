"""Each elementwise operation, compiled, against NumPy's own: ordinary and special values, both precisions, integers and truths."""

import numpy as np
import pytest

from kernel.compiled import llvm
from wrt.graph.arithmetic import elementwise
from wrt.graph.node import BOOL, FLOAT, INT, variable
from wrt.lower.kernel import machine
from wrt.lower.kernel.scalar import SCALAR
from wrt.ops.catalog import OPERATIONS

pytestmark = pytest.mark.skipif(bool(machine.available()), reason=machine.available() or "compiled programs can be had")
SINGLE = np.dtype(np.float32)
ONE = sorted(name for name in SCALAR if name not in ("where", "logical_and", "logical_or", "logical_xor", "direction"))
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.5, 1e-300, 1e300, np.inf, -np.inf, np.nan, 7.0, -7.25])


NODE = elementwise("exp", variable("x", (2,), FLOAT))


def arity(name):
    for count in (1, 2):
        try:
            OPERATIONS[name].value(NODE, *[np.full(2, 0.5)] * count)
        except (TypeError, ValueError):
            continue
        return count
    raise AssertionError(name)


def compare(name, arrays, dtype):
    inputs = {variable(f"x{k}", a.shape, a.dtype): f"x{k}" for k, a in enumerate(arrays)}
    node = elementwise(name, *inputs, dtype=dtype)
    with np.errstate(all="ignore"):
        (found,), want = llvm(inputs, arrays, [node]), np.asarray(OPERATIONS[name].value(node, *arrays), dtype)
    relative = 4e-15 if dtype == FLOAT else 1e-6
    if dtype.kind == "f":
        np.testing.assert_allclose(found, want, rtol=relative, atol=relative * 1e-3, err_msg=name)
        zeros = want == 0
        assert np.array_equal(np.signbit(found[zeros]), np.signbit(want[zeros])) or name in ("remainder", "logaddexp", "maximum", "minimum"), name
    else:
        np.testing.assert_array_equal(found, want, err_msg=name)


def result(name):
    return np.asarray(OPERATIONS[name].value(NODE, *[np.full(2, 0.5)] * arity(name))).dtype


@pytest.mark.parametrize("name", ONE)
def test_special_values(name):
    count = arity(name)
    arrays = [SPECIAL] if count == 1 else [np.repeat(SPECIAL, len(SPECIAL)), np.tile(SPECIAL, len(SPECIAL))]
    compare(name, [np.array(a) for a in arrays], BOOL if result(name).kind == "b" else FLOAT)


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("dtype", [FLOAT, SINGLE])
def test_ordinary_values(name, dtype, rng):
    arrays = [rng.uniform(0.1, 0.9, 1000).astype(dtype) for _ in range(arity(name))]
    compare(name, arrays, BOOL if result(name).kind == "b" else dtype)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "less", "equal", "maximum", "minimum", "negative", "absolute", "sign", "greater_equal"])
def test_integers(name, rng):
    arrays = [rng.integers(-3, 4, 50) for _ in range(arity(name))]
    compare(name, arrays, BOOL if result(name).kind == "b" else INT)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic(name, rng):
    compare(name, [rng.random(50) > 0.5, rng.random(50) > 0.5], BOOL)


def test_where(rng):
    inputs = {variable("c", (50,), BOOL): "c", variable("a", (50,), FLOAT): "a", variable("b", (50,), FLOAT): "b"}
    arrays = [rng.random(50) > 0.5, rng.random(50), rng.random(50)]
    (found,) = llvm(inputs, arrays, [elementwise("where", *inputs, dtype=FLOAT)])
    np.testing.assert_array_equal(found, np.where(*arrays))
