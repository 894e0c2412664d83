import numpy as np
import pytest
from scipy import sparse

from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.testing import problems
from tests.grid.splits import folds
from tests.oracles.clock import within

EPS = np.finfo(float).eps


def case(loss="squared", name="well-conditioned"):
    return next(one for one in problems(loss) if one.name == name)


def test_a_grid_has_the_shapes_that_it_says(loss):
    table = case(loss)
    grid = fit_grid(
        table.X,
        table.y,
        folds(40),
        loss=loss,
        l1_ratios=(0.1, 0.5, 1.0),
        alphas=7,
        extend=False,
        feature_names=list("abcdef"),
        classes=("no", "yes") if loss == "logistic" else None,
    )
    assert grid.alphas.shape == (3, 7)
    assert np.all(np.diff(grid.alphas, axis=1) < 0)
    assert grid.test_score.shape == grid.train_score.shape == (3, 7, 3)
    assert grid.intercepts.shape == grid.gaps.shape == grid.converged.shape == grid.n_iter.shape == (3, 7, 4)
    assert grid.converged.dtype == bool
    assert np.issubdtype(grid.n_iter.dtype, np.integer)
    assert [len(row) for row in grid.coefs] == [4, 4, 4]
    assert all(matrix.shape == (7, 6) for row in grid.coefs for matrix in row)
    assert grid.feature_names == tuple("abcdef")
    assert grid.loss == loss
    assert grid.metric == LOSSES[loss].metric
    assert grid.n_samples == 40
    assert grid.tol == 1e-6
    assert grid.standardize is True
    assert grid.classes == (("no", "yes") if loss == "logistic" else None)
    np.testing.assert_allclose(grid.alphas[:, 0] * grid.l1_ratios, grid.alphas[2, 0], rtol=1e-12)
    np.testing.assert_allclose(grid.center, table.X.mean(axis=0), atol=64 * EPS)
    np.testing.assert_allclose(grid.scale, table.X.std(axis=0), rtol=64 * EPS)
    assert grid.target_scale == pytest.approx(table.y.std() if loss == "squared" else 1.0, rel=64 * EPS)


def test_names_are_made_up_where_none_are_given(route):
    table = case()
    assert fit_grid(table.X, table.y, folds(40), alphas=2).feature_names == ("x0", "x1", "x2", "x3", "x4", "x5")


def test_weighted_means_and_deviations_are_reported(route):
    table = case(name="weights")
    s = table.weights / table.weights.sum()
    grid = fit_grid(table.X, table.y, folds(40), alphas=2, sample_weight=table.weights)
    mean = s @ table.X
    np.testing.assert_allclose(grid.center, mean, atol=64 * EPS)
    np.testing.assert_allclose(grid.scale, np.sqrt(s @ (table.X - mean) ** 2), rtol=1e-13)
    assert grid.target_scale == pytest.approx(np.sqrt(s @ (table.y - s @ table.y) ** 2))


def test_constant_columns_are_dropped_and_named(loss):
    table = case(loss, "constant columns")
    grid = fit_grid(table.X, table.y, folds(40), loss=loss, alphas=10)
    assert grid.constant_features == ("x1", "x4")
    for fold in range(-1, 3):
        for a in range(10):
            assert not grid.coef(0, a, fold)[[1, 4]].any()
    np.testing.assert_allclose(grid.center[[1, 4]], [0.0, 3.7], rtol=1e-14)


def test_penalty_weights_and_bounds_reach_every_fold(loss):
    table = case(loss)
    lower, upper = np.array([-np.inf, 0, 0, -0.01, 0, -np.inf]), np.array([np.inf, np.inf, 0.05, 0.01, 0, 0])
    grid = fit_grid(
        table.X, table.y, folds(40), loss=loss, alphas=12, lower=lower, upper=upper, penalty_weights=[0, 1, 1, 2, 1, 1]
    )
    for fold in range(-1, 3):
        for a in range(12):
            coef = grid.coef(0, a, fold)
            assert np.all(coef >= lower - 4 * EPS)
            assert np.all(coef <= upper + 4 * EPS)
            assert coef[0] != 0
        assert not grid.coef(0, 0, -1)[1:].any()
        assert np.any(np.isclose(grid.coef(0, 11, fold)[[2, 3]], [0.05, 0.01], rtol=1e-12))


