"""``shrinkwise fit``: what it prints, writes and returns."""

import json
import math
import re

import numpy as np
import pytest

from shrinkwise import load_model
from tests.cli.conftest import columns


def strict(text):
    """A JSON document without NaN or Infinity."""

    def refuse(token):
        raise AssertionError(token)

    return json.loads(text, parse_constant=refuse)


def test_everything_for_a_person_is_on_stderr(fit, numbers, files):
    answer = fit(numbers)
    assert (answer.code, answer.out) == (0, "")
    for words in (
        "Read numbers.csv: 60 rows, 3 columns (3 numeric), no missing cells.",
        "Task: regression, since 'y' holds 60 distinct numbers; --task classification changes it.",
        "2 columns became 2 features, standardized within each of 3 folds (shuffled with seed 0).",
        "1se (chosen)",
        "no penalty",
        "Certified: the largest relative duality gap of all",
        "Wrote report.html and model.shrinkwise.",
    ):
        assert words in answer.err
    assert re.search(r"(?m)^Do I overfit\? (Without a penalty you would|You do not|No overfitting can)", answer.err)
    assert re.search(r"(?m)^a +[0-9.]+ +[0-9.]+$", answer.err)
    assert "\x1b" not in answer.err
    assert "━" not in answer.err, "no progress bar where there is no terminal"
    assert files() == ["model.shrinkwise", "report.html"]


def test_the_classes_and_their_direction_are_told(fit, classes):
    answer = fit(classes)
    assert answer.code == 0
    assert "Task: classification, since 'y' holds text." in answer.err
    assert re.search(
        r"Classes: 'no' \(\d+ rows\) and 'yes' \(\d+ rows\); positive coefficients speak for 'yes'", answer.err
    )
    model = load_model("model.shrinkwise")
    assert model.classes == ("no", "yes")
    assert model.coef[model.feature_names.index("a")] > 0


