"""Errors as one line on stderr, and as an exit code."""

from __future__ import annotations

import os
import sys
import traceback

import click

from shrinkwise.cli._say import one_line, say
from shrinkwise.exceptions import DataError, ModelFileError, ShrinkwiseError

DONE, NOT_CERTIFIED, USAGE, BAD_DATA, BUG = 0, 1, 2, 3, 70  # 70: EX_SOFTWARE of BSD's sysexits
BROKEN_PIPE = 128 + 13  # as a shell reports a process that SIGPIPE ended


def exit_code(error: BaseException, *, debug: bool = False) -> int:
    """Say what happened, in one line on stderr, and return the code to exit with."""
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):  # rich: SystemExit
        _drop_stdout()
        return BROKEN_PIPE
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if debug:
        traceback.print_exception(error)
    words, code = _answer(error)
    say(words)
    return code


def _answer(error: BaseException) -> tuple[str, int]:
    """The line and the code."""
    if isinstance(error, DataError | ModelFileError):
        return f"error: {one_line(str(error))}", BAD_DATA
    if isinstance(error, ShrinkwiseError):
        return f"error: {one_line(str(error))}", USAGE
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = f" (see `{context.command_path} --help`)" if context is not None else ""
        return f"error: {one_line(error.format_message()).rstrip('.')}{hint}", USAGE
    if isinstance(error, MemoryError):
        return "error: there is not enough memory for this; use fewer columns, rows or folds", BAD_DATA
    if isinstance(error, OSError):
        return f"error: the system refused: {one_line(str(error))}", BAD_DATA
    kind = f"{type(error).__name__}: {one_line(str(error))}"
    return (
        f"error: this should not have happened, and it is a fault of shrinkwise, not yours ({kind}); please report it "
        "with this line, the command, and what `shrinkwise --debug` before the same command prints"
    ), BUG


def _drop_stdout() -> None:
    """Nobody reads stdout any more: what is left in its buffer goes nowhere, without another error at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