def test_strengths_that_are_given_are_taken_in_order(loss):
    table = case(loss)
    grid = fit_grid(table.X, table.y, folds(40), loss=loss, l1_ratios=(0.5, 1.0), alphas=[0.01, 1.0, 0.1, 0.1, 0.0])
    assert grid.alphas.tolist() == [[1.0, 0.1, 0.01, 0.0]] * 2
    assert not grid.extended
    assert grid.all_converged
    np.testing.assert_allclose(grid.coef(0, 3), grid.unpenalized.coef, rtol=1e-4)


@pytest.mark.parametrize("count", [3, np.int64(3)])
def test_any_whole_number_counts_strengths(route, count):
    table = case()
    assert fit_grid(table.X, table.y, folds(40), alphas=count, extend=False).alphas.shape == (1, 3)


def test_the_ratio_of_the_weakest_to_the_strongest_is_as_asked(route):
    table = case()
    grid = fit_grid(table.X, table.y, folds(40), alphas=6, alpha_min_ratio=0.05, extend=False)
    assert grid.alphas[0, -1] / grid.alphas[0, 0] == pytest.approx(0.05)
    assert fit_grid(table.X, table.y, folds(40), alphas=6, extend=False).alphas[0, -1] == pytest.approx(
        1e-3 * grid.alphas[0, 0]
    )
    wide = case(name="more features than rows")
    few = fit_grid(wide.X, wide.y, folds(20), alphas=6, extend=False)
    assert few.alphas[0, -1] / few.alphas[0, 0] == pytest.approx(1e-2)


# ---------------------------------------------------------------- extension


def weak_is_best(loss):
    """The best penalty is weaker than half of alpha_max: the minimum of a short grid lies on its edge."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 8))
    eta = 2.0 * X[:, 0]
    if loss == "squared":
        return X, eta + rng.standard_normal(120)
    return X, (rng.uniform(size=120) < 1 / (1 + np.exp(-eta))).astype(float)


def test_a_grid_goes_on_while_its_weakest_strength_is_the_best(loss):
    X, y = weak_is_best(loss)
    arguments = {"loss": loss, "l1_ratios": (0.5, 1.0), "alphas": 10, "alpha_min_ratio": 0.5}
    short = fit_grid(X, y, folds(120), extend=False, **arguments)
    assert not short.extended
    assert short.at_edge(short.select("min")) == "weak"
    long = fit_grid(X, y, folds(120), **arguments)
    assert long.extended
    assert long.at_edge(long.select("min")) == ""
    first = short.alphas.shape[1]
    np.testing.assert_array_equal(long.alphas[:, :first], short.alphas)
    steps = np.diff(np.log(long.alphas), axis=1)
    np.testing.assert_allclose(steps, steps[0, 0], rtol=1e-9)
    np.testing.assert_array_equal(long.test_score[:, :first], short.test_score)
    assert long.all_converged
    assert all(matrix.shape[0] == long.alphas.shape[1] for row in long.coefs for matrix in row)
    whole = fit_grid(X, y, folds(120), loss=loss, l1_ratios=(1.0,), alphas=long.alphas[1])
    near = {"rtol": 1e-4, "atol": 1e-4 * float(long.null_score.mean())}
    np.testing.assert_allclose(long.test_score[1], whole.test_score[0], **near)


def test_a_grid_does_not_go_on_for_ever(route):
    """Without noise every weaker penalty is better: it ends at a millionth of alpha_max."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    grid = fit_grid(X, X @ np.ones(3), folds(60), alphas=20)
    assert grid.extended
    assert 1e-9 < grid.alphas[0, -1] / grid.alphas[0, 0] <= 1e-6


def test_a_grid_that_is_long_enough_is_left_alone(route):
    table = case()
    rng = np.random.default_rng(0)
    grid = fit_grid(table.X, rng.standard_normal(40), folds(40), alphas=20)
    assert not grid.extended
    assert grid.alphas.shape == (1, 20)


