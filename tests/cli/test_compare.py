"""``shrinkwise compare``: two models on the same rows, paired."""

import json

import numpy as np
import pytest

from shrinkwise import load_model
from shrinkwise.losses.cox import CoxLoss
from tests.cli.conftest import QUICK, columns


@pytest.fixture
def compare(run):
    return lambda a, b, data, *args: run("compare", a, b, "--data", data, *args)


@pytest.fixture
def fit_to(run):
    """Fit, write to a folder, return the model file."""

    def fitted(folder, table, *args):
        answer = run("fit", table, *QUICK, "--quiet", "--out", folder, *args)
        assert answer.code == 0, answer.err
        return f"{folder}/model.shrinkwise"

    return fitted


@pytest.fixture
def other(write):
    return write("new.csv", **columns(40, seed=1))


def answered(answer):
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def test_it_is_the_paired_difference_of_the_predictions_errors(fit_to, compare, numbers, other):
    a = fit_to("a", numbers, "--target", "y")
    b = fit_to("b", numbers, "--target", "y", "--exclude", "a")
    found = answered(compare(a, b, other, "--json"))
    new = columns(40, seed=1)
    X = {a: ("a", "b"), b: ("b",)}
    errors = []
    for path in (a, b):
        model = load_model(path)
        eta = np.column_stack([new[name] for name in X[path]]) @ model.coef + model.intercept
        errors.append((new["y"] - eta) ** 2)
    difference = errors[0] - errors[1]
    assert found["a"]["error"] == pytest.approx(errors[0].mean())
    assert found["b"]["error"] == pytest.approx(errors[1].mean())
    assert found["difference"] == pytest.approx(difference.mean())
    assert found["difference_se"] == pytest.approx(difference.std(ddof=1) / np.sqrt(40))
    assert (found["better"], found["metric"], found["n_rows"]) == ("A", "mean squared error", 40)
    assert found["sentence"].startswith("A is ")
    assert found["sentence"].endswith("paired over 40 rows: distinguishable.")


def test_the_terminal_has_a_small_table_and_one_sentence(fit_to, compare, numbers, other):
    a = fit_to("a", numbers, "--target", "y")
    answer = compare(a, a, other)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split() == ["model", "loss", "features", "mean", "squared", "error", "+/-", "SE"]
    assert [line.split()[0] for line in lines[1:4]] == ["A:", "B:", "A"]
    assert answer.out.endswith("A and B predict alike: no error differs, paired over 40 rows.\n")
    assert answer.err == ""


def test_rows_that_a_model_was_fitted_to_are_named(fit_to, compare, numbers):
    a = fit_to("a", numbers, "--target", "y")
    b = fit_to("b", numbers, "--target", "y", "--rule", "min")
    answer = compare(a, b, numbers)
    assert "A and B were fitted to this file" in answer.err
    assert compare(a, b, numbers, "--quiet").err == ""


def test_close_models_cannot_be_told_apart(fit_to, compare, numbers, other):
    a = fit_to("a", numbers, "--target", "y", "--rule", "min")
    b = fit_to("b", numbers, "--target", "y", "--rule", "min", "--l1-ratio", "0.5")
    answer = compare(a, b, other)
    assert answer.out.endswith("paired over 40 rows: they cannot be told apart.\n")


def test_weights_are_those_of_the_models_and_an_option_overrides(fit_to, compare, write):
    values = columns()
    values["w"] = np.where(np.arange(60) % 2, 2.0, 0.5)
    table = write("weighted.csv", **values)
    new = columns(40, seed=1)
    new["w"] = np.where(np.arange(40) < 20, 3.0, 0.0)
    data = write("new.csv", **new)
    half = write("half.csv", **{name: column[:20] for name, column in new.items()})
    a = fit_to("a", table, "--target", "y", "--weights", "w")
    b = fit_to("b", table, "--target", "y", "--weights", "w", "--exclude", "a")
    plain = fit_to("c", table, "--target", "y", "--exclude", "w")
    found = answered(compare(a, b, data, "--json"))
    assert (found["weights"], found["n_rows"]) == ("w", 20)
    assert found["difference"] == pytest.approx(answered(compare(a, b, half, "--json"))["difference"])
    mixed = compare(a, plain, data, "--json")
    assert "A with the weights 'w' and B without weights: here all rows count alike" in mixed.err
    assert (answered(mixed)["weights"], answered(mixed)["n_rows"]) == (None, 40)
    assert answered(compare(a, plain, data, "--json", "--weights", "w"))["n_rows"] == 20


