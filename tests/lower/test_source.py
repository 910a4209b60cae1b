"""Generated NumPy source computes what the definitions say."""

import numpy as np
import pytest

import wrt.ops
from lower.random_nests import random_nest, raw
from wrt.graph.nest import nest
from wrt.lower.numpy_source import source
from wrt.ops.catalog import evaluate


def run(node, arrays):
    names = {v: v.attrs[0] for v in arrays}
    return source("program", names, [node]).compile()(*arrays.values())


@pytest.mark.parametrize("seed", range(600))
def test_random_nests(seed):
    rng = np.random.default_rng(seed)
    shape, terms, arrays = random_nest(rng)
    (want,) = evaluate([raw(shape, terms)], arrays)
    node = nest(shape, terms)
    got = run(node, arrays)
    assert np.shape(got) == shape
    np.testing.assert_allclose(got, want, atol=1e-12)
    (simplified,) = evaluate([node], arrays)
    np.testing.assert_allclose(simplified, want, atol=1e-12)


assert wrt.ops
