"""Does the network pay? Against the best linear model, fold by fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shrinkwise.diagnosis.overfit import DISTINGUISHABLE, paired, plus_minus
from shrinkwise.result import GridResult, Selection


@dataclass(frozen=True)
class Comparison:
    """A network beside the linear model that the same rule chooses on the same folds.

    ``gain`` is how much lower the network's held-out error is, in the unit of the error; ``gain_se`` the standard error
    from the paired folds. ``better`` is None where the two cannot be told apart.
    """

    sentence: str
    linear: Selection
    gain: float
    gain_se: float
    better: bool | None


def compare_with_linear(result: GridResult, linear: GridResult, rule: str = "1se") -> Comparison | None:
    """The network that a rule chooses against the linear model that it chooses, from paired differences over the folds.

    Parameters
    ----------
    result : GridResult
        Of networks; their folds may be trained from several seeds, and are then those of ``linear`` for each of them.
    linear : GridResult
        Of the same rows in the same folds.
    rule : str

    Returns
    -------
    Comparison or None
        None where they have other folds or another error.
    """
    seeds = 1 if result.network is None else result.network.seeds
    if result.metric != linear.metric or result.n_folds != seeds * linear.n_folds:
        return None
    chosen, other = result.select(rule), linear.select(rule)
    error = np.tile(linear.test_score[other.ratio, other.index], seeds)
    gain, se = paired(result, error - result.test_score[chosen.ratio, chosen.index])
    better = None if abs(gain) <= DISTINGUISHABLE * se else gain > 0
    features = f"{other.n_features} {'feature' if other.n_features == 1 else 'features'}"
    known = f"The best linear model on the same folds ({rule}, {features}) has a held-out error of {other.mean:.4g}"
    difference = f"{plus_minus(abs(gain), se)} {'lower' if gain > 0 else 'higher'} (paired over the folds)"
    words = {
        True: "the network is worth it",
        False: "take the linear model",
        None: "they cannot be told apart, and the linear model is the simpler one",
    }
    sentence = f"{known}; the network's is {difference}: {words[better]}."
    return Comparison(sentence, other, gain, se, better)
