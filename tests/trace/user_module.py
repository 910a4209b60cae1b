"""A module as users write them: helpers, constants and classes that functions under test reach by name."""

from math import exp, sqrt

import numpy as np
from numpy import cos, zeros
from numpy import sin as sine
from numpy.linalg import norm

SCALE = 2.0
TABLE = np.array([[1.0, 2.0], [3.0, 4.0]])
OPTIONS = {"rate": 0.5, "weights": np.array([1.0, 2.0, 3.0])}
STEPS = [0.1, 0.2]
count = 0


def helper(v):
    out = zeros(2)
    out[0] = v[0] * SCALE
    out[1] = sine(v[1])
    return out


def deep(v):
    return helper(helper(v)) + cos(v)


def length(v, scale=SCALE, table=TABLE):
    return norm(v) * scale + sqrt(v[0]) * exp(-v[1]) + (table @ v).sum()


def recursive(v, n):
    return v if n == 0 else recursive(v * 1.1 + 0.1, n - 1)


class Model:
    """A model with parameters, a method, a property, a static and a class method."""

    order = 2

    def __init__(self, weights, rate):
        self.weights = np.asarray(weights)
        self.rate = rate
        self.calls = 0
        self.history = []

    def residual(self, x):
        self.calls += 1
        self.history.append(x)
        out = np.zeros(3)
        for i in range(3):
            out[i] = self.basis(x[i]) * self.weights[i]
        return out * self.half

    def basis(self, v):
        return self.power(v) + self.named(v)

    @property
    def half(self):
        return self.rate / 2

    @staticmethod
    def power(v):
        return np.array([v, v**2]).sum()

    @classmethod
    def named(cls, v):
        return v * cls.order

    def __call__(self, x):
        return self.residual(x) + 1


class Child(Model):
    def basis(self, v):
        return super().basis(v) * 3

    def residual(self, x):
        return Model.residual(self, x) - x


def increments(v):
    global count  # noqa: PLW0603
    count += 1
    return v * count
