"""The models of the 27 NIST regression problems, each a plain NumPy function of the parameters `b` and the predictor `x`.

Every formula is the one in the header of its data file in `nist_strd/`, with `b[0]` for `b1`. They are written as one would
write them without thinking of derivatives, because differentiating such functions is what the example shows. Data sets that
NIST certified under one formula (Gauss1, Gauss2, Gauss3) share a function; `MODELS` has the function of each of the 27.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""An array of floats; while wrt differentiates a model, what stands in for one."""
Model: TypeAlias = Callable[[Array, Array], Array]

# ---- lower level of difficulty ----


def misra1a(b: Array, x: Array) -> Array:
    """Monomolecular adsorption: volume by pressure."""
    return b[0] * (1 - np.exp(-b[1] * x))


def chwirut(b: Array, x: Array) -> Array:
    """An ultrasonic reference block: response by distance in metal."""
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def lanczos(b: Array, x: Array) -> Array:
    """Three decaying exponentials, hard to tell apart."""
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def gauss(b: Array, x: Array) -> Array:
    """Two Gaussian peaks on a decaying baseline."""
    first = b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2)
    second = b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    return b[0] * np.exp(-b[1] * x) + first + second


def danwood(b: Array, x: Array) -> Array:
    """Radiation of a carbon filament: energy by temperature."""
    return b[0] * x ** b[1]


def misra1b(b: Array, x: Array) -> Array:
    """Monomolecular adsorption, second form."""
    return b[0] * (1 - (1 + b[1] * x / 2) ** (-2))


# ---- average level of difficulty ----


def kirby2(b: Array, x: Array) -> Array:
    """A scanning electron microscope line width standard: a quotient of quadratics."""
    return (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2)


def hahn1(b: Array, x: Array) -> Array:
    """Thermal expansion of copper by temperature: a quotient of cubics."""
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def nelson(b: Array, x: Array) -> Array:
    """The logarithm of the breakdown strength; `x` has two rows, time and temperature."""
    time, temperature = x
    return b[0] - b[1] * time * np.exp(-b[2] * temperature)


def mgh17(b: Array, x: Array) -> Array:
    """Two exponentials whose rates nearly agree."""
    return b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4])


def misra1c(b: Array, x: Array) -> Array:
    """Monomolecular adsorption, third form."""
    return b[0] * (1 - (1 + 2 * b[1] * x) ** (-0.5))


def misra1d(b: Array, x: Array) -> Array:
    """Monomolecular adsorption, fourth form."""
    return b[0] * b[1] * x * (1 + b[1] * x) ** (-1)


def roszman1(b: Array, x: Array) -> Array:
    """Quantum defects in iodine atoms by energy of the excited state."""
    return b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi


def enso(b: Array, x: Array) -> Array:
    """Three cycles of the southern oscillation: the annual one, and two whose periods `b[3]` and `b[6]` are fitted."""
    annual = b[1] * np.cos(2 * np.pi * x / 12) + b[2] * np.sin(2 * np.pi * x / 12)
    slow = b[4] * np.cos(2 * np.pi * x / b[3]) + b[5] * np.sin(2 * np.pi * x / b[3])
    fast = b[7] * np.cos(2 * np.pi * x / b[6]) + b[8] * np.sin(2 * np.pi * x / b[6])
    return b[0] + annual + slow + fast


# ---- higher level of difficulty ----


def mgh09(b: Array, x: Array) -> Array:
    """A quotient in a scarcely determined valley (Kowalik and Osborne)."""
    return b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3])


def thurber(b: Array, x: Array) -> Array:
    """Electron mobility of a semiconductor by log density: a quotient of cubics."""
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def boxbod(b: Array, x: Array) -> Array:
    """Biochemical oxygen demand by incubation time."""
    return b[0] * (1 - np.exp(-b[1] * x))


def rat42(b: Array, x: Array) -> Array:
    """Sigmoidal growth of a pasture."""
    return b[0] / (1 + np.exp(b[1] - b[2] * x))


def mgh10(b: Array, x: Array) -> Array:
    """Resistance of a thermistor by temperature (Meyer)."""
    return b[0] * np.exp(b[1] / (x + b[2]))


def eckerle4(b: Array, x: Array) -> Array:
    """Circular interference transmittance by wavelength: one Gaussian peak."""
    return (b[0] / b[1]) * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2)


def rat43(b: Array, x: Array) -> Array:
    """Sigmoidal growth of onions, with a shape parameter."""
    return b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3])


def bennett5(b: Array, x: Array) -> Array:
    """Magnetization of a superconductor by log time."""
    return b[0] * (b[1] + x) ** (-1 / b[2])


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "Misra1a": misra1a,
        "Chwirut2": chwirut,
        "Chwirut1": chwirut,
        "Lanczos3": lanczos,
        "Gauss1": gauss,
        "Gauss2": gauss,
        "DanWood": danwood,
        "Misra1b": misra1b,
        "Kirby2": kirby2,
        "Hahn1": hahn1,
        "Nelson": nelson,
        "MGH17": mgh17,
        "Lanczos1": lanczos,
        "Lanczos2": lanczos,
        "Gauss3": gauss,
        "Misra1c": misra1c,
        "Misra1d": misra1d,
        "Roszman1": roszman1,
        "ENSO": enso,
        "MGH09": mgh09,
        "Thurber": thurber,
        "BoxBOD": boxbod,
        "Rat42": rat42,
        "MGH10": mgh10,
        "Eckerle4": eckerle4,
        "Rat43": rat43,
        "Bennett5": bennett5,
    }
)