# ---------------------------------------------------------------- without a penalty


def test_without_a_penalty_least_squares_is_found_in_every_fold(route):
    table = case()
    for fit_intercept in (True, False):
        grid = fit_grid(table.X, table.y, folds(40), alphas=3, fit_intercept=fit_intercept)
        free = grid.unpenalized
        for rows, coef in ((np.arange(40), np.append(free.coef, free.intercept)),):
            design = np.column_stack([table.X, np.full(40, float(fit_intercept))])
            expected = np.linalg.lstsq(design[rows], table.y[rows], rcond=None)[0]
            np.testing.assert_allclose(coef, expected, rtol=1e-9, atol=1e-12)
        for fold, (train, test) in enumerate(folds(40)):
            solution = np.linalg.lstsq(design[train], table.y[train], rcond=None)[0]
            errors = (table.y - design @ solution) ** 2
            assert free.test_score[fold] == pytest.approx(errors[test].mean(), rel=1e-9)
            assert free.train_score[fold] == pytest.approx(errors[train].mean(), rel=1e-9)
        assert free.converged
        assert free.note == ""


def test_without_a_penalty_the_likelihood_is_maximized():
    table = case("logistic")
    free = fit_grid(table.X, table.y, folds(40), loss="logistic", alphas=3, tol=1e-12).unpenalized
    mu = 1 / (1 + np.exp(-(table.X @ free.coef + free.intercept)))
    np.testing.assert_allclose(np.column_stack([table.X, np.ones(40)]).T @ (mu - table.y), 0, atol=1e-4)


def test_with_copies_of_columns_the_error_without_a_penalty_is_that_of_the_columns(route):
    table = case(name="copies")
    free = fit_grid(table.X, table.y, folds(40), alphas=3).unpenalized
    alone = fit_grid(table.X[:, [0, 1, 2, 5]], table.y, folds(40), alphas=3).unpenalized
    np.testing.assert_allclose(free.test_score, alone.test_score, rtol=1e-7)
    assert free.converged


def test_classes_that_can_be_separated_have_no_fit_without_a_penalty():
    X = np.arange(40.0)[:, None]
    y = (X[:, 0] >= 20).astype(float)
    grid = fit_grid(X, y, folds(40), loss="logistic", alphas=5, extend=False)
    assert grid.all_converged
    assert not grid.unpenalized.converged
    assert "separated" in grid.unpenalized.note
    assert grid.max_gap <= 1e-6  # the fit that does not exist does not count


@pytest.mark.parametrize("seed", range(12))
def test_columns_with_few_entries_in_nearly_separated_classes_end(seed):
    rng = np.random.default_rng(seed)
    X = np.where(rng.uniform(size=(30, 9)) < 0.25, rng.standard_normal((30, 9)), 0.0)
    y = (5 * X[:, :4].sum(axis=1) + rng.standard_normal(30) > 0.5).astype(float)
    with within(10):
        grid = fit_grid(X, y, folds(30), loss="logistic", alphas=6, extend=False)
    assert grid.all_converged


def test_more_features_than_rows_have_least_norm_or_no_fit_without_a_penalty(take):
    table = case(name="more features than rows")
    grid = fit_grid(table.X, table.y, folds(20), alphas=5)
    free = grid.unpenalized
    np.testing.assert_allclose(free.train_score, 0, atol=1e-20 * 20 * np.var(table.y) + 1e-18)
    Z = (table.X - table.X.mean(axis=0)) / table.X.std(axis=0)
    expected = np.linalg.pinv(Z) @ (table.y - table.y.mean()) / table.X.std(axis=0)
    np.testing.assert_allclose(free.coef, expected, rtol=1e-6, atol=1e-8)
    assert free.note != ""
    logistic = case("logistic", "more features than rows")
    assert fit_grid(logistic.X, logistic.y, folds(20), loss="logistic", alphas=5).unpenalized is None


def test_as_many_features_as_training_rows_are_treated_alike_on_both_routes(take):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 48)), rng.standard_normal(50)
    found = {}
    for name in ("moments", "rows"):
        take(name)
        found[name] = fit_grid(X, y, folds(50, 5), alphas=3, extend=False).unpenalized
    np.testing.assert_allclose(found["moments"].test_score, found["rows"].test_score, rtol=1e-5)
    assert found["moments"].note == found["rows"].note != ""


