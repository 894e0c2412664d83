"""What suits a penalty where nothing is said: strengths, minibatches, warm start and refit of a grid of networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shrinkwise.validation import check_count


@dataclass(frozen=True)
class Habit:
    """What suits a kind of penalty: ends of l1 as a count (the target and the inputs have an sd of 1), l2, ways."""

    ends: tuple[float, float]
    ridge: float
    selects: bool  # whole inputs: with warm starts, large minibatches and a refit


WEIGHTS = Habit((1e-1, 1e-4), 0.0, False)
INPUTS = Habit((1.0, 1e-2), 1e-3, True)  # without a ridge, large weights behind a small input undo it
LASSONET = Habit((1e2, 1e-1), 0.0, True)  # an input leaves against the pull of all its bounded weights
STEPS, SMALLEST = 5, 8  # minibatches of an epoch, and their size at least, where inputs leave
RATE = 3e-3  # of learning


def suited(
    penalties: Any,
    n: int,
    *,
    l1: Any,
    l2: Any,
    epochs: int,
    batch_size: Any,
    warm_start: str | bool | None = "auto",
    refit: Any = "auto",
    lassonet: bool = False,
) -> dict[str, Any]:
    """The arguments of `fit_networks` in full; ``lassonet`` says whether one is among the penalties.

    Inputs leave best from a network that has learned which of them matter (weak to strong), and are chosen best by the
    error of networks whose kept weights are not shrunk (refit); noise of small minibatches keeps some of them in:
    benchmarks/networks.py planted.
    """
    habit = LASSONET if lassonet else INPUTS if isinstance(penalties, str) and penalties == "inputs" else WEIGHTS
    if isinstance(l1, int | np.integer) and not isinstance(l1, bool):
        l1 = np.geomspace(*habit.ends, check_count("l1", l1))
    epochs = check_count("epochs", epochs)
    return {
        "penalties": penalties,
        "l1": l1,
        "l2": l2 if l2 is not None else (habit.ridge,),
        "epochs": epochs,
        "batch_size": max(SMALLEST, n // STEPS) if habit.selects and batch_size == "auto" else batch_size,
        "warm_start": warm_start if warm_start != "auto" else ("weak-to-strong" if habit.selects else None),
        "refit": refit if refit != "auto" else (epochs // 2 if habit.selects else 0),
    }
