"""The way into compiled programs: it takes what they were made for and nothing else, and sees every change."""

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import wrt
from wrt.api import takeover
from wrt.lower.kernel import machine

pytestmark = pytest.mark.skipif(bool(machine.available()), reason=machine.available() or "compiled programs can be had")
SCALE = 2.0


def polar(x):
    return np.array([x[0] * np.cos(x[1]), SCALE * x[0] * np.sin(x[1])])


def by_hand(x, scale=2.0):
    return np.array([[np.cos(x[1]), -x[0] * np.sin(x[1])], [scale * np.sin(x[1]), scale * x[0] * np.cos(x[1])]])


def ready(J, *args):
    """A Jacobian whose compiled program has been made."""
    J(*args)
    assert J._ready["jacobian"]
    return J


X = np.array([2.0, 0.5])


def test_new_arrays_each_call():
    J = ready(wrt.jacobian(polar, backend="llvm"), X)
    first, second = J(X), J(X)
    assert first is not second
    assert first.flags.owndata
    assert first.flags.writeable
    np.testing.assert_allclose(first, by_hand(X), rtol=1e-14)


@pytest.mark.parametrize(
    "x",
    [np.array([2, 1]), np.array([2.0, 9.0, 0.5])[::2], np.array([[2.0, 0.5], [0, 0]]).T[:, 0], [2.0, 0.5]],
    ids=["integers", "strided", "column", "list"],
)
@pytest.mark.filterwarnings("ignore::wrt.errors.Promotion")
def test_other_arguments_take_the_long_way(x):
    J = ready(wrt.jacobian(polar, backend="llvm"), X)
    x = np.asarray(x)
    np.testing.assert_allclose(J(x), by_hand(x.astype(float)), rtol=1e-14)


def test_other_shapes_and_wrong_calls():
    J = ready(wrt.jacobian(lambda x: x**2, backend="llvm"), X)
    np.testing.assert_allclose(J(np.array([1.0, 2.0, 3.0])), np.diag([2.0, 4.0, 6.0]))
    np.testing.assert_allclose(J(X), np.diag(2 * X))
    with pytest.raises(TypeError):
        J()
    with pytest.raises(TypeError):
        J(X, X)


def test_a_global_that_changes_is_seen(monkeypatch):
    J = ready(wrt.jacobian(polar, backend="llvm"), X)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    np.testing.assert_allclose(J(X), by_hand(X, 5.0), rtol=1e-14)
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    np.testing.assert_allclose(J(X), by_hand(X), rtol=1e-14)


def test_closures_defaults_and_code_that_change_are_seen():
    a = 3.0

    def f(x, b=2.0):
        return a * b * x

    J = ready(wrt.jacobian(f, backend="llvm"), X)
    np.testing.assert_allclose(J(X), 6 * np.eye(2))
    a = 4.0
    np.testing.assert_allclose(J(X), 8 * np.eye(2))
    f.__defaults__ = (1.0,)
    np.testing.assert_allclose(J(X), 4 * np.eye(2))
    f.__code__ = (lambda x, b=2.0: a * x**2).__code__
    np.testing.assert_allclose(J(X), np.diag(8 * X))


def test_captured_arrays_are_read_at_each_call():
    A = np.eye(2)
    J = ready(wrt.jacobian(lambda x: np.sin(A @ x), backend="llvm"), X)
    A[0, 0] = 7.0
    np.testing.assert_allclose(J(X), np.cos(A @ X)[:, None] * A, rtol=1e-14)


def test_index_arrays_that_change_are_seen():
    k = np.array([0, 1, 1])
    J = ready(wrt.jacobian(lambda x: x[k] ** 2, backend="llvm"), X)
    k[0] = 1
    np.testing.assert_allclose(J(X), wrt.jacobian(lambda x: x[k] ** 2, backend="numpy")(X))


def test_branches():
    def f(x):
        return x**2 if x[0] > 0 else np.exp(x)

    J = wrt.jacobian(f, backend="llvm")
    for _ in range(3):
        np.testing.assert_allclose(J(X), np.diag(2 * X))
        np.testing.assert_allclose(J(-X), np.diag(np.exp(-X)))


