"""``shrinkwise net`` on small tables and small networks."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from shrinkwise.store import load_model
from tests.cli.conftest import columns

SMALL = ("--hidden", "6", "--epochs", "6", "--folds", "2", "--l1", "3", "--learning-rate", "0.03")


@pytest.fixture
def net(run):
    return lambda table, *args, target="y": run("net", table, "--target", target, *SMALL, *args)


@pytest.fixture
def messy(write):
    """Text with a rare level, a missing number, a class to predict: each fold learns another encoding."""
    rng = np.random.default_rng(0)
    n = 90
    a, city = rng.normal(size=n), rng.choice(["Basel", "Bern", "Genf"], size=n).astype(object)
    city[:7] = "Uri"
    y = np.where(a + (city == "Bern") + 0.3 * rng.normal(size=n) > 0.3, "yes", "no")
    return write("messy.csv", a=[*a[:-9], *[""] * 9], city=city, b=rng.normal(size=n), y=y)


def test_a_table_becomes_a_report_and_a_model_that_predicts_without_keras(net, run, files, numbers, tmp_path):
    answer = net(numbers, "--seeds", "2")
    assert answer.code == 0, answer.err
    assert answer.out == ""
    assert files() == ["model.shrinkwise", "report.html"]
    assert "Without a penalty" in answer.err or "overfit" in answer.err
    assert "The best linear model on the same folds (1se, " in answer.err
    assert "Nothing certifies a network" in answer.err
    assert "inputs" in answer.err
    assert "--hidden 6" in load_model(tmp_path / "model.shrinkwise").command
    code = (
        "import sys; from shrinkwise.cli import main\n"
        "try: main(['predict', 'model.shrinkwise', sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'keras', 'jax', 'numba', 'sklearn'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(numbers)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    predicted = np.array(done.stdout.split()[1:], dtype=float)
    values = columns()
    assert len(predicted) == len(values["y"])
    assert np.corrcoef(predicted, values["y"])[0, 1] > 0.5


def test_the_page_and_the_answer_are_written_again_from_the_file(net, run, numbers, tmp_path):
    assert net(numbers, "--quiet").err == ""
    assert run("report", "model.shrinkwise", "-o", "again.html").code == 0
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "report.html").read_bytes()
    shown = run("show", "model.shrinkwise")
    assert "The best linear model on the same folds" in shown.out
    assert "keras" in shown.out


def test_the_json_has_the_facts_of_the_networks(net, numbers):
    found = json.loads(net(numbers, "--json", "--l2", "0,0.01", "--quiet").out)
    network = found["network"]
    assert len(network["l1"]) == 3
    assert network["l1"] == sorted(network["l1"], reverse=True)
    assert network["l2"] == [0.0, 0.01]
    assert network["layers"] == ["hidden_1/kernel", "output/kernel"]
    assert network["sizes"] == [12, 6]
    assert network["chosen"]["l1"] in network["l1"]
    assert len(network["chosen"]["zeros"]) == 2
    assert network["optimizer"] == "adam"
    assert found["schema"] == 3
    assert [feature["name"] for feature in found["features"]] == ["a", "b"]
    assert {"norm", "mean", "sd"} < found["features"][0].keys()
    assert abs(found["features"][0]["mean"] - np.mean(columns()["a"])) < 1e-6
    assert found["comparison"]["gain_se"] >= 0
    assert found["linear"]["table"][0]["name"] == "min"


def test_each_fold_learns_its_own_encoding_and_classes_have_probabilities(net, run, messy, tmp_path):
    answer = net(messy, "--weights", "b", "--exclude", "b")
    assert answer.code == 3  # negative weights: data are checked as in fit
    answer = net(messy, "--folds", "3")
    assert answer.code == 0, answer.err
    predicted = run("predict", "model.shrinkwise", messy)
    rows = list(csv.DictReader(predicted.out.splitlines()))
    assert set(rows[0]) == {"prediction", "probability of no", "probability of yes"}
    for row in rows:
        chance = float(row["probability of yes"])
        assert float(row["probability of no"]) == pytest.approx(1 - chance)
        assert row["prediction"] == ("yes" if chance > 0.5 else "no")


def test_the_folds_are_those_of_the_linear_models(net, numbers, tmp_path):
    net(numbers, "--quiet", "--seeds", "2")
    model = load_model(tmp_path / "model.shrinkwise")
    values = columns()["y"]
    for fold in range(2):
        held, rest = values[model.folds == fold], values[model.folds != fold]
        null = np.mean((held - rest.mean()) ** 2)
        assert model.linear.null_score[fold] == pytest.approx(null)
        assert model.result.null_score[[fold, fold + 2]] == pytest.approx(null, rel=1e-5)


def test_several_classes_have_an_output_each(net, run, write):
    values = columns(90)
    table = write("three.csv", **{**values, "y": np.digitize(values["y"], [-1, 1]).astype(str)})
    assert net(table, "--task", "classification").code == 0
    assert run("predict", "model.shrinkwise", table).out.startswith("prediction,")


def test_grouped_inputs_are_dropped_whole(net, tmp_path, write):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6))
    table = write("many.csv", **{f"x{j}": X[:, j] for j in range(6)}, y=3 * X[:, 0] + 0.1 * rng.normal(size=80))
    answer = net(table, "--group-inputs", "--l1", "0.3,0.1", "--epochs", "25", "--rule", "k=3")
    assert answer.code == 0, answer.err
    model = load_model(tmp_path / "model.shrinkwise")
    kept = model.coef != 0
    assert kept[0]
    assert kept.sum() <= 3
    kernel = model.network.arrays["hidden_1/kernel"]
    assert np.array_equal(np.any(kernel != 0, axis=1), kept)


def test_columns_far_from_zero_lose_no_digits(net, run, write, tmp_path):
    values = columns()
    far = {"a": values["a"] + 1e9, "b": values["b"], "y": values["y"] + 1e8}
    near, away = write("near.csv", **values), write("far.csv", **far)
    net(near, "--quiet", "--out", "near")
    net(away, "--quiet", "--out", "far")
    first, second = (
        np.array(run("predict", f"{name}/model.shrinkwise", f"{name}.csv").out.split()[1:], dtype=float)
        for name in ("near", "far")
    )
    np.testing.assert_allclose(second - 1e8, first, atol=2e-2)


def test_networks_that_diverge_are_named_and_code_1(net, numbers, tmp_path):
    answer = net(numbers, "--optimizer", "sgd", "--learning-rate", "0.9", "--l1", "1000,0", "--epochs", "20")
    assert answer.code == 1, answer.err
    assert "2 networks of 6 diverged and were not ranked" in answer.err
    assert "Diverged: l1 = 0, l2 = 0 (fold 1 and fold 2)." in answer.err
    assert "Not every network stayed finite (exit code 1)" in answer.err
    assert "diverged" in (tmp_path / "report.html").read_text()
    model = load_model(tmp_path / "model.shrinkwise")
    assert model.result.select("min").index == 0
    assert not model.certificate["certified"]


def test_where_all_networks_diverge_nothing_is_written(net, numbers, files):
    answer = net(numbers, "--optimizer", "sgd", "--learning-rate", "1e30", "--l1", "0.1,0.01")
    assert answer.code == 2
    assert "every network of this grid diverged" in answer.err
    assert files() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--hidden", "64,,32"), "must be whole numbers of 1 or more between commas"),
        (("--hidden", "0"), "must be whole numbers of 1 or more"),
        (("--l1", "a"), "'a' is not a number"),
        (("--l1", "-1"), "is no strength"),
        (("--l1", "nan"), "is no strength"),
        (("--l2", "inf"), "is no strength"),
        (("--rule", "bic"), "nobody knows those of a network; use 1se"),
        (("--activation", "softmax"), "'softmax' is not one of"),
        (("--folds", "1"), "x>=2"),
        (("--epochs", "0"), "x>=1"),
    ],
)
def test_wrong_options_are_named(run, numbers, options, words):
    answer = run("net", numbers, "--target", "y", *options)
    assert answer.code == 2
    assert words in answer.err


def test_several_targets_are_refused(run, numbers):
    answer = run("net", numbers, "--target", "y,a")
    assert answer.code == 2
    assert "fitted to one target" in answer.err


def test_without_keras_the_remedy_is_named(run, numbers, monkeypatch):
    monkeypatch.setattr("shrinkwise.cli._net_job.find_spec", lambda name: None)
    answer = run("net", numbers, "--target", "y")
    assert answer.code == 2
    assert 'pip install "shrinkwise[keras]"' in answer.err


def test_files_that_exist_are_kept(net, numbers, tmp_path):
    (tmp_path / "report.html").write_text("mine")
    answer = net(numbers)
    assert answer.code == 3
    assert "--overwrite" in answer.err
    assert (tmp_path / "report.html").read_text() == "mine"


def test_the_help_needs_click_alone(run):
    code = "import sys; from shrinkwise.cli.net import net; print({'numpy', 'keras', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    answer = run("net", "--help")
    assert answer.code == 0
    assert "--group-inputs" in answer.out
    assert "--weights" in answer.out
