"""Cox regression on the command line: the estimator's own model, in a file, predicted, shown, reported."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from shrinkwise import CoxRegressorCV, load_model
from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import save_model
from shrinkwise.store.container import read_container
from tests.store.test_model_file import same


def patients(n=150, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    site = rng.choice(["Basel", "Bonn"], n)
    time = rng.exponential(np.exp(-X[:, 0] + 0.5 * X[:, 1])) * np.where(site == "Bonn", 3, 1)
    stop = rng.exponential(2, n)
    return X, np.ceil(12 * np.minimum(time, stop)), (time < stop).astype(int), site


def columns(X, time, event, site=None):
    extra = {} if site is None else {"site": site}
    return {f"x{j}": X[:, j] for j in range(4)} | {"months": time, "died": event} | extra


@pytest.fixture
def table(write):
    return write("patients.csv", **columns(*patients()))


@pytest.fixture
def fit(run):
    return lambda table, *args: run("fit", table, "--folds", "3", "--alphas", "8", "--l1-ratio", "1", *args)


SURVIVAL = ("--time", "months", "--event", "died")


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("stratified", [False, True])
def test_the_model_is_that_of_the_estimator(fit, run, table, ties, stratified):
    strata = ["--strata", "site"] if stratified else ["--exclude", "site"]
    answer = fit(table, *SURVIVAL, "--ties", ties, *strata, "--rule", "min")
    assert answer.code == 0, answer.err
    model, (X, time, event, site) = load_model("model.shrinkwise"), patients()
    twin = CoxRegressorCV(cv=model.folds, alphas=8, rule="min", ties=ties)
    twin.fit(X, np.column_stack([time, event]), strata=site if stratified else None)
    assert (model.task, model.loss, model.target, model.classes) == ("survival", f"cox:{ties}", "months, died", None)
    np.testing.assert_allclose(model.result.mean, twin.result_.mean, rtol=1e-9)
    np.testing.assert_allclose(model.coef, twin.coef_, rtol=1e-6, atol=1e-8)
    assert model.intercept == 0
    predicted = run("predict", "model.shrinkwise", table).out.splitlines()
    assert predicted[0] == "prediction"
    np.testing.assert_allclose([float(line) for line in predicted[1:]], twin.predict(X), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("strata", [["--strata", "site"], ["--exclude", "site"]])
def test_folds_may_be_scored_by_concordance(fit, write, strata):
    X, time, event, site = patients()
    weights = np.random.default_rng(1).integers(0, 3, 150)
    table = write("t.csv", **columns(X, time, event, site), w=weights)
    answer = fit(table, *SURVIVAL, *strata, "--weights", "w", "--score", "concordance", "--rule", "min", "--quick")
    assert answer.code == 0, answer.err
    assert "error = minus concordance" in answer.err
    assert "Training and held-out errors lie apart" not in answer.err
    assert "<dt>concordance</dt>" in Path("report.html").read_text()
    model = load_model("model.shrinkwise")
    twin = CoxRegressorCV(cv=model.folds, alphas=8, rule="min", scoring="concordance")
    twin.fit(X, np.column_stack([time, event]), weights, site if "--strata" in strata else None)
    np.testing.assert_allclose(model.result.mean, twin.result_.mean, rtol=1e-9)
    assert model.alpha == pytest.approx(twin.alpha_, rel=1e-9)


@pytest.mark.parametrize("rule", ["aic", "bic"])
def test_an_information_criterion_chooses(fit, table, rule):
    answer = fit(table, *SURVIVAL, "--exclude", "site", "--rule", rule, "--quick")
    assert answer.code == 0, answer.err
    model, (X, time, event, _) = load_model("model.shrinkwise"), patients()
    twin = CoxRegressorCV(cv=model.folds, alphas=8, rule=rule).fit(X, np.column_stack([time, event]))
    assert model.result.n_weighted == event.sum()
    np.testing.assert_allclose(model.coef, twin.coef_, rtol=1e-6, atol=1e-8)


def test_every_fold_has_its_share_of_events(fit, table):
    fit(table, *SURVIVAL)
    folds, event = load_model("model.shrinkwise").folds, patients()[2]
    assert np.ptp([event[folds == fold].sum() for fold in range(3)]) <= 1


def test_the_words_are_of_hazards_and_repeated_by_show_and_report(fit, run, table):
    answer = fit(table, *SURVIVAL, "--ties", "efron", "--strata", "site")
    events = int(patients()[2].sum())
    assert f"Survival: {events} events of 'died' in 150 rows." in answer.err
    assert "Strata: only rows with the same 'site' are compared." in answer.err
    assert "survival, Cox regression (efron ties) - 150 rows x 4 features" in answer.err
    assert "error = partial-likelihood deviance per event" in answer.err
    assert "Coefficients change the log of the hazard: exp(coefficient) is the factor on the hazard." in answer.err
    assert "Training and held-out errors lie apart here even without a feature" in answer.err
    page = Path("report.html").read_text()
    assert "Here exp(coefficient) is the factor on the hazard." in page
    assert "<dt>partial-likelihood deviance</dt>" in page
    for words in ("intercept", "<dt>deviance</dt>"):
        assert words not in page.partition("<script")[0].replace("intercept-only", "")
    assert "intercept" not in answer.err
    shown = run("show", "model.shrinkwise").out
    assert shown[: shown.index("\ntarget: months, died")].strip() in answer.err
    assert run("report", "model.shrinkwise", "-o", "-").out == page


def test_a_file_of_it_comes_back_bit_for_bit_and_asks_old_versions_to_upgrade(fit, table, tmp_path):
    fit(table, *SURVIVAL)
    model = load_model("model.shrinkwise")
    save_model(tmp_path / "again", model)
    assert same(model, load_model(tmp_path / "again"))
    with pytest.raises(ModelFileError, match="newer shrinkwise"):
        read_container(tmp_path / "again", 1)


@pytest.mark.parametrize("loss", ["cox", "cox:", "cox:random", "cox:efron:1"])
def test_ties_that_cannot_be_are_a_flaw(fit, table, loss):
    fit(table, *SURVIVAL)
    model = load_model("model.shrinkwise")
    with pytest.raises(ModelFileError, match="cannot be read"):
        save_model("other", dataclasses.replace(model, loss=loss, result=dataclasses.replace(model.result, loss=loss)))
    with pytest.raises(ModelFileError, match="a regression cannot have the loss 'cox:breslow'"):
        save_model("other", dataclasses.replace(model, task="regression"))


def test_json_tells_of_the_hazard(fit, table):
    document = json.loads(fit(table, *SURVIVAL, "--json").out)
    assert (document["task"], document["loss"], document["intercept"]) == ("survival", "cox:breslow", 0)


def test_weights_offset_and_special_penalties_go_with_it(fit, run, write):
    X, time, event, site = patients()
    weights = np.random.default_rng(1).integers(0, 3, 150)
    known = X[:, 3] / 2
    table = write("t.csv", **columns(X, time, event, site), w=weights, known=known)
    args = (*SURVIVAL, "--weights", "w", "--offset", "known", "--exclude", "site", "--rule", "min")
    for extra, options in (
        ([], {}),
        (["--adaptive", "1"], {"adaptive": 1.0}),
        (["--concave", "mcp"], {"concave": "mcp"}),
    ):
        answer = fit(table, *args, *extra, "--overwrite")
        assert answer.code == 0, answer.err
        model = load_model("model.shrinkwise")
        twin = CoxRegressorCV(cv=model.folds, alphas=8, rule="min", **options)
        twin.fit(X, np.column_stack([time, event]), sample_weight=weights, offset=known)
        np.testing.assert_allclose(model.coef, twin.coef_, rtol=1e-6, atol=1e-8)
    predicted = [float(line) for line in run("predict", "model.shrinkwise", table).out.splitlines()[1:]]
    np.testing.assert_allclose(predicted, twin.predict(X, offset=known), rtol=1e-6, atol=1e-8)
    assert fit(table, *SURVIVAL, "--group-categoricals", "--overwrite").code == 0


def test_missing_cells_without_an_event_or_time_are_left_out_where_asked(fit, write):
    X, time, event, site = patients()
    time, event = time.astype(object), event.astype(object)
    time[4] = event[9] = ""
    table = write("t.csv", **columns(X, time, event, site))
    assert "the target 'months' is missing in 1 of 150 rows, the first is row 5" in fit(table, *SURVIVAL).err
    answer = fit(table, *SURVIVAL, "--drop-missing-target", "--strata", "site")
    assert answer.code == 0
    assert "2 rows without a target are left out." in answer.err


def test_a_copy_of_the_time_is_warned_of(fit, write):
    X, time, event, _ = patients()
    answer = fit(write("t.csv", **columns(X, time, event), days=30 * time), *SURVIVAL)
    assert "Column 'days' leaks? It is a copy of the target 'months, died', or nearly" in answer.err


def test_no_censoring_is_fine(fit, write):
    X, time, event, _ = patients()
    assert fit(write("t.csv", **columns(X, time, event | 1)), *SURVIVAL).code == 0


def test_time_alone_still_makes_folds(run, table):
    answer = run("fit", table, "--target", "x0", "--time", "months", "--folds", "3", "--alphas", "8", "--l1-ratio", "1")
    assert "each predicted from the rows that are earlier by 'months'" in answer.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "there is nothing to predict: give --target, or --time and --event"),
        (["--event", "died"], "--event 'died' needs --time, the column that says how long each row was followed"),
        (["-t", "x0", "--ties", "efron"], "--ties is for Cox regression: give --event and --time, too"),
        (["-t", "x0", "--strata", "site"], "--strata is for Cox regression: give --event and --time, too"),
        ([*SURVIVAL, "-t", "x0"], "--target does not go with --event"),
        ([*SURVIVAL, "--loss", "huber"], "--loss does not go with --event"),
        ([*SURVIVAL, "--score", "r2"], "--score 'r2' knows no censored times; with --event give concordance"),
        (["-t", "x0", "--score", "concordance"], "--score concordance is for Cox regression: give --event and --time"),
        ([*SURVIVAL, "--relax"], "--relax does not go with --event"),
        ([*SURVIVAL, "--grouped-outputs"], "--grouped-outputs does not go with --event"),
    ],
)
def test_options_of_another_target_are_refused_before_anything_is_read(run, args, words, files):
    answer = run("fit", "no such table.csv", *args)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1
    assert files() == []


@pytest.mark.parametrize(
    ("changes", "args", "words"),
    [
        ({"died": [1, 2] * 75}, [], "the event 'died' is 2 in row 2 (not counting the header), and an event is 1, a"),
        ({"died": ["yes", "no"] * 75}, [], "the event 'died' holds string values; an event is 1, a censored time 0"),
        ({"died": [0] * 150}, [], "the event 'died' is 0 in all 150 rows: there is nothing to compare"),
        ({"died": [1, 1] + [0] * 148}, [], "the target 'months, died' has 2 events, fewer than 3 folds"),
        ({"months": [5, 0] * 75}, [], "the time 'months' is 0 in row 2 (not counting the header), and times are above"),
        ({}, ["--time", "died"], "column 'died' is both the time and the event; name two different columns"),
        ({}, ["--time", "month"], "no column 'month' in the table (asked for as the time); did you mean 'months'?"),
        ({}, ["--strata", "x9"], "no column 'x9' in the table (asked for as the strata)"),
        (
            {"site": ["", "a"] * 75},
            ["--strata", "site"],
            "the strata 'site' are missing in 75 rows, the first is row 1",
        ),
    ],
)
def test_times_and_events_that_cannot_be_are_refused_in_one_line(fit, write, files, changes, args, words):
    answer = fit(write("t.csv", **(columns(*patients()) | changes)), *SURVIVAL, *args)
    assert (answer.code, answer.out) == (3, "")
    assert words in answer.err
    assert files() == []
