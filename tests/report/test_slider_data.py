"""The cells of the grid as data for the page's script: right, small and harmless."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.cli.fit import fit as command
from shrinkwise.diagnosis.overfit import overfit_verdict
from shrinkwise.grid import fit_grid
from shrinkwise.report.page import render_page
from shrinkwise.report.slider import DIGITS, LEAST, MOST, as_json, cells_of
from tests.report.conftest import HOSTILE, diabetes64, report_on
from tests.result.networks import network_grid

MIXES = tuple(map(float, next(p for p in command.params if p.name == "l1_ratio").default.split(",")))


def real(X, y, **options):
    splits = [
        (np.flatnonzero(np.arange(len(y)) % 5 != k), np.flatnonzero(np.arange(len(y)) % 5 == k)) for k in range(5)
    ]
    return fit_grid(X, y, splits, l1_ratios=MIXES, **options)


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2000))
    names = [f"expression of gene number {column:05d}" for column in range(2000)]
    return real(X, X[:, :30] @ rng.normal(size=30) + rng.normal(size=120), feature_names=names)


def values_of(cells, line, shape):
    """The coefficients (steps, places, outputs) that the data hold."""
    values = np.zeros(shape)
    for cell, first, *numbers in line["coef"]:
        place, output = divmod(cell, shape[2])
        values[first : first + len(numbers), place, output] = numbers
    return values


@pytest.mark.parametrize("kind", ["squared", "classes", "network"])
def test_every_number_is_that_of_its_cell_of_the_grid(diabetes, iris, kind):
    result = {"squared": diabetes, "classes": iris, "network": network_grid()}[kind]
    report = report_on(result)
    cells = cells_of(report)
    outputs = 1 if cells["outputs"] is None else len(cells["outputs"])
    assert [line["row"] for line in cells["lines"]] == list(range(len(result.alphas)))
    assert cells["omitted"] == ""
    close = {"rtol": 0.51 * 10.0 ** (1 - DIGITS)}  # half of the last digit
    for row, line in enumerate(cells["lines"]):
        shown = values_of(cells, line, (result.alphas.shape[1], len(cells["columns"]), outputs))
        unit = 1.0 if result.network is not None else result.scale[cells["columns"]]
        coef = np.array([np.atleast_2d(result.coef(row, index)) for index in range(result.alphas.shape[1])])
        np.testing.assert_allclose(
            shown, coef[:, :, cells["columns"]].transpose(0, 2, 1) * np.reshape(unit, (-1, 1)), **close
        )
        rest = np.setdiff1d(np.arange(len(result.feature_names)), cells["columns"])
        assert not np.any(coef[:, :, rest])
        np.testing.assert_allclose(line["strength"], report.strengths(row), **close)
        for name, values in (("mean", result.mean), ("se", result.se), ("train", result.train_mean)):
            np.testing.assert_allclose(line[name], values[row], **close)
        assert line["kept"] == result.support_size[row].tolist()
    rank, step = cells["chosen"]
    assert cells["lines"][rank]["strength"][step] == pytest.approx(report.strength(report.chosen), rel=1e-5)


def test_a_page_of_64_real_features_and_the_default_mixes_is_small():
    X, y, names = diabetes64()
    report = report_on(real(X, y, feature_names=names))
    assert len(report.result.alphas) == len(MIXES) > 1
    assert {line["row"] for line in cells_of(report)["lines"]} == set(range(len(MIXES)))
    assert len(render_page(report).encode()) <= 300_000


def test_a_page_of_2000_real_features_and_the_default_mixes_is_small(wide):
    for rule in ("1se", "min"):
        report = report_on(wide, rule)
        assert report.chosen.n_features > 5
        assert {line["row"] for line in cells_of(report)["lines"]} == set(range(len(MIXES)))
        assert len(render_page(report).encode()) <= 1_000_000


@pytest.mark.parametrize("p", [64, 2000])
def test_dense_paths_are_thinned_or_left_out_within_the_budget_and_the_page_says_so(diabetes, p):
    rng, (rows, strengths), fits = np.random.default_rng(0), (8, 150), diabetes.n_folds + 1
    shape = (rows, strengths)
    scores = np.linspace(2, 1, strengths)[:, None] + 0.1 * rng.random((rows, 1, diabetes.n_folds))
    full = sparse.csr_array(np.linspace(0, 1, strengths)[:, None] * rng.normal(size=p))
    result = dataclasses.replace(
        diabetes,
        l1_ratios=np.linspace(0, 0.1, rows),
        alphas=np.tile(np.geomspace(10, 0.01, strengths), (rows, 1)),
        test_score=scores,
        train_score=scores,
        coefs=((full,) * fits,) * rows,
        intercepts=np.zeros((*shape, fits)),
        gaps=np.zeros((*shape, fits)),
        converged=np.ones((*shape, fits), dtype=bool),
        n_iter=np.ones((*shape, fits)),
        feature_names=tuple(f"{HOSTILE[column % len(HOSTILE)]}{column}" for column in range(p)),
        center=np.zeros(p),
        scale=np.ones(p),
        unpenalized=None,
    )
    report = report_on(result, "min", verdict=overfit_verdict(diabetes))
    cells = cells_of(report)
    assert len(as_json(cells).encode()) <= 1.05 * min(LEAST + 200 * p, MOST)  # and what belongs to no line
    lines = {line["row"]: line for line in cells["lines"]}
    chosen = lines[report.chosen.ratio]
    assert all(len(line["strength"]) <= 100 for line in lines.values())
    assert chosen["strength"][cells["chosen"][1]] == pytest.approx(report.chosen.alpha, rel=1e-5)
    assert (len(lines) < rows) == ("it leaves out" in cells["omitted"])
    assert "it skips some values of λ" in cells["omitted"]
    assert cells["omitted"].endswith("; the model file holds all.")
    assert len(render_page(report).encode()) <= (300_000 if p == 64 else 1_000_000)


def test_nothing_in_the_data_opens_or_closes_an_element(hostile):
    names = ("</script>", "<!--", "\u2028", "]]>", "&lt;", "__proto__", *hostile.feature_names[6:])
    text = as_json(cells_of(report_on(dataclasses.replace(hostile, feature_names=names))))
    assert not set(text) & set("<>&\u2028\u2029")
    assert {"</script>", "<!--", "__proto__"} <= set(json.loads(text)["names"])


def test_scores_that_are_no_numbers_are_null(diabetes):
    scores = diabetes.test_score.copy()
    scores[:, -3:] = np.inf
    with np.errstate(invalid="ignore"):
        text = as_json(cells_of(report_on(dataclasses.replace(diabetes, test_score=scores), "min")))
    assert json.loads(text)["lines"][0]["mean"][-3:] == [None] * 3
    assert json.loads(text)["lines"][0]["error"][-1] == "∞"
