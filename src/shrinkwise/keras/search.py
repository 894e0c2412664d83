"""Estimators: the strength of a network's penalty by cross-validation, every member of the grid trained together."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from shrinkwise.diagnosis import overfit_verdict
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.keras.grid import NetworkGrid, fit_networks
from shrinkwise.keras.networks import mlp
from shrinkwise.linear._inputs import Training, read_again, read_training, target_numbers, vector
from shrinkwise.linear._labels import class_codes
from shrinkwise.linear._splits import folds
from shrinkwise.losses import LOSSES, Loss
from shrinkwise.losses.multinomial import MultinomialLoss
from shrinkwise.report import ReportInput, write_page
from shrinkwise.rules import parse_rule
from shrinkwise.validation import check_count

Array = NDArray[Any]

ROWS = 256  # predicted together, always as many, so that a row's prediction does not depend on the others
STRONGEST, WEAKEST = 1e-1, 1e-4  # of l1 as a count; the target and the inputs have an sd of 1


class NetworkSearch(BaseEstimator):  # type: ignore[misc]
    """Parameters and fit of `NetworkRegressorCV` and `NetworkClassifierCV`."""

    def __init__(
        self,
        build: Callable[[int, int], Any] | None = None,
        *,
        l1: int | Sequence[float] = 12,
        l2: Sequence[float] = (0.0,),
        hidden: Sequence[int] = (64, 32),
        activation: str = "relu",
        dropout: float = 0.0,
        penalties: Any = None,
        cv: Any = 5,
        rule: str = "1se",
        epochs: int = 100,
        batch_size: int | str = "auto",
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        seeds: int = 1,
        patience: int | None = None,
        warm_start: str | None = None,
        standardize: bool = True,
        memory: int | str | None = None,
        random_state: int = 0,
        verbose: bool | Callable[[int, int, float], object] = False,
    ) -> None:
        self.build = build
        self.l1 = l1
        self.l2 = l2
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.penalties = penalties
        self.cv = cv
        self.rule = rule
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.seeds = seeds
        self.patience = patience
        self.warm_start = warm_start
        self.standardize = standardize
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None) -> Self:
        """Train the whole grid, pick one cell by the rule, and keep its network of all data."""
        parse_rule(self.rule)
        build = mlp(self.hidden, self.activation, self.dropout) if self.build is None else self.build
        if not callable(build):
            raise UsageError(f"build must be a function of n_features and n_outputs, got {build!r}")
        data = read_training(self, X, y, sample_weight, False)
        if sparse.issparse(data.X):
            raise DataError("X is sparse, and networks take dense rows; give X.toarray(), or use LinearRegressorCV")
        loss, target, classes = self._posed(data)
        labels = target if classes is None else np.asarray(classes)[_codes(target)]
        grouping = None if groups is None else vector(groups, "groups")
        splits = folds(self.cv, X, labels, classes, grouping, {} if grouping is None else {"groups": grouping})
        grid = fit_networks(
            data.X,
            target,
            splits,
            build,
            loss=loss,
            l1=_strengths(self.l1),
            l2=self.l2,
            penalties=self.penalties,
            standardize=self.standardize,
            epochs=self.epochs,
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            seeds=self.seeds,
            patience=self.patience,
            warm_start=self.warm_start,
            memory=self.memory,
            sample_weight=data.weights,
            feature_names=data.names,
            classes=None if classes is None else [str(label) for label in classes.tolist()],
            random_state=self.random_state,
            progress=_progress(self.verbose),
        )
        return self._publish(data, grid, classes)

    def _publish(self, data: Training, grid: NetworkGrid, classes: Array | None) -> Self:
        """All fitted attributes at once: a failed fit leaves an earlier one as it was."""
        result = grid.result
        assert result.network is not None
        if not np.any(np.isfinite(result.mean)):
            raise UsageError(
                "every network of the grid diverged in some fold, so there is none to choose: lower learning_rate"
            )
        chosen = result.select(self.rule)
        fitted = {
            "result_": result,
            "model_": grid.model(chosen.ratio, chosen.index),
            "l1_": float(result.network.l1[chosen.index]),
            "l2_": float(result.network.l2[chosen.ratio]),
            "alpha_": chosen.alpha,
            "inputs_": result.coef(chosen.ratio, chosen.index) != 0,
            "n_iter_": int(result.n_iter[chosen.ratio, chosen.index, -1]),
        }
        if classes is not None:
            fitted["classes_"] = classes
        kept = {name: value for name, value in vars(self).items() if not name.endswith("_")}
        self.__dict__ = kept | data.seen | fitted
        return self

    def report(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the report of the search: one HTML page that needs nothing else.

        Parameters
        ----------
        path : str or path
        overwrite : bool, default False
            Replace a file that exists.

        Returns
        -------
        Path
        """
        check_is_fitted(self)
        page = ReportInput(
            title=type(self).__name__,
            result=self.result_,
            rule=self.rule,
            verdict=overfit_verdict(self.result_, self.rule),
            task="regression" if self.result_.classes is None else "classification",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            versions={name: version(name) for name in ("shrinkwise", "keras", "numpy")},
            seed=self.random_state,
        )
        write_page(path, page, overwrite=overwrite)
        return Path(path)

    def _posed(self, data: Training) -> tuple[Loss, Array, Array | None]:
        """The loss, the target as it takes it, and the classes."""
        raise NotImplementedError

    def _eta(self, X: Any) -> Array:
        """Outputs of the network, (n, k), float64."""
        check_is_fitted(self)
        values = np.asarray(read_again(self, X), dtype=np.float32)
        parts = []
        for start in range(0, len(values), ROWS):
            block = values[start : start + ROWS]
            full = np.pad(block, ((0, ROWS - len(block)), (0, 0)))
            parts.append(keras.ops.convert_to_numpy(self.model_(full, training=False))[: len(block)])
        return np.concatenate(parts).astype(np.float64)


