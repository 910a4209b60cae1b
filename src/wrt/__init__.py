"""wrt ("with respect to"): exact Jacobians of plain NumPy functions, as formula, as code and as numbers.

>>> import numpy as np, wrt
>>> def residual(theta, Phi, y):
...     return y - Phi @ theta
>>> J = wrt.jacobian(residual, wrt="theta")
>>> J(np.zeros(2), np.eye(3, 2), np.ones(3)).shape
(3, 2)
>>> wrt.derive("sum((y - Phi @ theta)**2)", wrt="theta").formula
'−2 (y − Φθ)ᵀΦ'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wrt.api.jacobian import Jacobian
from wrt.api.verbs import gradient, hessian, hvp, jacobian, jvp, vjp
from wrt.errors import ArgumentError, Disagreement, LayoutError, ParseError, Promotion, ShapeError, Unsupported, WrtError

if TYPE_CHECKING:
    from wrt import geometry, numeric, probability
    from wrt.api.derive import Derivative, derive

_LATER = {  # public name -> the module that has it, imported when the name is first used: formulas and differences are not always wanted
    "derive": "wrt.api.derive",
    "Derivative": "wrt.api.derive",
    "geometry": "wrt.geometry",
    "numeric": "wrt.numeric",
    "plot": "wrt.plot",
    "probability": "wrt.probability",
}

__all__ = [
    "ArgumentError", "Derivative", "Disagreement", "Jacobian", "LayoutError", "ParseError", "Promotion", "ShapeError", "Unsupported", "WrtError",
    "derive", "geometry", "gradient", "hessian", "hvp", "jacobian", "jvp", "numeric", "plot", "probability", "vjp",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("wrt")
    if name not in _LATER:
        raise AttributeError(f"module 'wrt' has no attribute {name!r}")
    module = import_module(_LATER[name])
    value = module if _LATER[name] == f"wrt.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
