"""Groups of features in a model file: kept, checked, and not asked of files that were written before there were any."""

import dataclasses

import pytest

from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import load_model, save_model
from shrinkwise.store.container import read_container
from tests.store.conftest import make_model

GROUPS = ("", "a", "a", "\u202eevil", "\u202eevil")


def with_groups(groups, sparse_ratio=0.0):
    model = make_model()
    return dataclasses.replace(
        model, result=dataclasses.replace(model.result, groups=groups, sparse_ratio=sparse_ratio)
    )


def test_groups_come_back(path):
    save_model(path, with_groups(GROUPS, 0.25))
    loaded = load_model(path).result
    assert loaded.groups == GROUPS
    assert loaded.sparse_ratio == 0.25


def test_a_grid_without_them_writes_none(path):
    save_model(path, make_model())
    _, content, _ = read_container(path, 1)
    assert not {"groups", "sparse_ratio"} & set(content["result"])
    old = load_model(path).result
    assert old.groups is None
    assert old.sparse_ratio is None


def test_groups_without_their_mix_are_refused(path):
    with pytest.raises(ModelFileError, match="groups and sparse_ratio must come together"):
        save_model(path, with_groups(GROUPS, None))


@pytest.mark.parametrize(
    ("groups", "words"), [(GROUPS[:3], "3 groups for 5 features"), ((0, 1, 1, 1, 1), "groups must all be text")]
)
def test_groups_that_do_not_fit_the_features_are_refused(path, groups, words):
    with pytest.raises(ModelFileError, match=words):
        save_model(path, with_groups(groups))
    assert not path.exists()
