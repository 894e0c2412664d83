"""Warnings of leaks, and folds that the data cannot fill."""

import numpy as np
import pyarrow as pa
import pytest

from shrinkwise.data import check_folds, expand, leak_warnings, take_target
from shrinkwise.exceptions import DataError, UsageError

N = 60
RNG = np.random.default_rng(0)
Y = RNG.normal(size=N)
CLASS = np.where(RNG.random(N) < 0.5, "no", "yes")

SPECIES, WORDS = RNG.integers(0, 3, N), np.array(["a", "b", "c"])


def warned(column, y=Y, **options):
    table = pa.table({"c": column, "y": y})
    return leak_warnings(expand(table, ["c"], **options), take_target(table, "y"))


GAPS = pa.array(np.sin(np.arange(N)), mask=CLASS == "yes")

LEAKS = {
    "copy": (Y, Y, "copy of the target 'y'"),
    "other unit": (-1000 * Y + 5, Y, "copy of the target 'y'"),
    "large unit": (Y * 1e200, Y, "copy of the target 'y'"),
    "tiny unit, far away": (1e6 + Y, Y * 1e-300, "copy of the target 'y'"),
    "nearly": (Y + 1e-3 * RNG.normal(size=N), Y, "copy of the target 'y'"),
    "copy with gaps": (pa.array(Y, mask=np.arange(N) < 5), Y, "copy of the target 'y'"),
    "class as number": (np.where(CLASS == "yes", 7, 3), CLASS, "copy of the target 'y'"),
    "class as text": (np.where(CLASS == "yes", "dead", "alive"), CLASS, "Its levels tell the target 'y'"),
    "class in several words": (np.char.add(CLASS, ["1", "2"] * 30), CLASS, "Its levels tell the target 'y'"),
    "three classes as numbers in another order": (SPECIES * 7 % 5, WORDS[SPECIES], "copy of the target 'y'"),
    "three classes as text": (WORDS[::-1][SPECIES], WORDS[SPECIES], "Its levels tell the target 'y'"),
    "gaps": (GAPS, CLASS, "Its missing cells tell the target 'y'"),
    "row number": (np.arange(N), Y, "row number or an id"),
    "shuffled id": (RNG.permutation(N) + 1000, Y, "row number or an id"),
    "ascending id": (np.cumsum(RNG.integers(1, 9, N)), Y, "row number or an id"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_leaks_are_warned_of_by_name(name):
    column, y, words = LEAKS[name]
    (warning,) = warned(column, y)
    assert warning.startswith("Column 'c' leaks? ")
    assert words in warning
    assert "--exclude c" in warning


HARMLESS = {
    "one of three classes": (np.where(SPECIES == 1, "b", "not b"), WORDS[SPECIES]),
    "noise": (RNG.normal(size=N), Y),
    "related": (Y + 0.1 * RNG.normal(size=N), Y),
    "count": (RNG.integers(0, 5, N), Y),
    "scattered integers": (RNG.choice(10_000, N, replace=False), Y),
    "levels": (np.array(["a", "b", "c"] * 20), CLASS),
    "all but one": (np.where(np.arange(N) == 0, "yes", CLASS), np.where(np.arange(N) == 0, "no", CLASS)),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_honest_columns_are_not_warned_of(name):
    assert warned(*HARMLESS[name]) == ()


def test_few_rows_are_not_judged():
    table = pa.table({"c": [1, 2, 3], "y": [1.0, 2.0, 3.0]})
    assert leak_warnings(expand(table, ["c"]), take_target(table, "y")) == ()


def test_folds_need_rows_groups_and_members_of_each_class():
    numbers = take_target(pa.table({"y": [1.0, 2.0, 3.0]}), "y")
    check_folds(numbers, 3)
    with pytest.raises(DataError, match="3 rows cannot make 10 folds; choose fewer with --folds"):
        check_folds(numbers, 10)
    with pytest.raises(DataError, match="2 groups cannot make 3 folds"):
        check_folds(numbers, 3, np.array([0, 1, 1]))
    with pytest.raises(UsageError, match="at least 2, got 1"):
        check_folds(numbers, 1)
    classes = take_target(pa.table({"y": ["a"] * 9 + ["b"] * 2}), "y")
    check_folds(classes, 2)
    with pytest.raises(DataError, match="class 'b' of the target 'y' has 2 rows, fewer than 5 folds"):
        check_folds(classes, 5)
