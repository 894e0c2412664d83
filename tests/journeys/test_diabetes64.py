"""The demo's table, from the CSV to predictions, in processes of their own."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shrinkwise import load_model

TABLE = Path(__file__).parents[2] / "examples" / "diabetes64.csv"
SECONDS = 2.0  # issue 2: a fit of the demo's table in a fresh process


def shrinkwise(folder, *args):
    return subprocess.run(
        [sys.executable, "-m", "shrinkwise", *map(str, args)], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("diabetes64")


@pytest.fixture(scope="module")
def fitted(folder):
    answer = shrinkwise(folder, "fit", TABLE, "--target", "y", "--json")
    assert answer.returncode == 0, answer.stderr
    return answer


def table():
    data = np.loadtxt(TABLE, delimiter=",", skiprows=1)
    return data[:, :-1], data[:, -1]


def test_it_is_told_that_no_penalty_overfits(fitted):
    assert "442 rows, 65 columns (65 numeric), no missing cells" in fitted.stderr
    assert "Without a penalty you would overfit" in fitted.stderr
    document = json.loads(fitted.stdout)
    lowest, chosen, free = document["table"]
    assert lowest["mean"] <= chosen["mean"] < free["mean"]
    assert free["train"] < lowest["train"] < chosen["train"]
    assert chosen["n_features"] < lowest["n_features"] < free["n_features"] == 64
    assert document["verdict"]["overfits"] is True
    largest = max(document["features"], key=lambda feature: abs(feature["coef_per_sd"]))
    assert largest["name"] in ("bmi", "s5")


def test_every_fit_is_certified(fitted):
    certificate = json.loads(fitted.stdout)["certificate"]
    assert certificate["n_certified"] == certificate["n_fits"] >= 4 * 100 * 11
    assert certificate["max_gap"] <= 1e-6


def test_the_cross_validated_error_is_that_of_the_folds_in_the_file(fitted, folder):
    model = load_model(folder / "model.shrinkwise")
    X, y = table()
    chosen = model.result.select("1se")
    errors = []
    for fold in range(10):
        held_out = model.folds == fold
        coef = model.result.coef(chosen.ratio, chosen.index, fold)
        intercept = model.result.intercept(chosen.ratio, chosen.index, fold)
        errors.append(np.mean((y[held_out] - X[held_out] @ coef - intercept) ** 2))
    sizes = np.bincount(model.folds)
    assert sorted(sizes) == [44] * 8 + [45] * 2
    assert chosen.mean == pytest.approx(np.average(errors, weights=sizes), rel=1e-9)


def test_predictions_are_the_coefficients_times_the_columns(fitted, folder):
    model = load_model(folder / "model.shrinkwise")
    answer = shrinkwise(folder, "predict", "model.shrinkwise", TABLE, "-o", "predictions.csv")
    assert (answer.returncode, answer.stdout) == (0, "")
    with (folder / "predictions.csv").open() as file:
        predicted = [float(row["prediction"]) for row in csv.DictReader(file)]
    X, _ = table()
    np.testing.assert_allclose(predicted, X @ model.coef + model.intercept, rtol=1e-13)
    assert shrinkwise(folder, "predict", "model.shrinkwise", TABLE, "-o", "predictions.csv").returncode == 3


def test_reordered_columns_give_the_same_predictions_and_lacking_ones_are_refused(fitted, folder):
    with TABLE.open() as file:
        header, *rows = csv.reader(file)
    order = np.random.default_rng(0).permutation(len(header))
    text = io.StringIO()
    csv.writer(text).writerows([[row[i] for i in order] for row in [header, *rows[:9]]])
    (folder / "reordered.csv").write_text(text.getvalue())
    usual = shrinkwise(folder, "predict", "model.shrinkwise", TABLE).stdout.splitlines()[:10]
    assert shrinkwise(folder, "predict", "model.shrinkwise", "reordered.csv").stdout.splitlines() == usual
    (folder / "lacking.csv").write_text(text.getvalue().replace("bmi:s1", "bmi_s1"))
    answer = shrinkwise(folder, "predict", "model.shrinkwise", "lacking.csv")
    assert answer.returncode == 3
    assert "lacks 1 column that the model needs: 'bmi:s1' (is 'bmi_s1' meant?)" in answer.stderr


def test_the_model_file_gives_the_same_answer_and_page_again(fitted, folder):
    shown = shrinkwise(folder, "show", "model.shrinkwise", "--json")
    document = json.loads(fitted.stdout)
    document.pop("files")
    assert json.loads(shown.stdout) == document
    answer = shrinkwise(folder, "report", "model.shrinkwise", "-o", "again.html")
    assert answer.returncode == 0
    page = (folder / "again.html").read_bytes()
    assert page == (folder / "report.html").read_bytes()
    assert len(page) <= 300_000
    assert page.count(b"<script") == 2  # its data and its own script, which its policy names by its hash
    assert b"script-src 'sha256-" in page.replace(b"&#x27;", b"'")


@pytest.mark.long
def test_a_fit_in_a_fresh_process_is_quick(fitted, folder):
    """Processor time of the process, since others may use this machine; an idle one needs no longer."""
    seconds = []
    for _ in range(5):
        before = os.times()
        shrinkwise(folder, "fit", TABLE, "--target", "y", "--overwrite")
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < SECONDS
