"""The command as a process: what it imports, how it stops, what it does with pipes."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("ctrl_c")

COMMAND = [sys.executable, "-m", "shrinkwise"]
STOP_SECONDS = 1.0
HELP_SECONDS = 0.15  # of the processor; issue 2


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """The kernels are on disk."""
    import shrinkwise.solvers._kernels  # noqa: F401


@pytest.fixture
def process(tmp_path):
    """Run the command in a process of its own, in the folder of the tables."""

    def run(*args, **options):
        return subprocess.run(
            [*COMMAND, *map(str, args)], cwd=tmp_path, capture_output=True, text=True, timeout=60, **options
        )

    return run


@pytest.fixture
def wide(tmp_path):
    """A table whose fit takes minutes."""
    data = np.random.default_rng(0).normal(size=(600, 400))
    head = ",".join(f"x{j}" for j in range(399)) + ",y"
    np.savetxt(tmp_path / "wide.csv", data, delimiter=",", header=head, comments="", fmt="%.4f")
    return "wide.csv"


def modules(tmp_path, *args):
    """The top-level packages that a command imports."""
    code = f"""
import sys
from shrinkwise.cli import main
try:
    main({list(args)!r})
except SystemExit as end:
    sys.stdout = sys.stderr
    print("MODULES", *sorted(sys.modules))
    raise
"""
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    return {name.split(".")[0] for name in answer.stderr.split("MODULES ")[1].split()}


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["fit", "--help"], ["predict", "--help"]])
def test_help_imports_click_and_no_library(args, tmp_path):
    assert "click" in modules(tmp_path, *args)
    assert not modules(tmp_path, *args) & {"numpy", "scipy", "pyarrow", "numba", "sklearn", "rich", "pandas", "asyncio"}


def test_help_is_there_at_once(process):
    seconds = []
    for _ in range(5):
        before = os.times()
        assert process("--help").returncode == 0
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < HELP_SECONDS


def test_predict_show_and_report_import_neither_numba_nor_scikit_learn(fit, numbers, tmp_path):
    fit(numbers)
    heavy = {"numba", "llvmlite", "sklearn", "pandas", "polars", "narwhals"}
    assert not modules(tmp_path, "predict", "model.shrinkwise", numbers) & (heavy | {"rich"})
    assert not modules(tmp_path, "show", "model.shrinkwise", "--json") & heavy
    assert not modules(tmp_path, "report", "model.shrinkwise", "-o", "again.html") & heavy


def test_fit_imports_numba_but_no_other_framework(numbers, tmp_path):
    used = modules(tmp_path, "fit", numbers, "--target", "y", "--folds", "3", "--alphas", "5")
    assert "numba" in used
    assert not used & {"sklearn", "pandas", "polars", "narwhals", "jinja2", "click_completion"}


def test_a_bad_table_is_refused_before_numba_is_imported(write, tmp_path, process):
    table = write("t.csv", a=[1, 2], y=[3, 3])
    code = f"""
import sys
from shrinkwise.cli import main
try:
    main(["fit", {table!r}, "--target", "y"])
finally:
    print("numba" in sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (3, "False\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("seconds", [0.4, 2.5])
def test_a_signal_ends_the_fit_within_a_second_and_leaves_nothing(number, code, seconds, wide, tmp_path):
    task = [*COMMAND, "fit", wide, "--target", "y", "--out", "out"]
    with subprocess.Popen(task, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(seconds)
        process.send_signal(number)
        sent = time.monotonic()
        said = process.communicate(timeout=30)[1]
    assert time.monotonic() - sent < 2 * STOP_SECONDS, "twice as long, since other tests run beside this one"
    if seconds > 1 or process.returncode != -number:  # while kernels are loaded, the system ends the process, silently
        assert (process.returncode, said.splitlines()[-1]) == (code, "interrupted; nothing was written")
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_very_first_compilation_at_once(number, wide, tmp_path):
    task = [*COMMAND, "fit", wide, "--target", "y", "--out", "out"]
    fresh = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    with subprocess.Popen(task, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=fresh) as process:
        assert any("features" in line for line in process.stderr), "the last line before the fit"
        time.sleep(1)
        process.send_signal(number)
        sent = time.monotonic()
        said = process.communicate(timeout=30)[1]
    assert time.monotonic() - sent < 2 * STOP_SECONDS
    assert process.returncode == -number  # a shell calls it 128 + number
    assert said == ""
    assert not (tmp_path / "out").exists()


def test_two_signals_are_as_clean_as_one(wide, tmp_path):
    task = [*COMMAND, "fit", wide, "--target", "y"]
    with subprocess.Popen(task, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1.5)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        said = process.communicate(timeout=30)[1]
    assert process.returncode in (130, -signal.SIGINT)  # the latter while the kernels are loaded
    assert "Traceback" not in said


MOMENTS = {  # of death: what is replaced, and by what
    "with one file staged": ("shrinkwise.store.save_model", "die"),
    "with one file in its place": (
        "shutil.copy2",
        "lambda *place: die() if place[0].name.startswith('model') else None",
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_process_leaves_whole_files(moment, fit, run, numbers, tmp_path):
    fit(numbers)
    old = {name: (tmp_path / name).read_bytes() for name in ("model.shrinkwise", "report.html")}
    place, action = MOMENTS[moment]
    module, name = place.rsplit(".", 1)
    code = f"""
import os, signal, {module}
from shrinkwise.cli import main
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{name} = {action}
main(["fit", {numbers!r}, "--target", "y", "--overwrite", "--folds", "3", "--alphas", "9"])
"""
    killed = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "model.shrinkwise").read_bytes() == old["model.shrinkwise"]
    assert run("show", "model.shrinkwise").code == 0
    page = (tmp_path / "report.html").read_bytes()
    assert page.endswith(b"</html>\n")
    assert (page == old["report.html"]) == (moment == "with one file staged")
    assert fit(numbers, "--overwrite").code == 0


def test_a_reader_that_goes_away_leaves_no_trace(fit, write, tmp_path):
    table = write(
        "t.csv", **{name: np.round(np.random.default_rng(i).normal(size=20_000), 3) for i, name in enumerate("aby")}
    )
    fit(table)
    for args in ("predict model.shrinkwise t.csv", "show model.shrinkwise --json", "show model.shrinkwise", "--help"):
        shell = f"{sys.executable} -m shrinkwise {args} | head -c 20; exit ${{PIPESTATUS[0]}}"
        answer = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert answer.returncode in (0, 141)
        assert (len(answer.stdout), answer.stderr) == (20, "")


def test_a_full_or_closed_stdout_is_a_sentence_or_nothing(fit, numbers, tmp_path):
    fit(numbers)
    for redirection, code, words in ((">/dev/full", 3, "No space left on device"), (">&-", 0, "")):
        shell = f"{sys.executable} -m shrinkwise show model.shrinkwise {redirection}"
        answer = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert answer.returncode == code
        assert words in answer.stderr
        assert len(answer.stderr.splitlines()) == (1 if words else 0)


def test_any_locale_and_encoding_will_do(write, process):
    table = write("t.csv", **{"größe\u202f日": range(30), "y": [row * row % 7 for row in range(30)]})
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    answer = process("fit", table, "--target", "y", "--folds", "3", "--alphas", "5", env=environment)
    assert answer.returncode == 0, answer.stderr
    answer = process("show", "model.shrinkwise", env=environment)
    assert (answer.returncode, answer.stderr) == (0, "")
