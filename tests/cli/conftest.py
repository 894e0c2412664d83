"""The command in this process, and small tables for it."""

import csv
from dataclasses import dataclass

import numpy as np
import pytest

from shrinkwise.cli import main

QUICK = ("--folds", "3", "--alphas", "8", "--l1-ratio", "1")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """Run the command in an empty folder; stdout and stderr as the process would write them."""
    monkeypatch.chdir(tmp_path)

    def command(*args):
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(arg) for arg in args])
        return Answer(end.value.code, *capfd.readouterr())

    return command


@pytest.fixture
def fit(run):
    """``shrinkwise fit`` with a small grid."""
    return lambda table, *args, target="y": run("fit", table, "--target", target, *QUICK, *args)


@pytest.fixture
def write(tmp_path):
    """Write a CSV: a name, a header and columns."""

    def table(name, **columns):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        return name

    return table


def columns(n=60, seed=0):
    """Two features and a target that follows the first."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    return {"a": a, "b": b, "y": 2 * a + rng.normal(size=n)}


@pytest.fixture
def numbers(write):
    return write("numbers.csv", **columns())


@pytest.fixture
def classes(write):
    values = columns()
    return write("classes.csv", **{**values, "y": np.where(values["y"] > 0, "yes", "no")})


@pytest.fixture
def files(tmp_path):
    """Names of all that lies in the folder, hidden ones too, but the tables."""
    return lambda: sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".csv")
