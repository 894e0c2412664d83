"""Values of options, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from shrinkwise.exceptions import UsageError
from shrinkwise.rules import UNCOUNTED, UNCOUNTED_REFITS, parse_rule

if TYPE_CHECKING:
    from shrinkwise.cli.fit import Request
    from shrinkwise.losses import Loss

APART = {"fold_column": ("folds", "repeats", "groups", "time"), "time": ("repeats", "groups")}  # ways to make folds
CONCORDANCE = "concordance"  # the score of Cox regression
NOT_WITH_EVENT = ("target", "task", "loss", "exposure", "relax", "grouped_outputs")


def mixes(ctx: click.Context, param: click.Parameter, value: str) -> tuple[float, ...]:
    """One or more l1_ratios between commas."""
    numbers: list[float] = []
    for part in value.split(","):
        try:
            number = float(part)
        except ValueError:
            raise click.BadParameter(
                f"{part.strip()!r} is not a number; give one or more, as in 0.1,0.5,0.9,1", ctx, param
            ) from None
        if not 0 <= number <= 1:
            raise click.BadParameter(f"{part.strip()} is not in [0, 1]: 0 is ridge (L2), 1 is lasso (L1)", ctx, param)
        numbers.append(number)
    return tuple(dict.fromkeys(numbers))


def rule(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """How the model is chosen from the grid."""
    words = value.replace(" ", "")
    words += "%" if words.startswith("within=") and not words.endswith("%") else ""
    try:
        return parse_rule(words).words
    except UsageError:
        raise click.BadParameter(
            f"{value!r} is none of 1se, min, k=7 (at most 7 features), within=1% (of the lowest error), aic, aicc, "
            "bic, ebic, ebic:0.5 (its gamma, in [0, 1]), 'cheapest within 1se' (with --costs)",
            ctx,
            param,
        ) from None


def bent(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A concave penalty as the grid writes it, its gamma included."""
    if value is None:
        return None
    from shrinkwise.penalties.concave import as_concave

    return as_concave(value.replace(" ", "")).spec


def check_target(request: Request, given: Sequence[str]) -> None:
    """Refuse a fit without a target, or with options of another kind of target.

    Raises
    ------
    UsageError
        If they do not go together; the message names the option.
    """
    if request.event is None:
        if not request.target:
            raise UsageError("there is nothing to predict: give --target, or --time and --event")
        for option in ("ties", "strata"):
            if option in given:
                raise UsageError(f"--{option} is for Cox regression: give --event and --time, too, or leave it out")
        return
    if request.time is None:
        raise UsageError(f"--event {request.event!r} needs --time, the column that says how long each row was followed")
    for option in NOT_WITH_EVENT:
        if option in given:
            name = option.replace("_", "-")
            raise UsageError(f"--{name} does not go with --event, which asks for Cox regression; leave one out")


def check_penalty(request: Request) -> None:
    """Refuse penalties that do not go together.

    Raises
    ------
    UsageError
        If one of them is given without what it needs, or with what it cannot have.
    """
    if request.sparse_ratio and not request.group_categoricals:
        raise UsageError(
            f"--sparse-ratio {request.sparse_ratio:g} is a mix within groups: give --group-categoricals, too, or leave "
            "it out"
        )
    if parse_rule(request.rule).needs_costs and request.costs is None:
        raise UsageError(
            f"--rule {request.rule!r} needs to know what features cost: give --costs costs.csv, a table with the "
            "columns feature and cost, or choose another rule"
        )
    if request.relax and request.group_categoricals:
        raise UsageError("--relax and --group-categoricals cannot go together: a group is not refitted; leave one out")
    if request.relax and parse_rule(request.rule).is_criterion:
        raise UsageError(f"--relax goes with rules that folds decide, and --rule {request.rule}: {UNCOUNTED_REFITS}")


def check_score(name: str, survival: bool) -> None:
    """Refuse what is no score, before anything is read; scikit-learn's scorers load it.

    Raises
    ------
    UsageError
        With the nearest name, if there is one.
    """
    from difflib import get_close_matches

    if survival:
        if name != CONCORDANCE:
            raise UsageError(
                f"--score {name!r} knows no censored times; with --event give {CONCORDANCE} or leave it out, for the "
                "partial likelihood"
            )
        return
    if name == CONCORDANCE:
        raise UsageError(f"--score {CONCORDANCE} is for Cox regression: give --event and --time, too, or another score")
    from sklearn.metrics import get_scorer_names

    names = get_scorer_names()
    if name not in names:
        meant = get_close_matches(name, names, 1)
        raise UsageError(
            f"--score {name!r} is no scorer of scikit-learn; "
            + (f"did you mean {meant[0]!r}?" if meant else "give one such as neg_mean_absolute_error, r2 or roc_auc")
        )


