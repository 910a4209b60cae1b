"""PyTorch: torch's names for NumPy's functions; axes are dims, and new arrays are float64."""

from __future__ import annotations

import ast
from collections.abc import Callable

from wrt.errors import Unsupported
from wrt.lower.translate import Call, Target, called, keyword, name, words

_SAME = words(
    "exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg sinc "
    "arctan2 hypot logaddexp copysign sign floor ceil trunc logical_and logical_or logical_xor logical_not isnan isinf isfinite signbit fmod"
)
_ALIKE = words("einsum diag diagonal trace tril triu arange where int64 float64 inf nan")
_LINALG = words("inv solve pinv cholesky det slogdet eigh eigvalsh qr svd matrix_rank vector_norm")
_SPECIAL = words("erf erfc erfcx erfinv ndtr ndtri log_ndtr expit logit gammaln digamma polygamma gammainc gammaincc xlogy xlog1py entr i0 i0e i1 i1e")
_BESSEL = {f"scipy.special.{kind}{order}": f"torch.special.bessel_{kind}{order}" for kind in "jy" for order in "01"}
_FLOAT = "torch.float64"


def _tuple(shape: ast.expr) -> ast.expr:
    return shape if isinstance(shape, ast.Tuple) else ast.Tuple([shape], ast.Load())


def _tensor(value: ast.expr) -> ast.expr:
    return called("torch.as_tensor", [value])


def _new(function: str, *, shaped: bool = True) -> Call:
    """zeros, full, eye: the shape a tuple, float64 unless another type is asked for."""

    def made(call: ast.Call) -> ast.expr:
        first = _tuple(call.args[0]) if shaped else call.args[0]
        return called(function, [first, *call.args[1:]], dtype=keyword(call, "dtype") or name(_FLOAT))

    return made


def _along(function: str, whole: str | None = None) -> Call:
    """A function of one array along an axis."""

    def made(call: ast.Call) -> ast.expr:
        axis = keyword(call, "axis") or (call.args[1] if len(call.args) > 1 else None)
        if axis is None and whole is not None:
            return called(whole, call.args[:1])
        return called(function, call.args[:1], dim=axis or ast.Constant(0), keepdim=keyword(call, "keepdims"))

    return made


def _logsumexp(call: ast.Call) -> ast.expr:
    axis = keyword(call, "axis")
    every = called("tuple", [called("range", [ast.Attribute(call.args[0], "ndim")])])
    whole = axis is None or (isinstance(axis, ast.Constant) and axis.value is None)
    return called("torch.logsumexp", call.args[:1], dim=every if whole else axis, keepdim=keyword(call, "keepdims"))


def _clamped(function: str) -> Call:
    return lambda call: called(function, [_tensor(argument) if isinstance(argument, ast.Constant) else argument for argument in call.args])


def _tensors(function: str) -> Call:
    """Entrywise functions take no Python numbers; a bare name may be a size, which is one."""
    return lambda call: called(function, [_tensor(a) if isinstance(a, ast.Constant | ast.Name) else a for a in call.args])


def _tri(call: ast.Call) -> ast.expr:
    ones = called("torch.ones", [ast.Tuple([call.args[0], call.args[0]], ast.Load())], dtype=keyword(call, "dtype") or name(_FLOAT))
    return called("torch.tril", [ones, *([k] if (k := keyword(call, "k")) is not None else [])])


def _renamed(function: str, **keywords: str) -> Call:
    return lambda call: ast.Call(name(function), call.args, [ast.keyword(keywords.get(k.arg or "", k.arg), k.value) for k in call.keywords])


def _vdot(call: ast.Call) -> ast.expr:
    left, right = call.args
    return ast.Call(ast.Attribute(ast.BinOp(left, ast.Mult(), right), "sum"), [], [])


def _svd(call: ast.Call) -> ast.expr:
    return called("torch.linalg.svdvals", call.args) if keyword(call, "compute_uv") is not None else _renamed("torch.linalg.svd")(call)


def _method(attribute: str, **keywords: str) -> Call:
    def made(call: ast.Call) -> ast.expr:
        assert isinstance(call.func, ast.Attribute)
        return ast.Call(ast.Attribute(call.func.value, attribute), call.args, [ast.keyword(keywords.get(k.arg or "", k.arg), k.value) for k in call.keywords])

    return made


