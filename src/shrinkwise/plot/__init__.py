"""Figures for notebooks, drawn by matplotlib: ``pip install "shrinkwise[plot]"``.

Each is a display in scikit-learn's style: ``from_result`` computes and draws, ``plot`` draws again on other axes, and
what was drawn is kept in ``ax_``, ``figure_`` and the lines. `GridResult.plot_path`, `plot_cv` and `plot_stability` are
the short way to them.
"""

from shrinkwise.plot.cv import CVDisplay
from shrinkwise.plot.path import PathDisplay
from shrinkwise.plot.stability import StabilityDisplay

__all__ = ["CVDisplay", "PathDisplay", "StabilityDisplay"]
