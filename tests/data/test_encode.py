"""The contract: a fold's design is a linear map of Z, and exactly what the fold's encoder makes of the table."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shrinkwise.data import Encoder, blocks, encode, expand, learn, output_space
from shrinkwise.data.encode import weighted_median
from shrinkwise.data.rules import TextRule
from shrinkwise.exceptions import DataError, UsageError

NUMBER = st.none() | st.sampled_from([0.0, -0.0, 1.0, 2.5, -1e300, 1e-300, 7.0]) | st.floats(-1e6, 1e6)
WORD = st.none() | st.sampled_from(["a", "b", "c", "(other)", "(missing)", "NA", " a", "é"])


@st.composite
def tables(draw):
    """Small hostile tables: levels in one fold only, all-missing and constant columns, equal patterns of gaps."""
    n = draw(st.integers(4, 16))
    columns = {}
    for j in range(draw(st.integers(1, 3))):
        columns[f"n{j}"] = pa.array(draw(st.lists(NUMBER, min_size=n, max_size=n)), pa.float64())
    gaps = columns["n0"].is_null()
    columns["same gaps"] = pa.array([None if gap.as_py() else i for i, gap in enumerate(gaps)], pa.int64())
    for j in range(draw(st.integers(0, 2))):
        columns[f"t{j}"] = pa.array(draw(st.lists(WORD, min_size=n, max_size=n)), pa.string())
    columns["flag"] = pa.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    folds = np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    weights = draw(st.none() | st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=n, max_size=n))
    return pa.table(columns), folds, None if weights is None else np.array(weights)


def dense(matrix):
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


@given(tables(), st.integers(1, 4), st.booleans())
@settings(max_examples=80, deadline=None)
def test_every_fold_is_a_linear_map_of_one_matrix(case, min_level, sparse):
    table, folds, weights = case
    with pytest.MonkeyPatch.context() as patch:
        if sparse:
            patch.setattr(blocks, "LARGE", 0)
            patch.setattr(blocks, "SPARSE_BELOW", 2.0)
        try:
            expansion = expand(table, min_level=min_level, as_text=[c for c in table.column_names if c[0] == "t"])
        except DataError:
            assume(False)
        trains = [np.flatnonzero(folds != k) for k in range(3)]
        encoders = [*(learn(expansion, rows, weights) for rows in trains), learn(expansion, None, weights)]
        space = output_space(encoders)
        assert len(set(space)) == len(space)
        designs = []
        for encoder in encoders:
            design = dense(expansion.Z @ encoder.map(expansion, space))
            X, _ = encoder.transform(table, space)
            np.testing.assert_array_equal(design, dense(X))
            own, _ = encoder.transform(table)
            np.testing.assert_array_equal(dense(own), design[:, [space.index(name) for name in encoder.names]])
            others = [j for j, name in enumerate(space) if name not in encoder.names]
            assert not design[:, others].any()
            designs.append(design)
        encoding = encode(expansion, trains, weights)
        assert encoding.names == space
        assert encoding.encoder == encoders[-1]
        for k, design in enumerate(designs):
            seen = encoding.Z if encoding.maps is None else encoding.Z @ encoding.maps[k]
            np.testing.assert_array_equal(dense(seen), design)


@given(tables(), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_only_the_training_rows_teach_an_encoder(case, min_level):
    """The encoder of some rows is the encoder of a table that holds nothing else."""
    table, folds, weights = case
    rows = np.flatnonzero(folds != 0)
    texts = [name for name in table.column_names if name[0] == "t"]
    try:
        expansion = expand(table, min_level=min_level, as_text=texts)
        alone = expand(table.take(pa.array(rows)), min_level=min_level, as_text=texts)
    except DataError:
        assume(False)
    in_fold = learn(expansion, rows, weights)
    by_itself = learn(alone, None, None if weights is None else weights[rows])
    rules = {rule.name: rule for rule in by_itself.rules}
    design = dense(expansion.Z @ in_fold.map(expansion, in_fold.names))[rows]
    for rule in in_fold.rules:
        other = rules.get(rule.name)
        if other is None:  # the column is constant or empty in these rows
            assert np.ptp(design[:, [in_fold.names.index(name) for name in rule.outputs]], axis=0).sum() == 0
        elif isinstance(rule, TextRule):
            assert rule == other
        else:
            assert rule.indicator == other.indicator
            assert rule.median in (None, other.median) or not other.value


@given(tables(), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_a_row_of_weight_zero_counts_as_absent(case, min_level):
    table, folds, _ = case
    texts = [name for name in table.column_names if name[0] == "t"]
    try:
        expansion = expand(table, min_level=min_level, as_text=texts)
    except DataError:
        assume(False)
    weights = (folds != 0).astype(float)
    rows = np.flatnonzero(folds != 0)
    assert learn(expansion, np.arange(len(folds)), weights) == learn(expansion, rows)


@given(tables())
@settings(max_examples=30, deadline=None)
def test_an_encoder_survives_json(case):
    table, _, weights = case
    try:
        encoder = learn(
            expand(table, min_level=2, as_text=[c for c in table.column_names if c[0] == "t"]), None, weights
        )
    except DataError:
        assume(False)
    text = json.dumps(encoder.to_dict(), allow_nan=False)
    assert Encoder.from_dict(json.loads(text)) == encoder


@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_the_weighted_median_is_the_median_of_repeated_rows(values, seed):
    weights = np.random.default_rng(seed).integers(1, 4, len(values))
    values = np.array(values)
    assert weighted_median(values, weights.astype(float)) == weighted_median(np.repeat(values, weights))
    assert weighted_median(values, np.ones(len(values))) == weighted_median(values)
    half = np.sort(values)[[(len(values) - 1) // 2, len(values) // 2]]
    assert half[0] <= weighted_median(values) <= half[1]


def test_the_indicator_is_kept_only_where_it_informs():
    gaps = [i % 4 == 0 for i in range(40)]
    few = [i < 3 for i in range(40)]
    table = pa.table(
        {
            "x": pa.array(np.arange(40.0), mask=np.array(gaps)),
            "same": pa.array(np.arange(40.0) ** 2, mask=np.array(gaps)),
            "few": pa.array(np.sin(np.arange(40.0)), mask=np.array(few)),
            "nearly none": pa.array(np.cos(np.arange(40.0)), mask=~np.array(few)),
        }
    )
    assert learn(expand(table)).names == ("x", "x (missing)", "same", "few", "nearly none")


def test_levels_of_one_fold_only_go_to_other_elsewhere():
    words = ["a"] * 10 + ["b"] * 10 + ["c"] * 10
    expansion = expand(pa.table({"w": words}), min_level=2)
    fold = learn(expansion, np.arange(20))
    assert fold.names == ("w=a", "w=b")
    pooling = learn(expansion, np.arange(21))
    assert pooling.names == ("w=a", "w=b", "w=(other)")
    space = output_space([fold, pooling, learn(expansion)])
    assert space == ("w=a", "w=b", "w=c", "w=(other)")
    assert (expansion.Z @ fold.map(expansion, space))[25].tolist() == [0, 0, 0, 0]
    assert (expansion.Z @ pooling.map(expansion, space))[25].tolist() == [0, 0, 0, 1]


def test_numbers_without_gaps_need_no_maps():
    rng = np.random.default_rng(0)
    expansion = expand(pa.table({f"x{j}": rng.normal(size=30) for j in range(3)}))
    encoding = encode(expansion, [np.arange(20), np.arange(10, 30)])
    assert encoding.maps is None
    assert encoding.Z is expansion.Z


def test_equal_maps_are_applied_once():
    values = np.tile([1.0, 2.0, 3.0, 2.0, 2.0], 12)
    column = pa.array(values, mask=np.arange(60) % 5 == 4)
    expansion = expand(pa.table({"x": column}), min_level=2)
    encoding = encode(expansion, [np.arange(30), np.arange(30, 60)])
    assert encoding.maps is None
    assert encoding.Z[:, 0].tolist() == values.tolist()
    assert encoding.Z.flags.f_contiguous


def test_maps_differ_where_medians_do():
    column = pa.array(np.arange(60.0), mask=np.arange(60) % 5 == 4)
    folds = [np.arange(30), np.arange(30, 60)]
    encoding = encode(expand(pa.table({"x": column})), folds)
    assert len(encoding.maps) == 3
    medians = [(encoding.Z @ one)[4, 0] for one in encoding.maps]
    assert medians == [np.nanmedian(column.to_numpy(zero_copy_only=False)[rows]) for rows in (*folds, np.arange(60))]


def test_the_notes_say_how_columns_were_encoded():
    table = pa.table(
        {
            "city": ["a"] * 20 + ["b"] * 17 + ["c"] * 3,
            "x": pa.array(np.arange(40.0), mask=np.arange(40) % 4 == 0),
        }
    )
    notes = " ".join(encode(expand(table), []).notes)
    assert "1 text column became 3 0/1 columns, one for every level: none is dropped as a reference" in notes
    assert "Levels with fewer than 5 rows share a column, named '(other)': 'city' (1 level)." in notes
    assert "Missing numbers became the median of the fold's training rows: 'x' (10 cells)." in notes
    assert "A 0/1 column says where numbers were missing: 'x (missing)'." in notes


def test_a_space_without_the_encoders_columns_is_refused():
    expansion = expand(pa.table({"x": [1.0, 2.0], "z": [2.0, 1.0]}))
    encoder = learn(expansion)
    with pytest.raises(UsageError, match="'x' is not there"):
        encoder.map(expansion, ["z"])
    with pytest.raises(UsageError, match="'x' is not there"):
        encoder.transform(pa.table({"x": [1.0], "z": [1.0]}), ["z"])


def test_a_map_of_another_table_is_refused():
    encoder = learn(expand(pa.table({"x": [1.0, 2.0]})))
    other = expand(pa.table({"x": ["a", "b"]}), min_level=1, as_text=["x"])
    with pytest.raises(UsageError, match="not learned from this table"):
        encoder.map(other, ["x"])


def test_the_levels_of_a_text_column_are_a_group_for_every_fold():
    table = pa.table({"x": [1.0, None, 2.0] * 4, "city": list("aaabbbcccddd"), "kind": list("ppqqppqqppqq")})
    expansion = expand(table, min_level=2)
    halves = [np.arange(0, 6), np.arange(6, 12)]  # a and b, then c and d
    encoding = encode(expansion, halves, group_categoricals=True)
    assert encoding.names == ("x", "x (missing)", *(f"city={c}" for c in "abcd"), "kind=p", "kind=q")
    assert encoding.groups == (None, None, *["city"] * 4, "kind", "kind")
    assert "'city' (4 columns), 'kind' (2 columns)" in encoding.notes[-1]
    assert encode(expansion, halves).groups is None
