"""``shrinkwise report``: the page of a model file."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("model")
@click.option("-o", "--out", metavar="FILE", help="Default: report.html beside the model; - is stdout.")
@click.option("--overwrite", is_flag=True, help="Replace FILE.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors on stderr.")
def report(model: str, out: str | None, overwrite: bool, quiet: bool) -> None:
    """Write the report of MODEL again: one HTML page that needs no network."""
    from pathlib import Path

    from shrinkwise.cli._document import report_input
    from shrinkwise.cli._output import check_output, written
    from shrinkwise.cli._say import Voice
    from shrinkwise.report import render_page, write_page
    from shrinkwise.store import load_model

    place = Path(model).parent / "report.html" if out is None else Path(out)
    if out != "-":
        check_output(place, overwrite)
    loaded = load_model(model)
    if out == "-":
        sys.stdout.buffer.write(render_page(report_input(loaded)).encode("utf-8"))
        return
    with written(place):
        write_page(place, report_input(loaded), overwrite=overwrite)
    Voice(quiet)(f"Wrote {place}.")
