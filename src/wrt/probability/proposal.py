"""∫p by sampling, in any number of coordinates: points y of a known density g, and the mean of p(y) / g(y).

g is a mixture of Student kernels, one around each of some samples y = f(x), as wide along each direction as f spreads a neighbourhood
of x: J D R Dᵀ Jᵀ, with D the widths about x and R the correlation of x. It covers Y where it is thin or bent, and has heavy tails.
Nothing of p goes into g, so that a branch that is missing, or counts twice, shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import Any

import numpy as np

from wrt.probability.law import Base
from wrt.probability.stage import Stage

CENTRES = 1024
WINDOWS = (0.25, 0.25, 0.25, 0.02)  # of the samples: kernels reach over so many of them to one side, in turn; the narrow ones see peaks
FREEDOM = 4.0  # of Student's law
PART = 2048  # points at a time


@dataclass(frozen=True)
class Proposal:
    """The mixture: its centres, a square root of the scale of each kernel, and what it takes to evaluate it."""

    centres: Any
    roots: Any
    inverses: Any
    logs: Any
    """log |det| of the roots."""

    @classmethod
    def of(cls, stage: Stage, base: Base, rng: np.random.Generator) -> Proposal | None:
        """The mixture about samples of Y = f(X); None where J is singular at most of them."""
        X = base.rvs(CENTRES, rng)
        Y, J = stage.both(X)
        from scipy import special

        rank = np.argsort(np.argsort(X, axis=0), axis=0)
        normal = special.ndtri((rank + 0.5) / len(X))
        R = np.atleast_2d(np.corrcoef(normal.T)) * 0.9 + 0.1 * np.eye(stage.size)
        ordered = np.sort(X, axis=0)
        window = np.maximum(1, (len(X) * np.resize(WINDOWS, len(X))).astype(int))[:, None]
        above, below = (np.take_along_axis(ordered, np.clip(rank + way * window, 0, len(X) - 1), 0) for way in (1, -1))
        width = np.maximum(above - X, X - below)
        width = np.maximum(width, 1e-9 * (np.abs(X) + ordered[len(X) * 3 // 4] - ordered[len(X) // 4]) + 1e-300)
        with np.errstate(all="ignore"):
            roots = J @ (width[:, :, None] * np.linalg.cholesky(R))
            # directions that J flattens to rounding are left a little width
            ok = np.isfinite(roots).all((1, 2)) & np.isfinite(Y).all(1)
            ok[ok] = np.linalg.cond(roots[ok] / np.linalg.norm(roots[ok], axis=2, keepdims=True)) < 1e10
        if ok.sum() < CENTRES // 2:
            return None
        roots = roots[ok]
        return cls(Y[ok], roots, np.linalg.inv(roots), np.linalg.slogdet(roots)[1])

    def rvs(self, size: int, rng: np.random.Generator) -> Any:
        """Points, as many from each kernel."""
        k = np.arange(size) % len(self.centres)
        n = self.centres.shape[1]
        t = rng.standard_normal((size, n)) / np.sqrt(rng.chisquare(FREEDOM, size) / FREEDOM)[:, None]
        return self.centres[k] + (self.roots[k] @ t[..., None])[..., 0]

    def logpdf(self, Y: Any) -> Any:
        """log g at each of the points."""
        n = self.centres.shape[1]
        constant = lgamma((FREEDOM + n) / 2) - lgamma(FREEDOM / 2) - n / 2 * np.log(FREEDOM * np.pi) - np.log(len(self.centres))
        found = []
        for part in np.array_split(Y, max(1, len(Y) * n // PART)):
            away = part[None] - self.centres[:, None]  # (centres, points, coordinates)
            with np.errstate(over="ignore"):
                far = (np.matmul(away, self.inverses.transpose(0, 2, 1)) ** 2).sum(2)
                log = -(FREEDOM + n) / 2 * np.log1p(far / FREEDOM) - self.logs[:, None]
            top = log.max(0)
            found.append(top + np.log(np.exp(log - top).sum(0)))
        return constant + np.concatenate(found)