def test_the_unpenalized_fit_can_be_left_out(route):
    table = case()
    assert fit_grid(table.X, table.y, folds(40), alphas=3, unpenalized=False).unpenalized is None


# ---------------------------------------------------------------- edges


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array])
@pytest.mark.parametrize("value", [3.3, 0.0, -1e-9, 1e12])
def test_a_constant_target_is_its_own_answer(route, value, storage):
    table = case()
    grid = fit_grid(storage(table.X), np.full(40, value), folds(40), alphas=5)
    assert grid.all_converged
    assert not grid.support_size.any()
    np.testing.assert_allclose(grid.intercepts, value, rtol=4 * EPS)
    np.testing.assert_allclose(grid.test_score, 0, atol=(8 * EPS * value) ** 2)
    assert np.all(np.diff(grid.alphas) < 0)


def test_constant_columns_alone_leave_the_mean(route):
    y = np.random.default_rng(0).standard_normal(30)
    grid = fit_grid(np.tile([1.0, 0.0, -7.5], (30, 1)), y, folds(30), alphas=4)
    assert grid.all_converged
    assert not grid.support_size.any()
    assert grid.constant_features == ("x0", "x1", "x2")
    np.testing.assert_allclose(grid.intercepts[..., -1], y.mean(), rtol=1e-12)


def test_fewer_rows_than_features_in_a_fold(route):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 10))
    grid = fit_grid(X, X[:, 0] + 0.1 * rng.standard_normal(12), folds(12), alphas=10)
    assert grid.all_converged


def test_a_single_column_and_two_rows_a_fold(route):
    X = np.array([[0.0], [1.0], [2.0], [4.0]])
    grid = fit_grid(X, X[:, 0] ** 2, folds(4, 2), alphas=5)
    assert grid.all_converged


def test_a_column_that_is_constant_in_one_training_set(route):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    X[:, 1] = np.where(np.arange(30) % 3 == 0, rng.standard_normal(30), 2.0)
    y = X @ np.ones(3) + 0.1 * rng.standard_normal(30)
    grid = fit_grid(X, y, folds(30), alphas=8)  # fold 0 trains on the rows where it is 2
    assert grid.all_converged
    assert not grid.coefs[0][0].toarray()[:, 1].any()
    assert grid.coefs[0][-1].toarray()[:, 1].any()
    assert grid.constant_features == ()


def test_progress_counts_every_fit_once(route):
    table = case()
    told = []
    fit_grid(
        table.X, table.y, folds(40), l1_ratios=(0.5, 1.0), alphas=6, extend=False, progress=lambda *at: told.append(at)
    )
    assert told[-1] == (2 * 4 * 6, 2 * 4 * 6)
    done = [fits for fits, _ in told]
    assert done == sorted(set(done))


def test_a_scorer_takes_the_place_of_the_loss(route):
    table = case()
    splits = folds(40)

    def absolute(fold, coefs, intercepts):
        eta = table.X @ coefs.T + intercepts
        errors = np.abs(table.y[:, None] - eta)
        train, test = splits[fold]
        return errors[train].mean(axis=0), errors[test].mean(axis=0)

    grid = fit_grid(
        table.X, table.y, splits, l1_ratios=(0.5, 1.0), alphas=6, scorer=absolute, metric="mean absolute error"
    )
    assert grid.metric == "mean absolute error"
    for fold, (train, test) in enumerate(splits):
        errors = np.abs(table.y - table.X @ grid.coef(1, 3, fold) - grid.intercept(1, 3, fold))
        assert grid.test_score[1, 3, fold] == pytest.approx(errors[test].mean(), rel=1e-12)
        assert grid.train_score[1, 3, fold] == pytest.approx(errors[train].mean(), rel=1e-12)
        null = np.abs(table.y[test] - table.y[train].mean()).mean()
        assert grid.null_score[fold] == pytest.approx(null, rel=1e-12)
        design = np.column_stack([table.X, np.ones(40)])
        errors = np.abs(table.y - design @ np.linalg.lstsq(design[train], table.y[train], rcond=None)[0])
        assert grid.unpenalized.test_score[fold] == pytest.approx(errors[test].mean(), rel=1e-8)


