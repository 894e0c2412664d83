"""What a search of networks does, whatever the target: its parameters and its fit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from shrinkwise.diagnosis.decide import decide
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.keras.defaults import RATE, suited
from shrinkwise.keras.grid import NetworkGrid, fit_networks
from shrinkwise.keras.networks import built, mlp
from shrinkwise.keras.template import has_lassonet
from shrinkwise.linear._inputs import Training, read_again, read_training, vector
from shrinkwise.linear._splits import folds
from shrinkwise.linear._told import Told
from shrinkwise.losses import Loss
from shrinkwise.rules import parse_rule

Array = NDArray[Any]

ROWS = 256  # predicted together, always as many, so that a row's prediction does not depend on the others


class NetworkSearch(Told, BaseEstimator):  # type: ignore[misc]
    """Parameters and fit of `NetworkRegressorCV` and `NetworkClassifierCV`."""

    _libraries = ("shrinkwise", "keras", "numpy")

    def __init__(
        self,
        build: Callable[[int, int], Any] | None = None,
        *,
        l1: int | Sequence[float] = 12,
        l2: Sequence[float] | None = None,
        hidden: Sequence[int] = (64, 32),
        activation: str = "relu",
        dropout: float = 0.0,
        penalties: Any = None,
        cv: Any = 5,
        rule: str = "1se",
        epochs: int = 100,
        batch_size: int | str = "auto",
        optimizer: Any = "adam",
        learning_rate: float | str | None = "auto",
        seeds: int = 1,
        refit: int | str = "auto",
        patience: int | None = None,
        warm_start: str | bool | None = "auto",
        standardize: bool = True,
        memory: float | str | None = None,
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
        self.refit = refit
        self.patience = patience
        self.warm_start = warm_start
        self.standardize = standardize
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None) -> Self:
        """Train the whole grid, pick one cell by the rule, and keep its network of all data.

        Parameters
        ----------
        X : array or frame of shape (n, p)
            Numbers without missing or infinite values.
        y : array of shape (n,)
        sample_weight : array of shape (n,), optional
            Weights >= 0, not all zero; they count in the training and in the scores.
        groups : array of shape (n,), optional
            For the splitter. With ``cv`` a number, rows of one group stay in one fold.

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If a parameter is out of its range, ``build`` returns something else, or the chosen network diverged.
        DataError
            If the data cannot be used; the message says what and where. A fit that fails or is interrupted leaves an
            earlier one as it was.

        Warns
        -----
        ConvergenceWarning
            If networks of the grid diverged; none of them is chosen.
        """
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
        n_outputs = 1 if target.ndim == 1 else target.shape[1]
        lassonet = self.build is not None and has_lassonet(built(build, data.X.shape[1], n_outputs), self.penalties)
        grid = fit_networks(
            data.X,
            target,
            splits,
            build,
            loss=loss,
            **suited(
                self.penalties,
                len(data.X),
                l1=self.l1,
                l2=self.l2,
                epochs=self.epochs,
                batch_size=self.batch_size,
                warm_start=self.warm_start,
                refit=self.refit,
                lassonet=lassonet,
            ),
            standardize=self.standardize,
            optimizer=self.optimizer,
            learning_rate=self._rate(),
            seeds=self.seeds,
            patience=self.patience,
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
            "decision_": decide(result, None, self.rule),
            "model_": grid.model(chosen.ratio, chosen.index),
            "_network_": grid.network(chosen.ratio, chosen.index),
            "_scaling_": grid.scaling,
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

    def _rate(self) -> Any:
        """The learning rate that the optimizer is given, if any."""
        if not isinstance(self.learning_rate, str):
            return self.learning_rate
        if self.learning_rate != "auto":
            raise UsageError(f'learning_rate must be a number > 0, "auto" or None, got {self.learning_rate!r}')
        return RATE if isinstance(self.optimizer, str) else None

    def _posed(self, data: Training) -> tuple[Loss, Array, Array | None]:
        """The loss, the target as it takes it, and the classes."""
        raise NotImplementedError

    def _eta(self, X: Any) -> Array:
        """Outputs of the network, (n, k), float64; columns are scaled before float32 takes their digits."""
        check_is_fitted(self)
        center, factor, middle, unit = self._scaling_
        values = ((np.asarray(read_again(self, X), dtype=np.float64) - center) * factor).astype(np.float32)
        parts = []
        for start in range(0, len(values), ROWS):
            block = values[start : start + ROWS]
            full = np.pad(block, ((0, ROWS - len(block)), (0, 0)))
            parts.append(keras.ops.convert_to_numpy(self._network_(full, training=False))[: len(block)])
        return np.asarray(middle + unit * np.concatenate(parts).astype(np.float64))


def _codes(target: Array) -> Array:
    """Numbers of classes from numbers or from indicators."""
    return (np.argmax(target, axis=1) if target.ndim == 2 else target).astype(np.intp)


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
