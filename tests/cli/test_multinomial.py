"""Three classes or more on the command line: what Python's estimator finds, in a file, predicted, shown, reported."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from shrinkwise import LinearClassifierCV, load_model

NAMES = ("ant", "bee", "cat")
HOSTILE = ("<script>alert(1)</script>", "=cmd(\"x\"),\n'a'", "x" * 5_000 + "é", "\u202eevil")


def features(n=120, seed=0):
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, n))
    return {"a": a, "b": b, "c": c}, np.argmax(np.column_stack([2 * a, b, -a]) + rng.gumbel(size=(n, 3)), axis=1)


@pytest.fixture
def animals(write):
    columns, codes = features()
    return write("animals.csv", **columns, y=np.array(NAMES)[codes])


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("grouped", [False, True])
def test_the_model_is_that_of_the_estimator(fit, animals, grouped):
    answer = fit(animals, *["--grouped-outputs"] * grouped, "--rule", "min")
    assert (answer.code, answer.out) == (0, "")
    model = load_model("model.shrinkwise")
    columns, codes = features()
    X = np.column_stack(list(columns.values()))
    twin = LinearClassifierCV(cv=model.folds, alphas=8, rule="min", grouped_outputs=grouped).fit(X, codes)
    assert (model.classes, model.loss, model.coef.shape) == (NAMES, "multinomial:3", (3, 3))
    assert model.alpha == pytest.approx(twin.alpha_, rel=1e-9)
    np.testing.assert_allclose(model.coef, twin.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.intercept, twin.intercept_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.predict_proba(X), twin.predict_proba(X), rtol=1e-6)
    assert model.predict(X).tolist() == [NAMES[code] for code in twin.predict(X)]


def test_fit_says_what_was_fitted(fit, animals):
    words = fit(animals, "--grouped-outputs").err
    _, codes = features()
    sizes = np.bincount(codes)
    assert f"Classes: 'ant' ({sizes[0]} rows), 'bee' ({sizes[1]} rows), 'cat' ({sizes[2]} rows); " in words
    assert "Grouped outputs: a feature is in the model for all classes or for none." in words
    assert "classification, 3 classes - 120 rows x 3 features" in words
    assert "coefficient per SD" in words
    coef = load_model("model.shrinkwise").coef
    assert np.all(np.any(coef, axis=0) == np.all(coef, axis=0))


def test_predictions_have_a_column_for_each_class_whatever_the_new_table_holds(fit, run, animals, write):
    fit(animals)
    columns, codes = features(seed=1)
    a = columns["a"].tolist()
    a[5] = ""
    new = write("new.csv", **{**columns, "a": a}, y=["dog"] * 120)
    answer = run("predict", "model.shrinkwise", new)
    assert answer.code == 0
    assert "Missing numbers became the median of the training rows: 'a' (1 cell)." in answer.err
    table = rows(answer.out)
    assert list(table[0]) == ["prediction", *(f"probability of {name}" for name in NAMES)]
    chances = np.array([[float(row[f"probability of {name}"]) for name in NAMES] for row in table])
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-12)
    assert [row["prediction"] for row in table] == [NAMES[code] for code in chances.argmax(axis=1)]
    assert np.mean(chances.argmax(axis=1) == codes) > 0.5


def test_show_and_report_repeat_what_fit_said(fit, run, animals, tmp_path):
    said = fit(animals).err
    page = (tmp_path / "report.html").read_bytes()
    shown = run("show", "model.shrinkwise")
    assert shown.code == 0
    assert shown.out.startswith(said[said.index("Do I overfit?") : said.index("\nWrote ")].rstrip())
    assert run("report", "model.shrinkwise", "-o", "-").out == page.decode()


def test_json_has_lists_of_coefficients_and_names_their_outputs(fit, animals):
    document = json.loads(fit(animals, "--json", "--quiet").out)
    model = load_model("model.shrinkwise")
    assert document["outputs"] == document["classes"] == list(NAMES)
    assert document["intercept"] == model.intercept.tolist()
    assert [feature["coef"] for feature in document["features"]] == model.coef.T.tolist()
    cell = document["grid"]["coef"][0][-1]
    path = model.result.coef(0, -1)
    assert [path[k, j] for k, j in zip(cell["output"], cell["feature"], strict=True)] == cell["value"]


def test_class_names_that_attack_do_no_harm(fit, run, write, tmp_path):
    columns, codes = features(160)
    names = np.array(HOSTILE)[(codes + np.arange(160)) % 4]
    parquet.write_table(pa.table({**columns, "y": names}), tmp_path / "t.parquet")
    answer = fit("t.parquet")
    kept = load_model("model.shrinkwise").classes
    assert answer.code == 0, answer.err
    page = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in page
    assert page.count("<script>") == 1  # the page's own
    assert len(page) < 300_000
    table = rows(run("predict", "model.shrinkwise", "t.parquet").out)
    assert list(table[0]) == ["prediction", *(f"probability of {name}" for name in kept)]
    assert {row["prediction"] for row in table} <= set(kept)
    assert run("predict", "model.shrinkwise", "t.parquet", "-o", "p.parquet").code == 0
    assert parquet.read_table(tmp_path / "p.parquet")["prediction"].to_pylist() == [row["prediction"] for row in table]
    assert run("show", "model.shrinkwise").code == 0


def test_numbers_are_classes_where_they_are_asked_to_be(fit, write):
    columns, codes = features()
    table = write("t.csv", **columns, y=codes * 10)
    assert "Task: regression" in fit(table).err
    answer = fit(table, "--task", "classification", "--overwrite")
    assert answer.code == 0
    assert load_model("model.shrinkwise").classes == ("0", "10", "20")


@pytest.mark.parametrize("score", ["accuracy", "roc_auc_ovr", "neg_log_loss"])
def test_scores_of_scikit_learn_judge_several_classes(fit, animals, score):
    answer = fit(animals, "--score", score)
    assert answer.code == 0, answer.err
    scored = load_model("model.shrinkwise").result
    if score == "neg_log_loss":
        fit(animals, "--overwrite")
        own = load_model("model.shrinkwise").result.test_score[:, : scored.test_score.shape[1]]
        np.testing.assert_allclose(scored.test_score, own, rtol=1e-9)


def test_a_criterion_chooses_among_several_classes(fit, animals):
    assert fit(animals, "--rule", "bic").code == 0
    model = load_model("model.shrinkwise")
    assert model.result.select("bic").n_features == np.count_nonzero(np.any(model.coef, axis=0))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--offset", "c"], "--offset 'c' is part of one linear predictor, but 'y' has 3 classes"),
        (["--group-categoricals"], "--group-categoricals groups coefficients of one linear predictor"),
        (["--positive", "a"], "--positive 'a' gives a coefficient its sign, but 'y' has 3 classes"),
    ],
)
def test_what_one_predictor_has_is_refused_by_name(fit, animals, args, words, files):
    answer = fit(animals, *args)
    assert answer.code == 2
    assert words in answer.err
    assert "leave it out" in answer.err
    assert files() == []


def test_grouped_outputs_need_several(fit, numbers, classes):
    for table in (numbers, classes):
        answer = fit(table, "--grouped-outputs")
        assert answer.code == 2
        assert (
            "--grouped-outputs is for three classes or more, or several targets, and 'y' has one linear predictor a row"
            in answer.err
        )


def test_columns_may_be_unpenalized(fit, animals):
    assert fit(animals, "--unpenalized", "c", "--rule", "k=1").code == 0
    coef = load_model("model.shrinkwise").coef
    assert np.all(coef[:, 2] != 0)
    assert not np.any(coef[:, :2])
    assert coef[:, 2].sum() == pytest.approx(0, abs=1e-9)
