"""Page and terminal of several linear predictors a row: classes, with coefficients of their own."""

import dataclasses
import re

import numpy as np

from shrinkwise.diagnosis import overfit_verdict
from shrinkwise.report.page import render_page
from shrinkwise.report.terminal import NAME, OUTPUT
from tests.report.conftest import HOSTILE, report_on
from tests.report.test_terminal import printed


def rows_of(page, class_):
    table = page.split(f'<table class="coefficients several{class_}">')[1].split("</table>")[0]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]


def text(cell):
    return re.sub("<[^>]*>", "", cell)


def test_every_class_has_a_column_of_coefficients_per_sd_and_per_unit(iris):
    report = report_on(iris, source="iris.csv")
    page, chosen = render_page(report), report.chosen
    coef = iris.coef(chosen.ratio, chosen.index)
    head, *effects = rows_of(page, " effects")
    assert list(map(text, head)) == ["per SD", "setosa", "versicolor", "virginica"]
    head, *units = rows_of(page, "")
    assert list(map(text, head)) == ["per unit", "setosa", "versicolor", "virginica", "SD"]
    assert len(effects) == chosen.n_features == len(units) - 1
    assert text(units[-1][0]) == "(intercept)"
    for numbers, factor in ((effects, iris.scale), (units[:-1], np.ones(4))):
        for row in numbers:
            column = iris.feature_names.index(text(row[0]))
            shown = [float(text(cell).replace("−", "-")) for cell in row[1:4]]
            np.testing.assert_allclose(shown, coef[:, column] * factor[column], rtol=1e-2, atol=1e-3)
            assert [value == 0 for value in shown] == [value == 0 for value in coef[:, column]]


def test_every_class_has_a_figure_of_paths_on_one_scale_and_in_the_same_colours(iris):
    page = render_page(report_on(iris))
    assert re.findall(r"<h3><bdi>(.*?)</bdi></h3>", page) == ["setosa", "versicolor", "virginica"]
    figures = page.split('<figure id="paths-')[1:]
    assert [figure[0] for figure in figures] == ["0", "1", "2"]
    ticks, colours = [], {}
    for figure in figures:
        wide = figure.split('<svg class="narrow"')[0]
        ticks.append(re.findall(r'text-anchor="end" class="tick">(.*?)<', wide))
        for colour, name in re.findall(r'class="path (c\d)"><title>(.*?)</title>|$', wide):
            assert colours.setdefault(name, colour) == colour
        assert "per standard deviation" in figure.split("<figcaption>")[1]
    assert ticks[0] == ticks[1] == ticks[2]
    ids = re.findall(r' id="(.*?)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#(.*?)\)", page)) <= set(ids)


def test_the_words_are_of_classes(iris):
    report = report_on(iris)
    page, screen = render_page(report), printed(report)
    assert "classification, 3 classes" in page
    assert "classification, 3 classes - 150 rows" in screen
    for words in ("the log of its probability, but for a number common to all classes",):
        assert words in page
        assert words in " ".join(screen.split())
    assert re.search(r"coefficient per SD +setosa +versicolor +virginica", screen)
    assert re.search(r"\(intercept\)( +-?[\d.]+){3}", screen)
    assert "multinomial" not in page + screen


def test_many_hostile_classes_and_features_stay_within_bounds(crowd):
    report = report_on(crowd, "min", title=HOSTILE[0])
    page, screen = render_page(report), printed(report)
    assert len(page.encode()) <= 1_000_000
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count('<figure id="paths-') == 6
    assert "24 more classes, of smaller coefficients, not drawn." in page
    assert "Shown are the 12 of 30 classes with the largest ones; the model file holds all." in page
    assert f"and {30 - (80 - NAME) // (OUTPUT + 2)} more classes: see the report" in screen
    assert "\x1b" not in screen
    assert max(map(len, screen.splitlines())) <= 80


def test_a_class_without_coefficients_says_so(iris):
    coefs = iris.coefs[1][-1].toarray().reshape(-1, 4, 3)
    coefs[:, :, 1] = 0
    line = (*iris.coefs[1][:-1], type(iris.coefs[1][-1])(coefs.reshape(len(coefs), -1)))
    result = dataclasses.replace(iris, coefs=(line, line))
    page = render_page(report_on(result, verdict=overfit_verdict(iris)))
    assert "<figcaption>All are zero at the chosen λ.</figcaption>" in page


def test_a_model_without_features_has_a_page_and_an_answer(iris):
    result = dataclasses.replace(iris, test_score=iris.test_score + np.arange(iris.test_score.shape[1])[:, None])
    report = report_on(result, "min")
    assert report.kept == []
    page = render_page(report)
    assert "4 features at exactly zero" in page
    assert text(rows_of(page, "")[-1][0]) == "(intercept)"
    assert "The chosen model keeps no feature" in printed(report)
