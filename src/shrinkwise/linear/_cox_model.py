"""What the estimators of Cox's model share: their data, and what they predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from shrinkwise.diagnosis.concordance import concordance
from shrinkwise.exceptions import DataError
from shrinkwise.linear._inputs import Training, read_again, read_offset, read_training, vector
from shrinkwise.linear._model import LinearModel
from shrinkwise.linear._survival import Baseline, read_outcome, read_strata
from shrinkwise.linear._values import Array, numbers
from shrinkwise.losses import Loss
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.losses.domain import check_events
from shrinkwise.validation import check_weights, non_finite_message


@dataclass(frozen=True, eq=False)
class Cohort:
    """Checked data of a fit."""

    data: Training
    loss: CoxLoss
    event: Array  # (n,) float64, 0 or 1
    weights: Array  # (n,)
    offset: Array | None
    labels: Array | None  # of the strata


class CoxModel(LinearModel):
    """A risk η = Xw + offset on which the hazard depends as h₀(t) e^η, with h₀ of each stratum left open."""

    ties: str
    baseline_: Baseline

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def _kind(self) -> Loss:
        return CoxLoss(np.zeros(0), ties=self.ties)

    def _cohort(self, X: Any, y: Any, sample_weight: Any, strata: Any, offset: Any) -> Cohort:
        """Check the data of a fit."""
        kind = self._kind()
        time, event = read_outcome(y)
        data = read_training(self, X, event, sample_weight, False)
        labels, codes = (None, None) if strata is None else read_strata(strata, len(time))
        weights = np.ones(len(time)) if data.weights is None else data.weights
        check_events(event, weights, np.zeros((len(time), 0)), ())
        loss = CoxLoss(time, codes, self.ties)
        return Cohort(data, loss, event, weights, read_offset(kind, offset, None, len(time)), labels)

    @staticmethod
    def _fitted(coef: Array, intercept: Any, classes: Array | None) -> dict[str, Any]:
        return {"coef_": coef}

    @staticmethod
    def _with_baseline(found: dict[str, Any], cohort: Cohort) -> dict[str, Any]:
        """The fitted attributes with the baseline hazard at the coefficients."""
        eta = np.asarray(cohort.data.X @ found["coef_"])
        eta = eta if cohort.offset is None else eta + cohort.offset
        return found | {"baseline_": Baseline.of(cohort.loss, cohort.event, cohort.weights, eta, cohort.labels)}

    def _eta(self, X: Any, offset: Any = None, exposure: Any = None) -> Array:
        check_is_fitted(self)
        values = read_again(self, X)
        known = read_offset(self._kind(), offset, exposure, values.shape[0])
        eta = np.asarray(values @ self.coef_)
        return eta if known is None else eta + known

    def predict(self, X: Any, offset: ArrayLike | None = None) -> Array:
        """The risk score η = Xw + offset: the logarithm of the hazard in units of the baseline's; higher is sooner.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.
        offset : array of shape (n,), optional
            The known part of η in these rows; 0 by default.

        Returns
        -------
        array of shape (n,)
        """
        return self._eta(X, offset)

    def predict_cumulative_hazard(
        self, X: Any, times: ArrayLike | None = None, strata: Any = None, offset: ArrayLike | None = None
    ) -> Array:
        """The cumulative hazard H₀(t) e^η, with Breslow's estimator of H₀ in the stratum of each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
        times : array of shape (T,), optional
            All distinct times of events by default, ``baseline_.all_times``.
        strata : array of shape (n,), optional
            Of these rows, where the model was fitted with strata.
        offset : array of shape (n,), optional

        Returns
        -------
        array of shape (n, T)
            Beyond the last time of the data it stays what it was there.

        Notes
        -----
        With ties="efron" H₀ sums over the terms of Efron's approximation, as the fit does.
        """
        eta = self._eta(X, offset)
        at = self.baseline_.all_times if times is None else numbers(np.atleast_1d(vector(times, "times")), "times")
        if np.any(np.isnan(at)):
            raise DataError(non_finite_message(at, "times"))
        log_baseline = self.baseline_.log_cumulative(at, self.baseline_.numbers_of(strata, len(eta)))
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(np.exp(log_baseline + eta[:, None]))

    def predict_survival_function(
        self, X: Any, times: ArrayLike | None = None, strata: Any = None, offset: ArrayLike | None = None
    ) -> Array:
        """The probability exp(−H₀(t) e^η) of no event up to each time.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
        times : array of shape (T,), optional
            All distinct times of events by default, ``baseline_.all_times``.
        strata : array of shape (n,), optional
            Of these rows, where the model was fitted with strata.
        offset : array of shape (n,), optional

        Returns
        -------
        array of shape (n, T)
        """
        with np.errstate(under="ignore"):
            return np.asarray(np.exp(-self.predict_cumulative_hazard(X, times, strata, offset)))

    def score(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        strata: Any = None,
        offset: ArrayLike | None = None,
    ) -> float:
        """Harrell's concordance index: the share of comparable pairs whose order the risk gets right.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
        y : as for ``fit``
        sample_weight, strata, offset : arrays of shape (n,), optional
            A pair counts the product of its weights; rows of different strata are not compared.

        Returns
        -------
        float
            1 for the right order, 0.5 for one by chance; equal risks count a half.
        """
        risk = self._eta(X, offset)
        time, event = read_outcome(y)
        if len(time) != len(risk):
            raise DataError(f"X has {len(risk)} samples, but y has length {len(time)}")
        stratum = np.zeros(len(time), dtype=np.intp) if strata is None else read_strata(strata, len(time))[1]
        return concordance(risk, time, event, stratum, check_weights(sample_weight, len(time)))
