"""The entry: signals, errors and exit codes around the command group."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from shrinkwise.cli._signals import Stop, stop_by_exception

# New objects between two looks for garbage. Imports make half a million and no garbage: Python's own 700 costs 0.4 s.
GARBAGE = 100_000


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit.

    Parameters
    ----------
    args : sequence of str, optional
        Default: those of the process.
    """
    if args is None:  # a process of its own
        gc.set_threshold(GARBAGE)
        sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - it was closed; open until the end
        sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    arguments = list(sys.argv[1:] if args is None else args)
    try:
        with stop_by_exception():
            from shrinkwise.cli.group import shrinkwise  # click: from here on Ctrl-C is answered

            with shrinkwise.make_context("shrinkwise", arguments[:] or ["--help"], obj=arguments) as context:
                code = shrinkwise.invoke(context) or 0
            sys.stdout.flush()
    except Stop as stop:
        sys.stderr.write(f"{stop}\n")
        code = stop.code
    except BaseException as error:
        from shrinkwise.cli._errors import USAGE, exit_code

        code = exit_code(error, debug="--debug" in arguments[:1]) if arguments else USAGE
    if args is None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interpreter that is going down answers with a stack trace
    sys.exit(code)
