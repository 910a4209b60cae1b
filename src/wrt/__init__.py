"""wrt ("with respect to"): exact Jacobians of plain NumPy functions, as formula, as code and as numbers.

    import numpy as np, wrt

    def residual(theta, Phi, y):
        return y - Phi @ theta

    J = wrt.jacobian(residual, wrt="theta")
    J(theta, Phi, y)                                     # ndarray (N, D)
    print(wrt.derive("sum((y - Phi @ theta)**2)", wrt="theta"))    # the formula
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wrt.errors import ArgumentError, Disagreement, LayoutError, ParseError, Promotion, ShapeError, Unsupported, WrtError

if TYPE_CHECKING:
    from wrt import numeric
    from wrt.api.derive import Derivative, derive
    from wrt.api.jacobian import Jacobian
    from wrt.api.verbs import gradient, hessian, jacobian, jvp, vjp

_LATER = {  # public name -> the module that has it, imported when the name is first used
    "jacobian": "wrt.api.verbs",
    "gradient": "wrt.api.verbs",
    "hessian": "wrt.api.verbs",
    "jvp": "wrt.api.verbs",
    "vjp": "wrt.api.verbs",
    "Jacobian": "wrt.api.jacobian",
    "derive": "wrt.api.derive",
    "Derivative": "wrt.api.derive",
    "numeric": "wrt.numeric",
}

__all__ = [
    "ArgumentError", "Derivative", "Disagreement", "Jacobian", "LayoutError", "ParseError", "Promotion", "ShapeError", "Unsupported", "WrtError",
    "derive", "gradient", "hessian", "jacobian", "jvp", "numeric", "vjp",
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
