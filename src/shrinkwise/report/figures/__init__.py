"""Figures of the page, one a file: each is a function of a ReportInput and gives HTML with inline SVG."""

from shrinkwise.report.figures.budget import budget_frontier
from shrinkwise.report.figures.calibration import calibration
from shrinkwise.report.figures.coefficient_paths import coefficient_paths
from shrinkwise.report.figures.cv_curve import cv_curve
from shrinkwise.report.figures.families import penalty_families
from shrinkwise.report.figures.intervals import debiased_intervals
from shrinkwise.report.figures.layers import layer_norms, layer_zeros
from shrinkwise.report.figures.lift import lift_bars
from shrinkwise.report.figures.penalty_map import penalty_map
from shrinkwise.report.figures.removal_cost import removal_costs
from shrinkwise.report.figures.residuals import normal_plot, residual_fan
from shrinkwise.report.figures.roc import roc_curve
from shrinkwise.report.figures.selection_frequency import selection_frequency
from shrinkwise.report.figures.stability_curve import stability_curve

__all__ = [
    "budget_frontier",
    "calibration",
    "coefficient_paths",
    "cv_curve",
    "debiased_intervals",
    "layer_norms",
    "layer_zeros",
    "lift_bars",
    "normal_plot",
    "penalty_families",
    "penalty_map",
    "removal_costs",
    "residual_fan",
    "roc_curve",
    "selection_frequency",
    "stability_curve",
]
