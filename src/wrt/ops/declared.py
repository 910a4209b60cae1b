"""What has no derivative, by declaration: functions that are piecewise constant, and functions that wrt refuses, with reasons.

Nothing is assumed about a function that stands neither here nor among the rules; a test keeps the lists complete. A constant has
the derivative zero wherever it has one: counts, positions, truth values, integer arithmetic.
"""

from __future__ import annotations

import numpy as np

from wrt.ops.catalog import constant, no_rule


def _have(names: str, module: object = np) -> list[object]:
    """The functions with these names, as far as this NumPy has them; names for the same function count once."""
    found = (getattr(module, name, None) for name in names.split())
    return list(dict.fromkeys(function for function in found if function is not None))


def _refuse(names: str, why: str, advice: str, module: object = np, prefix: str = "np") -> None:
    for name in names.split():
        function = getattr(module, name, None)
        if function is not None:
            no_rule(function, f"{prefix}.{name}", why=why, advice=advice)


# ----- piecewise constant ---------------------------------------------------------------------------------------------
_INTEGERS = "integer arithmetic: there is nothing to differentiate"
constant(*_have("all any allclose isclose array_equal array_equiv isin isreal iscomplex isneginf isposinf isnat"))
constant(*_have("argmax argmin nanargmax nanargmin argpartition argwhere nonzero flatnonzero lexsort digitize"))
constant(*_have("count_nonzero angle spacing"), np.linalg.matrix_rank)
constant(*_have("bitwise_and bitwise_or bitwise_xor bitwise_count invert left_shift right_shift gcd lcm"), why=_INTEGERS)
constant(*_have("packbits unpackbits unravel_index ravel_multi_index"), why=_INTEGERS)

# ----- refused: no derivative, or not yet -----------------------------------------------------------------------------
_EIGEN = "The eigenvalues of a general matrix may be complex, and its eigenvectors are unique up to complex factors only."
_REFLECT = "Write np.linalg.eigvalsh({0}) (or eigh) if {0} is symmetric."
_refuse("eig eigvals", _EIGEN, _REFLECT, np.linalg, "np.linalg")

_COMPLEX = "Its values are complex; wrt differentiates real functions of real inputs."
_AS_MATRIX = "A discrete Fourier transform is linear: write it as two real matrix products, with cosines and with sines."
for _name in ["fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "irfft", "rfft2", "irfft2", "rfftn", "irfftn", "hfft", "ihfft"]:
    no_rule(f"numpy.fft.{_name}", f"np.fft.{_name}", why=_COMPLEX, advice=_AS_MATRIX)  # by name: NumPy loads np.fft when it is asked for
_refuse("sort_complex", _COMPLEX, "Write np.sort.")
_refuse("roots", _COMPLEX, "For a symmetric companion problem write np.linalg.eigvalsh.")

_COUNTED = "The number of its entries depends on the values of its input."
_SORTED = "Write np.sort, or compute the index outside and write x[index]."
_refuse("unique unique_all unique_counts unique_inverse unique_values", _COUNTED, _SORTED)
_refuse("intersect1d union1d setdiff1d setxor1d trim_zeros", _COUNTED, "Compute the index outside and write x[index].")
_refuse("polymul polydiv", _COUNTED, "For a product of polynomials write np.convolve.")

_EDGES = "Its counts are piecewise constant, but the edges of the bins follow the data."
_refuse("histogram histogram2d histogramdd histogram_bin_edges", _EDGES, "Count outside of the differentiated function.")

_LATER = "No rule has been written for it yet."
_refuse("nanmedian nanpercentile nanquantile", _LATER, "Take the NaN out with x[~np.isnan(x)] first.")
_refuse("polyfit", _LATER, "Write np.linalg.lstsq(np.vander(x, deg + 1), y)[0], or np.linalg.solve of the normal equations.")
_refuse("poly", _LATER, "Multiply the factors with np.convolve.")
_refuse("unwrap", _LATER, "Add the multiples of 2π outside: they are piecewise constant.")
_refuse("frexp", _LATER, "Divide by 2.0**k with an integer k computed outside.")
_refuse("nextafter", "It depends on the format of the number, not on its value.", "Write x itself.")

_CALLS = "It calls a Python function for each part of an array."
_refuse("apply_along_axis apply_over_axes frompyfunc", _CALLS, "Write the loop, or whole-array operations.")
_refuse("asmatrix bmat", "np.matrix changes what * means.", "Write arrays: np.asarray, np.block, and @ for matrix products.")

for _name, _advice in {
    "eig": _REFLECT,
    "eigvals": _REFLECT,
    "lstsq": "Write np.linalg.lstsq.",
    "qr": "Write np.linalg.qr.",
    "lu": "Write np.linalg.solve, or np.linalg.qr for factors.",
    "lu_factor": "Write np.linalg.solve.",
    "lu_solve": "Write np.linalg.solve.",
    "cho_factor": "Write np.linalg.cholesky.",
    "cho_solve": "Write np.linalg.solve.",
    "schur": _REFLECT,
    "sqrtm": "For a symmetric matrix write (V * np.sqrt(w)) @ V.T with w, V = np.linalg.eigh(A).",
    "logm": "For a symmetric matrix write (V * np.log(w)) @ V.T with w, V = np.linalg.eigh(A).",
    "funm": "For a symmetric matrix write (V * f(w)) @ V.T with w, V = np.linalg.eigh(A).",
    "polar": "Write it with np.linalg.svd.",
}.items():
    no_rule(f"scipy.linalg.{_name}", f"scipy.linalg.{_name}", why=_EIGEN if "eig" in _name else _LATER, advice=_advice)
