"""More than two classes, and several columns of y: beside scikit-learn's estimators, and one column at a time."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, MultiTaskElasticNet, MultiTaskLasso
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold

from shrinkwise import (
    DataError,
    LinearClassifier,
    LinearClassifierCV,
    LinearRegressor,
    LinearRegressorCV,
    UsageError,
)

NAMES = np.array(["oak", "ash", "elm"])
CLOSE = 1e-6


def table(n=90, p=5, seed=0):
    """(X, labels of three classes, three targets)."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ np.diag(2.0 ** np.arange(p) / 4) + 1.0
    B = np.zeros((p, 3))
    B[:3] = rng.standard_normal((3, 3)) / X[:, :3].std(axis=0)[:, None]
    eta = (X - 1) @ B
    labels = NAMES[np.argmax(eta + rng.gumbel(size=(n, 3)), axis=1)]
    return X, labels, eta + 0.5 * rng.standard_normal((n, 3)) + [5.0, 0.0, -1.0]


X, LABELS, Y = table()
WEIGHTS = np.random.default_rng(9).integers(0, 4, len(X)) * 1.0


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_ridge_of_three_classes_has_scikit_learns_coefficients(fit_intercept, weights):
    alpha = 0.02
    ours = LinearClassifier(alpha, l1_ratio=0, standardize=False, fit_intercept=fit_intercept, tol=1e-13)
    total = len(X) if weights is None else weights.sum()
    theirs = LogisticRegression(C=1 / (alpha * total), fit_intercept=fit_intercept, tol=1e-10, max_iter=10_000)
    for model in (ours, theirs):
        model.fit(X, LABELS, sample_weight=weights)
    assert ours.classes_.tolist() == theirs.classes_.tolist() == ["ash", "elm", "oak"]
    assert ours.coef_.shape == theirs.coef_.shape == (3, 5)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=CLOSE)
    np.testing.assert_allclose(
        ours.intercept_, theirs.intercept_ - theirs.intercept_.mean(), atol=CLOSE
    )  # only their differences are determined
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=CLOSE)
    np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), atol=10 * CLOSE)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X, LABELS, weights) == theirs.score(X, LABELS, weights)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.6])
def test_an_elastic_net_of_three_classes_has_scikit_learns_coefficients(l1_ratio):
    alpha, Z = 0.02, (X - X.mean(axis=0)) / X.std(axis=0)
    ours = LinearClassifier(alpha, l1_ratio=l1_ratio, standardize=False, tol=1e-13).fit(Z, LABELS)
    theirs = LogisticRegression(
        C=1 / (alpha * len(X)), l1_ratio=l1_ratio, solver="saga", tol=1e-10, max_iter=100_000, random_state=0
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)  # the l1_ratio of versions before 1.8
        theirs.fit(Z, LABELS)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_array_equal(ours.coef_ != 0, theirs.coef_ != 0)
    np.testing.assert_allclose(ours.predict_proba(Z), theirs.predict_proba(Z), atol=1e-5)


@pytest.mark.parametrize(("l1_ratio", "peer"), [(1.0, MultiTaskLasso), (0.5, MultiTaskElasticNet)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_grouped_columns_of_y_have_the_coefficients_of_the_multi_task_lasso(l1_ratio, peer, fit_intercept):
    mix = {} if peer is MultiTaskLasso else {"l1_ratio": l1_ratio}
    inside = []
    away = Y - Y.mean(axis=0) * fit_intercept
    top = np.max(np.linalg.norm((X - X.mean(axis=0) * fit_intercept).T @ away, axis=1)) / len(X) / l1_ratio
    for alpha in (0.01 * top, 0.6 * top):
        theirs = peer(alpha=alpha, fit_intercept=fit_intercept, tol=1e-14, max_iter=100_000, **mix).fit(X, Y)
        ours = LinearRegressor(alpha, standardize=False, fit_intercept=fit_intercept, grouped_outputs=True, tol=1e-13)
        ours.set_params(**mix).fit(X, Y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=CLOSE)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=10 * CLOSE)
        np.testing.assert_array_equal(ours.coef_ != 0, theirs.coef_ != 0)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=10 * CLOSE)
        assert ours.score(X, Y) == pytest.approx(theirs.score(X, Y), abs=CLOSE)
        inside.append(np.count_nonzero(ours.coef_))
    assert 0 < inside[1] < inside[0]


