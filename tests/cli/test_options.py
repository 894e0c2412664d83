"""Lists of columns between commas."""

import pytest

from shrinkwise.cli._options import column_names, possible_names
from shrinkwise.exceptions import UsageError

COLUMNS = ("a", "b", "c,d", "e", "e,f")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["a"], ("a",)),
        (["a", "b", "a"], ("a", "b")),
        (["a,b"], ("a", "b")),
        (["a, b,"], ("a", "b")),
        (["c,d"], ("c,d",)),
        (["e,f"], ("e,f",)),
        (["a,nope"], ("a", "nope")),
        (["no,pe"], ("no,pe",)),
        ([], ()),
    ],
)
def test_a_value_is_a_column_or_several_between_commas(values, names):
    assert column_names(values, COLUMNS, "--exclude") == names


def test_a_value_that_can_be_read_both_ways_is_refused():
    with pytest.raises(UsageError, match="--exclude 'a,b' can mean the column of that name or 2 columns"):
        column_names(["a,b"], ["a", "b", "a,b"], "--exclude")


def test_possible_names_are_the_values_and_their_parts():
    assert possible_names(["a", "b, c"]) == ("a", "b, c", "b", "c")
