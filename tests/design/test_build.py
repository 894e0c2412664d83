import numpy as np
import pytest
from scipy import sparse

from shrinkwise.design import DenseDesign, SparseDesign, as_design
from shrinkwise.exceptions import DataError


def table(seed=0, n=12, p=4):
    return np.random.default_rng(seed).standard_normal((n, p))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_dense_array_of_floats_is_stored_as_it_is(dtype):
    X = table().astype(dtype)
    design, unit = as_design(X)
    assert isinstance(design, DenseDesign)
    assert design.store is X
    assert unit.tolist() == [1.0] * 4


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.longdouble])
def test_other_numbers_become_float64(dtype):
    X = np.abs(np.round(3 * table())).astype(dtype)
    design, _ = as_design(X)
    np.testing.assert_array_equal(design.matvec(np.eye(4)[:, :1])[:, 0], X[:, 0].astype(float))


@pytest.mark.parametrize(
    "kind", [sparse.csc_array, sparse.csr_array, sparse.coo_array, sparse.csr_matrix, sparse.bsr_array]
)
def test_any_sparse_format_becomes_columns(kind):
    X = np.where(table() > 0.5, table(), 0.0)
    design, _ = as_design(kind(X))
    assert isinstance(design, SparseDesign)
    np.testing.assert_array_equal(design.store.toarray(), X)


def test_extreme_columns_are_stored_in_a_power_of_two():
    X = table() * np.array([1e-150, 1.0, 1e150, 1e307])
    for given in (X, sparse.csc_array(X)):
        design, unit = as_design(given)
        assert unit[1] == 1.0
        assert np.all(np.frexp(unit)[0] == 0.5)
        stored = design.store.toarray() if sparse.issparse(given) else design.store
        np.testing.assert_array_equal(stored * unit, X)
        assert np.all(np.abs(stored).max(axis=0) < 10)
        with np.errstate(all="raise"):
            standardized = design.standardized(np.full((12, 1), 1 / 12))
        expected = (X / unit).std(axis=0)
        np.testing.assert_allclose(standardized.scale[:, 0], expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")], ids=["nan", "inf", "-inf"]
)
def test_a_number_that_is_not_finite_is_named_with_its_place(value, words):
    X = table()
    X[7, 2] = value
    with pytest.raises(DataError, match=f"{words}.*row 7, column 2"):
        as_design(X)
    with pytest.raises(DataError, match=words):
        as_design(sparse.csc_array(X))


def test_duplicates_are_summed_and_indices_sorted_without_touching_the_input():
    data, indices, indptr = np.array([1.0, 2.0, 4.0, 8.0]), np.array([2, 0, 2, 1]), np.array([0, 3, 4])
    given = sparse.csc_array((data, indices, indptr), shape=(3, 2))
    design, _ = as_design(given)
    np.testing.assert_array_equal(design.store.toarray(), [[2, 0], [0, 8], [5, 0]])
    assert data.tolist() == [1.0, 2.0, 4.0, 8.0]
    assert indices.tolist() == [2, 0, 2, 1]
    assert design.store.has_canonical_format


def corrupt(**changes):
    matrix = sparse.csc_array(np.eye(3))
    for name, value in changes.items():
        setattr(matrix, name, np.array(value))
    return matrix


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"indices": [0, 1, 99]}, "index 99"),
        ({"indices": [0, -1, 2]}, "index -1"),
        ({"indptr": [0, 2, 1, 3]}, "indptr"),
        ({"indptr": [0, 1, 2, 9]}, "indptr"),
        ({"indptr": [1, 1, 2, 3]}, "indptr"),
        ({"indptr": [0, 1, 3]}, "indptr"),
        ({"data": [1.0, 2.0]}, "data"),
    ],
)
def test_a_corrupt_sparse_matrix_is_refused(changes, words):
    with pytest.raises(DataError, match=words):
        as_design(corrupt(**changes))


def test_inputs_are_never_modified():
    X = table() * np.array([1e-150, 1.0, 1e6, 1.0]) + np.array([0, 1e8, 0, 0])
    for given in (X, sparse.csc_array(X)):
        kept = given.copy()
        design, _ = as_design(given)
        design = design.standardized(np.full((12, 1), 1 / 12))
        design.gram(np.ones(12))
        design.rmatvec(design.matvec(np.ones((4, 1))))
        if sparse.issparse(given):
            for part in ("data", "indices", "indptr"):
                np.testing.assert_array_equal(getattr(given, part), getattr(kept, part))
        else:
            np.testing.assert_array_equal(given, kept)
