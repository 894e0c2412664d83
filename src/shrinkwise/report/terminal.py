"""The short answer on the terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from shrinkwise.diagnosis.overfit import overfit_verdict
from shrinkwise.report.decision_words import decided, four_answers
from shrinkwise.report.network_words import (
    comparison_sentence,
    objective_sentence,
    seeds_sentence,
    sparsity_sentence,
)
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.screen import NAME, Screen
from shrinkwise.report.text import aligned, count, general, whole
from shrinkwise.report.words import (
    certificate_sentence,
    data_line,
    dropped_sentence,
    edge_sentence,
    groups_sentence,
    intercept_words,
    risk_sets_sentence,
    search_sentence,
    summary_rows,
    unit_sentence,
)
from shrinkwise.result import GridResult
from shrinkwise.validation import check_count

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FEATURES = 20  # rows of coefficients at most
MINIMUM = 40  # columns of a summary
OUTPUTS, OUTPUT = 6, 12  # columns of coefficients, and of the name of a class, at most


def print_report(report: ReportInput, console: Console) -> None:
    """Print the four answers and the small table, which fit a first screen; the certificate; the features.

    Where the console is no terminal, or NO_COLOR is set, all but what comes from the data is plain ASCII; what the
    console's encoding cannot write is escaped. Names can neither style the text nor move the cursor.

    Parameters
    ----------
    report : ReportInput
    console : rich.console.Console
    """
    _print(report, Screen.on(console))


def summary(result: GridResult, rule: str = "1se", width: int = 100) -> str:
    """What `print_report` prints of a result alone, as text.

    Parameters
    ----------
    result : GridResult
    rule : str, default "1se"
        The rule that chooses the model.
    width : int, default 100
        Columns.

    Returns
    -------
    str
    """
    return summary_of(ReportInput(title="", result=result, rule=rule, verdict=overfit_verdict(result, rule)), width)


def summary_of(report: ReportInput, width: int = 100) -> str:
    """What `print_report` prints, as text."""
    from rich.console import Console

    width, stream = check_count("width", width, low=MINIMUM), io.StringIO()
    _print(report, Screen(Console(file=stream, width=width, color_system=None), False, "utf-8"))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _print(report: ReportInput, screen: Screen) -> None:
    certified, sentence = certificate_sentence(report)
    for answer in four_answers(report):
        screen.answer(answer.question, answer.sentence, answer.next_step)
    screen.line()
    _print_summary(report, screen)
    screen.line(data_line(report), "dim")
    screen.line()
    about = (
        comparison_sentence(report),
        search_sentence(report),
        risk_sets_sentence(report),
        edge_sentence(report),
        groups_sentence(report),
        dropped_sentence(report),
        sparsity_sentence(report),
        *((objective_sentence(report), seeds_sentence(report)) if report.result.network is not None else ()),
        *(decided(report, "notes") or ()),
    )
    for words in about:
        if words:
            screen.line(words)
    screen.line(sentence, "green" if certified else "bold red")
    screen.line()
    _print_features(report, screen)


def _print_summary(report: ReportInput, screen: Screen) -> None:
    """The rows min, chosen, no penalty."""
    table = screen.table("model", report.symbol, report.mix_name, f"{report.noun}s", "CV error ± SE", "train error")
    for row in summary_rows(report):
        label = f"{row.name} (chosen)" if row.chosen else row.name
        cells = (label, row.alpha, row.mix, row.features, row.error, row.train)
        table.add_row(*(screen.text(cell, "bold" if row.chosen else "") for cell in cells))
    screen.console.print(table, highlight=False)


def _print_features(report: ReportInput, screen: Screen) -> None:
    """The chosen model's features, largest effect first."""
    if not report.kept:
        screen.line(f"The chosen model keeps no {report.noun}: it predicts the same for every row.")
        return
    room = (screen.console.width - NAME) // (OUTPUT + 2)
    shown = report.leading(min(OUTPUTS, max(1, room)))
    screen.console.print(_coefficients(report, shown, screen), highlight=False)
    if words := unit_sentence(report):
        screen.line(words, "dim")
    if (more := len(report.kept) - FEATURES) > 0:
        screen.line(f"and {whole(more)} more: see the report", "dim")
    if (more := len(report.outputs) - len(shown)) > 0:
        screen.line(f"and {count(more, f'more {report.output_word}')}: see the report", "dim")
    zeros = len(report.result.feature_names) - len(report.kept)
    zero_words = f"{count(zeros, report.noun)} at exactly zero" if zeros else ""
    if words := "; ".join(filter(None, (intercept_words(report), zero_words))):
        screen.line(words, "dim")


def _coefficients(report: ReportInput, shown: list[int], screen: Screen) -> Table:
    """A row for each feature; of several predictors a column for each, and a row for the intercepts."""
    per_sd, kept = aligned(report.effect.ravel()), report.kept[:FEATURES]
    names = [screen.name(report.result.feature_names[column]) for column in kept]
    rows = [[per_sd(value) if value else "0" for value in report.effect[shown, column].tolist()] for column in kept]
    if report.result.network is not None:
        table = screen.table("input", "norm of its weights")
    elif report.result.outputs is None:
        table = screen.table("feature", "coefficient per SD", "per unit")
        rows = [[*row, general(float(report.coef[0, column]))] for row, column in zip(rows, kept, strict=True)]
    else:
        table = screen.table("coefficient per SD", *(screen.name(report.outputs[k], OUTPUT) for k in shown))
        names.append(screen.text("(intercept)"))
        rows.append([general(report.intercepts[k]) for k in shown])
    for name, numbers in zip(names, rows, strict=True):
        table.add_row(name, *map(screen.text, numbers))
    return table
