"""Kinds of penalties to try on every problem."""

import numpy as np
import pytest

from shrinkwise.testing import problems

# Every third problem, in turn; all of them in `make test-long`.
SHARES = [3, pytest.param(1, marks=pytest.mark.long)]

PENALTIES = {
    "lasso": {},
    "elastic net": {"l1_ratio": 0.5},
    "ridge": {"l1_ratio": 0.0},
    "ridge unit": {"l1_ratio": 0.4, "ridge_unit": 5.0},
    "one column free": {"l1_ratio": 0.8, "penalty_weights": "first free"},
    "weights": {"l1_ratio": 0.9, "penalty_weights": "rising"},
    "nonnegative": {"l1_ratio": 0.9, "lower": 0.0},
    "box": {"lower": -0.2, "upper": 0.3},
    "free in a box": {"l1_ratio": 0.8, "penalty_weights": "some free", "lower": -0.1, "upper": 0.1},
    "free and nonnegative": {"penalty_weights": "some free", "lower": 0.0},
    "distant bounds": {"lower": -1e12, "upper": 1e15},
    "group lasso": {"groups": "neighbours"},
    "sparse group lasso": {"groups": "scattered", "sparse_ratio": 0.4, "l1_ratio": 0.8},
    "sparse groups, one free": {"groups": "pairs", "sparse_ratio": 0.2, "penalty_weights": "pair free"},
}
MODES = {"plain": {}, "no intercept": {"fit_intercept": False}, "own scales": {"standardize": False}}


PAIRS = [(kind, "plain") for kind in PENALTIES]
MODED = ("elastic net", "one column free", "sparse group lasso")
PAIRS += [(kind, mode) for kind in MODED for mode in ("no intercept", "own scales")]


def options(kind, p):
    arguments = dict(PENALTIES[kind])
    weights = {
        "first free": np.minimum(np.arange(p), 1.0),
        "some free": np.minimum(np.arange(p) % 4, 1.0),
        "rising": np.linspace(0.5, 2.0, p),
    }
    weights["pair free"] = np.minimum(np.arange(p) // 2, 2.0)
    groups = {
        "neighbours": np.arange(p) // 3,
        "pairs": np.arange(p) // 2,
        "scattered": np.where(np.arange(p) % 4 < 3, np.arange(p) % 4, -1),
    }
    if "groups" in arguments:
        arguments["groups"] = groups[arguments["groups"]]
    if "penalty_weights" in arguments:
        arguments["penalty_weights"] = weights[arguments["penalty_weights"]]
    return arguments


def cases(loss, kind, mode="plain", every=1):
    """The problems; or every third of them, others for each kind and mode of penalty.

    Without an intercept nothing is centered: columns about 1e6 are then parallel to rounding, and left out.
    """
    first = (list(PENALTIES).index(kind) + list(MODES).index(mode)) % every
    some = problems(loss)[first::every]
    return [case for case in some if not (mode == "no intercept" and case.name == "huge means")]
