"""A traced program is kept until something that it relied on is another object."""

import types

import numpy as np
import pytest

X = np.array([0.3, 0.7, 1.1])


def module(text):
    made = types.ModuleType("made")
    made.__dict__["np"] = np
    exec(text, vars(made))
    return made


TEXT = """
scale = 2.0
table = np.ones(3)
listed = [1.0, 2.0]
options = {"a": 1.0, "inner": [1.0]}
pair = (1.0, 2.0)

def helper(x): return x * scale

class Model:
    order = 2.0
    def __init__(self):
        self.a = 1.0
        self.unused = 1.0
        self.listed = [1.0]
    def go(self, x): return x * self.a * self.listed[0] * self.order

model = Model()

def f(x): return helper(np.sin(x)) + table + listed[0] * options["a"] * options["inner"][0] + model.go(x) + pair[0] + sum(x)
"""


def test_it_is_valid_until_something_changes(run):
    made = module(TEXT)
    result = run(made.f, [X]).result
    assert not result.dependencies.volatile
    assert result.dependencies.still_valid()
    made.unrelated = 3
    made.model.unused = 5.0
    assert result.dependencies.still_valid()
    made.table[0] = 7.0  # read again at every run
    assert result.dependencies.still_valid()


@pytest.mark.parametrize(
    "change",
    [
        *("scale = 3.0", "table = np.zeros(3)", "listed[0] = 5.0", "listed.append(1.0)", "options['a'] = 2.0", "options['b'] = 1"),
        *("options['inner'].append(2)", "pair = (3.0, 4.0)", "model.a = 2.0", "model.listed[0] = 4.0", "model = Model()"),
        *("Model.order = 3.0", "Model.go = lambda self, x: x", "helper.__code__ = (lambda x: x).__code__", "helper.__defaults__ = (1.0,)"),
        *("def helper(x): return x", "import math as np", "def sum(x): return 0"),
    ],
)
def test_changes_are_seen(change, run):
    made = module(TEXT)
    result = run(made.f, [X]).result
    exec(change, vars(made))
    assert not result.dependencies.still_valid()


def test_closures_are_watched(run):
    def outer():
        a = 2.0

        def f(x):
            return x * a

        def change():
            nonlocal a
            a = 3.0

        return f, change

    f, change = outer()
    result = run(f, [X]).result
    assert result.dependencies.still_valid()
    change()
    assert not result.dependencies.still_valid()


def test_what_cannot_be_watched_makes_it_volatile(run):
    counter = iter(range(5))
    result = run(lambda x: x * 2 if counter else x, [X]).result
    assert result.dependencies.volatile
    assert not result.dependencies.still_valid()
    assert list(result.dependencies.reasons) == ["an object of type range_iterator"]


def test_text_of_numbers_makes_it_volatile(run):
    def f(x):
        return x * len(f"{x[0]:.3f}")

    assert list(run(f, [X]).result.dependencies.reasons) == ["the text of a number"]


def test_clocks_and_files_make_it_volatile(run, tmp_path):
    import time

    (tmp_path / "a").write_text("2.0")
    assert list(run(lambda x: x * (2 if time.time() > 0 else 3), [X]).result.dependencies.reasons) == ["the module time"]

    def f(x):
        with open(tmp_path / "a") as file:
            return x * float(file.read())

    assert "a file" in run(f, [X]).result.dependencies.reasons


def test_attributes_of_functions(run, agree):
    def f(x):
        return x * f.scale + f.table

    f.scale, f.table = 2.0, np.ones(3)
    result = agree(f, X).result
    assert result.dependencies.still_valid()
    f.scale = 3.0
    assert not result.dependencies.still_valid()


@pytest.mark.parametrize("change", ["b.c = 3.0", "Derived.c = 5.0", "Base.c = 7.0", "b.d = 2.0", "Derived.d = 2.0", "f.k = 2.0"])
def test_what_comes_to_shadow_a_default_is_seen(change, run):
    made = module("""
class Base: c = 1.0
class Derived(Base): pass
b = Derived()
def f(x): return x * b.c * getattr(b, "d", 1.0) * getattr(f, "k", 1.0)
""")
    result = run(made.f, [X]).result
    assert result.dependencies.still_valid()
    made.b.unrelated = 1.0
    assert result.dependencies.still_valid()
    exec(change, vars(made))
    assert not result.dependencies.still_valid()


def test_an_attribute_that_the_function_sets_itself_keeps_the_trace(run):
    made = module("""
class Model:
    def go(self, x):
        self.last = 2.0
        return x * self.last
m = Model()
def f(x): return m.go(x)
""")
    made.f(X)
    result = run(made.f, [X]).result
    made.f(X)
    assert result.dependencies.still_valid()
    assert "last" in vars(made.m)


def test_objects_whose_getattr_raises_anything(agree):
    class Odd:
        def __getattr__(self, name):
            raise KeyError(name)

    odd = Odd()
    odd.scale = 2.0
    agree(lambda x: x * odd.scale, X)
