import pytest

ROUTES = {"moments": True, "rows": False}
WAYS = {"squared-moments": True, "squared-rows": False, "logistic": False}


@pytest.fixture(params=ROUTES)
def route(request, monkeypatch):
    """Both ways down the grid of the squared loss, forced."""
    monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda task: task.loss.quadratic and ROUTES[request.param])
    return request.param


@pytest.fixture(params=WAYS)
def loss(request, monkeypatch):
    """Each loss on each route that it has."""
    monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda task: task.loss.quadratic and WAYS[request.param])
    return request.param.split("-")[0]


@pytest.fixture
def take(monkeypatch):
    """take("moments") or take("rows"), inside a test."""

    def force(name):
        monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda task: task.loss.quadratic and ROUTES[name])

    return force
