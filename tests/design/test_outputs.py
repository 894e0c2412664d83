"""Several predictors a row: every product equals that of the Kronecker product X ⊗ I, written out."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.design import as_design
from shrinkwise.design.outputs import OutputsDesign

N, P, K = 23, 4, 3
STORAGES = {"dense": np.asarray, "single": np.float32, "sparse": sparse.csr_array}
COLS = {
    "all": slice(None),
    "some": np.array([1, 2, 5, 9, 10]),
    "of one output": np.array([1, 4, 10]),
    "with an intercept": np.array([0, 7, 8, 12]),
    "out of order": np.array([13, 5, 0, 12, 4]),
    "intercepts alone": np.array([12, 13]),
    "none": np.zeros(0, dtype=np.intp),
}
BLOCKS = ["one for each predictor", "a block for each row"]


def made(storage, problems=2, ones=K - 1):
    """(design, the matrix of each of its problems)."""
    rng = np.random.default_rng(3)
    X = np.where(rng.random((N, P)) < 0.4, 0.0, np.float32(rng.standard_normal((N, P)) + 2.0))
    s = rng.uniform(0.5, 2.0, (N, problems))
    s /= s.sum(axis=0)
    design = as_design(STORAGES[storage](X))[0].standardized(s)
    matrices = []
    for i in range(problems):
        center = s[:, i] @ X
        Z = (X - center) / np.sqrt(s[:, i] @ (X - center) ** 2)
        matrices.append(np.hstack([np.kron(Z, np.eye(K)), np.tile(np.eye(K)[:, :ones], (N, 1))]))
    return OutputsDesign.over(design, K, ones), matrices


def weights_of(kind):
    """Weights as `gram` takes them, and the matrix that they are."""
    rng = np.random.default_rng(5)
    if kind == BLOCKS[0]:
        h = rng.standard_normal(N * K)
        return h, np.diag(h)
    half = rng.standard_normal((N, K, K))
    h = half + half.transpose(0, 2, 1)
    full = np.zeros((N * K, N * K))
    for i in range(N):
        full[i * K : (i + 1) * K, i * K : (i + 1) * K] = h[i]
    return h.reshape(-1, K), full


@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize("storage", STORAGES)
def test_products_are_those_of_the_kronecker_product(storage, cols):
    design, matrices = made(storage)
    rng = np.random.default_rng(0)
    W = rng.standard_normal((len(np.arange(design.shape[1])[COLS[cols]]), 2))
    R = rng.standard_normal((N * K, 2))
    times = np.column_stack([M[:, COLS[cols]] @ W[:, i] for i, M in enumerate(matrices)])
    back = np.column_stack([M[:, COLS[cols]].T @ R[:, i] for i, M in enumerate(matrices)])
    np.testing.assert_allclose(design.matvec(W, COLS[cols]), times, atol=1e-12)
    np.testing.assert_allclose(design.rmatvec(R, COLS[cols]), back, atol=1e-12)


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("others", [None, *COLS])
@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize("storage", STORAGES)
def test_grams_are_those_of_the_kronecker_product(storage, cols, others, kind):
    design, (_, M) = made(storage)
    h, full = weights_of(kind)
    if others is None:
        h, full = np.abs(h) if h.ndim == 1 else h, np.abs(full) if h.ndim == 1 else full
    left, right = M[:, COLS[cols]], M[:, COLS[cols if others is None else others]]
    gram = design.problem(1).gram(h, COLS[cols], None if others is None else COLS[others])
    np.testing.assert_allclose(gram, left.T @ full @ right, atol=1e-11)


@pytest.mark.parametrize("storage", STORAGES)
def test_some_problems_are_those_problems(storage):
    design, matrices = made(storage, problems=3)
    W = np.random.default_rng(1).standard_normal((design.shape[1], 3))
    np.testing.assert_allclose(
        design.problem([2, 0, 2]).matvec(W),
        np.column_stack([matrices[i] @ W[:, c] for c, i in enumerate([2, 0, 2])]),
        atol=1e-12,
    )
    assert design.problem(1).shape == (N * K, P * K + K - 1)


@pytest.mark.parametrize("ones", [0, 1, K])
def test_intercepts_are_the_last_columns(ones):
    design, (M,) = made("dense", problems=1, ones=ones)
    assert design.shape == M.shape
    np.testing.assert_allclose(design.matvec(np.eye(design.shape[1])[:, -1:])[:, 0], M[:, -1], atol=1e-14)
    h, full = weights_of(BLOCKS[1])
    np.testing.assert_allclose(design.gram(h), M.T @ full @ M, atol=1e-11)


def test_a_constant_column_acts_as_zero_for_every_output():
    X = np.column_stack([np.ones(N), np.arange(N)])
    design = OutputsDesign.over(as_design(X)[0].standardized(np.full((N, 1), 1 / N)), K, 0)
    assert not np.any(design.gram(np.ones((N * K, K)))[:K])
    assert not np.any(design.rmatvec(np.random.default_rng(0).standard_normal((N * K, 1)))[:K])
