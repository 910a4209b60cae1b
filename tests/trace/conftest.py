"""Run a function under a trace and as it is, and compare: values, and that nothing of the user's was modified."""

import copy

import numpy as np
import pytest

import wrt.ops  # noqa: F401  # completes the catalogue
from wrt.ops.catalog import evaluate
from wrt.trace import Trace, trace_function


class Run:
    """A traced function and the arrays of its inputs."""

    def __init__(self, function, args, kwargs=None, differentiated=None, name=None):
        self.trace = Trace(evaluate, name=name or getattr(function, "__name__", "f"))
        self.variables = {}
        given = []
        for position, value in enumerate(args):
            if isinstance(value, np.ndarray | np.generic | float | int) and not isinstance(value, bool):
                traced = self.trace.variable(f"x{position}", value, differentiated=differentiated is None or position in differentiated)
                self.variables[traced.node] = value
                given.append(traced)
            else:
                given.append(value)
        self.result = trace_function(function, given, kwargs or {}, self.trace)

    def at(self, *args):
        """The traced program's value at other inputs."""
        known = dict(zip(self.variables, map(np.asarray, args or self.variables.values()), strict=True))
        return evaluate([self.result.node], known)[0]

    def holds(self, *args):
        """Whether all guards hold at other inputs."""
        known = dict(zip(self.variables, map(np.asarray, args), strict=True))
        return all(guard.holds(evaluate(guard.nodes, known)) for guard in self.result.guards)


@pytest.fixture
def run():
    return Run


@pytest.fixture
def agree():
    """agree(f, *args): traced and untraced give the same array, and the arguments are as before."""

    def check(function, *args, **options):
        before = copy.deepcopy(args)
        wanted = np.asarray(function(*copy.deepcopy(args)))
        made = Run(function, args, **options)
        got = np.asarray(made.at())
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-14)
        assert np.shape(made.result.node.shape) == np.shape(wanted.shape)
        for old, new in zip(before, args, strict=True):
            if isinstance(old, np.ndarray):
                np.testing.assert_array_equal(old, new)
        return made

    return check
