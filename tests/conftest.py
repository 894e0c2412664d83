"""What tests of several rooms share."""

import signal

import pytest


@pytest.fixture
def ctrl_c():
    """Ctrl-C is heard here and in processes started from here: a shell starts jobs with ``&`` deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
