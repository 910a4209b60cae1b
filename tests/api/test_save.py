"""J.save: a module that needs NumPy alone."""

import importlib.util

import numpy as np
import pytest

import wrt


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_module_computes_the_same(tmp_path, rng):
    A, k = rng.random((4, 3)), np.array([2, 0, 1])

    def f(x):
        return np.tanh(A @ x[k]) * np.float32(2)

    J = wrt.jacobian(f)
    x = rng.random(3)
    J(x)
    path = tmp_path / "j.py"
    J.save(path)
    text = path.read_text(encoding="utf-8")
    assert "import wrt" not in text
    np.testing.assert_array_equal(load(path).jacobian(x), J(x))
    assert list(tmp_path.iterdir()) == [path] or {p.name for p in tmp_path.iterdir()} == {"j.py", "__pycache__"}


def test_branches_and_hessians(tmp_path):
    H = wrt.hessian(lambda x: np.sum(x**3) if x[0] > 0 else np.sum(x))
    H(np.ones(2))
    H.save(tmp_path / "h.py")
    hessian = load(tmp_path / "h.py").hessian
    np.testing.assert_array_equal(hessian(np.full(2, 2.0)), 12 * np.eye(2))
    assert hessian(-np.ones(2)) is None


def test_nothing_is_prepared_yet(tmp_path):
    with pytest.raises(wrt.ArgumentError, match="call it once"):
        wrt.jacobian(np.sin).save(tmp_path / "j.py")
    assert not list(tmp_path.iterdir())
