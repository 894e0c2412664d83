"""Target, weights and groups: every refusal by its words."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from shrinkwise.data import take_groups, take_known_target, take_offset, take_target, take_weights
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import as_loss


def table(cells, **options):
    return pa.table({"y": pa.array(cells, **options), "x": range(len(cells))})


def refusal(cells, task="auto", drop_missing=False):
    with pytest.raises(DataError) as caught:
        take_target(cells if isinstance(cells, pa.Table) else table(cells), "y", task, drop_missing)
    return str(caught.value)


def test_many_numbers_are_a_regression_and_the_note_names_the_flag():
    target = take_target(table([1.5, 2.0, 3.0]), "y")
    assert (target.task, target.classes) == ("regression", None)
    assert target.values.tolist() == [1.5, 2.0, 3.0]
    assert target.notes == ("Task: regression, since 'y' holds 3 distinct numbers; --task classification changes it.",)


@pytest.mark.parametrize(
    ("cells", "classes", "reason"),
    [
        (["no", "yes", "no"], ("no", "yes"), "holds text"),
        ([True, False, True], ("false", "true"), "holds true and false"),
        ([0, 1, 1], ("0", "1"), "has two distinct values (0 and 1)"),
        ([10.0, 9.0, 10.0], ("9", "10"), "has two distinct values (9 and 10)"),
        ([0.5, -1.0, -1.0], ("-1", "0.5"), "has two distinct values (-1 and 0.5)"),
    ],
)
def test_two_values_are_a_classification(cells, classes, reason):
    target = take_target(table(cells), "y")
    assert target.task == "classification"
    assert target.classes == classes
    expected = [float(str(cell).lower().removesuffix(".0") == classes[1]) for cell in cells]
    assert target.values.tolist() == expected
    assert reason in target.notes[0]


def test_the_task_can_be_chosen_and_is_then_not_noted():
    target = take_target(table([0, 1, 1]), "y", "regression")
    assert (target.task, target.values.tolist(), target.notes) == ("regression", [0.0, 1.0, 1.0], ())
    assert take_target(table([0, 1, 1]), "y", "classification").notes == ()


@pytest.mark.parametrize("cells", [[1.5, None, float("nan"), 2.0, 3.0], ["a", None, "NA", "b", "a"]])
def test_missing_cells_are_counted_and_refused_or_dropped(cells):
    message = refusal(cells)
    assert "the target 'y' is missing in 2 of 5 rows, the first is row 2" in message
    assert "--drop-missing-target" in message
    target = take_target(table(cells), "y", drop_missing=True)
    assert target.rows.tolist() == [True, False, False, True, True]
    assert len(target.values) == 3
    assert "2 rows without a target are left out." in target.notes


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("type_", [pa.float64(), pa.string(), pa.null()])
def test_a_target_without_any_value_is_refused(type_, drop):
    assert "has no value in any of 2 rows" in refusal(table([None, None], type=type_), drop_missing=drop)


@pytest.mark.parametrize(
    ("cells", "task", "words"),
    [
        ([3, 3, 3], "auto", "the target 'y' is '3' in all 3 rows: a regression has nothing to explain"),
        ([3.5, 3.5], "classification", "is '3.5' in all 2 rows: a classifier needs two classes"),
        (["a", "a"], "auto", "is 'a' in all 2 rows: a classifier needs two classes"),
        ([True, True], "auto", "is 'true' in all 2 rows: a classifier needs two classes"),
        (["a", "b", "a"], "regression", "holds text ('a', 'b'), and a regression needs numbers"),
        ([1.0, np.inf, 2.0], "auto", "column 'y' holds inf in row 2"),
        (["1,234", "5,678", "9"], "auto", "column 'y' holds numbers written as text, such as '1,234' in row 1"),
        ([str(i) for i in range(19)] + ["unknown"], "auto", "holds numbers in 19 of 20 cells and words in the others"),
        ([dt.date(2024, 3, 31)] * 2, "auto", "holds dates or times"),
        (["2024-03-31", "2024-04-01"], "auto", "holds dates or times"),
        ([[1], [2]], "auto", "holds list<"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(cells, task, words):
    assert words in refusal(cells, task)


@pytest.mark.parametrize(("cells", "task"), [(["c", "a", "b", "a"], "auto"), ([3, 1, 2, 1], "classification")])
def test_more_than_two_classes_are_posed_as_indicators(cells, task):
    target = take_target(table(cells), "y", task)
    assert target.outputs == target.classes == tuple(map(str, sorted(set(cells))))
    assert target.posed.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
    two = take_target(table(["b", "a"]), "y")
    assert (two.outputs, two.posed.tolist()) == (None, [1, 0])


def test_an_unknown_column_or_task_is_refused():
    with pytest.raises(DataError, match="no column 'Y' .* did you mean 'y'"):
        take_target(table([1, 2]), "Y")
    with pytest.raises(UsageError, match="task must be one of auto, regression, classification, got 'guess'"):
        take_target(table([1, 2]), "y", "guess")


def test_two_numbers_as_labels_in_text_are_classes():
    assert take_target(table(["1", "0", "1"]), "y").classes == ("0", "1")


WEIGHTS = {
    "missing in 1 row, the first is row 2": [1.0, None, 2.0],
    "negative in 2 rows, such as -1 in row 2": [1.0, -1.0, -2.0],
    "all zero": [0.0, 0.0, 0.0],
    "hold string values": ["a", "b", "c"],
    "column 'w' holds inf in row 3": [1.0, 1.0, np.inf],
}


@pytest.mark.parametrize("words", WEIGHTS)
def test_weights_that_are_none_are_refused(words):
    with pytest.raises(DataError) as caught:
        take_weights(pa.table({"w": WEIGHTS[words]}), "w")
    assert words in str(caught.value)


def test_weights_of_dropped_rows_do_not_matter():
    weights = pa.table({"w": [1, None, 2, -3]})
    assert take_weights(weights, "w", np.array([True, False, True, False])).tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match="such as -3 in row 4"):
        take_weights(weights, "w", np.array([True, False, True, True]))


@pytest.mark.parametrize("cells", [["b", "a", "b"], [2, 1, 2], [2.5, 1.5, 2.5], [True, False, True]])
def test_groups_of_any_type_are_codes(cells):
    assert take_groups(pa.table({"g": cells}), "g").tolist() == [1, 0, 1]


def test_groups_are_coded_among_the_rows_taken():
    groups = pa.table({"g": ["a", "b", None, "c"]})
    assert take_groups(groups, "g", np.array([False, True, False, True])).tolist() == [0, 1]
    with pytest.raises(DataError, match="the groups 'g' are missing in 1 row, the first is row 3"):
        take_groups(groups, "g")


@pytest.mark.parametrize("drop", [[], [0, 3]])
def test_a_loss_settles_the_task_and_names_the_row_of_the_file_that_it_cannot_take(drop):
    cells = [None if row in drop else value for row, value in enumerate([4, 1, 0, 2, -1, 3])]
    with pytest.raises(DataError, match=r"the poisson loss needs y >= 0, got -1 at row 5 \(not counting the header\)"):
        take_target(table(cells), "y", drop_missing=True, loss=as_loss("poisson"))
    target = take_target(table([0, 1, 1, None]), "y", drop_missing=True, loss=as_loss("poisson"))
    assert (target.task, target.classes, target.values.tolist()) == ("regression", None, [0.0, 1.0, 1.0])
    assert "Task: regression, since the poisson loss is for numbers." in target.notes
    assert take_target(table([0, 1, 1]), "y", loss=as_loss("logistic")).task == "classification"
    with pytest.raises(DataError, match="the gamma loss needs numbers; leave out --loss"):
        take_target(table(["a", "b", "a"]), "y", loss=as_loss("gamma"))


OFFSETS = {
    "the offset 'o' holds string values; an offset is a number": {"o": ["a", "b"]},
    "the offset 'o' is missing in 1 row, the first is row 2": {"o": [1.0, None]},
    "column 'o' holds inf in row 2": {"o": [1.0, np.inf]},
    "the exposure 'e' is missing in 2 rows, the first is row 1": {"e": pa.nulls(2)},
    "the exposure 'e' is not above zero in 2 rows, such as -0.5 in row 1": {"e": [-0.5, 0.0]},
}


@pytest.mark.parametrize("words", OFFSETS)
def test_offsets_and_exposures_that_are_none_are_refused(words):
    columns = OFFSETS[words]
    with pytest.raises(DataError) as caught:
        take_offset(pa.table(columns), offset="o" if "o" in columns else None, exposure="e" if "e" in columns else None)
    assert words in str(caught.value)


def test_the_known_part_is_the_offset_and_the_logarithm_of_the_exposure():
    known = pa.table({"o": [1.0, None, -2.0], "e": [1, 0, 4]})
    rows = np.array([True, False, True])
    np.testing.assert_allclose(take_offset(known, "o", "e", rows), [1.0, np.log(4) - 2])
    assert take_offset(known, "o", None, rows).tolist() == [1.0, -2.0]
    assert take_offset(known) is None


def test_a_known_target_has_the_classes_of_its_models_whatever_these_rows_hold():
    table = pa.table({"y": ["b", "b"], "n": [1, 0], "t": [True, True]})
    assert take_known_target(table, ["y"], ("a", "b")).values.tolist() == [1.0, 1.0]
    assert take_known_target(table, ["n"], ("0", "1")).values.tolist() == [1.0, 0.0]
    assert take_known_target(table, ["t"], ("false", "true")).values.tolist() == [1.0, 1.0]
    with pytest.raises(DataError, match="holds 'b', and the classes of the models are 'c', 'd'"):
        take_known_target(table, ["y"], ("c", "d"))


def test_known_numbers_are_taken_even_if_they_are_all_the_same():
    table = pa.table({"y": [2.0, 2.0, None], "z": [1.0, None, 3.0], "w": ["a", "b", "c"]})
    known = take_known_target(table, ["y"], None, drop_missing=True)
    assert (known.values.tolist(), known.rows.tolist()) == ([2.0, 2.0], [True, True, False])
    both = take_known_target(table, ["y", "z"], None, drop_missing=True)
    assert (both.values.tolist(), both.columns) == ([[2.0, 1.0]], ("y", "z"))
    with pytest.raises(DataError, match="is missing in 1 of 3 rows"):
        take_known_target(table, ["y"], None)
    with pytest.raises(DataError, match="holds string values; the models predict numbers there"):
        take_known_target(table, ["w"], None)
    with pytest.raises(DataError, match="the target 'z' does not suit"):
        take_known_target(pa.table({"z": [-1.0, 2.0]}), ["z"], None, [as_loss("poisson")])
