import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from shrinkwise.engines import LocalEngine
from shrinkwise.engines.local import Stopped, one_blas_thread


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_workers_are_the_processors_this_process_may_use():
    assert LocalEngine().workers == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_map_keeps_the_order_and_reads_items_when_they_are_needed(workers):
    read = []

    def items():
        for i in range(100):
            read.append(i)
            yield i

    results = LocalEngine(workers).map(lambda i: i * i, items())
    assert next(results) == 0
    assert len(read) <= 3 * workers + 2  # a few wait, not all
    assert list(results) == [i * i for i in range(1, 100)]


def test_workers_end_at_their_checkpoint_after_an_interrupt():
    engine = LocalEngine(2)
    ended = threading.Event()

    def work(i):
        if i == 0:
            raise KeyboardInterrupt
        try:
            for _ in range(2000):
                time.sleep(0.005)
                engine.checkpoint()
        except Stopped:
            ended.set()
            raise

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(engine.map(work, range(50)))
    assert ended.is_set()
    assert time.monotonic() - start < 1.0
    assert list(engine.map(str, range(3))) == ["0", "1", "2"]  # the stop is forgotten


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_a_sum_within_a_second(workers, ctrl_c):
    code = textwrap.dedent(f"""
        import time
        from shrinkwise.engines import LocalEngine
        engine = LocalEngine({workers})
        def work(i):
            if i == 0:
                print("begun", flush=True)
            for _ in range(1000):
                time.sleep(0.01)
                engine.checkpoint()
            return i
        try:
            engine.sum(work, range(20))
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    assert out.split()[-1] == "interrupted"
    assert time.monotonic() - start < 1.0


def test_blas_is_held_to_one_thread_and_given_back_by_the_last():
    np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()
    with one_blas_thread():
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_blas_is_given_back_after_an_error():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert blas_threads() == before


def test_blas_is_held_to_one_thread_from_any_thread():
    before = blas_threads()

    def held():
        with one_blas_thread():
            return blas_threads()

    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            assert held() == {1}
            assert [seen.result() for seen in [pool.submit(held), pool.submit(held)]] == [{1}, {1}]
            assert blas_threads() == before
        with threadpool_limits(1, user_api="blas"):  # the caller's own, which outlasts ours
            assert pool.submit(held).result() == {1}
        assert blas_threads() == before


def test_the_thread_that_ends_last_need_not_be_the_first():
    before = blas_threads()
    begun, over = threading.Event(), threading.Event()

    def first():
        with one_blas_thread():
            begun.set()
            over.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(10)
    with one_blas_thread():
        over.set()
        thread.join()
        assert blas_threads() == {1}
    assert blas_threads() == before
