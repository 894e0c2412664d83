import numpy as np
import pytest
from scipy import sparse

from shrinkwise.moments import Moments
from shrinkwise.testing import problems

EPS = np.finfo(float).eps
LD = np.longdouble
FIELDS = ("first", "second")


def table(n=50, p=4, seed=0, mean=0.0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)) + mean, rng.standard_normal(n) - 2.0, rng.uniform(0.5, 2.0, n)


def of(X, y, weights=None, shift=None):
    return Moments.of(X, y, weights, np.zeros(X.shape[1] + 1) if shift is None else shift)


def size(X, y, weights, shift):
    """The largest entry that a sum of products may have: what rounding is relative to."""
    z = np.abs(np.column_stack([X, y]) - shift)
    return weights.sum() * (1 + z.max()) ** 2


def assert_same(left, right, tol):
    right = right.about(left.shift)
    np.testing.assert_allclose(left.weight, right.weight, rtol=64 * EPS)
    for field in FIELDS:
        np.testing.assert_allclose(getattr(left, field), getattr(right, field), atol=tol, rtol=0)


def test_sums_are_those_of_the_definition():
    X, y, s = table()
    shift = np.arange(5.0)
    moments = of(X, y, s, shift)
    z = np.column_stack([X, y]).astype(LD) - shift
    tol = 64 * EPS * size(X, y, s, shift)
    assert moments.weight == pytest.approx(s.sum(), rel=4 * EPS)
    np.testing.assert_allclose(moments.first, (s @ z).astype(float), atol=tol)
    np.testing.assert_allclose(moments.second, ((s[:, None] * z).T @ z).astype(float), atol=tol)
    np.testing.assert_array_equal(moments.second, moments.second.T)


def test_no_weights_are_weights_of_one():
    X, y, _ = table()
    assert_same(of(X, y), of(X, y, np.ones(50)), 64 * EPS * 50 * 25)


def test_moments_add_and_subtract():
    X, y, s = table()
    shift = np.linspace(-1, 1, 5)
    parts = [of(X[rows], y[rows], s[rows], shift) for rows in (slice(0, 7), slice(7, 31), slice(31, 50))]
    whole = of(X, y, s, shift)
    tol = 64 * EPS * size(X, y, s, shift)
    assert_same(whole, parts[0] + parts[1] + parts[2], tol)
    assert_same(whole - parts[1], parts[0] + parts[2], tol)
    assert_same((parts[2] + parts[0]) + parts[1], whole, tol)  # whatever the order


def test_moments_about_other_points_add_up_to_the_same():
    X, y, s = table(mean=3.0)
    left, right = of(X[:20], y[:20], s[:20], np.full(5, 2.0)), of(X[20:], y[20:], s[20:], np.arange(5.0))
    assert_same(left + right, of(X, y, s), 256 * EPS * size(X, y, s, -4.0))


def test_the_shift_changes_no_result():
    X, y, s = table()
    base = of(X, y, s).quadratic()
    for shift in (np.ones(5), np.array([5.0, -3.0, 0.0, 0.1, 2.0])):
        other = of(X, y, s, shift).quadratic()
        moved = of(X, y, s).about(shift).quadratic()
        for field in base._fields:
            for found in (other, moved):
                np.testing.assert_allclose(getattr(found, field), getattr(base, field), atol=1e4 * EPS)


def test_a_weight_is_a_number_of_repetitions():
    X, y, _ = table()
    times = np.random.default_rng(1).integers(0, 4, 50)
    rows = np.repeat(np.arange(50), times)
    assert_same(of(X, y, times.astype(float)), of(X[rows], y[rows]), 64 * EPS * size(X, y, times, 0.0))


def test_times_a_number_is_every_weight_times_that():
    X, y, s = table()
    assert_same(of(X, y, s) * 4.0, of(X, y, 4.0 * s), 64 * EPS * 4 * size(X, y, s, 0.0))


def test_mapped_moments_are_those_of_the_mapped_table():
    X, y, s = table(p=5)
    shift = np.linspace(-1, 2, 6)
    linear = sparse.csc_array(np.random.default_rng(3).integers(-2, 3, (5, 7)).astype(float))
    mapped = of(X, y, s, shift).mapped(linear)
    direct = of(X @ linear.toarray(), y, s)
    assert_same(direct, mapped, 64 * EPS * size(X @ linear.toarray(), y, s, -10.0))


