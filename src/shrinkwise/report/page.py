"""The report as one HTML file: no script, no network, nothing but this file."""

from __future__ import annotations

import os
import tempfile
from importlib.resources import files
from pathlib import Path

from shrinkwise.exceptions import UsageError
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
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
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
    place = Path(path)
    target = place.resolve()
    _check_place(place, target, overwrite)
    content = render_page(report).encode("utf-8")
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:80]}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _unwritable(place, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        _check_place(place, target, overwrite)
        Path(temporary).replace(target)
    except BaseException as error:  # Ctrl-C included
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(place, error) from error
        raise


def _check_place(path: Path, target: Path, overwrite: bool) -> None:
    if target.is_dir():
        raise UsageError(f"{path} is a folder; give the name of a file in it")
    if not target.parent.is_dir():
        raise UsageError(f"the folder of {path} does not exist; create it, or choose another place")
    if target.exists() and not overwrite:
        raise UsageError(f"{path} exists; choose another name, or pass --overwrite (overwrite=True) to replace it")


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror or error}; nothing was changed; choose another place")
