"""Do I overfit? The penalized fit against the unpenalized one, fold by fold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shrinkwise.diagnosis.percent import NOTHING, percent
from shrinkwise.result import GridResult

DISTINGUISHABLE = 2.0  # standard errors of a paired difference
EXACT = 1e-12  # an error below this share of that of no features at all is rounding


@dataclass(frozen=True)
class Verdict:
    """What the grid says about overfitting.

    ``gain`` is the held-out error that the best penalty saves, relative to the error without a penalty (0.09 = 9 %),
    ``gain_se`` its standard error from the paired folds. ``overfits`` is None where no unpenalized fit exists;
    ``useful`` says whether the chosen model predicts distinguishably better than the intercept alone.
    """

    sentence: str
    overfits: bool | None
    useful: bool
    gain: float
    gain_se: float


def overfit_verdict(result: GridResult, rule: str = "1se") -> Verdict:
    """One sentence on overfitting, from paired differences over the folds.

    Parameters
    ----------
    result : GridResult
    rule : str
        The rule whose model is compared with the intercept-only model.

    Returns
    -------
    Verdict
    """
    chosen, best = result.select(rule), result.select("min")
    who, does_not = ("you", "You do not") if result.network is None else ("the network", "The network does not")
    noun = "feature" if result.network is None else "input"
    saved, saved_se = paired(result, result.null_score - result.test_score[chosen.ratio, chosen.index])
    useful = saved > DISTINGUISHABLE * saved_se and chosen.n_features > 0
    warning = (
        "" if useful else f" Beware: the chosen model predicts no better than no {noun}s at all, as far as can be told."
    )
    free = result.unpenalized
    if free is None or not free.converged:
        reason = free.note if free is not None else f"{len(result.feature_names)} {noun}s, {result.n_samples} rows"
        sentence = f"Without a penalty there is no fit to compare with: {reason}."
        return Verdict(sentence + warning, None, useful, float("nan"), float("nan"))

    held_out = float(free.test_score @ result.fold_weights)
    train = float(free.train_score @ result.fold_weights)
    if abs(held_out) <= EXACT * abs(float(result.null_score @ result.fold_weights)):
        sentence = (
            f"{does_not} overfit: without a penalty the target is predicted exactly; is some {noun} a copy of it?"
        )
        return Verdict(sentence, False, useful, 0.0, 0.0)
    unit = abs(held_out) or 1.0
    gain, gain_se = (
        part / unit for part in paired(result, free.test_score - result.test_score[best.ratio, best.index])
    )
    errors = "its error is {} on the rows it was fitted to and {} on held-out rows".format(*_alike(train, held_out))
    overfits = gain > DISTINGUISHABLE * gain_se
    if overfits:
        sentence = (
            f"Without a penalty {who} would overfit: {errors}; "
            f"the best penalty lowers the held-out error by {percent(gain, gain_se)}."
        )
    elif gain < -DISTINGUISHABLE * gain_se:
        sentence = (
            f"{does_not} overfit: without a penalty {errors}; "
            f"the best penalty of the grid raises it by {percent(-gain, gain_se)}."
        )
    else:
        sentence = (
            f"No overfitting can be shown: without a penalty {errors}; the best penalty {_change(gain, gain_se)}."
        )
    return Verdict(
        sentence.replace("without a penalty its", "without a penalty the") + warning, overfits, useful, gain, gain_se
    )


def plus_minus(mean: float, se: float) -> str:
    """``205 ± 214``, ``5.1 ± 1.3``: two digits of the error, and as many decimals of the mean."""
    if not math.isfinite(se):
        return f"{mean:.2g}"
    unit = se or mean or 1.0
    if not 1e-4 <= unit < 1e7:
        return f"{mean:.2g} ± {se:.2g}"
    decimals = max(0, 1 - math.floor(math.log10(unit)))
    return f"{round(mean, decimals) or 0.0:.{decimals}f} ± {se:.{decimals}f}"  # no sign on a zero


def _change(gain: float, se: float) -> str:
    """What the best penalty does to the held-out error where that cannot be told from nothing."""
    change = percent(abs(gain), se)
    if change == NOTHING:
        return "does not change the held-out error"
    does = "lowers" if gain > 0 else "raises"
    return f"{does} the held-out error by {change}, which is not distinguishable from nothing"


def _alike(*errors: float) -> list[str]:
    """Errors with the decimals that leave the largest of them four digits; a tiny one beside it with its own."""
    largest = max(map(abs, errors))
    if not 1e-3 <= largest < 1e6:
        return [f"{error:.4g}" for error in errors]
    decimals = max(0, 3 - math.floor(math.log10(largest)))
    words = [f"{error:.{decimals}f}" if abs(error) >= 10.0**-decimals else f"{error:.2g}" for error in errors]
    while all("." in word and word[-1] in "0." for word in words):
        words = [word[:-1] for word in words]
    return words


def paired(result: GridResult, differences: np.ndarray) -> tuple[float, float]:
    """Fold-weighted mean of paired differences (K,) over the folds of a result, and its standard error."""
    return float(differences @ result.fold_weights), float(result.standard_error(differences))
