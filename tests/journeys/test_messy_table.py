"""A table as people have them: text, gaps, dates, constants, ids, weights, patients with several rows."""

import csv
import datetime as dt
import io
import json
import subprocess
import sys

import numpy as np
import pytest

from shrinkwise import load_model
from shrinkwise.data import Encoder, read_table

ROWS = 240
CLASSIFICATION = ["--target", "sick", "--exclude", "risk", "--rule", "min"]
CLASSIFICATION += ["--folds", "4", "--alphas", "20", "--l1-ratio", "1"]
HEADER = (
    "id",
    "age",
    "weight kg",
    "city",
    "visit",
    "plan",
    "const",
    "empty",
    "=cmd|calc",
    "zip",
    "w",
    "site",
    "risk",
    "sick",
)


def rows(n=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    for row in range(n):
        age, weight = int(rng.integers(20, 80)), rng.normal(70, 12)
        city = rng.choice(["Bonn", "Kiel", "Åbo", f"village {rng.integers(40)}"])
        risk = 0.3 * age - 0.1 * weight + 5 * (city == "Kiel") + rng.normal(0, 3)
        yield {
            "id": f"P{row:05}",
            "age": "" if rng.random() < 0.1 else age,
            "weight kg": f"{weight:.2f}",
            "city": "NA" if rng.random() < 0.05 else city,
            "visit": dt.date(2024, 1, 1) + dt.timedelta(row),
            "plan": rng.choice(["A", "B"]),
            "const": 5,
            "empty": "",
            "=cmd|calc": rng.normal(),
            "zip": rng.choice(["01067", "10115"]),
            "w": rng.choice([0, 1, 1, 2]),
            "site": rng.integers(30),
            "risk": f"{risk:.3f}",
            "sick": "yes, badly" if risk + rng.normal(0, 2) > 9 else "no",
        }


def write(path, records, header=HEADER):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(records)


def shrinkwise(folder, *args):
    return subprocess.run(
        [sys.executable, "-m", "shrinkwise", *args], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messy")
    write(folder / "messy.csv", rows())
    write(folder / "new.csv", rows(20, seed=1), [name for name in reversed(HEADER) if name not in ("risk", "sick")])
    return folder


@pytest.fixture(scope="module")
def regression(folder):
    grid = ["--folds", "5", "--alphas", "30", "--l1-ratio", "0.5,1", "--out", "risk", "--json"]
    roles = ["--exclude", "sick,id", "--weights", "w", "--groups", "site", "--as-text", "zip"]
    answer = shrinkwise(folder, "fit", "messy.csv", "--target", "risk", *roles, *grid)
    assert answer.returncode == 0, answer.stderr
    return answer


@pytest.fixture(scope="module")
def classification(folder):
    answer = shrinkwise(folder, "fit", "messy.csv", *CLASSIFICATION, "--out", "sick")
    assert answer.returncode == 0, answer.stderr
    return answer


def test_what_was_read_left_out_and_encoded_is_told(regression):
    for words in (
        "Read messy.csv: 240 rows, 14 columns (",
        "missing cells in 3 columns.",
        "Task: regression",
        "of weight zero: in no fold",
        "Excluded: 'sick', 'id'.",
        "Not used, since it holds one value only: 'const'.",
        "Not used, since it holds no value at all: 'empty'.",
        "Not used, since it holds dates or times: 'visit'.",
        "Levels with fewer than 5 rows share a column, named '(other)': 'city'",
        "Missing numbers became the median of the fold's training rows: 'age'",
        "rows of one 'site' together",
        "Certified",
    ):
        assert words in regression.stderr


def test_the_true_causes_are_found(regression):
    document = json.loads(regression.stdout)
    effects = {feature["name"]: feature["coef_per_sd"] for feature in document["features"]}
    assert effects["age"] > 1
    assert effects["city=Kiel"] > 0
    assert "zip=01067" in effects
    assert not {"w", "site", "visit", "const", "sick"} & set(effects)
    folds, sites = np.array(document["folds"]), np.array([row["site"] for row in rows()])
    for site in np.unique(sites):
        assert len(set(folds[(sites == site) & (folds >= 0)])) <= 1


def test_each_fold_scores_with_the_encoding_of_its_own_training_rows(regression, folder):
    """The held-out error of a fold, from a table encoded by the training rows alone."""
    from shrinkwise.data import expand, feature_columns, learn, take_target, take_weights

    model = load_model(folder / "risk" / "model.shrinkwise")
    table = read_table(folder / "messy.csv", text=["zip"])
    columns = feature_columns(table, "risk", weights="w", groups="site", exclude=["sick", "id"])
    weights, y = take_weights(table, "w"), take_target(table, "risk").values
    expansion = expand(table, columns, as_text=["zip"])
    chosen = model.result.select(model.rule)
    for fold in range(5):
        encoder = learn(expansion, np.flatnonzero((model.folds != fold) & (model.folds >= 0)), weights)
        held_out = np.flatnonzero(model.folds == fold)
        X, _ = encoder.transform(table.take(held_out), model.feature_names)
        coef = model.result.coef(chosen.ratio, chosen.index, fold)
        residual = y[held_out] - X @ coef - model.result.intercept(chosen.ratio, chosen.index, fold)
        score = model.result.test_score[chosen.ratio, chosen.index, fold]
        assert score == pytest.approx(np.average(residual**2, weights=weights[held_out]), rel=1e-9)


def test_new_rows_are_predicted_in_their_order_whatever_the_order_of_columns(regression, folder):
    answer = shrinkwise(folder, "predict", "risk/model.shrinkwise", "new.csv", "-o", "risk.csv")
    assert answer.returncode == 0
    assert "Column 'city': " in answer.stderr
    with (folder / "risk.csv").open() as file:
        predicted = [float(row["prediction"]) for row in csv.DictReader(file)]
    truth = [float(row["risk"]) for row in rows(20, seed=1)]
    assert len(predicted) == 20
    assert np.corrcoef(predicted, truth)[0, 1] > 0.5


def test_a_classification_gives_classes_and_probabilities(classification, folder):
    assert "Task: classification, since 'sick' holds text." in classification.stderr
    assert "an id or free text): 'id'" in classification.stderr
    answer = shrinkwise(folder, "predict", "sick/model.shrinkwise", "new.csv")
    assert answer.returncode == 0
    table = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert list(table[0]) == ["prediction", "probability of no", "probability of yes, badly"]
    model = load_model(folder / "sick" / "model.shrinkwise")
    encoder = Encoder.from_dict(model.encoder)
    X, _ = encoder.transform(read_table(folder / "new.csv", text=encoder.text_columns), model.feature_names)
    assert [row["prediction"] for row in table] == model.predict(X).tolist()
    chances = [[float(cell) for cell in list(row.values())[1:]] for row in table]
    np.testing.assert_array_equal(chances, model.predict_proba(X))
    right = [row["prediction"] == true["sick"] for row, true in zip(table, rows(20, seed=1), strict=True)]
    assert np.mean(right) > 0.6


def test_the_classes_have_the_same_share_in_each_fold(classification, folder):
    model = load_model(folder / "sick" / "model.shrinkwise")
    sick = np.array([row["sick"] != "no" for row in rows()])
    assert np.ptp(np.bincount(model.folds[sick])) <= 1
    assert np.ptp(np.bincount(model.folds[~sick])) <= 1


def test_the_page_shows_names_as_text(classification, folder):
    page = (folder / "sick" / "report.html").read_text()
    assert "=cmd|calc" in page
    assert "yes, badly" in page
    shown = shrinkwise(folder, "show", "sick/model.shrinkwise")
    assert shown.returncode == 0
    assert "classification - 240 rows" in shown.stdout


def test_parquet_and_csv_of_the_same_table_give_the_same_model(classification, folder):
    import pyarrow.parquet as parquet

    parquet.write_table(read_table(folder / "messy.csv"), folder / "messy.parquet")
    assert shrinkwise(folder, "fit", "messy.parquet", *CLASSIFICATION, "--out", "parquet").returncode == 0
    one, two = (load_model(folder / name / "model.shrinkwise") for name in ("sick", "parquet"))
    assert one.feature_names == two.feature_names
    np.testing.assert_array_equal(one.coef, two.coef)
    np.testing.assert_array_equal(one.folds, two.folds)
