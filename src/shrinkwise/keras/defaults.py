"""What suits a penalty where nothing is said: strengths, minibatches, warm start and refit of a grid of networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkwise.validation import check_count

WEIGHTS, INPUTS = (1e-1, 1e-4), (1.0, 1e-2)  # ends of l1 as a count; the target and the inputs have an sd of 1
RIDGE = 1e-3  # with a penalty on inputs: without any, large weights behind a small input undo it
STEPS, SMALLEST = 5, 8  # minibatches of an epoch, and their size at least, with a penalty on inputs
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
) -> dict[str, Any]:
    """The arguments of `fit_networks` in full.

    Inputs leave best from a network that has learned which of them matter (weak to strong), and are chosen best by the
    error of networks whose kept weights are not shrunk (refit); noise of small minibatches keeps some of them in:
    benchmarks/networks.py planted.
    """
    inputs = isinstance(penalties, str) and penalties == "inputs"
    if isinstance(l1, int | np.integer) and not isinstance(l1, bool):
        l1 = np.geomspace(*(INPUTS if inputs else WEIGHTS), check_count("l1", l1))
    epochs = check_count("epochs", epochs)
    return {
        "penalties": penalties,
        "l1": l1,
        "l2": l2 if l2 is not None else (RIDGE if inputs else 0.0,),
        "epochs": epochs,
        "batch_size": max(SMALLEST, n // STEPS) if inputs and batch_size == "auto" else batch_size,
        "warm_start": warm_start if warm_start != "auto" else ("weak-to-strong" if inputs else None),
        "refit": refit if refit != "auto" else (epochs // 2 if inputs else 0),
    }
