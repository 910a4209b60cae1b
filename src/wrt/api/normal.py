"""The normal equations of a least-squares step as they come out: JᵀJ, dense or sparse, and Jᵀf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wrt.api.prepared import Prepared, apart, own
from wrt.api.second import normal_maps
from wrt.graph.node import Node
from wrt.linear.pattern import pattern, static


def dense(prepared: Prepared, found: Sequence[Any], arrays: Sequence[Any]) -> tuple[list[tuple[Node, Any]], list[Any]]:
    """The blocks of JᵀJ, each with the variable of its rows, and Jᵀf by each variable."""
    n = len(prepared.variables)
    given = [*arrays, *prepared.arrays("normal")]
    made: list[Any] = []
    for result in found:
        made.append(apart(own(result, given, np.result_type(*prepared.dtypes)), made))
    return [(prepared.variables[k // n], block) for k, block in enumerate(made[: n * n])], made[n * n :]


def sparse(prepared: Prepared, found: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, Any]:
    """JᵀJ as `scipy.sparse.csr_array` and Jᵀf, both flattened in C order."""
    from scipy.sparse import csr_array

    *entries, right = found
    if "normal" not in prepared.extra:
        ((m,),) = normal_maps(prepared)
        m = static(m)
        prepared.extra["normal"] = pattern(m)
    where = prepared.extra["normal"]
    data = where.data(entries).astype(prepared.dtypes[0], copy=False)
    matrix = csr_array((data, where.indices.copy(), where.indptr.copy()), shape=where.shape)
    return matrix, np.ravel(own(right, [*arrays, *prepared.arrays("normal_sparse")], prepared.dtypes[0]))
