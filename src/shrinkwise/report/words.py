"""Sentences and rows that the page and the terminal share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shrinkwise.losses import HuberLoss, QuantileLoss, named_loss
from shrinkwise.losses.base import LogLink
from shrinkwise.report.network_words import checked_sentence, network_edge_sentence, network_words
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, general, listed, scores, shorten, whole
from shrinkwise.result import GridResult
from shrinkwise.rules import parse_rule

RULES = {
    "min": "lowest held-out error",
    "1se": "simplest within one standard error of it",
    "k": "lowest error with so few features",
    "within": "simplest within that much of it",
    "aic": "lowest AIC of the fits on all rows",
    "aicc": "lowest corrected AIC of the fits on all rows",
    "bic": "lowest BIC of the fits on all rows",
    "ebic": "lowest extended BIC of the fits on all rows",
    "cheapest within 1se": "cheapest features within one standard error of it",
    "no penalty": "every coefficient free",
}
NETWORK_RULES = {"k": "lowest error with so few inputs", "no penalty": "every weight free"}


@dataclass(frozen=True)
class Row:
    """One row of the small table, in words."""

    name: str
    meaning: str
    alpha: str
    mix: str
    features: str
    error: str
    train: str
    chosen: bool
    note: str


def summary_rows(report: ReportInput) -> list[Row]:
    """The rows *min*, the rule's and *no penalty*; beside networks also the linear model."""
    score = score_words(report)
    free = report.result.unpenalized
    lines = {cell.rule: cell.ratio for cell in (report.lowest, report.chosen)}
    rows = []
    of_network = report.result.network is not None
    meanings = RULES | (NETWORK_RULES if of_network else {})
    for row in report.result.table(report.rule):
        fitted = row["name"] != "no penalty" or (free is not None and free.converged)
        rows.append(
            Row(
                name=row["name"],
                meaning=meanings.get(re.split("[=:]", row["name"])[0], ""),
                alpha=general(row["l1" if of_network else "alpha"]),
                mix=report.mix(lines[row["name"]]) if row["name"] in lines else general(row.get("l2")),
                features=whole(row["n_features"]) if fitted else "–",
                error=plus_minus(score, row["mean"], row["se"]) if fitted else "no finite fit",
                train=score(row["train"]) if fitted else "–",
                chosen=row["chosen"],
                note=row["note"],
            )
        )
    if report.comparison is not None:
        other = report.comparison.linear
        meaning, features = "linear model, chosen on the same folds", whole(other.n_features)
        error, train = plus_minus(score, other.mean, other.se), score(other.train)
        rows.append(Row("linear", meaning, "–", "–", features, error, train, False, ""))
    return rows


def score_words(report: ReportInput) -> Callable[[float], str]:
    """How this report writes scores: all with the same decimals."""
    cells = (report.lowest, report.chosen)
    return scores([cell.mean for cell in cells], [cell.se for cell in cells])


def plus_minus(score: Callable[[float], str], mean: float, se: float) -> str:
    """``3001 ± 160``, ``(1.01 ± 0.14)e-12``, or the mean alone where there is no error."""
    if not math.isfinite(se) or se <= 0:
        return score(mean)
    (middle, _, power), (error, _, same) = score(mean).partition("e"), score(se).partition("e")
    return f"({middle} ± {error})e{power}" if power and power == same else f"{score(mean)} ± {score(se)}"


def certificate_sentence(report: ReportInput) -> tuple[bool, str]:
    """Whether every fit is certified, and the sentence that says so."""
    result = report.result
    if result.network is not None:
        return checked_sentence(report)
    numbers = {
        "max_gap": result.max_gap,
        "tol": result.tol,
        "n_fits": int(result.gaps.size),
        "n_certified": int(result.converged.sum()),
        "final_gap": float(result.gaps[report.chosen.ratio, report.chosen.index, -1]),
        "certified": result.all_converged,
        **report.certificate,
    }
    fits, failed = numbers["n_fits"], numbers["n_fits"] - numbers["n_certified"]
    largest, tol, final = (general(numbers[key], 2) for key in ("max_gap", "tol", "final_gap"))
    tail = f"(tolerance {tol}); the chosen model's is {final}."
    if result.concave is not None:
        kind = penalty_words(result)[0]
        tail += f" Each fit is a local optimum of {kind}, and its gap that of the convex majorizer that it minimizes."
    if numbers["certified"]:
        return True, f"Certified: the largest relative duality gap of all {whole(fits)} fits is {largest} {tail}"
    return (
        False,
        f"Not certified: {whole(failed)} of {whole(fits)} fits missed the tolerance, largest gap {largest} {tail}",
    )


