"""What the estimators share: the linear predictor, what is predicted from it, and a fit that appears all at once."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from shrinkwise.linear._inputs import Training, read_again, target_numbers
from shrinkwise.linear._labels import two_classes
from shrinkwise.linear._values import Array
from shrinkwise.losses import LOSSES
from shrinkwise.validation import check_number


class LinearModel(BaseEstimator):
    """A linear predictor η = Xw + b."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _eta(self, X: Any) -> Array:
        """η of each row, (n,)."""
        check_is_fitted(self)
        values = read_again(self, X)
        return np.asarray(values @ np.ravel(self.coef_) + np.ravel(self.intercept_))

    def _publish(self, fitted: dict[str, Any]) -> Self:
        """Replace all fitted attributes in one step: an interrupted or failed fit never gets here."""
        kept = {name: value for name, value in vars(self).items() if not name.endswith("_")}
        self.__dict__ = kept | fitted
        return self


class Regression(RegressorMixin, LinearModel):
    """Predicts η itself."""

    _loss = "squared"
    ridge_unit: float | str

    def predict(self, X: Any) -> Array:
        """Predict the target.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.

        Returns
        -------
        array of shape (n,)

        Raises
        ------
        DataError
            If X has missing or infinite values.
        ValueError
            If columns are missing or unknown.
        """
        return self._eta(X)

    def _target(self, data: Training) -> tuple[Array, Array | None]:
        """The y of the loss, and the classes."""
        return target_numbers(data.y), None

    def _ridge_unit(self, y: Array, weights: Array | None) -> float:
        """What the L2 part measures coefficients in: a number, or the standard deviation of the target."""
        unit: object = self.ridge_unit
        if isinstance(unit, str) and unit == "sd":
            away = y - np.average(y, weights=weights)
            largest = float(np.max(np.abs(away)))
            sd = largest * float(np.sqrt(np.average((away / (largest or 1.0)) ** 2, weights=weights)))
            return sd if sd > 0 else 1.0
        return check_number("ridge_unit", unit, low=0, above=True, hint='or "sd", the standard deviation of y')

    @staticmethod
    def _fitted(coef: Array, intercept: float, classes: Array | None) -> dict[str, Any]:
        return {"coef_": coef, "intercept_": intercept}


class Classification(ClassifierMixin, LinearModel):
    """Predicts one of two classes from the log-odds η of the second."""

    _loss = "logistic"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def decision_function(self, X: Any) -> Array:
        """Log-odds of the second class, ``classes_[1]``.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.

        Returns
        -------
        array of shape (n,)
        """
        return self._eta(X)

    def predict(self, X: Any) -> Array:
        """Predict the more probable class.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.

        Returns
        -------
        array of shape (n,)
            Labels as in ``classes_``.
        """
        eta = self._eta(X)
        return np.asarray(self.classes_[(eta > 0).astype(np.intp)])

    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.

        Returns
        -------
        array of shape (n, 2)
            In the order of ``classes_``.
        """
        eta, loss = self._eta(X), LOSSES["logistic"]
        return np.column_stack([loss.inverse_link(-eta), loss.inverse_link(eta)])

    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of the probability of each class; finite where the probability underflows.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Named columns are matched by name.

        Returns
        -------
        array of shape (n, 2)
            In the order of ``classes_``.
        """
        eta = self._eta(X)
        return -np.column_stack([np.logaddexp(0.0, eta), np.logaddexp(0.0, -eta)])

    def _target(self, data: Training) -> tuple[Array, Array | None]:
        """The y of the loss, and the classes."""
        classes, codes = two_classes(data.y, data.weights)
        return codes, classes

    def _ridge_unit(self, y: Array, weights: Array | None) -> float:
        """Log-odds have no unit."""
        return 1.0

    @staticmethod
    def _fitted(coef: Array, intercept: float, classes: Array | None) -> dict[str, Any]:
        return {"coef_": coef[None], "intercept_": np.array([intercept]), "classes_": classes}
