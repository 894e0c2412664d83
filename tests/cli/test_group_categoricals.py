"""``shrinkwise fit --group-categoricals``: the levels of a text column come in together or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from shrinkwise import load_model


@pytest.fixture
def table(write):
    """A text column of six levels that matters, one that does not, and a number."""
    rng = np.random.default_rng(0)
    city, kind = rng.integers(6, size=180), rng.integers(4, size=180)
    size = rng.standard_normal(180)
    y = size + np.array([3.0, -1.0, 2.0, 0.0, -2.0, 1.0])[city] + rng.standard_normal(180)
    return write("levels.csv", size=size, city=[f"c{i}" for i in city], kind=[f"k{i}" for i in kind], y=y)


def test_a_text_column_is_in_the_model_as_a_whole_or_not_at_all(fit, table):
    answer = fit(table, "--group-categoricals", "--rule", "k=7")
    assert answer.code == 0
    assert "one group, which is in the model or not as a whole: 'city' (6 columns), 'kind' (4 columns)" in answer.err
    assert "The chosen model keeps 1 of 2 groups of features: city (6 features)." in answer.err
    model = load_model("model.shrinkwise")
    assert model.result.groups == ("", *["city"] * 6, *["kind"] * 4)
    for coefs in model.result.coefs[0]:  # in every fold, at every strength
        for name in ("city", "kind"):
            inside = coefs.toarray()[:, np.array(model.result.groups) == name] != 0
            assert np.array_equal(inside.any(axis=1), inside.all(axis=1))
    assert "1 of 2 groups of features" in Path("report.html").read_text("utf-8")


def test_a_fold_that_lacks_a_level_keeps_the_group(fit, write):
    rng = np.random.default_rng(1)
    city = np.repeat([0, 1, 2, 3], [28, 26, 3, 3])  # the last two are pooled: rare
    y = np.array([0.0, 2.0, 5.0, 5.0])[city] + rng.standard_normal(60)
    answer = fit(write("rare.csv", city=[f"c{i}" for i in city], y=y), "--group-categoricals")
    assert answer.code == 0, answer.err
    assert load_model("model.shrinkwise").result.all_converged


def test_json_names_the_group_of_each_feature(fit, table):
    document = json.loads(fit(table, "--group-categoricals", "--json", "--quiet").out)
    assert [feature["group"] for feature in document["features"]] == [None, *["city"] * 6, *["kind"] * 4]


def test_without_text_columns_nothing_changes_but_a_note(fit, numbers):
    plain = fit(numbers)
    coef = load_model("model.shrinkwise").coef
    answer = fit(numbers, "--group-categoricals", "--overwrite")
    assert plain.code == answer.code == 0
    assert "There is no text column whose levels could be a group" in answer.err
    np.testing.assert_array_equal(load_model("model.shrinkwise").coef, coef)
    assert "groups of features" not in answer.err


def test_groups_of_rows_and_of_levels_go_together(fit, write):
    rng = np.random.default_rng(2)
    site = np.repeat(np.arange(12), 6)
    city = rng.integers(3, size=72)
    y = city + rng.standard_normal(72)
    name = write("sites.csv", site=site, city=[f"c{i}" for i in city], size=rng.standard_normal(72), y=y)
    assert fit(name, "--groups", "site", "--group-categoricals").code == 0
    assert set(load_model("model.shrinkwise").result.groups) == {"", "city"}
