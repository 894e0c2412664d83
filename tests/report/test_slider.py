"""The λ slider in a real browser: what it shows is what a report of that cell shows."""

import dataclasses
import re

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.report import render_page, write_page
from shrinkwise.report.text import general
from shrinkwise.report.words import plus_minus, score_words
from tests.report.chromium import tab
from tests.report.conftest import report_on
from tests.result.networks import network_grid

READ = """tables => tables.map(table => [...table.tBodies[0].rows].map(row =>
    [...row.cells].map(cell => cell.textContent)))"""
CURVES = "[...document.querySelectorAll('#cv, figure[id^=paths]')].map(figure => figure.querySelector('svg').innerHTML)"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slider")

    def write(report):
        write_page(folder / "page.html", report, overwrite=True)
        return folder / "page.html"

    return write


def go(page, report, cell):
    """Move to a cell of the grid by the keyboard, from wherever the slider is."""
    mixes = page.locator(".strength select")
    if mixes.is_visible():
        mixes.select_option(label=report.at_mix(cell.ratio))
    page.locator("#strength").press("Home")
    for _ in range(cell.index):
        page.keyboard.press("ArrowRight")


def same(shown, expected):
    """Cells of tables: words alike, numbers but for one in the last of their digits."""
    assert len(shown) == len(expected)
    for row, other in zip(shown, expected, strict=True):
        for text, wanted in zip(row, other, strict=True):
            if re.fullmatch(r"−?[\d.]+(e-?\d+)?", wanted) and row[0] != wanted:
                last = 10.0 ** -len(wanted.partition("e")[0].partition(".")[2])
                power = float("1e" + (wanted.partition("e")[2] or "0"))
                a, b = (float(number.replace("−", "-")) for number in (text, wanted))
                assert abs(a - b) <= 1.01 * last * power, (row, other)
            else:
                assert text == wanted


def static_tables(browser, report, place):
    with tab(browser, place(report), java_script_enabled=False) as page:
        return page.eval_on_selector_all("#coefficients table", READ)


def kinds(diabetes, cancer, iris):
    free = {"unpenalized": None}
    relaxed = dataclasses.replace(diabetes, relax=np.array([1.0, 0.5, 0.0]), l1_ratios=np.ones(3), **free)
    return {
        "squared": diabetes,
        "logistic": cancer,
        "classes": iris,
        "network": network_grid(),
        "relaxed": relaxed,
        "cox": dataclasses.replace(cancer, loss="cox:breslow", classes=None, metric="deviance", **free),
        "zero": dataclasses.replace(cancer, alphas=np.append(cancer.alphas[:, :-1], [[0.0]], axis=1)),
    }


@pytest.mark.parametrize("kind", ["squared", "logistic", "classes", "network", "relaxed", "cox", "zero"])
def test_every_cell_shows_what_its_own_report_shows(browser, place, diabetes, cancer, iris, kind):
    result = kinds(diabetes, cancer, iris)[kind]
    report, others = report_on(result), [report_on(result, rule) for rule in ("min", "k=3")]
    other = next(other for other in others if other.chosen.index != report.chosen.index)
    expected, score = static_tables(browser, other, place), score_words(report)
    cell = other.chosen
    with tab(browser, place(report)) as page:
        before = page.eval_on_selector_all("#coefficients table", READ)
        go(page, report, cell)
        said = page.locator(".strength output").inner_text().split("\n")
        mix = f", {report.at_mix(cell.ratio)}" if len(result.alphas) > 1 else ""
        assert said == [
            f"{report.symbol} = {general(report.strength(cell))}{mix}",
            f"{cell.n_features} {report.noun}{'' if cell.n_features == 1 else 's'}",
            f"CV error {plus_minus(score, cell.mean, cell.se)}",
            f"training error {score(cell.train)}",
        ]
        for shown, wanted in zip(page.eval_on_selector_all("#coefficients table", READ), expected, strict=True):
            same(shown, wanted)
        words = page.locator("#coefficients").inner_text()
        assert f"{cell.n_features} of {len(result.feature_names)} {report.noun}s in the model" in words
        assert (f"The intercept is {general(float(np.ravel(other.intercepts)[0]), 6)}." in words) == (
            kind in ("squared", "logistic", "relaxed", "zero")
        )
        page.get_by_role("button", name=f"Back to the chosen {report.symbol}").press("Enter")
        assert page.eval_on_selector_all("#coefficients table", READ) == before
        assert page.locator(".strength output").inner_text().endswith("the chosen model")


def middle(page, selector):
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_line_stands_where_the_figures_have_that_strength(browser, place, diabetes):
    report = report_on(diabetes)
    with tab(browser, place(report)) as page:
        for figure, mark in (("#cv", ".mark.chosen"), ("#paths", ".mark.chosen"), ("#map", ".map-chosen")):
            across, down = middle(page, f"{figure} svg.wide {mark}")
            assert middle(page, f"{figure} svg.wide path.cursor") == pytest.approx((across, down), abs=0.2)
        go(page, report, report.lowest)
        for figure in ("#cv", "#paths"):
            place = middle(page, f"{figure} svg.wide .mark:not(.chosen)")
            assert middle(page, f"{figure} svg.wide path.cursor") == pytest.approx(place, abs=0.2)


