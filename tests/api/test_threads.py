"""One Jacobian object, eight threads, several shapes and branches."""

import threading

import numpy as np

import wrt


def f(x):
    y = np.zeros(len(x))
    for i in range(len(x) - 1):
        y[i] = x[i] * x[i + 1]
    return np.sin(y) if x[0] > 0 else y


def definition(x):
    n = len(x)
    J = np.zeros((n, n))
    for i in range(n - 1):
        slope = np.cos(x[i] * x[i + 1]) if x[0] > 0 else 1.0
        J[i, i], J[i, i + 1] = slope * x[i + 1], slope * x[i]
    return J


def together(work, count=8):
    """Runs work(k) in threads that start at once; returns what went wrong."""
    wrong, start = [], threading.Barrier(count)

    def run(k):
        try:
            start.wait()
            work(k)
        except BaseException as why:  # noqa: BLE001
            wrong.append(why)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_all_ways_to_ask():
    J, H, V = wrt.jacobian(f), wrt.hessian(lambda x: np.sum(f(x))), wrt.vjp(f)

    def work(k):
        rng = np.random.default_rng(k)
        for _ in range(12):
            x = rng.standard_normal(rng.integers(2, 7))
            expected = definition(x)
            np.testing.assert_allclose(J(x), expected, atol=1e-13)
            np.testing.assert_allclose(J.sparse(x).toarray(), expected, atol=1e-13)
            np.testing.assert_allclose(J.value_and(x)[0], f(x), atol=1e-13)
            np.testing.assert_allclose(J.operator(x).T @ x, expected.T @ x, atol=1e-13)
            np.testing.assert_allclose(V(x, cotangent=x), expected.T @ x, atol=1e-13)
            np.testing.assert_allclose(H(x), H(x).T, atol=1e-13)

    assert together(work) == []


def test_a_pair_between_threads():
    fun, jac = wrt.jacobian(f).pair()

    def work(k):
        x = np.full(4, float(k + 1))
        for _ in range(30):
            np.testing.assert_allclose(fun(x), f(x), atol=1e-13)
            np.testing.assert_allclose(jac(x), definition(x), atol=1e-13)

    assert together(work) == []


def test_first_calls_at_once():
    for _ in range(5):
        J = wrt.jacobian(f)
        found = [None] * 8

        def work(k, J=J, found=found):
            found[k] = J(np.full(3, k + 1.0))

        assert together(work) == []
        for k in range(8):
            np.testing.assert_allclose(found[k], definition(np.full(3, k + 1.0)), atol=1e-13)


def test_threads_that_derive():
    def work(k):
        n = k + 2
        d = wrt.derive("x @ A @ x", wrt="x")
        A = np.arange(float(n * n)).reshape(n, n)
        np.testing.assert_allclose(d(x=np.ones(n), A=A), (A + A.T) @ np.ones(n))

    assert together(work) == []
