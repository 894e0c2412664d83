"""``--loss``, ``--offset`` and ``--exposure``: what is fitted, what is predicted, what is said, what is refused."""

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import mean_poisson_deviance

from shrinkwise import LinearClassifierCV, LinearRegressorCV, load_model
from shrinkwise.data import Encoder, read_table
from shrinkwise.store.container import read_container, write_container
from tests.cli.conftest import columns

REGIONS = ("city", "coast", "north")
CLOSE = {"rtol": 1e-5}  # of two fits whose relative gaps are at most 1e-8


def policies(n=240, seed=0):
    """A year of motor policies: claims are Poisson, their rate depends on age and region."""
    rng = np.random.default_rng(seed)
    years, age, region = rng.uniform(0.2, 2.0, n), rng.integers(18, 80, n), rng.integers(3, size=n)
    rate = np.exp(0.8 - 0.03 * (age - 18) + np.array([0.8, 0.0, -0.5])[region])
    return {
        "claims": rng.poisson(rate * years),
        "years": years.round(3),
        "age": age,
        "region": [REGIONS[k] for k in region],
        "power": rng.integers(40, 200, n),
    }


@pytest.fixture
def motor(write):
    return write("motor.csv", **policies())


def design(table):
    """The table as the model that was just written encodes it."""
    encoder = Encoder.from_dict(load_model("model.shrinkwise").encoder)
    X, _ = encoder.transform(read_table(table, text=encoder.text_columns), load_model("model.shrinkwise").feature_names)
    return X


def predictions(answer):
    assert answer.code == 0, answer.err
    return np.array([float(row["prediction"]) for row in csv.DictReader(io.StringIO(answer.out))])


def twin(y, X, model, **known):
    """The same fit by the estimator, on the encoded design and the same folds."""
    sizes = {"alphas": 8, "cv": model.folds, "rule": "min", "tol": 1e-9, "l1_ratio": [0.5, 1.0]}
    if model.classes is not None:
        return LinearClassifierCV(**sizes).fit(X, y, **known)
    return LinearRegressorCV(loss=model.loss, ridge_unit="sd", **sizes).fit(X, y, **known)


PRECISE = ("--rule", "min", "--tol", "1e-9", "--l1-ratio", "0.5,1")


@pytest.mark.parametrize("loss", ["poisson", "negative_binomial:2", "tweedie:1.5", "gamma"])
def test_claims_and_their_exposure_are_fitted_and_predicted_as_in_python(fit, run, write, loss):
    values = policies()
    values["claims"] = values["claims"] + (loss == "gamma")
    table = write("motor.csv", **values)
    answer = fit(table, "--loss", loss, "--exposure", "years", *PRECISE, target="claims")
    assert answer.code == 0, answer.err
    model, X = load_model("model.shrinkwise"), design(table)
    assert model.feature_names == ("age", "region=city", "region=coast", "region=north", "power")
    assert (model.exposure, model.offset, model.result.ridge_unit) == ("years", None, 1.0)
    expected = twin(values["claims"], X, model, exposure=values["years"])
    assert model.alpha == pytest.approx(expected.alpha_, rel=1e-9)
    np.testing.assert_allclose(model.result.test_score, expected.result_.test_score, **CLOSE)
    means = predictions(run("predict", "model.shrinkwise", table))
    np.testing.assert_allclose(means, expected.predict(X, exposure=values["years"]), **CLOSE)
    assert model.coef[0] < 0 < model.coef[1]


@pytest.mark.parametrize("loss", ["squared", "huber", "huber:0.7", "quantile:0.9"])
def test_an_offset_in_the_unit_of_the_target_is_added(fit, run, write, loss):
    values = columns(90)
    known = np.linspace(-5, 5, 90)
    values = {**values, "y": 10 * (values["y"] + known), "known": 10 * known}
    table = write("t.csv", **values)
    answer = fit(table, "--loss", loss, "--offset", "known", *PRECISE)
    assert answer.code == 0, answer.err
    model, X = load_model("model.shrinkwise"), design(table)
    assert model.result.ridge_unit == pytest.approx(np.std(values["y"]))
    expected = twin(values["y"], X, model, offset=values["known"])
    np.testing.assert_allclose(
        predictions(run("predict", "model.shrinkwise", table)), expected.predict(X, known * 10), **CLOSE
    )


