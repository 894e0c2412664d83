"""Grids of networks made of numbers alone: a valley of held-out errors, zeros that grow with l1, some that diverged."""

import dataclasses

import numpy as np
from scipy import sparse

from shrinkwise.network import Network
from shrinkwise.result import GridResult, Unpenalized

LAYERS, SIZES = ("dense/kernel", "dense_1/kernel", "head/kernel"), (64, 32, 1)


def network_grid(p=12, strengths=8, l2=(0.0, 1e-3), folds=5, seeds=2, classes=None, diverged=(), names=None, **changes):
    """A grid of R = len(l2) lines; ``diverged`` are cells (ratio, index, fit)."""
    rng, lines, fits = np.random.default_rng(0), len(l2), folds * seeds
    l1 = np.geomspace(0.1, 1e-4, strengths)
    position = np.linspace(0, 1, strengths)
    outputs = len(classes) if classes and len(classes) > 2 else 1
    sizes = np.array([p * SIZES[0], SIZES[0] * SIZES[1], SIZES[1] * outputs])
    unit = 1.0 if classes else 100.0
    valley = unit * (0.3 + 1.2 * (position - 0.6) ** 2 + 0.02 * np.arange(lines)[:, None])
    luck = rng.normal(0, 0.03 * unit, (1, 1, fits))
    test = valley[..., None] + luck + rng.normal(0, 0.005 * unit, (lines, strengths, fits))
    train = unit * (0.6 - 0.5 * position)[None, :, None] + 0.3 * luck + np.zeros((lines, 1, 1))
    kept = np.linspace(0, p, strengths).astype(int)
    norms = np.where(np.arange(p) < kept[:, None], 2.0 / (1 + np.arange(p)) * (0.2 + position[:, None]), 0.0)
    share = np.clip(1.05 - position, 0.0, 0.97)[None, :, None, None]
    zeros = np.broadcast_to((share * sizes).astype(np.int64), (lines, strengths, fits + 1, 3)).copy()
    converged = np.ones((lines, strengths, fits + 1), dtype=bool)
    for ratio, index, fit in diverged:
        converged[ratio, index, fit] = False
        if fit < fits:
            test[ratio, index, fit] = train[ratio, index, fit] = np.inf
    free = rng.normal(0.75 * unit, 0.03 * unit, fits)
    network = Network(
        l1=l1,
        l2=np.array(l2),
        layers=LAYERS,
        sizes=sizes,
        zeros=zeros,
        norms=np.where(zeros < sizes, np.sqrt(sizes) * (0.1 + position[None, :, None, None]), 0.0),
        objective=train + l1[None, :, None] * 300 * position[None, :, None] * unit / 100,
        epochs=40,
        batch_size=32,
        seeds=seeds,
        optimizer="adam",
        backend="jax",
        route="vmap",
    )
    several = None if outputs == 1 else outputs
    grid = GridResult(
        loss=("squared" if not classes else f"multinomial:{several}" if several else "logistic"),
        metric="log loss" if classes else "mean squared error",
        l1_ratios=np.full(lines, np.nan),
        alphas=l1 + 2 * np.array(l2)[:, None],
        train_score=train,
        test_score=test,
        fold_weights=np.full(fits, 1 / fits),
        coefs=tuple(tuple(sparse.csr_array(norms) for _ in range(fits + 1)) for _ in l2),
        intercepts=np.zeros((lines, strengths, fits + 1)),
        gaps=np.full((lines, strengths, fits + 1), np.nan),
        converged=converged,
        n_iter=np.full((lines, strengths, fits + 1), 40),
        null_score=np.full(fits, unit * 1.0),
        unpenalized=Unpenalized(np.full(fits, 0.02 * unit), free, np.ones(p), 0.0, float("nan"), True),
        feature_names=tuple(names or (f"x{j}" for j in range(p))),
        center=np.zeros(p),
        scale=np.ones(p),
        target_scale=unit**0.5,
        n_samples=200,
        tol=float("nan"),
        standardize=True,
        classes=classes,
        repeats=None if seeds == 1 else np.repeat(np.arange(seeds), folds),
        network=network,
    )
    return dataclasses.replace(grid, **changes)


def linear_of(grid, shift, folds=5):
    """A linear grid whose error is that of the network's choice, and ``shift`` (a number, or one a fold) above."""
    cell = grid.select("1se")
    score = np.mean(grid.test_score[cell.ratio, cell.index].reshape(-1, folds), axis=0) + shift
    scores = np.zeros((*grid.mean.shape, folds)) + score
    parts = {
        "fold_weights": np.full(folds, 1 / folds),
        "null_score": grid.null_score[:folds],
        "l1_ratios": np.array([0.5, 1.0]),
        "repeats": None,
        "unpenalized": None,
    }
    fits = {name: getattr(grid, name)[..., : folds + 1] for name in ("intercepts", "gaps", "converged", "n_iter")}
    coefs = tuple(line[: folds + 1] for line in grid.coefs)
    return dataclasses.replace(grid, test_score=scores, train_score=scores, network=None, coefs=coefs, **parts, **fits)
