"""The same matrix, dense and sparse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shrinkwise.data import blocks
from shrinkwise.data.blocks import Numbers, Ones, build


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_sparse_and_dense_hold_the_same(seed, n):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n) * (rng.random(n) < 0.3)
    levels = rng.integers(-1, 4, n).astype(np.int32)
    parts = [Ones(np.where(levels < 0, -1, levels + 1).astype(np.int32)), Numbers(0, lambda: values)]
    dense = build((n, 5), parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "LARGE", 0)
        patch.setattr(blocks, "SPARSE_BELOW", 2.0)
        sparse = build((n, 5), parts)
    assert isinstance(dense, np.ndarray)
    assert dense.flags.f_contiguous
    assert sparse.format == "csc"
    assert sparse.has_sorted_indices
    np.testing.assert_array_equal(sparse.toarray(), dense)
    np.testing.assert_array_equal(dense[:, 0], values)
    assert dense[:, 1:].sum() == (levels >= 0).sum()


def test_large_and_mostly_zero_is_sparse_and_large_and_full_is_dense(monkeypatch):
    monkeypatch.setattr(blocks, "LARGE", 10)
    ones = [Ones(np.zeros(20, dtype=np.int32))]
    assert not isinstance(build((20, 5), ones), np.ndarray)
    assert isinstance(build((20, 3), ones), np.ndarray)
    assert isinstance(build((2, 5), ones[:0]), np.ndarray)