def test_classes_are_judged_by_the_log_loss_of_the_models_own_classes(fit_to, compare, classes, write):
    a = fit_to("a", classes, "--target", "y")
    b = fit_to("b", classes, "--target", "y", "--exclude", "a")
    new = columns(30, seed=2)
    data = write("new.csv", **{**new, "y": ["yes"] * 30})  # one class alone
    found = answered(compare(a, b, data, "--json"))
    model = load_model(a)
    eta = np.column_stack([new["a"], new["b"]]) @ model.coef + model.intercept
    assert found["a"]["error"] == pytest.approx(np.mean(np.logaddexp(0, -eta)))
    assert found["metric"] == "log loss"
    strange = write("strange.csv", **{**new, "y": ["yes", "maybe"] * 15})
    answer = compare(a, b, strange)
    assert answer.code == 3
    assert "holds 'maybe', and the classes of the models are 'no', 'yes'" in answer.err


def test_three_classes_and_several_targets_sum_over_their_predictors(fit_to, compare, write):
    values = columns(90)
    three = write("three.csv", **{**values, "y": np.array(["x", "y", "z"])[np.digitize(values["y"], [-1, 1])]})
    a = fit_to("a", three, "--target", "y")
    b = fit_to("b", three, "--target", "y", "--exclude", "a")
    assert answered(compare(a, b, three, "--json"))["better"] == "A"
    two = write("two.csv", **{**values, "z": values["b"] + values["y"]})
    a = fit_to("c", two, "--target", "y,z")
    b = fit_to("d", two, "--target", "y,z", "--rule", "min")
    found = answered(compare(a, b, two, "--json"))
    model = load_model(a)
    eta = np.column_stack([values["a"], values["b"]]) @ model.coef.T + model.intercept
    y = np.column_stack([values["y"], values["b"] + values["y"]])
    assert found["a"]["error"] == pytest.approx(np.mean(np.sum((y - eta) ** 2, axis=1)))


def test_log_links_take_their_exposure_and_other_losses_share_squared_errors(fit_to, compare, write):
    rng = np.random.default_rng(0)
    a, years = rng.normal(size=80), rng.uniform(0.5, 2, 80)
    table = write("counts.csv", a=a, years=years, y=rng.poisson(years * np.exp(0.5 * a + 1)))
    poisson = fit_to("p", table, "--target", "y", "--loss", "poisson", "--exposure", "years")
    squared = fit_to("s", table, "--target", "y", "--task", "regression", "--exclude", "years")
    quantile = fit_to("q", table, "--target", "y", "--loss", "quantile:0.9", "--exclude", "years")
    found = answered(compare(poisson, squared, table, "--json"))
    assert found["metric"] == "mean squared error"
    assert "squared errors of the predictions judge both" in found["note"]
    model = load_model(poisson)
    mean = years * np.exp(a * model.coef[0] + model.intercept)
    y = np.genfromtxt(table, delimiter=",", names=True)["y"]
    assert found["a"]["error"] == pytest.approx(np.mean((y - mean) ** 2))
    assert answered(compare(poisson, poisson, table, "--json"))["metric"] == "Poisson deviance"
    answer = compare(quantile, squared, table)
    assert answer.code == 2
    assert "a quantile and something else have no error in common" in answer.err
    lacking = write("lacking.csv", a=a, y=y)
    assert "A: The table has no column 'years'" in compare(poisson, squared, lacking).err


