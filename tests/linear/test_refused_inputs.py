"""What cannot be used is refused with a sentence that names it, and an earlier fit stays as it was."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from shrinkwise import (
    ConvergenceWarning,
    DataError,
    LinearClassifier,
    LinearClassifierCV,
    LinearRegressor,
    LinearRegressorCV,
    UsageError,
)
from shrinkwise.linear import _certify, _search
from tests.linear.data import NAMES, table

X, Y, LABELS = table(n=60, p=4)
FRAME = pd.DataFrame(X, columns=NAMES)
ALL = [LinearRegressor(), LinearClassifier(), LinearRegressorCV(alphas=4, cv=3), LinearClassifierCV(alphas=4, cv=3)]


def holding(value, row=3, column=2, array=X):
    changed = array.astype(object) if isinstance(value, str | type(None)) else array.copy()
    changed[row, column] = value
    return changed


def corrupt(**parts):
    thin = sparse.csc_matrix(np.where(np.abs(X) > 0.7, X, 0))
    for name, change in parts.items():
        setattr(thin, name, change(getattr(thin, name).copy()))
    return thin


def put(index, value):
    def change(array):
        array[index] = value
        return array

    return change


def corrupt_coo():
    thin = sparse.coo_matrix(np.where(np.abs(X) > 0.7, X, 0))
    thin.coords[0][4] = 10**6
    return thin


BAD_X = {
    "NaN": (holding(np.nan), "X contains NaN .* row 3, column 2"),
    "infinity": (holding(-np.inf), "X contains infinity at row 3, column 2"),
    "NaN in a frame": (
        FRAME.assign(age=np.where(np.arange(60) == 5, np.nan, X[:, 0])),
        "X contains NaN .* row 5, column 'age'",
    ),
    "NA": (FRAME.assign(bmi=pd.array([1.0] * 59 + [pd.NA], dtype="Float64")), "NaN .* row 59, column 'bmi'"),
    "null, polars": (pl.DataFrame(FRAME).with_columns(bmi=pl.lit(None, dtype=pl.Int64)), "NaN .* row 0, column 'bmi'"),
    "null, arrow": (pa.table({"a": pa.array([1, None] * 30)}), "NaN .* row 1, column 'a'"),
    "None": (holding(None), "NaN .* row 3, column 2"),
    "NaN, CSR": (sparse.csr_array(holding(np.nan)), "NaN .* row 3, column 2"),
    "NaN, CSC": (sparse.csc_array(holding(np.nan)), "NaN .* row 3, column 2"),
    "masked": (np.ma.masked_greater(X, 2), "masked array with .* masked .* the first at row"),
    "complex": (X + 1j, "Complex data not supported"),
    "complex, sparse": (sparse.csr_array(X + 1j), "[Cc]omplex"),
    "dates": (np.arange(240).reshape(60, 4).astype("M8[D]"), "X holds dates or times"),
    "dates in a frame": (FRAME.assign(day=pd.date_range("2020", periods=60)), "column 'day'.* dates or times"),
    "dates, polars": (pl.DataFrame(FRAME).with_columns(day=pl.lit(dt.date(2020, 1, 1))), "column 'day'.* dates"),
    "times, arrow": (
        pa.table({"a": X[:, 0], "b": pa.array([5] * 60, pa.duration("s"))}),
        "column 'b'.* dates or times",
    ),
    "structured": (np.zeros(60, dtype=[("a", float), ("b", float)]), "structured array .fields 'a', 'b'"),
    "text": (np.full((60, 2), "x"), "X holds text"),
    "numbers as text": (X.astype(str), "X holds text"),
    "text among objects": (holding("n/a"), "X holds text, 'n/a' at row 3, column 2"),
    "text in a list": ([[1, 2], [3, "red"]] * 30, "X holds text, 'red' at row 1, column 1"),
    "text in a frame": (FRAME.assign(town="Ulm"), "X holds text, 'Ulm' at row 0, column 'town'"),
    "categories of text": (
        FRAME.assign(town=pd.Categorical(["Ulm"] * 60)),
        "X holds text, 'Ulm' at row 0, column 'town'",
    ),
    "1D": (X[:, 0], "Expected 2D array"),
    "3D": (X.reshape(60, 2, 2), "dim 3"),
    "no rows": (X[:0], "0 sample"),
    "no columns": (X[:, :0], "0 feature"),
    "ragged": ([[1.0], [2.0, 3.0]] * 30, "inhomogeneous shape"),
    "duplicate names": (pd.DataFrame(X, columns=["a", "b", "a", "c"]), "duplicate column names"),
    "duplicate names, arrow": (pa.table([X[:, 0], X[:, 1]], names=["a", "a"]), "duplicate column names"),
    "lazy": (pl.DataFrame(FRAME).lazy(), "lazy frame .* collect"),
    "fewer rows": (X[:50], "50 samples, but y has length 60"),
    "index out of range": (corrupt(indices=put(5, 10**6)), "index 1000000 is out of bounds"),
    "negative index": (corrupt(indices=put(5, -7)), "index -7 is out of bounds"),
    "decreasing indptr": (corrupt(indptr=put(2, 10**4)), "corrupt"),
    "short data": (corrupt(data=lambda data: data[:-10]), "corrupt"),
    "index out of range, coordinates": (corrupt_coo(), "row index 1000000 is out of bounds"),
}


@pytest.mark.parametrize("kind", BAD_X)
def test_bad_columns_are_refused_by_name(kind):
    values, words = BAD_X[kind]
    with pytest.raises(ValueError, match=words):
        LinearRegressor().fit(values, Y)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.matrix(X), "np.matrix is not supported"),
        (pd.DataFrame(X, columns=["a", 1, 2, 3]), "Feature names are only supported if all"),
        (np.array([[{}] * 4] * 60), "X holds a dict at row 0, column 0"),
    ],
)
def test_wrong_types_are_refused_by_name(values, words):
    with pytest.raises(TypeError, match=words):
        LinearRegressor().fit(values, Y)


def changed(value, row=7):
    target = Y.astype(object) if isinstance(value, str | type(None)) else Y.astype(type(value + 0.0))
    target[row] = value
    return target


BAD_Y = {
    "NaN": (changed(np.nan), "y contains NaN .* row 7"),
    "infinity": (changed(np.inf), "y contains infinity at row 7"),
    "None": (changed(None), "y contains NaN .* row 7"),
    "NA": (pd.Series([1, pd.NA] * 30, dtype="Int64"), "y contains NaN .* row 1"),
    "masked": (np.ma.masked_greater(Y, 1), "y is a masked array"),
    "complex": (Y + 1j, "Complex data not supported: y"),
    "dates": (pd.Series(pd.date_range("2020", periods=60)), "y holds dates or times"),
    "text": (np.array(["a", "b"] * 30), "y holds text"),
    "one text": (changed("?"), "y holds text, .* at row 7"),
    "three dimensions": (Y[:, None, None], "array with dim 3"),
    "a row": (Y[None], "60 samples, but y has length 1"),
    "two columns, one infinite": (np.column_stack([Y, changed(np.inf)]), "infinity"),
    "sparse": (sparse.csr_array(Y[:, None]), "1d array"),
    "longer": (np.append(Y, 0), "60 samples, but y has length 61"),
    "none": (None, "requires y to be passed"),
}


@pytest.mark.parametrize("kind", BAD_Y)
def test_bad_targets_are_refused_by_name(kind):
    target, words = BAD_Y[kind]
    with pytest.raises(ValueError, match=words):
        LinearRegressor().fit(X, target)


BAD_LABELS = {
    "two columns": (np.column_stack([LABELS, LABELS]), "1d array"),
    "one class": (np.ones(60), "only one class"),
    "halves": (np.where(LABELS, 0.5, 1.0), "continuous.* 0.5 at row"),
    "NaN": (np.where(LABELS, np.nan, 1.0), "y contains NaN"),
    "None": (np.array(["a", None] * 30, dtype=object), "y contains NaN .* row 1"),
    "mixed": (
        np.array(["a", 1] * 30, dtype=object),
        r"mixes label types: text \('a' at row 0\) and int \(1 at row 1\)",
    ),
    "mixed list": ([1, "1"] * 30, "mixes label types"),
    "sets": (np.array([{1}, {2}] * 30, dtype=object), "Unknown label type: set"),
    "dates": (pd.Series(pd.date_range("2020", periods=60)), "y holds dates or times"),
}


@pytest.mark.parametrize("kind", BAD_LABELS)
def test_bad_labels_are_refused_by_name(kind):
    labels, words = BAD_LABELS[kind]
    with pytest.raises(ValueError, match=words):
        LinearClassifier().fit(X, labels)


BAD_WEIGHTS = {
    "negative": (-np.ones(60), "must not be negative, got -1.0 at row 0"),
    "zero": (np.zeros(60), "all zero"),
    "NaN": (np.where(LABELS, np.nan, 1.0), "must be finite"),
    "infinity": (np.where(LABELS, np.inf, 1.0), "must be finite"),
    "masked": (np.ma.masked_greater(np.arange(60.0), 30), "sample_weight is a masked array"),
    "complex": (np.ones(60) + 0j, "Complex data not supported"),
    "text": (["1"] * 60, "sample_weight holds text"),
    "short": (np.ones(57), "length 57, but there are 60 samples"),
    "two columns": (np.ones((60, 2)), "1D"),
    "one negative number": (-1, "negative"),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_bad_weights_are_refused_by_name(kind):
    weights, words = BAD_WEIGHTS[kind]
    for model in ALL:
        with pytest.raises(ValueError, match=words):
            clone(model).fit(X, LABELS, sample_weight=weights)


def test_a_class_without_weight_is_refused():
    with pytest.raises(DataError, match="one class with a weight: the weights of class 1 are all zero"):
        LinearClassifier().fit(X, LABELS, (LABELS == 0).astype(float))


SINGLE = {
    "alpha": [-1, np.nan, "0.1", None, True, [0.1]],
    "l1_ratio": [-0.1, 1.1, np.nan, "1", None],
    "tol": [-1, np.nan, np.inf, "x", None],
    "max_iter": [0, -5, 1.5, None, True],
    "fit_intercept": ["no", None, 2],
    "standardize": ["yes", None],
    "penalty_weights": [[1, 2], -1, ["a"] * 4, np.nan, np.ones((2, 2))],
    "lower": [1, [0, 0], "x", np.nan, np.zeros((4, 1))],
    "upper": [-1, [np.nan] * 4, None],
}
SEARCH = {
    "alphas": [0, -3, True, None, 2.5, "abc", [], [-1.0], [np.nan], ["x"], [np.inf]],
    "l1_ratio": [None, "x", [], [0.5, 2.0], [None]],
    "alpha_min_ratio": [0, 2, "x", np.nan],
    "rule": ["2se", None, "k=", "within=1", 3],
    "scoring": ["nonsense", 3, ["r2"]],
    "cv": [
        0,
        1,
        2.5,
        True,
        "x",
        [],
        [(1, 2, 3)],
        [([0, 1], [60])],
        [([0], [-1])],
        [([0.5], [1])],
        [(np.ones(3, bool), [1])],
    ],
    "tol": [-1, None],
    "max_iter": [0],
    "penalty_weights": [[1, 2]],
    "lower": [1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SINGLE.items() for value in values])
def test_bad_parameters_of_a_fit_are_refused_by_name(name, value):
    words = {"lower": "lower", "upper": "upper"}.get(name, name)
    for model in (LinearRegressor, LinearClassifier):
        with pytest.raises(UsageError, match=words):
            model(**{name: value}).fit(X, LABELS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SEARCH.items() for value in values])
def test_bad_parameters_of_a_search_are_refused_by_name(name, value):
    words = "alpha" if name == "alphas" else name
    for model in (LinearRegressorCV, LinearClassifierCV):
        with pytest.raises(UsageError, match=words):
            model(**{name: value}).fit(X, LABELS)


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "variance", None, True])
def test_a_bad_ridge_unit_is_refused(value):
    for model in (LinearRegressor, LinearRegressorCV):
        with pytest.raises(UsageError, match='ridge_unit must be > 0, .* or "sd"'):
            model(ridge_unit=value).fit(X, Y)


def test_more_folds_than_rows_are_refused():
    with pytest.raises(DataError, match="cv=10 folds need at least 10 samples, got n_samples=6"):
        LinearRegressorCV().fit(X[:6], Y[:6])
    with pytest.raises(DataError, match="fold 1 has no training rows"):
        LinearRegressorCV(cv=[([], [1])]).fit(X, Y)
    with pytest.raises(ValueError, match="groups"):
        LinearRegressorCV(cv=5).fit(X, Y, groups=np.arange(60) % 3)


@pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)
def test_predictions_refuse_columns_that_do_not_fit(model):
    fitted = clone(model).fit(FRAME, LABELS)
    for frame, words in (
        (FRAME[NAMES[:3]], "now missing:\n- s1"),
        (FRAME.rename(columns={"bp": "pb"}), "unseen at fit time:\n- pb\n.*missing:\n- bp"),
        (FRAME.assign(more=1), "unseen at fit time:\n- more"),
        (FRAME.assign(age=np.where(np.arange(60) == 5, np.nan, X[:, 0])), "NaN .* row 5, column 'age'"),
        (FRAME.assign(bmi="x"), "X holds text"),
    ):
        with pytest.raises(ValueError, match=words):
            fitted.predict(frame)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted.predict(X)
    unnamed = clone(model).fit(X, LABELS)
    with pytest.raises(ValueError, match="X has 3 features, but .* is expecting 4 features"):
        unnamed.predict(X[:, :3])
    with pytest.raises(ValueError, match="NaN"):
        unnamed.predict(holding(np.nan))
    with pytest.raises(ValueError, match="out of bounds"):
        unnamed.predict(corrupt(indices=put(5, 10**6)))
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(model).predict(X)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)
def test_a_fit_that_fails_or_is_interrupted_leaves_the_earlier_one(model, stop, monkeypatch):
    fitted = clone(model).fit(FRAME, LABELS)
    state, before = dict(vars(fitted)), fitted.predict(FRAME)

    def stopped(*args, **options):
        raise stop

    for module, name in ((_certify, "solve"), (_search, "fit_grid")):
        monkeypatch.setattr(module, name, stopped)
    with pytest.raises(stop):
        fitted.fit(X[:, :2], LABELS)
    monkeypatch.undo()
    for values, target in ((holding(np.nan), LABELS), (X[:, :2], LABELS[:9]), (X[:, :3], np.full(60, np.nan))):
        with pytest.raises(ValueError):
            fitted.fit(values, target)
    assert {name: id(value) for name, value in vars(fitted).items()} == {name: id(v) for name, v in state.items()}
    np.testing.assert_array_equal(fitted.predict(FRAME), before)
    refitted = fitted.fit(X[:, :2], LABELS)
    assert not hasattr(refitted, "feature_names_in_")
    assert refitted.n_features_in_ == 2


def test_a_fit_that_ends_early_warns_with_numbers():
    wide, target, _ = table(n=100, p=60, correlation=0.99)
    with pytest.warns(
        ConvergenceWarning, match=r"gap .* > tol 1.0e-08 at alpha=0.0001 after 1 iterations.*raise max_iter"
    ):
        model = LinearClassifier(1e-4, max_iter=1).fit(wide, target > 0)
    assert not model.converged_
    assert model.gap_ > 1e-8


def test_classes_that_can_be_separated_have_no_fit_without_a_penalty():
    with pytest.warns(ConvergenceWarning, match="use alpha > 0"):
        model = LinearClassifier(0.0).fit(X, X[:, 0] > 0)
    assert not model.converged_
    assert np.all(np.isfinite(model.coef_))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LinearClassifier(1e-4).fit(X, X[:, 0] > 0).converged_


def test_a_grid_that_is_not_certified_warns_once_with_its_worst_fit():
    with pytest.warns(ConvergenceWarning) as caught:
        model = LinearRegressorCV(alphas=3, cv=3, tol=0.0).fit(X, Y)
    of_grid = [str(w.message) for w in caught if "fits of the grid" in str(w.message)]
    assert len(of_grid) == 1
    assert f"of {model.result_.converged.size} fits" in of_grid[0]
