"""``shrinkwise fit --costs``: the cheapest model that is as good."""

import json
from pathlib import Path

import numpy as np
import pytest

from shrinkwise import load_model

RULE = ("--rule", "cheapest within 1se")


@pytest.fixture
def table(write):
    rng = np.random.default_rng(0)
    a, noise, c = rng.standard_normal((3, 150))
    kind = rng.integers(3, size=150)
    y = a + 0.5 * c + np.array([0.0, 0.6, 1.2])[kind] + rng.standard_normal(150)
    gaps = np.where(np.arange(150) % 7 == 0, "", c)
    return write("t.csv", a=a, b=a + 0.2 * noise, c=gaps, kind=[f"k{i}" for i in kind], y=y)


def costs(write, *rows, header=("feature", "cost")):
    names, values = zip(*rows, strict=True)
    return write("costs.csv", **dict(zip(header, (names, values), strict=True)))


def test_a_dear_column_is_spared_and_a_source_is_paid_once(fit, table, write):
    priced = costs(write, ("a", 90), ("b", 2), ("c", 5), ("kind", 3.5))
    answer = fit(table, "--costs", priced, *RULE, "--json", "--folds", "10", "--alphas", "20")
    assert answer.code == 0
    model = load_model("model.shrinkwise")
    result, names = model.result, model.feature_names
    assert model.rule == "cheapest within 1se"
    paid = {"a": 90.0, "b": 2.0, "c": 5.0, "c (missing)": 5.0, "kind=k0": 3.5, "kind=k1": 3.5, "kind=k2": 3.5}
    assert dict(zip(names, result.costs, strict=True)) == paid
    at = {name: place for place, name in enumerate(names)}
    assert len({int(result.sources[at[f"kind=k{i}"]]) for i in range(3)}) == 1
    assert result.sources[at["c"]] == result.sources[at["c (missing)"]] != result.sources[at["b"]]
    assert model.coef[at["a"]] == 0 != model.coef[at["b"]]
    cell, document = result.select(model.rule), json.loads(answer.out)
    assert document["grid"]["cost_power"] == result.cost_powers.tolist()
    assert document["grid"]["cost"][cell.ratio][cell.index] == result.model_costs[cell.ratio, cell.index] <= 2 + 5 + 3.5
    assert {feature["name"]: feature["cost"] for feature in document["features"]} == paid
    assert "cheapest within 1se" in answer.err
    page = Path("report.html").read_text(encoding="utf-8")
    assert "cheapest features within one standard error" in page
    assert "penalties that grow with the cost of features" in page


def test_the_file_may_name_all_others_and_columns_that_are_no_features(fit, table, write):
    priced = costs(write, ("*", 1), ("y", 7), ("a", 0))
    assert fit(table, "--costs", priced, "--exclude", "c").code == 0
    model = load_model("model.shrinkwise")
    assert dict(zip(model.feature_names, model.result.costs, strict=True))["a"] == 0
    assert set(model.result.costs) == {0.0, 1.0}


def test_costs_go_with_groups_relaxing_and_the_report(fit, run, table, write):
    priced = costs(write, ("*", 1), ("a", 20))
    assert fit(table, "--costs", priced, *RULE, "--group-categoricals", "--l1-ratio", "0.5,1").code == 0
    assert fit(table, "--costs", priced, *RULE, "--relax", "--overwrite").code == 0
    assert fit(table, "--costs", priced, *RULE, "--adaptive", "1", "--overwrite").code == 0
    assert run("report", "model.shrinkwise", "-o", "again.html").code == 0
    assert run("show", "model.shrinkwise").code == 0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("a", 1), ("b", 1), ("c", 1)], "no cost for 'kind'; give each feature one"),
        ([("*", 1), ("aa", 2)], "a cost for 'aa', which is no column of the table; did you mean 'a'?"),
        ([("*", 1), ("a", -2)], "the cost of 'a' must be a finite number >= 0, got '-2'"),
        ([("*", 1), ("a", "cheap")], "the cost of 'a' must be a finite number >= 0, got 'cheap'"),
        ([("*", 1), ("a", "")], "the cost of 'a' must be a finite number >= 0, got an empty cell"),
        ([("*", 1), ("a", 2), ("a", 3)], "two costs for 'a'"),
        ([("*", 1), ("", 3)], "row 2 names no feature"),
    ],
)
def test_a_file_that_cannot_be_is_refused(fit, table, write, files, rows, words):
    answer = fit(table, "--costs", costs(write, *rows))
    assert answer.code == 3
    assert words in answer.err
    assert files() == []


def test_the_file_needs_its_two_columns(fit, table, write):
    answer = fit(table, "--costs", costs(write, ("a", 1), header=("column", "price")))
    assert answer.code == 3
    assert "must have two columns, feature and cost, got 'column', 'price'" in answer.err
    assert fit(table, "--costs", "nowhere.csv").code == 3


def test_the_rule_needs_costs_before_anything_is_read(fit, run):
    answer = fit("nowhere.csv", *RULE)
    assert answer.code == 2
    assert "give --costs costs.csv" in answer.err
    network = run("net", "nowhere.csv", "--target", "y", *RULE)
    assert network.code == 2
    assert "inputs of networks have no costs" in network.err
