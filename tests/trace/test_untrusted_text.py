# lists of words
"""Text from anybody, through derive as a whole: only wrt's own errors escape, nothing is executed, nothing takes long."""

import contextlib
import random
import time

import pytest

import wrt

WORDS = [
    *("x", "A", "y", "a", "N", "theta", "np", "np.", "np.sum", "np.exp", "scipy.special.", "inv", "tr", "norm2", "sum", "exp", "eye", "vector(1)", "T", ".T", "np.linalg.norm"),
    *("+", "-", "*", "/", "@", "**", "^", ".*", "./", ".^", "'", "//", "%", "&", "|", "<", "==", "(", ")", "[", "]", ",", ":", "=", ".", "...", "axis=", "0", "1", "2", "-1"),
    *("1e400", "0.5", "10**10", "None", "True", "lambda", "if", "for", "'a'", '"ij,jk"', "np.einsum", "np.where", "np.concatenate", "np.zeros", "np.ones", "np.eye", "θ", "²", "ᵀ", "\n", " "),
    *("np.save", "np.load", "__import__", "eval", "open", "np.random.rand", "x.shape", "np.reshape", "np.kron", "np.diff", "det", "np.pi", "np.sort", "np.cumsum", "np.max", "np.linspace", "np.arange"),
]


HANGS = 5  # seconds of the processor: what follows the size of a number in the text would take minutes


def answered(text, **options):
    """Seconds of the processor until wrt has printed an answer or refused."""
    start = time.process_time()
    with contextlib.suppress(wrt.WrtError):
        str(wrt.derive(text, wrt="x", **options))
    return time.process_time() - start


@pytest.mark.parametrize("text", [
    "x^^10^10", "x^10^10", "x**10**10", "10**10**10*x", "10^10^10*x", "(10**300)**300*x", "9" * 600 + "*x", "1/0*x", "x/0", "0**-1*x",
    "x" * 100_000, "+".join(["x"] * 50_000), "(" * 100_000, "-" * 100_000 + "x", "x*" * 4000 + "x", "x" + ".T" * 3000,
    "x[" * 5000, "[" * 5000, "'" * 10_000, "\x00", "\ud800", "𝐱̸", "x\u202e", "é" * 1000, "np.zeros(10**10) @ x", "np.ones((10**6, 10**6)) @ x",
    "np.triu(np.ones((10**5, 10**5))) @ x", "np.linspace(0, 1, 10**10) @ x", "np.arange(10**11) @ x", "np.tile(x, 10**9)", "np.diff(x, n=10**6)",
    "[1]*10**9*x", "np.array([1]*10**9)", "np.reshape(x, (-1, -1))", "x[10**30]", "x[::0]", "x[1.5]", "x.shape[5]",
    "np.sum(x, axis='a')", "np.sum(x, foo=1)", "np.linalg.norm(x, [])", "np.einsum(x, x)", "max(x, 0)", "x(3)", "sin(x)(x)", "None*x", "'a'*x",
])  # fmt: skip
def test_absurd_text_is_answered_at_once(text):
    assert answered(text) < HANGS


@pytest.mark.parametrize("text", ["sin(" * 150 + "x" + ")" * 150, "np.linalg.matrix_power(x, 10**9)", "+".join(["sin(x)"] * 190)])
def test_much_nesting_is_derived_at_once(text):
    start = time.process_time()
    assert wrt.derive(text, wrt="x").shape
    assert time.process_time() - start < HANGS


@pytest.mark.parametrize("text", [
    "np.save('{}', 3)*x", "np.savetxt('{}', 3)*x", "np.memmap('{}', mode='w+', shape=3)*x", "save('{}', 3)*x", "np.lib.npyio.savez('{}', 3)*x",
    "open('{}', 'w')*x", "__import__('os').mkdir('{}')*x", "x.__class__.__base__", "np.random.rand(3)*x", "np.loadtxt('/etc/passwd')*x", "np.f2py.main()*x",
])  # fmt: skip
def test_nothing_is_executed(text, tmp_path):
    with pytest.raises(wrt.WrtError):
        wrt.derive(text.replace("{}", str(tmp_path / "made")), wrt="x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", range(20))
def test_random_words(seed):
    choice = random.Random(seed)
    for _ in range(60):
        text = "".join(choice.choice(WORDS) for _ in range(choice.choice([2, 3, 5, 8, 13, 30])))
        assert answered(text, shapes=choice.choice([None, {"x": "N"}, {"x": "N N"}, {"x": ""}, {"x": (3,)}])) < HANGS, text


@pytest.mark.parametrize("seed", range(5))
def test_random_characters(seed):
    choice = random.Random(seed)
    for _ in range(100):
        text = "".join(chr(choice.choice([choice.randrange(128), choice.randrange(0x3000), choice.randrange(0x110000)])) for _ in range(choice.randrange(1, 40)))
        assert answered(text) < HANGS, text