# ---------------------------------------------------------------- errors


def fit(**changes):
    table = case(changes.pop("problem", "squared"))
    arguments = {"X": table.X, "y": table.y, "splits": folds(40), "alphas": 3} | changes
    return fit_grid(**arguments)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"l1_ratios": ()}, UsageError, ["at least one mix"]),
        ({"l1_ratios": (1.2,)}, UsageError, ["l1_ratio", "1.2"]),
        ({"X": np.zeros((40, 0))}, DataError, ["(40, 0)"]),
        ({"X": np.zeros((0, 3)), "y": np.zeros(0)}, DataError, ["(0, 3)"]),
        ({"ridge_unit": -1.0}, UsageError, ["ridge_unit", "-1.0"]),
        ({"loss": "hinge"}, UsageError, ["squared, logistic", "hinge"]),
        ({"alphas": 0}, UsageError, ["alphas", ">= 1", "0"]),
        ({"alphas": -3}, UsageError, ["alphas", "-3"]),
        ({"alphas": True}, UsageError, ["alphas", "True"]),
        ({"alphas": []}, UsageError, ["alphas"]),
        ({"alphas": [1.0, -1.0]}, UsageError, ["alpha", "-1.0"]),
        ({"alphas": [1.0, np.inf]}, UsageError, ["alphas", "finite"]),
        ({"alphas": [np.nan]}, UsageError, ["alpha", "nan"]),
        ({"alpha_min_ratio": 0.0}, UsageError, ["alpha_min_ratio", "0.0"]),
        ({"alpha_min_ratio": 1.0}, UsageError, ["alpha_min_ratio", "1.0"]),
        ({"alpha_min_ratio": 2.0}, UsageError, ["alpha_min_ratio", "1", "2.0"]),
        ({"tol": -1.0}, UsageError, ["tol", "-1.0"]),
        ({"tol": np.nan}, UsageError, ["tol", "nan"]),
        ({"penalty_weights": np.ones(5)}, UsageError, ["penalty_weights", "5", "6"]),
        ({"lower": 1.0}, UsageError, ["lower <= 0 <= upper"]),
        ({"splits": []}, UsageError, ["at least one pair"]),
        ({"splits": [(np.array([0, 99]), np.array([1]))]}, UsageError, ["fold 1", "0 to 39"]),
        ({"splits": [(np.array([0, -1]), np.array([1]))]}, UsageError, ["fold 1", "0 to 39"]),
        ({"splits": [(np.ones(10, bool), np.array([1]))]}, UsageError, ["fold 1", "mask of length 40"]),
        ({"splits": [(np.array([0.5, 1.0]), np.array([1]))]}, UsageError, ["fold 1", "float64"]),
        ({"splits": [(np.arange(40), np.array([]))]}, DataError, ["held-out rows of fold 1"]),
        ({"splits": [(np.array([], dtype=int), np.arange(40))]}, DataError, ["training rows of fold 1"]),
        (
            {"sample_weight": np.where(np.arange(40) % 3 == 1, 0.0, 1.0)},
            DataError,
            ["held-out rows of fold 2", "weight"],
        ),
        ({"sample_weight": -np.ones(40)}, DataError, ["sample_weight", "negative", "row 0"]),
        ({"sample_weight": np.zeros(40)}, DataError, ["sample_weight", "all zero"]),
        ({"sample_weight": np.ones(39)}, DataError, ["sample_weight", "39", "40"]),
        ({"sample_weight": np.r_[np.ones(39), np.nan]}, DataError, ["sample_weight", "nan", "row 39"]),
        ({"y": np.zeros(39)}, DataError, ["y", "(40,)", "(39,)"]),
        ({"y": np.zeros((40, 1))}, DataError, ["y", "(40, 1)"]),
        ({"y": np.r_[np.zeros(39), np.nan]}, DataError, ["y", "NaN", "row 39"]),
        ({"y": np.r_[np.zeros(39), np.inf]}, DataError, ["y", "infinity", "row 39"]),
        (
            {"loss": "logistic", "y": np.r_[np.zeros(20), np.full(20, 2.0)]},
            DataError,
            ["logistic", "[0, 1]", "2", "row 20"],
        ),
        ({"loss": "logistic", "y": np.r_[-np.ones(20), np.ones(20)]}, DataError, ["logistic", "-1", "row 0"]),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(changes, error, words):
    with pytest.raises(error) as caught:
        fit(**changes)
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array, sparse.csr_array])
def test_a_number_that_is_not_finite_is_refused_on_every_route(route, storage, value):
    table = case()
    X = table.X.copy()
    X[17, 3] = value
    with pytest.raises(DataError, match="NaN|infinity"):
        fit_grid(storage(X), table.y, folds(40), alphas=3)