def test_quiet_says_nothing_and_json_is_alone_on_stdout(fit, numbers):
    answer = fit(numbers, "--quiet", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.count("\n") == 1
    assert strict(answer.out)["files"] == {"report": "report.html", "model": "model.shrinkwise"}


def test_the_json_is_the_whole_result_and_show_prints_the_same(fit, run, classes):
    document = strict(fit(classes, "--json", "--l1-ratio", "0.5,1").out)
    model = load_model("model.shrinkwise")
    result, grid = model.result, document["grid"]
    for name, array in {
        "alpha": result.alphas,
        "mean": result.mean,
        "se": result.se,
        "train": result.train_mean,
        "test_score": result.test_score,
        "gap": result.gaps,
        "n_features": result.support_size,
    }.items():
        np.testing.assert_array_equal(np.array(grid[name]), array)
    chosen = document["chosen"]
    cell = grid["coef"][chosen["ratio"]][chosen["index"]]
    path = np.zeros(len(model.coef))
    path[cell["feature"]] = cell["value"]
    np.testing.assert_array_equal(path, result.coef(chosen["ratio"], chosen["index"]))
    assert [one["name"] for one in document["features"]] == list(model.feature_names)
    assert [one["coef"] for one in document["features"]] == model.coef.tolist()
    assert document["classes"] == ["no", "yes"]
    assert document["folds"] == model.folds.tolist()
    assert [row["name"] for row in document["table"]] == ["min", "1se", "no penalty"]
    assert document["certificate"] == model.certificate
    assert document["certificate"]["certified"] is True
    again = strict(run("show", "model.shrinkwise", "--json").out)
    assert again == {key: value for key, value in document.items() if key != "files"}


def test_a_number_that_is_not_finite_is_null(fit, write):
    rng = np.random.default_rng(0)
    a = rng.normal(size=40)  # separable: there is no fit without a penalty
    document = strict(fit(write("t.csv", a=a, b=rng.normal(size=40), y=np.where(a > 0, "u", "v")), "--json").out)
    assert document["verdict"]["overfits"] is None
    assert document["verdict"]["gain"] is None


def test_the_final_model_is_certified_on_the_rows(fit, numbers, tmp_path):
    fit(numbers)
    model = load_model("model.shrinkwise")
    data = np.loadtxt(tmp_path / numbers, delimiter=",", skiprows=1)
    X, y = data[:, :2], data[:, 2]
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    w = model.coef * X.std(axis=0)
    residual = y - X @ model.coef - model.intercept
    assert abs(residual.mean()) < 1e-12
    slope = Z.T @ residual / len(y)
    kept = w != 0
    np.testing.assert_allclose(slope[kept], model.alpha * np.sign(w[kept]), rtol=1e-6)
    assert np.all(np.abs(slope[~kept]) <= model.alpha)
    chosen = model.result.select(model.rule)
    np.testing.assert_allclose(model.coef, model.result.coef(chosen.ratio, chosen.index), rtol=1e-6)


def test_the_folds_are_in_the_model_and_rows_without_a_target_or_weight_in_none(fit, write):
    values = columns(40)
    values["y"] = ["" if row == 5 else y for row, y in enumerate(values["y"])]
    values["w"] = [0 if row == 7 else 1 + row % 2 for row in range(40)]
    answer = fit(write("t.csv", **values), "--drop-missing-target", "--weights", "w")
    assert "1 row of weight zero: in no fold" in answer.err
    folds = load_model("model.shrinkwise").folds
    assert np.flatnonzero(folds == -1).tolist() == [5, 7]
    assert sorted(np.bincount(folds[folds >= 0])) == [12, 13, 13]


def test_whole_weights_are_as_good_as_repeated_rows(fit, write):
    values = {name: np.round(column, 3) for name, column in columns(30).items()}
    times = np.arange(30) % 3 + 1
    weighed = write("weighed.csv", **values, w=times, g=np.arange(30))
    repeated = {name: np.repeat(column, times) for name, column in {**values, "g": np.arange(30)}.items()}
    twice = write("repeated.csv", **repeated)
    assert fit(weighed, "--weights", "w", "--exclude", "g", "--rule", "min", "--out", "one").code == 0
    assert fit(twice, "--exclude", "g", "--rule", "min", "--out", "two").code == 0
    one, two = (load_model(f"{name}/model.shrinkwise").result for name in ("one", "two"))
    np.testing.assert_allclose(one.alphas, two.alphas[:, : one.alphas.shape[1]], rtol=1e-9)
    for index in range(min(one.alphas.shape[1], two.alphas.shape[1])):
        np.testing.assert_allclose(one.coef(0, index), two.coef(0, index), atol=1e-7)


def test_rows_of_a_group_share_a_fold_and_the_group_is_no_feature(fit, write):
    groups = [f"patient {row % 12}" for row in range(60)]
    answer = fit(write("t.csv", **columns(), patient=groups), "--groups", "patient")
    assert "rows of one 'patient' together" in answer.err
    model = load_model("model.shrinkwise")
    assert model.feature_names == ("a", "b")
    assert all(len(set(model.folds[np.array(groups) == group])) == 1 for group in groups)


def test_columns_are_excluded_and_read_as_text(fit, write):
    zips = [f"0{1067 + row % 2}" for row in range(60)]
    table = write("t.csv", **columns(), zip=zips, other=range(60))
    answer = fit(table, "--exclude", "b,other", "--as-text", "zip")
    assert "Excluded: 'b', 'other'." in answer.err
    assert load_model("model.shrinkwise").feature_names == ("a", "zip=01067", "zip=01068")


def test_a_column_with_a_comma_in_its_name_is_one_column(fit, write):
    table = write("t.csv", **columns(), **{"c,d": ["007", "008"] * 30, "c": ["1", "2"] * 30})
    assert fit(table, "--as-text", "c,d", "--exclude", "b").code == 0
    assert load_model("model.shrinkwise").feature_names == ("a", "c,d=007", "c,d=008", "c")


def test_the_target_can_be_read_as_text(fit, write):
    table = write("t.csv", **{**columns(), "y": ["01", "02"] * 30})
    assert fit(table, "--as-text", "y").code == 0
    assert load_model("model.shrinkwise").classes == ("01", "02")


def test_the_command_that_made_a_model_is_in_it(fit, numbers):
    fit(numbers, "--seed", "3")
    model = load_model("model.shrinkwise")
    assert model.command == "shrinkwise fit numbers.csv --target y --folds 3 --alphas 8 --l1-ratio 1 --seed 3"
    assert (model.seed, model.source, model.rule) == (3, "numbers.csv", "1se")
    assert {"python", "shrinkwise", "numpy", "numba"} <= set(model.versions)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(fit, numbers, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    models, pages = set(), set()
    for _ in range(2):
        assert fit(numbers, "--overwrite").code == 0
        models.add((tmp_path / "model.shrinkwise").read_bytes())
        pages.add((tmp_path / "report.html").read_bytes())
    assert (len(models), len(pages)) == (1, 1)
    first = load_model("model.shrinkwise")
    assert first.created == "2023-11-14T22:13:20Z"
    fit(numbers, "--overwrite", "--seed", "1")
    assert np.any(load_model("model.shrinkwise").folds != first.folds)


def test_a_fit_without_certificate_writes_its_files_and_exits_with_1(fit, numbers, files):
    answer = fit(numbers, "--tol", "1e-300", "--json")
    assert answer.code == 1
    assert "Not certified: " in answer.err
    assert "Not every fit reached the gap of 1e-300 (exit code 1)" in answer.err
    assert strict(answer.out)["certificate"]["certified"] is False
    assert files() == ["model.shrinkwise", "report.html"]


def test_if_the_report_cannot_be_written_there_is_no_model_either(fit, numbers, files, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shrinkwise.report.write_page", full)
    answer = fit(numbers, "--out", "deep/er")
    assert answer.code == 3
    assert "deep/er cannot be written: No space left on device; nothing was written" in answer.err
    assert files() == []


@pytest.mark.parametrize(
    "rule", ["min", "1se", "k=1", "within=5%", "within=5", "aic", "aicc", "bic", "ebic", "ebic:0.5"]
)
def test_each_rule_chooses_from_the_same_grid(rule, fit, numbers):
    assert fit(numbers, "--rule", rule).code == 0
    model = load_model("model.shrinkwise")
    chosen = model.result.select(model.rule)
    assert math.isclose(model.alpha, chosen.alpha)
    assert model.rule == rule.rstrip("%") + ("%" if "within" in rule else "")
    assert np.count_nonzero(model.coef) == chosen.n_features


def test_a_warning_is_a_line(fit, numbers, monkeypatch):
    import warnings

    from shrinkwise.cli import _prepare

    original = _prepare.describe

    def describe(table):
        warnings.warn("look\nhere", stacklevel=1)
        warnings.warn("look\nhere", stacklevel=1)
        return original(table)

    monkeypatch.setattr(_prepare, "describe", describe)
    assert fit(numbers).err.count("warning: look here\n") == 1


def test_many_notes_do_not_flood_the_screen_but_the_model_keeps_them(fit, write):
    ids = {f"id{k}": range(k, 60 + k) for k in range(40)}
    answer = fit(write("t.csv", **columns(), **ids))
    assert answer.err.count("leaks?") == 15
    assert "... and 25 more like these: see the report." in answer.err
    assert sum("leaks?" in note for note in load_model("model.shrinkwise").notes) == 40