def test_keys_move_it_and_screen_readers_hear_where_it_is(browser, place, diabetes):
    report = report_on(diabetes)
    strengths = report.strengths(report.chosen.ratio)
    with tab(browser, place(report)) as page:
        slider = page.get_by_role("slider")
        assert slider.get_attribute("aria-label") == "penalty λ"
        while page.evaluate("document.activeElement.id") != "strength":
            page.keyboard.press("Tab")
        for key, index in (("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowLeft", -1)):
            page.keyboard.press(key)
            words = f"λ = {general(strengths[report.chosen.index + index])}"
            assert slider.get_attribute("aria-valuetext") == words
            assert page.locator(".strength output").inner_text().startswith(words)
        assert page.locator(".strength output").get_attribute("aria-live") == "polite"
        page.keyboard.press("End")
        assert slider.get_attribute("aria-valuetext") == f"λ = {general(strengths[-1])}"


def test_another_mix_redraws_the_curves_and_the_way_back_is_exact(browser, place, diabetes):
    report = report_on(diabetes)
    with tab(browser, place(report)) as page:
        drawn = page.evaluate(CURVES)
        page.locator(".strength select").select_option(label="l1_ratio 0.1")
        assert page.locator(".strength output").inner_text().split("\n")[0].endswith("l1_ratio 0.1")
        note = "The curves are those of l1_ratio 0.1; the sentence below is of l1_ratio 1."
        assert page.locator(".of-mix:visible").all_inner_texts() == [note] * 2
        assert page.locator("#cv .mark:visible").count() == 0
        assert "at l1_ratio 0.1" in page.locator("#paths svg > title").first.text_content()
        moved = page.evaluate(CURVES)
        assert all(before != after for before, after in zip(drawn, moved, strict=True))
        features = page.eval_on_selector_all("#paths svg.wide .path", "all => all.map(path => path.dataset.f)")
        inside = np.unique(diabetes.coefs[0][-1].indices).tolist()
        assert set(inside) <= {int(column) for column in features}
        page.get_by_role("button", name="Back to the chosen λ").press("Enter")
        assert page.evaluate(CURVES) == drawn
        assert page.locator(".of-mix:visible").count() == 0


def heights(page, selector):
    """Pixels of the wide drawing at the ends of a path's pieces."""
    words = page.locator(selector).get_attribute("d")
    return np.array([float(number) for number in re.findall(r"-?[\d.]+", words)]).reshape(-1, 2)


def test_curves_of_another_mix_are_those_of_a_report_that_chose_it(browser, place, diabetes):
    worse = diabetes.test_score + np.array([0.0, 1e6, 1e6])[:, None, None]
    other = report_on(dataclasses.replace(diabetes, test_score=worse), "min")
    with tab(browser, place(other), java_script_enabled=False) as page:
        wanted = heights(page, "#cv svg.wide g[clip-path] .cv")
        axis = page.locator("#cv svg.wide path.cursor").evaluate("node => [node.dataset.x, node.dataset.y]")
    report = report_on(diabetes)
    with tab(browser, place(report)) as page:
        page.locator(".strength select").select_option(label="l1_ratio 0.1")
        shown = heights(page, "#cv svg.wide g[clip-path] .cv")
        frame = page.locator("#cv svg.wide path.cursor").evaluate("node => [node.dataset.x, node.dataset.y]")
    places, drawn = (values_of(*pair) for pair in ((wanted, axis), (shown, frame)))
    curve = np.interp(places[:, 0], drawn[:, 0], drawn[:, 1])
    pixel = abs(1 / float(axis[1].split()[1])) + abs(1 / float(frame[1].split()[1]))
    np.testing.assert_allclose(curve, places[:, 1], atol=pixel)  # a joint moves by a third of a pixel in each


def values_of(points, axis):
    """Log strengths and errors of pixels."""
    (zero, decade, *_), (base, unit) = (np.array(words.split(), dtype=float) for words in axis)
    values = np.column_stack([(points[:, 0] - zero) / decade, (points[:, 1] - base) / unit])
    return values[np.argsort(values[:, 0])]


