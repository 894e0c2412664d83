"""A year of motor claims, from the CSV to predictions: what made the claims is found, and what did not is left out."""

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest

from shrinkwise import load_model
from tests.journeys.test_diabetes64 import shrinkwise

TABLE = Path(__file__).parents[2] / "examples" / "claims.csv"
QUICK = ("--folds", "5", "--alphas", "30", "--l1-ratio", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")
    args = ("--target", "claims", "--loss", "poisson", "--exposure", "years", *QUICK)
    answer = shrinkwise(folder, "fit", TABLE, *args)
    assert answer.returncode == 0, answer.stderr
    return folder


def predicted(folder, table):
    answer = shrinkwise(folder, "predict", "model.shrinkwise", table)
    assert answer.returncode == 0, answer.stderr
    return np.array([float(row["prediction"]) for row in csv.DictReader(io.StringIO(answer.stdout))]), answer.stderr


def columns():
    with TABLE.open() as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_what_made_the_claims_is_in_the_model_and_the_color_is_not(folder):
    model = load_model(folder / "model.shrinkwise")
    coef = dict(zip(model.feature_names, model.coef, strict=True))
    assert coef["age"] < 0 < coef["region=city"]
    assert not any(value for name, value in coef.items() if name.startswith("color"))
    assert model.certificate["certified"]


def test_fitted_claims_add_up_to_those_that_were_made(folder):
    means, _ = predicted(folder, TABLE)
    assert means.sum() == pytest.approx(np.sum(np.array(columns()["claims"], float)), rel=1e-6)  # b is optimal


def test_without_the_years_a_table_is_predicted_for_one(folder, tmp_path):
    values = columns()
    years = np.array(values.pop("years"), float)
    with (tmp_path / "new.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator=os.linesep)
        writer.writerow(values)
        writer.writerows(zip(*values.values(), strict=True))
    rates, words = predicted(folder, tmp_path / "new.csv")
    assert words == "The table has no column 'years': predictions are for an exposure of 1.\n"
    np.testing.assert_allclose(rates * years, predicted(folder, TABLE)[0], rtol=1e-12)