def test_a_classification_takes_an_offset(fit, run, write):
    values = {**columns(120), "known": np.linspace(-1, 1, 120)}
    values["y"] = np.where(values["y"] + 2 * values["known"] > 0, "yes", "no")
    table = write("t.csv", **values)
    answer = fit(table, "--loss", "logistic", "--offset", "known", *PRECISE)
    assert "Task: classification, since the logistic loss is for classes." in answer.err
    model, X = load_model("model.shrinkwise"), design(table)
    expected = twin(values["y"], X, model, offset=values["known"])
    answer = run("predict", "model.shrinkwise", table)
    chances = [float(row["probability of yes"]) for row in csv.DictReader(io.StringIO(answer.out))]
    assert model.predict_proba(X, values["known"])[:, 1].tolist() == chances
    np.testing.assert_allclose(chances, expected.predict_proba(X, values["known"])[:, 1], **CLOSE)


def test_exposure_and_offset_go_together(fit, run, write):
    values = {**policies(), "known": np.linspace(-1, 1, 240)}
    table = write("t.csv", **values)
    answer = fit(table, "--loss", "poisson", "--exposure", "years", "--offset", "known", *PRECISE, target="claims")
    assert (
        "Offset: 'known' is added to the linear predictor.\nExposure: the mean is proportional to 'years'.\n"
        in answer.err
    )
    model, X = load_model("model.shrinkwise"), design(table)
    expected = twin(values["claims"], X, model, offset=values["known"] + np.log(values["years"]))
    means = predictions(run("predict", "model.shrinkwise", table))
    np.testing.assert_allclose(means, expected.predict(X, values["known"], values["years"]), **CLOSE)


def test_a_new_table_without_the_columns_is_predicted_for_none_and_told_so(fit, run, motor, write):
    fit(motor, "--loss", "poisson", "--exposure", "years", target="claims")
    values = policies()
    usual = predictions(run("predict", "model.shrinkwise", motor))
    lacking = write("new.csv", **{name: values[name] for name in ("region", "power", "age")})
    answer = run("predict", "model.shrinkwise", lacking)
    assert answer.err == "The table has no column 'years': predictions are for an exposure of 1.\n"
    np.testing.assert_allclose(predictions(answer) * values["years"], usual, rtol=1e-12)
    assert run("predict", "model.shrinkwise", lacking, "--quiet").err == ""
    renamed = write("renamed.csv", **{name.replace("years", "Years"): values[name] for name in values})
    assert "no column 'years' (is 'Years' meant?)" in run("predict", "model.shrinkwise", renamed).err


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "the exposure 'years' is missing in 1 row, the first is row 4"),
        (0, "the exposure 'years' is not above zero in 1 row, such as 0 in row 4"),
        ("inf", "column 'years' holds inf in row 4"),
        ("a lot", "the exposure 'years' holds"),
    ],
)
def test_exposures_that_cannot_be_are_refused_in_a_fit_and_in_a_prediction(fit, run, motor, write, cell, words):
    fit(motor, "--loss", "poisson", "--exposure", "years", target="claims")
    years = policies()["years"].tolist()
    years[3] = cell
    bad = write("bad.csv", **{**policies(), "years": years})
    for answer in (
        run("predict", "model.shrinkwise", bad),
        fit(bad, "--loss", "poisson", "--exposure", "years", "--out", "other", target="claims"),
    ):
        assert (answer.code, answer.out) == (3, "")
        assert words in answer.err
    assert not Path("other").exists()


