"""Bad input: one clear line, exit code 3, nothing written."""

import re

import numpy as np
import pytest

rng = np.random.default_rng(0)
X = {"a": rng.normal(size=40), "b": rng.normal(size=40)}
Y = rng.normal(size=40)


def missing(values, *rows):
    return ["" if row in rows else value for row, value in enumerate(values)]


TABLES = {  # columns, words of the message, more options
    "no such column": ({**X, "price": Y}, r"no column 'pricee' .* did you mean 'price'", ["--target", "pricee"]),
    "missing target": ({**X, "y": missing(Y, 3, 8)}, r"'y' is missing in 2 of 40 rows.*--drop-missing-target", []),
    "constant target": ({**X, "y": [7] * 40}, r"'y' is '7' in all 40 rows", []),
    "one class": ({**X, "y": ["yes"] * 40}, r"'y' is 'yes' in all 40 rows: a classifier needs two classes", []),
    "one of three classes seen once": (
        {**X, "y": ["c", *("ab" * 20)][:40]},
        r"class 'c' of the target 'y' has 1 row, fewer than 10 folds.*merge it .*, or leave its rows out",
        [],
    ),
    "a class outside of the training rows": (
        {**X, "y": ["c"] * 4 + ["a", "b"] * 18, "f": [0] * 4 + [1] * 18 + [2] * 18},
        r"the rows that fold 1 is predicted from \(36\) hold none of class 'c' of the target 'y'; choose other",
        ["--fold-column", "f"],
    ),
    "fewer rows than folds": ({"a": [1, 2, 3], "y": [1, 4, 2]}, r"3 rows cannot make 10 folds", []),
    "a rare class": (
        {**X, "y": ["yes"] * 4 + ["no"] * 36},
        r"class 'yes' of the target 'y' has 4 rows, fewer than 10 folds",
        [],
    ),
    "too few groups": ({**X, "g": ["p", "q"] * 20, "y": Y}, r"2 groups cannot make 10 folds", ["--groups", "g"]),
    "infinity": ({**X, "c": ["-inf", *range(39)], "y": Y}, r"column 'c' holds -inf in row 1", []),
    "thousands separators": (
        {**X, "c": [f"1,{i:03}" for i in range(40)], "y": Y},
        r"column 'c' holds numbers written as text, such as '1,000' .*--as-text c",
        [],
    ),
    "words among numbers": ({**X, "c": ["<5", *range(39)], "y": Y}, r"'<5' \(1 cell, in row 1\)", []),
    "only dates": ({"when": [f"2024-03-{1 + i % 28:02}" for i in range(40)], "y": Y}, r"no column is left .*dates", []),
    "no such excluded column": ({**X, "y": Y}, r"no column 'B' .* did you mean 'b'", ["--exclude", "a,B"]),
    "no such text column": ({**X, "y": Y}, r"no column 'zip' in the table \(asked for as a text", ["--as-text", "zip"]),
    "no such weights": ({**X, "y": Y}, r"no column 'w' .*the weights", ["--weights", "w"]),
    "negative weights": ({**X, "w": [-1] + [1] * 39, "y": Y}, r"weights 'w' are negative in 1 row", ["--weights", "w"]),
    "two roles": ({**X, "y": Y}, r"'a' is both the weights and the groups", ["--weights", "a", "--groups", "a"]),
    "one value where weights are positive": (
        {**X, "w": [1] * 20 + [0] * 20, "y": [5] * 20 + list(range(20))},
        r"'y' has one value only in the rows of positive weight",
        ["--weights", "w"],
    ),
    "text for a regression": ({**X, "y": ["u", "v"] * 20}, r"a regression needs numbers", ["--task", "regression"]),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_fitted_is_refused_in_one_line(case, run, write, files):
    table, words, options = TABLES[case]
    target = () if "--target" in options else ("--target", "y")
    answer = run("fit", write("table.csv", **table), *target, *options)
    assert answer.code == 3
    line = answer.err.splitlines()[-1]
    assert line.startswith("error: ")
    assert re.search(words, line), line
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert files() == []


FILES = {  # bytes, words
    "empty.csv": (b"", "is empty"),
    "header.csv": (b"a,y\n", "no rows below it"),
    "twice.csv": (b"a,a,y\n1,2,3\n", "the column name 'a' appears 2 times"),
    "latin1.csv": (b"a,y\nM\xfcnchen,3\n", "is not UTF-8: byte 0xFC.*iconv"),
    "ragged.csv": (b"a,b,y\n1,2,3\n4,5\n6,7,8\n", "line 3 has 2 fields, but the header has 3"),
    "excel.csv": (b"PK\x03\x04rest", "Excel"),
    "fake.parquet": (b"a,y\n1,2\n", "is named as a Parquet file"),
    "cut.csv.gz": (b"\x1f\x8b\x08\x00\x00", "gzipped, but damaged"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(name, run, tmp_path, files):
    content, words = FILES[name]
    (tmp_path / name).write_bytes(content)
    before = files()
    answer = run("fit", name, "--target", "y")
    assert (answer.code, answer.out) == (3, "")
    assert re.fullmatch(f"error: .*{words}.*\n", answer.err)
    assert files() == before


def test_a_missing_file_and_a_folder_are_refused(run, write, tmp_path):
    write("houses.csv", a=[1, 2], y=[1, 2])
    answer = run("fit", "house.csv", "--target", "y")
    assert (answer.code, "did you mean houses.csv?" in answer.err) == (3, True)
    answer = run("fit", tmp_path, "--target", "y")
    assert (answer.code, "is a directory" in answer.err) == (3, True)


def test_missing_targets_can_be_left_out(fit, write, files):
    table = write("table.csv", **X, y=missing(Y, 3, 8))
    answer = fit(table, "--drop-missing-target")
    assert answer.code == 0
    assert "2 rows without a target are left out" in answer.err
    assert files() == ["model.shrinkwise", "report.html"]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (list(range(40)), r"warning: Column 'c' leaks\? It looks like a row number or an id.*--exclude c"),
        (list(3 * Y + 1), r"warning: Column 'c' leaks\? It is a copy of the target 'y'"),
        ([f"2024-03-{1 + i % 28:02}" for i in range(40)], r"Not used, since it holds dates or times: 'c'.*--as-text"),
        ([f"name {i}" for i in range(40)], r"nearly all cells distinct \(an id or free text\): 'c'"),
        ([4] * 40, r"Not used, since it holds one value only: 'c'"),
    ],
)
def test_a_doubtful_column_is_told_and_the_fit_goes_on(column, words, fit, write):
    answer = fit(write("table.csv", **X, c=column, y=Y))
    assert answer.code == 0
    assert re.search(words, answer.err)


def test_an_output_that_exists_needs_overwrite(fit, numbers, tmp_path):
    assert fit(numbers).code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    answer = fit(numbers, "--seed", "1")
    assert answer.code == 3
    assert answer.err == (
        "error: report.html and model.shrinkwise exist; pass --overwrite to replace them, or choose another folder "
        "with --out\n"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "model.shrinkwise").unlink()
    assert "report.html exists; pass --overwrite to replace it" in fit(numbers).err
    assert fit(numbers, "--seed", "1", "--overwrite").code == 0
    assert (tmp_path / "model.shrinkwise").read_bytes() != before["model.shrinkwise"]


@pytest.mark.parametrize("out", ["numbers.csv", "numbers.csv/below", "/dev/null", "/proc/nowhere"])
def test_an_output_folder_that_cannot_be_is_refused(out, fit, numbers, files):
    answer = fit(numbers, "--out", out)
    assert answer.code == 3
    assert re.search(r"(?m)^error: .*(is a file, and --out needs a folder|cannot be written|permission)", answer.err)
    assert files() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rule", "best"], "'best' is none of 1se, min, k=7"),
        (["--rule", "k=-1"], "is none of"),
        (["--l1-ratio", "0.5,2"], r"2 is not in \[0, 1\]: 0 is ridge"),
        (["--l1-ratio", "lasso"], "'lasso' is not a number"),
        (["--folds", "1"], "1 is not in the range"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--tol", "0"], "not in the range"),
        (["--alphas", "1"], "not in the range"),
        (["--task", "ranking"], "'ranking' is not one of"),
        (["--fold", "3"], "No such option.* '?--fold"),
        (["extra.csv"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_exit_code_2(options, words, run, numbers, files):
    answer = run("fit", numbers, "--target", "y", *options)
    assert (answer.code, answer.out, files()) == (2, "", [])
    assert re.fullmatch(f"error: .*{words}.*shrinkwise fit --help.*\n", answer.err)


def test_a_rule_that_no_fit_satisfies_is_told_and_nothing_is_written(run, numbers, files):
    answer = run("fit", numbers, "--target", "y", "--folds", "3", "--alphas", "5", "--l1-ratio", "0", "--rule", "k=1")
    assert (answer.code, files()) == (2, [])
    assert "no fit of this grid has at most 1 features" in answer.err


def test_no_command_prints_the_help_and_a_wrong_one_says_so(run):
    answer = run()
    assert (answer.code, answer.err) == (2, "")
    assert answer.out.startswith("Usage: shrinkwise")
    assert run("fitt").err.startswith("error: No such command 'fitt'")


def test_no_escape_sequence_of_a_name_reaches_the_terminal(run, write):
    evil = "\x1b]0;owned\x07\x1b[31m\u202e"
    table = write("table.csv", **{f"a{evil}": Y + rng.normal(size=40), f"y{evil}": Y})
    answer = run("fit", table, "--target", f"y{evil}", "--folds", "3", "--alphas", "5")
    assert answer.code == 0
    answer = run("show", "model.shrinkwise")
    for text in (answer.out, answer.err, run("fit", f"no{evil}", "--target", "y").err, run(f"f{evil}").err):
        assert not set(text) & {"\x1b", "\x07", "\u202e"}


def test_an_unexpected_error_is_a_sentence_and_debug_shows_its_trace(run, numbers, monkeypatch, files):
    monkeypatch.setattr("shrinkwise.cli._prepare.describe", lambda table: 1 / 0)
    answer = run("fit", numbers, "--target", "y")
    assert answer.code == 70
    assert "ZeroDivisionError: division by zero" in answer.err
    assert "please report it" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert "Traceback" in run("--debug", "fit", numbers, "--target", "y").err
    assert files() == []
