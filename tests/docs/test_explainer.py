"""The page for learners says what its commands print."""

import importlib.util
import math
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "explainer.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"    python docs/explainer\.py (\S+)\n\n```text\n(.*?)```", PAGE, re.DOTALL))
NETWORKS = {"keras-line", "weight-decay"}  # trained in float32: other processors round otherwise
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.fixture(scope="module")
def explainer():
    spec = importlib.util.spec_from_file_location("explainer", DOCS / "explainer.py")
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def alike(printed, shown, share):
    """The same words; numbers that differ by a unit of the last digit at most, or by a share of them."""
    assert NUMBER.sub("", printed).split() == NUMBER.sub("", shown).split()
    for one, other in zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True):
        unit = 0.0 if "e" in other else 10.0 ** -len(other.partition(".")[2])
        assert math.isclose(float(one), float(other), rel_tol=share, abs_tol=1.001 * unit), (printed, shown)


def test_every_claim_is_shown_with_a_figure(explainer):
    assert list(SHOWN) == re.findall(r"figures/(\S+)\.svg", PAGE)
    assert set(SHOWN) == set(explainer.CLAIMS)
    assert all("<svg" in (DOCS / "figures" / f"{name}.svg").read_text(encoding="utf-8") for name in SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_shows_what_the_command_prints(explainer, name):
    lines, _ = explainer.CLAIMS[name]()
    for printed, shown in zip(lines, SHOWN[name].splitlines(), strict=True):
        alike(printed, shown, 0.05 if name in NETWORKS else 0.0)


def test_keras_gives_no_zero_and_proximal_most(explainer):
    plain, proximal = (int(line.split()[1]) for line in SHOWN["keras-line"].splitlines()[1:])
    assert plain == 0
    assert proximal > 320


def test_figures_are_drawn_alike_each_time(explainer, tmp_path):
    pytest.importorskip("matplotlib")
    _, plot = explainer.CLAIMS["sparsity"]()
    for name in ("one", "two"):
        explainer.draw(plot, tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
