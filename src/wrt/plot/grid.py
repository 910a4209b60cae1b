"""A map of the plane at many points: its values and its Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wrt.api.jacobian import Jacobian
from wrt.api.text_map import coordinates, point_map
from wrt.errors import ShapeError
from wrt.geometry.field import both

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PlaneMap:
    """f : R² → R² and what to call it and its inputs."""

    jacobian: Jacobian
    names: tuple[str, str]
    said: str

    def on(self, points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Values (…, 2) and Jacobians (…, 2, 2) at the points (…, 2)."""
        values, jacobians = both(self.jacobian, points.reshape(-1, 2))
        if values.shape[1] != 2:
            raise ShapeError(f"A map of the plane takes two numbers to two; {self.said} gave {values.shape[1]}.")
        return values.reshape(points.shape), jacobians.reshape(*points.shape, 2)


def plane_map(f: str | Callable[..., Any], variables: str | Sequence[str] | None = None) -> PlaneMap:
    """The map from text or from a NumPy function, as `wrt.geometry.local_map` takes them."""
    function = point_map(f, variables)
    names = coordinates(function, 2)
    known = getattr(function, "variables", names)
    if len(known) != 2:
        raise ShapeError(
            f"A map of the plane has two inputs; {f if isinstance(f, str) else 'the function'} has {', '.join(known)}.",
            advice="Name both in order (variables='x y'), and write numbers for what does not vary.",
        )
    J = Jacobian(function)
    return PlaneMap(J, (names[0], names[1]), f"({f.strip()})" if isinstance(f, str) else J.name)
