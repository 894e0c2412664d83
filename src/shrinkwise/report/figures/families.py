"""Kinds of penalty side by side: how much higher the held-out error of each is than the lowest."""

from __future__ import annotations

from shrinkwise.diagnosis.percent import percent
from shrinkwise.report.decision_words import Family, decided, families
from shrinkwise.report.figures.chart import figure
from shrinkwise.report.figures.row_plot import Row, RowPlot
from shrinkwise.report.markup import Html, el
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, listed, shorten, whole
from shrinkwise.report.words import plus_minus, score_words

SENTENCE = 700  # characters of the record's own words
MEANINGS = {1: "lowest", 0: "not distinguishable", -1: "worse"}


def penalty_families(report: ReportInput) -> Html | None:
    """The figure; None where there is nothing to compare with."""
    found, recommended = families(report)
    if len(found) < 2:
        return None
    found = sorted(found, key=lambda family: (family.difference, family.name))
    rows = [
        Row(
            family.name,
            family.difference,
            family.difference_se,
            "lowest" if family.better == 1 else percent(family.difference, family.difference_se),
            f", {count(family.n_features, report.noun)}",
            class_="cv" if family.name == recommended else "rest" if family.better >= 0 else "train",
        )
        for family in found
    ]
    plot = RowPlot(rows, "held-out error above the lowest", percent=True)
    choice = decided(report, "penalty_choice")
    caption = _sentence(report, found, recommended) if choice is None else shorten(choice.sentence, SENTENCE)
    title = "Held-out error of each kind of penalty above the lowest, paired over the folds"
    return figure(
        "families",
        title,
        caption,
        plot.draw,
        plot.sizes((196.0, 96.0)),
        table=_table(report, found),
    )


def _sentence(report: ReportInput, found: list[Family], recommended: str) -> str:
    """What these data say of the penalties."""
    worse = [family.name for family in found if family.better == -1]
    equal = [family.name for family in found if family.better == 0]
    best = next((family for family in found if family.better == 1), found[0])
    words = f"On the same folds {best.name} has the lowest held-out error"
    if equal:
        words += f"; {listed(equal)} cannot be told from it"
    if worse:
        words += f"; {listed(worse)} {'is' if len(worse) == 1 else 'are'} worse by more than two standard errors"
    own = next((family for family in found if family.name == recommended), best)
    return (
        f"{words}: {own.name} with {count(own.n_features, report.noun)} is the simplest that will do (whiskers "
        "reach one and two standard errors)."
    )


def _table(report: ReportInput, found: list[Family]) -> Html:
    score = score_words(report)
    body = [
        el(
            "tr",
            el("th", family.name, scope="row"),
            el("td", whole(family.n_features)),
            el("td", plus_minus(score, family.mean, family.se)),
            el("td", percent(family.difference, family.difference_se)),
            el("td", MEANINGS[family.better]),
        )
        for family in found
    ]
    return table_of("plain", ("penalty", f"{report.noun}s", "held-out error ± SE", "above the lowest", ""), body)
