"""The decision against the truth, on data whose truth is known: how often its claims are false, and what it costs.

python benchmarks/verdict.py overfit    # verdict and choice of a penalty: no signal, a strong one, and between
python benchmarks/verdict.py stability  # false selections of stability selection against their bound
python benchmarks/verdict.py intervals  # how many debiased 95 % intervals cover
python benchmarks/verdict.py time       # n = 20 000, p = 300: the grid, and the decision as a multiple of it
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from environment import described, environment

from shrinkwise.diagnosis import (
    budget_frontier,
    fit_stability,
    overfit_verdict,
    penalty_choice,
    removal_cost,
    reproducibility,
    stability_selection,
)
from shrinkwise.diagnosis.debiased import debiased_intervals
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.grid import fit_grid
from shrinkwise.resampling import blocks_of, dealt_again
from shrinkwise.result import GridResult

MIXES = (0.1, 0.5, 0.9, 1.0)  # of the command line


@dataclass(frozen=True)
class Design:
    """Normal columns, correlated by rho each with each, a linear target and normal noise of variance 1."""

    name: str
    n: int
    beta: np.ndarray
    rho: float = 0.0

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        shared = rng.standard_normal((self.n, 1))
        X = np.sqrt(1 - self.rho) * rng.standard_normal((self.n, len(self.beta))) + np.sqrt(self.rho) * shared
        return X, X @ self.beta + rng.standard_normal(self.n)

    def excess(self, coef: np.ndarray, intercept: float) -> float:
        """Expected squared error on new rows, above that of the truth."""
        off = coef - self.beta
        return float((1 - self.rho) * off @ off + self.rho * off.sum() ** 2 + intercept**2)


def sparse(p: int, count: int, size: float) -> np.ndarray:
    return np.where(np.arange(p) < count, size, 0.0)


NULL = [Design("null", 100, np.zeros(20)), Design("null, correlated", 200, np.zeros(60), rho=0.5)]
STRONG = [Design("strong", 100, sparse(50, 5, 1.0))]
BETWEEN = [  # where kinds of penalty differ, and a false claim about them costs something
    Design("sparse", 100, sparse(30, 3, 1.0)),
    Design("dense", 100, sparse(30, 30, 0.2)),
    Design("middling, correlated", 100, sparse(30, 8, 0.3), rho=0.5),
]


def grid_and_refits(X: np.ndarray, y: np.ndarray, seed: int, **options: Any) -> tuple[GridResult, Refits]:
    """A grid of the command line's mixes over 10 folds, and what its diagnoses may ask for."""
    blocks = blocks_of(len(y), 10, seed)
    splits = dealt_again(blocks, 10, 1, seed)
    result = fit_grid(X, y, splits, l1_ratios=MIXES, **options)
    bound = {"l1_ratios": MIXES} | options | {"extend": False, "unpenalized": False}
    return result, Refits(partial(fit_grid, X, y, **bound), splits, blocks, seed=seed)


def excesses(design: Design, y: np.ndarray, found: Any, grids: Sequence[GridResult]) -> np.ndarray:
    """The excess error of the model of each family that a `PenaltyChoice` compares."""

    def of(alpha: float, mix: float, share: float) -> float:
        if np.isinf(alpha):
            return design.excess(0 * design.beta, float(np.mean(y)))
        for grid in grids:
            if alpha == 0 and grid.unpenalized is not None:
                return design.excess(grid.unpenalized.coef, grid.unpenalized.intercept)
            shares = np.ones(len(grid.l1_ratios)) if grid.relax is None else grid.relax
            for line in np.flatnonzero((grid.l1_ratios == mix) & (shares == share)):
                for index in np.flatnonzero(grid.alphas[line] == alpha):
                    return design.excess(grid.coef(line, index), grid.intercept(line, index))
        raise LookupError(f"no fit at alpha {alpha}, l1_ratio {mix}, share {share}")

    return np.array([of(*setting) for setting in zip(found.alpha, found.l1_ratio, found.relax)])


def judged(design: Design, seed: int) -> dict[str, float]:
    """What verdict and choice claim of one draw, and whether it is so."""
    X, y = design.draw(seed)
    result, refits = grid_and_refits(X, y, seed, alphas=60)
    grids = [result]

    def noted(*args: Any, **changes: Any) -> GridResult:
        grids.append(refits(*args, **changes))
        return grids[-1]

    verdict = overfit_verdict(result)
    found = penalty_choice(result, Refits(noted, refits.splits, refits.blocks))
    excess = excesses(design, y, found, grids)
    best = int(np.flatnonzero(found.better == 1)[0])
    free = np.array([name == "no penalty" for name in found.families])
    claimed = (found.better == -1) & ~free
    taken = found.families.index(found.recommended)
    return {
        "useful": verdict.useful,
        "overfits": bool(verdict.overfits),
        "truly overfits": bool(np.any(excess[~free] < excess[free])),
        "claims": int(claimed.sum()),
        "false claims": int(np.sum(claimed & (excess <= excess[best]))),
        "excess of the best": excess[best],
        "excess of the recommended": excess[taken],
        "error - truth": found.mean[taken] - 1 - excess[taken],
        "corrected - truth": found.corrected - 1 - excess[taken],
    }


