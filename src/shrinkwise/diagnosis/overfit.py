"""Do I overfit? The penalized fit against the unpenalized one, fold by fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shrinkwise.result import GridResult

DISTINGUISHABLE = 2.0  # standard errors of a paired difference


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
    saved, saved_se = _paired(result, result.null_score - result.test_score[chosen.ratio, chosen.index])
    useful = saved > DISTINGUISHABLE * saved_se and chosen.n_features > 0
    tail = "" if useful else " Beware: the chosen model does not predict distinguishably better than no features at all."
    free = result.unpenalized
    if free is None or not free.converged:
        why = f" ({free.note})" if free is not None and free.note else ""
        sentence = f"Without a penalty there is no finite fit to compare with{why}: here the penalty is what makes a model possible."
        return Verdict(sentence + tail, None, useful, float("nan"), float("nan"))

    held_out = float(free.test_score @ result.fold_weights)
    train = float(free.train_score @ result.fold_weights)
    gain, gain_se = _paired(result, free.test_score - result.test_score[best.ratio, best.index])
    unit = abs(held_out) or 1.0
    gain, gain_se = gain / unit, gain_se / unit
    optimism = (held_out - train) / unit
    percent = f"{abs(100 * gain):.1f} ± {100 * gain_se:.1f} %"
    gap_words = f"its error is {train:.4g} on the rows it was fitted to and {held_out:.4g} on held-out rows"
    overfits = gain > DISTINGUISHABLE * gain_se
    if overfits:
        sentence = f"Without a penalty you would overfit: {gap_words}; the penalty lowers the held-out error by {percent}."
    elif gain < -DISTINGUISHABLE * gain_se:
        sentence = f"You do not overfit: {gap_words}, and every penalty of the grid makes it worse, by {percent} at least."
    else:
        sentence = (
            f"No overfitting can be shown: without a penalty {gap_words} ({100 * optimism:.1f} % apart); "
            f"the best penalty changes the held-out error by {100 * gain:+.1f} ± {100 * gain_se:.1f} %, not distinguishable from nothing."
        ).replace("changes the held-out error by +", "lowers the held-out error by ")
    return Verdict(sentence + tail, overfits, useful, gain, gain_se)


def _paired(result: GridResult, differences: np.ndarray) -> tuple[float, float]:
    """Fold-weighted mean of paired differences and its standard error."""
    mean = float(differences @ result.fold_weights)
    if result.n_folds < 2:
        return mean, 0.0
    spread = (differences - mean) ** 2 @ result.fold_weights
    return mean, float(np.sqrt(spread / (result.n_folds - 1)))
