"""The result of a grid: scores, supports, gaps and coefficients over l1_ratio × alpha × fold.

Everything that a person is told afterwards — table, verdict, report, model file — is read from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise import selection
from shrinkwise._faces import Shown
from shrinkwise._parts import from_parts, plain_fields, stacked, to_parts, unstacked
from shrinkwise.costs import bill, cost_factors
from shrinkwise.held_out import search_bias, standard_error
from shrinkwise.network import Network
from shrinkwise.selection import Selection

__all__ = ["GridResult", "Selection", "Unpenalized"]

Array = NDArray[Any]

LATER = (
    "full_deviance",
    "degrees_of_freedom",
    "n_weighted",
    "repeats",
    "outputs",
    "groups",
    "sparse_ratio",
    "l1_factors",
    "concave",
    "relax",
    "network",
    "costs",
    "sources",
    "cost_powers",
)  # not in files of 0.1.0, nor where they are None


@dataclass(frozen=True)
class Unpenalized:
    """The fit without a penalty on the same folds: what overfitting is measured against."""

    train_score: Array  # (K,)
    test_score: Array  # (K,)
    coef: Array  # (p,), or (pK,) feature by feature, in the units of the data
    intercept: Any  # a float, or (K,)
    gap: float  # relative to the null loss
    converged: bool
    note: str = ""


PARTS: dict[str, type[Any]] = {"unpenalized": Unpenalized, "network": Network}  # fields that are records themselves


@dataclass(frozen=True, eq=False)
class GridResult(Shown):
    """Scores, coefficients and certificates of a whole grid.

    R mixes (``l1_ratios``), A strengths for each (``alphas``, decreasing), K folds, p features. Scores are losses:
    lower is better. ``coefs[ratio][fold]`` is a sparse (A, p) matrix in the units of the data; the last "fold" is the
    fit on all data. ``gaps`` are duality gaps relative to the loss of the intercept-only model.

    ``full_deviance`` is Σ sᵢ d(yᵢ, ηᵢ) of the fits on all data, with weights rescaled so that they sum to the number of
    rows of positive weight: twice the log-likelihood that is missing to a perfect fit, for the squared loss the sum of
    squares. ``n_weighted`` is that number; for Cox's loss that of those rows which have an event, all that a partial
    likelihood is made of. ``degrees_of_freedom`` counts the intercept. Each is None where it was not computed.
    """

    loss: str
    metric: str
    l1_ratios: Array  # (R,)
    alphas: Array  # (R, A)
    train_score: Array  # (R, A, K)
    test_score: Array  # (R, A, K)
    fold_weights: Array  # (K,)
    coefs: tuple[tuple[sparse.csr_array, ...], ...]
    intercepts: Array  # (R, A, K + 1)
    gaps: Array  # (R, A, K + 1)
    converged: Array  # (R, A, K + 1)
    n_iter: Array  # (R, A, K + 1)
    null_score: Array  # (K,)
    unpenalized: Unpenalized | None
    feature_names: tuple[str, ...]
    center: Array  # (p,)
    scale: Array  # (p,), 0 for a constant column
    target_scale: float
    n_samples: int
    tol: float
    standardize: bool
    ridge_unit: float = 1.0
    extended: bool = False
    classes: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None  # names of the K predictors of a row, where there are several
    groups: tuple[str, ...] | None = None  # the group of each feature, "" for one alone; None without groups
    sparse_ratio: float | None = None  # with groups alone
    relax: Array | None = None  # (R,), the share of the penalized fit in each line of a relaxed lasso
    concave: str | None = None  # "mcp:3.0": fits are local optima, and gaps those of their convex majorizers
    l1_factors: Array | None = None  # (p,), of the adaptive lasso: what multiplies the L1 part of each coefficient
    full_deviance: Array | None = None  # (R, A)
    degrees_of_freedom: Array | None = None  # (R, A)
    n_weighted: int | None = None
    repeats: Array | None = None  # (K,), the repeat of a repeated cross-validation that a fold belongs to
    network: Network | None = None  # where the fits are networks
    costs: Array | None = None  # (p,), what each feature costs
    sources: Array | None = None  # (p,), where columns come from one source, which is paid once
    cost_powers: Array | None = None  # (R,), the power of its cost by which a feature's penalty is multiplied

    @property
    def n_folds(self) -> int:
        return int(self.test_score.shape[2])

    @property
    def mean(self) -> Array:
        """Cross-validated score, (R, A)."""
        return np.asarray(self.test_score @ self.fold_weights)

    @property
    def se(self) -> Array:
        """Standard error of the cross-validated score, (R, A); 0 where there is a single fold."""
        return self.standard_error(self.test_score)

    @property
    def train_mean(self) -> Array:
        return np.asarray(self.train_score @ self.fold_weights)

    @property
    def support_size(self) -> Array:
        """Number of features with a nonzero coefficient in the fits on all data, (R, A)."""
        if self.outputs is None:
            return np.array([np.diff(folds[-1].indptr) for folds in self.coefs])
        shape = (len(self.feature_names), len(self.outputs))
        inside = [(line[-1].toarray() != 0).reshape(-1, *shape) for line in self.coefs]
        return np.array([np.count_nonzero(np.any(line, axis=2), axis=1) for line in inside])

    @property
    def model_costs(self) -> Array | None:
        """What the features of the fits on all data cost, (R, A); None where features have no costs."""
        if self.costs is None:
            return None
        outputs = 1 if self.outputs is None else len(self.outputs)
        return np.array([bill(folds[-1], self.costs, self.sources, outputs) for folds in self.coefs])

    def variant(self, ratio: int) -> dict[str, Array]:
        """How the penalty of a line differs from that of the grid: its factors, where features have costs.

        It is what ``variants`` of `fit_grid` take to fit this line again.
        """
        if self.costs is None or self.cost_powers is None:
            return {}
        return {"factors": cost_factors(self.costs, float(self.cost_powers[ratio]), self.groups)}

    @property
    def constant_features(self) -> tuple[str, ...]:
        """Names of the columns that never vary: dropped, their coefficient is 0."""
        return tuple(name for name, sd in zip(self.feature_names, self.scale, strict=True) if sd == 0)

    @property
    def max_gap(self) -> float:
        """The largest relative duality gap of all fits of the grid."""
        worst = float(np.max(self.gaps))
        return max(worst, self.unpenalized.gap) if self.unpenalized and self.unpenalized.converged else worst

    @property
    def all_converged(self) -> bool:
        return bool(np.all(self.converged))

    def standard_error(self, scores: Array) -> Array:
        """Standard error of the mean of scores (..., K) over these folds; see `shrinkwise.held_out.standard_error`."""
        return standard_error(scores, self.fold_weights, self.repeats)

    @property
    def search_bias(self) -> float:
        """How far the lowest cross-validated score flatters: the estimate of Tibshirani & Tibshirani 2009.

        See `shrinkwise.held_out.search_bias` for when to believe it.
        """
        best = self.select("min")
        return search_bias(
            self.test_score.reshape(-1, self.n_folds), self.test_score[best.ratio, best.index], self.fold_weights
        )

    def corrected_error(self, rule: str = "1se") -> float:
        """Cross-validated score of a choice that the fold had no say in: each fold scores what the others choose.

        The score of the chosen cell was looked at to choose it, and is too good for that. Here the rule is applied to
        all other folds (of the same repeat), and the fold scores the cell that they take: what is scored is the way of
        choosing, as nested cross-validation does, but with fits that are there already.

        Parameters
        ----------
        rule : str
            As in :meth:`select`.

        Returns
        -------
        float
            Not a number with a single fold, or with more than 100: there it is the score itself, as good as.
        """
        return selection.corrected_error(self, rule)

    def on_folds(self, folds: Any) -> GridResult:
        """The same fits, judged by some folds of one repeat alone: their numbers, or a slice."""
        weights = self.fold_weights[folds] / self.fold_weights[folds].sum()
        train, test = self.train_score[..., folds], self.test_score[..., folds]
        return replace(self, train_score=train, test_score=test, fold_weights=weights, repeats=None)

    def support(self, ratio: int, index: int, fold: int = -1) -> Array:
        """Whether each feature has a coefficient that is not zero, (p,)."""
        return np.asarray(np.any(np.atleast_2d(self.coef(ratio, index, fold)), axis=0))

    def coef(self, ratio: int, index: int, fold: int = -1) -> Array:
        """Coefficients (p,), or (K, p), of one fit in the units of the data; ``fold=-1`` is the fit on all data."""
        flat = np.asarray(self.coefs[ratio][fold][[index]].toarray()[0])
        return flat if self.outputs is None else flat.reshape(-1, len(self.outputs)).T

    def intercept(self, ratio: int, index: int, fold: int = -1) -> Any:
        """A number, or (K,) where rows have K predictors."""
        value = self.intercepts[ratio, index, fold]
        return float(value) if self.outputs is None else value

    def l1_ratio(self, ratio: int, index: int) -> float:
        """The mix of one cell; of networks l1 / (l1 + 2 l2), where a line of the grid has one l2."""
        if self.network is None:
            return float(self.l1_ratios[ratio])
        alpha = self.alphas[ratio, index]
        return float(self.network.l1[index] / alpha) if alpha > 0 else 1.0

    def standardized_coef(self, ratio: int, index: int) -> Array:
        """Change of the linear predictor for one standard deviation of each feature, (p,)."""
        return self.coef(ratio, index) * self.scale

    def select(self, rule: str = "1se") -> Selection:
        """The cell of the grid that a rule picks.

        Parameters
        ----------
        rule : str
            ``"min"``: the lowest cross-validated error. ``"1se"``: the simplest model within one standard error of
            it: for each l1_ratio the strongest such alpha, of those the one with the fewest features. ``"k=7"``: the
            lowest error with at most 7 features. ``"within=1%"``: as 1se, with 1 % above the lowest error as the
            bound. ``"aic"``, ``"aicc"``, ``"bic"``, ``"ebic"``, ``"ebic:0.5"``: the lowest information criterion of
            the fits on all data; folds have no say, and networks, whose degrees of freedom nobody knows, none of them.
            ``"cheapest within 1se"``: of all cells within one standard error of the lowest error the one whose features
            cost least, of equal ones that with the lowest error.

        Raises
        ------
        UsageError
            If the rule is unknown, no cell satisfies it, it needs costs and there are none, or every network diverged.
        """
        return selection.select(self, rule)

    def criterion(self, rule: str) -> Array:
        """The information criterion (R, A) that ``"aic"``, ``"aicc"``, ``"bic"`` or ``"ebic"`` minimizes.

        See `shrinkwise.criteria.information_criterion` for the formulas.
        """
        return selection.criterion(self, rule)

    def at_edge(self, selection: Selection) -> str:
        """``"weak"`` or ``"strong"`` when the cell lies on that end of its λ grid, else ``""``."""
        if selection.index == self.alphas.shape[1] - 1:
            return "weak"
        return "strong" if selection.index == 0 else ""

    def table(self, rule: str = "1se") -> list[dict[str, Any]]:
        """Rows *min*, the rule's and *no penalty*: the short answer, ready to print; of networks with l1 and l2.

        ``corrected`` is the score corrected for the search, see :meth:`corrected_error`.
        """
        chosen = self.select(rule)
        selections = [self.select("min")] + ([chosen] if rule != "min" else [])
        rows = [
            {
                "name": cell.rule,
                "alpha": cell.alpha,
                "l1_ratio": cell.l1_ratio,
                **({} if self.network is None else self.network.strengths(cell.ratio, cell.index)),
                "n_features": cell.n_features,
                "mean": cell.mean,
                "se": cell.se,
                "corrected": self.corrected_error(cell.rule),
                "train": cell.train,
                "chosen": cell.rule == rule,
                "gap": float(self.gaps[cell.ratio, cell.index, -1]),
                "note": "",
            }
            for cell in selections
        ]
        if self.unpenalized is not None:
            free = self.unpenalized
            mean = free.test_score @ self.fold_weights
            rows.append(
                {
                    "name": "no penalty",
                    "alpha": 0.0,
                    "l1_ratio": None,
                    **({} if self.network is None else {"l1": 0.0, "l2": 0.0}),
                    "n_features": int(np.count_nonzero(np.any(free.coef.reshape(len(self.scale), -1), axis=1))),
                    "mean": float(mean),
                    "se": float(self.standard_error(free.test_score)),
                    "corrected": float(mean),
                    "train": float(free.train_score @ self.fold_weights),
                    "chosen": False,
                    "gap": free.gap,
                    "note": free.note,
                }
            )
        return rows

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """A header of JSON types and named arrays: all that a model file keeps of the grid."""
        header: dict[str, Any] = {}
        arrays: dict[str, Array] = {}
        for name, value in plain_fields(self):
            if name == "coefs":
                arrays |= stacked(value)
            elif name in PARTS and value is not None:
                header[name], own = to_parts(value, name)
                arrays |= own
            elif isinstance(value, np.ndarray):
                arrays[name] = value
            elif value is not None or name not in LATER:
                header[name] = list(value) if isinstance(value, tuple) else value
        return header, arrays

    @classmethod
    def from_arrays(cls, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> GridResult:
        """Inverse of :meth:`to_arrays`."""
        ratios, strengths, fits = arrays["gaps"].shape
        shape = (ratios * fits * strengths, len(header["feature_names"]) * len(header.get("outputs") or [0]))
        coefs = unstacked(arrays, shape, ratios, fits)
        own = {field.name for field in fields(cls)} - {"coefs", *PARTS}
        values: dict[str, Any] = {key: value for key, value in header.items() if key in own}
        values |= {key: value for key, value in arrays.items() if key in own}
        for key in ("feature_names", "classes", "outputs", "groups"):
            values[key] = None if values.get(key) is None else tuple(values[key])
        parts: dict[str, Any] = {name: from_parts(kind, header.get(name), arrays, name) for name, kind in PARTS.items()}
        return cls(**values, **parts, coefs=coefs)