def test_objects_among_the_arguments_must_be_the_same():
    def f(x, n, kind="sin"):
        return (np.sin(x) if kind == "sin" else np.cos(x)) ** n

    J = ready(wrt.jacobian(f, backend="llvm"), X, 2, "sin")
    np.testing.assert_allclose(J(X, 2, "sin"), np.diag(2 * np.sin(X) * np.cos(X)))
    np.testing.assert_allclose(J(X, 3, "sin"), np.diag(3 * np.sin(X) ** 2 * np.cos(X)))
    np.testing.assert_allclose(J(X, 1, "cos"), np.diag(-np.sin(X)))


@pytest.mark.parametrize("t", [0.5, np.float64(0.5), np.array(0.5), np.float32(0.5)])
def test_numbers(t):
    g = wrt.gradient(lambda t: np.sin(t) * 2, backend="llvm")
    for _ in range(2):
        np.testing.assert_allclose(g(t), 2 * np.cos(0.5), rtol=1e-6)
        assert isinstance(g(t), np.ndarray)
        assert g(t).dtype == (np.float32 if isinstance(t, np.float32) else np.float64)


def test_several_inputs_and_the_value():
    def f(x, t):
        return x * t

    J = ready(wrt.jacobian(f, wrt=("x", "t"), backend="llvm"), X, 3.0)
    by_x, by_t = J(X, 3.0)
    np.testing.assert_allclose(by_x, 3 * np.eye(2))
    np.testing.assert_allclose(by_t, X)
    K = wrt.jacobian(f, backend="llvm")
    for _ in range(2):
        value, jacobian = K.value_and(X, 3.0)
        np.testing.assert_allclose(value, 3 * X)
        np.testing.assert_allclose(jacobian, 3 * np.eye(2))


def test_layout_is_kept():
    J = wrt.jacobian(polar, layout="denominator", backend="llvm")
    for _ in range(3):
        np.testing.assert_allclose(J(X), by_hand(X).T, rtol=1e-14)


def test_float32_stays():
    x = np.array([2, 0.5], np.float32)
    J = wrt.jacobian(lambda x: np.exp(x) * 2, backend="llvm")
    for _ in range(2):
        assert J(x).dtype == np.float32
        np.testing.assert_allclose(J(x), np.diag(2 * np.exp(x)), rtol=1e-6)


def test_nothing_leaks():
    J = ready(wrt.jacobian(polar, backend="llvm"), X)
    wrong = np.zeros(3)
    run = J._ready["jacobian"][0]
    counts = [sys.getrefcount(o) for o in (X, wrong, np.ndarray, polar)]
    for _ in range(1000):
        run(X)
        assert run(wrong) is None
    assert [sys.getrefcount(o) for o in (X, wrong, np.ndarray, polar)] == counts
    del J, run
    gc.collect()


