"""Whatever the package exports is checked: a new loss, penalty, design or engine is found by itself."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

import shrinkwise.design
import shrinkwise.engines
import shrinkwise.losses
import shrinkwise.penalties
from shrinkwise.design import DenseDesign, Design, SparseDesign
from shrinkwise.engines import Engine, LocalEngine
from shrinkwise.losses import LOSSES, Loss
from shrinkwise.penalties import PENALTIES, ElasticNet, Penalty
from shrinkwise.testing import check_design, check_engine, check_loss, check_penalty, problems

MAKE_DESIGN = {DenseDesign: DenseDesign.of, SparseDesign: lambda X: SparseDesign.of(sparse.csc_array(X, dtype=float))}
MAKE_ENGINE = {LocalEngine: LocalEngine}

EXAMPLES = [(penalty, arguments) for penalty in PENALTIES for arguments in penalty.examples]
MORE_PENALTIES = [
    {"l1_ratio": 0.0},
    {"penalty_weights": np.array([0.0, 1.0, 2.0, 0.0])},
    {"l1_ratio": 0.5, "penalty_weights": np.zeros(4)},
    {"l1_ratio": 0.5, "penalty_weights": [1, 0, 2, 3], "lower": -0.5, "upper": np.array([0.0, 1.0, 2.0, np.inf])},
    {"l1_ratio": 0.0, "lower": 0.0, "upper": 0.2},
    {"upper": 0.0},
]


def exported(module, interface):
    values = [getattr(module, name) for name in module.__all__]
    return [v for v in values if isinstance(v, type) and issubclass(v, interface) and v is not interface]


def tables():
    """Every kind of number and layout that a storage may meet; all of them as n × p arrays."""
    rng = np.random.default_rng(7)
    X = rng.standard_normal((30, 6))
    X[:, 2] = 4.2
    X[::2, 3] = X[1::2, 4] = 0.0
    X[:, 5] = np.round(3 * X[:, 5])
    few = np.where(rng.uniform(size=X.shape) < 0.3, X, 0.0)
    far = few.copy()
    far[:, 1] = X[:, 1] + 1e6
    read_only = X.copy()
    read_only.flags.writeable = False
    yield "plain", X
    yield "mean 1e6", X + 1e6
    yield "one mean 1e6, others sparse", far
    yield "sparse", few
    yield "mixed scales", X * 10.0 ** np.arange(-9, 9, 3)
    yield "float32", X.astype(np.float32)
    yield "float32 about 1e6", (X + 1e6).astype(np.float32)
    yield "integers", np.round(5 * X).astype(np.int16)
    yield "booleans", X > 0
    yield "read-only", read_only
    yield "strided", np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::-3]
    yield "Fortran", np.asfortranarray(X)
    yield "one column", X[:, :1]
    yield "tall", rng.standard_normal((3000, 3)) - 1e4


def test_every_exported_loss_is_registered():
    assert set(map(type, LOSSES.values())) == set(exported(shrinkwise.losses, Loss))
    assert all(name == loss.name for name, loss in LOSSES.items())


def test_every_exported_penalty_is_registered():
    assert set(PENALTIES) == set(exported(shrinkwise.penalties, Penalty))


def test_every_exported_design_and_engine_is_made_here():
    assert set(MAKE_DESIGN) == set(exported(shrinkwise.design, Design))
    assert set(MAKE_ENGINE) == set(exported(shrinkwise.engines, Engine))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_loss_conforms(loss):
    check_loss(loss)


@pytest.mark.parametrize(
    ("penalty", "arguments"), EXAMPLES + [(ElasticNet, extra) for extra in MORE_PENALTIES], ids=str
)
def test_penalty_conforms(penalty, arguments):
    check_penalty(penalty(**arguments))


@pytest.mark.parametrize("kind", MAKE_DESIGN, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("table", [table for _, table in tables()], ids=[name for name, _ in tables()])
def test_design_conforms(kind, table):
    before = table.tobytes()
    check_design(MAKE_DESIGN[kind](table), table)
    assert table.tobytes() == before


@pytest.mark.parametrize("kind", MAKE_ENGINE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_engine_conforms(kind, workers):
    check_engine(MAKE_ENGINE[kind](workers))


@pytest.mark.parametrize("loss", LOSSES)
def test_problems_are_seeded_and_of_the_kinds_they_are_called(loss):
    cases, again = problems(loss, seed=3), problems(loss, seed=3)
    for case, same in zip(cases, again, strict=True):
        np.testing.assert_array_equal(case.dense, same.dense)
        np.testing.assert_array_equal(case.y, same.y)
        low, high = LOSSES[loss].domain
        assert case.y.min() >= low
        assert case.y.max() <= high
        assert np.ptp(case.y) > 0
    kinds = {case.name: case for case in cases}
    assert kinds["more features than rows"].X.shape[1] > kinds["more features than rows"].X.shape[0]
    assert 0 < np.sum(kinds["weights"].weights == 0) < 20
    assert np.sum(np.ptp(kinds["constant columns"].X, axis=0) == 0) == 2
    assert np.max(np.abs(kinds["huge means"].X.mean(axis=0))) > 1e5
    assert np.ptp(np.log10(kinds["mixed scales"].X.std(axis=0))) > 8
    assert sparse.issparse(kinds["sparse"].X)
    correlation = np.corrcoef(kinds["correlated"].X, rowvar=False)
    assert correlation.min() > 0.95
    assert np.linalg.matrix_rank(kinds["copies"].X) == 4


def test_checks_need_numpy_and_scipy_only():
    code = (
        "import sys, shrinkwise.testing; "
        "print(sorted({'numba', 'sklearn', 'pandas', 'polars', 'pyarrow', 'pytest', 'hypothesis'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