def test_one_class_in_a_training_set_is_refused_with_the_remedy():
    table = case("logistic")
    y = np.sort(table.y)
    first = np.flatnonzero(y == 0)
    splits = [(np.arange(40), np.arange(40)), (first, np.setdiff1d(np.arange(40), first))]
    with pytest.raises(DataError, match="training rows of fold 2 hold only one class.*stratified"):
        fit_grid(table.X, y, splits, loss="logistic", alphas=3)


def test_one_class_where_weights_count_is_refused():
    table = case("logistic")
    weights = np.where(table.y > 0, 0.0, 1.0)
    with pytest.raises(DataError, match="one class|weight"):
        fit_grid(table.X, table.y, folds(40), loss="logistic", alphas=3, sample_weight=weights)


@pytest.mark.parametrize("classes", [2, 5])
def test_a_loss_of_another_number_of_classes_is_refused_with_the_remedy(classes):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 3)), np.eye(classes)[np.arange(40) % classes]
    with pytest.raises(
        UsageError, match=rf"y has {classes} columns.*of 3 classes; give loss=\"multinomial:{classes}\""
    ):
        fit_grid(X, y, folds(40), loss="multinomial")
    assert fit_grid(X, y, folds(40), loss=f"multinomial:{classes}", alphas=3).loss == f"multinomial:{classes}"


def test_a_corrupt_sparse_matrix_is_refused():
    table = case(name="sparse")
    X = table.X.copy()
    X.indices = X.indices.copy()
    X.indices[3] = 1000
    with pytest.raises(DataError, match="corrupt"):
        fit_grid(X, table.y, folds(60), alphas=3)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("wide", [False, True])
def test_a_table_in_which_every_row_stands_twice_gives_the_same_grid(loss, wide):
    """A strength belongs to an average over rows: it is carried from folds to all data as it is."""
    n, p = (30, 50) if wide else (60, 6)
    rng = np.random.default_rng(5)
    X = rng.standard_normal((n, p))
    y = X[:, 0] - X[:, 1] + rng.standard_normal(n)
    if not LOSSES[loss].degree:  # y has no unit: classes, or counts and sizes above zero
        y = (y > 0).astype(float) if loss == "logistic" else np.ceil(np.exp(0.5 * y))
    splits = folds(n)
    twice = [tuple(np.concatenate([rows, rows + n]) for rows in pair) for pair in splits]
    options = {"loss": loss, "l1_ratios": (0.5, 1.0), "alphas": 15, "alpha_min_ratio": 0.05, "tol": 1e-10}
    options |= {"degrees_of_freedom": True}
    one = fit_grid(X, y, splits, **options)
    two = fit_grid(np.vstack([X, X]), np.tile(y, 2), twice, **options)
    np.testing.assert_allclose(two.alphas, one.alphas, rtol=1e-9)
    for name in ("test_score", "train_score", "se", "degrees_of_freedom"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=1e-5, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(two.full_deviance, 2 * one.full_deviance, rtol=1e-5)
    for rule in ("min", "1se", "k=2", "within=5%"):
        assert two.select(rule).index == one.select(rule).index
        cell = one.select(rule)
        np.testing.assert_allclose(
            two.coef(cell.ratio, cell.index), one.coef(cell.ratio, cell.index), rtol=1e-4, atol=1e-6
        )
