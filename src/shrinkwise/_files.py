"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import IO

from shrinkwise.exceptions import UsageError


def write_whole(path: str | PathLike[str], write: Callable[[IO[bytes]], object], *, overwrite: bool = False) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in its place.

    After a crash or Ctrl-C the path holds either what it held before, or all of the new content.

    Raises
    ------
    UsageError
        If the file exists and ``overwrite`` is False, or cannot be written.
    """
    place = Path(path)
    target = place.resolve()
    check_place(place, overwrite=overwrite)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:80]}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _unwritable(place, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        check_place(place, overwrite=overwrite)
        Path(temporary).replace(target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(place, error) from error
        raise


def check_place(path: str | PathLike[str], *, overwrite: bool = False) -> None:
    """Refuse, in words, a path that cannot take a new file."""
    place = Path(path)
    target = place.resolve()
    if target.is_dir():
        raise UsageError(f"{place} is a folder; give the name of a file in it")
    if not target.parent.is_dir():
        raise UsageError(f"the folder of {place} does not exist; create it, or choose another place")
    if target.exists() and not overwrite:
        raise UsageError(f"{place} exists; choose another name, or pass --overwrite (overwrite=True) to replace it")


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror or error}; nothing was changed; choose another place")
