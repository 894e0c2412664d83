"""The report as one HTML file: no script, no network, nothing but this file."""

from __future__ import annotations

import os
from importlib.resources import files

from shrinkwise._files import write_whole
from shrinkwise.report.markup import el, escape
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.sections import SECTIONS
from shrinkwise.report.text import shorten

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # no script and no network, whatever a name says
)


def render_page(report: ReportInput) -> str:
    """The whole page as text.

    Parameters
    ----------
    report : ReportInput

    Returns
    -------
    str
        An HTML document that needs nothing else: styles and figures are inline, there is no script.
    """
    style = "".join((files(__package__) / sheet).read_text(encoding="utf-8") for sheet in ("page.css", "decision.css"))
    sections = [section(report) for section in SECTIONS]
    title = shorten(report.title, 120)
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="generator" content="shrinkwise">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{el("main", *sections)}</body></html>\n'


def write_page(path: str | os.PathLike[str], report: ReportInput, *, overwrite: bool = False) -> None:
    """Write the page, all of it or nothing.

    Parameters
    ----------
    path : str or path
    report : ReportInput
    overwrite : bool, default False
        Replace a file that exists.

    Raises
    ------
    UsageError
        If the file exists and ``overwrite`` is False, or cannot be written.
    """
    content = render_page(report).encode("utf-8")
    write_whole(path, lambda file: file.write(content), overwrite=overwrite)
