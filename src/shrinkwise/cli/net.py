"""``shrinkwise net``: from a table to a network, beside the best linear model in the same folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from shrinkwise.cli._options import network_rule, strengths, widths
from shrinkwise.cli.fit import COLUMN, Request, fit

SHARED = (  # options of `fit` that mean the same here
    "table", "task", "exclude", "as_text", "weights", "groups", "fold_column", "drop_missing_target", "seed", "out",
    "as_json", "quiet", "overwrite",
)  # fmt: skip
ACTIVATIONS = ("relu", "tanh", "elu", "selu", "gelu", "silu", "softplus", "leaky_relu", "sigmoid")
OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop", "adagrad", "adamax", "nadam", "lion")


@dataclass(frozen=True)
class NetRequest:
    """What the person asked for: of the data and the linear models as of ``fit``, and of the networks."""

    data: Request
    hidden: tuple[int, ...]
    activation: str
    l1: tuple[float, ...] | int
    l2: tuple[float, ...] | None
    epochs: int
    batch_size: int | None
    learning_rate: float
    optimizer: str
    seeds: int
    patience: int | None
    group_inputs: bool


@click.command(
    epilog="Exit codes: 0 done, 1 some networks diverged, 2 wrong usage, 3 a file or its data cannot be used."
)
@click.option("--target", "-t", required=True, metavar=COLUMN, help="The column to predict.")
@click.option(
    "--hidden",
    callback=widths,
    default="64,32",
    show_default=True,
    metavar="UNITS,...",
    help="Units of the hidden layers.",
)
@click.option(
    "--activation",
    type=click.Choice(ACTIVATIONS),
    default="relu",
    show_default=True,
    metavar="NAME",
    help=f"Of the hidden layers: {', '.join(ACTIVATIONS)}.",
)
@click.option(
    "--l1",
    callback=strengths,
    default="12",
    show_default=True,
    metavar="N|VALUE,...",
    help="How many strengths of the L1 penalty, from 0.1 down to 0.0001 (with --group-inputs from 1 to 0.01); or the "
    "strengths, as in 0.1,0.01,0.001.",
)
@click.option(
    "--l2",
    callback=strengths,
    show_default="0; 0.001 with --group-inputs",
    metavar="VALUE,...",
    help="Strengths of the L2 penalty; each is tried with each of --l1.",
)
@click.option(
    "--group-inputs",
    is_flag=True,
    help="Penalize all weights that leave an input as one group, in place of single weights: inputs are dropped whole.",
)
@click.option(
    "--folds", type=click.IntRange(2), default=5, show_default=True, metavar="K", help="Folds of the cross-validation."
)
@click.option(
    "--rule",
    callback=network_rule,
    default="1se",
    show_default=True,
    metavar="RULE",
    help="How the network is chosen: 1se (the simplest within one standard error of the lowest error), min (the lowest "
    "error), k=7 (the lowest with at most 7 inputs), within=1% (the simplest within 1 % of the lowest).",
)
@click.option(
    "--epochs", type=click.IntRange(1), default=100, show_default=True, metavar="N", help="Passes over the rows."
)
@click.option(
    "--batch-size", type=click.IntRange(1), show_default="by the rows", metavar="N", help="Rows of a step of training."
)
@click.option(
    "--optimizer",
    type=click.Choice(OPTIMIZERS),
    default="adam",
    show_default=True,
    metavar="NAME",
    help=f"One of Keras': {', '.join(OPTIMIZERS)}.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=3e-3,
    show_default=True,
    metavar="RATE",
    help="How far a step goes.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How often each network is trained, each time from other random weights.",
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    show_default="all epochs",
    metavar="EPOCHS",
    help="Stop a training whose error on rows set aside has not fallen for so many epochs.",
)
@click.pass_context
def net(context: click.Context, /, **options: Any) -> int:
    """Fit networks to TABLE (CSV, Parquet or Feather) and say what came out, beside the best linear model.

    Every l1 and l2 is cross-validated with penalties that give exact zeros; encoding, imputation and scaling are
    learned inside each training fold. Networks are chosen by their loss without the penalty. Writes report.html and
    model.shrinkwise; `predict`, `show` and `report` read them without Keras. Needs `pip install "shrinkwise[keras]"`.
    """
    own = {name: options.pop(name) for name in NetRequest.__dataclass_fields__ if name in options}
    request = NetRequest(data=_as_fit(context, options), **own)
    from shrinkwise.cli._net_job import run  # NumPy, Arrow, Keras and the rest

    return run(request)


_table, *_others = (option for option in fit.params if option.name in SHARED)
net.params[:] = [_table, *net.params, *_others]


def _as_fit(context: click.Context, options: dict[str, Any]) -> Request:
    """What ``fit`` would be asked for the same data: what is not an option here is as it is there by default."""
    options["target"] = (options["target"],)
    with fit.make_context("net", ["--", options["table"]], parent=context.parent) as defaults:
        return Request(**(defaults.params | options), arguments=tuple(context.obj))
