"""Several targets on the command line: one regression of all of them, a column of predictions for each."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from shrinkwise import LinearRegressorCV, load_model

NAMES = ("<b>dry</b>", "wet,\nweight")


def values(n=90, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    Y = X @ np.array([[2.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.5]]) + rng.normal(size=(n, 2))
    return X, Y


def columns(X, Y, names=NAMES):
    return {f"x{j}": X[:, j] for j in range(4)} | dict(zip(names, Y.T, strict=True))


@pytest.fixture
def plants(write):
    return write("plants.csv", **columns(*values()))


@pytest.fixture
def fit(run):
    return lambda table, *args: run("fit", table, "--folds", "3", "--alphas", "8", "--l1-ratio", "1", *args)


BOTH = ("-t", NAMES[0], "-t", NAMES[1])


@pytest.mark.parametrize("grouped", [False, True])
def test_the_model_is_that_of_the_estimator(fit, run, plants, grouped):
    answer = fit(plants, *BOTH, *["--grouped-outputs"] * grouped, "--rule", "min")
    assert answer.code == 0, answer.err
    model, (X, Y) = load_model("model.shrinkwise"), values()
    twin = LinearRegressorCV(cv=model.folds, alphas=8, rule="min", ridge_unit="sd", grouped_outputs=grouped).fit(X, Y)
    assert (model.task, model.loss, model.classes, model.result.outputs) == ("regression", "squared", None, NAMES)
    assert model.result.ridge_unit == pytest.approx(np.sqrt(np.mean(np.var(Y, axis=0))), rel=1e-12)
    np.testing.assert_allclose(model.coef, twin.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(model.intercept, twin.intercept_, rtol=1e-7, atol=1e-9)
    new, _ = values(seed=1)
    table = list(csv.DictReader(io.StringIO(run("predict", "model.shrinkwise", plants).out)))
    assert list(table[0]) == [f"prediction of {name}" for name in NAMES]
    predicted = np.array([[float(cell) for cell in row.values()] for row in table])
    np.testing.assert_allclose(predicted, twin.predict(X), rtol=1e-7)
    np.testing.assert_allclose(model.predict(new), twin.predict(new), rtol=1e-7)


def test_the_words_are_of_targets(fit, run, write, tmp_path):
    table = write("t.csv", **columns(*values(), names=("dry", "wet")))
    answer = fit(table, "--target", "dry,wet", "--grouped-outputs")
    assert "regression, 2 targets - 90 rows x 4 features" in answer.err
    assert "Grouped outputs: a feature is in the model for all targets or for none." in answer.err
    assert "coefficient per SD" in answer.err
    page = Path("report.html").read_text()
    assert "Predicting dry, wet" in page
    assert "What each target changes by for one standard deviation of a feature" in page
    assert page.count('<figure id="paths-') == 2
    shown = run("show", "model.shrinkwise").out
    assert "target: dry, wet" in shown
    assert shown[: shown.index("\ntarget:")].strip() in answer.err
    assert run("report", "model.shrinkwise", "-o", "-").out == page
    answer = run("predict", "model.shrinkwise", table, "-o", "p.parquet")
    assert answer.err == "Wrote p.parquet: 90 predictions of 'dry, wet'.\n"


def test_json_names_its_outputs(fit, plants):
    document = json.loads(fit(plants, *BOTH, "--json").out)
    model = load_model("model.shrinkwise")
    assert document["outputs"] == list(NAMES)
    assert [feature["coef"] for feature in document["features"]] == model.coef.T.tolist()


def test_a_column_whose_name_has_a_comma_is_one_target(fit, write):
    table = write("t.csv", **columns(*values(), names=("y", "a,b")))
    assert fit(table, "-t", "a,b").code == 0
    assert load_model("model.shrinkwise").target == "a,b"


def test_rows_that_lack_a_target_are_left_out_where_asked(fit, write):
    X, Y = values()
    table = columns(X, Y, names=("dry", "wet"))
    table["dry"], table["wet"] = table["dry"].tolist(), table["wet"].tolist()
    table["dry"][3] = table["wet"][7] = ""
    assert "the target 'dry' is missing in 1 of 90 rows" in fit(write("t.csv", **table), "-t", "dry,wet").err
    answer = fit("t.csv", "-t", "dry,wet", "--drop-missing-target")
    assert "2 rows without a target are left out." in answer.err
    assert np.flatnonzero(load_model("model.shrinkwise").folds < 0).tolist() == [3, 7]


def test_signs_hold_for_every_target(fit, plants):
    assert fit(plants, *BOTH, "--negative", "x0").code == 0
    assert not np.any(load_model("model.shrinkwise").coef[:, 0])


def test_a_target_in_another_unit_is_told(fit, write):
    X, Y = values()
    answer = fit(write("t.csv", **columns(X, Y * [1, 1000], names=("dry", "wet"))), "-t", "dry,wet")
    assert answer.code == 0
    assert "'wet' varies" in answer.err
    assert "times as much as 'dry': it has nearly all the say; bring them to one unit" in answer.err


def test_scores_and_criteria_judge_several_targets(fit, plants):
    assert fit(plants, *BOTH, "--score", "neg_mean_squared_error").code == 0
    scored = load_model("model.shrinkwise").result
    assert fit(plants, *BOTH, "--overwrite").code == 0
    own = load_model("model.shrinkwise").result.test_score[:, : scored.test_score.shape[1]]
    np.testing.assert_allclose(2 * scored.test_score, own, rtol=1e-9)  # a mean over targets there, their sum here
    assert fit(plants, *BOTH, "--rule", "ebic", "--overwrite").code == 0


def test_a_copy_of_one_target_is_warned_of(fit, write):
    X, Y = values()
    answer = fit(write("t.csv", **columns(X, Y, names=("dry", "wet")), copy=-2 * Y[:, 1]), "-t", "dry,wet")
    assert "Column 'copy' leaks? It is a copy of the target 'dry, wet', or nearly" in answer.err


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["-t", "dry,wett"], 3, "no column 'wett' in the table (asked for as the target); did you mean 'wet'?"),
        (["-t", "dry,word"], 3, "the target 'word' holds string values, and several targets are numbers"),
        (["-t", "dry,same"], 3, "the target 'same' is 7 in all 90 rows"),
        (["-t", "dry,wet", "--task", "classification"], 2, "--task classification is for one target, got 2: fit each"),
        (["-t", "dry,wet", "--loss", "huber"], 2, "--loss huber is for one target, got 2: fit each by itself"),
        (["-t", "dry,wet", "--weights", "wet"], 3, "'wet' is both the target and the weights"),
        (
            ["-t", "dry,wet", "--offset", "x0"],
            2,
            "--offset 'x0' is part of one linear predictor, but there are 2 targets",
        ),
        (["-t", "dry,wet", "--adaptive", "1"], 2, "--adaptive is for one linear predictor a row, but there are 2"),
        (["-t", "dry,wet", "--relax"], 2, "--relax is for one linear predictor a row, but there are 2 targets"),
        (["-t", "dry,wet", "--group-categoricals"], 2, "--group-categoricals groups coefficients of one"),
        (
            ["-t", "dry,wet", "--grouped-outputs", "--positive", "x0"],
            2,
            "--grouped-outputs penalizes the norm of a feature's coefficients, which knows no --positive 'x0'",
        ),
        (["-t", "dry,wet", "--exclude", "x0,x1,x2,x3,word,same"], 3, "no column is left to learn from"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(fit, write, files, args, code, words):
    table = write("t.csv", **columns(*values(), names=("dry", "wet")), word=["a", "b"] * 45, same=[7] * 90)
    answer = fit(table, *args)
    assert (answer.code, answer.out) == (code, "")
    assert words in answer.err
    assert answer.err.count("\nerror: ") == 1
    assert files() == []
