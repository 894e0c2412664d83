"""X, y and weights on their way from the caller to the core: checked once, refused by name, never modified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.validation import validate_data

from shrinkwise.design.sparse import checked_sparse
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.linear._values import Array, is_missing, missing_message, numbers, place_of, plain_array, series_values
from shrinkwise.losses.base import LogLink, Loss
from shrinkwise.validation import check_exposure, check_offset, check_weights, non_finite_message

CHUNK = 1 << 20  # numbers looked at together


@dataclass(frozen=True, eq=False)
class Training:
    """Checked training data."""

    X: Any  # float64 or float32 array, CSR or CSC matrix, all finite
    y: Array  # (n,) or, for estimators of several outputs, (n, K), as it came
    weights: Array | None  # (n,) float64
    seen: dict[str, Any]  # n_features_in_ and, for frames, feature_names_in_ and their library

    @property
    def names(self) -> list[str] | None:
        names = self.seen.get("feature_names_in_")
        return None if names is None else [str(name) for name in names]


def read_training(estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any, several: bool) -> Training:
    """Check the data of a fit. The estimator stays as it is: a blank one of its class takes what is seen.

    ``several`` says whether y may have more than one column.
    """
    blank: Any = object.__new__(type(estimator))
    X, frame = _opened(X)
    if frame is not None:
        validate_data(blank, X, y=y, skip_check_array=True)
    values = _matrix(estimator, X, frame)
    if frame is None:
        validate_data(blank, values, y=y, skip_check_array=True)
    n_samples = values.shape[0]
    target = any_array(y, "y")
    if target.ndim != 2 or target.shape[1] < 2 or not several:
        target = np.asarray(column_or_1d(target, warn=True))
    if len(target) != n_samples:
        raise DataError(f"X has {n_samples} samples, but y has length {len(target)}")
    weights = None
    if sample_weight is not None:
        if not isinstance(sample_weight, Real):  # one number is the weight of all
            sample_weight = numbers(any_array(sample_weight, "sample_weight"), "sample_weight")
        weights = check_weights(sample_weight, n_samples)
    library = {} if frame is None else {"_frame_": frame.implementation.value}  # for frames that go back
    return Training(values, target, weights, dict(vars(blank)) | library)


def read_again(estimator: Any, X: Any) -> Any:
    """Check the data of a prediction: named columns are put in the order of the fit."""
    X, frame = _opened(X)
    if frame is not None:
        known = getattr(estimator, "feature_names_in_", None)
        if known is not None and set(frame.columns) == set(known):
            frame = frame.select(list(known))
            X = frame.to_native()
        validate_data(estimator, X, reset=False, skip_check_array=True)
    values = _matrix(estimator, X, frame)
    if frame is None:
        validate_data(estimator, values, reset=False, skip_check_array=True)
    return values


def vector(values: Any, name: str) -> Array:
    """A 1D array of numbers, text or objects; a single column is flattened with scikit-learn's warning."""
    return np.asarray(column_or_1d(any_array(values, name), warn=True))


def target_numbers(y: Array) -> Array:
    """The target of a regression, float64."""
    values = numbers(y, "y").astype(np.float64)
    if not np.all(np.isfinite(values)):
        raise DataError(non_finite_message(values, "y"))
    return values


def read_offset(loss: Loss, offset: Any, exposure: Any, n_samples: int) -> Array | None:
    """The known part of η, offset + log(exposure), or None."""
    known = None
    if offset is not None:
        known = check_offset(_column(offset, "offset"), n_samples)
    if exposure is not None:
        if not isinstance(loss, LogLink):
            raise UsageError(f"exposure needs a loss with a log link, such as poisson, got loss {loss.spec!r}")
        log = check_exposure(_column(exposure, "exposure"), n_samples)
        known = log if known is None else known + log
    return known


def _column(values: Any, name: str) -> Any:
    return values if isinstance(values, Real) else numbers(any_array(values, name), name)


def _opened(X: Any) -> tuple[Any, nw.DataFrame[Any] | None]:
    """X and, where it is a data frame, a view of it. Columns are matched by name, so names have to be unique."""
    if hasattr(X, "__arrow_c_stream__") and hasattr(X, "schema") and not nw.dependencies.is_into_dataframe(X):
        import pyarrow as pa  # whoever has a record batch has loaded it

        X = X if isinstance(nw.from_native(X, pass_through=True), nw.LazyFrame) else pa.table(X)
    try:
        frame = nw.from_native(X, pass_through=True)
        names = frame.columns if isinstance(frame, nw.DataFrame) else []
    except nw.exceptions.DuplicateError as error:
        raise DataError(f"X has duplicate column names; give each column a name of its own ({error})") from error
    if isinstance(frame, nw.LazyFrame):
        raise DataError(f"X is a lazy frame ({type(X).__module__}.{type(X).__qualname__}); call its collect() first")
    if len(set(names)) < len(names):
        raise DataError(f"X has duplicate column names; give each column a name of its own ({names!r})")
    return X, (frame if isinstance(frame, nw.DataFrame) else None)


