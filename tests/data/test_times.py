"""A column of times as codes in their order."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from shrinkwise.data import take_times
from shrinkwise.exceptions import DataError

SORTED = {
    "numbers": [2023, 2021, 2022, 2021],
    "floats": [0.5, -1e9, 0.25, -1e9],
    "dates": [date(2025, 11, 22), date(2024, 1, 31), date(2024, 2, 1), date(2024, 1, 31)],
    "moments": np.array(["2025-01-01T09", "2025-01-01T07", "2025-01-01T08", "2025-01-01T07"], dtype="M8[s]"),
    "text": ["2025-11-22", "2024-01-31", "2024-02-01", "2024-01-31"],
    "text to the minute": ["2025-11-22T10:00", "2025-11-22T08:59", "2025-11-22T09:30", "2025-11-22T08:59"],
    "years as text": ["2025", "2023", "2024", "2023"],
}


@pytest.mark.parametrize("kind", SORTED)
@pytest.mark.parametrize("coded", [False, True])
def test_times_of_any_kind_are_codes_in_their_order(kind, coded):
    column = pa.array(SORTED[kind])
    table = pa.table({"t": column.dictionary_encode() if coded else column})
    assert take_times(table, "t").tolist() == [2, 0, 1, 0]


def test_times_are_coded_among_the_rows_taken():
    table = pa.table({"t": [5, None, 3, 4]})
    assert take_times(table, "t", np.array([True, False, False, True])).tolist() == [1, 0]
    with pytest.raises(DataError, match="the time 't' is missing in 1 row, the first is row 2"):
        take_times(table, "t")


@pytest.mark.parametrize("cells", [["22.11.2025", "1.2.2026"], ["2025-11-22", "2025-11-22T09:00"], ["noon", "night"]])
def test_text_that_does_not_sort_as_time_is_refused(cells):
    with pytest.raises(DataError, match="does not sort as time does; write all of it alike, as in 2025-11-22"):
        take_times(pa.table({"t": cells}), "t")


def test_what_is_no_time_is_refused():
    with pytest.raises(DataError, match=r"holds list<.*> values; times are numbers, dates or ISO text"):
        take_times(pa.table({"t": [[1], [2]]}), "t")
    with pytest.raises(DataError, match="no column 'when' in the table"):
        take_times(pa.table({"t": [1, 2]}), "when")