@pytest.mark.parametrize("options", [{}, {"l1_ratio": 0.3, "fit_intercept": False}, {"lower": 0.0, "ridge_unit": 2.0}])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_columns_of_y_that_are_not_grouped_are_fitted_one_by_one(options, weights):
    model = LinearRegressor(0.1, **options, tol=1e-13)
    together = clone(model).fit(X, Y, weights)
    assert together.coef_.shape == (3, 5)
    for k in range(3):
        alone = clone(model).fit(X, Y[:, k], weights)
        np.testing.assert_allclose(together.coef_[k], alone.coef_, atol=1e-7)
        np.testing.assert_allclose(together.intercept_[k], alone.intercept_, atol=1e-6)
        np.testing.assert_allclose(together.predict(X)[:, k], alone.predict(X), atol=1e-6)


@pytest.mark.parametrize("grouped", [False, True])
def test_weights_are_repeated_rows(grouped):
    counts = WEIGHTS.astype(int)
    for model, y in ((LinearClassifier(0.02), LABELS), (LinearRegressor(0.1), Y)):
        model = model.set_params(grouped_outputs=grouped, l1_ratio=0.8, tol=1e-13)
        weighted = clone(model).fit(X, y, WEIGHTS)
        repeated = clone(model).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts, axis=0))
        np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
        np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-6)


@pytest.mark.parametrize("labels", [LABELS, np.unique(LABELS, return_inverse=True)[1] * 10 - 3, LABELS.astype(object)])
def test_predictions_have_the_shapes_and_labels_of_a_classifier(labels):
    for model in (LinearClassifier(0.01), LinearClassifierCV(alphas=4, cv=3)):
        model.fit(X, labels)
        assert model.coef_.shape == (3, 5)
        assert model.intercept_.shape == (3,)
        assert model.decision_function(X).shape == model.predict_proba(X).shape == (90, 3)
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-14)
        np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X), rtol=1e-12)
        np.testing.assert_array_equal(model.predict(X), model.classes_[np.argmax(model.decision_function(X), axis=1)])
        assert model.predict(X).dtype == model.classes_.dtype
        far = model.predict_log_proba(1e6 * X[:5])
        assert np.all(np.isfinite(far))


def test_grouped_classes_take_a_feature_for_all_or_for_none():
    model = LinearClassifier(0.08, grouped_outputs=True).fit(X, LABELS)
    inside = model.coef_ != 0
    assert 0 < inside.any(axis=0).sum() < 5
    np.testing.assert_array_equal(inside.any(axis=0), inside.all(axis=0))
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-7)


def brute_force(model, target, alphas, splits, score, **options):
    """Mean of a held-out score for each strength."""
    means = []
    for alpha in alphas:
        parts = []
        for train, test in splits:
            fold = clone(model).set_params(alpha=alpha, tol=1e-12, **options).fit(X[train], target[train])
            parts.append((score(fold, test), len(test)))
        means.append(np.average([value for value, _ in parts], weights=[size for _, size in parts]))
    return np.array(means)


SCORES = {
    None: lambda model, test: log_loss(LABELS[test], model.predict_proba(X[test])),
    "neg_log_loss": lambda model, test: log_loss(LABELS[test], model.predict_proba(X[test])),
    "accuracy": lambda model, test: -accuracy_score(LABELS[test], model.predict(X[test])),
}


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("scoring", SCORES)
def test_held_out_scores_of_classes_equal_a_loop_over_folds(scoring, grouped):
    splits = list(StratifiedKFold(3).split(X, LABELS))
    search = LinearClassifierCV(alphas=4, cv=splits, scoring=scoring, rule="min", tol=1e-10, grouped_outputs=grouped)
    search.fit(X, LABELS)
    grid = search.result_
    expected = brute_force(LinearClassifier(grouped_outputs=grouped), LABELS, grid.alphas[0], splits, SCORES[scoring])
    np.testing.assert_allclose(grid.mean[0], expected, atol=1e-6)
    null = [SCORES[scoring](LinearClassifier(np.inf).fit(X[train], LABELS[train]), test) for train, test in splits]
    np.testing.assert_allclose(grid.null_score, null, atol=1e-9)
    assert search.alpha_ == grid.alphas[0, np.argmin(grid.mean[0])]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("grouped", [False, True])