def _matrix(estimator: BaseEstimator, X: Any, frame: nw.DataFrame[Any] | None) -> Any:
    """A finite float64 or float32 array, CSR or CSC matrix of shape (n, p)."""
    names = None
    if frame is not None:
        names = list(frame.columns)
        X = _from_frame(frame)
    if sparse.issparse(X):
        X = _sound(X)
    elif not isinstance(X, np.matrix):  # that, scikit-learn refuses
        X = numbers(plain_array(X, "X"), "X", lambda position: _place(position, names))
    values = check_array(
        X,
        accept_sparse=("csr", "csc"),
        dtype=(np.float64, np.float32),
        ensure_all_finite=False,
        estimator=estimator,
        input_name="X",
    )
    where = _first_non_finite(values)
    if where is not None:
        row, column, value = where
        raise DataError(missing_message(value, "X", _place((row, column), names)))
    return values


def _place(position: tuple[int, ...], names: Sequence[object] | None) -> str:
    if names is None or len(position) < 2:
        return place_of(position)
    return f"row {position[0]}, column {names[position[1]]!r}"


def _from_frame(frame: nw.DataFrame[Any]) -> Any:
    """Column by column; a frame that holds one array of numbers, or only sparse columns, as it is."""
    native = frame.to_native()
    if frame.implementation.is_pandas() and len(frame.columns):
        kinds = list(native.dtypes)
        if all(isinstance(kind, np.dtype) and kind.kind in "fiu" for kind in kinds):
            return native.to_numpy()
        if all(str(kind).startswith("Sparse") for kind in kinds):
            return native.sparse.to_coo()
    columns = []
    for name, series in zip(frame.columns, frame.iter_columns()):
        values = series_values(series, f"X (column {name!r})")
        columns.append(numbers(values, "X", _At(name)))
    single = all(column.dtype == np.float32 for column in columns)
    out = np.empty(frame.shape, dtype=np.float32 if single and columns else np.float64, order="F")
    for j, column in enumerate(columns):
        out[:, j] = column
    return out


@dataclass(frozen=True)
class _At:
    """Words for a row of a named column."""

    name: object

    def __call__(self, position: tuple[int, ...]) -> str:
        return f"row {position[0]}, column {self.name!r}"


def _sound(X: Any) -> Any:
    """A sparse matrix whose indices are inside of its shape: scipy's conversions would write elsewhere in memory."""
    if X.ndim != 2:
        return X  # refused by scikit-learn
    if X.format not in ("csc", "csr", "bsr"):
        X = X.tocoo()
        for index, size, axis in zip(X.coords, X.shape, ("row", "column")):
            if len(index) != len(X.data):
                raise DataError(f"the sparse matrix X is corrupt: {len(index)} {axis} indices for {len(X.data)} data")
            if len(index) and (index.min() < 0 or index.max() >= size):
                bad = index[(index < 0) | (index >= size)][0]
                raise DataError(
                    f"the sparse matrix X is corrupt: {axis} index {bad} is out of bounds for shape {X.shape}"
                )
    return checked_sparse(X)


def _first_non_finite(X: Any) -> tuple[int, int, float] | None:
    """(row, column, value) of the first NaN or infinity."""
    if sparse.issparse(X):
        data = X.data[: X.indptr[-1]]
        if np.all(np.isfinite(data)):
            return None
        at = int(np.flatnonzero(~np.isfinite(data))[0])
        major = int(np.searchsorted(X.indptr, at, side="right")) - 1
        minor = int(X.indices[at])
        return (major, minor, float(data[at])) if X.format == "csr" else (minor, major, float(data[at]))
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(X.sum(dtype=np.float64)):
            return None
    step = max(1, CHUNK // X.shape[1])
    for start in range(0, X.shape[0], step):
        found = np.argwhere(~np.isfinite(X[start : start + step]))
        if len(found):
            row, column = start + int(found[0, 0]), int(found[0, 1])
            return row, column, float(X[row, column])
    return None


def any_array(values: Any, name: str) -> Array:
    """An array from a list, a series, a single column of a frame, an array."""
    known = nw.from_native(values, pass_through=True, allow_series=True)
    if isinstance(known, nw.DataFrame):
        columns = [series_values(column, name) for column in known.iter_columns()]
        return np.column_stack(columns) if columns else np.empty(known.shape)
    if isinstance(known, nw.Series):
        array = series_values(known, name)
        if array.dtype.kind == "O":
            for row, value in enumerate(array):
                if is_missing(value):
                    raise DataError(missing_message(value, name, f"row {row}"))
        return array
    return plain_array(values, name)
