"""Nested cross-validation: by hand, fold after fold."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, RepeatedKFold, TimeSeriesSplit

from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.nested import nested_error
from shrinkwise.path import choose
from tests.linear.data import table, weights_of

N = 60
OPTIONS = {"alphas": [2.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01], "l1_ratios": (0.5, 1.0)}


@pytest.mark.parametrize("rule", ["min", "1se", "k=2", "within=5%"])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_it_chooses_inside_of_each_training_set(loss, rule):
    X, y, labels = table(n=N, p=6, seed=3, noise=2.0)
    target, weights = y if loss == "squared" else labels, weights_of(N) + 0.1
    splits = list(KFold(4, shuffle=True, random_state=0).split(X))
    found = nested_error(X, target, splits, rule, loss=loss, sample_weight=weights, **OPTIONS)
    scores = []
    for train, test in splits:
        place = {row: number for number, row in enumerate(train)}
        inner = [
            (np.array([place[row] for row in rest if row in place]), np.array([place[row] for row in out]))
            for rest, out in splits
            if out[0] != test[0]
        ]
        alone = fit_grid(X[train], target[train], inner, loss=loss, sample_weight=weights[train], **OPTIONS)
        cell = alone.select(rule)
        eta = X[test] @ alone.coef(cell.ratio, cell.index) + alone.intercept(cell.ratio, cell.index)
        losses = (target[test] - eta) ** 2 if loss == "squared" else np.logaddexp(0, eta) - target[test] * eta
        scores.append(np.average(losses, weights=weights[test]))
        assert (cell.ratio, cell.index) == (found.choices[len(scores) - 1].ratio, found.choices[len(scores) - 1].index)
    np.testing.assert_allclose(found.scores, scores, rtol=1e-4)
    shares = np.array([weights[test].sum() for _, test in splits]) / weights.sum()
    assert found.mean == pytest.approx(shares @ scores, rel=1e-4)
    assert found.se == pytest.approx(np.sqrt(shares @ (np.array(scores) - found.mean) ** 2 / 3), rel=1e-4)


def test_a_tall_table_is_read_once(monkeypatch):
    X, y, _ = table(n=N, p=4)
    reads = []
    original = choose.moments_of_sets
    monkeypatch.setattr(choose, "moments_of_sets", lambda *args: reads.append(len(args[3])) or original(*args))
    nested_error(X, y, list(KFold(5).split(X)), alphas=5)
    assert reads == [2 * (5 + 5 * 4)]


def test_repeats_stay_apart():
    X, y, _ = table(n=N, p=4, noise=2.0)
    splits = list(RepeatedKFold(n_splits=3, n_repeats=2, random_state=0).split(X))
    both = nested_error(X, y, splits, **OPTIONS)
    parts = [nested_error(X, y, part, **OPTIONS) for part in (splits[:3], splits[3:])]
    np.testing.assert_allclose(both.scores, np.concatenate([part.scores for part in parts]), rtol=1e-6)
    assert both.se == pytest.approx(np.mean([part.se for part in parts]))


def test_a_fold_without_inner_folds_is_refused():
    X, y, _ = table(n=N, p=4)
    splits = list(TimeSeriesSplit(5).split(X))
    with pytest.raises(DataError, match="fold 1 has 0 inner folds of its own; nested folds need at least 2"):
        nested_error(X, y, splits)


def test_a_criterion_is_refused():
    X, y, _ = table(n=N)
    with pytest.raises(UsageError, match="a rule that folds decide, such as 1se or min, got 'bic'"):
        nested_error(X, y, list(KFold(4).split(X)), "bic")


@pytest.mark.long
def test_on_noise_it_is_closer_to_the_truth_than_the_lowest_error():
    raw, nested = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((60, 40)), rng.standard_normal(60)
        splits = list(KFold(10).split(X))
        options = {"alphas": 40, "tol": 1e-4}
        result = fit_grid(X, y, splits, unpenalized=False, extend=False, **options)
        cell = result.select("min")
        w, b = result.coef(cell.ratio, cell.index), result.intercept(cell.ratio, cell.index)
        raw.append(cell.mean - 1 - w @ w - b**2)
        nested.append(nested_error(X, y, splits, "min", **options).mean - 1 - w @ w - b**2)
    assert np.mean(raw) < 0
    assert abs(np.mean(nested)) < abs(np.mean(raw))
