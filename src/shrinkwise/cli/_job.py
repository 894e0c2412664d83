"""The steps of ``shrinkwise fit``, one after the other."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from shrinkwise.cli._errors import DONE, NOT_CERTIFIED
from shrinkwise.cli._options import asked_loss, check_score
from shrinkwise.cli._output import check_folder, write_together
from shrinkwise.cli._prepare import prepare
from shrinkwise.cli._say import Voice, console
from shrinkwise.cli._signals import Stop, busy, system_signals
from shrinkwise.cli.fit import Request

if TYPE_CHECKING:
    from shrinkwise.store import Model

REPORT, MODEL = "report.html", "model.shrinkwise"


def run(request: Request) -> int:
    """Do what was asked, and return the exit code."""
    loss = asked_loss(request.loss, request.task, request.exposure)
    check_folder(Path(request.out), (REPORT, MODEL), request.overwrite)
    if request.score is not None:
        check_score(request.score, survival=request.event is not None)
    say = Voice(request.quiet)
    with busy(), warnings_said(say):
        prepared = prepare(request, loss, say)
        from shrinkwise.cli._train import train

        with system_signals():  # numba, once the data are known to be good; the first time LLVM compiles for seconds
            import_module("shrinkwise.solvers._kernels")
            if prepared.encoding.groups is not None or request.grouped_outputs:
                import_module("shrinkwise.solvers._group_kernels")
        model = train(prepared, request, say)
    return deliver(model, request, say)


def deliver(model: Model, request: Request, say: Voice) -> int:
    """Show the answer, write report and model together, and return the exit code."""
    folder = Path(request.out)
    writers, show = _outputs(model)
    if not request.quiet:
        show()
    write_together(folder, writers, request.overwrite)
    try:
        return _finish(request, model, folder, say)
    except Stop as stop:
        raise Stop(stop.signum, f"{folder / REPORT} and {folder / MODEL} were written") from stop


def _outputs(model: Model) -> tuple[dict[str, Callable[[Path], None]], Callable[[], None]]:
    """What writes the files, and what prints the answer."""
    from shrinkwise.cli._document import report_input
    from shrinkwise.report import print_report, write_page
    from shrinkwise.store import save_model

    report = report_input(model)

    def show() -> None:
        sys.stderr.write("\n")
        print_report(report, console(stderr=True))
        sys.stderr.write("\n")

    return {
        REPORT: lambda path: write_page(path, report),
        MODEL: lambda path: save_model(path, model),
    }, show


def _finish(request: Request, model: Model, folder: Path, say: Voice) -> int:
    """Name the files, print the JSON, settle the exit code."""
    files = {"report": str(folder / REPORT), "model": str(folder / MODEL)}
    say(f"Wrote {files['report']} and {files['model']}.")
    if request.as_json:
        from shrinkwise.cli._document import to_json

        sys.stdout.write(to_json(model, files=files) + "\n")
        sys.stdout.flush()
    if model.certificate["certified"]:
        return DONE
    if model.network is not None:
        say(
            "Not every network stayed finite (exit code 1): those that diverged were not ranked, and the report names "
            "them; a lower --learning-rate or a smaller grid makes them rarer."
        )
        return NOT_CERTIFIED
    say(
        f"Not every fit reached the gap of {request.tol:g} (exit code 1): the files hold the numbers as they are; a "
        "larger --tol accepts them, and columns that are less alike or fewer --alphas make them easier."
    )
    return NOT_CERTIFIED


@contextmanager
def warnings_said(say: Voice) -> Iterator[None]:
    """Within, a warning is a line for the person, once."""
    with warnings.catch_warnings():
        warnings.simplefilter("once")
        warnings.simplefilter("ignore", DeprecationWarning)  # for those who write libraries
        seen: set[str] = set()

        def show(message: Warning | str, *place: object, **more: object) -> None:
            words = str(message)
            if words not in seen:
                seen.add(words)
                say(f"warning: {words}")

        warnings.showwarning = show
        yield
