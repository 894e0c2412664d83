"""Cox regression at the face: what comes in, what is predicted, what is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score

from shrinkwise import CoxRegressor, CoxRegressorCV, DataError, LinearRegressor, UsageError, fit_grid
from shrinkwise.diagnosis.concordance import concordance
from shrinkwise.losses.cox import CoxLoss
from tests.oracles import cox
from tests.oracles.glmnet_fits import glmnet_fits

X, TIME, EVENT, WEIGHTS, STRATUM = cox.sample(n=80, strata=2)
Y = np.column_stack([TIME, EVENT])


@pytest.mark.parametrize("name", ["cox: weights", "cox: penalty factors", "cox: box", "cox: elastic net"])
def test_coefficients_are_those_of_glmnet(name):
    for fit in glmnet_fits("cox"):
        if fit.name == name:
            options = {key: value for key, value in fit.options.items() if key != "fit_intercept"}
            options["standardize"] = fit.standardize
            model = CoxRegressor(**options, tol=1e-10).fit(fit.X, fit.y[:, :2], fit.sample_weight)
            np.testing.assert_allclose(model.coef_, fit.coef, atol=1e-9 * np.abs(fit.coef).max())
            assert model.converged_


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_strata_weights_and_offset_reach_the_fit(ties):
    offset = 0.5 * X[:, 3]
    labels = np.array(["b", "a"])[STRATUM]
    model = CoxRegressor(0.0, ties=ties, tol=1e-12).fit(X, Y, WEIGHTS, labels, offset)
    np.testing.assert_allclose(model.coef_, cox.newton(X, TIME, EVENT, WEIGHTS, STRATUM, ties, offset), rtol=1e-6)
    np.testing.assert_allclose(model.predict(X, offset), X @ model.coef_ + offset, rtol=1e-13)


def structured(names, kinds, columns):
    y = np.empty(len(X), dtype=list(zip(names, kinds)))
    for name, column in zip(names, columns):
        y[name] = column
    return y


@pytest.mark.parametrize(
    "y",
    [
        Y.tolist(),
        pd.DataFrame({"weeks": TIME, "died": EVENT > 0}),
        structured(["died", "weeks"], [bool, float], [EVENT > 0, TIME]),
        structured(["weeks", "died"], [float, bool], [TIME, EVENT > 0]),
        structured(["died", "weeks"], [int, float], [EVENT, TIME]),
    ],
    ids=["list", "frame", "structured", "time first", "without booleans"],
)
def test_outcomes_come_in_many_forms(y):
    np.testing.assert_array_equal(CoxRegressor().fit(X, y).coef_, CoxRegressor().fit(X, Y).coef_)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_the_baseline_is_breslows_sum_over_events(ties):
    model = CoxRegressor(0.02, ties=ties).fit(X, Y, WEIGHTS, STRATUM)
    eta, times = X @ model.coef_, np.array([0.5, 2.0, 3.0, 100.0])
    found = model.predict_cumulative_hazard(X[:6], times, STRATUM[:6])
    for i in range(6):
        for t, hazard in zip(times, found[i]):
            total = 0.0
            mine = STRATUM[i] == STRATUM
            for when in np.unique(TIME[mine & (EVENT > 0) & (t >= TIME)]):
                dead = mine & (when == TIME) & (EVENT > 0)
                m = dead.sum() if ties == "efron" else 1
                for k in range(m):
                    at_risk = mine & (when <= TIME)
                    total += WEIGHTS[dead].sum() / m / np.sum((WEIGHTS * np.exp(eta) * (1 - k / m * dead))[at_risk])
            assert hazard == pytest.approx(total * np.exp(eta[i]), rel=1e-12, abs=1e-300)
    survival = model.predict_survival_function(X[:6], times, STRATUM[:6])
    np.testing.assert_allclose(survival, np.exp(-found), rtol=1e-14)
    assert np.all(survival[:, 0] == 1)  # before the first event


def test_expected_events_are_the_observed_ones():
    """Σ s H(tᵢ) = Σ s δ: the martingale residuals of Breslow's estimator sum to zero."""
    model = CoxRegressor(0.05).fit(X, Y, WEIGHTS)
    hazard = model.predict_cumulative_hazard(X, np.sort(TIME))[np.arange(80), np.searchsorted(np.sort(TIME), TIME)]
    assert WEIGHTS @ hazard == pytest.approx(WEIGHTS @ EVENT, rel=1e-12)


