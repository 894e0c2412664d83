"""A result in a notebook: text, HTML, data frames."""

import dataclasses
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from shrinkwise.exceptions import UsageError
from tests.report.conftest import HOSTILE, report_on


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def test_the_summary_has_what_the_terminal_has_in_plain_text(diabetes):
    text = diabetes.summary()
    assert isinstance(text, str)
    assert text.startswith("Do I overfit? ")
    assert "1se (chosen)" in text
    assert "±" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert max(map(len, diabetes.summary("min", width=60).splitlines())) <= 60
    assert "min (chosen)" in diabetes.summary("min")
    with pytest.raises(UsageError, match="width must be a whole number >= 40, got 3"):
        diabetes.summary(width=3)


def test_the_html_is_a_small_table_and_the_verdict_escaped(diabetes, hostile):
    html = diabetes._repr_html_()
    assert Tags(html).tags.count("tr") == 4
    assert report_on(diabetes).verdict.sentence in html
    attack = dataclasses.replace(hostile, metric=HOSTILE[0])
    assert set(Tags(attack._repr_html_()).tags) <= {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "strong"}
    assert "&lt;script&gt;" in attack._repr_html_()


@pytest.mark.parametrize(
    ("backend", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("pyarrow", pa.Table)]
)
def test_frames_are_of_the_library_that_is_asked_for(diabetes, backend, kind):
    for what in ("coefficients", "grid", "table"):
        assert isinstance(diabetes.tidy(what, backend), kind)
    assert isinstance(diabetes.tidy(), pd.DataFrame)


def test_coefficients_and_cells_are_those_of_the_result(diabetes):
    chosen = diabetes.select("min")
    frame = diabetes.tidy(rule="min")
    assert frame["feature"].tolist() == list(diabetes.feature_names)
    assert np.array_equal(frame["coef"], diabetes.coef(chosen.ratio, chosen.index))
    assert np.array_equal(frame["coef_per_sd"], diabetes.standardized_coef(chosen.ratio, chosen.index))
    grid = diabetes.tidy("grid", rule="min")
    assert len(grid) == diabetes.alphas.size
    (row,) = grid[grid["chosen"]].to_dict("records")
    assert (row["alpha"], row["mean"], row["se"]) == (chosen.alpha, chosen.mean, chosen.se)
    assert row["n_features"] == chosen.n_features
    assert diabetes.tidy("table")["name"].tolist() == ["min", "1se", "no penalty"]


def test_several_outputs_have_a_row_each(iris):
    frame = iris.tidy("coefficients", "polars")
    chosen = iris.select("1se")
    coef = iris.coef(chosen.ratio, chosen.index)
    assert frame.height == coef.size
    for output, row in zip(iris.outputs, coef, strict=True):
        assert np.array_equal(frame.filter(pl.col("output") == output)["coef"], row)


def test_what_is_unknown_is_refused(diabetes, monkeypatch):
    with pytest.raises(UsageError, match="what must be one of 'coefficients', 'grid', 'table', got 'scores'"):
        diabetes.tidy("scores")
    with pytest.raises(UsageError, match="backend must be one of 'pandas', 'polars', 'pyarrow', got 'excel'"):
        diabetes.tidy(backend="excel")
    monkeypatch.setattr("shrinkwise.report.frames.find_spec", lambda name: None if name == "polars" else object())
    with pytest.raises(UsageError, match="backend 'polars' is not installed: pip install polars"):
        diabetes.tidy(backend="polars")


def test_a_result_imports_its_faces_only_when_asked():
    code = (
        "import sys, shrinkwise.result; print([m for m in sys.modules if m.startswith(('shrinkwise.rep', 'narwhals'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
