"""What the estimators share: the linear predictor, what is predicted from it, and a fit that appears all at once."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from shrinkwise.exceptions import UsageError
from shrinkwise.linear._inputs import Training, read_again, read_offset, target_numbers, vector
from shrinkwise.linear._labels import class_codes
from shrinkwise.linear._values import Array
from shrinkwise.losses import LOSSES, LogisticLoss, Loss, as_loss
from shrinkwise.losses.domain import SEVERAL, check_domain, check_null_model
from shrinkwise.losses.multinomial import MultinomialLoss
from shrinkwise.outputs import check_single
from shrinkwise.problem import best_intercept
from shrinkwise.validation import check_number, check_weights


class LinearModel(BaseEstimator):
    """A linear predictor η = Xw + b."""

    _several = False  # whether y may have more than one column

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _eta(self, X: Any, offset: Any = None, exposure: Any = None) -> Array:
        """η of each row, (n,)."""
        check_is_fitted(self)
        values = read_again(self, X)
        known = read_offset(self._kind(), offset, exposure, values.shape[0])
        coef: Array = self.coef_
        if coef.ndim == 2 and len(coef) > 1:  # a predictor for each class, or for each column of the target
            check_single(coef.T, offset=known)
            return np.asarray(values @ coef.T + self.intercept_)
        eta = np.asarray(values @ np.ravel(coef) + np.ravel(self.intercept_))
        return eta if known is None else eta + known

    def _posed(self, target: Array, classes: Array | None) -> tuple[Loss, Array]:
        """The loss of a fit, and the target as that loss takes it."""
        return self._kind(), target

    @abstractmethod
    def _kind(self) -> Loss:
        """The loss."""

    def _publish(self, fitted: dict[str, Any]) -> Self:
        """Replace all fitted attributes in one step: an interrupted or failed fit never gets here."""
        kept = {name: value for name, value in vars(self).items() if not name.endswith("_")}
        self.__dict__ = kept | fitted
        return self


class Regression(RegressorMixin, LinearModel):
    """Predicts the mean, or what else the loss is about: the inverse link of η."""

    loss: Any
    fit_intercept: bool
    ridge_unit: float | str
    _several = True

    def _kind(self) -> Loss:
        loss = as_loss(self.loss)
        if loss.domain == LogisticLoss.domain:
            raise UsageError(f"loss {loss.spec!r} is for classes: use LinearClassifier or LinearClassifierCV")
        return loss

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        with suppress(UsageError):  # a fit will say what is wrong with it
            loss = as_loss(getattr(self, "loss", "squared"))
            tags.target_tags.positive_only = loss.positive
            tags.target_tags.multi_output = loss.name in SEVERAL
        return tags

    def predict(self, X: Any, offset: ArrayLike | None = None, exposure: ArrayLike | None = None) -> Array:
        """Predict the target: its mean, its quantile, its robust centre, as the loss has it.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.
        offset : array of shape (n,), optional
            The known part of η in these rows; 0 by default.
        exposure : array of shape (n,), optional
            Of these rows, > 0; 1 by default: the mean per unit of exposure.

        Returns
        -------
        array of shape (n,), or (n, K) for K columns of y

        Raises
        ------
        DataError
            If X has missing or infinite values.
        ValueError
            If columns are missing or unknown.
        """
        return np.asarray(self._kind().inverse_link(self._eta(X, offset, exposure)))

    def score(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> float:
        """The share D² of the deviance that is explained; for the squared loss that is R².

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
        y : array of shape (n,)
        sample_weight, offset, exposure : arrays of shape (n,), optional

        Returns
        -------
        float
            1 for a perfect fit, 0 for one as good as the best intercept alone; the mean over several columns of y.
        """
        eta = self._eta(X, offset, exposure)
        target = target_numbers(y if np.ndim(y) == 2 and eta.ndim == 2 else vector(y, "y"))
        weights = check_weights(sample_weight, len(eta))
        weights = weights / weights.sum()
        loss = self._kind().for_target(target, weights)
        known = read_offset(loss, offset, exposure, len(eta))
        check_domain(target, loss)
        if target.ndim == 2:
            null = np.broadcast_to(weights @ target, target.shape)
        else:
            offset = 0.0 if known is None else known
            null = np.full_like(target, best_intercept(loss, target, weights, offset)) + offset
        left, whole = (weights @ loss.deviance(target, part) for part in (eta, null))
        shares = 1.0 - np.divide(left, whole, out=np.asarray(left > 0, dtype=np.float64), where=whole > 0)
        return float(np.mean(shares))

    def _target(self, data: Training) -> tuple[Array, Array | None]:
        """The y of the loss, and the classes."""
        target = target_numbers(data.y)
        loss = self._kind()
        check_domain(target, loss)
        if target.ndim == 2 and loss.name != "squared":
            raise UsageError(f"loss {loss.spec!r} needs a y of one column, got {target.shape[1]}; fit each by itself")
        if self.fit_intercept is True:
            check_null_model(loss, target if data.weights is None else target[data.weights > 0])
        return target, None

    def _ridge_unit(self, y: Array, weights: Array | None) -> float:
        """What the L2 part measures coefficients in: a number, or the sd of the target where η has its unit."""
        unit: object = self.ridge_unit
        if isinstance(unit, str) and unit == "sd" and not self._kind().degree:
            return 1.0
        if isinstance(unit, str) and unit == "sd":
            away = y - np.average(y, axis=0, weights=weights)
            largest = float(np.max(np.abs(away)))
            squares = (away / (largest or 1.0)) ** 2
            sd = largest * float(np.sqrt(np.mean(np.average(squares, axis=0, weights=weights))))
            return sd if sd > 0 else 1.0
        return check_number("ridge_unit", unit, low=0, above=True, hint='or "sd", the standard deviation of y')

    @staticmethod
    def _fitted(coef: Array, intercept: Any, classes: Array | None) -> dict[str, Any]:
        if np.ndim(intercept):  # several columns of the target
            coef = coef.reshape(-1, len(intercept)).T
        return {"coef_": coef, "intercept_": intercept}


class Classification(ClassifierMixin, LinearModel):
    """Predicts one of two classes from the log-odds η of the second, or one of K from K predictors."""

    def _kind(self) -> Loss:
        return LOSSES["logistic"]

    def decision_function(self, X: Any, offset: ArrayLike | None = None) -> Array:
        """Log-odds of the second class, ``classes_[1]``; of more than two classes, the predictor of each.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.
        offset : array of shape (n,), optional
            The known part of η in these rows; 0 by default.

        Returns
        -------
        array of shape (n,) or (n, K)
        """
        return self._eta(X, offset)

    def predict(self, X: Any, offset: ArrayLike | None = None) -> Array:
        """Predict the more probable class.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.
        offset : array of shape (n,), optional
            The known part of η in these rows; 0 by default.

        Returns
        -------
        array of shape (n,)
            Labels as in ``classes_``.
        """
        eta = self._eta(X, offset)
        codes = np.argmax(eta, axis=1) if eta.ndim == 2 else (eta > 0).astype(np.intp)
        return np.asarray(self.classes_[codes])

    def predict_proba(self, X: Any, offset: ArrayLike | None = None) -> Array:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.
        offset : array of shape (n,), optional
            The known part of η in these rows; 0 by default.

        Returns
        -------
        array of shape (n, K)
            In the order of ``classes_``.
        """
        eta, loss = self._eta(X, offset), self._kind()
        if eta.ndim == 2:
            return np.exp(_log_softmax(eta))
        return np.column_stack([loss.inverse_link(-eta), loss.inverse_link(eta)])

    def predict_log_proba(self, X: Any, offset: ArrayLike | None = None) -> Array:
        """Predict the logarithm of the probability of each class; finite where the probability underflows.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.
        offset : array of shape (n,), optional
            The known part of η in these rows; 0 by default.

        Returns
        -------
        array of shape (n, K)
            In the order of ``classes_``.
        """
        eta = self._eta(X, offset)
        if eta.ndim == 2:
            return _log_softmax(eta)
        return -np.column_stack([np.logaddexp(0.0, eta), np.logaddexp(0.0, -eta)])

    def _target(self, data: Training) -> tuple[Array, Array | None]:
        """The y of the loss, and the classes."""
        classes, codes = class_codes(data.y, data.weights)
        return codes, classes

    def _posed(self, target: Array, classes: Array | None) -> tuple[Loss, Array]:
        """Logistic for two classes; multinomial, with indicators of the classes, for more."""
        size = 0 if classes is None else len(classes)
        if size == 2:
            return self._kind(), target
        return MultinomialLoss(size), np.eye(size)[target.astype(np.intp)]

    def _ridge_unit(self, y: Array, weights: Array | None) -> float:
        """Log-odds have no unit."""
        return 1.0

    @staticmethod
    def _fitted(coef: Array, intercept: Any, classes: Array | None) -> dict[str, Any]:
        size = len(np.atleast_1d(intercept))
        return {"coef_": coef.reshape(-1, size).T, "intercept_": np.atleast_1d(intercept), "classes_": classes}


def _log_softmax(eta: Array) -> Array:
    eta = eta - eta.max(axis=1, keepdims=True)
    return np.asarray(eta - np.log(np.sum(np.exp(eta), axis=1, keepdims=True)))
