import numpy as np
import pytest
from scipy import sparse, stats

from shrinkwise import UsageError, fit_grid
from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis import DebiasedIntervals
from shrinkwise.diagnosis.debiased import debiased_intervals
from shrinkwise.exceptions import DataError
from tests.grid.splits import folds
from tests.linear.data import table, weights_of
from tests.result.networks import network_grid


def grid(X, y, loss="squared", **options):
    options = {"alphas": 20, "extend": False, "unpenalized": False} | options
    return fit_grid(X, y, folds(len(y), 5), loss=loss, **options)


def intervals(X, y, loss="squared", features=None, **options):
    return debiased_intervals(X, y, grid(X, y, loss), "min", loss=loss, features=features, **options)


def toeplitz(n, p, nonzero, seed, loss="squared"):
    """Data that satisfy the assumptions, and the true coefficients."""
    rng = np.random.default_rng(seed)
    X, beta = rng.standard_normal((n, p)), np.zeros(p)
    for j in range(1, p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    beta[rng.choice(p, nonzero, replace=False)] = rng.uniform(0.3, 1, nonzero) * rng.choice([-1, 1], nonzero)
    noise = rng.standard_normal(n)
    if loss == "squared":
        return X, X @ beta + noise, beta, noise
    return X, (rng.random(n) < 1 / (1 + np.exp(-X @ beta))).astype(float), beta, noise


def least_squares(X, y, weights, intercept, level):
    """Intervals of a textbook."""
    A = np.column_stack([X, np.ones(len(y))]) if intercept else X
    inverse = np.linalg.inv(A.T @ (weights[:, None] * A))
    coef = inverse @ A.T @ (weights * y)
    freedom = np.count_nonzero(weights) - A.shape[1]
    se = np.sqrt(np.diag(inverse) * (weights @ (y - A @ coef) ** 2) / freedom)[: X.shape[1]]
    half = stats.t.ppf((1 + level) / 2, freedom) * se
    return coef[: X.shape[1]], se, coef[: X.shape[1]] - half, coef[: X.shape[1]] + half


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_with_many_rows_intervals_are_those_of_least_squares(intercept, weighted):
    X, y, _ = table()
    weights = weights_of(len(y)) if weighted else np.ones(len(y))
    result = grid(X, y, sample_weight=weights, fit_intercept=intercept)
    found = debiased_intervals(
        X, y, result, loss="squared", features=range(6), level=0.9, sample_weight=weights, fit_intercept=intercept
    )
    expected = least_squares(X, y, weights, intercept, 0.9)
    for values, wanted in zip((found.estimate, found.se, found.lower, found.upper), expected):
        np.testing.assert_allclose(values, wanted, rtol=1e-10)
    np.testing.assert_array_equal(found.bias, 0)
    assert "Least squares" in found.assumptions


def test_without_a_penalty_logistic_intervals_are_those_of_maximum_likelihood():
    X, y, _, _ = toeplitz(400, 5, 2, 0, "logistic")
    weights = weights_of(400)
    found = debiased_intervals(
        X,
        y,
        grid(X, y, "logistic", alphas=[1e-7], sample_weight=weights, tol=1e-10),
        loss="logistic",
        features=range(5),
        sample_weight=weights,
    )
    A, coef = np.column_stack([X, np.ones(400)]), np.zeros(6)
    weights = weights * 399 / weights.sum()
    for _ in range(20):
        mean = 1 / (1 + np.exp(-A @ coef))
        information = A.T @ ((weights * mean * (1 - mean))[:, None] * A)
        coef = coef + np.linalg.solve(information, A.T @ (weights * (y - mean)))
    se = np.sqrt(np.diag(np.linalg.inv(information)))[:5]
    np.testing.assert_allclose(found.estimate, coef[:5], atol=1e-8)  # a Newton step squares an error of 1e-5
    np.testing.assert_allclose(found.se, se, rtol=1e-4)
    np.testing.assert_allclose(found.upper, coef[:5] + 1.959964 * se, rtol=1e-4)


@pytest.mark.parametrize(("n", "p", "loss"), [(60, 8, "squared"), (60, 40, "squared"), (120, 60, "logistic")])
def test_intervals_follow_the_units_of_the_data(n, p, loss):
    X, y, _, _ = toeplitz(n, p, 3, 1, loss)
    unit, scale = (8.0 if loss == "squared" else 1.0), 2.0 ** (np.arange(p) % 5 - 2)
    one = intervals(X, y, loss, features=range(p))
    other = intervals(X * scale + 3.0, unit * y, loss, features=range(p))
    for name in ("estimate", "se", "lower", "upper"):
        mine, theirs = getattr(one, name), getattr(other, name) * scale / unit
        np.testing.assert_allclose(theirs, mine, rtol=1e-5, atol=1e-5 * np.max(one.se))  # grids to a gap of 1e-6


@pytest.mark.parametrize("n", [300, 60])
def test_the_order_of_columns_does_not_matter(n):
    X, y, _, _ = toeplitz(n, 30, 3, 2)
    order = np.random.default_rng(0).permutation(30)
    one, other = intervals(X, y, features=order), intervals(X[:, order], y, features=range(30))
    np.testing.assert_allclose(other.estimate, one.estimate, atol=0.01 * np.min(one.se))  # lassos to a thousandth
    np.testing.assert_allclose(other.se, one.se, rtol=0.01)


@pytest.mark.parametrize(("n", "p"), [(60, 40), (60, 100)])
def test_errors_of_other_coefficients_move_an_estimate_by_no_more_than_its_bias(n, p):
    X, y, beta, noise = toeplitz(n, p, 3, 3)
    result = grid(X, y)
    found = debiased_intervals(X, y, result, loss="squared", features=range(p))
    cell = result.select("1se")
    sd = X.std(axis=0)
    miss = np.abs(result.coef(cell.ratio, cell.index) - beta) * sd
    # of a noise of zero: what is left of y is the error of the other coefficients alone
    silent = debiased_intervals(X, y - noise, result, loss="squared", features=range(p))
    unit = found.se / np.sqrt(result_variance(X, y, result))
    others = miss.sum() - miss
    assert np.all(np.abs(silent.estimate - beta) <= unit * found.bias * others * (1 + 1e-9) + 1e-12)
    assert np.all(found.bias > 0)


def result_variance(X, y, result):
    """σ̂² of the lasso with the lowest error."""
    cell = result.select("min")
    residual = y - X @ result.coef(cell.ratio, cell.index) - result.intercept(cell.ratio, cell.index)
    return residual @ residual / (len(y) - cell.n_features - 1)


@pytest.mark.parametrize("n", [40, 200])
def test_copies_have_no_finite_interval(n):
    X, y, _, _ = toeplitz(n, 12, 3, 4)
    X[:, 7] = 2 * X[:, 3] - 1
    found = intervals(X, y, features=range(12))
    assert np.flatnonzero(np.isinf(found.se)).tolist() == [3, 7]
    assert found.lower[3] == -np.inf
    assert found.upper[7] == np.inf
    assert "of 2 the data cannot tell" in found.sentence


def test_constant_columns_have_no_interval():
    X, y, _ = table()
    X[:, 2] = 5.0
    assert intervals(X, y, features=[1, 2, 3]).features.tolist() == [1, 3]


def test_rows_of_weight_zero_are_as_if_left_out():
    X, y, _, _ = toeplitz(80, 30, 3, 5)
    weights = np.ones(80)
    weights[60:] = 0
    result = grid(X[:60], y[:60])
    one = debiased_intervals(X[:60], y[:60], result, loss="squared")
    other = debiased_intervals(X, y, result, loss="squared", sample_weight=7 * weights)
    np.testing.assert_allclose(other.lower, one.lower, rtol=1e-6)
    np.testing.assert_allclose(other.upper, one.upper, rtol=1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_sparse_tables_have_the_same_intervals(loss):
    X, y, _, _ = toeplitz(90, 30, 3, 6, loss)
    X[np.abs(X) < 0.7] = 0
    result = grid(X, y, loss)
    dense, other = (debiased_intervals(Z, y, result, "min", loss=loss) for Z in (X, sparse.csr_array(X)))
    np.testing.assert_allclose(other.estimate, dense.estimate, rtol=1e-6)
    np.testing.assert_allclose(other.se, dense.se, rtol=1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_an_offset_is_a_known_part_of_the_predictor(loss):
    X, y, _, _ = toeplitz(200, 5, 2, 7, loss)
    offset, free = 0.3 * X[:, 4] + 0.1, {"alphas": [1e-7], "tol": 1e-10}
    one = debiased_intervals(X, y, grid(X, y, loss, **free), loss=loss, features=range(5))
    shifted = grid(X, y, loss, offset=offset, **free)
    other = debiased_intervals(X, y, shifted, loss=loss, features=range(5), offset=offset)
    np.testing.assert_allclose(other.estimate, one.estimate - 0.3 * (np.arange(5) == 4), atol=1e-8)
    np.testing.assert_allclose(other.se, one.se, rtol=1e-4)


def test_selected_features_have_wider_intervals_of_the_level_of_benjamini_and_yekutieli():
    X, y, _, _ = toeplitz(100, 40, 4, 8)
    result = grid(X, y)
    found = debiased_intervals(X, y, result, loss="squared")
    cell = result.select("1se")
    chosen = np.flatnonzero(result.coef(cell.ratio, cell.index))
    np.testing.assert_array_equal(found.features, chosen)
    assert found.selected_level == pytest.approx(1 - 0.05 * len(chosen) / 40)
    assert np.all(found.selected_upper > found.upper)
    assert np.all(found.selected_lower < found.lower)
    named = debiased_intervals(X, y, result, loss="squared", features=chosen)
    np.testing.assert_allclose(named.upper, found.upper)
    np.testing.assert_array_equal(named.selected_upper, named.upper)
    assert f"of {len(chosen)} selected features" in found.sentence
    assert f"of {len(chosen)} features have a 95 % interval" in named.sentence


def test_a_model_without_features_has_no_intervals():
    X, _, _ = table()
    y = np.random.default_rng(0).standard_normal(len(X))
    found = debiased_intervals(X, y, grid(X, y, alphas=[10.0]), loss="squared")
    assert len(found.features) == 0
    assert found.sentence.startswith("No feature was selected")


def test_of_very_many_selected_features_the_largest_have_intervals():
    X, y, _ = table()
    result = grid(X, y)
    found = debiased_intervals(X, y, result, "min", loss="squared", limit=2)
    cell = result.select("min")
    size = np.abs(result.standardized_coef(cell.ratio, cell.index))
    assert set(found.features) == set(np.argsort(-size)[:2])


def test_more_columns_than_one_gram_holds(monkeypatch):
    X, y, beta, _ = toeplitz(80, 300, 2, 9)
    result, features = grid(X, y), np.flatnonzero(beta)
    whole = debiased_intervals(X, y, result, loss="squared", features=features)
    monkeypatch.setattr("shrinkwise.path.nodewise.WHOLE", 250)
    monkeypatch.setattr("shrinkwise.path.nodewise.WORKING", 60)
    found = debiased_intervals(X, y, result, loss="squared", features=features)
    np.testing.assert_allclose(found.estimate, whole.estimate, atol=0.3 * np.min(whole.se))
    np.testing.assert_allclose(found.se, whole.se, rtol=0.1)  # columns left out may see a tenth more


@pytest.mark.parametrize(("n", "p", "loss"), [(80, 12, "squared"), (80, 40, "squared"), (300, 12, "logistic")])
def test_intervals_cover_as_often_as_they_say(n, p, loss):
    covered, total = 0, 0
    for seed in range(25):
        X, y, beta, _ = toeplitz(n, p, 3, seed, loss)
        found = intervals(X, y, loss, features=range(12))
        covered += np.count_nonzero((found.lower <= beta[:12]) & (beta[:12] <= found.upper))
        total += 12
    low, high = stats.binom.ppf([0.001, 0.999], total, [0.92, 0.97])
    assert low <= covered <= high


def test_intervals_can_be_stored():
    X, y, _, _ = toeplitz(60, 40, 3, 10)
    found = intervals(X, y)
    again = from_parts(DebiasedIntervals, *to_parts(found, "debiased"), "debiased")
    for name, value in vars(found).items():
        np.testing.assert_array_equal(getattr(again, name), value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "poisson"}, "got loss 'poisson'"),
        ({"features": [6]}, "numbers of columns from 0 to 5"),
        ({"features": [0.5]}, "numbers of columns"),
        ({"level": 1.0}, "level must be in"),
        ({"X": np.ones((80, 5))}, "has shape .80, 5., but the result has 6 features"),
        ({"result": network_grid()}, "got several outputs or networks"),
    ],
)
def test_what_has_no_intervals_says_why(options, message):
    X, y, _ = table()
    arguments = {"X": X, "y": y, "result": grid(X, y), "loss": "squared"} | options
    with pytest.raises(UsageError, match=message):
        debiased_intervals(**arguments)


def test_a_grid_of_ridge_is_no_start_where_rows_are_few():
    X, y, _, _ = toeplitz(40, 20, 3, 11)
    with pytest.raises(UsageError, match="fit it with l1_ratio=1"):
        debiased_intervals(X, y, grid(X, y, l1_ratios=[0.0, 0.2]), loss="squared")


def test_a_lasso_without_noise_left_has_no_intervals():
    X, _, _, _ = toeplitz(6, 40, 3, 12)
    y = X[:, :6] @ np.ones(6)
    result = grid(X, y, alphas=[1e-9])
    with pytest.raises(DataError, match="nothing is left to estimate the noise from"):
        debiased_intervals(X, y, result, loss="squared", features=[0])
