"""Ours, translated, has the coefficients of scikit-learn's estimator: both are fitted."""

import warnings

import numpy as np
import pytest
from sklearn import linear_model as sk
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from shrinkwise import LinearClassifier, LinearRegressor, UsageError, from_sklearn
from tests.linear.data import table, weights_of

X, Y, CLASS = table(n=90, p=5)
COUNT = np.round(np.exp(0.3 * Y)).clip(0, 30)
AMOUNT = np.exp(0.3 * Y)
TIGHT = {"tol": 1e-12, "max_iter": 100_000}
STEEP = {"tol": 1e-10, "max_iter": 5000}

REGRESSIONS = [
    (sk.LinearRegression(), Y),
    (sk.LinearRegression(positive=True), Y),
    (sk.Lasso(alpha=0.1, **TIGHT), Y),
    (sk.Lasso(alpha=0.1, positive=True, **TIGHT), Y),
    (sk.Lasso(alpha=0.2, fit_intercept=False, **TIGHT), Y),
    (sk.ElasticNet(alpha=0.3, l1_ratio=0.4, **TIGHT), Y),
    (sk.Ridge(alpha=7.0), Y),
    (sk.Ridge(alpha=7.0, fit_intercept=False), Y),
    (sk.PoissonRegressor(alpha=0.3, **STEEP), COUNT),
    (sk.GammaRegressor(alpha=0.3, **STEEP), AMOUNT),
    (sk.TweedieRegressor(power=1.5, alpha=0.3, link="log", **STEEP), COUNT),
    (sk.TweedieRegressor(power=0, alpha=0.3, **STEEP), Y),
    (sk.TweedieRegressor(power=1, alpha=0.3, **STEEP), COUNT),
]
CLASSIFICATIONS = [
    sk.LogisticRegression(C=0.3, **STEEP),
    sk.LogisticRegression(C=0.3, fit_intercept=False, **STEEP),
    sk.LogisticRegression(C=np.inf, **STEEP),
    sk.LogisticRegression(C=0.1, l1_ratio=1.0, solver="saga", tol=1e-10, max_iter=100_000),
    sk.LogisticRegression(C=0.2, l1_ratio=0.4, solver="saga", tol=1e-10, max_iter=100_000),
]


def close(ours, theirs, limit=1e-5):
    np.testing.assert_allclose(np.ravel(ours), np.ravel(theirs), rtol=0, atol=limit * max(1.0, np.max(np.abs(theirs))))


def words(pair):
    return str(pair[0]) if isinstance(pair, tuple) else str(pair)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("pair", REGRESSIONS, ids=words)
