"""Adaptive, relaxed, concave and sparse group penalties on the command line: the estimators' own, said by name."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from shrinkwise import LinearClassifierCV, LinearRegressorCV, load_model
from tests.cli.conftest import columns


def wide(n=90, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6)) + 0.4 * rng.normal(size=(n, 1))
    return X, X[:, 0] * 3 - X[:, 1] + rng.normal(size=n)


@pytest.fixture
def table(write):
    X, y = wide()
    return write("wide.csv", **{f"x{j}": X[:, j] for j in range(6)}, y=y)


OPTIONS = {
    "adaptive lasso": (["--adaptive", "0.5"], {"adaptive": 0.5}),
    "relaxed lasso": (["--relax"], {"relax": True}),
    "MCP (gamma 3)": (["--concave", "mcp"], {"concave": "mcp"}),
    "SCAD (gamma 4.5)": (["--concave", "scad:4.5"], {"concave": "scad:4.5"}),
    "MCP (gamma 2), adaptive lasso, relaxed lasso": (
        ["--concave", "mcp:2", "--adaptive", "1", "--relax"],
        {"concave": "mcp:2", "adaptive": 1.0, "relax": True},
    ),
}


@pytest.mark.parametrize("words", OPTIONS)
def test_the_model_is_that_of_the_estimator_and_its_penalty_is_named(fit, run, table, words, tmp_path):
    args, options = OPTIONS[words]
    answer = fit(table, *args, "--rule", "min")
    assert answer.code == 0, answer.err
    assert f"regression, {words} - 90 rows x 6 features" in answer.err
    model, (X, y) = load_model("model.shrinkwise"), wide()
    twin = LinearRegressorCV(cv=model.folds, alphas=8, rule="min", ridge_unit="sd", **options).fit(X, y)
    np.testing.assert_allclose(model.result.alphas, twin.result_.alphas, rtol=1e-9)
    np.testing.assert_allclose(model.result.mean, twin.result_.mean, rtol=1e-9)
    np.testing.assert_allclose(model.coef, twin.coef_, rtol=1e-7, atol=1e-9)
    assert model.intercept == pytest.approx(twin.intercept_, rel=1e-7)
    page = Path("report.html").read_text()
    local = "concave" in options
    assert ("Each fit is a local optimum of" in answer.err) == local == ("Each fit is a local optimum of" in page)
    for term in re.findall(r"(adaptive lasso|relaxed lasso|MCP|SCAD)", words):
        assert f"<dt>{term}</dt>" in page
    assert run("report", "model.shrinkwise", "-o", "-").out == page
    assert words in run("show", "model.shrinkwise").out
    predicted = [float(line) for line in run("predict", "model.shrinkwise", table).out.splitlines()[1:]]
    np.testing.assert_allclose(predicted, twin.predict(X), rtol=1e-7)


def test_a_relaxed_choice_says_its_share(fit, table):
    answer = fit(table, "--relax", "--json")
    document = json.loads(answer.out)
    assert document["grid"]["relax"] == [1, 0.75, 0.5, 0.25, 0]
    chosen = document["chosen"]
    assert re.search(rf"1se \(chosen\) +[\d.]+ +1, {chosen['relax']:g} ", answer.err)
    page = Path("report.html").read_text()
    assert f"<td>1, {chosen['relax']:g}</td>" in page
    assert "1 l1_ratio × 5 shares of the penalized fit × 8 strengths" in page
    assert f"at l1_ratio 1 and relax {chosen['relax']:g}" in page


def test_classes_can_be_relaxed_and_bent_too(fit, classes):
    model_of = lambda *args: (fit(classes, *args, "--rule", "min", "--overwrite"), load_model("model.shrinkwise"))[1]  # noqa: E731
    values = columns()
    X, y = np.column_stack([values["a"], values["b"]]), np.where(values["y"] > 0, "yes", "no")
    for args, options in ((["--relax"], {"relax": True}), (["--concave", "scad"], {"concave": "scad"})):
        model = model_of(*args)
        twin = LinearClassifierCV(cv=model.folds, alphas=8, rule="min", **options).fit(X, y)
        np.testing.assert_allclose(model.coef, twin.coef_[0], rtol=1e-6, atol=1e-8)


def test_signs_hold_in_a_relaxed_fit(fit, table):
    assert fit(table, "--relax", "--positive", "x1", "--rule", "min").code == 0
    assert load_model("model.shrinkwise").coef[1] == 0


def cities(write, **more):
    values, rng = columns(90), np.random.default_rng(2)
    city = rng.choice(["Basel", "Bonn", "Kiel", "Ulm"], 90)
    y = values["y"] + 2 * (city == "Bonn")
    return write("cities.csv", **{**values, "y": y, **more}, city=city)


def test_a_sparse_group_lasso_leaves_single_levels_out(fit, write):
    table = cities(write)
    answer = fit(table, "--group-categoricals", "--sparse-ratio", "0.5", "--json")
    assert answer.code == 0
    assert "sparse group lasso (sparse_ratio 0.5)" in answer.err
    document = json.loads(answer.out)
    levels = [feature["coef"] for feature in document["features"] if feature["group"] == "city"]
    assert document["sparse_ratio"] == 0.5
    assert 0 < np.count_nonzero(levels) < 4


def test_three_classes_can_be_bent(fit, write):
    values = columns(90)
    answer = fit(write("t.csv", **{**values, "y": np.array(["a", "b", "c"])[np.digitize(values["y"], [-1, 1])]}))
    assert answer.code == 0
    answer = fit("t.csv", "--concave", "mcp", "--grouped-outputs", "--overwrite")
    assert answer.code == 0, answer.err
    assert "classification, 3 classes, MCP (gamma 3)" in answer.err


def test_numbers_missing_in_the_folds_can_be_relaxed_where_moments_do(fit, write):
    values = columns(90)
    gaps = [value if i % 11 else "" for i, value in enumerate(values["a"])]
    assert fit(write("t.csv", **{**values, "a": gaps}), "--relax").code == 0
    answer = fit(write("u.csv", **{**values, "a": gaps, "y": values["y"] > 0}), "--relax", "--out", "other")
    assert answer.code == 2
    assert "relax needs columns that are encoded alike in every fold" in answer.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--sparse-ratio", "0.5"], "--sparse-ratio 0.5 is a mix within groups: give --group-categoricals, too"),
        (["--relax", "--group-categoricals"], "--relax and --group-categoricals cannot go together"),
        (["--relax", "--rule", "bic"], "--relax goes with rules that folds decide, and --rule bic: it weighs"),
        (["--concave", "lasso"], "concave must be one of mcp, scad, with a gamma as in mcp:3, got 'lasso'"),
        (["--concave", "mcp:0.5"], "gamma of mcp must be > 1"),
        (["--concave", "scad:wide"], "gamma must be a number, as in mcp:3"),
        (["--adaptive", "0"], "0.0 is not in the range x>0"),
        (["--sparse-ratio", "2"], "2.0 is not in the range 0<=x<=1"),
    ],
)
def test_penalties_that_cannot_be_are_refused_before_anything_is_read(fit, args, words, files):
    answer = fit("no such table.csv", *args)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1
    assert files() == []


@pytest.mark.parametrize("args", [["--adaptive", "1"], ["--relax"]])
def test_what_is_for_one_predictor_is_refused_by_name(fit, write, args, files):
    table = write("t.csv", **{**columns(), "y": ["a", "b", "c"] * 20})
    answer = fit(table, *args)
    assert answer.code == 2
    assert f"{args[0]} is for one linear predictor a row, but 'y' has 3 classes" in answer.err
    assert files() == []
