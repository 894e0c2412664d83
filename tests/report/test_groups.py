"""What page and terminal say of groups."""

import dataclasses

import numpy as np

from shrinkwise.report.page import render_page
from shrinkwise.report.words import groups_sentence
from tests.report.conftest import HOSTILE, report_on
from tests.report.test_terminal import printed


def test_the_groups_of_the_chosen_model_are_named_with_their_features(diabetes):
    chosen = report_on(diabetes).chosen
    kept = diabetes.coef(chosen.ratio, chosen.index) != 0
    first = int(np.flatnonzero(kept)[0])
    names = ["out"] * 64
    names[first], names[int(np.flatnonzero(~kept)[0])] = "in", ""
    names = ["" if inside and name != "in" else name for inside, name in zip(kept, names, strict=True)]
    report = report_on(dataclasses.replace(diabetes, groups=tuple(names)))
    sentence = "The chosen model keeps 1 of 2 groups of features: in (1 feature)."
    assert groups_sentence(report) == sentence
    assert sentence in render_page(report)
    assert sentence in " ".join(printed(report).split())


def test_nothing_is_said_without_groups(diabetes):
    for groups in (None, ("",) * 64):
        assert groups_sentence(report_on(dataclasses.replace(diabetes, groups=groups))) == ""


def test_names_of_groups_cannot_attack(diabetes):
    names = tuple(HOSTILE[number % len(HOSTILE)] for number in range(64))
    report = report_on(dataclasses.replace(diabetes, groups=names))
    page = render_page(report)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\x1b" not in printed(report)
    assert all(len(line) <= 80 for line in printed(report).splitlines())
