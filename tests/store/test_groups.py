"""Groups of features in a model file: kept, checked, and not asked of files that were written before there were any."""

import dataclasses

import pytest

from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import load_model, save_model
from shrinkwise.store.checks import LATER_TYPES
from shrinkwise.store.container import read_container, write_container
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


def test_a_file_without_them_is_read(path, tmp_path):
    save_model(path, make_model())
    schema, content, arrays = read_container(path, 1)
    for name in LATER_TYPES:
        del content["result"][name]
    write_container(tmp_path / "old.shrinkwise", schema, content, arrays, False)
    old = load_model(tmp_path / "old.shrinkwise").result
    assert old.groups is None
    assert old.sparse_ratio == 0


@pytest.mark.parametrize(
    ("groups", "words"), [(GROUPS[:3], "3 groups for 5 features"), ((0, 1, 1, 1, 1), "groups must all be text")]
)
def test_groups_that_do_not_fit_the_features_are_refused(path, groups, words):
    with pytest.raises(ModelFileError, match=words):
        save_model(path, with_groups(groups))
    assert not path.exists()
