"""Estimators that search tell what they found: a page, a text, frames of the library that came in."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError

from shrinkwise import CoxRegressorCV, LinearClassifierCV, LinearRegressorCV
from shrinkwise.exceptions import UsageError


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    return {name: X[:, j] for j, name in enumerate("abc")}, X[:, 0] + rng.normal(size=60)


def quick(kind=LinearRegressorCV, **options):
    return kind(cv=3, alphas=8, **options)


def test_a_page_is_written_and_never_over_another(tmp_path):
    X, y = data()
    model = quick(rule="min").fit(pd.DataFrame(X), y)
    path = model.report(tmp_path / "page.html")
    page = path.read_text(encoding="utf-8")
    assert "LinearRegressorCV" in page
    assert "min (chosen)" in page or "min" in page
    with pytest.raises(UsageError, match="exists"):
        model.report(path)
    model.report(path, overwrite=True)


def test_the_summary_is_that_of_the_rule_of_the_estimator():
    X, y = data()
    frame = pd.DataFrame(X)
    assert "min (chosen)" in quick(rule="min").fit(frame, y).summary()
    assert "classification" in quick(LinearClassifierCV).fit(frame, y > 0).summary()
    times = np.column_stack([np.exp(y), np.ones(60)])
    assert "survival" in quick(CoxRegressorCV).fit(frame, times).summary(width=80)


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_come_back_in_the_library_of_x(library):
    X, y = data()
    model = quick().fit(library.DataFrame(X), y)
    assert isinstance(model.tidy(), library.DataFrame)
    assert list(model.tidy()["feature"]) == ["a", "b", "c"]
    assert isinstance(model.tidy("grid", backend="polars"), pl.DataFrame)
    model.fit(np.column_stack(list(X.values())), y)  # no frame: what an earlier fit saw is gone
    assert isinstance(model.tidy(), pd.DataFrame)


def test_before_a_fit_there_is_nothing_to_tell(tmp_path):
    for tell in (quick().summary, quick().tidy, lambda: quick().report(tmp_path / "page.html")):
        with pytest.raises(NotFittedError):
            tell()
