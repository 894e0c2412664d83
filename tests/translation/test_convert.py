"""Each edge by fitting both sides; of Spark and H2O, which need Java, a twin of their documented objective."""

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.preprocessing import StandardScaler

from shrinkwise import ElasticNet, LinearClassifier, LinearRegressor, UsageError, from_glmnet, from_keras, translate
from shrinkwise.translation.systems import SYSTEMS
from tests.linear.data import table
from tests.oracles.glmnet_fits import glmnet_fits

X, Y, CLASS = table(n=90, p=5)
COUNT = np.round(np.exp(0.3 * Y)).clip(0, 30)
TARGETS = {"squared": Y, "logistic": CLASS, "poisson": COUNT}


def ours(alpha, l1_ratio, loss, standardize):
    if loss == "logistic":
        return LinearClassifier(alpha, l1_ratio=l1_ratio, standardize=standardize, tol=1e-12).fit(X, CLASS)
    return LinearRegressor(alpha, l1_ratio=l1_ratio, loss=loss, standardize=standardize, tol=1e-12).fit(
        X, TARGETS[loss]
    )


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("to", [name for name in SYSTEMS if name not in ("ridge", "sgd")])
def test_there_and_back_is_where_one_was(to, loss, l1_ratio):
    about = {"n": 90, "loss": loss, "y_sd": 2.5}
    there = translate(0.2, l1_ratio, to=to, **about)
    back = translate(there.parameters, source=there.system, **about)
    assert back.parameters == pytest.approx({"alpha": 0.2, "l1_ratio": l1_ratio})


def test_from_one_to_another_is_by_way_of_ours():
    given = {"lambda": 0.3, "alpha": 0.25}
    here = translate(given, source="glmnet", y_sd=2.0).parameters
    assert translate(given, n=50, source="glmnet", to="spark", y_sd=2.0).parameters == pytest.approx(
        translate(**here, n=50, to="spark", y_sd=2.0).parameters
    )


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_fits_of_glmnet_are_ours_with_translated_parameters(family):
    """R's fits are fixtures: tests/oracles/glmnet."""
    loss, seen = {"gaussian": "squared", "binomial": "logistic"}.get(family, family), 0
    for fit in glmnet_fits(family):
        plain = np.all(fit.penalty_weights == 1) and np.isinf(fit.lower) and np.isinf(fit.upper) and fit.fit_intercept
        if not plain or fit.offset is not None:
            continue
        theirs = {"lambda": fit.alpha, "alpha": fit.l1_ratio}
        y_sd = fit.ridge_unit
        found = translate(theirs, source="glmnet", loss=loss, standardize=fit.standardize, y_sd=y_sd)
        kind = LinearClassifier if family == "binomial" else LinearRegressor
        model = kind(**found.parameters, **found.options, tol=1e-10).fit(fit.X, fit.y, fit.sample_weight)
        np.testing.assert_allclose(np.ravel(model.coef_) * fit.scale, fit.coef * fit.scale, rtol=1e-7, atol=1e-7)
        penalty, alpha = from_glmnet(fit.alpha, fit.l1_ratio, loss=loss, y_sd=y_sd)
        assert alpha * penalty.rows(1).l1[0] == pytest.approx(found.parameters["alpha"] * found.parameters["l1_ratio"])
        l2 = found.parameters["alpha"] * (1 - found.parameters["l1_ratio"])
        assert alpha * penalty.rows(1).l2[0] == pytest.approx(l2)
        seen += 1
    assert seen >= 15


def test_penalty_factors_of_glmnet_sum_to_the_number_of_features():
    penalty, _ = from_glmnet(0.1, penalty_factor=[1, 0, 2, 2])
    np.testing.assert_allclose(penalty.penalty_weights, [0.8, 0, 1.6, 1.6])


