"""The data of the benchmarks: seeded, with the same grid and the same folds for every tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

Split = tuple[np.ndarray, np.ndarray]

ALL_DATA = -1  # in place of the number of a fold


@dataclass(frozen=True, eq=False)
class Workload:
    """One job: find strength and mix by cross-validation, then fit all rows; without folds the path on all rows alone.

    Columns have variance 1 and no tool standardizes, so that all of them minimize

        (1/n) Σ ℓ(yᵢ, xᵢ·w + b) + α ( r Σ|wⱼ| + (1 − r)/2 Σ wⱼ² ),    ℓ = ½ (y − η)² or log(1 + e^η) − yη.
    """

    name: str
    title: str
    loss: str  # "squared" | "logistic"
    X: np.ndarray | sparse.csc_array  # (n, p) float64, columns contiguous as the peers ask for
    y: np.ndarray  # (n,), for the logistic loss 0 or 1
    l1_ratios: np.ndarray  # (R,)
    alphas: np.ndarray  # (R, A), each row from alpha_max down
    splits: tuple[Split, ...]
    goal: float  # how many times as fast as the best peer shrinkwise wants to be

    @property
    def n_fits(self) -> int:
        """Fits of the grid, without the refit of the chosen model."""
        return self.alphas.size * len(self.splits)

    @property
    def alpha_min_ratio(self) -> float:
        return float(self.alphas[0, -1] / self.alphas[0, 0])

    def rows(self, fold: int) -> np.ndarray:
        """Training rows of a fold."""
        return np.arange(len(self.y)) if fold == ALL_DATA else self.splits[fold][0]

    def training(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """X and y of a fold's training rows, columns contiguous."""
        if fold == ALL_DATA:
            return self.X, self.y
        rows = self.rows(fold)
        if sparse.issparse(self.X):
            return sparse.csc_array(self.X.tocsr()[rows]), self.y[rows]
        return np.asfortranarray(self.X[rows]), self.y[rows]


def t1(scale: float) -> Workload:
    X, y = _gaussian(_rows(100_000, scale, 10), 200, n_features=20, signal_to_noise=1.0, seed=1)
    return _workload("T1", "tall, lasso", "squared", X, y, n_folds=10, ratio=1e-3, goal=10)


def t1g(scale: float) -> Workload:
    X, y = _gaussian(_rows(100_000, scale, 10), 200, n_features=20, signal_to_noise=1.0, seed=1)
    mixes = (0.1, 0.5, 0.7, 0.9, 1.0)
    return _workload("T1g", "tall, elastic net", "squared", X, y, n_folds=10, ratio=1e-3, goal=60, l1_ratios=mixes)


def l1(scale: float) -> Workload:
    X, y = _binary(_rows(50_000, scale, 5), 100, n_features=20, seed=2)
    return _workload("L1", "tall, logistic lasso", "logistic", X, y, n_folds=5, ratio=1e-3, goal=5)


def w1cv(scale: float) -> Workload:
    X, y = _gaussian(200, max(500, round(20_000 * scale)), n_features=20, signal_to_noise=5.0, seed=3)
    return _workload("W1cv", "wide, lasso", "squared", X, y, n_folds=10, ratio=1e-2, goal=4)


def l1p(scale: float) -> Workload:
    return path_of(l1(scale), "L1p", goal=1.5)


def w1(scale: float) -> Workload:
    return path_of(w1cv(scale), "W1", goal=1.3)


def l2(scale: float) -> Workload:
    X, y = _binary(300, max(500, round(10_000 * scale)), n_features=20, seed=4)
    return _workload("L2", "wide, logistic lasso", "logistic", X, y, n_folds=10, ratio=1e-2, goal=3)


def l2p(scale: float) -> Workload:
    return path_of(l2(scale), "L2p", goal=1)


def s1cv(scale: float) -> Workload:
    n, p = _rows(20_000, scale, 5), max(1000, round(50_000 * scale))
    X, y = _sparse(n, p, density=0.002, n_features=100, signal_to_noise=3.0, seed=5)
    return _workload("S1cv", "sparse, lasso", "squared", X, y, n_folds=5, ratio=2e-2, goal=4, n_alphas=50)