def test_cox_regression_is_compared_over_its_events(fit_to, compare, write):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 80))
    time, event = rng.exponential(np.exp(-a)), (rng.random(80) < 0.7).astype(int)
    table = write("survival.csv", a=a, b=b, time=time, event=event)
    options = ("--time", "time", "--event", "event")
    first = fit_to("a", table, *options)
    second = fit_to("b", table, *options, "--exclude", "a", "--ties", "efron")
    found = answered(compare(first, second, table, "--json"))
    assert (found["over"], found["n_rows"], found["better"]) == ("events", event.sum(), "A")
    assert "Breslow's partial likelihood judges both" in found["note"]
    eta = np.column_stack([a, b]) @ load_model(first).coef
    terms = [np.log(np.sum(np.exp(eta[time >= time[i]]))) - eta[i] for i in np.flatnonzero(event)]
    assert found["a"]["error"] == pytest.approx(2 * np.mean(terms))  # no ties: a perfect fit has 0
    assert found["metric"] == CoxLoss.metric


def test_strata_are_those_of_the_models_and_two_kinds_of_them_are_refused(fit_to, compare, write):
    rng = np.random.default_rng(0)
    a, time = rng.normal(size=80), rng.exponential(size=80)
    where, who = rng.integers(0, 2, 80), rng.integers(0, 2, 80)
    table = write("survival.csv", a=a, time=time, event=np.ones(80, dtype=int), where=where, who=who)
    options = ("--time", "time", "--event", "event")
    first = fit_to("a", table, *options, "--strata", "where", "--exclude", "who")
    second = fit_to("b", table, *options, "--exclude", "who,where")
    third = fit_to("c", table, *options, "--strata", "who", "--exclude", "where")
    found = answered(compare(first, second, table, "--json"))
    eta = a * load_model(first).coef[0]
    risk = [np.log(np.sum(np.exp(eta[(time >= time[i]) & (where == where[i])]))) - eta[i] for i in range(80)]
    assert found["a"]["error"] == pytest.approx(2 * np.mean(risk))
    answer = compare(first, third, table)
    assert (answer.code, answer.out) == (2, "")
    assert "A and B compare rows within different strata, 'where' and 'who'" in answer.err


def test_a_network_is_compared_with_a_linear_model(fit_to, compare, run, numbers, other):
    linear = fit_to("a", numbers, "--target", "y")
    small = ("--hidden", "6", "--epochs", "6", "--folds", "2", "--l1", "3", "--quiet")
    assert run("net", numbers, "--target", "y", *small, "--out", "n").code == 0
    found = answered(compare(linear, "n/model.shrinkwise", other, "--json"))
    assert (found["a"]["network"], found["b"]["network"]) == (False, True)
    assert "network, squared" in compare(linear, "n/model.shrinkwise", other).out


def test_models_of_different_things_are_refused(fit_to, compare, numbers, classes, write):
    a = fit_to("a", numbers, "--target", "y")
    for model, words in (
        (fit_to("b", numbers, "--target", "b"), "A predicts 'y' and B 'b'"),
        (fit_to("c", classes, "--target", "y"), "A is a regression of 'y' and B a classification"),
    ):
        answer = compare(a, model, numbers)
        assert (answer.code, answer.out) == (2, "")
        assert words in answer.err
    values = columns()
    more = write("more.csv", **{**values, "y": np.where(values["y"] > 0, "good", "bad")})
    answer = compare(fit_to("d", more, "--target", "y"), "c/model.shrinkwise", classes)
    assert (answer.code, "A knows the classes bad, good and B no, yes" in answer.err) == (2, True)


def test_a_missing_target_is_refused_or_dropped_as_in_fit(fit_to, compare, numbers, write):
    a = fit_to("a", numbers, "--target", "y")
    b = fit_to("b", numbers, "--target", "y", "--exclude", "a")
    new = columns(20, seed=3)
    gaps = write("gaps.csv", **{**new, "y": ["" if k == 4 else value for k, value in enumerate(new["y"])]})
    answer = compare(a, b, gaps)
    assert answer.code == 3
    assert "is missing in 1 of 20 rows, the first is row 5" in answer.err
    answer = compare(a, b, gaps, "--drop-missing-target", "--json")
    assert answered(answer)["n_rows"] == 19
    assert "1 row without a target is left out." in answer.err
    without = write("without.csv", a=new["a"], b=new["b"])
    answer = compare(a, b, without)
    assert answer.code == 3
    assert "no column 'y' in the table (asked for as the target)" in answer.err
