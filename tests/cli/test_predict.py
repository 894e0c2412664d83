"""``shrinkwise predict``: the model's own predictions, in the order of the rows."""

import csv
import gzip
import io
import re

import numpy as np
import pyarrow.parquet as parquet
import pytest

from shrinkwise import load_model
from shrinkwise.data import Encoder, read_table
from shrinkwise.store.container import write_container
from tests.cli.conftest import columns


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def expected():
    """What the model itself says of a table."""

    def predict(table):
        model = load_model("model.shrinkwise")
        encoder = Encoder.from_dict(model.encoder)
        X, _ = encoder.transform(read_table(table, text=encoder.text_columns), model.feature_names)
        return model.predict(X), None if model.classes is None else model.predict_proba(X)

    return predict


def test_predictions_are_the_models_own_bit_for_bit(fit, run, numbers, expected):
    fit(numbers)
    answer = run("predict", "model.shrinkwise", numbers)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[0] == "prediction"
    assert [float(row["prediction"]) for row in rows(answer.out)] == expected(numbers)[0].tolist()


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.parquet", "p"])
def test_files_of_each_kind_hold_the_same(name, fit, run, classes, expected, tmp_path):
    fit(classes)
    answer = run("predict", "model.shrinkwise", classes, "-o", name)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"Wrote {name}: 60 predictions of 'y'.\n"
    data = (tmp_path / name).read_bytes()
    if name.endswith("parquet"):
        table = parquet.read_table(tmp_path / name).to_pydict()
    else:
        text = gzip.decompress(data).decode() if name.endswith("gz") else data.decode()
        table = {key: [row[key] for row in rows(text)] for key in rows(text)[0]}
    names, chances = expected(classes)
    assert list(table) == ["prediction", "probability of no", "probability of yes"]
    assert table["prediction"] == names.tolist()
    assert np.array(table["probability of yes"], float).tolist() == chances[:, 1].tolist()


def test_columns_are_found_by_name_and_unknown_ones_are_told(fit, run, numbers, write):
    fit(numbers)
    usual = run("predict", "model.shrinkwise", numbers).out
    values = columns()
    new = write("new.csv", note=["n"] * 60, b=values["b"], a=values["a"])
    answer = run("predict", "model.shrinkwise", new)
    assert answer.out == usual
    assert answer.err == "Ignored, since the model does not know this column: 'note'.\n"
    assert run("predict", "model.shrinkwise", new, "--quiet").err == ""


def test_a_table_that_lacks_columns_is_refused(fit, run, numbers, write, files):
    fit(numbers)
    new = write("new.csv", A=[1.0, 2.0], y=[1.0, 2.0])
    answer = run("predict", "model.shrinkwise", new, "-o", "p.txt")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("error: the table lacks 2 columns that the model needs: 'a' (is 'A' meant?), 'b'")
    assert files() == ["model.shrinkwise", "report.html"]


def test_unseen_levels_and_missing_numbers_are_told(fit, run, write):
    table = write("t.csv", **columns(), city=["Bonn", "Kiel"] * 30)
    fit(table)
    answer = run("predict", "model.shrinkwise", write("new.csv", a=[1, ""], b=[1, 2], city=["Ulm", "Kiel"]))
    assert answer.code == 0
    assert len(rows(answer.out)) == 2
    assert "Missing numbers became the median of the training rows: 'a' (1 cell)." in answer.err
    assert "Column 'city': 1 row with levels not seen in training ('Ulm')" in answer.err


def test_class_names_that_would_be_formulas_or_break_a_csv_come_back_as_they_were(fit, run, write):
    names = ('=HYPERLINK("http://x")', '@a,"b"')
    assert fit(write("t.csv", **{**columns(), "y": list(names) * 30})).code == 0
    answer = run("predict", "model.shrinkwise", "t.csv")
    table = rows(answer.out)
    assert {row["prediction"] for row in table} <= set(names)
    assert list(table[0]) == ["prediction", *(f"probability of {name}" for name in names)]
    assert all(line.startswith(('"', "prediction")) for line in answer.out.splitlines())


def test_an_output_that_exists_or_cannot_be_is_refused(fit, run, numbers, tmp_path):
    fit(numbers)
    (tmp_path / "p.csv").write_text("old")
    (tmp_path / "folder").mkdir()
    for out, words in {
        "p.csv": "p.csv exists; .*--overwrite",
        "folder": "is a folder",
        "nowhere/p.csv": "the folder of nowhere/p.csv does not exist",
        "p.xlsx": "has a suffix that is not known; give it .csv, .csv.gz or .parquet",
    }.items():
        answer = run("predict", "model.shrinkwise", numbers, "-o", out)
        assert answer.code == 3
        assert re.search(f"^error: .*{words}", answer.err)
    assert (tmp_path / "p.csv").read_text() == "old"
    assert run("predict", "model.shrinkwise", numbers, "-o", "p.csv", "--overwrite").code == 0
    assert (tmp_path / "p.csv").read_text().startswith("prediction\n")


def test_a_model_that_is_none_is_refused(fit, run, numbers, tmp_path):
    fit(numbers)
    whole = (tmp_path / "model.shrinkwise").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    write_container(tmp_path / "newer", 99, {}, {}, overwrite=False)
    for name, content, words in (
        ("newer", (tmp_path / "newer").read_bytes(), "was made by a newer shrinkwise"),
        ("cut", whole[: len(whole) // 2], "truncated or damaged"),
        ("altered", bytes(flipped), "altered|damaged"),
        ("empty", b"", "is empty"),
        ("text", b"hello, world", "is not a shrinkwise model"),
    ):
        (tmp_path / name).write_bytes(content)
        for command in (["predict", name, numbers], ["show", name], ["report", name, "-o", "new.html"]):
            answer = run(*command)
            assert (answer.code, answer.out) == (3, "")
            assert re.search(f"^error: {name}.*({words})", answer.err)
    assert run("show", "nothing.shrinkwise").err.startswith("error: nothing.shrinkwise: no such file")
    assert not (tmp_path / "new.html").exists()
