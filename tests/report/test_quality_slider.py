"""Calibration and confusion follow the λ slider: they show what predictions at that strength are worth."""

import dataclasses
import re

import numpy as np
import pytest

pytest.importorskip("playwright")

from shrinkwise.diagnosis import quality
from shrinkwise.diagnosis.held_out_predictor import held_out_predictor
from shrinkwise.report import render_page, write_page
from shrinkwise.report.quality_cells import quality_cells
from shrinkwise.report.slider import as_json
from shrinkwise.report.text import general
from tests.report.chromium import tab
from tests.report.conftest import diabetes64
from tests.report.decisions import fitted, splits_of
from tests.report.test_slider import READ, go

DOTS = """svg => {
    const own = svg.querySelector('.bins');
    const value = (words, pixel) => {
        const [low, high, start, stop] = words.split(' ').map(Number);
        return low + (pixel - start) / (stop - start) * (high - low);
    };
    return [...svg.querySelectorAll('circle')].filter(dot => dot.getBoundingClientRect().width)
        .map(dot => [value(own.dataset.x, dot.getAttribute('cx')), value(own.dataset.y, dot.getAttribute('cy'))]);
}"""
WHISKERS = "svg => [...svg.querySelectorAll('.whisker')].filter(one => one.getClientRects().length).length"
SECTION = "document.querySelector('#predictions').outerHTML"
LABEL = (diabetes64()[1] > np.median(diabetes64()[1])).astype(float)


def data_of(kind):
    """X, y, loss and names, and words of the note."""
    X, y, names = diabetes64()
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(300, 6))
    classes = np.eye(3)[np.argmax(Z[:, :3] + rng.gumbel(size=(300, 3)), axis=1)]
    return {
        "squared": (X, y, "squared", names),
        "logistic": (X, LABEL, "logistic", names),
        "classes": (Z, classes, "multinomial:3", None),
        "counts": (Z, rng.poisson(np.exp(0.5 * Z[:, 0])).astype(float), "poisson", None),
    }[kind]


def report_of(kind, **options):
    X, y, loss, names = data_of(kind)
    if kind in ("logistic", "classes"):
        options["classes"] = ("<low>", "high", "other")[: 2 if kind == "logistic" else 3]
    return fitted(X, y, loss, names, **options)


@pytest.fixture(scope="module")
def reports():
    return {kind: report_of(kind) for kind in ("squared", "logistic", "classes", "counts")}


@pytest.fixture(scope="module")
def pages(tmp_path_factory, reports):
    folder = tmp_path_factory.mktemp("quality")
    for kind, report in reports.items():
        write_page(folder / f"{kind}.html", report)
    return folder


def quality_at(kind, report, index):
    """Of the cell of the chosen line at that place."""
    X, y, loss, _ = data_of(kind)
    cell = dataclasses.replace(report.chosen, index=index)
    return quality(y, held_out_predictor(report.result, cell, X, splits_of(len(X))), loss)


def words_in(page):
    return " ".join(page.locator("#predictions").inner_text().split())


@pytest.mark.parametrize("kind", ["squared", "logistic", "classes", "counts"])
def test_points_are_the_bins_of_the_strength(browser, pages, reports, kind):
    report = reports[kind]
    with tab(browser, pages / f"{kind}.html") as page:
        drawing = page.locator("#calibration svg.wide")
        index = report.chosen.index + (3 if report.chosen.index < report.result.alphas.shape[1] - 3 else -3)
        cell = dataclasses.replace(report.chosen, index=index)
        go(page, report, cell)
        wanted = quality_at(kind, report, index).calibration
        low, high, *_ = map(float, drawing.locator(".bins").get_attribute("data-x").split())
        bottom, top, *_ = map(float, drawing.locator(".bins").get_attribute("data-y").split())
        inside = (wanted[:, 0] >= low) & (wanted[:, 0] <= high) & (wanted[:, 1] >= bottom) & (wanted[:, 1] <= top)
        shown = np.array(drawing.evaluate(DOTS))
        assert inside.sum() > 5
        pixel = np.array([high - low, top - bottom]) / 200  # of a frame of some 250, drawn to a tenth
        assert shown.shape == (inside.sum(), 2)
        assert np.all(np.abs(shown - wanted[inside, :2]) < 0.2 * pixel)
        assert drawing.evaluate(WHISKERS) >= inside.sum() - 1
        words, where = words_in(page), f"λ = {general(report.strength(cell))}"
        assert f"at {where}" in words
        assert f"The points are those of {where}" in words
        assert ("lie outside of the frame" in words) == (not np.all(inside))
        assert "All else here is of the chosen λ." in words