class TestNames:
    def test_the_pointer_names_the_nearest_path(self, browser, place, diabetes):
        with tab(browser, place(report_on(diabetes))) as page:
            page.locator("#paths").scroll_into_view_if_needed()
            box = page.locator("#paths svg.wide .path[data-f='2']").bounding_box()  # bmi, largest at the chosen λ
            page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 1)
            assert page.locator("#paths .told").inner_text().startswith("bmi: 23.92 per standard deviation at λ")
            assert page.locator("#paths .path.lit").get_attribute("data-f") == "2"
            assert page.locator("#paths .label.lit").first.text_content() == "bmi"
            page.mouse.move(2, 2)
            assert page.locator("#paths .path.lit").count() == 0

    def test_a_tap_names_a_path(self, browser, place, diabetes):
        with tab(browser, place(report_on(diabetes)), width=360, has_touch=True) as page:
            label = page.locator("#paths svg.narrow .label", has_text=re.compile("^bp$"))
            label.scroll_into_view_if_needed()
            label.locator("text").tap()
            assert page.locator("#paths .told").inner_text().startswith("bp: ")
            page.locator("#strength").press("Home")
            assert page.locator("#paths .told").inner_text().startswith("bp: 0 per")

    def test_the_arrow_keys_go_from_path_to_path(self, browser, place, diabetes):
        report = report_on(diabetes)
        with tab(browser, place(report)) as page:
            page.locator("#paths svg.wide .path[tabindex='0']").focus()
            names = []
            for _ in range(4):
                names.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
                assert page.locator("#paths .told").inner_text().startswith(f"{names[-1]}: ")
                page.keyboard.press("ArrowDown")
            assert names == [diabetes.feature_names[column] for column in report.kept[:4]]
            page.keyboard.press("ArrowUp")
            assert page.evaluate("document.activeElement.getAttribute('aria-label')") == names[-1]
            page.keyboard.press("Tab")
            assert page.locator("#paths .path.lit").count() == 0


def test_each_of_several_predictors_has_its_own_paths(browser, place, iris):
    report = report_on(iris)
    with tab(browser, place(report)) as page:
        for k in range(3):
            page.locator(f"#paths-{k} svg.wide .path[tabindex='0']").focus()
            column = iris.feature_names.index(page.evaluate("document.activeElement.getAttribute('aria-label')"))
            words = page.locator(f"#paths-{k} .told").inner_text().split(": ")[1].split(" per")[0]
            assert float(words.replace("−", "-")) == pytest.approx(report.effect[k, column], rel=1e-3)


def test_hostile_names_do_no_harm_wherever_the_slider_goes(browser, place, hostile):
    names = (
        "__proto__",
        "constructor",
        "a\u2028b\u2029c",
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "toString",
    )
    result = dataclasses.replace(hostile, feature_names=names + hostile.feature_names[len(names) :])
    page_path = place(report_on(result))
    assert page_path.read_text(encoding="utf-8").count("<script") == 2  # the data and the script
    with tab(browser, page_path) as page:
        page.locator("#strength").press("End")
        shown = page.locator("#coefficients tbody th").all_text_contents()
        assert {*names} - set(shown) <= {"a\u2028b\u2029c"}
        page.locator(".strength select").select_option(label="l1_ratio 0.1")
        page.locator("#paths svg.wide .path[tabindex='0']").focus()
        for _ in range(30):
            page.keyboard.press("ArrowDown")
        assert page.locator("main b, main img, main script").count() == 0


def test_a_chosen_model_without_features_can_be_left(browser, place, diabetes):
    worse = diabetes.test_score + 1e6 * np.arange(diabetes.alphas.shape[1])[:, None]
    report = report_on(dataclasses.replace(diabetes, test_score=worse), "min")
    assert report.kept == []
    with tab(browser, place(report)) as page:
        assert not page.locator("#coefficients table").is_visible()
        page.locator("#strength").press("End")
        assert page.locator("#coefficients tbody tr").count() > 50
        page.get_by_role("button", name="Back to the chosen λ").press("Enter")
        assert not page.locator("#coefficients table").is_visible()


def test_there_is_no_slider_where_there_is_one_strength(cancer):
    names = ("alphas", "train_score", "test_score", "intercepts", "gaps", "converged", "n_iter")
    one = {name: getattr(cancer, name)[:, 3:4] for name in names}
    coefs = tuple(tuple(sparse.csr_array(matrix[[3]]) for matrix in row) for row in cancer.coefs)
    page = render_page(report_on(dataclasses.replace(cancer, coefs=coefs, **one)))
    assert 'id="strength"' not in page
    assert "application/json" not in page


def soon(page, condition):
    """Whether it holds within some seconds; the page's policy forbids Playwright's own way of waiting."""
    for _ in range(50):
        if page.evaluate(condition):
            return True
        page.wait_for_timeout(100)
    return False


def test_the_slider_stays_in_sight_as_long_as_it_moves_something(browser, place, diabetes):
    with tab(browser, place(report_on(diabetes))) as page:
        top = "document.querySelector('.strength').getBoundingClientRect().top"
        for selector in ("#paths figcaption", "#coefficients tbody"):
            page.locator(selector).evaluate("node => node.scrollIntoView({block: 'center'})")
            assert soon(page, f"{top} === 0")
        page.locator(".glossary").evaluate("node => node.scrollIntoView()")
        assert soon(page, f"{top} < 0")
