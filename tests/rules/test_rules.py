"""Rules from their words."""

import pytest

from shrinkwise.exceptions import UsageError
from shrinkwise.rules import parse_rule


@pytest.mark.parametrize(
    ("words", "kind", "number"),
    [
        ("min", "min", 0),
        ("1se", "1se", 0),
        ("k=7", "k", 7),
        ("within=2.5%", "within", 2.5),
        ("aic", "aic", 0),
        ("aicc", "aicc", 0),
        ("bic", "bic", 0),
        ("ebic", "ebic", 1),
        ("ebic:0.5", "ebic", 0.5),
        ("ebic:0", "ebic", 0),
    ],
)
def test_words_name_a_kind_and_a_number(words, kind, number):
    rule = parse_rule(words)
    assert (rule.words, rule.kind, rule.number) == (words, kind, number)
    assert rule.is_criterion == ("ic" in kind)


@pytest.mark.parametrize("words", ["cheapest within 1se", "cheapestwithin1se"])
def test_the_cheapest_model_has_one_name(words):
    rule = parse_rule(words)
    assert (rule.words, rule.kind) == ("cheapest within 1se", "cheapest")
    assert rule.needs_costs
    assert not rule.is_criterion
    assert not parse_rule("1se").needs_costs


@pytest.mark.parametrize(
    "words", ["", "cheapest", "AIC", "ebic:", "ebic:-1", "ebic=1", "bic:1", "k=", "within=1", None, 1]
)
def test_other_words_are_refused_with_the_list(words):
    with pytest.raises(UsageError, match=r'rule must be "min", .*"ebic:<gamma>".*, got'):
        parse_rule(words)


def test_a_gamma_beyond_one_is_refused():
    with pytest.raises(UsageError, match=r"gamma of ebic must be in \[0, 1\], got 1.5"):
        parse_rule("ebic:1.5")