def _subscript(node: ast.Subscript) -> ast.expr:
    """Torch has no slices with a negative step: a whole axis is flipped, the rest refused."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    back = [k for k, part in enumerate(parts) if isinstance(part, ast.Slice) and isinstance(part.step, ast.UnaryOp)]
    if not back:
        return node
    whole = all(isinstance(p, ast.Slice) and p.lower is None and p.upper is None and (p.step is None or ast.unparse(p.step) == "-1") for p in parts)
    if not whole:
        raise Unsupported("PyTorch has no slices that run backwards, which this derivative needs.", advice='Take the NumPy code: target="numpy".')
    return called("torch.flip", [node.value, ast.Tuple([ast.Constant(k) for k in back], ast.Load())])


def _write(place: ast.expr, how: str, value: ast.expr) -> ast.stmt:
    assert isinstance(place, ast.Subscript)
    if how == "at":
        put = ast.Call(ast.Attribute(place.value, "index_put_"), [place.slice, value], [ast.keyword("accumulate", ast.Constant(value=True))])
        return ast.Expr(put)
    place.ctx = ast.Store()
    return ast.Assign([place], value) if how == "=" else ast.AugAssign(place, ast.Sub() if how == "-" else ast.Add(), value)


def _special() -> dict[str, str | Call | None]:
    return {**{f"scipy.special.{function}": f"torch.special.{function}" for function in _SPECIAL}, **_BESSEL}


_AXES: dict[str, Callable[[ast.Call], ast.expr]] = {
    "np.cumsum": _along("torch.cumsum"),
    "np.cumprod": _along("torch.cumprod"),
    "np.max": _along("torch.amax", "torch.amax"),
    "np.min": _along("torch.amin", "torch.amin"),
    "np.prod": _along("torch.prod", "torch.prod"),
    "np.argsort": _along("torch.argsort"),
}
_FUNCTIONS: dict[str, str | Call | None] = {
    **{f"np.{function}": _tensors(f"torch.{function}") for function in _SAME},
    **{f"np.{function}": f"torch.{function}" for function in _ALIKE},
    **{f"np.linalg.{function}": f"torch.linalg.{function}" for function in _LINALG},
    **_special(),
    **_AXES,
    "np.bool_": "torch.bool",
    "np.absolute": _tensors("torch.abs"),
    "np.rint": _tensors("torch.round"),
    "np.maximum": _clamped("torch.maximum"),
    "np.minimum": _clamped("torch.minimum"),
    "np.zeros": _new("torch.zeros"),
    "np.full": _new("torch.full"),
    "np.eye": _new("torch.eye", shaped=False),
    "np.tri": _tri,
    "np.array": lambda call: called("torch.stack", [ast.List([_stacked(e) for e in call.args[0].elts], ast.Load())])
    if isinstance(call.args[0], ast.List)
    else _tensor(call.args[0]),
    "np.broadcast_to": lambda call: called("torch.broadcast_to", [_tensor(call.args[0]), _tuple(call.args[1])]),
    "np.reshape": lambda call: called("torch.reshape", [_tensor(call.args[0]), _tuple(call.args[1])]),
    "np.roll": lambda call: called("torch.roll", call.args[:2], dims=call.args[2] if len(call.args) > 2 else ast.Constant(0)),
    "np.tensordot": _renamed("torch.tensordot", axes="dims"),
    "np.vdot": _vdot,
    "np.logaddexp.reduce": _logsumexp,
    "np.linalg.norm": _renamed("torch.linalg.vector_norm", axis="dim", keepdims="keepdim"),
    "np.linalg.svd": _svd,
    "scipy.linalg.expm": "torch.linalg.matrix_exp",
}


def _stacked(entry: ast.expr) -> ast.expr:
    if isinstance(entry, ast.List):
        return called("torch.stack", [ast.List([_stacked(e) for e in entry.elts], ast.Load())])
    return called("torch.as_tensor", [entry], dtype=name(_FLOAT))


TORCH = Target(
    "PyTorch",
    ("import torch",),
    _FUNCTIONS,
    {"copy": _method("clone"), "transpose": _method("permute"), "sum": _method("sum", axis="dim", keepdims="keepdim")},
    _write,
    _subscript,
)
