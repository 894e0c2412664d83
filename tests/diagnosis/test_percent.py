"""A share has the digits that its error deserves."""

import math

import numpy as np
import pytest

from shrinkwise.diagnosis.percent import percent


@pytest.mark.parametrize(
    ("share", "se", "words"),
    [
        (0.163, 0.069, "16.3 ± 6.9 %"),
        (0.003, 0.0051, "0.30 ± 0.51 %"),
        (0.00078, 0.00089, "0.08 ± 0.09 %"),
        (0.481, 0.004, "48.10 ± 0.40 %"),
        (-1.5, 0.2, "−150 ± 20 %"),
        (-0.0001, 0.01, "0.0 ± 1.0 %"),
    ],
)
def test_errors_have_two_digits_at_most(share, se, words):
    assert percent(share, se) == words


@pytest.mark.parametrize("none", [math.nan, 0.0, math.inf])
def test_a_share_without_an_error_has_two_digits(none):
    shares = {0.5: "50 %", 0.053: "5.3 %", 0.0053: "0.53 %", 0.00053: "0.05 %", 1.234: "123 %", 0.0: "0 %"}
    assert {share: percent(share, none) for share in shares} == shares


def test_a_sign_is_written_where_it_is_asked_for():
    assert percent(0.02, signed=True) == "+2.0 %"
    assert percent(-0.02, signed=True) == "−2.0 %"
    assert percent(-0.0001, 0.01, signed=True) == "0.0 ± 1.0 %"


def test_what_is_no_number_is_a_dash():
    assert percent(math.nan) == percent(np.inf, 0.1) == "–"


def test_next_to_nothing_is_nothing_without_a_sign():
    assert percent(1e-8, 1e-9, signed=True) == percent(-1e-8, 0.0) == percent(0.0) == percent(1e-12) == "0 %"
    assert percent(-1e-6, 2e-4) == "0.00 ± 0.02 %"
    assert percent(0.5, 1e-12) == "50 %"
