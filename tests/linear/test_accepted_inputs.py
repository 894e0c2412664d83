"""Whatever holds numbers is read, to the same model, and stays as it was."""

import copy
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from shrinkwise import LinearClassifier, LinearClassifierCV, LinearRegressor, LinearRegressorCV
from tests.linear.data import NAMES, table, weights_of

X, Y, LABELS = table(n=60, p=4)
INTEGERS = np.round(10 * X)
THIN = np.where(np.abs(X) > 0.7, X, 0.0)
CODES = np.array([10, 20, 30])[np.arange(60) % 3]
MIXED = np.column_stack([X[:, :2], X[:, 2] > 0, CODES])
FRAME = pd.DataFrame(X, columns=NAMES)
MIXED_FRAME = FRAME.assign(bp=X[:, 2] > 0, s1=CODES)
ALL = [LinearRegressor(), LinearClassifier(), LinearRegressorCV(alphas=5, cv=3), LinearClassifierCV(alphas=5, cv=3)]


def arrow(array=X):
    return pa.table({name: array[:, j] for j, name in enumerate(NAMES)})


DENSE = {
    "list": (X.tolist(), X),
    "tuple of arrays": (tuple(X), X),
    "Fortran": (np.asfortranarray(X), X),
    "strided": (np.repeat(np.repeat(X, 2, 0), 3, 1)[::2, ::3], X),
    "reversed": (X[::-1][::-1], X),
    "big endian": (X.astype(">f8"), X),
    "longdouble": (X.astype(np.longdouble), X),
    "objects": (X.astype(object), X),
    "no mask": (np.ma.array(X), X),
    "int8": (INTEGERS.astype(np.int8), INTEGERS),
    "uint64": (np.abs(INTEGERS).astype(np.uint64), np.abs(INTEGERS)),
    "float32": (INTEGERS.astype(np.float32), INTEGERS),
    "float16": (INTEGERS.astype(np.float16), INTEGERS),
    "bool": (X > 0, (X > 0).astype(float)),
    "pandas": (FRAME, X),
    "pandas, odd index": (FRAME.set_index(np.arange(60)[::-1]), X),
    "pandas, numbered columns": (pd.DataFrame(X), X),
    "pandas, two levels": (pd.DataFrame(X, columns=pd.MultiIndex.from_product([["a", "b"], [0, 1]])), X),
    "pandas Int64": (pd.DataFrame(INTEGERS, columns=NAMES).astype("Int64"), INTEGERS),
    "pandas Float64": (FRAME.astype("Float64"), X),
    "pandas arrow": (FRAME.astype("double[pyarrow]"), X),
    "pandas float32": (pd.DataFrame(INTEGERS, columns=NAMES).astype(np.float32), INTEGERS),
    "pandas objects": (FRAME.astype(object), X),
    "pandas Decimal": (FRAME.assign(age=[Decimal(repr(v)) for v in X[:, 0].tolist()]), X),
    "pandas mixed": (MIXED_FRAME, MIXED),
    "pandas categories of numbers": (MIXED_FRAME.assign(s1=pd.Categorical(CODES)), MIXED),
    "pandas nullable mixed": (MIXED_FRAME.convert_dtypes(), MIXED),
    "pandas, one sparse column": (FRAME.assign(age=pd.arrays.SparseArray(THIN[:, 0])), np.c_[THIN[:, :1], X[:, 1:]]),
    "polars": (pl.DataFrame(FRAME), X),
    "polars mixed": (pl.DataFrame(MIXED_FRAME), MIXED),
    "polars Decimal": (
        pl.DataFrame(pd.DataFrame(INTEGERS, columns=NAMES)).with_columns(pl.col("age").cast(pl.Decimal(20, 3))),
        INTEGERS,
    ),
    "arrow": (arrow(), X),
    "arrow mixed": (pa.Table.from_pandas(MIXED_FRAME), MIXED),
    "arrow dictionary": (pa.Table.from_pandas(MIXED_FRAME.assign(s1=pd.Categorical(CODES))), MIXED),
    "arrow chunks": (pa.concat_tables([arrow(X[:25]), arrow(X[25:])]), X),
    "arrow batch": (arrow().to_batches()[0], X),
}


