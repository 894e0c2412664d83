"""The result of a grid: scores, supports, gaps and coefficients over l1_ratio × alpha × fold.

Everything that a person is told afterwards — table, verdict, report, model file — is read from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.exceptions import UsageError

Array = NDArray[Any]

RULES = 'rule must be "min", "1se", "k=<whole number>" or "within=<percent>%"'


@dataclass(frozen=True)
class Unpenalized:
    """The fit without a penalty on the same folds: what overfitting is measured against."""

    train_score: Array  # (K,)
    test_score: Array  # (K,)
    coef: Array  # (p,), in the units of the data
    intercept: float
    gap: float  # relative to the null loss
    converged: bool
    note: str = ""


@dataclass(frozen=True)
class Selection:
    """One cell of the grid and why it was taken."""

    rule: str
    ratio: int
    index: int
    alpha: float
    l1_ratio: float
    mean: float
    se: float
    train: float
    n_features: int


@dataclass(frozen=True, eq=False)
class GridResult:
    """Scores, coefficients and certificates of a whole grid.

    R mixes (``l1_ratios``), A strengths for each (``alphas``, decreasing), K folds, p features. Scores are losses:
    lower is better. ``coefs[ratio][fold]`` is a sparse (A, p) matrix in the units of the data; the last "fold" is the
    fit on all data. ``gaps`` are duality gaps relative to the loss of the intercept-only model.
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
    groups: tuple[str, ...] | None = None  # the group of each feature, "" for one alone; None without groups
    sparse_ratio: float = 0.0

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
        return self._spread(self.test_score, self.mean)

    @property
    def train_mean(self) -> Array:
        return np.asarray(self.train_score @ self.fold_weights)

    @property
    def support_size(self) -> Array:
        """Number of nonzero coefficients of the fits on all data, (R, A)."""
        return np.array([np.diff(folds[-1].indptr) for folds in self.coefs])

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

    def _spread(self, scores: Array, mean: Array) -> Array:
        """sqrt( Σ_k w_k (e_k − ē)² / (K − 1) ): Friedman, Hastie & Tibshirani 2010, the "cvsd" of a weighted mean."""
        if self.n_folds < 2:
            return np.zeros_like(mean)
        with np.errstate(invalid="ignore", over="ignore"):
            differences = scores - mean[..., None]
            unit = np.max(np.abs(differences), initial=0.0, where=np.isfinite(differences)) or 1.0
            squares = (differences / unit) ** 2 @ self.fold_weights
        return np.asarray(unit * np.sqrt(np.where(np.isnan(squares), np.inf, squares) / (self.n_folds - 1)))

    def coef(self, ratio: int, index: int, fold: int = -1) -> Array:
        """Coefficients (p,) of one fit in the units of the data; ``fold=-1`` is the fit on all data."""
        return np.asarray(self.coefs[ratio][fold][[index]].toarray()[0])

    def intercept(self, ratio: int, index: int, fold: int = -1) -> float:
        return float(self.intercepts[ratio, index, fold])

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
            bound.

        Raises
        ------
        UsageError
            If the rule is unknown, or no cell satisfies it.
        """
        mean = np.where(np.isfinite(self.mean), self.mean, np.inf)
        best = np.unravel_index(int(np.argmin(mean)), mean.shape)
        lowest = mean[best]
        if rule == "min":
            return self._cell(rule, int(best[0]), int(best[1]))
        if rule == "1se":
            return self._simplest(rule, mean, lowest + self.se[best])
        if match := re.fullmatch(r"k=(\d+)", rule):
            allowed = np.where(self.support_size <= int(match[1]), mean, np.inf)
            ratio, index = np.unravel_index(int(np.argmin(allowed)), mean.shape)
            if not np.isfinite(allowed[ratio, index]):
                raise UsageError(f"rule {rule!r}: no fit of this grid has at most {match[1]} features")
            return self._cell(rule, int(ratio), int(index))
        if match := re.fullmatch(r"within=(\d+(?:\.\d+)?)%", rule):
            return self._simplest(rule, mean, lowest + float(match[1]) / 100 * abs(lowest))
        raise UsageError(f"{RULES}, got {rule!r}")

    def _simplest(self, rule: str, mean: Array, bound: float) -> Selection:
        cells = [(ratio, int(np.argmax(row <= bound))) for ratio, row in enumerate(mean) if np.any(row <= bound)]
        size = self.support_size
        ratio, index = min(cells, key=lambda cell: (size[cell], mean[cell]))
        return self._cell(rule, ratio, index)

    def _cell(self, rule: str, ratio: int, index: int) -> Selection:
        return Selection(
            rule=rule,
            ratio=ratio,
            index=index,
            alpha=float(self.alphas[ratio, index]),
            l1_ratio=float(self.l1_ratios[ratio]),
            mean=float(self.mean[ratio, index]),
            se=float(self.se[ratio, index]),
            train=float(self.train_mean[ratio, index]),
            n_features=int(self.support_size[ratio, index]),
        )

    def at_edge(self, selection: Selection) -> str:
        """``"weak"`` or ``"strong"`` when the cell lies on that end of its λ grid, else ``""``."""
        if selection.index == self.alphas.shape[1] - 1:
            return "weak"
        return "strong" if selection.index == 0 else ""

    def table(self, rule: str = "1se") -> list[dict[str, Any]]:
        """Rows *min*, the rule's and *no penalty*: the short answer, ready to print."""
        chosen = self.select(rule)
        selections = [self.select("min")] + ([chosen] if rule != "min" else [])
        rows = [
            {
                "name": cell.rule,
                "alpha": cell.alpha,
                "l1_ratio": cell.l1_ratio,
                "n_features": cell.n_features,
                "mean": cell.mean,
                "se": cell.se,
                "train": cell.train,
                "chosen": cell.rule == rule,
                "gap": float(self.gaps[cell.ratio, cell.index, -1]),
                "note": "",
            }
            for cell in selections
        ]
        if self.unpenalized is not None:
            free = self.unpenalized
            mean = np.asarray(free.test_score @ self.fold_weights)
            rows.append(
                {
                    "name": "no penalty",
                    "alpha": 0.0,
                    "l1_ratio": None,
                    "n_features": int(np.count_nonzero(free.coef)),
                    "mean": float(mean),
                    "se": float(self._spread(free.test_score, mean)),
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
        for name, value in _plain_fields(self):
            if name == "coefs":
                stacked = sparse.vstack([matrix for row in value for matrix in row], format="csr")
                arrays |= {f"coefs_{part}": getattr(stacked, part) for part in ("data", "indices", "indptr")}
            elif name == "unpenalized":
                header[name] = None
                if value is not None:
                    header[name] = {key: item for key, item in _plain_fields(value) if not isinstance(item, np.ndarray)}
                    arrays |= {
                        f"unpenalized_{key}": item for key, item in _plain_fields(value) if isinstance(item, np.ndarray)
                    }
            elif isinstance(value, np.ndarray):
                arrays[name] = value
            else:
                header[name] = list(value) if isinstance(value, tuple) else value
        return header, arrays

    @classmethod
    def from_arrays(cls, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> GridResult:
        """Inverse of :meth:`to_arrays`."""
        ratios, strengths, fits = arrays["gaps"].shape
        shape = (ratios * fits * strengths, len(header["feature_names"]))
        parts = tuple(arrays[f"coefs_{part}"] for part in ("data", "indices", "indptr"))
        stacked = sparse.csr_array(parts, shape=shape)
        stacked.check_format(full_check=True)
        coefs = tuple(
            tuple(stacked[(row * fits + fit) * strengths :][:strengths] for fit in range(fits)) for row in range(ratios)
        )
        free = header["unpenalized"]
        if free is not None:
            free = Unpenalized(**dict(free), **_unpenalized_arrays(arrays))
        own = {field.name for field in fields(cls)} - {"coefs", "unpenalized"}
        values: dict[str, Any] = {key: value for key, value in header.items() if key in own}
        values |= {key: value for key, value in arrays.items() if key in own}
        for key in ("feature_names", "classes", "groups"):
            values[key] = None if values.get(key) is None else tuple(values[key])
        return cls(**values, coefs=coefs, unpenalized=free)


def _unpenalized_arrays(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {key: arrays[f"unpenalized_{key}"] for key in ("train_score", "test_score", "coef")}


def _plain_fields(record: Any) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(record, field.name)) for field in fields(record))
