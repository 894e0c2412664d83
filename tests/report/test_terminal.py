import dataclasses
import io
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from shrinkwise.report import print_report
from shrinkwise.report.terminal import four_answers
from tests.report.conftest import HOSTILE, report_on


def printed(report, width=80, encoding="utf-8", **options):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="")
    console = Console(file=stream, width=width, legacy_windows=False, **options)
    print_report(report, console)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


QUESTIONS = ("Do I overfit?", "Which penalty?", "How strong?", "Which features?")
HEADS = ["model", "lambda", "l1_ratio", "features", "CV", "error", "+/-", "SE", "train", "error"]


@pytest.mark.parametrize("width", [80, 100])
def test_the_first_screen_has_the_four_answers_and_the_small_table(diabetes, width):
    report = report_on(diabetes)
    lines = printed(report, width).splitlines()[:24]
    flat = " ".join(" ".join(lines).split())
    for answer in four_answers(report):
        words = f"{answer.question} {answer.sentence} {answer.next_step}"
        assert words.replace("±", "+/-").replace("λ", "lambda") in flat
    starts = [next(n for n, line in enumerate(lines) if line.startswith(question)) for question in QUESTIONS]
    assert starts == sorted(starts)
    assert starts[0] == 0
    head = next(n for n, line in enumerate(lines) if line.split() == HEADS)
    assert head > starts[-1]
    assert [line.split()[0] for line in lines[head + 1 : head + 4]] == ["min", "1se", "no"]
    assert "(chosen)" in lines[head + 2]
    assert lines[head + 4].startswith("regression - 442 rows x 64 features - 5 folds")


@pytest.mark.parametrize("width", [80, 100])
def test_parts_that_were_left_out_are_told_below_the_table_in_a_line_or_two(diabetes, width):
    notes = (
        "The part on intervals was left out: no row of class b",
        f"The part on quality was left out: {'why ' * 99}",
    )
    report = report_on(diabetes, decision=SimpleNamespace(notes=notes * 2))
    lines, plain = printed(report, width).splitlines(), printed(report_on(diabetes), width).splitlines()
    data = next(number for number, line in enumerate(plain) if line.startswith("regression - 442 rows"))
    assert data < 23
    assert lines[: data + 1] == plain[: data + 1]
    assert lines[data + 1] == notes[0] + "."
    assert lines[data + 2].startswith("The part on quality was left out: why why")
    end = lines.index("and 2 more parts left out: see the report")
    assert end - data <= 5
    assert [line for line in lines[end + 1 :] if line] == [line for line in plain[data + 1 :] if line]


def test_parts_left_out_neither_style_nor_move_the_cursor(diabetes):
    for name in HOSTILE:
        report = report_on(diabetes, decision=SimpleNamespace(notes=(name,)))
        assert not set(printed(report)) & set("\x00\x1b\u202e")


def test_below_it_come_certificate_edge_and_features(diabetes):
    report = report_on(diabetes)
    text = printed(report)
    flat = " ".join(text.split())
    lines = text.splitlines()
    assert "Certified: the largest relative duality gap of all 1080 fits is" in flat
    corrected, chosen = diabetes.corrected_error("1se"), diabetes.select("1se")
    assert (
        f"Corrected for the search: the CV error of 1se is {corrected:.0f} rather than {chosen.mean:.0f} where" in flat
    )
    assert f"{report.lowest.mean + diabetes.search_bias:.0f} by the more cautious estimate of Tibshirani" in flat
    assert "The lambda grid was extended until the lowest error lay inside it." in flat
    chosen = report.chosen
    effect = np.abs(diabetes.standardized_coef(chosen.ratio, chosen.index))
    top = [diabetes.feature_names[column] for column in np.argsort(-effect)[:3]]
    start = next(number for number, line in enumerate(lines) if line.startswith("feature "))
    assert [line.split()[0] for line in lines[start + 1 : start + 4]] == top
    assert f"{64 - chosen.n_features} features at exactly zero" in flat


def test_a_criterion_is_named_and_warned_of_where_it_takes_the_weakest_penalty(diabetes):
    shape = diabetes.alphas.shape
    steps = np.broadcast_to(np.arange(shape[1]), shape)
    fitted = dataclasses.replace(
        diabetes, full_deviance=1e6 * 0.9**steps, degrees_of_freedom=1.0 + steps, n_weighted=442
    )
    words = "is lowest at the weakest penalty of the grid"
    assert words in " ".join(printed(report_on(fitted, "aic")).split())
    fitted = dataclasses.replace(fitted, full_deviance=np.full(shape, 1e6))
    text = " ".join(printed(report_on(fitted, "bic")).split())
    assert "bic (chosen)" in text
    assert words not in text


def test_no_line_is_wider_than_the_terminal(diabetes, cancer, hostile):
    for result in (diabetes, cancer, hostile):
        for options in ({}, {"force_terminal": True, "color_system": None}):
            for line in printed(report_on(result), **options).splitlines():
                assert Console().measure(line.rstrip()).maximum <= 80


def test_without_a_terminal_all_but_names_is_ascii(diabetes):
    printed(report_on(diabetes)).encode("ascii")
    printed(report_on(diabetes), force_terminal=True, no_color=True).encode("ascii")
    names = tuple(f"λ {name} {'long' * 20}" for name in diabetes.feature_names)
    text = printed(report_on(dataclasses.replace(diabetes, feature_names=names)))
    assert re.search(r"^λ bmi long\w*\.\.\.\w*long ", text, re.MULTILINE)
    text.replace("λ ", "").encode("ascii")
    assert "λ" in printed(report_on(diabetes), force_terminal=True, color_system=None)


def test_a_terminal_that_knows_few_characters_gets_escapes(hostile):
    text = printed(report_on(hostile), encoding="ascii")
    assert "\\u65e5" in text


def test_names_neither_style_nor_move_the_cursor(hostile):
    for options in ({}, {"force_terminal": True, "color_system": "truecolor"}):
        text = printed(report_on(hostile, notes=HOSTILE[:1]), **options)
        assert "[bold red]markup[/] :boom:" in text
        assert "\x1b[31mred" not in text
        assert "\x00" not in text
        assert "\u202e" not in text
        assert "<script>alert(1)</script>" in text


def test_twenty_features_are_shown_and_the_rest_counted(hostile):
    report = report_on(hostile)
    assert f"and {report.chosen.n_features - 20} more: see the report" in printed(report)
    assert "1 constant column dropped: constant" in printed(report)


def test_a_model_without_features_says_so(diabetes):
    worse = np.sort(diabetes.test_score, axis=1)
    text = " ".join(printed(report_on(dataclasses.replace(diabetes, test_score=worse))).split())
    assert "The chosen model keeps no feature" in text
    assert "lies at the strongest penalty of the grid" in text


@pytest.mark.parametrize("extended", [True, False])
def test_a_lowest_error_on_the_weak_end_says_so(diabetes, extended):
    better = -np.sort(-diabetes.test_score, axis=1)
    text = " ".join(printed(report_on(dataclasses.replace(diabetes, test_score=better, extended=extended))).split())
    assert "lies at the weakest penalty of the grid" in text
    assert ("although the grid was extended" in text) == extended


def test_rich_is_imported_only_when_something_is_printed():
    heavy = {"rich", "sklearn", "numba", "pyarrow", "jinja2"}
    code = f"import sys, shrinkwise.report; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
