"""Figures for notebooks, drawn without a screen."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

from shrinkwise import diagnosis, fit_grid
from shrinkwise.exceptions import UsageError
from shrinkwise.plot import CVDisplay, PathDisplay, StabilityDisplay

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def data(n=80, p=14):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, X[:, :3] @ [3.0, -2.0, 1.0] + rng.normal(size=n)


def splits(n=80, folds=4):
    fold = np.arange(n) % folds
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


@pytest.fixture(scope="module")
def result():
    X, y = data()
    return fit_grid(
        X, y, splits(), alphas=15, l1_ratios=(0.5, 1.0), feature_names=[f"x${j}" for j in range(X.shape[1])]
    )


@pytest.fixture(scope="module")
def several():
    X, y = data()
    return fit_grid(X, np.column_stack([y, -y]), splits(), alphas=8, l1_ratios=(1.0,), outputs=("up", "down"))


def drawn(display):
    display.figure_.canvas.draw()
    return display


def test_the_path_draws_every_feature_that_is_anywhere_in(result):
    display = drawn(result.plot_path(rule="min"))
    chosen = result.select("min")
    path = result.coefs[chosen.ratio][-1].toarray() * result.scale
    assert isinstance(display, PathDisplay)
    assert len(display.lines_) == np.count_nonzero(np.any(path != 0, axis=0))
    largest = np.argmax(np.abs(path[chosen.index]))
    assert np.array_equal(display.lines_[0].get_ydata(), path[:, largest])
    assert np.array_equal(display.lines_[0].get_xdata(), result.alphas[chosen.ratio])
    assert display.line_.get_xdata()[0] == chosen.alpha
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert len(labels) == 10
    assert labels[0] == rf"x\${largest}"  # no mathematics
    left, right = display.ax_.get_xlim()
    assert left > right  # strong penalties first
    assert display.ax_.get_xscale() == "log"


def test_the_cv_figure_holds_both_errors_the_band_and_the_marks(result):
    display = drawn(result.plot_cv())
    chosen = result.select("1se")
    assert isinstance(display, CVDisplay)
    assert np.array_equal(display.line_.get_ydata(), result.mean[chosen.ratio])
    assert np.array_equal(display.train_line_.get_ydata(), result.train_mean[chosen.ratio])
    assert display.marks["1se"] == chosen.alpha
    assert display.ax_.get_ylabel() == "mean squared error"
    band = display.band_.get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx((result.mean + result.se)[chosen.ratio].max())


def test_errors_that_explode_are_left_out_of_the_frame(result):
    display = CVDisplay(
        np.array([1.0, 0.1, 0.01]), np.array([2.0, 1.0, 1e6]), np.ones(3), np.ones(3), unpenalized=1e9
    ).plot()
    assert display.ax_.get_ylim()[1] == 5.0  # twice the way from 1 to 2 + 1, above 1


def test_a_display_draws_on_the_axes_it_is_given_and_draws_again(result):
    _, (left, right) = plt.subplots(1, 2)
    display = result.plot_cv(ax=left)
    assert display.ax_ is left
    assert display.figure_ is left.figure
    assert display.plot(right, color="black").ax_ is right
    assert display.line_.get_color() == "black"
    assert result.plot_path(ax=left, limit=2).ax_ is left


def test_of_several_outputs_one_or_the_norm_is_drawn(several, result):
    chosen = several.select("1se")
    each = several.coefs[0][-1].toarray().reshape(8, -1, 2) * several.scale[:, None]
    norm, up = several.plot_path(), several.plot_path(output="up")
    assert np.allclose(norm.coefs, np.linalg.norm(each, axis=2))
    assert np.array_equal(up.coefs, each[:, :, 0])
    assert np.array_equal(several.plot_path(output=1).coefs, each[:, :, 1])
    assert up.chosen == chosen.alpha
    with pytest.raises(UsageError, match="output='up': rows of this result have one linear predictor"):
        result.plot_path(output="up")
    with pytest.raises(UsageError, match="output must be one of 'up', 'down' or a number below 2, got 'left'"):
        several.plot_path(output="left")


def test_stability_has_a_line_for_each_mix(result):
    spread = SimpleNamespace(
        strengths=result.alphas,
        coef_spread=np.ones_like(result.alphas),
        prediction_spread=2 * np.ones_like(result.alphas),
    )
    display = drawn(result.plot_stability(stability=spread, of="prediction"))
    assert isinstance(display, StabilityDisplay)
    assert [line.get_label() for line in display.lines_] == ["l1_ratio 0.5", "l1_ratio 1"]
    assert np.all(display.lines_[0].get_ydata() == 2)
    assert np.all(result.plot_stability(stability=spread).lines_[0].get_ydata() == 1)
    with pytest.raises(UsageError, match='of must be "prediction" or "coef", got \'both\''):
        result.plot_stability(of="both")


@pytest.mark.skipif(not hasattr(diagnosis, "fit_stability"), reason="the record is not there")
def test_stability_is_computed_where_it_is_not_given(result):
    display = result.plot_stability()
    assert np.array_equal(display.spread, diagnosis.fit_stability(result).coef_spread)
    with pytest.raises(UsageError, match="the spread of predictions needs rows"):
        result.plot_stability(of="prediction")


def test_without_matplotlib_the_remedy_is_named(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(UsageError, match=r'figures need matplotlib: pip install "shrinkwise\[plot\]"'):
        result.plot_cv()


def test_nothing_else_imports_matplotlib():
    code = (
        "import sys, shrinkwise.linear, shrinkwise.cli, shrinkwise.report, shrinkwise.plot, shrinkwise.store; "
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
