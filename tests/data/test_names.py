"""Names of columns: the nearest one, and which may be learned from."""

import pyarrow as pa
import pytest

from shrinkwise.data import did_you_mean, feature_columns
from shrinkwise.data.names import argument
from shrinkwise.exceptions import DataError

TABLE = pa.table({"price": [1.0], "Rooms": [2], "area": [3], "w": [1], "clinic": ["a"]})


@pytest.mark.parametrize(
    ("typed", "meant"), [("prise", "price"), ("PRICE", "price"), (" rooms ", "Rooms"), ("zzz", "")]
)
def test_the_nearest_name_is_offered(typed, meant):
    assert did_you_mean(typed, TABLE.column_names) == meant


@pytest.mark.parametrize(
    ("name", "shown"), [("x", "x"), ("living area", "'living area'"), ("a\x1b[31m", "'a\\x1b[31m'")]
)
def test_names_in_commands_can_be_pasted(name, shown):
    assert argument(name) == shown


def test_features_are_what_has_no_role_of_its_own():
    assert feature_columns(TABLE, "price", weights="w", groups="clinic", exclude=["area"]) == ("Rooms",)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "prise"}, "no column 'prise' in the table (asked for as the target); did you mean 'price'?"),
        ({"target": "zzz"}, "its columns are 'price', 'Rooms', 'area', 'w', 'clinic'"),
        ({"target": "price", "weights": "ww"}, "asked for as the weights"),
        ({"target": "price", "exclude": ["Area"]}, "did you mean 'area'?"),
        ({"target": "price", "weights": "price"}, "column 'price' is both the target and the weights"),
        ({"target": "price", "exclude": ["Rooms", "area", "w", "clinic"]}, "no column is left to learn from"),
    ],
)
def test_wrong_names_are_refused(options, words):
    with pytest.raises(DataError) as caught:
        feature_columns(TABLE, **options)
    assert words in str(caught.value)