def s1(scale: float) -> Workload:
    return path_of(s1cv(scale), "S1", goal=1.5)


WORKLOADS: dict[str, Callable[[float], Workload]] = {
    "T1": t1,
    "T1g": t1g,
    "L1": l1,
    "L1p": l1p,
    "W1": w1,
    "W1cv": w1cv,
    "L2": l2,
    "L2p": l2p,
    "S1": s1,
    "S1cv": s1cv,
}


def path_of(job: Workload, name: str, goal: float) -> Workload:
    """The same without folds."""
    title = job.title.rsplit(" × ", 1)[0]
    return replace(job, name=name, title=title, splits=(), goal=goal)


def _rows(full: int, scale: float, n_folds: int) -> int:
    """Folds of one size: then the mean over folds and the mean over rows are the same score for every tool."""
    return max(50, round(full * scale / n_folds)) * n_folds


def _correlated(n: int, p: int, rng: np.random.Generator) -> np.ndarray:
    """Normal columns of variance 1, neighbours with correlation 1/2."""
    X = np.asfortranarray(rng.standard_normal((p, n)).T)
    for j in range(1, p):
        X[:, j] *= np.sqrt(0.75)
        X[:, j] += 0.5 * X[:, j - 1]
    return X


def _signal(X: np.ndarray, n_features: int, rng: np.random.Generator) -> np.ndarray:
    """A linear predictor of variance 1 from a few columns, half of them with a negative sign."""
    columns = rng.choice(X.shape[1], n_features, replace=False)
    weights = np.linspace(1.0, 0.1, n_features) * np.where(np.arange(n_features) % 2, -1, 1)
    eta = X[:, columns] @ weights
    return eta / eta.std()


def _gaussian(n: int, p: int, *, n_features: int, signal_to_noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = _correlated(n, p, rng)
    y = _signal(X, n_features, rng) + rng.standard_normal(n) / np.sqrt(signal_to_noise)
    return X, y + 3.0


def _binary(n: int, p: int, *, n_features: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = _correlated(n, p, rng)
    eta = 2.0 * _signal(X, n_features, rng) - 0.5
    return X, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(np.float64)


def _sparse(
    n: int, p: int, *, density: float, n_features: int, signal_to_noise: float, seed: int
) -> tuple[sparse.csc_array, np.ndarray]:
    """Normal entries at random places, of a size that gives columns variance 1."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(round(n * p * density)) / np.sqrt(density)
    places = rng.integers(0, n, len(values)), rng.integers(0, p, len(values))
    X = sparse.csc_array((values, places), shape=(n, p))
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)  # what scikit-learn reads
    y = _signal(X, n_features, rng) + rng.standard_normal(n) / np.sqrt(signal_to_noise)
    return X, y + 3.0


def _workload(
    name: str,
    title: str,
    loss: str,
    X: np.ndarray | sparse.csc_array,
    y: np.ndarray,
    *,
    n_folds: int,
    ratio: float,
    goal: float,
    l1_ratios: tuple[float, ...] = (1.0,),
    n_alphas: int = 100,
) -> Workload:
    """The grid begins where the intercept alone is optimal: alpha_max = max |X'(y − ȳ)| / (n r), for both losses."""
    mixes = np.array(l1_ratios)
    top = np.max(np.abs(X.T @ (y - y.mean()))) / len(y) / mixes
    alphas = top[:, None] * ratio ** (np.arange(n_alphas) / (n_alphas - 1))
    fold = np.random.default_rng(0).permutation(np.arange(len(y)) % n_folds)
    splits = tuple((np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds))
    title = f"{title}, {len(y)} × {X.shape[1]}, {alphas.shape[1]} α × {n_folds} folds"
    if len(mixes) > 1:
        title += f" × {len(mixes)} l1_ratios"
    return Workload(name, title, loss, X, y, mixes, alphas, splits, goal)