def search_sentence(report: ReportInput) -> str:
    """The error of the chosen model, corrected for having been chosen by the same folds."""
    score = score_words(report)
    corrected = report.result.corrected_error(report.rule)
    if parse_rule(report.rule).is_criterion or not math.isfinite(corrected):
        return ""
    lowest = report.lowest.mean + report.result.search_bias
    own, seen = score(corrected), score(report.chosen.mean)
    moved = f"stays {own}" if own == seen else f"is {own} rather than {seen}"
    return (
        f"Corrected for the search: the CV error of {report.rule} {moved} where each fold scores what the other folds "
        f"choose; that of min is {score(lowest)} by the more cautious estimate of Tibshirani & Tibshirani (2009)."
    )


def risk_sets_sentence(report: ReportInput) -> str:
    """Why the errors of Cox regression lie apart where nothing is overfitted."""
    loss = named_loss(report.result.loss)
    if not loss.coupled or report.result.metric != loss.metric:
        return ""
    return (
        "Training and held-out errors lie apart here even without a feature, since held-out rows also enlarge the risk "
        "sets of the others: compare each with itself along the path."
    )


def edge_sentence(report: ReportInput) -> str:
    """Whether the lowest error lies on an end of the λ grid, and whether the grid was extended."""
    if parse_rule(report.rule).is_criterion and report.result.at_edge(report.chosen) == "weak":
        return (
            f"{report.rule} is lowest at the weakest penalty of the grid: with about as many features as rows, aic "
            "and bic take noise for a fit; aicc, ebic and 1se are made for that."
        )
    edge = report.result.at_edge(report.lowest)
    if report.result.network is not None:
        return network_edge_sentence(report)
    if edge == "strong":
        return (
            "The lowest error lies at the strongest penalty of the grid: no feature earns its place on held-out rows."
        )
    extended = ", although the grid was extended towards it" if report.result.extended else ""
    if edge == "weak":
        return f"The lowest error lies at the weakest penalty of the grid{extended}: these data hardly need a penalty."
    return "The λ grid was extended until the lowest error lay inside it." if report.result.extended else ""


def groups_sentence(report: ReportInput, limit: int = 8) -> str:
    """Which groups of features are in the chosen model."""
    groups = report.result.groups
    if groups is None or not any(groups):
        return ""
    kept = {name: 0 for name in groups if name}
    for column in report.kept:
        if groups[column]:
            kept[groups[column]] += 1
    inside = [f"{shorten(name, 32)} ({count(size, 'feature')})" for name, size in kept.items() if size]
    shown = inside if len(inside) <= limit else [*inside[:limit], f"{whole(len(inside) - limit)} more"]
    which = f": {listed(shown)}" if inside else ""
    return f"The chosen model keeps {whole(len(inside))} of {count(len(kept), 'group')} of features{which}."


def dropped_sentence(report: ReportInput, limit: int = 8) -> str:
    """Which columns were dropped because they never vary."""
    names = report.result.constant_features
    if not names:
        return ""
    shown = [shorten(name, 32) for name in names[:limit]]
    if len(names) > limit:
        shown.append(f"{whole(len(names) - limit)} more")
    return f"{count(len(names), 'constant column')} dropped: {listed(shown)}."


def data_line(report: ReportInput) -> str:
    """What was fitted to what, in one line."""
    result = report.result
    several = count(len(result.outputs), report.output_word) if result.outputs else ""
    special = penalty_words(result) if result.network is None else [network_words(result.network)]
    parts = [
        ", ".join(part for part in (report.task, several, loss_words(report), *special) if part),
        f"{count(result.n_samples, 'row')} × {count(len(result.feature_names), report.noun)}",
        folds_words(result),
        f"error = {result.metric}",
    ]
    return " · ".join(part for part in parts if part)


