"""Pages with a decision in a real browser: every width, no text cut off, no names over each other."""

import re

import pytest

from shrinkwise.report import write_page
from tests.report.chromium import tab
from tests.report.conftest import report_on
from tests.report.decisions import decision_of, real_reports
from tests.report.test_browser import OVERFLOW, OVERLAP, SHOWN, SMALLEST

CUT_OFF = """[...document.querySelectorAll('svg text')].filter(text => {
    const box = text.getBoundingClientRect(), frame = text.closest('svg').getBoundingClientRect();
    const beyond = Math.max(frame.left - box.left, box.right - frame.right, box.bottom - frame.bottom);
    return box.width && beyond > 3;
}).map(text => text.closest('figure').id + ': ' + text.textContent)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory, hostile):
    folder, paths = tmp_path_factory.mktemp("decisions"), {}
    for name, report in {**real_reports(), "hostile": report_on(hostile, decision=decision_of(hostile))}.items():
        paths[name] = folder / f"{name}.html"
        write_page(paths[name], report)
    return paths


def test_pages_with_a_decision_fit_every_width_and_names_do_not_overlap(browser, pages):
    for path in pages.values():
        with tab(browser, path) as page:
            for width in (320, 360, 681, 1000):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.evaluate(OVERFLOW) == []
                assert set(page.evaluate(SHOWN)) == {"narrow" if width <= 680 else "wide"}
                assert page.evaluate(OVERLAP) == 0


def test_no_text_of_their_figures_is_cut_off_or_too_small(browser, pages):
    for name in ("squared", "logistic", "poisson", "cox"):
        for width in (360, 1000):
            with tab(browser, pages[name], width=width) as page:
                assert [text for text in page.evaluate(CUT_OFF) if not re.match("cv|paths|map", text)] == []
                assert page.evaluate(SMALLEST) >= 12
