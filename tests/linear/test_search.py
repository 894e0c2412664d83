"""The grid behind the CV estimators: scores by brute force, certificates by definition, rules, scorers, groups."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import ElasticNet
from sklearn.metrics import brier_score_loss, get_scorer, make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from shrinkwise import (
    DataError,
    DataWarning,
    LinearClassifier,
    LinearClassifierCV,
    LinearRegressor,
    LinearRegressorCV,
    UsageError,
)
from tests.linear.data import table, weights_of
from tests.oracles.definition import Definition

N = 60
SPLITTERS = {
    "KFold": KFold(5),
    "shuffled": KFold(4, shuffle=True, random_state=0),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=3, random_state=1),
    "ShuffleSplit": ShuffleSplit(6, test_size=0.3, random_state=0),
    "TimeSeriesSplit": TimeSeriesSplit(4),
    "LeaveOneOut": LeaveOneOut(),
    "PredefinedSplit": PredefinedSplit(np.arange(N) % 4 - 1),
    "pairs": [(np.arange(40), np.arange(40, N)), (np.arange(20, N), np.arange(10))],
    "masks": [(np.arange(N) % 3 != k, np.arange(N) % 3 == k) for k in range(3)],
}


def pairs(cv):
    return list(cv.split(np.zeros((N, 1)))) if hasattr(cv, "split") else cv


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", SPLITTERS)
def test_scores_equal_a_pipeline_fitted_in_each_fold(kind, weighted):
    X, y, _ = table(n=N, p=7, seed=3)
    X = X * np.array([1, 10, 0.1, 1, 100, 1, 1]) + np.array([0, 5, 0, 1000, 0, 0, -3])
    weights = weights_of(N) + 0.1 if weighted else None
    alphas, mixes = [1.0, 0.1, 0.003], [0.3, 1.0]
    model = LinearRegressorCV(alphas=alphas, l1_ratio=mixes, cv=SPLITTERS[kind]).fit(X, y, weights)
    result = model.result_
    assert result.metric == "mean squared error"
    for fold, (train, test) in enumerate(pairs(SPLITTERS[kind])):
        part = {} if weights is None else {f"{step}__sample_weight": weights[train] for step in ("scaler", "net")}
        for r, mix in enumerate(mixes):
            for a, alpha in enumerate(alphas):
                net = ElasticNet(alpha=alpha, l1_ratio=mix, tol=1e-13, max_iter=1_000_000)
                pipeline = make_pipeline(StandardScaler(), net)
                pipeline.steps = [("scaler", pipeline[0]), ("net", pipeline[1])]
                pipeline.fit(X[train], y[train], **part)
                for rows, score in ((train, result.train_score), (test, result.test_score)):
                    errors = (pipeline.predict(X[rows]) - y[rows]) ** 2
                    expected = np.average(errors, weights=None if weights is None else weights[rows])
                    assert score[r, a, fold] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("model", [LinearRegressorCV, LinearClassifierCV])
def test_every_fit_of_the_grid_is_certified_by_the_definition(model, storage):
    X, y, labels = table(n=N, p=5, seed=1)
    X = np.where(np.abs(X) > 0.3, X, 0)
    weights = weights_of(N)
    target = y if model is LinearRegressorCV else labels
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    splits = list(cv.split(X, labels))
    found = model(alphas=9, l1_ratio=[0.4, 1.0], cv=splits).fit(storage(X), target, weights)
    result = found.result_
    everything = [*splits, (np.arange(N), None)]
    for fold, (train, _) in enumerate(everything):
        for r, mix in enumerate(result.l1_ratios):
            for a, alpha in enumerate(result.alphas[r]):
                exact = Definition(X[train], target[train], alpha, mix, weights[train], loss=result.loss)
                gap = exact.gap(result.coef(r, a, fold), result.intercept(r, a, fold))
                assert gap <= 1e-6
                assert result.gaps[r, a, fold] <= 1e-6
    exact = Definition(X, target, found.alpha_, found.l1_ratio_, weights, loss=result.loss)
    assert exact.gap(np.ravel(found.coef_), np.ravel(found.intercept_)[0]) <= 1e-8
    assert found.gap_ <= 1e-8


@pytest.mark.parametrize("rule", ["min", "1se", "k=2", "within=5%"])
def test_the_model_is_the_one_that_the_rule_picks(rule):
    X, y, _ = table(p=10)
    model = LinearRegressorCV(rule=rule, cv=5, l1_ratio=[0.5, 1.0]).fit(X, y)
    chosen = model.result_.select(rule)
    assert (model.alpha_, model.l1_ratio_) == (chosen.alpha, chosen.l1_ratio)
    np.testing.assert_array_equal(model.alphas_, model.result_.alphas[chosen.ratio])
    assert np.count_nonzero(model.coef_) == chosen.n_features
    np.testing.assert_allclose(model.coef_, model.result_.coef(chosen.ratio, chosen.index), atol=1e-6)
    again = LinearRegressor(model.alpha_, l1_ratio=model.l1_ratio_).fit(X, y)
    np.testing.assert_allclose(model.coef_, again.coef_, atol=1e-8)


@pytest.mark.parametrize("scoring", ["neg_mean_absolute_error", "r2", make_scorer(mean_absolute_error)])
def test_scorers_of_a_regression_see_each_fold(scoring):
    X, y, _ = table(n=N)
    weights = weights_of(N) + 0.1
    found = LinearRegressorCV(alphas=[0.5, 0.01], cv=4, scoring=scoring).fit(X, y, weights).result_
    scorer = get_scorer(scoring)
    for fold, (train, test) in enumerate(KFold(4).split(X)):
        for a, alpha in enumerate([0.5, 0.01]):
            model = LinearRegressor(alpha).fit(X[train], y[train], weights[train])
            for rows, score in ((train, found.train_score), (test, found.test_score)):
                expected = -scorer(model, X[rows], y[rows], sample_weight=weights[rows])
                assert score[0, a, fold] == pytest.approx(expected, rel=1e-6)
    named = {"neg_mean_absolute_error": "mean absolute error", "r2": "minus r2"}
    assert found.metric == named.get(scoring, f"minus {scoring!r}")


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "accuracy", "f1", lambda m, X, y: m.score(X, y)])
def test_scorers_of_a_classification_see_each_fold(scoring):
    X, _, labels = table(n=N)
    model = LinearClassifierCV(alphas=[0.1, 0.01], cv=3, scoring=scoring).fit(sparse.csc_array(X), labels)
    for fold, (train, test) in enumerate(StratifiedKFold(3).split(X, labels)):
        for a, alpha in enumerate([0.1, 0.01]):
            single = LinearClassifier(alpha).fit(X[train], labels[train])
            expected = -get_scorer(scoring)(single, X[test], labels[test])
            assert model.result_.test_score[0, a, fold] == pytest.approx(expected, rel=1e-6)


def test_a_scorer_without_weights_works_with_weighted_rows():
    X, y, _ = table(n=N)
    model = LinearRegressorCV(alphas=[0.5, 0.01], cv=3, scoring="neg_max_error").fit(X, y, weights_of(N))
    assert np.all(np.isfinite(model.result_.test_score))


def test_a_scorer_may_predict_other_rows_than_those_of_the_fold():
    X, y, _ = table(n=N)

    def scoring(model, rows, target):
        np.testing.assert_allclose(model.predict(rows[:3]), model.predict(rows)[:3])
        np.testing.assert_allclose(model.predict(rows), rows @ model.coef_ + model.intercept_)
        return -np.abs(model.predict(rows) - target).max()

    LinearRegressorCV(alphas=[0.5, 0.01], cv=3, scoring=scoring).fit(X, y)


@pytest.mark.parametrize(
    ("scoring", "words"),
    [
        (lambda m, X, y: "good", "must return a number"),
        (lambda m, X, y: np.nan, "no fit of the grid has a finite score"),
    ],
)
def test_scores_that_are_no_numbers_are_refused(scoring, words):
    X, y, _ = table(n=N)
    with pytest.raises(ValueError, match=words):
        LinearRegressorCV(alphas=[0.5, 0.01], cv=3, scoring=scoring).fit(X, y)


@pytest.mark.parametrize("model", [LinearRegressorCV(alphas=5), LinearClassifierCV(alphas=5)])
def test_groups_stay_together(model):
    X, y, labels = table(n=N)
    target = labels if isinstance(model, LinearClassifierCV) else y
    groups = np.arange(N) // 5
    by_splitter = clone(model).set_params(cv=GroupKFold(4)).fit(X, target, groups=groups)
    assert by_splitter.result_.n_folds == 4
    by_number = clone(model).set_params(cv=4).fit(X, target, groups=groups)
    assert by_number.result_.n_folds == 4
    named = clone(model).set_params(cv=4).fit(X, target, groups=[f"g{g:02d}" for g in groups])
    np.testing.assert_array_equal(named.result_.test_score, by_number.result_.test_score)
    if isinstance(model, LinearRegressorCV):
        np.testing.assert_array_equal(by_number.result_.test_score, by_splitter.result_.test_score)


def test_metadata_routing_brings_groups_to_the_splitter_and_weights_to_the_scorer():
    X, y, _ = table(n=N)
    groups, weights = np.arange(N) // 5, weights_of(N) + 0.1
    plain = LinearRegressorCV(alphas=[0.5, 0.01], cv=GroupKFold(3)).fit(X, y, weights, groups)
    with config_context(enable_metadata_routing=True):
        model = LinearRegressorCV(alphas=[0.5, 0.01], cv=GroupKFold(3)).set_fit_request(sample_weight=True)
        direct = clone(model).fit(X, y, sample_weight=weights, groups=groups)
        np.testing.assert_array_equal(direct.result_.test_score, plain.result_.test_score)
        pipeline = make_pipeline(FunctionTransformer(), clone(model)).fit(X, y, sample_weight=weights, groups=groups)
        assert pipeline[-1].result_.n_folds == 3
        asking = clone(model).set_score_request(sample_weight=True)
        nested = cross_validate(asking, X, y, cv=GroupKFold(2), params={"groups": groups, "sample_weight": weights})
        assert np.all(nested["test_score"] > 0.5)
        with pytest.raises(TypeError, match="groups"):
            LinearRegressorCV(cv=3).fit(X, y, groups=groups)
        scored = clone(model).set_params(scoring="neg_mean_absolute_error")
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            scored.fit(X, y, sample_weight=weights, groups=groups)
        for asked in (True, False):
            scorer = get_scorer("neg_mean_absolute_error").set_score_request(sample_weight=asked)
            scored = clone(model).set_params(scoring=scorer).fit(X, y, sample_weight=weights, groups=groups)
            train, test = next(GroupKFold(3).split(X, y, groups))
            single = LinearRegressor(0.01).fit(X[train], y[train], weights[train])
            errors = np.abs(single.predict(X[test]) - y[test])
            expected = np.average(errors, weights=weights[test] if asked else None)
            assert scored.result_.test_score[0, 1, 0] == pytest.approx(expected, rel=1e-6)


def test_a_class_with_fewer_members_than_folds_gets_fewer_folds_and_a_warning():
    X, _, _ = table(n=N)
    rare = (np.arange(N) % 15 == 0).astype(int)
    with pytest.warns(DataWarning, match="class 1 has 4 members, fewer than cv=10 folds: 4 folds are used"):
        model = LinearClassifierCV(alphas=4).fit(X, rare)
    assert model.result_.n_folds == 4
    with pytest.raises(DataError, match="class True has 1 member"):
        LinearClassifierCV(alphas=4).fit(X, np.arange(N) == 0)


def test_a_splitter_is_asked_once():
    class Once(KFold):
        asked = 0

        def split(self, X, y=None, groups=None):
            self.asked += 1
            yield from super().split(X, y)

    X, y, _ = table(n=N)
    cv = Once(3, shuffle=True)  # unseeded: another call would give other folds
    model = LinearRegressorCV(cv=cv, l1_ratio=[0.5, 1.0]).fit(X, y)
    assert cv.asked == 1
    assert model.result_.n_folds == 3


def test_a_generator_of_pairs_is_used():
    X, y, _ = table(n=N)
    model = LinearRegressorCV(cv=KFold(3).split(X), alphas=[0.1]).fit(X, y)
    assert model.result_.n_folds == 3


def test_names_and_classes_reach_the_result():
    X, _, labels = table(n=N, p=3)
    frame = pd.DataFrame(X, columns=["age", "größe", "<b>"])
    model = LinearClassifierCV(alphas=3, cv=3).fit(frame, np.where(labels == 1, "yes", "no"))
    assert model.result_.feature_names == ("age", "größe", "<b>")
    assert model.result_.classes == ("no", "yes")
    assert list(model.feature_names_in_) == ["age", "größe", "<b>"]
    assert set(model.predict(frame)) <= {"no", "yes"}


@pytest.mark.parametrize(
    "labels",
    [
        np.arange(N) % 4,
        (np.arange(N) % 4).tolist(),
        pd.Series(np.array(["a", "b", "c", "d"])[np.arange(N) % 4]),
        np.arange(N) % 4 - 1,
    ],
)
def test_an_array_says_which_fold_holds_out_each_row(labels):
    X, y, _ = table(n=N)
    numbers = pd.factorize(labels)[0] if isinstance(labels, pd.Series) else np.asarray(labels)
    expected = LinearRegressorCV(alphas=5, cv=PredefinedSplit(numbers)).fit(X, y).result_
    found = LinearRegressorCV(alphas=5, cv=labels).fit(X, y).result_
    np.testing.assert_array_equal(found.test_score, expected.test_score)


@pytest.mark.parametrize(("labels", "words"), [(np.arange(5), "got 5 labels"), (np.zeros(N, int), "two folds or more")])
def test_an_array_of_folds_that_cannot_be_is_refused(labels, words):
    X, y, _ = table(n=N)
    with pytest.raises(UsageError, match=words):
        LinearRegressorCV(cv=labels).fit(X, y)


SCORERS = {
    "regression": [
        "neg_mean_absolute_error",
        "r2",
        "d2_absolute_error_score",
        "neg_median_absolute_error",
        "explained_variance",
    ],
    "classification": [
        "roc_auc",
        "average_precision",
        "accuracy",
        "balanced_accuracy",
        "neg_brier_score",
        "neg_log_loss",
        "f1",
        make_scorer(brier_score_loss, greater_is_better=False, response_method="predict_proba"),
        lambda model, X, y: float(np.mean(model.predict(X) == y)),
    ],
}


def named(scoring):
    return scoring if isinstance(scoring, str) else type(scoring).__name__


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rule", ["min", "1se", "k=3"])
@pytest.mark.parametrize("scoring", [*SCORERS["regression"], *SCORERS["classification"]], ids=named)
def test_any_scorer_scores_what_a_fit_on_the_fold_would(scoring, rule, weighted):
    X, y, labels = table(n=N)
    regression = scoring in SCORERS["regression"]
    target, alphas = (y, [0.4, 0.1, 0.01]) if regression else (labels, [0.1, 0.03, 0.01])
    weights = weights_of(N) + 0.1 if weighted else None
    one, many = (LinearRegressor, LinearRegressorCV) if regression else (LinearClassifier, LinearClassifierCV)
    splits = list(StratifiedKFold(4, shuffle=True, random_state=0).split(X, labels))
    model = many(alphas=alphas, cv=splits, scoring=scoring, rule=rule).fit(X, target, weights)
    scorer = get_scorer(scoring)
    passes = weighted and (isinstance(scoring, str) or hasattr(scoring, "_kwargs"))  # a plain function takes none
    scores = np.empty((3, 4))
    for fold, (train, test) in enumerate(splits):
        for a, alpha in enumerate(alphas):
            fitted = one(alpha).fit(X[train], target[train], None if weights is None else weights[train])
            options = {"sample_weight": weights[test]} if passes else {}
            scores[a, fold] = -scorer(fitted, X[test], target[test], **options)
    np.testing.assert_allclose(model.result_.test_score[0], scores, rtol=1e-5, atol=1e-8)
    held_out = np.array([(np.ones(N) if weights is None else weights)[test].sum() for _, test in splits])
    np.testing.assert_allclose(model.result_.mean[0], scores @ (held_out / held_out.sum()), rtol=1e-5, atol=1e-8)
    chosen = model.result_.select(rule)
    assert model.alpha_ == alphas[chosen.index]


def test_later_rows_are_predicted_from_earlier_ones_and_rows_never_held_out_have_no_score():
    X, y, _ = table(n=N)
    found = LinearRegressorCV(alphas=[0.1], cv=TimeSeriesSplit(4, test_size=9)).fit(X, y).result_
    np.testing.assert_allclose(found.fold_weights, 0.25)
    sizes = [len(train) for train, _ in TimeSeriesSplit(4, test_size=9).split(X)]
    assert sizes == [24, 33, 42, 51]
    errors = found.test_score[0, 0]
    assert found.mean[0, 0] == pytest.approx(errors.mean())
    assert found.se[0, 0] == pytest.approx(errors.std(ddof=1) / 2)
    assert found.repeats is None