def folds_words(result: GridResult) -> str:
    """``10 folds``, ``30 folds (10, dealt 3 times)``."""
    words = count(result.n_folds, "fold")
    if result.repeats is None:
        return words
    times = len(set(result.repeats.tolist()))
    if result.network is not None and times == result.network.seeds:
        return f"{count(result.n_folds // times, 'fold')} × {times} seeds"
    return f"{words} ({result.n_folds // times}, dealt {times} times)"


def loss_words(report: ReportInput) -> str:
    """``tweedie loss (power 1.5)``; nothing for the losses that the task itself says."""
    loss = named_loss(report.result.loss)
    if loss.name in ("squared", "logistic", "multinomial"):
        return ""
    if loss.name == "cox":
        return f"Cox regression ({report.result.loss.partition(':')[2]} ties)"
    values = [(field, getattr(loss, field)) for field in loss.parameters]
    given = ", ".join(f"{field} {general(value)}" for field, value in values if value is not None)
    return f"{loss.name.replace('_', ' ')} loss" + (f" ({given})" if given else "")


def penalty_words(result: GridResult) -> list[str]:
    """What is special about the penalty: ``MCP (gamma 3)``, ``adaptive lasso``."""
    words = []
    if result.concave is not None:
        name, _, gamma = result.concave.partition(":")
        words.append(f"{name.upper()} (gamma {general(float(gamma))})")
    if result.sparse_ratio:
        words.append(f"sparse group lasso (sparse_ratio {general(result.sparse_ratio)})")
    words += ["adaptive lasso"] if result.l1_factors is not None else []
    words += ["penalties that grow with the cost of features"] if result.costs is not None else []
    return words + (["relaxed lasso"] if result.relax is not None else [])


def unit_words(report: ReportInput) -> str:
    """What a coefficient changes: the target, a quantile of it, the log of its mean, or the log-odds of a class."""
    loss, classes = named_loss(report.result.loss), report.result.classes
    if loss.name == "cox":
        return "the log of the hazard"
    if loss.name == "logistic":
        return f"the log-odds of {shorten(classes[1], 32)}" if classes else "the log-odds"
    if loss.name == "multinomial":
        return "the predictor of each class (the log of its probability, but for a number common to all classes)"
    target = shorten(report.target, 32) if report.target else "the target"
    if report.result.outputs:
        return "each target"
    if isinstance(loss, LogLink):
        return f"the log of the mean of {target}"
    if isinstance(loss, QuantileLoss):
        return f"the {general(loss.quantile)} quantile of {target}"
    return f"the centre of {target}" if isinstance(loss, HuberLoss) else target


def factor_words(report: ReportInput) -> str:
    """What a coefficient of a log link does to the mean, or to the hazard."""
    loss = named_loss(report.result.loss)
    what = "mean" if isinstance(loss, LogLink) else "hazard" if loss.name == "cox" else ""
    return f"exp(coefficient) is the factor on the {what}" if what else ""


def factor_of(coefficient: float) -> float:
    """exp(coefficient), infinite beyond what a float holds: the relativity of one unit more."""
    with np.errstate(over="ignore"):
        return float(np.exp(coefficient))


def intercept_words(report: ReportInput, digits: int = 4) -> str:
    """``intercept 4.2`` of one predictor; Cox regression has none."""
    none = (
        report.result.network is not None
        or report.result.outputs is not None
        or named_loss(report.result.loss).name == "cox"
    )
    return "" if none else f"intercept {general(report.intercepts[0], digits)}"


def unit_sentence(report: ReportInput) -> str:
    """What coefficients change, where it is not the target or log-odds."""
    factor = factor_words(report)
    tail = f": {factor}." if factor else "."
    told = loss_words(report) or (report.result.outputs and report.result.classes)
    return f"Coefficients change {unit_words(report)}{tail}" if told else ""
