"""``shrinkwise fit``: from a table to a verdict, a report and a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from shrinkwise.cli._options import bent, check_penalty, check_target, mixes, refuse_together, rule

COLUMN = "COL"


@dataclass(frozen=True)
class Request:
    """What the person asked for."""

    table: str
    target: tuple[str, ...]
    event: str | None
    ties: str
    strata: str | None
    task: str
    loss: str | None
    l1_ratio: tuple[float, ...]
    folds: int
    repeats: int
    fold_column: str | None
    time: str | None
    score: str | None
    rule: str
    exclude: tuple[str, ...]
    as_text: tuple[str, ...]
    weights: str | None
    offset: str | None
    exposure: str | None
    groups: str | None
    group_categoricals: bool
    sparse_ratio: float
    grouped_outputs: bool
    adaptive: float | None
    relax: bool
    concave: str | None
    costs: str | None
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    unpenalized: tuple[str, ...]
    drop_missing_target: bool
    seed: int
    tol: float
    alphas: int
    quick: bool
    out: str
    as_json: bool
    quiet: bool
    overwrite: bool
    arguments: tuple[str, ...] = ()


@click.command(
    epilog="Exit codes: 0 done, 1 a fit is not certified, 2 wrong usage, 3 a file or its data cannot be used."
)
@click.argument("table")
@click.option(
    "--target",
    "-t",
    multiple=True,
    metavar=f"{COLUMN},...",
    help="The column to predict, or several columns of numbers that are predicted together.",
)
@click.option(
    "--event",
    metavar=COLUMN,
    help="Cox regression, in place of --target: 1 where an event ended the time in the column of --time, 0 where the "
    "time is censored.",
)
@click.option(
    "--ties",
    type=click.Choice(["breslow", "efron"]),
    default="breslow",
    show_default=True,
    help="With --event: how events of one time share those at risk.",
)
@click.option("--strata", metavar=COLUMN, help="With --event: only rows with the same label are compared.")
@click.option(
    "--task",
    type=click.Choice(["auto", "regression", "classification"]),
    default="auto",
    show_default=True,
    help="What to fit; auto decides by the loss or the target and says so.",
)
@click.option(
    "--loss",
    metavar="NAME[:VALUE]",
    help="What an error costs. Counts: poisson, negative_binomial:2. Amounts: gamma, or tweedie:1.5 where some are 0. "
    "Outliers: huber. A quantile: quantile:0.9. Default, by the task: squared; logistic for two classes, multinomial "
    "for more.",
)
@click.option(
    "--l1-ratio",
    callback=mixes,
    default="0.1,0.5,0.9,1",
    show_default=True,
    metavar="MIX,...",
    help="The mixes to try: 1 is the lasso (L1), 0 is ridge (L2).",
)
@click.option(
    "--folds", type=click.IntRange(2), default=10, show_default=True, metavar="K", help="Folds of the cross-validation."
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How often the rows are dealt to folds anew.",
)
@click.option("--fold-column", metavar=COLUMN, help="A column that says which rows are held out together.")
@click.option(
    "--time",
    metavar=COLUMN,
    help="A column of times: each fold is predicted by a fit to earlier rows, never to later. With --event, how long "
    "each row was followed.",
)
@click.option(
    "--score",
    metavar="NAME",
    help="A scikit-learn scorer for the held-out rows, such as neg_mean_absolute_error or roc_auc; with --event "
    "concordance; default: the error of the loss.",
)
@click.option(
    "--rule",
    callback=rule,
    default="1se",
    show_default=True,
    metavar="RULE",
    help="How the model is chosen: 1se (the simplest within one standard error of the lowest error), min (the lowest "
    "error), k=7 (the lowest with at most 7 features), within=1% (the simplest within 1 % of the lowest); or an "
    "information criterion of the fits on all rows: aic, aicc, bic, ebic, ebic:0.5; or, with --costs, 'cheapest within "
    "1se': the cheapest within one standard error of the lowest error.",
)
@click.option(
    "--exclude", multiple=True, metavar=f"{COLUMN},...", help="Columns to leave out; repeat it, or separate by commas."
)
@click.option(
    "--as-text", multiple=True, metavar=f"{COLUMN},...", help="Columns to take as levels: zip codes, numbers as labels."
)
@click.option(
    "--positive", multiple=True, metavar=f"{COLUMN},...", help="Number columns whose coefficient must not be negative."
)
@click.option(
    "--negative", multiple=True, metavar=f"{COLUMN},...", help="Number columns whose coefficient must not be positive."
)
@click.option("--unpenalized", multiple=True, metavar=f"{COLUMN},...", help="Columns that the penalty leaves alone.")
@click.option("--weights", metavar=COLUMN, help="A column with the weights of the rows.")
@click.option("--offset", metavar=COLUMN, help="A column that is added to the linear predictor.")
@click.option(
    "--exposure", metavar=COLUMN, help="A column of times or amounts at risk: means are proportional to it (log link)."
)
@click.option("--groups", metavar=COLUMN, help="A column whose equal rows stay in one fold: patients, sites.")
@click.option(
    "--group-categoricals",
    is_flag=True,
    help="Take the levels of a text column as one group, in the model or not as a whole (group lasso).",
)
@click.option(
    "--sparse-ratio",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="With --group-categoricals: the share of L1 within a group; above 0 single levels can be left out, too.",
)
@click.option(
    "--adaptive",
    type=click.FloatRange(0, min_open=True),
    metavar="EXPONENT",
    help="The adaptive lasso: the L1 penalty of a feature is divided by this power of its coefficient in a first fit; "
    "1 is usual.",
)
@click.option(
    "--relax",
    is_flag=True,
    help="The relaxed lasso: also choose how much of the penalized fit to keep, against the fit without a penalty on "
    "the same features.",
)
@click.option(
    "--concave",
    callback=bent,
    metavar="mcp|scad[:GAMMA]",
    help="A penalty that does not shrink what is large. Its fits are local optima.",
)
@click.option(
    "--costs",
    metavar="FILE",
    help="A table with the columns feature and cost: what each column costs (* for all others). The grid then also "
    "tries penalties that grow with the cost; --rule 'cheapest within 1se' takes the cheapest model that is as good.",
)
@click.option(
    "--grouped-outputs",
    is_flag=True,
    help="With three classes or more, or several targets: a feature is in the model for all of them or for none.",
)
@click.option("--drop-missing-target", is_flag=True, help="Leave out rows whose target is missing.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the folds: same seed, same result.",
)
@click.option(
    "--tol",
    type=click.FloatRange(0, 1, min_open=True),
    default=1e-6,
    show_default=True,
    metavar="GAP",
    help="Relative duality gap that every fit must reach.",
)
@click.option(
    "--alphas",
    type=click.IntRange(2, 10_000),
    default=100,
    show_default=True,
    metavar="N",
    help="Strengths λ of each mix.",
)
@click.option(
    "--out",
    default=".",
    show_default="the current folder",
    metavar="DIR",
    help="Where report.html and model.shrinkwise go.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="The grid and its choice alone: no other penalties beside it, no half-samples, no cost of a removal.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors on stderr.")
@click.option("--overwrite", is_flag=True, help="Replace report.html and model.shrinkwise.")
@click.pass_context
def fit(context: click.Context, /, **options: Any) -> int:
    """Fit TABLE (CSV, Parquet or Feather) and say what came out.

    Every strength and mix of the penalty is cross-validated; encoding, imputation and scaling are learned inside each
    training fold. Writes report.html and model.shrinkwise.
    """
    given = [name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    refuse_together([name for name in given if name != "time" or not options["event"]])
    request = Request(**options, arguments=tuple(context.obj))
    check_target(request, given)
    check_penalty(request)
    from shrinkwise.cli._job import run  # NumPy, Arrow and the rest

    return run(request)
