"""``shrinkwise show`` and ``shrinkwise report``: a model file, read again."""

import json
from dataclasses import replace

import pytest

from shrinkwise.store import load_model, save_model


@pytest.fixture
def fitted(fit, numbers):
    return fit(numbers).err


def test_show_prints_what_fit_printed_and_where_it_comes_from(fitted, run):
    answer = run("show", "model.shrinkwise")
    assert (answer.code, answer.err) == (0, "")
    start, end = fitted.index("Do I overfit?"), fitted.index("\nWrote ")
    assert answer.out.startswith(fitted[start:end].rstrip())
    for words in (
        "target: y",
        "data: numbers.csv",
        "seed: 0",
        "command: shrinkwise fit numbers.csv",
        "versions: python",
    ):
        assert words in answer.out


def test_report_writes_the_same_page_again(fitted, run, tmp_path):
    page = (tmp_path / "report.html").read_bytes()
    answer = run("report", "model.shrinkwise")
    assert answer.code == 3
    assert answer.err.startswith("error: report.html exists; ")
    (tmp_path / "report.html").unlink()
    answer = run("report", "model.shrinkwise")
    assert (answer.code, answer.out, answer.err) == (0, "", "Wrote report.html.\n")
    assert (tmp_path / "report.html").read_bytes() == page
    assert run("report", "model.shrinkwise", "-o", "other.html", "--quiet").err == ""
    assert (tmp_path / "other.html").read_bytes() == page
    assert run("report", "model.shrinkwise", "-o", "-").out == page.decode()
    assert run("report", "model.shrinkwise", "--overwrite").code == 0


def test_the_page_goes_beside_the_model(fit, run, numbers, tmp_path):
    fit(numbers, "--out", "deep")
    (tmp_path / "deep" / "report.html").unlink()
    assert run("report", "deep/model.shrinkwise").err == "Wrote deep/report.html.\n"


def test_what_the_decision_left_out_is_told_in_the_terminal_on_the_page_and_in_json(fitted, run, tmp_path):
    note = "The part on intervals was left out: no row of class <b>"
    model = load_model("model.shrinkwise")
    save_model("less.shrinkwise", replace(model, decision=replace(model.decision, intervals=None, notes=(note,))))
    assert f"\n{note}.\n" in run("show", "less.shrinkwise").out
    decision = json.loads(run("show", "less.shrinkwise", "--json").out)["decision"]
    assert (decision["notes"], decision["intervals"]) == ([note], None)
    assert "<li>The part on intervals was left out: no row of class &lt;b&gt;.</li>" in (
        run("report", "less.shrinkwise", "-o", "-").out
    )
    assert "left out" not in run("show", "model.shrinkwise").out
