"""Encoders from model files that no fit wrote are refused, whatever is wrong with them."""

import copy
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shrinkwise.data import Encoder, expand, learn
from shrinkwise.exceptions import ModelFileError

TABLE = pa.table({"x": pa.array(np.arange(20.0), mask=np.arange(20) % 3 == 0), "w": ["a", "b"] * 10, "k": [1] * 20})
GOOD = learn(expand(TABLE)).to_dict()

CHANGES = {
    "newer version": lambda d: d.update(encoder=2),
    "version is a boolean": lambda d: d.update(encoder=True),
    "no version": lambda d: d.pop("encoder"),
    "unknown key": lambda d: d.update(extra=1),
    "columns are no list": lambda d: d.update(columns={}),
    "a column is no entry": lambda d: d["columns"].append(3),
    "unknown kind": lambda d: d["columns"][0].update(kind="date"),
    "infinite median": lambda d: d["columns"][0].update(median=float("inf")),
    "NaN median": lambda d: d["columns"][0].update(median=float("nan")),
    "median is text": lambda d: d["columns"][0].update(median="3"),
    "median is a boolean": lambda d: d["columns"][0].update(median=True),
    "flag is a number": lambda d: d["columns"][0].update(value=1),
    "name is a number": lambda d: d["columns"][0].update(name=1),
    "key of a column lacks": lambda d: d["columns"][0].pop("indicator"),
    "levels are text": lambda d: d["columns"][1].update(levels="ab"),
    "a level is a number": lambda d: d["columns"][1].update(levels=["a", 1]),
    "a level twice": lambda d: d["columns"][1].update(levels=["a", "a"]),
    "other as a level": lambda d: d["columns"][1].update(levels=["a", "(other)"]),
    "a column twice": lambda d: d["columns"].append(d["columns"][0]),
    "a column used and ignored": lambda d: d.update(ignored=["x"]),
    "an ignored column is a number": lambda d: d.update(ignored=[1]),
    "an output twice": lambda d: d["columns"][1].update(name="x (missing)", levels=[], other=False) or clash(d),
}


def clash(stored):
    stored["columns"].append({"kind": "number", "name": "w=a", "median": 1.0, "value": True, "indicator": False})
    stored["columns"][1] = copy.deepcopy(GOOD["columns"][1])


@pytest.mark.parametrize("change", CHANGES)
def test_an_altered_encoder_is_refused(change):
    stored = copy.deepcopy(GOOD)
    CHANGES[change](stored)
    with pytest.raises(
        ModelFileError, match="encoder in the model file is damaged or altered: .*; fit the model again"
    ):
        Encoder.from_dict(stored)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(JSON, st.sampled_from(["all", "encoder", "columns", "ignored", "column", "median", "levels", "name"]))
def test_any_other_json_is_refused_or_makes_an_encoder(value, where):
    stored = copy.deepcopy(GOOD)
    if where == "all":
        stored = value
    elif where == "column":
        stored["columns"][0] = value
    elif where in ("median", "levels", "name"):
        stored["columns"][1 if where == "levels" else 0][where] = value
    else:
        stored[where] = value
    try:
        encoder = Encoder.from_dict(stored)
    except ModelFileError:
        return
    assert Encoder.from_dict(json.loads(json.dumps(encoder.to_dict(), allow_nan=False))) == encoder


def test_an_integer_median_is_a_number():
    stored = copy.deepcopy(GOOD)
    stored["columns"][0]["median"] = 3
    assert Encoder.from_dict(stored).rules[0].median == 3.0
