"""``shrinkwise fit``: folds dealt again, from a column, in time; other scores."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from shrinkwise import load_model
from tests.cli.conftest import columns


def test_repeats_are_dealt_with_the_seed_and_stored(fit, numbers):
    answer = fit(numbers, "--repeats", "4", "--seed", "3")
    assert answer.code == 0, answer.err
    assert "standardized within each of 12 folds (shuffled with seed 3, 3 folds dealt 4 times)." in answer.err
    assert "12 folds (3, dealt 4 times)" in answer.err
    model = load_model("model.shrinkwise")
    assert model.folds.shape == (60, 4)
    assert model.result.repeats.tolist() == sorted([*range(4)] * 3)
    fit(numbers, "--seed", "3", "--overwrite")
    once = load_model("model.shrinkwise")
    np.testing.assert_array_equal(once.folds, model.folds[:, 0])
    np.testing.assert_allclose(once.result.test_score, model.result.test_score[..., :3], rtol=1e-6)
    fit(numbers, "--seed", "3", "--repeats", "4", "--overwrite")
    np.testing.assert_array_equal(load_model("model.shrinkwise").folds, model.folds)


def test_a_column_says_which_rows_are_held_out_together(run, write):
    wave = np.array(["first", "second", "third", "fourth"])[np.arange(60) // 15]
    answer = fit_plainly(run, write("t.csv", **columns(), wave=wave), "--fold-column", "wave")
    assert answer.code == 0, answer.err
    assert "within each of 4 folds (taken from 'wave')" in answer.err
    model = load_model("model.shrinkwise")
    assert model.feature_names == ("a", "b")
    assert [len(set(model.folds[wave == name])) for name in np.unique(wave)] == [1] * 4
    assert sorted(set(model.folds)) == [0, 1, 2, 3]


def fit_plainly(run, table, *args):
    """Without the number of folds that the fixture gives."""
    return run("fit", table, "--target", "y", "--alphas", "8", "--l1-ratio", "1", *args)


@pytest.mark.parametrize("kind", ["day", "number"])
def test_in_time_each_fold_is_predicted_from_earlier_rows(fit, write, kind):
    order = np.random.default_rng(0).permutation(60)
    when = [f"2025-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in order] if kind == "day" else order
    answer = fit(write("t.csv", **columns(), when=when), "--time", "when")
    assert answer.code == 0, answer.err
    assert "3 folds (each predicted from the rows that are earlier by 'when')" in answer.err
    model = load_model("model.shrinkwise")
    assert model.feature_names == ("a", "b")
    np.testing.assert_array_equal(model.folds, order // 15 - 1)
    X, y = np.column_stack([columns()["a"], columns()["b"]]), columns()["y"]
    for fold in range(3):
        early, late = model.folds < fold, model.folds == fold
        mean = y[early].mean()
        assert model.result.null_score[fold] == pytest.approx(np.mean((y[late] - mean) ** 2))
        eta = X @ model.result.coef(0, -1, fold) + model.result.intercept(0, -1, fold)
        assert model.result.test_score[0, -1, fold] == pytest.approx(np.mean((y[late] - eta[late]) ** 2))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--fold-column", "a"], "--fold-column and --folds make folds in different ways"),
        (["--time", "a", "--groups", "b"], "--time and --groups make folds in different ways"),
        (["--time", "a", "--repeats", "2"], "--time and --repeats make folds in different ways"),
        (["--repeats", "0"], "0 is not in the range x>=1"),
        (["--score", "roc_aucs"], "--score 'roc_aucs' is no scorer of scikit-learn; did you mean 'roc_auc'?"),
    ],
)
def test_options_that_contradict_each_other_are_refused(fit, numbers, args, words, files):
    answer = fit(numbers, *args)
    assert answer.code == 2
    assert words in answer.err
    assert files() == []


@pytest.mark.parametrize(
    ("column", "args", "words"),
    [
        (["x"] * 60, ["--fold-column", "f"], "the folds 'f' are all the same"),
        (["x", ""] * 30, ["--fold-column", "f"], "the folds 'f' are missing in 30 rows"),
        ([1, 2, 3] * 20, ["--time", "f", "--folds", "3"], "3 different times cannot make 3 folds"),
        (["yesterday", "today"] * 30, ["--time", "f"], "does not sort as time does"),
    ],
)
def test_columns_that_make_no_folds_are_refused(run, write, column, args, words):
    answer = fit_plainly(run, write("t.csv", **columns(), f=column), *args)
    assert answer.code == 3
    assert words in answer.err


def test_a_scorer_is_averaged_over_folds_encoded_on_their_own(fit, write):
    values = columns(80)
    a = [None if row % 7 == 0 else value for row, value in enumerate(values["a"])]  # each fold has its own median
    values = {
        **values,
        "a": ["" if value is None else value for value in a],
        "c": np.array(["u", "v", "w"])[np.arange(80) % 3],
    }
    values["y"] = np.where(values["y"] > 0, "yes", "no")
    answer = fit(write("t.csv", **values), "--score", "roc_auc", "--rule", "min", "--json")
    assert answer.code == 0, answer.err
    assert "minus roc_auc" in answer.err
    model = load_model("model.shrinkwise")
    assert json.loads(answer.out)["metric"] == "minus roc_auc"
    assert model.result.metric == "minus roc_auc"
    medians = [np.median([v for v, f in zip(a, model.folds) if v is not None and f != fold]) for fold in range(3)]
    names = list(model.feature_names)
    X = np.zeros((80, len(names)))
    X[:, names.index("b")] = values["b"]
    for level in "uvw":
        X[:, names.index(f"c={level}")] = values["c"] == level
    X[:, names.index("a (missing)")] = [value is None for value in a]
    for fold in range(3):
        X[:, names.index("a")] = [medians[fold] if value is None else value for value in a]
        rows = model.folds == fold
        for index in (1, 4, 7):
            eta = X @ model.result.coef(0, index, fold)
            expected = -roc_auc_score(values["y"][rows], eta[rows])
            assert model.result.test_score[0, index, fold] == pytest.approx(expected)


@pytest.mark.parametrize("score", ["r2", "neg_mean_absolute_error", "d2_absolute_error_score"])
@pytest.mark.parametrize("rule", ["1se", "min", "bic"])
def test_a_regression_takes_a_scorer_with_any_rule_and_weights(fit, write, score, rule):
    table = write("t.csv", **columns(), w=1 + np.arange(60) % 3)
    answer = fit(table, "--score", score, "--rule", rule, "--weights", "w", "--repeats", "2")
    assert answer.code == 0, answer.err
    result = load_model("model.shrinkwise").result
    assert np.all(np.isfinite(result.test_score))
    assert result.metric in answer.err