def test_survival_is_given_at_all_times_of_events_and_has_no_overflow():
    model = CoxRegressor(0.02).fit(X, Y)
    survival = model.predict_survival_function([[1e5, 0, 0, 0], [-1e5, 0, 0, 0]])
    assert survival.shape == (2, len(np.unique(TIME[EVENT > 0])))
    assert sorted(survival[:, -1]) == [0.0, 1.0]


@pytest.mark.parametrize("seed", range(5))
def test_concordance_is_the_count_over_pairs(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 70))
    time, event, risk = rng.integers(1, 9, n), rng.integers(2, size=n), rng.integers(6, size=n) / 3
    stratum, weights = rng.integers(2, size=n), rng.uniform(size=n) * (rng.random(n) < 0.9)
    right = pairs = 0.0
    for i in range(n):
        for j in range(n):
            later = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if event[i] and later and stratum[i] == stratum[j]:
                pairs += weights[i] * weights[j]
                right += weights[i] * weights[j] * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
    assert concordance(risk, time, event, stratum, weights) == pytest.approx(right / pairs, rel=1e-12)


def test_the_score_is_the_concordance_and_scikit_learn_may_search_with_it():
    model = CoxRegressor(0.02).fit(X, Y)
    assert model.score(X, Y) == concordance(model.predict(X), TIME, EVENT, np.zeros(80), np.ones(80)) > 0.6
    assert model.score(-X, Y) == pytest.approx(1 - model.score(X, Y), rel=1e-12)
    y = structured(["died", "weeks"], [bool, float], [EVENT > 0, TIME])
    assert np.all(cross_val_score(CoxRegressor(0.02), X, y, cv=3) > 0.5)
    assert GridSearchCV(CoxRegressor(), {"alpha": [0.01, 10.0]}, cv=3).fit(X, y).best_params_ == {"alpha": 0.01}


def test_the_grid_of_the_face_is_that_of_the_core_and_the_chosen_fit_its_own():
    model = CoxRegressorCV(cv=5, alphas=[0.2, 0.1, 0.05, 0.02], l1_ratio=[1.0, 0.5], rule="min", ties="efron")
    model.fit(X, Y, WEIGHTS, STRATUM, offset=X[:, 2])
    splits = list(StratifiedKFold(5).split(X, EVENT))
    options = {"sample_weight": WEIGHTS, "offset": X[:, 2], "alphas": model.alphas, "l1_ratios": (1.0, 0.5)}
    exact = fit_grid(X, EVENT, splits, loss=CoxLoss(TIME, STRATUM, "efron"), **options)
    np.testing.assert_array_equal(model.result_.test_score, exact.test_score)
    chosen = exact.select("min")
    assert (model.alpha_, model.l1_ratio_) == (chosen.alpha, chosen.l1_ratio)
    alone = CoxRegressor(model.alpha_, l1_ratio=model.l1_ratio_, ties="efron")
    alone.fit(X, Y, WEIGHTS, STRATUM, offset=X[:, 2])
    np.testing.assert_allclose(model.coef_, alone.coef_, atol=1e-4 * np.abs(alone.coef_).max())
    assert model.converged_
    assert model.gap_ <= 1e-8
    assert model.result_.metric == "partial-likelihood deviance per event"
    assert model.predict_survival_function(X[:2], [1.0], STRATUM[:2]).shape == (2, 1)


def test_where_all_rows_have_an_event_folds_are_plain():
    everyone = np.column_stack([TIME, np.ones(80)])
    assert CoxRegressorCV(cv=4, alphas=5).fit(X, everyone).result_.n_folds == 4


