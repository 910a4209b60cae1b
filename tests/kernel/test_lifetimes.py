"""Compiled programs and what happens around them: garbage, arrays changed in place, forks, threads, the end of the interpreter."""

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import wrt
from wrt.api import batch_kernel, takeover
from wrt.lower.kernel import machine
from wrt.lower.kernel.entry import Made, Relied, Signature, entry

pytestmark = pytest.mark.skipif(bool(machine.available()), reason=machine.available() or "compiled programs can be had")


def run(script, *, timeout=120):
    """What a script prints in a process of its own, which must end well."""
    environment = os.environ | {"WRT_CACHE": "", "PYTHONPATH": str(Path(wrt.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], check=False, env=environment, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ----- the collector of cyclic garbage --------------------------------------------------------------------------------
GARBAGE = """
import gc
import numpy as np, wrt

kept = []

class Last:
    def __del__(self):
        kept.append(self.J)
        print(self.J(np.ones(2))[0, 0])

def make():
    J = wrt.jacobian(lambda x: 3 * x, backend="llvm")
    J(np.ones(2))
    last = Last()
    last.J, last.itself = J, last

make()
gc.collect()
print(kept[0](np.ones(2))[1, 1])
"""


def test_finalizers_may_call_it_and_bring_it_back():
    """The collector finalizes all that it found, LLVM's engine among it, before anything is let go."""
    assert run(GARBAGE).split() == ["3.0", "3.0"]


def test_code_is_unloaded_after_its_function():
    J = wrt.jacobian(lambda x: 3 * x, backend="llvm")
    J(np.ones(2))
    result = J(np.ones(2))
    gc.collect()
    many = len(machine._loaded_code)
    del J
    gc.collect()
    machine.load("define i32 @none() {\n  ret i32 0\n}\n")
    assert len(machine._loaded_code) <= many
    np.testing.assert_array_equal(result, 3 * np.eye(2))


INTERRUPTED = """
import signal, time
import numpy as np, wrt

class Stop(BaseException):
    pass

def stop(*_):
    global inside
    if inside:
        inside = False
        raise Stop

inside, stopped, x = False, 0, np.ones(3)
wrt.jacobian(lambda x: x**2, backend="llvm")(x)  # Python itself may not be interrupted while it imports
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.0117)
end = time.monotonic() + 3
while time.monotonic() < end:
    try:
        inside = True
        J = wrt.jacobian(lambda x: np.sin(x) * stopped, backend="llvm")
        J(x)
        J(x)
        inside = False
    except Stop:
        stopped += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(stopped > 10, wrt.jacobian(lambda x: 3 * x, backend="llvm")(x)[0, 0])
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that send signals")
def test_interrupted_while_it_compiles():
    """Ctrl-C between a call of LLVM and llvmlite's note of who owns the result: things were freed twice, or a lock never released."""
    assert run(INTERRUPTED, timeout=60).split() == ["True", "3.0"]


LAST = """
import builtins, threading, time
import numpy as np, wrt

x = np.ones(30_000)
J = wrt.jacobian(lambda x: np.sin(x) * x[::-1], backend="llvm")
out = J.sparse(x)
J.sparse(x, out=out)

class Last:
    def __del__(self, J=J, x=x, out=out):
        print(J.sparse(x, out=out).nnz)

builtins.last = Last()

def spin():
    mine = J.sparse(x)
    while True:
        J.sparse(x, out=mine)

for _ in range(2):
    threading.Thread(target=spin, daemon=True).start()
time.sleep(0.1)
"""


def test_the_interpreter_ends_with_programs_running():
    assert run(LAST).split() in (["60000"], [])  # daemon threads may keep the last object alive


COMPILING = """
import threading, time
import numpy as np, wrt

def compiles():
    k = 0
    while True:
        k += 1
        wrt.jacobian(lambda x: np.sin(np.cumsum(x) * k) * x[0], backend="llvm")(np.ones(12))

for _ in range(2):
    threading.Thread(target=compiles, daemon=True).start()
time.sleep(1)
"""


def test_the_interpreter_ends_with_compilers_running():
    for _ in range(3):
        assert not run(COMPILING)


# ----- arrays changed in place ----------------------------------------------------------------------------------------
CALLS = {
    "jacobian": lambda J, x: J(x),
    "value_and": lambda J, x: J.value_and(x)[1],
    "sparse": lambda J, x: J.sparse(x).toarray(),
    "batch": lambda J, x: J.batch(np.tile(x, (40, 1))),
}


def turned(A):
    A.strides = A.strides[::-1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("change", [turned, lambda A: setattr(A, "dtype", np.int64)], ids=["transposed", "integers"])
def test_captured_arrays_laid_out_anew(change, call, rng, monkeypatch):
    monkeypatch.setattr(batch_kernel, "WORTH", 1)
    monkeypatch.setattr(batch_kernel, "MOST", 16)
    A, x = rng.random((5, 5)), rng.random(5)
    J = wrt.jacobian(lambda x: np.sin(A @ x), backend="llvm")
    call(J, x), call(J, x)
    change(A)
    np.testing.assert_allclose(call(J, x), call(wrt.jacobian(J.function, backend="numpy"), x), rtol=1e-9)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("change", [lambda v: v.resize(2, refcheck=False), lambda v: v.resize(90_000, refcheck=False)], ids=["smaller", "larger"])
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_captured_arrays_of_another_size(backend, change, call, rng):
    v, x = rng.random(600), rng.random(600)
    J = wrt.jacobian(lambda x: v * np.sin(x), backend=backend)
    call(J, x), call(J, x)
    change(v)
    with pytest.raises(wrt.ShapeError, match="do not fit together"):
        call(J, x)


def test_defaults_of_another_shape(rng):
    def f(x, scale=rng.random(6)):  # noqa: B008
        return scale * np.sin(x)

    x = rng.random(6)
    J = wrt.jacobian(f, backend="llvm")
    J(x), J(x)
    f.__defaults__[0].shape = (2, 3)
    with pytest.raises(wrt.ShapeError):
        J(x)


@pytest.mark.parametrize("by_name", [False, True])
def test_out_that_holds_a_captured_array(by_name, rng):
    """Row k is written before row k + 1 is read: compiled loops must not be taken."""
    n = 500
    held, x = rng.random(3 * n), rng.random(n)
    scale = held[5 : 5 + n]
    J = wrt.jacobian(lambda x: np.sin(x) * x[::-1] * scale, backend="llvm")
    A = J.sparse(x)
    J.sparse(x, out=A)
    want = J.sparse(x).toarray()
    A.data = held[: A.data.size]
    if by_name:
        J.sparse(x=x, out=A)
    else:
        J.sparse(x, out=A)
    np.testing.assert_allclose(A.toarray(), want, rtol=1e-12)


def test_truths_are_bytes_other_than_zero(rng):
    chosen, x = np.array([2, 0, 255, 4], np.uint8).view(bool), rng.random(4)
    J = wrt.jacobian(lambda x: np.where(chosen, x**2, 5 * x), backend="llvm")
    for _ in range(2):
        np.testing.assert_allclose(J(x), np.diag(np.where(chosen, 2 * x, 5)))


# ----- no room --------------------------------------------------------------------------------------------------------
def test_no_room_for_the_second_result():
    slots = (Made((3,), "f8"), Made((1 << 40, 1 << 10), "f8"))
    call, _ = entry("define i32 @kernel(ptr %arrays) {\n  ret i32 0\n}\n", Signature(0, slots, single=False), Relied())
    for _ in range(3):
        with pytest.raises(MemoryError):
            call()


# ----- processes and threads ------------------------------------------------------------------------------------------
FORK = """
import os, threading, time
import numpy as np, wrt

def compiles(stop):
    k = 0
    while not stop.is_set():
        k += 1
        wrt.jacobian(lambda x: np.sin(np.cumsum(x) * k) * x[0], backend="llvm")(np.ones(12))

stop = threading.Event()
thread = threading.Thread(target=compiles, args=(stop,))
thread.start()
for _ in range(5):
    time.sleep(0.1)
    child = os.fork()
    if not child:
        print(wrt.jacobian(lambda x: 3 * x, backend="llvm")(np.ones(2))[0, 0], flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_while_another_thread_compiles():
    assert run(FORK).split() == ["3.0"] * 5


def test_no_thread_to_be_had(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    J = wrt.jacobian(lambda x: 3 * x)
    for _ in range(takeover.AFTER + 1):
        np.testing.assert_array_equal(J(np.ones(2)), 3 * np.eye(2))
    assert "can't start new thread" in J.plan


# ----- the folder -----------------------------------------------------------------------------------------------------
def test_files_of_others_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("WRT_CACHE", str(tmp_path))
    monkeypatch.setattr(machine, "KEPT", 2000)
    other = tmp_path / "thesis.tex"
    other.write_text("x" * 10_000)
    os.utime(other, (0, 0))
    for k in range(4):
        machine.load(f"define i32 @h{k}() {{\n  ret i32 {k}\n}}\n")
    assert other.exists()
    assert sum(path.stat().st_size for path in tmp_path.iterdir() if path != other) <= 2000
