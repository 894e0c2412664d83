"""The short answer on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import aligned, count, general, shorten, visible, whole
from shrinkwise.report.words import certificate_sentence, data_line, dropped_sentence, edge_sentence, summary_rows

if TYPE_CHECKING:
    from rich.console import Console

FEATURES = 20  # rows of coefficients at most
NAME = 32
PLAIN = str.maketrans(
    {"±": "+/-", "−": "-", "×": "x", "–": "-", "∞": "inf", "·": "-", "…": "...", "λ": "lambda", "\u202f": " "}
)


def print_report(report: ReportInput, console: Console) -> None:
    """Print the small table, the verdict, the certificate and the features.

    Where the console is no terminal, or NO_COLOR is set, all but the names in the data is plain ASCII; what the
    console's encoding cannot write is escaped. Names can neither style the text nor move the cursor.

    Parameters
    ----------
    report : ReportInput
    console : rich.console.Console
    """
    from rich.table import Table
    from rich.text import Text

    plain = not console.is_terminal or console.no_color or console.is_dumb_terminal
    encoding = console.encoding or "utf-8"

    def words(text: str, style: str = "") -> Text:
        shown = visible(text.translate(PLAIN)) if plain else visible(text)
        return Text(shown.encode(encoding, "backslashreplace").decode(encoding), style="" if plain else style)

    def table(heads: tuple[str, ...]) -> Table:
        made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="" if plain else "dim")
        made.add_column(words(heads[0]), no_wrap=True)
        for head in heads[1:]:
            made.add_column(words(head), justify="right", no_wrap=True)
        return made

    def line(text: str, style: str = "") -> None:
        if text:
            console.print(words(text, style), highlight=False, soft_wrap=False)

    certified, sentence = certificate_sentence(report)
    line(data_line(report), "dim")
    console.print()
    summary = table(("model", "λ", "l1_ratio", "features", "CV error ± SE", "train error"))
    for row in summary_rows(report):
        style = "bold" if row.chosen else ""
        label = f"{row.name} (chosen)" if row.chosen else row.name
        cells = (label, row.alpha, row.l1_ratio, row.features, row.error, row.train)
        summary.add_row(*(words(cell, style) for cell in cells))
    console.print(summary, highlight=False)
    console.print()
    line(report.verdict.sentence, "bold")
    line(edge_sentence(report))
    line(sentence, "green" if certified else "bold red")
    line(dropped_sentence(report))
    console.print()
    _print_features(report, console, words, table, line)


def _print_features(report: ReportInput, console: Console, words: Any, table: Any, line: Any) -> None:
    """The chosen model's features, largest effect first."""
    result, chosen = report.result, report.chosen
    coef, effect = result.coef(chosen.ratio, chosen.index), result.standardized_coef(chosen.ratio, chosen.index)
    order = np.lexsort((-np.abs(coef), -np.abs(effect)))
    kept = [int(column) for column in order if coef[column] != 0]
    if not kept:
        line("The chosen model keeps no feature: it predicts the same for every row.")
        return
    rows = table(("feature", "coefficient per SD", "per unit"))
    per_sd = aligned(effect)
    for column in kept[:FEATURES]:
        name = shorten(result.feature_names[column], NAME)
        rows.add_row(words(name), words(per_sd(float(effect[column]))), words(general(float(coef[column]))))
    console.print(rows, highlight=False)
    if len(kept) > FEATURES:
        line(f"and {whole(len(kept) - FEATURES)} more: see the report", "dim")
    zeros = len(result.feature_names) - len(kept)
    intercept = general(result.intercept(chosen.ratio, chosen.index))
    line(
        f"intercept {intercept}; {count(zeros, 'feature')} at exactly zero" if zeros else f"intercept {intercept}",
        "dim",
    )
