"""Write examples/diabetes64.csv: the 64 features of the "quadratic model" of Efron et al. (2004).

From the 10 baseline measures of examples/diabetes_raw.csv, each centered and scaled to standard deviation 1 (1/n):
the 10 themselves, the 45 products of two (`age:sex`, ...) and the 9 squares (`age^2`, ...). There is no `sex^2`: sex
has two values, so its square says nothing that sex does not. The target `y` stays as it is.

Run it as ``python examples/make_diabetes64.py``. It needs no package, and since the means and standard deviations are
rounded from exact sums, it writes the same file on every machine.
"""

import csv
from itertools import combinations
from pathlib import Path
from statistics import fmean, pstdev

HERE = Path(__file__).parent
SOURCE = HERE / "diabetes_raw.csv"
RESULT = HERE / "diabetes64.csv"
TARGET = "y"
BINARY = "sex"

Columns = dict[str, list[float]]


def standardized(column: list[float]) -> list[float]:
    """The column with mean 0 and standard deviation 1."""
    mean, sd = fmean(column), pstdev(column)
    return [(value - mean) / sd for value in column]


def quadratic_features(baseline: Columns) -> Columns:
    """Standardized columns, then their products of two, then their squares."""
    scaled = {name: standardized(column) for name, column in baseline.items()}
    pairs = {f"{a}:{b}": (a, b) for a, b in combinations(scaled, 2)}
    squares = {f"{name}^2": (name, name) for name in scaled if name != BINARY}
    products = {name: [u * v for u, v in zip(scaled[a], scaled[b])] for name, (a, b) in (pairs | squares).items()}
    return scaled | products


def main() -> None:
    """Read the baseline measures, write the features and the target."""
    with SOURCE.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    columns = {name: [float(cell) for cell in cells] for name, cells in zip(names, zip(*rows))}
    target = columns.pop(TARGET)
    table = quadratic_features(columns) | {TARGET: target}
    with RESULT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table)
        writer.writerows([f"{value:.10g}" for value in row] for row in zip(*table.values()))


if __name__ == "__main__":
    main()