def test_held_out_scores_of_columns_of_y_equal_a_loop_over_folds(grouped, fit_intercept):
    splits = list(KFold(3).split(X))
    options = {"grouped_outputs": grouped, "fit_intercept": fit_intercept}
    kept = LinearRegressor(**options)
    for scoring, factor in ((None, 3.0), ("neg_mean_squared_error", 1.0)):  # their mean squared errors add up
        search = LinearRegressorCV(alphas=4, cv=splits, scoring=scoring, rule="min", tol=1e-10, **options).fit(X, Y)
        grid = search.result_
        expected = brute_force(
            kept, Y, grid.alphas[0], splits, lambda m, test: mean_squared_error(Y[test], m.predict(X[test]))
        )
        np.testing.assert_allclose(grid.mean[0], factor * expected, rtol=1e-6)
        null = np.array([Y[train].mean(axis=0) * fit_intercept for train, _ in splits])
        by_hand = [mean_squared_error(Y[test], np.tile(b, (len(test), 1))) for b, (_, test) in zip(null, splits)]
        np.testing.assert_allclose(grid.null_score, factor * np.array(by_hand), rtol=1e-12)


def test_a_search_without_intercept_scores_its_null_model():
    for scoring in (None, "accuracy"):
        search = LinearClassifierCV(alphas=3, cv=3, scoring=scoring, fit_intercept=False).fit(X, LABELS)
        assert search.result_.null_score.shape == (3,)
        assert not np.any(search.intercept_)
    np.testing.assert_allclose(
        LinearClassifierCV(alphas=3, cv=3, fit_intercept=False).fit(X, LABELS).result_.null_score, np.log(3)
    )


@pytest.mark.parametrize("rule", ["min", "1se", "k=2", "within=5%", "aic", "aicc", "bic", "ebic"])
def test_every_rule_chooses_among_fits_of_several_outputs(rule):
    for model, y in ((LinearClassifierCV(), LABELS), (LinearRegressorCV(), Y)):
        for grouped in (False, True):
            chosen = clone(model).set_params(alphas=8, cv=3, rule=rule, grouped_outputs=grouped).fit(X, y)
            assert chosen.converged_
            assert chosen.coef_.shape == (3, 5)
            assert np.count_nonzero(np.any(chosen.coef_, axis=0)) <= (2 if rule == "k=2" else 5)
            assert len(chosen.result_.table(rule)) >= 2


def test_a_class_that_a_training_set_lacks_is_named():
    rows = np.arange(90)
    elm = LABELS == "elm"
    splits = [(rows[~elm], rows[elm]), (rows[elm], rows[~elm])]
    with pytest.raises(DataError, match=r"training rows of fold 1 hold no row of class number 2 .*stratified"):
        LinearClassifierCV(cv=splits).fit(X, LABELS)


@pytest.mark.parametrize("model", [LinearClassifier(), LinearClassifierCV(cv=3)])
def test_a_class_whose_rows_have_no_weight_is_named(model):
    with pytest.raises(DataError, match="the weights of class 'elm' are all zero; leave its rows out"):
        model.fit(X, LABELS, sample_weight=(LABELS != "elm") * 1.0)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (LinearClassifier(), LABELS),
        (LinearClassifierCV(cv=3), LABELS),
        (LinearRegressor(), Y),
        (LinearRegressorCV(cv=3), Y),
    ],
)
def test_an_offset_of_several_predictors_is_refused(model, y):
    with pytest.raises(UsageError, match="offset needs one predictor a row, but there are 3"):
        model.fit(X, y, offset=np.ones(90))
    fitted = model.fit(X, y)
    with pytest.raises(UsageError, match="offset needs one predictor a row, but there are 3"):
        fitted.predict(X, offset=np.ones(90))


@pytest.mark.parametrize("loss", ["poisson", "huber", "quantile:0.7"])
@pytest.mark.parametrize("model", [LinearRegressor, LinearRegressorCV])
def test_other_losses_take_one_column_of_y(model, loss):
    with pytest.raises(UsageError, match=f"loss '{loss}' needs a y of one column, got 3; fit each by itself"):
        model(loss=loss).fit(X, np.abs(Y))


def test_a_classifier_takes_one_column_of_labels():
    with pytest.raises(ValueError, match="1d array"):
        LinearClassifier().fit(X, np.column_stack([LABELS, LABELS]))


def test_grouped_outputs_of_one_predictor_is_the_plain_penalty():
    for model, y in ((LinearRegressor(0.1), Y[:, 0]), (LinearClassifier(0.02), LABELS == "elm")):
        plain, grouped = clone(model).fit(X, y), clone(model).set_params(grouped_outputs=True).fit(X, y)
        np.testing.assert_array_equal(plain.coef_, grouped.coef_)


def test_separable_classes_say_that_no_finite_fit_exists():
    flowers, _ = load_iris(return_X_y=True)
    search = LinearClassifierCV(alphas=6, cv=3).fit(flowers, np.digitize(flowers[:, 3], [0.8, 1.65]))
    free = search.result_.unpenalized
    assert not free.converged
    assert free.note == "the classes can be separated, so that coefficients grow without end"
    assert search.converged_