class NetworkRegressorCV(RegressorMixin, NetworkSearch):  # type: ignore[misc]
    """A network for numbers, its penalty found by cross-validation."""

    def _posed(self, data: Training) -> tuple[Loss, Array, Array | None]:
        return LOSSES["squared"], target_numbers(data.y), None

    def predict(self, X: Any) -> Array:
        """The predicted mean, (n,)."""
        return self._eta(X)[:, 0]


class NetworkClassifierCV(ClassifierMixin, NetworkSearch):  # type: ignore[misc]
    """A network for classes, its penalty found by cross-validation."""

    def _posed(self, data: Training) -> tuple[Loss, Array, Array | None]:
        classes, codes = class_codes(data.y, data.weights)
        if len(classes) == 2:
            return LOSSES["logistic"], codes, classes
        return MultinomialLoss(len(classes)), np.eye(len(classes))[codes.astype(np.intp)], classes

    def decision_function(self, X: Any) -> Array:
        """Log-odds of the second class, (n,); of more than two, the logit of each, (n, K)."""
        eta = self._eta(X)
        return eta[:, 0] if eta.shape[1] == 1 else eta

    def predict(self, X: Any) -> Array:
        """The more probable class, (n,)."""
        eta = self._eta(X)
        codes = (eta[:, 0] > 0).astype(np.intp) if eta.shape[1] == 1 else np.argmax(eta, axis=1)
        return np.asarray(self.classes_[codes])

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, (n, K)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of the probability of each class, (n, K)."""
        eta = self._eta(X)
        if eta.shape[1] == 1:
            eta = np.column_stack([np.zeros(len(eta)), eta[:, 0]])
        eta = eta - eta.max(axis=1, keepdims=True)
        return np.asarray(eta - np.log(np.sum(np.exp(eta), axis=1, keepdims=True)))


def _codes(target: Array) -> Array:
    """Numbers of classes from numbers or from indicators."""
    return (np.argmax(target, axis=1) if target.ndim == 2 else target).astype(np.intp)


def _strengths(l1: Any) -> Any:
    """A count as that many strengths, evenly spaced in their logarithm."""
    if isinstance(l1, int | np.integer) and not isinstance(l1, bool):
        return np.geomspace(STRONGEST, WEAKEST, check_count("l1", l1, low=1))
    return l1


def _progress(verbose: Any) -> Callable[[int, int, float], object] | None:
    if callable(verbose):
        return verbose  # type: ignore[no-any-return]
    return _Bar() if verbose else None


class _Bar:
    """Epochs done and time left, on one line of the standard error, a few times a second."""

    def __init__(self) -> None:
        self.shown = 0.0

    def __call__(self, done: int, total: int, left: float) -> None:
        now = time.monotonic()
        if done < total and now - self.shown < 0.2:
            return
        self.shown = now
        width = 30 * done // total
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r[{'#' * width}{'.' * (30 - width)}] {100 * done // total:3d} %  {left:6.0f} s left{end}")
        sys.stderr.flush()
