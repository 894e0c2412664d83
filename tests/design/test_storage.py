"""What the conformance checks do not say: shifts, memory maps, agreement of the storages, columns far from zero."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.design import DenseDesign, Design, SparseDesign
from shrinkwise.design.base import FAR

EPS = np.finfo(float).eps
N = 64
EQUAL = np.full((N, 1), 1 / N)


def both(X):
    return [DenseDesign.of(X), SparseDesign.of(sparse.csc_array(X))]


def table(p=5, seed=0):
    return np.random.default_rng(seed).standard_normal((N, p))


@pytest.mark.parametrize("mean", [1e3, 1e6, 1e9])
def test_columns_far_from_zero_keep_the_digits_of_their_variation(mean):
    X = np.round(table(), 6) + mean
    exact = X.astype(np.longdouble)
    Z = (exact - exact.mean(axis=0)) / exact.std(axis=0)
    W = np.ones((5, 1))
    for design in both(X):
        design = design.standardized(EQUAL)
        # a variance about a point at most FAR sd away loses FAR² units of rounding, a product FAR
        np.testing.assert_allclose(design.scale[:, 0], exact.std(axis=0).astype(float), rtol=8 * FAR**2 * EPS)
        np.testing.assert_allclose(design.matvec(W)[:, 0], Z.sum(axis=1).astype(float), atol=8 * N * FAR * EPS)
        np.testing.assert_allclose(design.gram(EQUAL[:, 0]), (Z.T @ Z / N).astype(float), atol=8 * N * FAR * EPS)


@pytest.mark.parametrize("far", [1e2, 1e4, 1e6])
def test_columns_far_from_zero_keep_their_scale_through_a_map(far):
    X = table() + far
    identity = sparse.csc_array(sparse.eye_array(5))
    for design in both(X):
        scale = design.mapped((identity,)).standardized(EQUAL).scale[:, 0]
        np.testing.assert_allclose(scale, X.std(axis=0), rtol=1e-9, err_msg=type(design).__name__)


def test_constant_columns_have_scale_zero_wherever_they_lie():
    X = table(6)
    X[:, 0], X[:, 1], X[:, 2], X[:, 3] = 0.0, 1 / 3, 1e15, -1e-15
    for design in both(X):
        scale = design.standardized(EQUAL).scale[:, 0]
        assert scale[:4].tolist() == [0.0] * 4
        assert np.all(scale[4:] > 0)


def test_small_variation_about_a_mean_is_not_taken_for_constant():
    X = 1.0 + 1e-9 * table()
    for design in both(X):
        np.testing.assert_allclose(design.standardized(EQUAL).scale[:, 0], X.std(axis=0), rtol=1e-6)


def test_a_column_may_vary_in_one_problem_and_be_constant_in_another():
    X = table(2)
    X[: N // 2, 0] = 7.0
    first = np.where(np.arange(N) < N // 2, 2 / N, 0.0)
    weights = np.column_stack([first, EQUAL[:, 0]])
    for design in both(X):
        design = design.standardized(weights)
        assert design.scale[0, 0] == 0
        assert design.scale[0, 1] > 0
        out = design.matvec(np.array([[1.0, 1.0], [0.0, 0.0]]))
        assert not out[:, 0].any()
        assert out[:, 1].any()


def test_storages_agree():
    X = np.where(table() > 0.8, table(), 0.0)
    weights = np.random.default_rng(1).uniform(size=(N, 3))
    weights /= weights.sum(axis=0)
    dense, csc = (design.standardized(weights) for design in both(X))
    W, R = np.ones((5, 3)), np.random.default_rng(2).standard_normal((N, 3))
    np.testing.assert_allclose(dense.matvec(W), csc.matvec(W), atol=64 * EPS * 5)
    np.testing.assert_allclose(dense.rmatvec(R), csc.rmatvec(R), atol=64 * EPS * N)
    for cols in (slice(1, 4), np.array([3, 0])):
        explicit = ((X - X.T @ weights[:, 1])[:, cols]) / dense.scale[cols, 1]
        for design in (dense, csc):
            np.testing.assert_allclose(design.problem(1).explicit(cols), explicit, atol=64 * EPS * 5)
            np.testing.assert_allclose(Design.explicit(design.problem(1), cols), explicit, atol=64 * EPS * 5)
    np.testing.assert_allclose(
        dense.problem(1).gram(R[:, 0] ** 2), csc.problem(1).gram(R[:, 0] ** 2), atol=64 * EPS * N
    )


def test_a_memory_map_is_read_in_place(tmp_path):
    X = table().astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    design = DenseDesign.of(mapped)
    assert np.shares_memory(design.store, mapped)
    np.testing.assert_array_equal(
        design.standardized(EQUAL).matvec(np.ones((5, 1))),
        DenseDesign.of(X).standardized(EQUAL).matvec(np.ones((5, 1))),
    )


def test_chunks_do_not_change_what_is_computed(monkeypatch):
    X = table().astype(np.float32)
    whole = DenseDesign.of(X).standardized(EQUAL)
    expected = whole.gram(EQUAL[:, 0]), whole.rmatvec(EQUAL), whole.matvec(np.ones((5, 1)))
    monkeypatch.setattr("shrinkwise.design.dense.CHUNK", 64)  # one row of 64 at a time, the smallest step
    X = np.vstack([X] * 3)
    cut = DenseDesign.of(X).standardized(np.full((3 * N, 1), 1 / (3 * N)))
    weights = np.full((3 * N, 1), 1 / (3 * N))
    np.testing.assert_allclose(cut.gram(weights[:, 0]), expected[0], atol=N * EPS)
    np.testing.assert_allclose(cut.rmatvec(weights), expected[1], atol=N * EPS)
    np.testing.assert_allclose(cut.matvec(np.ones((5, 1)))[:N], expected[2], atol=N * EPS)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, N])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "cols", [slice(None), slice(1, 5), slice(4, None, -2), np.array([4, 0, 2]), np.zeros(0, dtype=np.intp)]
)
def test_pieces_do_not_change_a_product(monkeypatch, kind, rows, order, cols):
    X = np.asarray(np.vstack([table()] * 3) + 1e5, dtype=kind, order=order)
    weights = np.full((len(X), 1), 1 / len(X))
    whole = DenseDesign.of(X).standardized(weights)
    explicit = whole.explicit(cols)
    W, R = np.ones((explicit.shape[1], 1)), np.arange(len(X))[:, None] - 90.0
    for name, size in (("CHUNK", 64), ("PIECE", 3 * len(X)), ("ROWS", rows)):
        monkeypatch.setattr(f"shrinkwise.design.dense.{name}", size)
    np.testing.assert_allclose(whole.matvec(W, cols), explicit @ W, atol=64 * EPS * 10)
    np.testing.assert_allclose(whole.rmatvec(R, cols), explicit.T @ R, atol=64 * EPS * np.abs(R).sum())