def test_the_table_of_right_and_wrong_is_that_of_the_strength(browser, pages, reports):
    report = reports["logistic"]
    with tab(browser, pages / "logistic.html") as page:
        tables = page.locator("#predictions table.confusion")
        before = tables.first.evaluate(f"table => ({READ})([table])")[0]
        assert tables.count() == 2
        index = report.result.alphas.shape[1] - 1
        go(page, report, dataclasses.replace(report.chosen, index=index))
        _, tn, fn, fp, tp = quality_at("logistic", report, index).confusion[0]
        shown = tables.first.evaluate(f"table => ({READ})([table])")[0]
        assert shown != before
        for row, weights in zip(shown, ((tn, fp), (fn, tp)), strict=True):
            wanted = [f"{weight:.0f}{100 * weight / sum(weights):.0f} %" for weight in weights]
            assert [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row[1:]] == wanted
        wrong = 100 * (fn + fp) / (tn + fn + fp + tp)
        assert f"Called high from 50 % at λ = {general(report.result.alphas[report.chosen.ratio, index])}" in words_in(
            page
        )
        assert f": {wrong:.1f} % wrong." in words_in(page)
        assert not tables.last.is_visible()


def test_the_share_that_is_right_is_told_of_several_classes(browser, pages, reports):
    report = reports["classes"]
    with tab(browser, pages / "classes.html") as page:
        for index in (2, report.result.alphas.shape[1] - 1):
            go(page, report, dataclasses.replace(report.chosen, index=index))
            right = quality_at("classes", report, index).values[0]
            told = re.search(r"most likely class is right in ([\d.]+) %", words_in(page).partition("All else")[0])
            assert float(told[1]) == pytest.approx(100 * right, abs=0.06)


@pytest.mark.parametrize("kind", ["squared", "logistic", "classes"])
def test_going_back_and_printing_restore_the_section_exactly(browser, pages, kind):
    with tab(browser, pages / f"{kind}.html") as page:
        before = page.evaluate(SECTION)
        for leave in ("page.getByRole", "print"):
            page.locator("#strength").press("End")
            assert page.evaluate(SECTION) != before
            if leave == "print":
                page.evaluate("dispatchEvent(new Event('beforeprint'))")
            else:
                page.get_by_role("button", name="Back to the chosen λ").press("Enter")
            assert page.evaluate(SECTION) == before


def test_another_mix_shows_the_chosen_one_and_says_so(browser, pages, reports):
    report = reports["squared"]
    with tab(browser, pages / "squared.html") as page:
        drawing, before = page.locator("#calibration svg.wide"), None
        before = drawing.evaluate(DOTS)
        other = next(row for row in range(len(report.result.alphas)) if row != report.chosen.ratio)
        go(page, report, dataclasses.replace(report.lowest, ratio=other, index=7))
        assert drawing.evaluate(DOTS) == before
        assert f"This section is of {report.at_mix(report.chosen.ratio)} and the chosen λ" in words_in(page)
        assert "The points are those of" not in words_in(page)


def test_of_thinned_strengths_the_nearest_is_shown_and_told(browser, tmp_path, reports):
    report = reports["squared"]
    path = report.decision.quality_path
    keep = np.flatnonzero((path.index == report.chosen.index) | (path.index == 0))
    thin = dataclasses.replace(path, index=path.index[keep], calibration=path.calibration[keep])
    decision = type(report.decision)(**(vars(report.decision) | {"quality_path": thin}))
    write_page(tmp_path / "page.html", dataclasses.replace(report, decision=decision))
    with tab(browser, tmp_path / "page.html") as page:
        go(page, report, dataclasses.replace(report.chosen, index=1))
        strongest = general(report.result.alphas[report.chosen.ratio, 0])
        assert f"at λ = {strongest}, the nearest of 2 that are known" in words_in(page)


def test_a_quality_that_was_not_followed_says_that_it_stays(browser, tmp_path, reports):
    report = reports["logistic"]
    for missing in ({"quality_path": None}, {"quality_path": None, "quality": None}):
        decision = type(report.decision)(**(vars(report.decision) | missing))
        write_page(tmp_path / "page.html", dataclasses.replace(report, decision=decision), overwrite=True)
        with tab(browser, tmp_path / "page.html") as page:
            page.locator("#strength").press("End")
            words = "This section is of the chosen λ: it does not follow the slider."
            assert (words in page.locator("main").inner_text()) == ("quality" not in missing)


@pytest.mark.parametrize("kind", ["squared", "logistic"])
def test_its_data_are_small_and_the_page_of_64_features_too(kind):
    X, y, loss, names = data_of(kind)
    report = fitted(X, y * (1e6 if kind == "squared" else 1), loss, names, l1_ratios=(0.0, 0.5, 1.0), strengths=100)
    cells = quality_cells(report)
    assert len(cells["strength"]) >= 48
    assert len(as_json(cells).encode()) <= 15_000
    assert len(render_page(report).encode()) <= 300_000
