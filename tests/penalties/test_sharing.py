import numpy as np

from shrinkwise.penalties import ElasticNet


def test_rows_that_are_equal_are_one_array():
    weights = np.array([1.0, 2.0, 0.5])
    one, other = ElasticNet(0.5, penalty_weights=weights).rows(3), ElasticNet(0.5, penalty_weights=2 * weights).rows(3)
    shared = other.sharing(one)
    assert shared.lower is one.lower
    assert shared.upper is one.upper
    for own, now in zip(other.vectors, shared.vectors, strict=True):
        np.testing.assert_array_equal(own, now)