@pytest.mark.parametrize(
    ("case", "fit_intercept"), [(case, centered) for case in problems() for centered in (True, False)]
)
def test_quadratic_is_the_standardized_least_squares_problem(case, fit_intercept):
    X, y = case.dense, case.y
    s = np.ones(len(y)) if case.weights is None else case.weights
    shift = np.append(X[:10].mean(axis=0), y[:10].mean())
    found = of(X, y, s, shift).quadratic(fit_intercept)
    exact, t = X.astype(LD), s.astype(LD) / s.sum()
    center = t @ exact * fit_intercept
    target = y.astype(LD) - t @ y * fit_intercept
    scale = np.sqrt(t @ (exact - center) ** 2)
    scale[np.ptp(X, axis=0) == 0] *= 0 if fit_intercept else 1
    Z = np.divide(exact - center, scale, out=np.zeros_like(exact), where=scale > 0)
    tol = 1e3 * EPS  # the shift lies within a few sd of the mean
    np.testing.assert_allclose(found.center, center.astype(float), rtol=tol, atol=tol * float(scale.max()))
    np.testing.assert_allclose(found.scale, scale.astype(float), rtol=tol)
    np.testing.assert_array_equal(found.scale == 0, scale == 0)
    np.testing.assert_allclose(found.gram, ((t[:, None] * Z).T @ Z).astype(float), atol=tol)
    np.testing.assert_allclose(found.c, (Z.T @ (t * target)).astype(float), atol=tol * np.abs(y).max())
    np.testing.assert_allclose(found.yy, float(t @ target**2), rtol=tol)
    np.testing.assert_allclose(found.y_center, float(t @ y) * fit_intercept, rtol=tol)


def test_one_pass_keeps_the_precision_of_two_about_a_mean_of_1e8():
    X, y, _ = table(n=1000)
    X = np.round(X, 6) + 1e8
    shift = np.append(X[:10].mean(axis=0), 0.0)
    parts = [of(X[start : start + 100], y[start : start + 100], None, shift) for start in range(0, 1000, 100)]
    found = sum(parts[1:], start=parts[0]).quadratic()
    exact = X.astype(LD)
    Z = (exact - exact.mean(axis=0)) / exact.std(axis=0)
    np.testing.assert_allclose(found.scale, exact.std(axis=0).astype(float), rtol=1e3 * EPS)
    np.testing.assert_allclose(found.gram, (Z.T @ Z / 1000).astype(float), atol=1e3 * EPS)


@pytest.mark.parametrize("mean", [0.0, 1.0, 1e8])
def test_a_constant_column_is_known_as_one(mean):
    X, y, s = table()
    X[:, 2] = mean + 1 / 3
    quadratic = of(X, y, s, np.append(X[0], 0.0) * 0.999).quadratic()
    assert quadratic.scale[2] == 0
    assert not quadratic.gram[2].any()
    assert not quadratic.gram[:, 2].any()
    assert quadratic.c[2] == 0
    np.testing.assert_allclose(np.diag(quadratic.gram)[[0, 1, 3]], 1.0, rtol=1e-12)


def test_held_out_error_is_that_of_the_rows():
    X, y, s = table(mean=5.0)
    rng = np.random.default_rng(4)
    coefs, intercepts = rng.standard_normal((6, 4)), rng.standard_normal(6)
    shift = np.append(X.mean(axis=0), y.mean())
    found = of(X, y, s, shift).mean_squared_error(coefs, intercepts)
    residual = y[:, None] - intercepts - X @ coefs.T
    np.testing.assert_allclose(found, s @ residual**2 / s.sum(), rtol=1e3 * EPS)


def test_held_out_error_is_never_negative():
    X, _, _ = table()
    coef = np.array([[1.0, 2.0, -1.0, 0.5]])
    error = of(X, X @ coef[0] + 3.0).mean_squared_error(coef, np.array([3.0]))[0]
    assert 0 <= error <= 1e3 * EPS * 50


def test_what_is_saved_is_what_is_loaded(tmp_path):
    X, y, s = table()
    moments = of(X, y, s, np.arange(5.0))
    moments.save(tmp_path / "part.npz")
    loaded = Moments.load(tmp_path / "part.npz")
    assert loaded.weight == moments.weight
    for field in ("shift", *FIELDS):
        np.testing.assert_array_equal(getattr(loaded, field), getattr(moments, field))
    assert_same(loaded + loaded, moments * 2.0, 0.0)


def test_inputs_are_not_modified():
    X, y, s = table()
    for array in (X, y, s):
        array.flags.writeable = False
    shift = np.ones(5)
    shift.flags.writeable = False
    moments = of(X, y, s, shift)
    kept = moments.second.copy()
    moments.quadratic()
    moments.quadratic(fit_intercept=False)
    moments.about(np.zeros(5))
    _ = moments + moments
    np.testing.assert_array_equal(moments.second, kept)
