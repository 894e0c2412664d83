"""Information criteria: how well a model fits all data, and what its degrees of freedom cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.rules import Rule

Array = NDArray[Any]

EXACT = 1e-12  # a sum of squares below this share of that about the mean is rounding


def information_criterion(
    rule: Rule,
    deviance: Array,
    freedom: Array,
    support: Array,
    *,
    n: int,
    p: int,
    null_deviance: float | None,
    dispersion: float = 1.0,
) -> Array:
    """−2 log-likelihood, up to a constant, plus the price of the degrees of freedom; the lowest is the best.

    The first part is the deviance D where the loss is the likelihood of a law without a free scale. Else the scale is
    estimated by D/n, and the first part is c n log(D/n): c = 1 for the squared loss and, by the saddlepoint
    approximation, for gamma and Tweedie, 2 for the quantile loss. With k = df, plus one for an estimated scale,

    ======  ==================================
    aic     2 k
    aicc    2 k + 2 k (k + 1) / (n − k − 1)
    bic     k log n
    ebic    k log n + 2 γ log C(p, size)
    ======  ==================================

    Parameters
    ----------
    rule : Rule
        Its number is γ.
    deviance, freedom, support : arrays of one shape
        Of the fits on all data: deviance, degrees of freedom with the intercept, nonzero coefficients.
    n : int
        Rows of positive weight. Of Cox's partial likelihood, those with an event: rows that are censored add no term to
        it, and the information on a coefficient grows with the events.
    p : int
        Features to choose from.
    null_deviance : float or None
        Of the null model, the unit of rounding; None where there is no scale to estimate.
    dispersion : float
        c.

    Returns
    -------
    array
        Infinite where nothing is left to judge by: df >= n − 1, squares that round to zero, and n − k − 1 <= 0 for
        aicc.

    Notes
    -----
    aic and bic are made for p well below n: a fit of the squared loss that reproduces its rows is infinitely likely,
    at a finite price. aicc and ebic hold against it.

    With events for n, bic approximates the posterior odds of two Cox models under a prior that is worth one event, and
    ebic is bic with the prior of Chen & Chen over sizes. The correction of aicc is that of a Gaussian model; for Cox,
    as for counts and classes, it is its leading term, with events for n.

    References
    ----------
    Akaike 1974; Schwarz 1978; Hurvich & Tsai, "Regression and time series model selection in small samples",
    Biometrika 1989 (aicc); Chen & Chen, "Extended Bayesian information criteria for model selection with large model
    spaces", Biometrika 2008, eq. 1 (ebic); Zou, Hastie & Tibshirani, "On the degrees of freedom of the lasso",
    Annals of Statistics 2007, sec. 4, who take σ² as known; Jørgensen, "Exponential dispersion models", JRSS-B 1987
    (saddlepoint); Volinsky & Raftery, "Bayesian information criteria for censored survival models", Biometrics 2000
    (events for n).
    """
    usable = freedom < n - 1
    k = freedom
    fit = deviance
    if null_deviance is not None:
        usable = usable & (deviance > EXACT * null_deviance)
        fit = dispersion * n * np.log(np.where(usable, deviance, 1.0) / n)
        k = freedom + 1
    price = 2 * k if rule.kind.startswith("aic") else k * np.log(n)
    if rule.kind == "aicc":
        left = n - k - 1
        usable = usable & (left > 0)
        price = price + 2 * k * (k + 1) / np.where(left > 0, left, 1.0)
    if rule.kind == "ebic":
        price = price + 2 * rule.number * log_choices(p)[support]
    return np.where(usable & np.isfinite(fit), fit + price, np.inf)


def log_choices(p: int) -> Array:
    """log C(p, j) for j = 0, …, p."""
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, p + 1)))])
    return np.asarray(factorial[-1] - factorial - factorial[::-1])
