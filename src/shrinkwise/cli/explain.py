"""``shrinkwise explain``: one feature of a model."""

from __future__ import annotations

import click


@click.command()
@click.argument("feature")
@click.option("--model", "-m", required=True, metavar="MODEL", help="A model file that `fit` or `net` wrote.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON on stdout.")
def explain(feature: str, model: str, as_json: bool) -> None:
    """Say why FEATURE is in MODEL, or why it is out.

    Where on the path it enters, in how many folds and half-samples it is chosen, what the model loses without it and
    which feature takes its place, or which one carries it. FEATURE is a feature or a column of the table, which stands
    for all features that were made of it. Everything is read from the model file.
    """
    from shrinkwise.cli._explain import run

    run(feature, model, as_json)