def test_estimators_are_cloned_pickled_and_named():
    for model in (CoxRegressor(0.3, ties="efron"), CoxRegressorCV(cv=3, alphas=4, ties="efron")):
        again = clone(model).fit(pd.DataFrame(X, columns=list("abcd")), Y)
        assert again.get_params() == model.get_params()
        assert list(again.feature_names_in_) == list("abcd")
        copy = pickle.loads(pickle.dumps(again))
        np.testing.assert_array_equal(copy.predict(pd.DataFrame(X, columns=list("abcd"))[list("dcba")]), again.predict(
            pd.DataFrame(X, columns=list("abcd"))))  # fmt: skip
        with pytest.raises(NotFittedError):
            clone(model).predict(X)


def changed(row, column, value):
    y = Y.copy()
    y[row, column] = value
    return y


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (changed(3, 0, 0.0), "times must be > 0, got 0 at row 3"),
        (changed(4, 0, -2.0), "times must be > 0, got -2 at row 4"),
        (changed(5, 0, np.nan), r"y \(time\) contains NaN \(a missing value\) at row 5"),
        (changed(6, 1, np.nan), r"y \(event\) contains NaN \(a missing value\) at row 6"),
        (
            changed(7, 1, 2.0),
            r"events must be 0 \(censored\) or 1, got 2 at row 7; the columns of y are time and event",
        ),
        (np.column_stack([TIME, 0 * EVENT]), "none of the 80 rows has an event"),
        (TIME, r"a time and an event for each row: .* got an array of shape \(80,\)"),
        (Y[:79], "X has 80 samples, but y has length 79"),
        (structured(["a", "b", "c"], [bool, float, float], [EVENT, TIME, TIME]), "got the fields a, b, c"),
    ],
)
@pytest.mark.parametrize("estimator", [CoxRegressor(), CoxRegressorCV(cv=3)])
def test_outcomes_that_cannot_be_used_are_named(estimator, y, words):
    with pytest.raises(DataError, match=words):
        clone(estimator).fit(X, y)


@pytest.mark.parametrize("estimator", [CoxRegressor(), CoxRegressorCV(cv=3, alphas=3)])
def test_strata_that_cannot_be_used_are_named(estimator):
    with pytest.raises(DataError, match=r"one label for each of the 80 samples, got an array of shape \(79,\)"):
        estimator.fit(X, Y, strata=STRATUM[:79])
    with pytest.raises(DataError, match=r"strata contains NaN .* at row 1"):
        estimator.fit(X, Y, strata=np.array(["a", None] * 40, dtype=object))
    estimator.fit(X, Y, strata=STRATUM)
    with pytest.raises(UsageError, match="give the stratum of each row"):
        estimator.predict_survival_function(X)
    with pytest.raises(DataError, match="the stratum 7 at row 1 was not in the data of the fit"):
        estimator.predict_survival_function(X[:2], strata=[0, 7])
    with pytest.raises(DataError, match="the stratum '0' at row 0"):
        estimator.predict_survival_function(X[:1], strata=["0"])
    estimator.fit(X, Y)
    with pytest.raises(UsageError, match="fitted without"):
        estimator.predict_survival_function(X, strata=STRATUM)


def test_wrong_uses_are_named():
    with pytest.raises(UsageError, match='"breslow" or "efron", got \'exact\''):
        CoxRegressor(ties="exact").fit(X, Y)
    with pytest.raises(UsageError, match="use CoxRegressor"):
        LinearRegressor(loss="cox").fit(X, TIME)
    with pytest.raises(DataError, match="no two rows can be compared"):
        CoxRegressor().fit(X, Y).score(X[:1], Y[:1])
    late = np.argsort(TIME, kind="stable")
    y = Y.copy()
    y[late[:60], 1] = 0
    with pytest.raises(DataError, match="training rows of fold 1 have no event"):
        CoxRegressorCV(cv=[(late[:60], late[60:])]).fit(X, y)


