"""Arrow types of every kind as numbers or words, without a detour through pandas."""

import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shrinkwise.data.column import MISSING_WORDS, kind_of, missing_count, number_cells, text_cells
from shrinkwise.exceptions import DataError

NUMBERS = {
    "int8": pa.array([1, None, 3], pa.int8()),
    "uint64": pa.array([1, None, 3], pa.uint64()),
    "float16": pa.array(np.array([1, np.nan, 3], dtype=np.float16)),
    "float32": pa.array([1, None, 3], pa.float32()),
    "decimal": pa.array([decimal.Decimal("1.00"), None, decimal.Decimal("3.00")]),
    "decimal256": pa.array([1, None, 3], pa.decimal256(40, 2)),
    "dictionary": pa.array([1.0, None, 3.0]).dictionary_encode(),
    "run ends": pa.RunEndEncodedArray.from_arrays([1, 2, 3], pa.array([1.0, None, 3.0])),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_every_type_are_read(name):
    column = pa.chunked_array([NUMBERS[name], NUMBERS[name]])
    assert kind_of(column.type) == "number"
    np.testing.assert_array_equal(number_cells(column, "x"), [1, np.nan, 3, 1, np.nan, 3])
    assert missing_count(column) == 2


def test_booleans_are_zero_and_one():
    assert number_cells(pa.chunked_array([[True, None, False]]), "x")[[0, 2]].tolist() == [1.0, 0.0]


def test_integers_beyond_float64_are_rounded_not_refused():
    assert number_cells(pa.chunked_array([[2**53 + 1]]), "x")[0] == 2.0**53


@given(st.lists(st.none() | st.floats(allow_infinity=False), max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_sliced_and_chunked_numbers_are_read_as_arrow_has_them(cells, first, second):
    column = pa.chunked_array([pa.array(cells, pa.float64()).slice(first), pa.array(cells, pa.float64()).slice(second)])
    expected = [np.nan if cell is None else cell for cell in column.to_pylist()]
    np.testing.assert_array_equal(number_cells(column, "x"), expected)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_names_the_column_and_the_row(value):
    with pytest.raises(DataError, match=r"column 'size' holds -?inf in row 3 \(not counting the header\)"):
        number_cells(pa.chunked_array([[1.0, None], [value]]), "size")


TEXTS = {
    "string": (pa.array(["b", None, " a "]), ["b", "a"]),
    "large_string": (pa.array(["b", None, "a"], pa.large_string()), ["b", "a"]),
    "string_view": (pa.array(["b", None, "a"], pa.string_view()), ["b", "a"]),
    "dictionary": (pa.array(["b", None, "a"]).dictionary_encode(), ["b", "a"]),
    "dictionary with null inside": (pa.DictionaryArray.from_arrays([0, 1, 2], ["b", None, "a"]), ["b", "a"]),
    "int": (pa.array([1, None, 0]), ["1", "0"]),
    "float": (pa.array([1.0, float("nan"), 0.5]), ["1", "0.5"]),
    "bool": (pa.array([True, None, False]), ["true", "false"]),
    "decimal": (pa.array([decimal.Decimal("1.00"), None, decimal.Decimal("0.50")]), ["1", "0.5"]),
    "date": (pa.array([dt.date(2024, 3, 31), None, dt.date(2024, 4, 1)]), ["2024-03-31", "2024-04-01"]),
    "duration": (pa.array([5, None, 7], pa.duration("s")), ["5", "7"]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_type_can_be_words(name):
    array, expected = TEXTS[name]
    cells = text_cells(pa.chunked_array([array]), "x")
    assert [cells.words[code] for code in cells.codes[[0, 2]]] == expected
    assert cells.codes[1] == -1


@given(
    st.lists(st.none() | st.sampled_from(["a", " a", "b", "NA", "", "?", "é\u00a0"]), max_size=30), st.integers(0, 4)
)
def test_words_are_trimmed_and_spellings_of_missing_are_missing(cells, offset):
    column = pa.chunked_array([pa.array(cells, pa.string()).slice(offset), pa.array(cells, pa.string())])
    read = text_cells(column, "x")
    expected = [None if cell is None or cell.strip() in MISSING_WORDS else cell.strip() for cell in column.to_pylist()]
    assert [None if code < 0 else read.words[code] for code in read.codes] == expected
    assert read.counts().sum() == len(expected) - missing_count(column)


def test_nested_columns_are_not_words():
    with pytest.raises(DataError, match="column 'x' of type list<.*> cannot be used as text"):
        text_cells(pa.chunked_array([[[1], [2]]]), "x")


def test_binary_that_is_not_utf8_is_not_words():
    with pytest.raises(DataError, match="cannot be used as text"):
        text_cells(pa.chunked_array([[b"\xff"]]), "x")


def test_pandas_periods_are_dates():
    pandas = pytest.importorskip("pandas")
    column = pa.Table.from_pandas(pandas.DataFrame({"p": pandas.period_range("2024", periods=2, freq="D")})).column("p")
    assert kind_of(column.type) == "date"