@pytest.mark.parametrize(
    ("loss", "l1_ratio"), [("squared", 0.4), ("squared", 0.0), ("logistic", 0.3), ("poisson", 0.0)]
)
def test_scikit_learn_has_our_coefficients(loss, l1_ratio):
    found = translate(0.1, l1_ratio, n=90, to="sklearn", loss=loss, standardize=False)
    kind = getattr(linear_model, found.estimator.rsplit(".", 1)[1])
    theirs = kind(**found.parameters, **found.options, tol=1e-9, max_iter=50_000).fit(X, TARGETS[loss])
    np.testing.assert_allclose(np.ravel(ours(0.1, l1_ratio, loss, False).coef_), np.ravel(theirs.coef_), atol=1e-4)


def test_a_package_that_does_not_standardize_is_given_standardized_columns():
    found = translate(0.1, 0.4, to="sklearn")
    assert "standardized" in found.note
    theirs = linear_model.ElasticNet(**found.parameters, tol=1e-10).fit(StandardScaler().fit_transform(X), Y)
    np.testing.assert_allclose(ours(0.1, 0.4, "squared", True).coef_ * X.std(axis=0), theirs.coef_, atol=1e-6)


def minimized(design, y, loss, l1, l2):
    """argmin of the mean loss + Σ l1 |w| + l2/2 w² by proximal gradient steps, the intercept a column of ones."""
    A = np.column_stack([design, np.ones(len(y))])
    l1, l2 = (np.append(np.full(design.shape[1], part), 0.0) for part in (l1, l2))
    mean = {"squared": lambda eta: eta, "logistic": lambda eta: 1 / (1 + np.exp(-eta))}[loss]
    step = 1 / (np.linalg.norm(A, 2) ** 2 / len(y) * (1.0 if loss == "squared" else 0.25) + np.max(l2))
    w = np.zeros(A.shape[1])
    for _ in range(20_000):
        v = w - step * (A.T @ (mean(A @ w) - y) / len(y) + l2 * w)
        new = np.sign(v) * np.maximum(np.abs(v) - step * l1, 0)
        if np.max(np.abs(new - w)) < 1e-13:
            break
        w = new
    return w[:-1]


def spark(loss, standardize, regParam, elasticNetParam):
    """Coefficients by the objective that Spark documents (WeightedLeastSquares; LogisticRegression)."""
    if loss == "squared":  # y and columns divided by population sds, λ by sd(y)
        sd, unit = X.std(axis=0), Y.std()
        strength = regParam / unit
    else:
        sd, unit, strength = X.std(axis=0, ddof=1), 1.0, regParam
    weight = 1.0 if standardize else 1 / sd  # of |w| in standardized columns; its square of w²
    y = (Y - Y.mean()) / unit if loss == "squared" else CLASS
    l1, l2 = strength * elasticNetParam * weight, strength * (1 - elasticNetParam) * weight**2
    columns = (X - X.mean(axis=0)) / sd
    return minimized(columns, y, loss, l1, l2) * unit / sd


def h2o(loss, standardize, lambda_, alpha):
    """Coefficients by the objective that H2O documents: 1/N log-likelihood − λ (α Σ|w| + (1 − α)/2 Σ w²)."""
    sd = X.std(axis=0, ddof=1) if standardize else np.ones(X.shape[1])
    center = X.mean(axis=0)
    return minimized((X - center) / sd, TARGETS[loss] * 1.0, loss, lambda_ * alpha, lambda_ * (1 - alpha)) / sd


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("twin", [spark, h2o])
def test_documented_objectives_have_our_coefficients(twin, loss, l1_ratio, standardize):
    found = translate(0.05, l1_ratio, n=90, to=twin.__name__, loss=loss, standardize=standardize, y_sd=Y.std())
    expected = ours(0.05, l1_ratio, loss, standardize)
    np.testing.assert_allclose(twin(loss, standardize, **found.parameters), np.ravel(expected.coef_), atol=1e-6)
    assert "not run" in found.note


def test_of_keras_the_mean_of_squares_has_no_half():
    assert translate(0.2, 0.5, to="keras").parameters == pytest.approx({"l1": 0.2, "l2": 0.1})
    assert translate(0.2, 0.5, to="keras", loss="logistic").parameters == pytest.approx({"l1": 0.1, "l2": 0.05})
    assert translate(0.2, 0.0, to="sgd").parameters == pytest.approx({"weight_decay": 0.4})