def by_hand(scorer, ties="breslow", weights=None, labels=None, offset=None):
    """Scores of each fold of a model that is fitted to its training rows, at both strengths; and those of the grid."""
    grid = CoxRegressorCV(alphas=[0.2, 0.02], cv=3, ties=ties, tol=1e-12, scoring=scorer).fit(
        X, Y, weights, labels, offset=offset
    )
    splits = list(StratifiedKFold(3).split(X, EVENT))
    each = [(a, alpha, fold, rows) for a, alpha in enumerate([0.2, 0.02]) for fold, rows in enumerate(splits)]
    for a, alpha, fold, (train, test) in each:
        part = [None if known is None else known[train] for known in (weights, labels, offset)]
        yield CoxRegressor(alpha, ties=ties, tol=1e-12).fit(X[train], Y[train], *part), train, test, grid, a, fold


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("stratified", [False, True])
def test_folds_are_scored_by_their_concordance(weighted, stratified):
    weights, labels = WEIGHTS if weighted else None, np.array(["b", "a"])[STRATUM] if stratified else None
    offset = 0.3 * X[:, 3]
    for model, train, test, grid, a, fold in by_hand("concordance", "efron", weights, labels, offset):
        for rows, scores in ((train, grid.result_.train_score), (test, grid.result_.test_score)):
            known = [None if part is None else part[rows] for part in (weights, labels, offset)]
            assert scores[0, a, fold] == pytest.approx(-model.score(X[rows], Y[rows], *known), rel=1e-12)
        assert grid.result_.null_score[fold] == pytest.approx(-null_of(test, *known))
    assert grid.result_.metric == "minus concordance"


def null_of(rows, weights, labels, offset):
    codes = np.zeros(len(rows)) if labels is None else np.unique(labels, return_inverse=True)[1]
    return concordance(offset, TIME[rows], EVENT[rows], codes, np.ones(len(rows)) if weights is None else weights)


def survival_at_three(model, rows, y, sample_weight=None, strata=None):
    """How well survival up to t = 3 is foretold, with the weights and the strata of the rows."""
    alive = (y[:, 0] > 3).astype(float)
    chance = model.predict_survival_function(rows, [3.0], strata)[:, 0]
    return -float(np.average((alive - chance) ** 2, weights=sample_weight))


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_scorer_sees_the_survival_of_each_fold(weights):
    labels = STRATUM + 5
    for model, _, test, grid, a, fold in by_hand(survival_at_three, weights=weights, labels=labels):
        s = None if weights is None else weights[test]
        expected = -survival_at_three(model, X[test], Y[test], s, labels[test])
        assert grid.result_.test_score[0, a, fold] == pytest.approx(expected, rel=1e-8)
    assert grid.result_.metric == "minus survival_at_three"


def test_a_scorer_is_given_outcomes_as_they_came():
    y = structured(["died", "weeks"], [bool, float], [EVENT > 0, TIME])
    plain = CoxRegressorCV(alphas=[0.2], cv=3, scoring="concordance").fit(X, Y)
    asked = CoxRegressorCV(alphas=[0.2], cv=3, scoring=lambda model, X, y: np.sum(y["died"])).fit(X, y)
    counts = [-EVENT[test].sum() for _, test in StratifiedKFold(3).split(X, EVENT)]
    np.testing.assert_array_equal(asked.result_.test_score[0, 0], counts)
    assert clone(asked).scoring is asked.scoring
    np.testing.assert_array_equal(plain.coef_, asked.coef_)


def test_the_choice_is_by_the_score_and_may_be_doubted():
    model = CoxRegressorCV(alphas=6, cv=3, scoring="concordance", rule="min")
    decision = model.decide(X, Y)
    best = model.result_.select("min")
    assert best.mean == model.result_.mean.min() < -0.6
    assert (model.alpha_, model.result_.metric) == (best.alpha, "minus concordance")
    assert decision.penalty_choice is not None


@pytest.mark.parametrize("scoring", ["r2", "concordanc", 3])
def test_scores_that_know_no_censoring_are_refused(scoring):
    with pytest.raises(UsageError, match=f'must be None, "concordance" or a callable.*, got {scoring!r}'):
        CoxRegressorCV(scoring=scoring).fit(X, Y)


def test_a_fold_without_a_pair_to_compare_is_named():
    folds = np.arange(80) % 3
    folds[np.argmax(EVENT * TIME)] = 3
    with pytest.raises(DataError, match="concordance in fold 4: no two rows can be compared.*; use fewer folds"):
        CoxRegressorCV(cv=folds, scoring="concordance").fit(X, Y)