@pytest.mark.parametrize("kind", DENSE)
def test_every_container_gives_the_same_model(kind):
    values, plain = DENSE[kind]
    model, expected = LinearRegressor(0.05).fit(values, Y), LinearRegressor(0.05).fit(plain, Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.predict(values), expected.predict(plain), rtol=1e-9, atol=1e-12)
    named = (
        any(word in kind for word in ("pandas", "polars", "arrow")) and "numbered" not in kind and "levels" not in kind
    )
    assert list(getattr(model, "feature_names_in_", [])) == (NAMES if named else [])


FORMATS = ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"]  # codespell:ignore coo
SPARSE = [f"{name}_{kind}" for name in FORMATS for kind in ("matrix", "array")]


@pytest.mark.parametrize("kind", SPARSE)
def test_every_sparse_format_gives_the_same_model(kind):
    values = getattr(sparse, kind)(THIN)
    model, expected = LinearRegressor(0.05).fit(values, Y), LinearRegressor(0.05).fit(THIN, Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.predict(values), expected.predict(THIN), rtol=1e-9, atol=1e-12)


def test_a_frame_of_sparse_columns_stays_sparse():
    frame = pd.DataFrame.sparse.from_spmatrix(sparse.csc_matrix(THIN), columns=NAMES)
    model, expected = LinearRegressor(0.05).fit(frame, Y), LinearRegressor(0.05).fit(THIN, Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9, atol=1e-12)
    assert list(model.feature_names_in_) == NAMES


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_duplicate_and_unsorted_entries_are_summed(index):
    thin = sparse.csr_array(THIN)
    twice = sparse.csr_array((np.repeat(thin.data / 2, 2), np.repeat(thin.indices, 2).astype(index), 2 * thin.indptr))
    for row in range(60):
        part = slice(twice.indptr[row], twice.indptr[row + 1])
        twice.indices[part] = twice.indices[part][::-1].copy()
        twice.data[part] = twice.data[part][::-1].copy()
    twice.has_sorted_indices = twice.has_canonical_format = False
    before = copy.deepcopy(twice)
    np.testing.assert_allclose(LinearRegressor(0.05).fit(twice, Y).coef_, LinearRegressor(0.05).fit(THIN, Y).coef_)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(twice, part), getattr(before, part))


