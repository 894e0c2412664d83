"""``shrinkwise compare``: two models on the same rows."""

from __future__ import annotations

import click


@click.command(
    epilog="Exit codes: 0 done, whichever is better; 2 the two cannot be compared; 3 a file or its data cannot be used."
)
@click.argument("a")
@click.argument("b")
@click.option("--data", required=True, metavar="TABLE", help="Rows with the target, which neither model has seen.")
@click.option(
    "--weights",
    metavar="COL",
    help="A column with the weights of the rows; default: that of the models, if both were fitted with the same.",
)
@click.option("--drop-missing-target", is_flag=True, help="Leave out rows whose target is missing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="Print no notes on stderr.")
def compare(
    a: str, b: str, data: str, weights: str | None, drop_missing_target: bool, as_json: bool, quiet: bool
) -> None:
    """Compare the model files A and B by their errors on the rows of TABLE.

    The difference is paired, row by row, and comes with its standard error over the rows; rows count as independent
    of each other. Errors are those of the loss of both models, or, of two regressions with different losses, squared
    errors.
    """
    from shrinkwise.cli._comparison import run

    run(a, b, data, weights, drop_missing_target, as_json, quiet)
