"""The report as one HTML file: no network, nothing but this file; one script, and all can be read without it."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from shrinkwise._files import write_whole
from shrinkwise.report.decision_words import decided
from shrinkwise.report.markup import Html, el, escape, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.sections import SECTIONS
from shrinkwise.report.slider import data_block
from shrinkwise.report.text import shorten

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # no network, whatever a name says


def render_page(report: ReportInput) -> str:
    """The whole page as text.

    Parameters
    ----------
    report : ReportInput

    Returns
    -------
    str
        An HTML document that needs nothing else: styles, figures and the script are inline. The page's policy names
        the script by its hash, so that no other one runs.
    """
    data = data_block(report)
    style = _resource("page.css") + _resource("decision.css")
    followed = _resource("quality.js") if decided(report, "quality") is not None else ""
    script = _resource("tables.js") + (followed + _resource("slider.js") if data else "")
    sections = [section(report) for section in SECTIONS]
    title = shorten(report.title, 120)
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}; {_allowed(script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="generator" content="shrinkwise">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    body = join([el("main", *sections), data, Html(f"<script>{script}</script>")])
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _resource(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _allowed(script: str) -> str:
    """The part of the policy that lets this script run, and no other."""
    digest = b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"script-src 'sha256-{digest}'"


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
