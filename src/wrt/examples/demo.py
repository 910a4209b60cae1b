"""The main job on real input: a derivation, 54 fits of NIST data, and what a determinant means. Run by `make demo`."""

from __future__ import annotations

import numpy as np

import wrt
from wrt.examples import nist


def least_squares() -> str:
    """The gradient of ‖y − Φθ‖² by θ, step by step, in both layouts, with its check."""
    d = wrt.derive("sum((y - Phi @ theta)**2)", wrt="theta", shapes={"y": "N", "Phi": "N D", "theta": "D"})
    return "\n".join(
        [
            str(d.steps),
            "",
            f"numerator layout:    {d.in_layout('numerator')}",
            f"denominator layout:  {d.in_layout('denominator')}",
            f"as code:             {d.einsum}",
        ]
    )


def fits() -> str:
    """The 27 NIST StRD problems from both starting points, with wrt's Jacobian and with SciPy's differences."""
    return nist.table(nist.compare(wrt.jacobian))


def linear_map() -> str:
    """y₁ = −2x₁ + x₂, y₂ = x₁ + x₂ takes the unit square to a parallelogram of three times its area."""

    def f(x):  # type: ignore[no-untyped-def]
        return np.array([-2 * x[0] + x[1], x[0] + x[1]])

    J = wrt.jacobian(f)(np.zeros(2))
    determinant = float(np.linalg.det(J))
    return "\n".join(
        [
            "y1 = -2 x1 + x2,  y2 = x1 + x2",
            f"J = {J.tolist()}",
            f"det J = {determinant:.6g}: areas grow by the factor {abs(determinant):.6g}, and the orientation {'flips' if determinant < 0 else 'stays'}",
        ]
    )


def main() -> None:
    """Print the three parts."""
    for title, part in (
        ("The gradient of least squares", least_squares),
        ("Nonlinear regression: NIST StRD, 27 problems, two starting points each", fits),
        ("The determinant of a Jacobian", linear_map),
    ):
        print(f"{title}\n{'=' * len(title)}\n{part()}\n")  # printing is the job


if __name__ == "__main__":
    main()
