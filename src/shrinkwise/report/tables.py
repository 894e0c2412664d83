"""Parts that sections share: tables that scroll, bars, and the names that are left out."""

from __future__ import annotations

from collections.abc import Sequence

from shrinkwise.report.markup import Html, el, name
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, whole

ZEROS = 300  # names of features at zero at most
COEFFICIENTS = 200  # of a table of coefficients at most, a row each or, of several predictors, a cell
OUTPUTS = 12  # columns of it at most
MOST = 25  # rows of it that are shown whatever the columns


def table_of(class_: str, heads: Sequence[str], body: Sequence[Html], *, label: str | None = None) -> Html:
    """A table in a box of its own, which scrolls where the screen is narrow.

    The page's script gives it buttons in its head that sort, a file of its rows, and where it is long and its rows
    have names (`name` makes them) a filter. It reads the numbers as they stand, ± and groups of digits included.

    Parameters
    ----------
    class_ : str
        Of the ``table``: ``"plain"`` where nothing is special.
    heads : sequence of str
        An empty one is of a column of pictures, which neither sorts nor is saved.
    body : sequence of Html
        ``tr`` elements.
    label : str or None, default None
        What the table is, for screen readers and the name of its file; None takes the heading above it.
    """
    row = el("tr", *(el("th", head, scope="col") for head in heads))
    table = el("table", el("thead", row), el("tbody", *body), class_=class_, aria_label=label)
    return el("div", table, class_="scroll", tabindex=0)


def most_rows(report: ReportInput) -> int:
    """Rows that a table of coefficients has at most."""
    if report.result.outputs is None:
        return COEFFICIENTS
    return max(MOST, COEFFICIENTS // min(OUTPUTS, len(report.outputs)))


def bar(share: float, *, from_left: bool = False) -> Html:
    """A bar to the right of the middle for positive, to the left for negative; or from the left, if none is."""
    if from_left:
        return el("span", class_="bar plus", style=f"left:0;width:{max(1.0, 100 * share):.1f}%")
    width = max(1.0, abs(share) * 50)
    left = 50 if share > 0 else 50 - width
    style = f"left:{left:.1f}%;width:{width:.1f}%"
    return el("span", class_="bar plus" if share > 0 else "bar minus", style=style)


def zeros_of(report: ReportInput, columns: list[int]) -> Html | None:
    """How many features are at exactly zero, and which."""
    if not columns:
        return None
    names: list[Html | str] = []
    for column in columns[:ZEROS]:
        names += [name(report.result.feature_names[column], 32), ", "]
    names = names[:-1]
    if len(columns) > ZEROS:
        names.append(f" and {whole(len(columns) - ZEROS)} more, in the model file")
    words = f"{count(len(columns), report.noun)} at exactly zero"
    return el("details", el("summary", words), el("p", *names, "."), class_="of-chosen")


def feature_cell(report: ReportInput, column: int) -> Html:
    """The head of a row: the name of a column of the design."""
    return el("th", name(report.result.feature_names[column]), scope="row")
