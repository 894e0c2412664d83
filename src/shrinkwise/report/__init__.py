"""What a person is told, on a page and on the terminal: a report only reads a GridResult."""

from shrinkwise.report.page import render_page, write_page
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.terminal import print_report, summary, summary_of

__all__ = ["ReportInput", "print_report", "render_page", "summary", "summary_of", "write_page"]