def overfit(draws: int) -> None:
    """Claims of the verdict and of the choice of a penalty."""
    print(
        f"{draws} draws each; 10 folds, 60 strengths, mixes {MIXES}; excess: expected squared error above that of truth"
    )
    for designs, promise in (
        (NULL, "no signal: useful is to be claimed of 10 % at most, and so a difference between penalties"),
        (STRONG, "without a penalty the fit overfits: that is to be found in 95 % at least"),
        (BETWEEN, "kinds of penalty that differ"),
    ):
        print(f"\n{promise}")
        for design in designs:
            began = time.perf_counter()
            rows = [judged(design, seed) for seed in range(draws)]
            column = {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}
            real = column["truly overfits"] > 0
            print(f"  {design.name}: n = {design.n}, p = {len(design.beta)}, {time.perf_counter() - began:.0f} s")
            print(f"    useful claimed: {share(column['useful'])}")
            print(f"    overfitting found: {share(column['overfits'][real])} of the {real.sum()} draws where it is so")
            print(
                f"    a penalty falsely called worse than the best: {share(column['false claims'] > 0)} of draws; "
                f"{column['false claims'].sum():.0f} of {column['claims'].sum():.0f} such claims are false"
            )
            for name in ("excess of the best", "excess of the recommended", "error - truth", "corrected - truth"):
                print(f"    {name}: {mean(column[name])}")


def stability(draws: int) -> None:
    """False selections of stability selection, against what it promises."""
    for rho in (0.0, 0.5):
        for size in (0.0, 0.5):
            design = Design("", 200, sparse(100, 5, size), rho)
            false, true, bound = np.empty(draws), np.empty(draws), 0.0
            for seed in range(draws):
                result, refits = grid_and_refits(*design.draw(seed), seed, alphas=60)
                found = stability_selection(result, refits)
                wrong = (design.beta[found.selected] == 0).sum()
                false[seed], true[seed], bound = wrong, len(found.selected) - wrong, found.expected_false
            print(
                f"n = 200, p = 100, 5 coefficients of {size}, correlation {rho}: {mean(false)} false selections, "
                f"bound {bound:.2f}; {mean(true)} true ones; {found.n_halves} halves"
            )


def intervals(draws: int) -> None:
    """Coverage of debiased intervals: of all coefficients, named beforehand, and of the selected ones."""
    for kind, n, p in (("squared", 400, 60), ("squared", 200, 300), ("logistic", 1000, 60)):
        design = Design("", n, sparse(p, 5, 1.0 if kind == "squared" else 0.7), rho=0.2)
        named, picked = [], []
        for seed in range(draws):
            X, y = design.draw(seed)
            if kind == "logistic":
                odds = np.exp(X @ design.beta)
                y = (np.random.default_rng([seed, 1]).random(n) < odds / (1 + odds)).astype(float)
            result, _ = grid_and_refits(X, y, seed, alphas=60, loss=kind, unpenalized=False)
            found = debiased_intervals(X, y, result, loss=kind, features=np.arange(min(p, 20)))
            truth = design.beta[found.features]
            named += list((found.lower <= truth) & (truth <= found.upper))
            found = debiased_intervals(X, y, result, loss=kind)
            truth = design.beta[found.features]
            picked += list((found.selected_lower <= truth) & (truth <= found.selected_upper))
        print(
            f"{kind}, n = {n}, p = {p}, {draws} draws: {share(np.array(named))} of the 95 % intervals of the first 20 "
            f"coefficients cover, {share(np.array(picked))} of those of the selected features, widened for it"
        )


def seconds(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The least of some times, and what came of it."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        made = work()
        times.append(time.perf_counter() - began)
    return min(times), made


def timed(n: int, p: int, repeats: int) -> None:
    """The decision as a multiple of the grid."""
    design = Design("", n, sparse(p, 20, 0.2))
    for rows, times in ((500, 1), (n, repeats)):  # the first compiles
        X, y = (part[:rows] for part in design.draw(0))
        alone, (result, refits) = seconds(partial(grid_and_refits, X, y, 0), times)
        parts: dict[Callable[..., Any], tuple[Any, ...]] = {
            overfit_verdict: (result,),
            penalty_choice: (result, refits),
            stability_selection: (result, refits),
            removal_cost: (result, refits),
            reproducibility: (result, refits),
            budget_frontier: (result, refits, np.ones(p)),
            fit_stability: (result, X),
        }
        spent = {make.__name__: seconds(partial(make, *given), times)[0] for make, given in parts.items()}
    print(f"n = {n}, p = {p}, mixes {MIXES}, 100 strengths, 10 folds; least of {repeats} times")
    print(f"  the grid: {alone:.2f} s")
    for name, part in spent.items():
        print(f"  {name}: {part:.2f} s, {part / alone:.2f} grids")
    print(f"  all of them: {sum(spent.values()):.2f} s, {sum(spent.values()) / alone:.2f} grids")


def mean(values: np.ndarray) -> str:
    """With its standard error."""
    return f"{values.mean():.3f} ± {values.std(ddof=1) / np.sqrt(len(values)):.3f}"


def share(hits: np.ndarray) -> str:
    """In percent, with its standard error."""
    rate = np.mean(hits)
    return f"{100 * rate:.1f} ± {100 * np.sqrt(rate * (1 - rate) / len(hits)):.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["overfit", "stability", "intervals", "time"])
    parser.add_argument("--draws", type=int, help="200 for overfit, else 100")
    parser.add_argument("--rows", type=int, default=20_000, help="of time")
    parser.add_argument("--columns", type=int, default=300, help="of time")
    parser.add_argument("--repeats", type=int, default=3, help="of time")
    options = parser.parse_args()
    about = environment(f"python benchmarks/verdict.py {options.part}")
    print("\n".join(described(about)))
    if options.part == "overfit":
        overfit(options.draws or 200)
    elif options.part == "stability":
        stability(options.draws or 100)
    elif options.part == "intervals":
        intervals(options.draws or 100)
    else:
        timed(options.rows, options.columns, options.repeats)


if __name__ == "__main__":
    main()
