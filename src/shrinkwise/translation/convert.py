"""One penalty in the words of other packages: what their alpha, C, lambda and weight_decay are here, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.exceptions import UsageError
from shrinkwise.losses import Loss, as_loss
from shrinkwise.losses.spec import named_loss
from shrinkwise.penalties import ElasticNet
from shrinkwise.translation.problem import Problem, Translation
from shrinkwise.translation.systems import SYSTEMS, read_keras
from shrinkwise.validation import check_alpha, check_l1_ratio, check_number

ADAMW = (
    "the weight_decay of AdamW is no penalty: its steps are divided by √v, the root of the mean squared gradient of a "
    "weight, and its decay is not, so it comes to rest where the penalty weight_decay/2 Σ (√v + epsilon) w² would, "
    "another one for other data or batches. It is an L2 penalty under plain SGD alone: use 'sgd', or an L2 penalty "
    "under Adam with shrinkwise.keras.Proximal"
)


def translate(
    alpha: float | Mapping[str, float],
    l1_ratio: float = 1.0,
    n: float | None = None,
    to: str = "shrinkwise",
    *,
    source: str = "shrinkwise",
    loss: str | Loss = "squared",
    standardize: bool = True,
    y_sd: float | None = None,
) -> Translation:
    """The same penalty in the parameters of another package.

    Parameters
    ----------
    alpha : float >= 0, or mapping
        Strength in our units; or the parameters of ``source`` by their names there, such as ``{"lambda": 0.1, "alpha":
        0.5}`` of glmnet.
    l1_ratio : float in [0, 1], default 1
        Mix in our units.
    n : float, optional
        Rows, or the sum of their weights: where a package sums over rows, or standardizes by sds with n − 1.
    to, source : str
        ``"shrinkwise"``; ``"sklearn"`` and, for the squared loss and L2 alone, ``"ridge"``; ``"glmnet"`` (R);
        ``"keras"``; ``"sgd"`` (weight decay under plain SGD, of Keras or PyTorch); ``"spark"``; ``"h2o"``.
        ``"adamw"`` is refused, and the message says why.
    loss : str or Loss
        As of our estimators; ``"cox"`` for glmnet.
    standardize : bool
        Whether the penalty acts on columns divided by their sd. Packages that cannot do that say so in ``note``.
    y_sd : float, optional
        Standard deviation (1/n) of y: needed for the L2 part of glmnet and Spark with the squared loss.

    Returns
    -------
    Translation

    Raises
    ------
    UsageError
        If the package cannot do it, or a number is missing that its units depend on.

    Notes
    -----
    Beside a mean loss each of them has the penalty l1 Σ|w| + l2/2 Σ w²; our own is l1 = α r, l2 = α (1 − r).

    ==================  ==========================================================================================
    sklearn             ElasticNet as ours; Ridge alpha = n l2; LogisticRegression C = 1/(n (l1 + l2)); the GLMs have
                        L2 alone, alpha = l2
    glmnet              lambda alpha = l1; lambda (1 − alpha) = l2, with the squared loss l2 sd(y)
    keras               l1 and l2/2, with the loss mse twice that: it has no ½
    sgd                 weight_decay = l2, with the loss mse 2 l2
    spark               as glmnet; its logistic regression standardizes by sds with n − 1
    h2o                 lambda_ alpha = l1, lambda_ (1 − alpha) = l2; standardizes by sds with n − 1
    ==================  ==========================================================================================

    All but Spark and H2O are tested by fitting both sides; those two against their documented objective.

    References
    ----------
    Friedman, Hastie & Tibshirani, "Regularization paths for GLMs via coordinate descent", JSS 2010. Loshchilov &
    Hutter, "Decoupled weight decay regularization", ICLR 2019, proposition 1.

    Examples
    --------
    >>> translate(0.1, 0.5, to="glmnet", y_sd=2.0).parameters
    {'lambda': 0.15..., 'alpha': 0.33...}
    >>> translate({"C": 0.5, "l1_ratio": 0.0}, n=100, source="sklearn", loss="logistic").parameters
    {'alpha': 0.02, 'l1_ratio': 0.0}
    """
    kind = _kind(loss)
    n = None if n is None else check_number("n", n, low=1, above=True)
    y_sd = None if y_sd is None else check_number("y_sd", y_sd, low=0, above=True)
    problem = Problem(kind, n, standardize, y_sd)
    for name in (source, to):
        if name not in SYSTEMS:
            raise UsageError(ADAMW if name == "adamw" else f"systems are {', '.join(SYSTEMS)}, got {name!r}")
    if not isinstance(alpha, Mapping):
        if source != "shrinkwise":
            raise UsageError(f"give the parameters of {source} by their names there, as a mapping; got {alpha!r}")
        alpha = {"alpha": alpha, "l1_ratio": l1_ratio}
    read, _ = SYSTEMS[source]
    _, write = SYSTEMS[to]
    return write(*read(alpha, problem), problem)


def from_glmnet(
    lambda_: float,
    alpha: float = 1.0,
    *,
    loss: str | Loss = "squared",
    y_sd: float | None = None,
    penalty_factor: ArrayLike | None = None,
) -> tuple[ElasticNet, float]:
    """The penalty and strength of ``glmnet(x, y, lambda = lambda_, alpha = alpha)``.

    Parameters
    ----------
    lambda_ : float >= 0
    alpha : float in [0, 1]
        What is called l1_ratio here.
    loss : str or Loss
    y_sd : float, optional
        Standard deviation (1/n) of y; needed for the squared loss unless ``alpha`` is 1.
    penalty_factor : array of shape (p,), optional
        glmnet rescales them to sum to p.

    Returns
    -------
    (ElasticNet, float)
        For columns that are standardized, unless glmnet was told not to.

    Examples
    --------
    >>> penalty, alpha = from_glmnet(0.1, 0.5, y_sd=2.0)
    >>> alpha, penalty.l1_ratio, penalty.ridge_unit
    (0.1, 0.5, 2.0)
    """
    kind, mix = _kind(loss), check_l1_ratio(alpha)
    unit = Problem(kind, None, True, y_sd).spread("glmnet", 1 - mix)
    factor = None if penalty_factor is None else np.asarray(penalty_factor, dtype=np.float64)
    weights = None if factor is None else factor * (len(factor) / factor.sum())
    return ElasticNet(mix, penalty_weights=weights, ridge_unit=unit), check_alpha(lambda_)


def from_keras(regularizer: Any, *, loss: str | Loss = "squared") -> tuple[ElasticNet, float]:
    """The penalty and strength of a regularizer of Keras, ``L1``, ``L2`` or ``L1L2``.

    Parameters
    ----------
    regularizer : keras.regularizers.Regularizer or None
    loss : str or Loss
        With the squared loss Keras' is taken to be ``mse``, which has no ½: its factors weigh half as much.

    Returns
    -------
    (ElasticNet, float)
        For columns as they are.
    """
    known = {name: getattr(regularizer, name) for name in ("l1", "l2") if hasattr(regularizer, name)}
    if regularizer is not None and not known:
        raise UsageError(f"regularizer must be L1, L2 or L1L2 of Keras, got {regularizer!r}")
    factors = {name: float(known.get(name, 0.0)) for name in ("l1", "l2")}
    kind = as_loss(loss)
    l1, l2 = read_keras(factors, Problem(kind, None, False, None))
    return ElasticNet.from_l1_l2(l1, l2 / 2)


def _kind(loss: str | Loss) -> Loss:
    """The loss; of Cox's, which needs its times for all but this, the name will do."""
    return named_loss("cox:breslow") if loss == "cox" else as_loss(loss)
