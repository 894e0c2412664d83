"""The four answers from the grid alone, until `decision_words.four_answers` takes their place."""

from __future__ import annotations

from dataclasses import dataclass

from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, general, listed, shorten, whole
from shrinkwise.report.words import plus_minus, score_words


@dataclass(frozen=True)
class Answer:
    """A question of the reader, the answer of these data in one sentence, and what to do next."""

    question: str
    sentence: str
    next_step: str


def four_answers(report: ReportInput) -> tuple[Answer, ...]:
    """Answers to: Do I overfit? Which penalty? How strong? Which features."""
    chosen, noun, total = report.chosen, report.noun, len(report.result.feature_names)
    names = [shorten(report.result.feature_names[column], 28) for column in report.kept[:2]]
    error = plus_minus(score_words(report), chosen.mean, chosen.se)
    strength = f"{report.symbol} = {general(report.strength(chosen))}, with a held-out error of {error}."
    kept = f"{whole(len(report.kept))} of {count(total, noun)}"
    return (
        Answer("Do I overfit?", report.verdict.sentence, f"Predict with the chosen model ({report.rule})."),
        Answer("Which penalty?", f"{report.at_mix(chosen.ratio)}, by the rule {report.rule}.", "Compare other mixes."),
        Answer("How strong?", strength, "Look at the curve in the report."),
        Answer(
            f"Which {noun}s?", f"{kept}{', led by ' + listed(names) if names else ''}.", "Ask `shrinkwise explain`."
        ),
    )
