import json
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.result import GridResult
from shrinkwise.testing import problems
from tests.grid.splits import folds


def same(one, other):
    for field in fields(GridResult):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name == "coefs":
            assert [len(row) for row in left] == [len(row) for row in right]
            for a, b in zip((m for row in left for m in row), (m for row in right for m in row), strict=True):
                assert a.shape == b.shape
                np.testing.assert_array_equal(a.toarray(), b.toarray())
        elif field.name == "unpenalized":
            assert (left is None) == (right is None)
            if left is not None:
                for part in fields(left):
                    np.testing.assert_array_equal(getattr(left, part.name), getattr(right, part.name))
        else:
            assert type(left) is type(right), field.name
            np.testing.assert_array_equal(left, right, err_msg=field.name)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["well-conditioned", "more features than rows", "constant columns"])
def test_a_result_survives_the_way_through_json_and_arrays(loss, name):
    case = next(case for case in problems(loss) if case.name == name)
    n, p = case.X.shape
    grid = fit_grid(
        case.X,
        case.y,
        folds(n),
        loss=loss,
        l1_ratios=(0.5, 1.0),
        alphas=5,
        feature_names=[f"Größe {j}" for j in range(p)],
        classes=("no", "yes") if loss == "logistic" else None,
        degrees_of_freedom=True,
    )
    header, arrays = grid.to_arrays()
    header = json.loads(json.dumps(header))
    assert all(isinstance(array, np.ndarray) and array.dtype.kind in "fib" for array in arrays.values())
    back = GridResult.from_arrays(header, arrays)
    same(grid, back)
    assert back.table("1se") == grid.table("1se")
    assert back.select("min") == grid.select("min")


def test_a_result_from_before_information_criteria_is_read():
    case = problems()[0]
    header, arrays = fit_grid(case.X, case.y, folds(40), alphas=3, degrees_of_freedom=True).to_arrays()
    later = {"full_deviance", "degrees_of_freedom", "n_weighted"}
    assert later <= header.keys() | arrays.keys()
    old = [{key: value for key, value in part.items() if key not in later} for part in (header, arrays)]
    back = GridResult.from_arrays(*old)
    assert back.full_deviance is back.degrees_of_freedom is back.n_weighted is None
    assert back.select("1se").index == GridResult.from_arrays(header, arrays).select("1se").index
    assert not later & set().union(*back.to_arrays())


def test_a_result_without_the_unpenalized_fit_survives_too():
    case = problems()[0]
    grid = fit_grid(case.X, case.y, folds(40), alphas=3, unpenalized=False)
    same(grid, GridResult.from_arrays(*grid.to_arrays()))


@pytest.mark.parametrize("damage", ["indices", "indptr"])
def test_coefficients_that_point_outside_are_refused(damage):
    case = problems()[0]
    header, arrays = fit_grid(case.X, case.y, folds(40), alphas=3).to_arrays()
    arrays = dict(arrays)
    broken = arrays[f"coefs_{damage}"].copy()
    broken[-1] += 1000
    arrays[f"coefs_{damage}"] = broken
    with pytest.raises(ValueError):
        GridResult.from_arrays(header, arrays)


def test_reading_a_result_needs_no_solver():
    code = (
        "import sys, shrinkwise.result; "
        "print(sorted({'numba', 'sklearn', 'shrinkwise.solvers', 'shrinkwise.grid'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