def test_regressions_have_the_same_coefficients(pair, weighted):
    estimator, y = pair
    weights = weights_of(len(y)) if weighted else np.ones(len(y))
    theirs = estimator.fit(X, y, sample_weight=weights)
    ours = from_sklearn(estimator, n=weights.sum()).fit(X, y, weights)
    assert isinstance(ours, LinearRegressor)
    close(ours.coef_, theirs.coef_)
    close(ours.intercept_, theirs.intercept_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("estimator", CLASSIFICATIONS, ids=words)
def test_classifications_have_the_same_coefficients(estimator, weighted):
    weights = weights_of(len(Y)) if weighted else np.ones(len(Y))
    theirs = estimator.fit(X, CLASS, sample_weight=weights)
    ours = from_sklearn(estimator, n=weights.sum()).fit(X, CLASS, weights)
    assert isinstance(ours, LinearClassifier)
    close(ours.coef_, theirs.coef_, 1e-4)
    close(ours.intercept_, theirs.intercept_, 1e-4)


def test_three_classes_have_the_same_coefficients():
    label = np.digitize(Y, [-1.0, 1.5])
    theirs = sk.LogisticRegression(C=0.3, **STEEP).fit(X, label)
    close(from_sklearn(theirs, n=90).fit(X, label).coef_, theirs.coef_, 1e-4)


@pytest.mark.parametrize(
    "estimator",
    [sk.MultiTaskLasso(alpha=0.2, tol=1e-8), sk.MultiTaskElasticNet(alpha=0.2, l1_ratio=0.5, tol=1e-8)],
    ids=words,
)
def test_several_targets_have_the_same_coefficients(estimator):
    several = np.column_stack([Y, Y**2 / 5, X[:, 4]])
    theirs = estimator.fit(X, several)
    close(from_sklearn(theirs).fit(X, several).coef_, theirs.coef_)


@pytest.mark.parametrize(
    ("search", "plain"),
    [
        (sk.LassoCV(cv=3), lambda found: sk.Lasso(alpha=found.alpha_)),
        (
            sk.ElasticNetCV(cv=3, l1_ratio=[0.3, 0.8]),
            lambda found: sk.ElasticNet(alpha=found.alpha_, l1_ratio=found.l1_ratio_),
        ),
        (sk.RidgeCV([0.1, 3.0]), lambda found: sk.Ridge(alpha=found.alpha_)),
    ],
    ids=["lasso", "elastic net", "ridge"],
)
def test_of_a_search_it_is_what_was_chosen(search, plain):
    with pytest.raises(UsageError, match="fit it first"):
        from_sklearn(search, n=90)
    found = search.fit(X, Y)
    assert repr(from_sklearn(found, n=90)) == repr(from_sklearn(plain(found), n=90))


def test_of_a_search_for_a_classifier_it_is_what_was_chosen():
    with warnings.catch_warnings():  # of defaults that will change
        warnings.simplefilter("ignore")
        found = sk.LogisticRegressionCV(Cs=[0.1, 1.0], cv=3).fit(X, CLASS)
    (inverse,) = np.unique(found.C_)
    assert from_sklearn(found, n=90).alpha == pytest.approx(1 / (90 * inverse))
    assert from_sklearn(found, n=90).l1_ratio == 0


def test_a_scaler_before_it_is_our_standardization():
    theirs = make_pipeline(StandardScaler(), sk.Lasso(alpha=0.2, **TIGHT)).fit(X, Y)
    ours = from_sklearn(theirs).fit(X, Y)
    assert ours.standardize
    close(ours.predict(X), theirs.predict(X))


def test_stochastic_descent_has_the_same_objective():
    scaled = StandardScaler().fit_transform(X)
    theirs = sk.SGDRegressor(penalty="elasticnet", alpha=0.1, l1_ratio=0.3, max_iter=2000, tol=None)
    ours = from_sklearn(theirs).fit(scaled, Y)
    close(ours.coef_, theirs.set_params(random_state=0).fit(scaled, Y).coef_, 0.02)  # noise of its last steps
    assert repr(from_sklearn(sk.SGDClassifier(loss="log_loss", alpha=0.1))) == repr(
        LinearClassifier(0.1, l1_ratio=0.0, standardize=False)
    )
    assert from_sklearn(sk.SGDRegressor(penalty=None)).alpha == 0


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (sk.Ridge(), "give n, the number of rows"),
        (sk.LogisticRegression(), "give n, the number of rows"),
        (sk.Ridge(alpha=np.array([1.0, 2.0])), "here is one number for all"),
        (sk.HuberRegressor(), "HuberRegressor has no twin here"),
        (LinearRegressor(), "LinearRegressor has no twin here"),
        (sk.LogisticRegression(solver="liblinear"), "penalizes the intercept"),
        (sk.LogisticRegression(class_weight="balanced"), "as sample_weight"),
        (sk.SGDClassifier(), "we have loss='log_loss' alone, got 'hinge'"),
        (sk.TweedieRegressor(power=3), "power 3 with link 'auto' has no twin"),
        (sk.TweedieRegressor(power=1.5, link="identity"), "has no twin"),
        (make_pipeline(MinMaxScaler(), sk.Lasso()), "one StandardScaler"),
        (make_pipeline(StandardScaler(with_mean=False), sk.Lasso()), "one StandardScaler"),
        (make_pipeline(StandardScaler(), sk.Lasso(fit_intercept=False)), "centers columns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_twin_says_why(estimator, message):
    with pytest.raises(UsageError, match=message):
        from_sklearn(estimator)


def test_what_inherits_from_an_estimator_may_have_another_objective():
    class Mine(sk.Lasso):
        pass

    with pytest.raises(UsageError, match="Mine has no twin"):
        from_sklearn(Mine())