def test_counts_of_0_and_1_are_numbers_for_a_loss_of_numbers(fit, write):
    values = policies()
    table = write("t.csv", **{**values, "claims": np.minimum(values["claims"], 1)})
    answer = fit(table, "--loss", "poisson", "--json", target="claims")
    assert "Task: regression, since the poisson loss is for numbers." in answer.err
    document = json.loads(answer.out)
    assert (document["task"], document["classes"], document["loss"]) == ("regression", None, "poisson")
    plain = json.loads(fit(table, "--json", "--overwrite", target="claims").out)
    assert (plain["task"], plain["loss"], plain["offset"], plain["exposure"]) == (
        "classification",
        "logistic",
        None,
        None,
    )


def test_a_value_outside_of_the_domain_is_named_by_its_row_of_the_file(fit, write):
    values = policies()
    claims = values["claims"].tolist()
    claims[2], claims[16] = "", -1
    table = write("t.csv", **{**values, "claims": claims})
    answer = fit(table, "--loss", "poisson", "--drop-missing-target", target="claims")
    assert answer.code == 3
    assert "the poisson loss needs y >= 0, got -1 at row 17 (not counting the header)" in answer.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--loss", "poison"], "loss must be one of squared, logistic, poisson"),
        (["--loss", "quantile:2"], "quantile must be in (0, 1), got 2.0"),
        (["--loss", "tweedie:2"], 'power must be in (1, 2), got 2.0; for 1 use loss="poisson"'),
        (["--loss", "huber:wide"], "its parameter must be a number"),
        (["--loss", "poisson:1"], "too many parameters"),
        (["--loss", "multinomial:4"], "--loss multinomial:4 has a number, but the target says how many classes"),
        (
            ["--loss", "poisson", "--task", "classification"],
            "--loss poisson is for a regression, and --task classification",
        ),
        (
            ["--loss", "logistic", "--task", "regression"],
            "--loss logistic is for a classification, and --task regression",
        ),
        (["--exposure", "a"], "--exposure needs a loss with a log link, got no --loss"),
        (["--exposure", "a", "--loss", "huber:2"], "--exposure needs a loss with a log link, got --loss huber:2"),
    ],
)
def test_losses_that_cannot_be_are_refused_before_anything_is_read(fit, args, words, files):
    answer = fit("no such table.csv", *args)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1
    assert files() == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--loss", "gamma"], "the gamma loss needs y > 0, got 0 at row"),
        (
            ["--loss", "poisson", "--exposure", "year"],
            "no column 'year' in the table (asked for as the exposure); did you mean",
        ),
        (["--offset", "region"], "the offset 'region' holds"),
        (
            ["--loss", "poisson", "--offset", "thousands"],
            "'thousands' would make means differ by a factor of e^2390; an offset is on the scale of the logarithm",
        ),
        (["--offset", "age", "--weights", "age"], "column 'age' is both the weights and the offset"),
        (["--offset", "claims"], "column 'claims' is both the target and the offset"),
    ],
)
def test_columns_that_do_not_suit_are_refused(fit, write, args, words, files):
    table = write("t.csv", **policies(), thousands=10 * np.arange(240))
    answer = fit(table, *args, target="claims")
    assert answer.code == 3
    assert words in answer.err
    assert files() == []


def test_a_loss_of_other_classes_is_refused(fit, motor, classes):
    answer = fit(motor, "--loss", "logistic", target="region")
    assert answer.code == 3
    assert "has 3 classes ('city', 'coast', 'north'), and the logistic loss is for two; leave out --loss" in answer.err
    answer = fit(classes, "--loss", "multinomial")
    assert answer.code == 3
    assert "has 2 classes ('no', 'yes'), and the multinomial loss is for three or more; leave out --loss" in answer.err
    assert "the poisson loss needs numbers; leave out --loss" in fit(motor, "--loss", "poisson", target="region").err


