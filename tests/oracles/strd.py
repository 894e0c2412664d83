"""Least squares of NIST's Statistical Reference Datasets (StRD, https://www.itl.nist.gov/div898/strd/, public domain).

strd/*.csv hold data as NIST gives them (Longley's in the units of NIST); what is defined by a formula is made here.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

WAMPLER_ERRORS = [759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048]
WAMPLER_ERRORS += WAMPLER_ERRORS[9::-1]  # orthogonal to polynomials of degree 5


@dataclass(frozen=True, eq=False)
class Reference:
    """Exact data and what NIST certifies; `certified` begins with the intercept where there is one."""

    columns: list[list[Fraction]]  # without the 1s
    y: list[Fraction]
    intercept: bool
    certified: list[Decimal]

    @property
    def X(self):
        return np.array([[float(value) for value in column] for column in self.columns]).T

    @property
    def target(self):
        return np.array([float(value) for value in self.y])

    def exact(self, X=None, y=None):
        """Least squares in rational arithmetic: of the data, or of these floats."""
        columns = self.columns if X is None else [[Fraction(v) for v in column] for column in X.T.tolist()]
        y = self.y if y is None else [Fraction(v) for v in y.tolist()]
        return least_squares([[Fraction(1)] * len(y), *columns] if self.intercept else columns, y)


def least_squares(columns, y):
    """Exact coefficients: Gauss–Jordan elimination of the normal equations, in fractions."""
    rows = [[sum(a * b for a, b in zip(one, other)) for other in (*columns, y)] for one in columns]
    for k in range(len(rows)):
        pivot = next(i for i in range(k, len(rows)) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(len(rows)):
            if i != k and rows[i][k] != 0:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k])]
    return [row[-1] for row in rows]


def _read(name):
    with (Path(__file__).parent / "strd" / f"{name}.csv").open() as file:
        _, *lines = csv.reader(file)
    y, *columns = zip(*[[Fraction(word) for word in line] for line in lines])
    return list(y), [list(column) for column in columns]


def _powers(x, degree):
    return [[Fraction(value) ** k for value in x] for k in range(1, degree + 1)]


def _decimals(text):
    return [Decimal(word) for word in text.split()]


def _wampler(coefficients, errors=0):
    x = range(21)
    coefficients = [Fraction(word) for word in coefficients.split()]
    y = [sum(c * Fraction(t) ** k for k, c in enumerate(coefficients)) for t in x]
    y = [value + errors * error for value, error in zip(y, WAMPLER_ERRORS)]
    return Reference(_powers(x, 5), y, True, [Decimal(c.numerator) / Decimal(c.denominator) for c in coefficients])


def _through_zero(x, y, certified):
    return Reference(_powers(x, 1), [Fraction(value) for value in y], False, _decimals(certified))


def references():
    """Each reference by the name that NIST gives it."""
    norris, pontius, filip, longley = map(_read, ("norris", "pontius", "filip", "longley"))
    ones = "1 1 1 1 1 1"
    return {
        "Norris": Reference(norris[1], norris[0], True, _decimals("-0.262323073774029 1.00211681802045")),
        "Pontius": Reference(
            _powers(pontius[1][0], 2),
            pontius[0],
            True,
            _decimals("0.673565789473684E-03 0.732059160401003E-06 -0.316081871345029E-14"),
        ),
        "NoInt1": Reference(
            _powers(range(60, 71), 1), list(map(Fraction, range(130, 141))), False, _decimals("2.07438016528926")
        ),
        "NoInt2": Reference(
            _powers((4, 5, 6), 1), list(map(Fraction, (3, 4, 4))), False, _decimals("0.727272727272727")
        ),
        "Filip": Reference(
            _powers(filip[1][0], 10),
            filip[0],
            True,
            _decimals(
                "-1467.48961422980 -2772.17959193342 -2316.37108160893 -1127.97394098372 -354.478233703349 "
                "-75.1242017393757 -10.8753180355343 -1.06221498588947 -0.670191154593408E-01 "
                "-0.246781078275479E-02 -0.402962525080404E-04"
            ),
        ),
        "Longley": Reference(
            longley[1],
            longley[0],
            True,
            _decimals(
                "-3482258.63459582 15.0618722713733 -0.358191792925910E-01 -2.02022980381683 -1.03322686717359 "
                "-0.511041056535807E-01 1829.15146461355"
            ),
        ),
        "Wampler1": _wampler(ones),
        "Wampler2": _wampler("1 0.1 0.01 0.001 0.0001 0.00001"),
        "Wampler3": _wampler(ones, 1),
        "Wampler4": _wampler(ones, 100),
        "Wampler5": _wampler(ones, 10_000),
    }
