"""Do 95 % intervals of the debiased lasso cover? Simulated data that satisfy their assumptions.

python benchmarks/intervals.py [draws]

Columns are normal, neighbours correlated by 1/2 (Toeplitz); a few coefficients, at random places, are drawn from ±[0.2,
1], the others are zero; noise has variance 1. Each draw cross-validates a lasso in 5 folds. Per case: the share of
intervals that cover a coefficient named beforehand, nonzero or zero, with its standard error over the draws; and, of
the features that the rule 1se selects, the share of intervals that miss: plain ones, and those for selected features.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from shrinkwise.diagnosis import debiased_intervals
from shrinkwise.grid import fit_grid

ZEROS = 20  # zero coefficients looked at in each draw, and as many nonzero ones as there are
FOLDS = 5
SIZES = (0.2, 1.0)  # of nonzero coefficients


@dataclass(frozen=True)
class Case:
    loss: str
    n: int
    p: int
    nonzero: int

    def __str__(self) -> str:
        return f"{self.loss}, n = {self.n}, p = {self.p}, {self.nonzero} nonzero"


@dataclass(frozen=True)
class Coverage:
    """Shares of intervals that cover or miss, with standard errors over the draws, and how long they are."""

    case: Case
    draws: int
    nonzero: float
    nonzero_se: float
    zero: float
    zero_se: float
    length: float  # mean of upper − lower
    misses: float  # of intervals of selected features
    selected_misses: float  # of those made for selected features


CASES = (
    Case("squared", 500, 50, 5),
    Case("squared", 200, 50, 5),
    Case("squared", 200, 100, 5),
    Case("squared", 200, 300, 5),
    Case("squared", 500, 300, 10),
    Case("logistic", 1000, 50, 5),
    Case("logistic", 1000, 100, 5),
)


def draw(case: Case, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, y and the true coefficients."""
    X = rng.standard_normal((case.n, case.p))
    for j in range(1, case.p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    beta = np.zeros(case.p)
    places = rng.choice(case.p, case.nonzero, replace=False)
    beta[places] = rng.uniform(*SIZES, case.nonzero) * rng.choice([-1.0, 1.0], case.nonzero)
    eta = X @ beta
    if case.loss == "squared":
        return X, eta + rng.standard_normal(case.n), beta
    return X, (rng.random(case.n) < 1 / (1 + np.exp(-eta))).astype(np.float64), beta


def coverage(case: Case, draws: int = 100, seed: int = 0, level: float = 0.95) -> Coverage:
    """How often intervals cover in simulated data."""
    found = []
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        X, y, beta = draw(case, rng)
        fold = rng.permutation(case.n) % FOLDS
        splits = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]
        result = fit_grid(X, y, splits, loss=case.loss, unpenalized=False)
        others = rng.choice(np.flatnonzero(beta == 0), min(ZEROS, case.p - case.nonzero), replace=False)
        features = np.concatenate([np.flatnonzero(beta), others])
        named = debiased_intervals(X, y, result, loss=case.loss, features=features, level=level)
        inside = (named.lower <= beta[features]) & (beta[features] <= named.upper)
        picked = debiased_intervals(X, y, result, loss=case.loss, level=level)
        found.append(
            (
                np.mean(inside[: case.nonzero]),
                np.mean(inside[case.nonzero :]),
                np.mean(named.upper - named.lower),
                share_outside(beta[picked.features], picked.lower, picked.upper),
                share_outside(beta[picked.features], picked.selected_lower, picked.selected_upper),
            )
        )
    mean, se = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(draws)
    return Coverage(case, draws, mean[0], se[0], mean[1], se[1], *mean[2:])


def share_outside(truth: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> float:
    """0 where there are none."""
    return float(np.mean((truth < lower) | (truth > upper))) if len(truth) else 0.0


def main(draws: int) -> None:
    """One line a case."""
    print(f"{'':40}  cover a coefficient that is      length  miss a selected one")
    print(f"{'95 % intervals':40}  nonzero         zero                     plain  made for it")
    for case in CASES:
        found = coverage(case, draws)
        named = [f"{100 * found.nonzero:.1f} ± {100 * found.nonzero_se:.1f} %"]
        named += [f"{100 * found.zero:.1f} ± {100 * found.zero_se:.1f} %"]
        picked = f"{100 * found.misses:.0f} %   {100 * found.selected_misses:.0f} %"
        print(f"{case!s:40}  {'  '.join(named)}   {found.length:.2f}    {picked}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