def asked_loss(words: str | None, task: str, exposure: str | None) -> Loss | None:
    """The loss that was asked for, if any, before anything is read; it must go with the task and the exposure.

    Raises
    ------
    UsageError
        If there is no such loss, its parameter is out of range, or it contradicts another option.
    """
    from shrinkwise.data import task_of
    from shrinkwise.losses import as_loss
    from shrinkwise.losses.base import LogLink

    if words is not None and words.startswith("multinomial:"):
        raise UsageError(f"--loss {words} has a number, but the target says how many classes there are: leave it out")
    loss = None if words is None else as_loss(words)
    if loss is not None and task not in ("auto", task_of(loss)):
        raise UsageError(f"--loss {words} is for a {task_of(loss)}, and --task {task} asks for another; leave one out")
    if exposure is not None and not isinstance(loss, LogLink):
        given = "no --loss" if words is None else f"--loss {words}"
        raise UsageError(
            f"--exposure needs a loss with a log link, got {given}; give --loss poisson, gamma, tweedie or "
            "negative_binomial, or --offset with the known part of the linear predictor"
        )
    return loss


def refuse_together(given: Sequence[str]) -> None:
    """Refuse options that make folds in different ways.

    Raises
    ------
    UsageError
        If both of two such options are given.
    """
    for one, others in APART.items():
        for other in others:
            if one in given and other in given:
                names = [f"--{name.replace('_', '-')}" for name in (one, other)]
                raise UsageError(f"{names[0]} and {names[1]} make folds in different ways; give one of them")


def possible_names(values: Sequence[str]) -> tuple[str, ...]:
    """Every column that these values may name: a value is one name, or several between commas."""
    parts = [part.strip() for value in values for part in value.split(",") if part.strip()]
    return tuple(dict.fromkeys([*values, *parts]))


def column_names(values: Sequence[str], columns: Sequence[str], option: str) -> tuple[str, ...]:
    """The columns that these values name.

    A value that is a column's name is that column; else it is split at its commas. What is no column is left as it is:
    the rooms below say so, and which name was probably meant.

    Raises
    ------
    UsageError
        If a value can be read both ways.
    """
    names: list[str] = []
    for value in values:
        parts = [part.strip() for part in value.split(",") if part.strip()]
        together, apart = value in columns, "," in value and all(part in columns for part in parts)
        if together and apart:
            raise UsageError(
                f"{option} {value!r} can mean the column of that name or {len(parts)} columns; to name those, repeat "
                "the option for each; to name the one, rename it"
            )
        some = any(part in columns for part in parts)
        names += [value] if together or not (apart or some) else parts
    return tuple(dict.fromkeys(names))


def widths(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Units of layers between commas."""
    parts = [part.strip() for part in value.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise click.BadParameter(
            f"{value!r} must be whole numbers of 1 or more between commas, as in 64,32", ctx, param
        )
    return tuple(map(int, parts))


def strengths(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | int | None:
    """A count, where it is a single whole number of 1 or more; else finite strengths >= 0 between commas."""
    if value is None:
        return None
    parts = [part.strip() for part in value.split(",")]
    if len(parts) == 1 and parts[0].isascii() and parts[0].isdigit() and int(parts[0]) > 0 and param.name == "l1":
        return int(parts[0])
    numbers: list[float] = []
    for part in parts:
        try:
            number = float(part)
        except ValueError:
            raise click.BadParameter(
                f"{part!r} is not a number; give one or more, as in 0.01,0.001", ctx, param
            ) from None
        if not 0 <= number < float("inf"):
            raise click.BadParameter(f"{part} is no strength: it must be finite, and 0 or more", ctx, param)
        numbers.append(number)
    return tuple(dict.fromkeys(numbers))


def network_rule(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """How the network is chosen from the grid: by folds, since its degrees of freedom are not known."""
    words = rule(ctx, param, value)
    if parse_rule(words).is_criterion:
        raise click.BadParameter(f"{words}: {UNCOUNTED}", ctx, param)
    if parse_rule(words).needs_costs:
        raise click.BadParameter(f"{words}: inputs of networks have no costs; use 1se, min, k=7, within=1%", ctx, param)
    return words
