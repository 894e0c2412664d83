"""``shrinkwise explain``: why a feature is in a model, or why it is out."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from shrinkwise import load_model
from shrinkwise.cli._document import report_input
from shrinkwise.report.explanation import explain as explained
from shrinkwise.report.explanation import ordinal
from tests.cli.conftest import QUICK


@pytest.fixture
def table(write):
    """A number with gaps, a text column of which one level counts, a constant, a column of noise."""
    rng = np.random.default_rng(0)
    n = 120
    size, noise, city = rng.normal(size=n), rng.normal(size=n), rng.choice(["Basel", "Bern", "Genf"], size=n)
    y = size + 2 * (city == "Bern") + 0.5 * rng.normal(size=n)
    gaps = ["" if k % 8 == 0 else value for k, value in enumerate(size)]
    return write("table.csv", size=gaps, noise=noise, city=city, same=["x"] * n, y=y)


@pytest.fixture
def model(fit, table):
    assert fit(table, "--quiet").code == 0
    return "model.shrinkwise"


@pytest.fixture
def explain(run):
    return lambda feature, *args: run("explain", feature, "--model", "model.shrinkwise", *args)


def one(answer):
    assert answer.code == 0, answer.err
    (found,) = json.loads(answer.out)["features"]
    return found


def test_a_selected_feature_has_its_coefficient_its_place_on_the_path_and_its_folds(model, explain):
    found, loaded = one(explain("size", "--json")), load_model(model)
    result, chosen = loaded.result, loaded.result.select(loaded.rule)
    at = loaded.feature_names.index("size")
    assert found["selected"]
    assert found["coefficient"]["per_unit"] == result.coef(chosen.ratio, chosen.index)[at]
    assert found["coefficient"]["per_sd"] == pytest.approx(found["coefficient"]["per_unit"] * result.scale[at])
    path = result.coefs[chosen.ratio][-1].toarray()
    first = int(np.argmax(path[:, at] != 0))
    assert found["path"]["enters_at"] == result.alphas[chosen.ratio, first]
    assert found["path"]["rank"] == 1 + np.count_nonzero(np.any(path[:first] != 0, axis=0))
    assert found["folds"] == {"kept": 3, "of": 3}
    text = explain("size").out
    assert text.startswith("size is in the model, number ")
    assert "kept by 3 of 3 fits that leave a fold out" in text


def test_a_rejected_feature_says_where_it_would_enter(model, explain):
    found = one(explain("noise", "--json"))
    assert not found["selected"]
    assert found["coefficient"]["per_sd"] == 0
    assert found["path"]["enters_at"] is None or found["path"]["enters_at"] < found["path"]["chosen_at"]
    text = explain("noise").out
    assert text.startswith("noise is out of the model, which keeps ")
    assert "exactly zero" in text


def test_a_column_stands_for_all_features_that_were_made_of_it(model, explain):
    found = json.loads(explain("city", "--json").out)
    assert found["column"] == "city"
    assert [feature["feature"] for feature in found["features"]] == ["city=Basel", "city=Bern", "city=Genf"]
    text = explain("city").out
    assert text.startswith("city became 3 features, of which ")
    assert text.index("city=Bern is in the model") < text.index(" is out of the model")
    assert json.loads(explain("city=Bern", "--json").out)["column"] == "city"
    assert one(explain("size", "--json"))["feature"] == "size"  # an exact name comes first


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("sizer", "no feature or column 'sizer'; did you mean 'size'"),
        ("CITY", "did you mean 'city'"),
        ("qqqqq", "it has 'size', 'size (missing)', 'noise', 'city=Basel'"),
        ("y", "'y' is no feature of this model: it was the target, constant, excluded or in another role"),
        ("same", "'same' is no feature of this model"),
    ],
)
def test_a_name_that_is_none_gets_the_nearest_ones(feature, words, model, explain):
    answer = explain(feature)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err


def test_without_a_decision_it_says_what_is_missing_and_how_to_get_it(fit, table, explain):
    assert fit(table, "--quiet", "--quick").code == 0
    text = " ".join(explain("size").out.split())
    assert "Not in this model file: how often halves of the rows choose it, what the model loses without it" in text
    assert "`shrinkwise fit` again" in text


def decided(model):
    """A decision of made-up numbers: the contract of the records."""
    p = len(model.feature_names)
    at, other = model.feature_names.index("size"), model.feature_names.index("noise")
    bern = model.feature_names.index("city=Bern")
    return SimpleNamespace(
        stability_selection=SimpleNamespace(
            frequency=np.where(np.arange(p) == other, 0.13, 0.98), threshold=0.75, n_halves=100, expected_false=1.0
        ),
        reproducibility=SimpleNamespace(frequency=np.ones(p), repeats=10),
        removal_cost=SimpleNamespace(
            features=np.array([at, bern]),
            cost=np.array([0.81, 0.02]),
            cost_se=np.array([0.12, 0.03]),
            successor=np.array([other, -1]),
            rejected=np.array([other]),
            slack=np.array([0.6]),
            carrier=np.array([at]),
            correlation=np.array([-0.31]),
        ),
        intervals=SimpleNamespace(
            features=np.array([at]),
            estimate=np.array([1.04]),
            se=np.array([0.05]),
            lower=np.array([0.94]),
            upper=np.array([1.14]),
            level=0.95,
            assumptions="Right if the model is.",
            selected_level=0.995,
            selected_lower=np.array([0.90]),
            selected_upper=np.array([1.18]),
        ),
    )


def test_a_decision_adds_half_samples_removal_rejection_and_interval(model, run, tmp_path):
    loaded = load_model(tmp_path / model)
    names = list(loaded.feature_names)
    report = replace(report_input(loaded), decision=decided(loaded))
    found = explained(report, names.index("size"))
    words = {fact.label: fact.words for fact in found.facts}
    assert words["half-samples"].startswith("chosen in 98 of 100 halves of the rows, above the threshold of 75 %")
    assert words["other folds"] == "chosen in 10 of 10 cross-validations with folds dealt anew"
    assert words["removal"] == (
        "without it the held-out error rises by 81 ± 12 %, distinguishable; noise takes its place"
    )
    assert words["interval"] == (
        "95 % interval 0.940 to 1.140 around the debiased 1.040 ± 0.050, or 0.900 to 1.180 for a feature that was "
        "picked because it stood out. Right if the model is."
    )
    assert found.lacking == ()
    bern = {fact.label: fact for fact in explained(report, names.index("city=Bern")).facts}
    assert "2.0 ± 3.0 %, not distinguishable from nothing; no feature takes its place" in bern["removal"].words
    report.decision.removal_cost.cost, report.decision.removal_cost.cost_se = np.zeros((2, 2))
    same = {fact.label: fact.words for fact in explained(report, names.index("size")).facts}
    assert same["removal"] == "without it the held-out error is the same; noise takes its place"
    out = {fact.label: fact for fact in explained(report, names.index("noise")).facts}
    assert out["rejection"].words.startswith("its pull is 40 % of what it takes to enter (KKT slack 0.6); size, which")
    assert out["rejection"].numbers["correlation"] == -0.31
    assert "below the threshold" in out["half-samples"].words


def test_a_level_is_found_by_its_own_name_and_lines_have_no_trailing_spaces(model, explain):
    assert "did you mean 'city=Bern'?" in explain("bern").err
    lines = explain("size").out.splitlines()
    assert lines == [line.rstrip() for line in lines]


def test_a_long_name_is_shortened_in_an_error(model, explain):
    answer = explain("L" * 10_000)
    assert answer.code == 2
    assert len(answer.err) < 500


def test_every_kind_of_model_is_explained(run, write, explain):
    rng = np.random.default_rng(1)
    n = 90
    a, b = rng.normal(size=(2, n))
    base = {"a": a, "b": b}
    tables = {
        "three": (
            write("three.csv", **base, y=np.array(["p", "q", "r"])[np.digitize(a, [-0.5, 0.5])]),
            "--target",
            "y",
        ),
        "cox": (
            write("cox.csv", **base, t=rng.exponential(np.exp(-a)), e=(rng.random(n) < 0.7).astype(int)),
            *("--time", "t", "--event", "e"),
        ),
        "counts": (write("counts.csv", **base, y=rng.poisson(np.exp(a))), "--target", "y", "--loss", "poisson"),
    }
    words = {"three": "per SD ", "cox": "on the hazard for one SD more", "counts": "on the mean for one SD more"}
    for kind, args in tables.items():
        assert run("fit", *args, *QUICK, "--quiet", "--overwrite").code == 0
        answer = explain("a")
        assert answer.code == 0, answer.err
        assert words[kind] in " ".join(answer.out.split())
        explain("b", "--json")
    small = ("--hidden", "6", "--epochs", "6", "--folds", "2", "--l1", "3", "--quiet", "--overwrite")
    assert run("net", write("n.csv", **base, y=a), "--target", "y", *small).code == 0
    answer = explain("a")
    assert "by the norm of its weights" in answer.out
    assert "Not in this model file" not in answer.out


def test_ranks_are_spelled_as_they_are_read():
    spelled = [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111)]
    assert spelled == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"]
