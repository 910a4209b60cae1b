"""Densities of transformed variables, pathwise derivatives of expectations, and linear propagation of errors, with exact Jacobians.

`transform` gives the distribution of Y = f(X) with p_Y(y) = Σ p_X(x) / |det J(x)|; `pathwise_gradient` estimates ∂/∂θ E[ℓ(g(θ, ε))]
by sampling; `propagate` is J C Jᵀ.
"""

from wrt.probability.branches import Piece
from wrt.probability.check import Check
from wrt.probability.law import Law
from wrt.probability.marginal import Marginal
from wrt.probability.pathwise import PathwiseGradient, pathwise_gradient
from wrt.probability.propagate import propagate
from wrt.probability.refusal import NoDensity, NotInverted, PathwiseWarning
from wrt.probability.transformed import Transformed, transform

__all__ = [
    "Check", "Law", "Marginal", "NoDensity", "NotInverted", "PathwiseGradient", "PathwiseWarning", "Piece", "Transformed",
    "pathwise_gradient", "propagate", "transform",
]  # fmt: skip
