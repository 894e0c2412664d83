"""What a pass makes of a block of rows: the compiled blocks against the formulas of the loss."""

import numpy as np
import pytest

from shrinkwise.design import DenseDesign
from shrinkwise.losses import LogisticLoss
from shrinkwise.penalties import ElasticNet
from shrinkwise.problem import build_problems
from shrinkwise.solvers import _logistic_kernels as kernels
from shrinkwise.solvers.blocks import Blocks, CompiledBlocks, Move
from shrinkwise.solvers.newton import Batch

EPS = np.finfo(float).eps


def state(store, k, whole, kind, seed=0):
    """k problems on some of the rows each, somewhere on their way."""
    rng = np.random.default_rng(seed)
    n, p = store.shape
    y = rng.choice([0.0, 1.0, 0.3], n)
    weights = rng.uniform(0.5, 1.5, (n, k)) * (rng.uniform(size=(n, k)) < 0.8)
    weights /= weights.sum(axis=0)
    design = DenseDesign.of(store).standardized(weights)
    common = {"fit_intercept": True, "standardize": True, "column_unit": np.ones(p), "unit": 1.0}
    batch = Batch(design, build_problems(design, y, weights, LogisticLoss(), ElasticNet(), **common))
    batch.eta[:] = 3 * rng.standard_normal((n, k))
    blocks = kind(batch, np.arange(k) // 2, whole)
    blocks.curvature[:] = rng.uniform(0.05, 0.25, blocks.curvature.shape)
    blocks.gradients[:] = batch.loss.gradient(batch.y, batch.eta)
    return batch, blocks


def steps(p, k, seed=1):
    rng = np.random.default_rng(seed)
    steps = 0.03 * rng.standard_normal((p, k)) * (rng.uniform(size=(p, 1)) < 0.6)
    return steps, 0.01 * rng.standard_normal(k), rng.uniform(0.9, 1.0, k)


@pytest.mark.parametrize("store", ["columns", "rows", "float32", "shifted"])
@pytest.mark.parametrize(("n", "p", "k"), [(1, 1, 1), (255, 4, 2), (600, 7, 1), (600, 7, 5)])
@pytest.mark.parametrize("whole", [True, False])
def test_compiled_blocks_do_what_the_formulas_say(store, n, p, k, whole):
    X = np.asfortranarray(np.random.default_rng(2).standard_normal((n, p)))
    stores = {"columns": X, "rows": np.ascontiguousarray(X), "float32": X.astype(np.float32), "shifted": X + 1e5}
    which = [i for i in range(k) if i != 2]
    moved = []
    for kind in (Blocks, CompiledBlocks):
        batch, blocks = state(stores[store], k, whole, kind)
        move = Move(batch.design.problem(which), which, slice(None), *(part[..., which] for part in steps(p, k)))
        read = blocks.reader(move)
        sums = [read(rows) for rows in (slice(0, n // 2), slice(n // 2, n)) if rows.start < rows.stop]
        moved.append((batch.eta, blocks.gradients, np.sum(sums, axis=0), 0.0 if whole else blocks.duals))
    for formula, compiled in zip(*moved, strict=True):
        np.testing.assert_allclose(compiled, formula, rtol=1e-11, atol=64 * EPS)


def test_a_dual_point_out_of_the_domain_has_an_infinite_slack_where_its_row_counts():
    batch, blocks = state(np.asfortranarray(np.ones((300, 1)) * np.arange(300)[:, None]), 1, True, CompiledBlocks)
    blocks.gradients[:] = 1e6
    counts = blocks.weights[:, 0] > 0
    move = Move(batch.design, [0], slice(None), np.zeros((1, 1)), np.zeros(1), np.ones(1))
    assert blocks.reader(move)(slice(0, 300))[-1] == np.inf
    blocks.weights[:] = 0.0
    blocks.gradients[:] = 1e6
    assert np.any(counts)
    assert blocks.reader(move)(slice(0, 300))[-1] == 0.0


def test_what_is_not_a_number_is_not_lost():
    batch, blocks = state(
        np.asfortranarray(np.random.default_rng(0).standard_normal((300, 2))), 1, True, CompiledBlocks
    )
    batch.eta[np.flatnonzero(batch.weights[:, 0])[0]] = np.nan
    move = Move(batch.design, [0], slice(None), np.zeros((2, 1)), np.zeros(1), np.ones(1))
    assert np.all(np.isnan(blocks.reader(move)(slice(0, 300))[-2:]))


def test_exponential_and_logarithm_are_those_of_the_library():
    rng = np.random.default_rng(0)
    down = -np.concatenate([[0.0, 1e-300, 1e-9, 707.9], rng.exponential(1.0, 500), rng.uniform(0, 700, 500)])
    np.testing.assert_allclose([kernels.exponential(x) for x in down], np.exp(down), rtol=2 * EPS)
    up = np.concatenate([[1.0, 1 - EPS / 2, 1 + EPS, 1e-300, 2.0, np.sqrt(0.5)], 1 + 1e-6 * rng.normal(size=500)])
    up = np.concatenate([up, np.exp(rng.uniform(-690, 1, 500))])
    np.testing.assert_allclose([kernels.logarithm(x) for x in up], np.log(up), rtol=4 * EPS)
