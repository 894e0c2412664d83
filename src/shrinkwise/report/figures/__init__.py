"""Figures of the page, one a file: each is a function of a ReportInput and gives HTML with inline SVG."""

from shrinkwise.report.figures.coefficient_paths import coefficient_paths
from shrinkwise.report.figures.cv_curve import cv_curve
from shrinkwise.report.figures.layers import layer_norms, layer_zeros
from shrinkwise.report.figures.penalty_map import penalty_map

__all__ = ["coefficient_paths", "cv_curve", "layer_norms", "layer_zeros", "penalty_map"]
