"""Numbers in another notation, numbers among words, and dates, told by their looks."""

import pyarrow as pa
import pytest

from shrinkwise.data.column import text_cells
from shrinkwise.data.spelling import are_dates, check_numbers
from shrinkwise.exceptions import DataError


def cells(words):
    return text_cells(pa.chunked_array([pa.array(words, pa.string())]), "price")


NUMBERS = [
    "1,234",
    "1,234.56",
    "-1,234,567",
    "1 234",
    "1\u00a0234",
    "1\u202f234,5",
    "1.234,56",
    "1.234.567",
    "1'234.50",
]
NUMBERS += ["3,14", "-,5", "$5", "€ 1.200,00", "12 %", "12.5%", "1 234 €", "(1,234)", "$1,234.00", "-$5", "−3,5"]


@pytest.mark.parametrize("value", NUMBERS)
def test_a_number_with_its_own_notation_is_refused_with_the_remedy(value):
    with pytest.raises(DataError) as caught:
        check_numbers(cells(["12", value, "NA", "5.5"]), "price")
    message = str(caught.value)
    assert f"column 'price' holds numbers written as text, such as {value!r} in row 2 (1 such cell)" in message
    assert "without thousands separators" in message
    assert "--as-text price" in message
    assert "--exclude price" in message


def test_few_words_among_numbers_are_refused_by_name():
    words = [str(i / 4) for i in range(97)] + ["<5", "n.d.", "<5"]
    with pytest.raises(DataError) as caught:
        check_numbers(cells(words), "price")
    message = str(caught.value)
    assert "column 'price' holds numbers in 97 of 100 cells" in message
    assert "'<5' (2 cells, first in row 98), 'n.d.' (1 cell, in row 99)" in message
    assert "leave the cell empty" in message


def test_half_numbers_half_words_are_text_with_a_note():
    note = check_numbers(cells([str(i) for i in range(70)] + ["a"] * 30), "price")
    assert "read as text, though 70 of its 100 cells are numbers" in note


def test_numbers_stored_as_text_are_levels_with_a_note():
    assert "numbers stored as text" in check_numbers(cells(["01067", "20095"]), "price")


@pytest.mark.parametrize(
    "words", [["a", "b"], ["A1", "B2"], ["1-2", "3-4"], ["1,2,3", "1,2"], ["10.1.2.3", "x"], [None]]
)
def test_labels_are_left_alone(words):
    assert check_numbers(cells(words), "price") == ""


DATES = ["2024-03-31", "2024/3/1", "31/03/2024", "3/31/24", "31.03.2024", "31 Mar 2024", "31-Mar-24", "March 31, 2024"]
DATES += ["2024-03-31T10:15:00Z", "2024-03-31 10:15", "2024-03-31 10:15:00.123+02:00", "10:15", "10:15:30 PM"]


@pytest.mark.parametrize("value", DATES)
def test_dates_are_known_by_their_looks(value):
    assert are_dates(cells([value, value, None]))


@pytest.mark.parametrize(
    "value", ["1.2.3", "1-2", "a", "192.168.10.1", "march", "555-1234", "1/2", "12:345", "20240331"]
)
def test_other_words_are_no_dates(value):
    assert not are_dates(cells([value, value]))
