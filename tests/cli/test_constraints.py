"""``shrinkwise fit --positive --negative --unpenalized``: what is asked of coefficients by names of columns."""

import numpy as np
import pytest

from shrinkwise import load_model


@pytest.fixture
def table(write):
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((3, 120))
    kind = rng.integers(3, size=120)
    y = a - b + 0.2 * c + np.array([0.0, 0.5, 1.0])[kind] + rng.standard_normal(120)
    gaps = np.where(np.arange(120) % 9 == 0, "", b)
    return write("t.csv", a=a, b=gaps, c=c, kind=[f"k{i}" for i in kind], y=y)


def coefficients(model="model.shrinkwise"):
    model = load_model(model)
    return dict(zip(model.feature_names, model.coef, strict=True)), model


def test_signs_hold_in_every_fit_of_the_grid(fit, table):
    assert fit(table, "--positive", "b", "--negative", "c,a", "--rule", "min").code == 0
    coef, model = coefficients()
    at = {name: place for place, name in enumerate(model.feature_names)}
    assert coef["b"] == coef["a"] == 0
    for line in model.result.coefs:
        for coefs in line:
            assert np.all(coefs.toarray()[:, at["b"]] >= 0)
            assert np.all(coefs.toarray()[:, [at["a"], at["c"]]] <= 0)


def test_what_is_not_penalized_is_in_from_the_first_strength(fit, table):
    assert fit(table, "--unpenalized", "c", "--unpenalized", "kind").code == 0
    _, model = coefficients()
    first = dict(zip(model.feature_names, model.result.coef(0, 0), strict=True))
    assert first["c"] != 0
    assert sum(value != 0 for name, value in first.items() if name.startswith("kind")) >= 2
    assert first["a"] == first["b"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--positive", "a", "--negative", "a"], 2, "'a' cannot be both --positive and --negative"),
        (["--positive", "kind"], 2, "--positive 'kind': it holds text"),
        (["--positive", "aa"], 3, "did you mean 'a'"),
        (["--positive", "y"], 2, "--positive 'y': it is no feature"),
        (["--unpenalized", "c", "--exclude", "c"], 2, "--unpenalized 'c': it is no feature"),
        (["--unpenalized", "kind", "--group-categoricals"], 2, "cannot go with --group-categoricals"),
    ],
)
def test_what_cannot_be_is_said(fit, table, arguments, code, words):
    answer = fit(table, *arguments)
    assert answer.code == code
    assert words in answer.err
