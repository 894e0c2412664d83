"""What becomes of each kind of column, and what the person is told."""

import numpy as np
import pyarrow as pa
import pytest

from shrinkwise.data import blocks, expand, read_table
from shrinkwise.exceptions import DataError, UsageError

N = 40
REPEATED = ["b", "a"] * (N // 2)


def note_of(expansion, word):
    notes = [note for note in expansion.notes if word in note]
    assert len(notes) == 1, expansion.notes
    return notes[0]


def with_number(**columns):
    return pa.table({"x": np.arange(N) / 7.0, **columns})


def test_numbers_booleans_and_levels_become_columns_in_the_order_of_the_table():
    flags = [True, False] * (N // 2)
    expansion = expand(pa.table({"city": REPEATED, "x": np.arange(N), "flag": flags}))
    assert expansion.names == ("city=a", "city=b", "x", "flag")
    assert expansion.Z.dtype == np.float64
    assert expansion.Z[:3].tolist() == [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 2, 1]]
    assert expansion.notes == ()


def test_a_missing_number_is_zero_with_an_indicator():
    expansion = expand(pa.table({"x": [1.5, None, float("nan"), 4.0]}))
    assert expansion.names == ("x", "x (missing)")
    assert expansion.Z.tolist() == [[1.5, 0], [0, 1], [0, 1], [4.0, 0]]


def test_a_constant_with_gaps_is_an_indicator_only():
    assert expand(pa.table({"x": [3.0, None, 3.0]})).names == ("x (missing)",)


def test_constant_and_empty_columns_are_left_out_by_name():
    nothing = pa.nulls(N, pa.float64())
    words = pa.array([None] * N, pa.string())
    expansion = expand(with_number(three=[3] * N, same=["s"] * N, e1=pa.nulls(N), e2=nothing, e3=words))
    assert expansion.names == ("x",)
    assert "hold one value only: 'three', 'same'." in note_of(expansion, "one value")
    assert "hold no value at all: 'e1', 'e2', 'e3'." in note_of(expansion, "no value")
    assert expansion.ignored == ("three", "same", "e1", "e2", "e3")


def test_rare_levels_share_a_column_and_missing_text_is_a_level():
    words = ["a"] * 10 + ["b"] * 10 + ["c"] * 4 + ["d"] * 3 + ["e"] * 3 + [None] * 10
    expansion = expand(pa.table({"w": words}))
    assert expansion.names == ("w=a", "w=b", "w=(missing)", "w=(other)")
    assert expansion.Z.sum(axis=0).tolist() == [10, 10, 10, 10]
    assert expansion.Z.sum(axis=1).tolist() == [1.0] * N
    assert expansion.columns[0].n_pooled == 3


def test_rare_missing_text_is_pooled_too():
    assert expand(pa.table({"w": ["a"] * 20 + ["b"] * 18 + [None] * 2})).names == ("w=a", "w=b", "w=(other)")


def test_min_level_grows_with_the_table():
    assert expand(with_number()).min_level == 5
    assert expand(pa.table({"x": np.arange(10_000)})).min_level == 20
    assert expand(with_number(), min_level=3).min_level == 3
    with pytest.raises(UsageError, match="min_level must be at least 1 row, got 0"):
        expand(with_number(), min_level=0)


@pytest.mark.parametrize("kind", ["timestamp", "date", "time", "text"])
def test_dates_are_not_used_and_the_note_says_how_to(kind):
    days = [f"{1 + i % 28:02d}/03/2024" for i in range(N)]
    column = {
        "timestamp": pa.array(np.arange(N), pa.timestamp("s")),
        "date": pa.array(np.arange(N, dtype=np.int32), pa.date32()),
        "time": pa.array(np.arange(N, dtype=np.int32), pa.time32("s")),
        "text": pa.array(days),
    }[kind]
    expansion = expand(with_number(day=column))
    assert expansion.names == ("x",)
    note = note_of(expansion, "dates or times: 'day'")
    assert "Not used" in note
    assert "year, month, days since a start" in note


def test_ids_and_free_text_are_left_out_and_the_note_says_how_to_keep_them():
    expansion = expand(with_number(name=[f"person {i}" for i in range(N)]))
    assert expansion.names == ("x",)
    assert "--as-text" in note_of(expansion, "nearly all cells distinct (an id or free text): 'name'")


def test_numbers_stored_as_text_are_told_from_free_text():
    expansion = expand(with_number(price=[f"{i / 8}" for i in range(N)]))
    assert expansion.names == ("x",)
    assert "store it as numbers" in note_of(expansion, "most of them numbers: 'price'")


def test_mostly_missing_free_text_keeps_whether_it_is_there():
    words = [f"note {i}" for i in range(10)] + [None] * 30
    assert expand(pa.table({"w": words})).names == ("w=(missing)", "w=(other)")


def test_text_without_a_frequent_level_is_left_out():
    words = [f"w{i // 3}" for i in range(N)]
    assert "no level that is frequent enough" in note_of(expand(with_number(w=words)), "'w'")


def test_nested_and_binary_columns_are_left_out():
    expansion = expand(with_number(deep=[[i] for i in range(N)], raw=[b"\xff"] * N))
    assert "neither numbers nor text: 'deep', 'raw'" in note_of(expansion, "neither")


def test_any_column_can_be_taken_as_levels():
    zips = [1067, 20095] * (N // 2)
    days = pa.array([0, 1] * (N // 2), pa.date32())
    amounts = ["1,234", "5"] * (N // 2)
    expansion = expand(pa.table({"zip": zips, "day": days, "amount": amounts}), as_text=["zip", "day", "amount"])
    assert expansion.names[:4] == ("zip=1067", "zip=20095", "day=1970-01-01", "day=1970-01-02")
    assert expansion.names[4:] == ("amount=1,234", "amount=5")


def test_the_literal_words_other_and_missing_join_their_namesakes():
    words = ["a"] * 10 + ["(other)"] * 10 + ["(missing)"] * 10 + ["b"] * 10
    assert expand(pa.table({"w": words})).names == ("w=a", "w=b", "w=(missing)", "w=(other)")


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"city": REPEATED, "city=a": np.arange(N)}, "city=a"),
        ({"x": [None] + [1.0, 2.0, 3.0] * 13, "x (missing)": np.arange(N)}, "x (missing)"),
        ({"a": ["b=c", "d"] * 20, "a=b": ["c", "d"] * 20}, "a=b=c"),
    ],
)
def test_outputs_of_the_same_name_are_refused(columns, name):
    with pytest.raises(DataError) as caught:
        expand(pa.table(columns))
    assert f"two columns would both make a feature named {name!r}" in str(caught.value)


def test_infinities_and_numbers_as_text_are_refused_with_the_row_of_the_file(tmp_path):
    (tmp_path / "t.csv").write_text("x,p\n1,5\n2,inf\n3,7\n")
    with pytest.raises(DataError, match=r"column 'p' holds inf in row 2 \(not counting the header\)"):
        expand(read_table(tmp_path / "t.csv"), rows=np.array([True, True, False]))
    (tmp_path / "t.csv").write_text('x,p\n1,5\n2,"1,234"\n3,7\n')
    with pytest.raises(DataError, match="column 'p' holds numbers written as text, such as '1,234' in row 2"):
        expand(read_table(tmp_path / "t.csv"))
    assert expand(read_table(tmp_path / "t.csv"), ["x"]).names == ("x",)


def test_no_usable_column_is_refused_with_the_reasons():
    with pytest.raises(
        DataError, match="no column is left to learn from. Not used, since it holds one value only: 'c'"
    ):
        expand(pa.table({"c": [1, 1]}))
    with pytest.raises(DataError, match="no rows"):
        expand(pa.table({"c": [1, 2]}), rows=np.zeros(2, dtype=bool))


def test_unknown_columns_are_refused_with_the_nearest_one():
    with pytest.raises(DataError, match="no column 'X' .* did you mean 'x'"):
        expand(with_number(), ["X"])
    with pytest.raises(DataError, match=r"no column 'zap' .*a text column"):
        expand(with_number(zip=[1, 2] * 20), as_text=["zap"])


def test_rows_are_taken_before_anything_is_decided():
    table = pa.table({"x": [1.0, 2.0, None, 9.0] * 10, "w": ["a", "b", "c", "d"] * 10, "k": [1, 1, 1, 2] * 10})
    rows = np.array([True, True, False, False] * 10)
    expansion = expand(table, rows=rows)
    assert expansion.names == ("x", "w=a", "w=b")
    assert expansion.n_rows == 20
    by_hand = expand(table.filter(pa.array(rows)))
    np.testing.assert_array_equal(expansion.Z, by_hand.Z)
    assert by_hand.names == expansion.names


def test_a_large_table_of_levels_is_sparse(monkeypatch):
    monkeypatch.setattr(blocks, "LARGE", 100)
    words = [f"w{i % 6}" for i in range(N)]
    expansion = expand(pa.table({"w": words, "x": [1.5, None, 0, 0] * 10}))
    assert expansion.Z.format == "csc"
    for position in range(len(expansion.names)):
        np.testing.assert_array_equal(expansion.values(position), expansion.Z.toarray()[:, position])