def test_threads():
    J = ready(wrt.jacobian(polar, backend="llvm"), X)
    points = np.random.default_rng(0).random((200, 2))
    found = [None] * len(points)

    def work(start):
        for k in range(start, len(points), 4):
            found[k] = J(points[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for x, j in zip(points, found, strict=True):
        np.testing.assert_allclose(j, by_hand(x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("view", [lambda d: d, lambda d: d[1:4], lambda d: d[:3][::1]])
def test_arguments_inside_of_the_result(view):
    """x may be the very numbers that are overwritten."""
    J = wrt.jacobian(lambda x: x[::-1] * np.sin(x), backend="llvm")
    size = view(np.zeros(5)).size
    x = np.random.default_rng(0).random(size)
    A = J.sparse(x)
    data = A.data if size == A.data.size else np.concatenate([A.data, np.zeros(9)])[: A.data.size]
    A.data = data
    inside = view(A.data)[:size]
    inside[...] = x
    want = wrt.jacobian(J.function, backend="numpy")(x)
    J.sparse(inside, out=A)
    np.testing.assert_allclose(A.toarray(), want, rtol=1e-13)


# ----- who computes ---------------------------------------------------------------------------------------------------
def test_compiled_programs_take_over(monkeypatch):
    started = []
    now = lambda target, args, name: type("Now", (), {"start": lambda self: (started.append(name), target(*args))})()
    monkeypatch.setattr(takeover.threading, "Thread", now)
    J = wrt.jacobian(polar)
    for _ in range(takeover.AFTER - 1):
        J(X)
    assert not started
    assert "LLVM" not in J.plan
    J(X)
    assert started
    assert "jacobian: LLVM" in J.plan
    np.testing.assert_allclose(J(X), by_hand(X), rtol=1e-14)


def test_numpy_alone():
    J = wrt.jacobian(polar, backend="numpy")
    for _ in range(5):
        J(X)
    assert not J._ready


def test_a_failing_compiler_leaves_it_to_numpy(monkeypatch):
    def fails(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(takeover, "_compile", fails)
    monkeypatch.setattr(takeover.threading, "Thread", lambda target, args, name: type("Now", (), {"start": lambda self: target(*args)})())
    J = wrt.jacobian(polar)
    for _ in range(takeover.AFTER + 2):
        np.testing.assert_allclose(J(X), by_hand(X), rtol=1e-14)
    assert "the compiler failed with MemoryError: no room" in J.plan


def test_numba_is_llvm():
    assert ready(wrt.jacobian(polar, backend="numba"), X).backend == "llvm"


def test_unknown_backend():
    with pytest.raises(wrt.ArgumentError, match="'auto', 'numpy' or 'llvm'"):
        wrt.jacobian(polar, backend="fortran")


def test_what_cannot_be_compiled_is_said():
    with pytest.raises(wrt.Unsupported, match="cannot be compiled"):
        wrt.jacobian(np.sin, backend="llvm")(np.ones(2, np.float16))


# ----- the cache ------------------------------------------------------------------------------------------------------
def test_object_code_is_kept_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("WRT_CACHE", str(tmp_path))
    text = "define i32 @seven() {\n  ret i32 7\n}\n"
    assert machine.load(text)[1] is False
    assert machine.load(text)[1] is True
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert machine.load(text)[1] is False
    assert machine.load(text)[1] is True


def test_the_cache_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv("WRT_CACHE", str(tmp_path))
    monkeypatch.setattr(machine, "KEPT", 4000)
    for k in range(12):
        machine.load(f"define i32 @f{k}() {{\n  ret i32 {k}\n}}\n")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000
    assert list(tmp_path.iterdir())


def test_no_cache(monkeypatch):
    monkeypatch.setenv("WRT_CACHE", "")
    assert machine.folder() == ""
    assert machine.load("define i32 @one() {\n  ret i32 1\n}\n")[1] is False


@pytest.mark.slow
def test_processes_share_the_cache(tmp_path):
    script = "import numpy as np, wrt\nJ = wrt.jacobian(lambda x: np.sin(x) * x[::-1], backend='llvm')\nJ(np.ones(3))\nprint(J.plan)"
    environment = os.environ | {"WRT_CACHE": str(tmp_path), "PYTHONPATH": str(Path(wrt.__file__).parents[1])}
    plans = [subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert "compiled in" in plans[0]
    assert "from the cache" in plans[1]


def test_what_numpy_makes_before(rng):
    """Linear algebra comes first, by NumPy; defaults and fixed arguments keep their places."""
    B = rng.random((3, 3)) + 3 * np.eye(3)

    def f(x, power, A, shift=np.array([1.0, 2.0, 3.0])):  # noqa: B008
        return (np.linalg.inv(A) @ x + shift) ** power

    H = wrt.hessian(f, backend="llvm")
    J = wrt.jacobian(f, backend="llvm")
    for _ in range(3):
        x, A = rng.random(3), B + rng.random((3, 3))
        np.testing.assert_allclose(H(x, 3, A), wrt.hessian(f, backend="numpy")(x, 3, A), rtol=1e-12)
        np.testing.assert_allclose(J(x, 2, A), wrt.jacobian(f, backend="numpy")(x, 2, A), rtol=1e-12)
        np.testing.assert_allclose(J.sparse(x, 2, A).toarray(), J(x, 2, A), rtol=1e-12)
    assert "NumPy makes" in J.plan


@pytest.mark.parametrize("default, other", [(1.0, 5.0), (np.ones(2), np.full(2, 5.0))])
def test_arguments_in_place_of_defaults(default, other):
    def f(x, k=default):
        return k * x**2

    J = wrt.jacobian(f, backend="llvm")
    for _ in range(3):
        np.testing.assert_allclose(J(X), np.diag(2 * X))
        np.testing.assert_allclose(J(X, k=other), np.diag(10 * X))
        np.testing.assert_allclose(J(X, other), np.diag(10 * X))
        np.testing.assert_allclose(J.sparse(X).toarray(), np.diag(2 * X))
        np.testing.assert_allclose(J.sparse(X, k=other).toarray(), np.diag(10 * X))
        np.testing.assert_allclose(J.value_and(X, k=other)[0], 5 * X**2)
        np.testing.assert_allclose(J.value_and(X)[0], X**2)
