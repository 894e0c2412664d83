"""Ctrl-C in mid-fit."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest


@pytest.mark.long
@pytest.mark.parametrize(
    ("loss", "shape"), [("squared", (3000, 6000)), ("logistic", (3000, 6000)), ("squared", (6000, 2500))]
)
@pytest.mark.parametrize("after", [0.5, 3.0, 6.0])
def test_ctrl_c_ends_a_large_fit_within_a_second(loss, shape, after, ctrl_c):
    code = textwrap.dedent(f"""
        import numpy as np
        from shrinkwise.grid import fit_grid
        rng = np.random.default_rng(0)
        X = rng.standard_normal({shape})
        y = X[:, :50].sum(axis=1) + rng.standard_normal(len(X))
        if {loss!r} == "logistic":
            y = (y > 0).astype(float)
        rows = np.arange(len(X))
        splits = [(rows[rows % 5 != k], rows[rows % 5 == k]) for k in range(5)]
        try:
            print("begun", flush=True)
            fit_grid(X, y, splits, loss={loss!r}, l1_ratios=(0.1, 0.5, 1.0))
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    time.sleep(after)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    told = process.stdout.readline()  # freeing the table and ending the process take their own time
    waited = time.monotonic() - start
    process.communicate(timeout=30)
    assert told == "interrupted\n"
    assert waited < 1.0
