"""Splits of every kind."""

import numpy as np
from sklearn.model_selection import KFold, RepeatedKFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit

N = 60


def every_kind(n=N, y=None):
    rng = np.random.default_rng(0)
    rows = np.arange(n)
    splitters = {
        "KFold": KFold(4),
        "shuffled": KFold(4, shuffle=True, random_state=0),
        "uneven": KFold(7),
        "overlapping held-out rows": ShuffleSplit(5, test_size=0.3, random_state=0),
        "not all rows used": ShuffleSplit(3, train_size=0.5, test_size=0.2, random_state=0),
        "repeated": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        "time": TimeSeriesSplit(3),
    }
    kinds = {name: list(splitter.split(rows)) for name, splitter in splitters.items()}
    if y is not None:
        kinds["stratified"] = list(StratifiedKFold(3).split(rows, y))
    folds = [np.isin(rows % 3, k) for k in range(3)]
    kinds["masks"] = [(~fold, fold) for fold in folds]
    kinds["one fold"] = [(rows[: n // 2], rows[n // 2 :])]
    drawn = [rng.integers(0, n, n) for _ in range(3)]
    kinds["bootstrap"] = [(train, np.setdiff1d(rows, train)) for train in drawn]
    kinds["held-out rows repeated"] = [(rows[10:], np.repeat(rows[:10], 2)), (rows[:40], rows[[40, 41, 41, 45]])]
    kinds["trained on what is held out"] = [(rows, rows), (rows, rows[::2])]
    kinds["lists"] = [(train.tolist(), test.tolist()) for train, test in kinds["KFold"]]
    return kinds


def folds(n, k=3):
    """Interleaved folds."""
    rows = np.arange(n)
    return [(rows[rows % k != fold], rows[rows % k == fold]) for fold in range(k)]
