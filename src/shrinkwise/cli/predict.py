"""``shrinkwise predict``: the rows of a table, predicted."""

from __future__ import annotations

import click


@click.command()
@click.argument("model")
@click.argument("table")
@click.option(
    "-o",
    "--out",
    default="-",
    metavar="FILE",
    help="Where predictions go: .csv, .csv.gz or .parquet; - is stdout (the default).",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors on stderr.")
def predict(model: str, table: str, out: str, overwrite: bool, quiet: bool) -> None:
    """Predict the rows of TABLE with MODEL, in their order.

    Writes the column prediction, or one for each of several targets; for a classification also the probability of each
    class.
    """
    from shrinkwise.cli._predictions import run

    run(model, table, out, overwrite, quiet)
