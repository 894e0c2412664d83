"""A fit at one strength."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.linear._certify import certified, check_flag, penalty_options
from shrinkwise.linear._inputs import Training, read_offset, read_training
from shrinkwise.linear._model import LinearModel
from shrinkwise.linear._values import Array
from shrinkwise.losses import Loss
from shrinkwise.penalties import penalty_of
from shrinkwise.validation import check_alpha, check_count, check_l1_ratio, check_number


class SingleFit(LinearModel):
    """Parameters and fit of `LinearRegressor` and `LinearClassifier`."""

    def __init__(
        self,
        alpha: float = 0.01,
        *,
        l1_ratio: float = 1.0,
        penalty_weights: ArrayLike | None = None,
        groups: Sequence[Any] | Array | None = None,
        sparse_ratio: float = 0.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        fit_intercept: bool = True,
        standardize: bool = True,
        grouped_outputs: bool = False,
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.penalty_weights = penalty_weights
        self.groups = groups
        self.sparse_ratio = sparse_ratio
        self.lower = lower
        self.upper = upper
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.grouped_outputs = grouped_outputs
        self.tol = tol
        self.max_iter = max_iter

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Self:
        """Fit the model and certify it.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Numbers without missing or infinite values; nothing is copied but what has to be, and nothing modified.
        y : array of shape (n,)
            Target.
        sample_weight : array of shape (n,), optional
            Weights >= 0, not all zero; only their ratios matter.
        offset : array of shape (n,), optional
            A known part of the linear predictor: η = Xw + b + offset.
        exposure : array of shape (n,), optional
            Time or amount at risk, > 0; for losses with a log link, where it is the offset log(exposure).

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If a parameter is out of its range.
        DataError
            If the data cannot be used; the message says what and where. A fit that fails or is interrupted leaves an
            earlier one as it was.

        Warns
        -----
        ConvergenceWarning
            If the duality gap is above ``tol``.
        """
        options = self._options()
        data = read_training(self, X, y, sample_weight, self._several)
        target, classes = self._target(data)
        loss, posed = self._posed(target, classes)
        known = read_offset(loss, offset, exposure, len(target))
        unit = self._ridge_unit(target, data.weights)
        return self._publish(self._solved(options, data, posed, classes, loss, known, unit))

    def _options(self) -> dict[str, Any]:
        """The parameters, checked before any work."""
        l1_ratio = check_l1_ratio(self.l1_ratio)
        return {
            "alpha": check_alpha(self.alpha),
            "tol": check_number("tol", self.tol, low=0),
            "max_iter": check_count("max_iter", self.max_iter),
            "fit_intercept": check_flag("fit_intercept", self.fit_intercept),
            "standardize": check_flag("standardize", self.standardize),
            "grouped_outputs": check_flag("grouped_outputs", self.grouped_outputs),
            "penalty": partial(penalty_of, l1_ratio),
        }

    def _solved(
        self,
        options: dict[str, Any],
        data: Training,
        posed: Array,
        classes: Array | None,
        loss: Loss,
        known: Array | None,
        unit: float,
    ) -> dict[str, Any]:
        """The fitted attributes of one certified fit."""
        penalty = options["penalty"](**penalty_options(self, data.X.shape[1], unit, data.names))
        solution = certified(
            data.X, posed, loss=loss, offset=known, sample_weight=data.weights, **options | {"penalty": penalty}
        )
        certificate = {
            "gap_": solution.gap,
            "converged_": solution.converged,
            "n_iter_": max(1, solution.n_iter),
        }
        fitted: dict[str, Any] = self._fitted(solution.coef, solution.intercept, classes)
        return data.seen | fitted | certificate