TARGETS = {
    "list": Y.tolist(),
    "float32": Y.astype(np.float32).astype(float).astype(np.float32),
    "objects": Y.astype(object),
    "big endian": Y.astype(">f8"),
    "pandas": pd.Series(Y, index=np.arange(60)[::-1]),
    "pandas Float64": pd.Series(Y, dtype="Float64"),
    "polars": pl.Series(Y),
    "arrow": pa.chunked_array([Y[:20], Y[20:]]),
    "arrow array": pa.array(Y),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_every_target_gives_the_same_model(kind):
    expected = LinearRegressor(0.05).fit(X, np.asarray(Y))
    np.testing.assert_allclose(LinearRegressor(0.05).fit(X, TARGETS[kind]).coef_, expected.coef_, rtol=1e-6)


WORDS = np.where(LABELS == 1, "yes", "no")
CLASSES = {
    "text": (WORDS, ["no", "yes"]),
    "list of text": (WORDS.tolist(), ["no", "yes"]),
    "objects": (WORDS.astype(object), ["no", "yes"]),
    "StringDType": (WORDS.astype(np.dtypes.StringDType()), ["no", "yes"]),
    "bool": (LABELS == 1, [False, True]),
    "float": (LABELS * 2.0 - 1, [-1.0, 1.0]),
    "uint8": (LABELS.astype(np.uint8), [0, 1]),
    "numbers as objects": (LABELS.astype(object), [0, 1]),
    "category": (pd.Series(pd.Categorical(WORDS)), ["no", "yes"]),
    "pandas boolean": (pd.Series(LABELS == 1, dtype="boolean"), [False, True]),
    "polars": (pl.Series(WORDS), ["no", "yes"]),
    "polars categories": (pl.Series(WORDS, dtype=pl.Categorical), ["no", "yes"]),
    "arrow": (pa.array(WORDS.tolist()), ["no", "yes"]),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_kind_of_label_gives_the_same_model(kind):
    labels, classes = CLASSES[kind]
    model, expected = LinearClassifier(0.02).fit(X, labels), LinearClassifier(0.02).fit(X, LABELS)
    assert model.classes_.tolist() == classes
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(
        model.predict(X), np.asarray(classes, dtype=model.classes_.dtype)[expected.predict(X)]
    )


@pytest.mark.parametrize("weights", [weights_of(60).tolist(), pd.Series(weights_of(60)), pl.Series(weights_of(60))])
def test_every_kind_of_weights_gives_the_same_model(weights):
    expected = LinearRegressor(0.05).fit(X, Y, weights_of(60))
    np.testing.assert_array_equal(LinearRegressor(0.05).fit(X, Y, weights).coef_, expected.coef_)
    np.testing.assert_array_equal(LinearRegressor(0.05).fit(X, Y, 3).coef_, LinearRegressor(0.05).fit(X, Y).coef_)


@pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("storage", ["C", "F", "csr", "csc", "memmap", "float32", "frame"])
def test_inputs_may_be_read_only_and_stay_as_they_were(model, storage, tmp_path):
    target, weights = (LABELS if "Classifier" in type(model).__name__ else Y).copy(), weights_of(60) + 0.1
    values = {"C": X.copy(), "F": np.asfortranarray(X), "float32": X.astype(np.float32), "frame": FRAME.copy()}.get(
        storage
    )
    if storage in ("csr", "csc"):
        values = getattr(sparse, storage + "_array")(THIN)
    if storage == "memmap":
        np.save(tmp_path / "X.npy", X)
        values = np.load(tmp_path / "X.npy", mmap_mode="r")
    parts = [values.data, values.indices, values.indptr] if storage in ("csr", "csc") else [np.asarray(values)]
    before = [part.tobytes() for part in (*parts, target, weights)]
    for part in (*parts, target, weights):
        part.setflags(write=False)
    clone(model).fit(values, target, sample_weight=weights).predict(values)
    assert [part.tobytes() for part in (*parts, target, weights)] == before


@pytest.mark.parametrize(
    "reorder",
    [lambda f: f[NAMES[::-1]], lambda f: pl.DataFrame(f[NAMES[::-1]]), lambda f: pa.Table.from_pandas(f[NAMES[::-1]])],
)
def test_named_columns_are_put_in_order_for_a_prediction(reorder):
    model = LinearRegressor(0.05).fit(FRAME, Y)
    np.testing.assert_array_equal(model.predict(reorder(FRAME)), model.predict(FRAME))


@pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)
def test_models_are_pickled_and_copied(model):
    target = WORDS if "Classifier" in type(model).__name__ else Y
    fitted = clone(model).fit(FRAME, target)
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(other.predict(FRAME), fitted.predict(FRAME))
        assert other.gap_ == fitted.gap_
    assert not hasattr(clone(fitted), "coef_")


def test_pipelines_with_named_output_keep_the_names():
    frame = FRAME.assign(town=np.array(["Ulm", "Bonn", "Kiel"])[np.arange(60) % 3])
    for library in ("pandas", "polars"):
        encode = ColumnTransformer(
            [("town", OneHotEncoder(sparse_output=False), ["town"])],
            remainder=StandardScaler(),
            verbose_feature_names_out=False,
        ).set_output(transform=library)
        pipeline = make_pipeline(encode, LinearRegressorCV(cv=3, alphas=5)).fit(frame, Y)
        assert pipeline[-1].result_.feature_names == ("town_Bonn", "town_Kiel", "town_Ulm", *NAMES)
        assert pipeline.score(frame, Y) > 0.5


def test_the_estimators_work_inside_of_scikit_learns_searches():
    search = GridSearchCV(LinearRegressor(), {"alpha": [1.0, 0.01]}, cv=3).fit(FRAME, Y)
    assert search.best_params_ == {"alpha": 0.01}
    assert np.all(cross_val_score(LinearClassifierCV(alphas=4, cv=3), X, WORDS, cv=3, scoring="roc_auc") > 0.7)


def test_shapes_are_scikit_learns():
    regression, classification = LinearRegressor().fit(X, Y), LinearClassifier().fit(X, LABELS)
    assert regression.coef_.shape == (4,)
    assert np.ndim(regression.intercept_) == 0
    assert classification.coef_.shape == (1, 4)
    assert classification.intercept_.shape == (1,)
    assert classification.decision_function(X).shape == (60,)
    assert classification.predict_proba(X).shape == (60, 2)
    without = LinearRegressor(fit_intercept=False).fit(X, Y)
    assert without.intercept_ == 0
