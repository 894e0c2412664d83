"""The page in a real browser: nothing asked of the network, no complaint, no sideways scroll, dark where wanted."""

import os

import pytest

from shrinkwise.report import write_page
from tests.report.chromium import BINARY, Browser
from tests.report.conftest import report_on
from tests.result.networks import network_grid

pytestmark = pytest.mark.skipif(
    BINARY is None and not os.environ.get("CI"), reason="no chromium binary on this machine"
)

OVERFLOW = """[...document.querySelectorAll('body *')].filter(element =>
    !element.closest('.scroll, svg') && element.getBoundingClientRect().right > innerWidth + 1
).map(element => element.outerHTML.slice(0, 80))"""
SHOWN = """[...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width)
    .map(svg => svg.getAttribute('class'))"""
SMALLEST = """Math.min(...[...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height)
    .filter(height => height))"""
OVERLAP = """(() => {
    const boxes = [...document.querySelectorAll('svg text.name')].map(text => text.getBoundingClientRect())
        .filter(box => box.width).sort((a, b) => a.top - b.top);
    return boxes.slice(1).filter((box, rank) => box.top - boxes[rank].top < 8).length;
})()"""


@pytest.fixture(scope="module")
def browser():
    assert BINARY is not None, "CI needs a browser: apt-get install chromium"
    with Browser() as tab:
        yield tab


@pytest.fixture(scope="module")
def pages(tmp_path_factory, diabetes, hostile, cancer, iris, crowd):
    folder, paths = tmp_path_factory.mktemp("pages"), []
    results = {"diabetes": diabetes, "hostile": hostile, "cancer": cancer, "iris": iris, "crowd": crowd}
    results["network"] = network_grid(p=64, strengths=12, names=hostile.feature_names)
    for name, result in results.items():
        paths.append(folder / f"{name}.html")
        write_page(paths[-1], report_on(result, title=f"<script>{name}", source="s" * 400))
    return paths


def test_the_page_works_offline_at_every_width(browser, pages):
    for path in pages:
        for width in (360, 681, 1000):
            browser.open(path, width=width)
            assert browser.complaints == []
            assert browser.requests == []
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            assert browser.evaluate(OVERFLOW) == []
            assert set(browser.evaluate(SHOWN)) == {"narrow" if width <= 680 else "wide"}
            assert browser.evaluate(OVERLAP) == 0
            assert browser.evaluate("document.scripts.length") == 0
            size = browser.evaluate("parseFloat(getComputedStyle(document.querySelector('.verdict')).fontSize)")
            assert size >= 19


def test_text_in_figures_is_large_enough_to_read(browser, pages):
    for width in (360, 681, 1000):
        browser.open(pages[0], width=width)
        assert browser.evaluate(SMALLEST) >= 12


def test_dark_mode_is_dark_and_print_is_light(browser, pages):
    paper = "getComputedStyle(document.body).backgroundColor"
    browser.open(pages[0])
    light, day = browser.screenshot(), browser.evaluate(paper)
    browser.open(pages[0], dark=True)
    dark, night = browser.screenshot(), browser.evaluate(paper)
    assert light != dark
    assert (day, night) == ("rgb(255, 255, 255)", "rgb(19, 23, 27)")
    browser.open(pages[0], dark=True, media="print")
    assert browser.evaluate(paper) == day


def test_the_keyboard_reaches_tables_and_details(browser, pages):
    browser.open(pages[0], width=360)
    reached = set()
    for _ in range(8):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.add(browser.evaluate("document.activeElement.tagName + '.' + document.activeElement.className"))
    assert {"DIV.scroll", "SUMMARY."} <= reached
