"""The linear-algebra way: bases, parallelograms and parallelepipeds, their matrices and factors."""

import numpy as np
import pytest

import wrt
from wrt.geometry import basis_change, local_map, volume

UNIT, IMAGE = [(1, 0), (0, 1)], [(-2, 1), (1, 1)]


def test_the_worked_example_by_both_ways():
    linear = basis_change(UNIT, IMAGE)
    partial = local_map("-2*x1 + x2, x1 + x2", [0.3, -1.7])
    function = local_map(lambda x: np.array([-2 * x[0] + x[1], x[0] + x[1]]), np.zeros(2))
    of_the_map = local_map(linear, [5.0, 7.0])
    for found in (linear, partial, function, of_the_map):
        assert np.array_equal(found.matrix, [[-2, 1], [1, 1]])
        assert found.det == -3
        assert found.orientation == "flipped"
    assert linear.factor == partial.scaling == function.scaling == 3
    assert partial.linearization_error(1.0) < 1e-14
    assert str(linear) == "the linear map of R^2 with matrix\n[ −2  1 ]\n[  1  1 ]\ndet = −3: area × 3, orientation flipped"


def test_the_vectors_go_where_they_should(rng):
    for n in (1, 2, 3, 5, 8):
        b, c = rng.standard_normal((2, n, n))
        t = basis_change(b, c)
        for old, new in zip(b, c, strict=True):
            assert np.allclose(t(old), new)
        assert np.isclose(t.det, np.linalg.det(c) / np.linalg.det(b))
        assert np.isclose(t.factor, volume(c) / volume(b))
        assert t.orientation == ("kept" if t.det > 0 else "flipped")
        assert np.allclose(t.inverse.matrix @ t.matrix, np.eye(n))
        assert np.allclose(t.singular_values, np.linalg.svd(t.matrix, compute_uv=False))


def test_a_rotation_keeps_and_a_reflection_flips():
    assert basis_change(UNIT, [(0, 1), (-1, 0)]).orientation == "kept"
    assert basis_change(UNIT, [(0, 1), (1, 0)]).orientation == "flipped"


def test_a_parallelogram_in_space():
    t = basis_change(UNIT, [(1, 0, 1), (0, 1, 2)])
    assert t.matrix.shape == (3, 2)
    assert np.isclose(t.factor, np.sqrt(6))  # |(1, 0, 1) × (0, 1, 2)| = |(−1, −2, 1)|
    assert "√det(AᵀA) = 2.44949: area × 2.44949" in str(t)
    with pytest.raises(wrt.ShapeError, match=r"A map from R\^2 to R\^3 has no determinant"):
        t.det


def test_volumes():
    assert volume([(3, 4)]) == 5
    assert volume([(-2, 1), (1, 1)]) == 3
    assert np.isclose(volume([(1, 0, 0), (0, 3, 4)]), 5)
    assert volume([(1, 2), (3, 4), (5, 6)]) == 0  # three vectors of the plane span no volume
    assert volume(np.diag([1, 2, 3, 4])) == 24


def test_a_flat_image_is_no_error():
    t = basis_change(UNIT, [(1, 2), (2, 4)])
    assert (t.factor, t.orientation) == (0, "lost")
    with pytest.raises(wrt.ArgumentError, match="The image is flat"):
        t.inverse
    assert basis_change(UNIT, [(0.1, 0.2), (0.3, 0.6)]).orientation == "lost"  # though rounding leaves 1e-17


@pytest.mark.parametrize(
    "b, c, message",
    [
        ([(1, 2), (2, 4)], UNIT, "from_ is no basis: its vectors are linearly dependent"),
        ([(0.1, 0.2), (0.3, 0.6)], UNIT, "from_ is no basis: its vectors are linearly dependent"),
        ([(0, 0), (0, 1)], UNIT, "from_ is no basis"),
        ([(1, 0, 0), (0, 1, 0)], IMAGE, r"from_ has 2 vectors of R\^3, which are no basis of it"),
        (UNIT, [(1, 2)], "Each vector goes to one vector: from_ has 2 and to has 1"),
        ([(1, 0), (0,)], UNIT, "from_ must be vectors of equally many real numbers"),
        (UNIT, [("a", 1), (2, 3)], "to must be vectors"),
        ((1, 2), UNIT, "from_ must be vectors, one in each row"),
        (UNIT, [(np.nan, 1), (2, 3)], "to has an entry that is not finite"),
    ],
)
def test_what_is_no_basis(b, c, message):
    with pytest.raises(wrt.WrtError, match=message):
        basis_change(b, c)


@pytest.mark.parametrize("length", [1e200, 1e-170, 1e-200])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_vectors_of_any_length(rng, length, n):
    A = rng.standard_normal((n, n))
    sign, log = np.linalg.slogdet(A)
    to, from_ = basis_change(np.eye(n), length * A.T), basis_change(length * A.T, np.eye(n))
    for t, logarithm in ((to, log + n * np.log(length)), (from_, -log - n * np.log(length))):
        assert t.orientation == ("kept" if sign > 0 else "flipped")
        assert np.isclose(t.log_factor, logarithm)
    assert np.allclose(from_.matrix * length, np.linalg.inv(A))
    assert np.allclose(to.inverse.matrix * length, np.linalg.inv(A))


def test_volumes_of_vectors_of_unlike_lengths():
    assert np.isclose(volume([(1e200, 0, 0), (0, 1e-200, 0)]), 1)
    assert volume([(1e200, 0), (0, 1e200)]) == np.inf
    assert np.isclose(basis_change([(1e200, 0), (0, 1e-200)], UNIT).det, 1)
    assert basis_change(UNIT, [(1, 2e-200), (1, -2e-200)]).orientation == "flipped"


def test_a_matrix_beyond_floats_is_refused():
    with pytest.raises(wrt.ArgumentError, match="entries beyond the range of floats"):
        basis_change([(1e-200, 0), (0, 1)], [(1e200, 0), (0, 1)])
    with pytest.raises(wrt.ArgumentError, match="entries beyond the range of floats"):
        basis_change([(1e200, 0), (0, 1)], [(1e-200, 0), (0, 1)])


@pytest.mark.parametrize("x", [(1, 2, 3), 3.0])
def test_a_point_of_another_size(x):
    with pytest.raises(wrt.ShapeError, match="The map takes 2 coordinates; got an array of shape"):
        basis_change(np.eye(2), np.eye(2))(x)
