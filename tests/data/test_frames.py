"""Frames of any library become the same Arrow table."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from shrinkwise.data import to_table
from shrinkwise.exceptions import DataError

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

DAY = dt.date(2024, 3, 31)
VALUES = {"i": [2**60 + 1, 2], "x": [1.5, None], "w": ["a", None], "flag": [True, False], "day": [DAY, DAY]}


@pytest.mark.parametrize("library", ["pandas", "polars", "lazy", "arrow", "batch"])
def test_values_survive(library):
    frame = {
        "pandas": lambda: pandas.DataFrame(VALUES),
        "polars": lambda: polars.DataFrame(VALUES),
        "lazy": lambda: polars.DataFrame(VALUES).lazy(),
        "arrow": lambda: pa.table(VALUES),
        "batch": lambda: pa.RecordBatch.from_pydict(VALUES),
    }[library]()
    assert to_table(frame).to_pydict() == VALUES


def test_a_table_is_not_copied():
    table = pa.table(VALUES)
    assert to_table(table) is table


@pytest.mark.parametrize("index", [["r", "s"], pandas.Index([5, 6], name="key")], ids=["unnamed", "named"])
def test_a_pandas_index_is_left_behind(index):
    assert to_table(pandas.DataFrame({"a": [1, 2]}, index=index)).column_names == ["a"]


def test_names_that_are_no_strings_become_strings():
    assert to_table(pandas.DataFrame(np.eye(2))).column_names == ["0", "1"]
    assert to_table(pandas.DataFrame(np.eye(2), columns=[1, "a"])).column_names == ["1", "a"]


def test_anything_with_a_c_stream_is_read():
    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.table({"a": [1]}).__arrow_c_stream__(requested_schema)

    assert to_table(Stream()).to_pydict() == {"a": [1]}


@pytest.mark.parametrize(
    "frame",
    [
        np.eye(2),
        [1, 2],
        None,
        pandas.Series([1]),
        pandas.DataFrame({"a": [1, "x"]}),
        pandas.DataFrame({"a": [1j]}),
        pandas.DataFrame(np.eye(2), columns=["a", "a"]),
        pandas.DataFrame(np.eye(2), columns=[1, "1"]),
        pandas.DataFrame({"a": pandas.arrays.SparseArray([0, 1])}),
    ],
    ids=["array", "list", "None", "series", "mixed", "complex", "repeated", "repeated as text", "sparse"],
)
def test_what_is_no_frame_is_refused_in_a_sentence(frame):
    with pytest.raises(DataError, match="names of their own|name of its own"):
        to_table(frame)