def test_a_score_is_computed_from_means_with_their_exposure(fit, motor):
    values = policies()
    answer = fit(
        motor, "--loss", "poisson", "--exposure", "years", "--score", "neg_mean_poisson_deviance", target="claims"
    )
    assert answer.code == 0, answer.err
    scored = load_model("model.shrinkwise").result
    fit(motor, "--loss", "poisson", "--exposure", "years", "--overwrite", target="claims")
    own = load_model("model.shrinkwise").result
    np.testing.assert_allclose(scored.test_score, own.test_score[:, : scored.test_score.shape[1]], rtol=1e-9)
    assert (scored.metric, own.metric) == ("mean poisson deviance", "Poisson deviance")
    folds = load_model("model.shrinkwise").folds
    for fold in range(3):
        out = folds == fold
        y, years = values["claims"], values["years"]
        mean = years[out] * y[~out].sum() / years[~out].sum()  # one rate for all
        assert own.null_score[fold] == pytest.approx(mean_poisson_deviance(y[out], mean), rel=1e-9)
        assert scored.null_score[fold] == pytest.approx(own.null_score[fold], rel=1e-9)


@pytest.mark.parametrize(
    ("loss", "words", "change", "term"),
    [
        ("poisson", "poisson loss", "the log of the mean of claims", "deviance"),
        ("tweedie:1.7", "tweedie loss (power 1.7)", "the log of the mean of claims", "deviance"),
        ("huber:2", "huber loss (delta 2)", "the centre of claims", "Huber loss"),
        (
            "quantile:0.9:0.2",
            "quantile loss (quantile 0.9, smoothing 0.2)",
            "the 0.9 quantile of claims",
            "pinball loss",
        ),
    ],
)
def test_the_loss_its_error_and_what_coefficients_change_are_named(fit, run, motor, loss, words, change, term):
    answer = fit(motor, "--loss", loss, "--rule", "min", target="claims")
    assert answer.code == 0, answer.err
    page, shown = Path("report.html").read_text("utf-8"), run("show", "model.shrinkwise").out
    metric = load_model("model.shrinkwise").result.metric
    for text in (answer.err, shown, page.replace(" · ", " - ").replace("·", "-")):
        assert f"regression, {words} - " in text
        assert f"error = {metric}" in text
    log_link = loss[0] in "pt"
    for text in (answer.err, shown):
        assert (
            f"Coefficients change {change}{': exp(coefficient) is the factor on the mean.' if log_link else '.'}"
            in text
        )
    assert f"What {change} changes by for one standard deviation of a feature" in page
    assert ("exp(coefficient) is the factor on the mean" in page) == log_link
    assert f"<dt>{term}</dt>" in page
    assert "error = mean squared error" not in page


def test_the_words_of_the_default_losses_are_as_ever(fit, numbers):
    answer = fit(numbers)
    assert "\nregression - 60 rows" in answer.err
    assert "Coefficients change" not in answer.err
    page = Path("report.html").read_text("utf-8")
    assert "<dt>deviance</dt>" not in page
    assert "What y changes by for one standard deviation" in page


def test_show_names_the_exposure_and_an_old_file_has_none(fit, run, motor, tmp_path):
    fit(motor, "--loss", "poisson", "--exposure", "years", target="claims")
    assert "\nexposure: years\n" in run("show", "model.shrinkwise").out
    path = tmp_path / "model.shrinkwise"
    schema, content, arrays = read_container(path, 1)
    del content["exposure"]
    write_container(path, schema, content, arrays, True)
    answer = run("show", "model.shrinkwise")
    assert answer.code == 0
    assert "exposure" not in answer.out.partition("command:")[0]
    assert len(predictions(run("predict", "model.shrinkwise", motor))) == 240
    with zipfile.ZipFile(path) as archive:
        assert "offset" not in json.loads(archive.read("header.json"))["content"]


def test_rows_of_one_site_categoricals_and_criteria_go_with_a_loss(fit, motor):
    args = ("--loss", "poisson", "--exposure", "years", "--group-categoricals", "--rule", "bic", "--groups", "power")
    answer = fit(motor, *args, target="claims")
    assert answer.code == 0, answer.err
    assert load_model("model.shrinkwise").result.all_converged
