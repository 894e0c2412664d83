"""Tables where scripts run: sorted by any column, filtered by name, saved as CSV that no spreadsheet executes."""

import csv
import dataclasses

import numpy as np
import pytest

from shrinkwise.report import write_page
from tests.report.chromium import tab
from tests.report.conftest import HOSTILE, report_on

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", 'a,"b"\r\n=c', "＝1", "-5", "__proto__")


def saved(page, table):
    """The rows of a table's file."""
    with page.expect_download() as download:
        page.locator(table).locator("xpath=../following-sibling::p[1]/button").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        return download.value.suggested_filename, list(csv.reader(file, strict=True))


@pytest.fixture(scope="module")
def path(tmp_path_factory, diabetes):
    path = tmp_path_factory.mktemp("tables") / "page.html"
    write_page(path, report_on(diabetes, "min"))
    return path


def column(page, number):
    cells = page.locator("#coefficients table tbody tr").all()
    return [row.locator("th, td").nth(number).inner_text() for row in cells]


def number(text):
    return float(text.replace("−", "-"))


def test_every_column_sorts_by_keyboard_and_the_third_time_gives_the_first_order_back(browser, path):
    with tab(browser, path) as page:
        names = column(page, 0)
        for k, head in ((2, "per SD"), (3, "per unit"), (4, "SD")):
            button = page.locator("#coefficients").get_by_role("button", name=head, exact=True)
            for sign, state in ((-1, "descending"), (1, "ascending")):
                button.press("Enter")
                shown = [number(text) for text in column(page, k)]
                assert shown == sorted(shown, key=lambda value: sign * value)
                assert page.locator("#coefficients th[aria-sort]").get_attribute("aria-sort") == state
            button.press("Enter")
            assert column(page, 0) == names
            assert page.locator("#coefficients th[aria-sort]").count() == 0
        page.locator("#coefficients").get_by_role("button", name="feature").press("Enter")
        assert [name[0] for name in column(page, 0)] == sorted(name[0] for name in names)


def test_errors_sort_by_their_mean_and_strengths_by_their_size(browser, path, diabetes):
    with tab(browser, path) as page:
        page.locator("#cv summary").click()
        page.locator("#cv").get_by_role("button", name="held-out error ± SE").press("Enter")
        shown = [number(text.split(" ±")[0]) for text in page.locator("#cv tbody td:nth-child(3)").all_inner_texts()]
        assert shown == sorted(shown, reverse=True)
        page.locator("#cv").get_by_role("button", name="λ").press("Enter")
        shown = [number(text) for text in page.locator("#cv tbody th").all_inner_texts()]
        assert shown == sorted(shown, reverse=True)


def test_the_filter_keeps_rows_whose_name_has_the_letters(browser, path):
    with tab(browser, path) as page:
        names = column(page, 0)
        box = page.locator("#coefficients").get_by_label("Filter by name")
        box.press_sequentially("BMI")
        assert column(page, 0) == [name for name in names if "bmi" in name]
        assert page.locator("#coefficients .tools output").inner_text() == f"{len(column(page, 0))} of {len(names)}"
        box.fill("no such name")
        assert column(page, 0) == []
        box.fill("")
        assert column(page, 0) == names


def test_the_filter_and_the_order_stay_while_the_slider_moves(browser, path):
    with tab(browser, path) as page:
        page.locator("#coefficients").get_by_label("Filter by name").fill("bmi")
        page.locator("#coefficients").get_by_role("button", name="per SD").press("Enter")
        page.locator("#strength").press("End")
        shown = [number(text) for text in column(page, 2)]
        assert all("bmi" in name for name in column(page, 0))
        assert shown == sorted(shown, reverse=True)


def test_a_table_is_saved_as_it_stands_with_numbers_that_programs_read(browser, path, diabetes):
    report = report_on(diabetes, "min")
    with tab(browser, path) as page:
        name, (heads, *rows) = saved(page, "#coefficients table")
        assert name == "the-coefficients-of-the-chosen-model-min.csv"
        assert heads == ["feature", "per SD", "per unit", "SD"]
        assert [row[0] for row in rows] == [diabetes.feature_names[column] for column in report.kept]
        shown = np.array([[float(value) for value in row[1:]] for row in rows])
        np.testing.assert_allclose(shown[:, 1], report.coef[0, report.kept], rtol=5e-4)
        name, (heads, *rows) = saved(page, "table.summary")
        assert heads == ["model", "λ", "l1_ratio", "features", "CV error", "SE", "training error"]
        assert [row[0] for row in rows] == [row["name"] for row in diabetes.table("min")]
        assert [float(row[4]) for row in rows] == pytest.approx([row["mean"] for row in diabetes.table("min")], abs=0.5)


def test_hostile_names_are_text_in_the_file_and_no_formula(browser, tmp_path, hostile):
    names = (*FORMULAS, *HOSTILE, *hostile.feature_names)[: len(hostile.feature_names)]
    result = dataclasses.replace(hostile, feature_names=names)
    write_page(tmp_path / "page.html", report_on(result, "min"))
    with tab(browser, tmp_path / "page.html") as page:
        page.locator("#strength").press("End")
        _, (heads, *rows) = saved(page, "#coefficients table")
        assert heads == ["feature", "per SD", "per unit", "SD"]
        assert all(len(row) == 4 for row in rows)
        cells = {row[0] for row in rows}
        assert {"'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "'＝1", "-5", "__proto__"} <= cells
        assert not [cell for cell in cells if cell.lstrip()[:1] in "=+@＝" and cell.strip()]
        assert all(float(value) for row in rows for value in row[1:])
