"""JAX: NumPy's names under jax.numpy; arrays are never written to, so assignments become `.at[…].set`."""

from __future__ import annotations

import ast

from wrt.lower.translate import Call, Target, called, keyword, words

_SPECIAL = words(
    "bessel_jn bernoulli betainc betaln beta comb digamma entr erf erfc erfinv exp1 expi expit expn gamma gammainc gammaincc gammaln "
    "i0 i0e i1 i1e kl_div log_ndtr log_softmax logit logsumexp multigammaln ndtr ndtri polygamma rel_entr softmax xlog1py xlogy zeta"
)


def _write(place: ast.expr, how: str, value: ast.expr) -> ast.stmt:
    assert isinstance(place, ast.Subscript)
    array = place.value
    assert isinstance(array, ast.Name)
    at = ast.Subscript(ast.Attribute(ast.Name(array.id), "at"), place.slice, ast.Load())
    written = ast.UnaryOp(ast.USub(), value) if how == "-" else value
    return ast.Assign([ast.Name(array.id)], ast.Call(ast.Attribute(at, "set" if how == "=" else "add"), [written], []))


def _logsumexp(call: ast.Call) -> ast.expr:
    return called("jax.scipy.special.logsumexp", call.args, axis=keyword(call, "axis"), keepdims=keyword(call, "keepdims"))


_FUNCTIONS: dict[str, str | Call | None] = {
    "np": "jnp",
    "np.logaddexp.reduce": _logsumexp,
    "np.linalg.matrix_rank": "jnp.linalg.matrix_rank",
    "scipy.linalg.expm": "jax.scipy.linalg.expm",
    **{f"scipy.special.{function}": f"jax.scipy.special.{function}" for function in _SPECIAL},
}

JAX = Target(
    "JAX",
    ("import jax", "import jax.numpy as jnp", "", 'jax.config.update("jax_enable_x64", True)  # without it JAX computes in float32'),
    _FUNCTIONS,
    write=_write,
    decorator="@jax.jit",
)
