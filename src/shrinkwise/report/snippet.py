"""A result in a notebook: the small table and the verdict."""

from __future__ import annotations

from shrinkwise.diagnosis.overfit import overfit_verdict
from shrinkwise.exceptions import UsageError
from shrinkwise.report.markup import Html, el
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.words import certificate_sentence, data_line, summary_rows
from shrinkwise.result import GridResult


def snippet(result: GridResult, rule: str = "1se", *, title: str = "") -> str:
    """A few lines of HTML that stand by themselves: no style of the page is changed, no script runs.

    Parameters
    ----------
    result : GridResult
    rule : str, default "1se"
    title : str, default ""
        Words above them.

    Returns
    -------
    str
        All that comes from the data is escaped.
    """
    try:
        report = ReportInput(title=title, result=result, rule=rule, verdict=overfit_verdict(result, rule))
    except UsageError as error:  # every network diverged: there is no cell to show
        return el("div", el("p", str(error)), class_="shrinkwise")
    heads = ("model", report.symbol, report.mix_name, f"{report.noun}s", "CV error ± SE", "train error")
    body = [
        el("tr", *(el("td", cell, style=_style(row.chosen)) for cell in cells))
        for row in summary_rows(report)
        for cells in [(_name(row.name, row.chosen), row.alpha, row.mix, row.features, row.error, row.train)]
    ]
    head: Html = el("tr", *(el("th", word, scope="col") for word in heads))
    lines = [title, data_line(report)]
    return el(
        "div",
        *(el("p", line) for line in lines if line),
        el("table", el("thead", head), el("tbody", *body)),
        el("p", el("strong", report.verdict.sentence)),
        el("p", certificate_sentence(report)[1]),
        class_="shrinkwise",
    )


def _name(name: str, chosen: bool) -> str:
    return f"{name} (chosen)" if chosen else name


def _style(chosen: bool) -> str | None:
    return "font-weight:bold" if chosen else None
