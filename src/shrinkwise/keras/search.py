"""Estimators: the strength of a network's penalty by cross-validation, every member of the grid trained together."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.keras.defaults import RATE, suited
from shrinkwise.keras.grid import NetworkGrid, fit_networks
from shrinkwise.keras.networks import mlp
from shrinkwise.linear._inputs import Training, read_again, read_training, target_numbers, vector
from shrinkwise.linear._labels import class_codes
from shrinkwise.linear._splits import folds
from shrinkwise.linear._told import Told
from shrinkwise.losses import LOSSES, Loss
from shrinkwise.losses.multinomial import MultinomialLoss
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
        learning_rate: float | None = RATE,
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
            ),
            standardize=self.standardize,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
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


class NetworkRegressorCV(RegressorMixin, NetworkSearch):  # type: ignore[misc]
    """A network for numbers, its penalty found by cross-validation over all strengths, folds and seeds at once.

    Minimized is  (1/Σs) Σᵢ sᵢ (yᵢ − f(xᵢ))² + l1 Ω₁(w) + l2 Σ w²,  with exact zeros, see `Proximal`.

    Parameters
    ----------
    build : callable, optional
        ``build(n_features, n_outputs)``, a function that returns a built Keras model of that input and output without a
        last sigmoid or softmax. Its regularizers, if it has any, say what is penalized, and
        their strengths multiply those of the grid. By default Dense layers as ``hidden`` and ``activation`` say.
    l1 : int or sequence of float >= 0, default 12
        Strengths, or how many of them, evenly spaced in their logarithm: from 0.1 to 0.0001, for ``penalties="inputs"``
        from 1 to 0.01. Their unit is that of Keras on standardized data, whatever the unit of the data themselves.
    l2 : sequence of float >= 0, optional
        Each is tried with each l1; (0,), for ``penalties="inputs"`` (0.001,).
    hidden : sequence of int, default (64, 32)
    activation : str, default "relu"
    dropout : float in [0, 1), default 0
        Of the default network.
    penalties : None, "weights", "inputs" or dict
        ``"weights"``: l1 Σ|w| + l2 Σ w² of all kernels. ``"inputs"``: l1 Σ √m ‖w‖ over the inputs, w the m weights that
        leave one, so that whole inputs leave, and l2 Σ w². A dict from patterns to penalties as of `penalize`, as
        ``{"hidden_1": GroupL1(1)}``. None: what ``build`` says, or else ``"weights"``.
    cv : int, splitter, iterable of pairs or array of shape (n,), default 5
        As of `LinearRegressorCV`; an int gives unshuffled folds.
    rule : str, default "1se"
        As of `LinearRegressorCV`. Networks are chosen by their held-out mean squared error without the penalty.
    epochs : int >= 1, default 100
    batch_size : int >= 1 or "auto"
        ``"auto"``: about 8 minibatches an epoch, of 8 to 256 rows; a fifth of all rows for ``penalties="inputs"``.
    optimizer : str or keras.Optimizer, default "adam"
        Any that `Proximal` knows.
    learning_rate : float > 0 or None, default 0.003
        None leaves the optimizer its own.
    seeds : int >= 1, default 1
        Random starts of every network. Each counts as a repeat of the folds; on all data the one with the lowest
        objective is kept.
    refit : int >= 0 or "auto"
        Epochs after that without l1 in which zeros stay, so that what is kept is not shrunk (relaxed). ``"auto"``:
        half of the epochs for ``penalties="inputs"``, else none.
    patience : int >= 1, optional
        Early stopping of each network by itself, by the loss on a tenth of its own training rows.
    warm_start : {"auto", None, False, "weak-to-strong", "strong-to-weak"}
        Start each l1 from the weights of the one before. ``"auto"``: weak to strong for ``penalties="inputs"``.
    standardize : bool, default True
        Columns and y to a mean of 0 and an sd of 1, by the training rows of each fold.
    memory : float or str, optional
        Bytes that networks trained together may take, as ``"4 GB"``.
    random_state : int >= 0, default 0
    verbose : bool or callable, default False
        A progress bar on the standard error, or ``verbose(done, total, seconds_left)``.

    Attributes
    ----------
    model_ : keras.Model
        The chosen network, fitted to all data. It takes X as it came and gives y in its own units.
    l1_, l2_, alpha_ : float
        The chosen strengths; alpha is l1 + 2 l2.
    inputs_ : array of bool, shape (p,)
        Inputs from which a weight leaves that is not zero.
    result_ : GridResult
        Scores, zeros and norms of all networks; ``result_.table()`` is the short answer.
    n_iter_ : int
        Epochs of the chosen network, its refit apart.
    n_features_in_ : int
    feature_names_in_ : array of shape (p,)
        Only where the columns of X have names.

    See Also
    --------
    shrinkwise.keras.grid.fit_networks : The grid itself, on arrays and folds.

    Notes
    -----
    With JAX all networks of a training set are trained together; with TensorFlow or Torch one after the other, with the
    same result but for rounding (and for dropout, which draws anew).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((200, 4))
    >>> y = X[:, 0] ** 2 + X[:, 1]
    >>> search = NetworkRegressorCV(l1=[0.01, 0.001], hidden=(16,), cv=3, epochs=60).fit(X, y)
    >>> search.score(X, y) > 0.8
    True
    """

    def _posed(self, data: Training) -> tuple[Loss, Array, Array | None]:
        return LOSSES["squared"], target_numbers(data.y), None

    def predict(self, X: Any) -> Array:
        """The predicted mean, (n,)."""
        return self._eta(X)[:, 0]


class NetworkClassifierCV(ClassifierMixin, NetworkSearch):  # type: ignore[misc]
    """A network for classes, its penalty found by cross-validation over all strengths, folds and seeds at once.

    Minimized is  (1/Σs) Σᵢ sᵢ ℓ(yᵢ, f(xᵢ)) + l1 Ω₁(w) + l2 Σ w²,  ℓ the log loss of a logit, or of K logits for K > 2
    classes, with exact zeros, see `Proximal`.

    Parameters
    ----------
    build : callable, optional
        ``build(n_features, n_outputs)``, a function that returns a built Keras model of that input and output without a
        last sigmoid or softmax:
        one logit for two classes, K for K > 2. Its regularizers, if it has any, say what is penalized, and
        their strengths multiply those of the grid. By default Dense layers as ``hidden`` and ``activation`` say.
    l1 : int or sequence of float >= 0, default 12
        Strengths, or how many of them, evenly spaced in their logarithm: from 0.1 to 0.0001, for ``penalties="inputs"``
        from 1 to 0.01. Their unit is that of Keras on standardized data, whatever the unit of the data themselves.
    l2 : sequence of float >= 0, optional
        Each is tried with each l1; (0,), for ``penalties="inputs"`` (0.001,).
    hidden : sequence of int, default (64, 32)
    activation : str, default "relu"
    dropout : float in [0, 1), default 0
        Of the default network.
    penalties : None, "weights", "inputs" or dict
        ``"weights"``: l1 Σ|w| + l2 Σ w² of all kernels. ``"inputs"``: l1 Σ √m ‖w‖ over the inputs, w the m weights that
        leave one, so that whole inputs leave, and l2 Σ w². A dict from patterns to penalties as of `penalize`, as
        ``{"hidden_1": GroupL1(1)}``. None: what ``build`` says, or else ``"weights"``.
    cv : int, splitter, iterable of pairs or array of shape (n,), default 5
        As of `LinearRegressorCV`; an int gives unshuffled folds with the same shares of the classes.
    rule : str, default "1se"
        As of `LinearRegressorCV`. Networks are chosen by their held-out log loss without the penalty.
    epochs : int >= 1, default 100
    batch_size : int >= 1 or "auto"
        ``"auto"``: about 8 minibatches an epoch, of 8 to 256 rows; a fifth of all rows for ``penalties="inputs"``.
    optimizer : str or keras.Optimizer, default "adam"
        Any that `Proximal` knows.
    learning_rate : float > 0 or None, default 0.003
        None leaves the optimizer its own.
    seeds : int >= 1, default 1
        Random starts of every network. Each counts as a repeat of the folds; on all data the one with the lowest
        objective is kept.
    refit : int >= 0 or "auto"
        Epochs after that without l1 in which zeros stay, so that what is kept is not shrunk (relaxed). ``"auto"``:
        half of the epochs for ``penalties="inputs"``, else none.
    patience : int >= 1, optional
        Early stopping of each network by itself, by the loss on a tenth of its own training rows.
    warm_start : {"auto", None, False, "weak-to-strong", "strong-to-weak"}
        Start each l1 from the weights of the one before. ``"auto"``: weak to strong for ``penalties="inputs"``.
    standardize : bool, default True
        Columns to a mean of 0 and an sd of 1, by the training rows of each fold.
    memory : float or str, optional
        Bytes that networks trained together may take, as ``"4 GB"``.
    random_state : int >= 0, default 0
    verbose : bool or callable, default False
        A progress bar on the standard error, or ``verbose(done, total, seconds_left)``.

    Attributes
    ----------
    model_ : keras.Model
        The chosen network, fitted to all data. It takes X as it came and gives logits.
    l1_, l2_, alpha_ : float
        The chosen strengths; alpha is l1 + 2 l2.
    inputs_ : array of bool, shape (p,)
        Inputs from which a weight leaves that is not zero.
    result_ : GridResult
        Scores, zeros and norms of all networks; ``result_.table()`` is the short answer.
    classes_ : array of shape (K,)
        Labels in ascending order.
    n_iter_ : int
        Epochs of the chosen network, its refit apart.
    n_features_in_ : int
    feature_names_in_ : array of shape (p,)
        Only where the columns of X have names.

    See Also
    --------
    shrinkwise.keras.grid.fit_networks : The grid itself, on arrays and folds.

    Notes
    -----
    With JAX all networks of a training set are trained together; with TensorFlow or Torch one after the other, with the
    same result but for rounding (and for dropout, which draws anew).
    """

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
