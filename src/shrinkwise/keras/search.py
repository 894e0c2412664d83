"""Estimators: the strength of a network's penalty by cross-validation, every member of the grid trained together."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from shrinkwise.keras._search import Array, NetworkSearch
from shrinkwise.linear._inputs import Training, target_numbers
from shrinkwise.linear._labels import class_codes
from shrinkwise.losses import LOSSES, Loss
from shrinkwise.losses.multinomial import MultinomialLoss


class NetworkRegressorCV(RegressorMixin, NetworkSearch):  # type: ignore[misc]
    """A network for numbers, its penalty found by cross-validation over all strengths, folds and seeds at once.

    Minimized is  (1/Σs) Σᵢ sᵢ (yᵢ − f(xᵢ))² + l1 Ω₁(w) + l2 Σ w²,  with exact zeros, see `Proximal`.

    Parameters
    ----------
    build : callable, optional
        ``build(n_features, n_outputs)``, a function that returns a built Keras model of that input and output without a
        last sigmoid or softmax. Its regularizers, if it has any, say what is penalized, and their strengths multiply
        those of the grid; one may be the `LassoNet` of a skip connection. By default Dense layers as ``hidden`` and
        ``activation`` say.
    l1 : int or sequence of float >= 0, default 12
        Strengths, or how many of them, evenly spaced in their logarithm: from 0.1 to 0.0001, for ``penalties="inputs"``
        from 1 to 0.01, for a `LassoNet` from 100 to 0.1. Their unit is that of Keras on standardized data, whatever the
        unit of the data themselves.
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
        ``"auto"``: about 8 minibatches an epoch, of 8 to 256 rows; a fifth of all rows for ``penalties="inputs"`` and
        for a `LassoNet`.
    optimizer : str, keras.Optimizer or optax.GradientTransformation, default "adam"
        Any that `Proximal` knows; one of optax on JAX only, see `fit_networks`.
    learning_rate : float > 0, "auto" or None
        ``"auto"``: 0.003 for an optimizer given by its name; any other keeps its own, as with None all do.
    seeds : int >= 1, default 1
        Random starts of every network. Each counts as a repeat of the folds; on all data the one with the lowest
        objective is kept.
    refit : int >= 0 or "auto"
        Epochs after that without l1 in which zeros stay, so that what is kept is not shrunk (relaxed). ``"auto"``:
        half of the epochs for ``penalties="inputs"`` and for a `LassoNet`, else none.
    patience : int >= 1, optional
        Early stopping of each network by itself, by the loss on a tenth of its own training rows.
    warm_start : {"auto", None, False, "weak-to-strong", "strong-to-weak"}
        Start each l1 from the weights of the one before. ``"auto"``: weak to strong for ``penalties="inputs"`` and for
        a `LassoNet`.
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
        last sigmoid or softmax: one logit for two classes, K for K > 2. Its regularizers, if it has any, say what is
        penalized, and their strengths multiply those of the grid; one may be the `LassoNet` of a skip connection. By
        default Dense layers as ``hidden`` and ``activation`` say.
    l1 : int or sequence of float >= 0, default 12
        Strengths, or how many of them, evenly spaced in their logarithm: from 0.1 to 0.0001, for ``penalties="inputs"``
        from 1 to 0.01, for a `LassoNet` from 100 to 0.1. Their unit is that of Keras on standardized data, whatever the
        unit of the data themselves.
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
        ``"auto"``: about 8 minibatches an epoch, of 8 to 256 rows; a fifth of all rows for ``penalties="inputs"`` and
        for a `LassoNet`.
    optimizer : str, keras.Optimizer or optax.GradientTransformation, default "adam"
        Any that `Proximal` knows; one of optax on JAX only, see `fit_networks`.
    learning_rate : float > 0, "auto" or None
        ``"auto"``: 0.003 for an optimizer given by its name; any other keeps its own, as with None all do.
    seeds : int >= 1, default 1
        Random starts of every network. Each counts as a repeat of the folds; on all data the one with the lowest
        objective is kept.
    refit : int >= 0 or "auto"
        Epochs after that without l1 in which zeros stay, so that what is kept is not shrunk (relaxed). ``"auto"``:
        half of the epochs for ``penalties="inputs"`` and for a `LassoNet`, else none.
    patience : int >= 1, optional
        Early stopping of each network by itself, by the loss on a tenth of its own training rows.
    warm_start : {"auto", None, False, "weak-to-strong", "strong-to-weak"}
        Start each l1 from the weights of the one before. ``"auto"``: weak to strong for ``penalties="inputs"`` and for
        a `LassoNet`.
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
