"""Kinds of penalty on the same folds: what a grid holds of them, and what else the data are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.refits import Refits
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import named_loss
from shrinkwise.result import GridResult

Array = NDArray[Any]

NO_PENALTY = "no penalty"
NETWORK, FREE_NETWORK = "network", "network without a penalty"
MIX = 0.5  # the l1_ratio of the elastic net, where the grid has none between ridge and lasso
RIDGE_STRENGTHS = 20  # over six decades; the error of ridge changes by less than 1 % from one to the next
RIDGE_UP_TO = 1000  # coefficients: ridge keeps all, so each of its fits factors a Gram of all of them
RELAX_STRENGTHS = 12  # of the lasso, down to its own best; weaker ones only add features
SHARES = (0.75, 0.5, 0.25, 0.0)  # of the penalized fit in a relaxed one


@dataclass(frozen=True, eq=False)
class Family:
    """The cells of one kind of penalty."""

    name: str
    scores: Array  # (cells, K), held out
    sizes: Array  # (cells,), features that are kept
    settings: Array  # (cells, 3): alpha, l1_ratio, share of the penalized fit

    @property
    def rank(self) -> tuple[bool, int]:
        """Where it stands among families that keep as many features: networks last, fewer strengths to tune first."""
        words = set(self.name.split())
        tuned = 3 if words & {"elastic", "with"} else 2 if "ridge" in words else 1
        return NETWORK in words, (tuned + 3 * ("relaxed" in words)) * self.penalized

    @property
    def penalized(self) -> bool:
        return self.name not in (NO_PENALTY, FREE_NETWORK)

    def with_null(self, score: Array) -> Family:
        """Also an endless penalty: no features, whose scores (K,) are known."""
        if not self.penalized:
            return self
        settings = np.vstack([[np.inf, *self.settings[0, 1:]], self.settings])
        return Family(self.name, np.vstack([score, self.scores]), np.append(0, self.sizes), settings)

    def at_most(self, most: float) -> Family | None:
        """Its cells with at most so many features; None without any."""
        few = self.sizes <= most
        return Family(self.name, self.scores[few], self.sizes[few], self.settings[few]) if np.any(few) else None

    def on(self, folds: Array) -> Family:
        """What some of the folds say."""
        return replace(self, scores=self.scores[:, folds])

    def for_seeds(self, seeds: int) -> Family:
        """The same scores beside those of networks, whose folds are those of each seed in turn."""
        return replace(self, scores=np.tile(self.scores, seeds))


def families_of(result: GridResult) -> list[Family]:
    """What a grid holds, one family for each name, the fit without a penalty first."""
    free, found = result.unpenalized, []
    if free is not None and free.converged:
        inside = np.count_nonzero(np.any(free.coef.reshape(len(result.scale), -1), axis=1))
        name = NO_PENALTY if result.network is None else FREE_NETWORK
        found.append(Family(name, free.test_score[None], np.array([inside]), np.array([[0.0, np.nan, 1.0]])))
    names = [name_of(result, line) for line in range(len(result.l1_ratios))]
    scores = result.test_score
    if result.network is not None:
        scores = np.where(np.all(result.converged, axis=-1)[..., None], scores, np.inf)
    sizes = result.support_size
    for name in dict.fromkeys(names):
        lines = [line for line, own in enumerate(names) if own == name]
        settings = np.concatenate([_settings(result, line) for line in lines])
        found.append(Family(name, scores[lines].reshape(-1, result.n_folds), sizes[lines].ravel(), settings))
    return found


def _settings(result: GridResult, line: int) -> Array:
    share = 1.0 if result.relax is None else float(result.relax[line])
    cells = enumerate(result.alphas[line])
    return np.array([[alpha, result.l1_ratio(line, index), share] for index, alpha in cells])


def name_of(result: GridResult, line: int) -> str:
    """What a line of a grid is called: ``ridge``, ``adaptive elastic net``, ``relaxed lasso``, ``group MCP``."""
    if result.network is not None:
        return NETWORK
    share = 1.0 if result.relax is None else float(result.relax[line])
    return ("relaxed " if share < 1 else "") + _penalty_name(result, float(result.l1_ratios[line]))


def _penalty_name(result: GridResult, ratio: float) -> str:
    if ratio == 0:  # an infinite factor of the adaptive lasso holds a coefficient at zero whatever the mix
        screened = result.l1_factors is not None and not np.all(np.isfinite(result.l1_factors))
        return "adaptive ridge" if screened else "ridge"
    words = ["adaptive"] if result.l1_factors is not None else []
    if result.groups is not None and result.sparse_ratio != 1:
        words += ["sparse group"] if result.sparse_ratio else ["group"]
    if result.concave is not None:
        words += [result.concave.partition(":")[0].upper(), *(["with ridge"] if ratio < 1 else [])]
    else:
        words += ["lasso" if ratio == 1 else "elastic net"]
    return " ".join(words)


def fitted(result: GridResult, refits: Refits | None, known: Sequence[Family]) -> tuple[list[Family], list[str]]:
    """The families that a linear grid lacks, as far as they can be had; and which cannot, and why."""
    plain = replace(result, concave=None, l1_factors=None)
    wanted = {ratio: _penalty_name(plain, ratio) for ratio in (0.0, MIX, 1.0)}
    names = {family.name for family in known}
    lacking = [ratio for ratio, name in wanted.items() if name not in names]
    relaxed = f"relaxed {wanted[1.0]}"
    absent = [wanted[ratio] for ratio in lacking] + [relaxed] * (relaxed not in names)
    own = named_loss(result.loss).metric
    if refits is None or result.metric != own:
        why = "were not fitted" if refits is None else f"would be scored by {own}, not by {result.metric}"
        return [], [f"{listed(absent)} {why}"] if absent else []
    asked = _Asked(refits, {"concave": None} if result.concave is not None else {})
    n_coefs = len(result.scale) * (1 if result.outputs is None else len(result.outputs))
    if 0.0 in lacking and n_coefs <= RIDGE_UP_TO:
        asked(wanted[0.0], l1_ratios=[0.0], alphas=RIDGE_STRENGTHS)
    elif 0.0 in lacking:
        asked.notes.append(f"ridge was left out: it keeps all {n_coefs:,} coefficients, and takes minutes beyond 1,000")
    mixes = [ratio for ratio in lacking if ratio]
    if mixes:
        asked(listed([wanted[ratio] for ratio in mixes]), l1_ratios=mixes)
    if relaxed not in names:
        _relaxed(asked, relaxed, [result, *asked.grids])
    found = [family for grid in asked.grids for family in families_of(replace(grid, unpenalized=None))]
    return [family for family in found if family.name not in names], asked.notes


class _Asked:
    """Grids that were asked for and came, and notes on those that did not."""

    def __init__(self, refits: Refits, changes: dict[str, Any]) -> None:
        self.refits, self.changes = refits, changes
        self.grids: list[GridResult] = []
        self.notes: list[str] = []

    def __call__(self, name: str, **changes: Any) -> None:
        try:
            self.grids.append(self.refits(**self.changes, **changes))
        except (DataError, UsageError) as problem:
            self.notes.append(f"{name} was left out: {problem}")


def _relaxed(asked: _Asked, name: str, grids: Sequence[GridResult]) -> None:
    """Refits along the lasso, from its strongest penalty down to its best one."""
    first = grids[0]
    if first.groups is not None or first.outputs is not None:
        kind = "groups" if first.groups is not None else "several predictors a row"
        asked.notes.append(f"{name} was left out: there is none for {kind}")
        return
    lines = [(grid, r) for grid in grids for r in range(len(grid.l1_ratios)) if f"relaxed {name_of(grid, r)}" == name]
    if not lines:
        return
    lasso, line = lines[0]
    mean = lasso.mean[line]
    best = int(np.argmin(np.where(np.isfinite(mean), mean, np.inf)))
    if not np.any(lasso.support_size[line, : best + 1]):
        asked.notes.append(f"{name} was left out: the best lasso keeps no feature")
        return
    places = np.unique(np.linspace(0, best, RELAX_STRENGTHS).round().astype(int))
    asked(name, l1_ratios=[1.0], alphas=lasso.alphas[line, places], relax=SHARES)


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
