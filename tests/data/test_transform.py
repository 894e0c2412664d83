"""A new table at prediction: reordered, renamed, with other levels, other types."""

import numpy as np
import pyarrow as pa
import pytest

from shrinkwise.data import Encoder, expand, learn, read_table
from shrinkwise.exceptions import DataError

N = 40
TABLE = pa.table(
    {
        "size": pa.array(np.arange(N) / 2, mask=np.arange(N) % 8 == 0),
        "rooms": np.arange(N) % 5,
        "city": ["Bonn", "Kiel"] * 18 + ["Ulm", "Hof", "Ulm", None],
        "zip": ["01067", "20095"] * 20,
        "id": np.arange(N),
    }
)
ENCODER = Encoder.from_dict(learn(expand(TABLE, ["size", "rooms", "city", "zip"])).to_dict())
NEW = {"size": [1.5], "rooms": [2], "city": ["Kiel"], "zip": ["01067"]}


def changed(**columns):
    return pa.table({**NEW, **columns})


def row(table):
    X, notes = ENCODER.transform(table)
    return dict(zip(ENCODER.names, X[0].tolist())), notes


def test_the_training_table_comes_out_as_it_was_fitted():
    X, _ = ENCODER.transform(TABLE)
    expansion = expand(TABLE, ["size", "rooms", "city", "zip"])
    np.testing.assert_array_equal(X, expansion.Z @ ENCODER.map(expansion, ENCODER.names))


def test_columns_are_found_by_name_in_any_order():
    expected = ENCODER.transform(pa.table(NEW))[0]
    shuffled = pa.table(NEW).select(["zip", "city", "rooms", "size"])
    np.testing.assert_array_equal(ENCODER.transform(shuffled)[0], expected)


def test_extra_columns_are_ignored_with_a_note_and_known_ones_without():
    _, notes = row(changed(colour=["red"], id=[7]))
    assert notes == ("Ignored, since the model does not know this column: 'colour'.",)


def test_a_column_without_outputs_is_neither_needed_nor_unknown():
    expansion = expand(pa.table({"w": ["a", "b"] * 10, "x": np.arange(20.0)}))
    encoder = learn(expansion, None, np.array([1.0, 0.0] * 10))
    assert encoder.columns == ("x",)
    assert encoder.transform(pa.table({"x": [1.0]}))[1] == ()
    assert encoder.transform(pa.table({"x": [1.0], "w": ["a"]}))[1] == ()


def test_lacking_columns_are_refused_by_name_with_the_nearest_one():
    table = pa.table({"Size": [1.5], "zip": ["01067"], "city": ["Kiel"]})
    with pytest.raises(DataError) as caught:
        ENCODER.transform(table)
    assert "lacks 2 columns that the model needs: 'size' (is 'Size' meant?), 'rooms'" in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "word"), [(["12 m2"], "'12 m2' in row 1"), (["1,234"], "'1,234' in row 1"), (["7"], "'7' in row 1")]
)
def test_text_where_numbers_were_is_refused_by_the_cell(cells, word):
    with pytest.raises(DataError) as caught:
        ENCODER.transform(changed(size=cells))
    assert f"column 'size' holds text, {word}" in str(caught.value)


def test_dates_where_numbers_were_are_refused():
    with pytest.raises(DataError, match="column 'size' holds date32"):
        ENCODER.transform(changed(size=pa.array([1], pa.date32())))


def test_infinity_is_refused():
    with pytest.raises(DataError, match="column 'size' holds inf in row 1"):
        ENCODER.transform(changed(size=[np.inf]))


@pytest.mark.parametrize("cells", [[None], [float("nan")], ["NA"]], ids=["null", "NaN", "word"])
def test_missing_numbers_become_the_median_of_training(cells):
    values, notes = row(changed(size=pa.array(cells), rooms=pa.nulls(1)))
    assert values["size"] == 10.0
    assert values["size (missing)"] == 1.0
    assert values["rooms"] == 2.0
    assert notes == ("Missing numbers became the median of the training rows: 'size' (1 cell), 'rooms' (1 cell).",)


@pytest.mark.parametrize("cells", [["Rom"], ["Ulm"], [None]], ids=["unseen", "rare", "missing"])
def test_other_levels_count_as_other_and_are_told(cells):
    values, notes = row(changed(city=pa.array(cells, pa.string())))
    assert (values["city=Bonn"], values["city=Kiel"], values["city=(other)"]) == (0, 0, 1)
    word = cells[0] or "(missing)"
    assert f"Column 'city': 1 row with levels rare or not seen in training ('{word}')" in notes[0]
    assert "they count as 'city=(other)'" in notes[0]


def test_unseen_levels_of_a_column_without_other_have_no_effect():
    table = pa.table({**{name: [value[0]] * 3 for name, value in NEW.items()}, "zip": ["1", "2", "2"]})
    X, notes = ENCODER.transform(table)
    assert X[:, [ENCODER.names.index("zip=01067"), ENCODER.names.index("zip=20095")]].sum() == 0
    assert notes == (
        "Column 'zip': 3 rows with levels not seen in training ('2', '1'); no level's coefficient is used there.",
    )


def test_a_csv_read_with_the_encoders_text_columns_keeps_leading_zeros(tmp_path):
    (tmp_path / "new.csv").write_text("zip,city,rooms,size\n01067,Bonn,3,\n")
    values, notes = row(read_table(tmp_path / "new.csv", text=ENCODER.text_columns))
    assert values["zip=01067"] == 1.0
    assert len(notes) == 1


def test_labels_that_arrive_as_numbers_are_the_same_labels():
    labels = pa.table({"grade": ["1", "2"] * 10, "x": np.arange(20.0)})
    encoder = learn(expand(labels))
    for cells in ([2, 1], [2.0, 1.0], ["2", " 1 "]):
        X, notes = encoder.transform(pa.table({"grade": cells, "x": [0.0, 0.0]}))
        assert X[:, :2].tolist() == [[0, 1], [1, 0]]
        assert notes == ()


def test_a_table_without_rows_gives_a_design_without_rows():
    X, notes = ENCODER.transform(pa.table(NEW).slice(0, 0))
    assert X.shape == (0, len(ENCODER.names))
    assert notes == ()


def test_repeated_columns_are_refused():
    with pytest.raises(DataError, match="'size' appears 2 times"):
        ENCODER.transform(pa.table([[1.0]] * 2, names=["size", "size"]))


def test_a_fold_encoder_refuses_gaps_it_never_learned():
    expansion = expand(pa.table({"x": [1.0, 2.0, 3.0]}))
    fold = learn(expansion, np.array([0, 1]))
    with pytest.raises(DataError, match="learned no median"):
        fold.transform(pa.table({"x": [None, 1.0]}))