def test_without_a_penalty_nothing_is_translated_to_something():
    for to in SYSTEMS:
        l1_ratio = 0.0 if to in ("ridge", "sgd") else 1.0
        found = translate(0.0, l1_ratio, n=10, to=to, loss="squared", y_sd=1.0).parameters
        assert all(value == 0 or name in ("l1_ratio", "alpha", "elasticNetParam") for name, value in found.items())
    assert translate(0.0, n=10, to="sklearn", loss="logistic").parameters["C"] == np.inf
    back = translate({"C": np.inf, "l1_ratio": 0.0}, n=10, source="sklearn", loss="logistic")
    assert back.parameters["alpha"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "adamw"}, "weight_decay of AdamW is no penalty"),
        ({"alpha": {"weight_decay": 0.1}, "source": "adamw"}, "weight_decay of AdamW is no penalty"),
        ({"to": "weka"}, "systems are shrinkwise, sklearn, ridge"),
        ({"to": "ridge", "l1_ratio": 0.0}, "give n"),
        ({"to": "ridge", "n": 9}, "L2 penalty alone"),
        ({"to": "sklearn", "loss": "logistic"}, "give n"),
        ({"to": "sklearn", "loss": "poisson"}, "PoissonRegressor has an L2 penalty alone"),
        ({"to": "sklearn", "loss": "huber"}, "scikit-learn has no loss 'huber'"),
        ({"to": "glmnet", "l1_ratio": 0.5}, "give y_sd=np.std"),
        ({"to": "glmnet", "loss": "gamma"}, "glmnet has no loss 'gamma'"),
        ({"to": "spark", "l1_ratio": 0.5}, "give y_sd=np.std"),
        ({"to": "spark", "loss": "logistic"}, "n − 1: give n"),
        ({"to": "h2o"}, "n − 1: give n"),
        ({"to": "sgd"}, "use l1_ratio=0"),
        ({"to": "keras", "loss": "gamma"}, "Keras has no loss 'gamma'"),
        ({"source": "glmnet"}, "by their names there"),
        ({"alpha": {"lambda": 1.0}, "source": "glmnet"}, "parameters must be lambda and alpha, got lambda"),
        ({"alpha": {"alpha": 1.0}, "source": "sklearn"}, "alpha alone is one thing for Lasso"),
        ({"alpha": {"lambda": 1.0, "alpha": 2.0}, "source": "glmnet"}, "alpha must be in"),
        ({"alpha": -1.0}, "alpha must be >= 0"),
        ({"l1_ratio": 1.5}, "l1_ratio must be in"),
    ],
)
def test_what_cannot_be_translated_says_why(options, message):
    with pytest.raises(UsageError, match=message):
        translate(**{"alpha": 0.1} | options)


def test_lassos_need_no_spread_of_the_target():
    assert translate(0.1, 1.0, to="glmnet").parameters == {"lambda": 0.1, "alpha": 1.0}
    assert translate(0.1, 1.0, to="spark").parameters == {"regParam": 0.1, "elasticNetParam": 1.0}


def test_cox_regression_is_the_same_in_glmnet():
    found = translate(0.1, 0.5, to="glmnet", loss="cox")
    assert (found.parameters, found.options["family"]) == ({"lambda": 0.1, "alpha": 0.5}, "cox")
    assert translate(found.parameters, source="glmnet", loss="cox").estimator == "shrinkwise.CoxRegressor"


def test_a_regularizer_is_read_by_its_factors():
    class L1:
        l1 = 0.4

    penalty, alpha = from_keras(L1())
    assert (alpha, penalty.l1_ratio) == (0.2, 1.0)
    assert from_keras(None)[1] == 0
    assert isinstance(from_keras(L1(), loss="logistic")[0], ElasticNet)
    with pytest.raises(UsageError, match="must be L1, L2 or L1L2"):
        from_keras(object())
