"""Where results go: checked before the work, written whole after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shrinkwise._files import check_place
from shrinkwise.cli._signals import signals_wait
from shrinkwise.exceptions import DataError, ModelFileError, UsageError


def check_output(path: Path, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before the work is done."""
    try:
        check_place(path, overwrite=overwrite)
    except UsageError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    if not os.access(path.resolve().parent, os.W_OK | os.X_OK):
        raise DataError(f"{path} cannot be written: no permission to write in its folder; choose another place")


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Within, an error of writing is one of the disk: exit code 3."""
    try:
        yield
    except (OSError, UsageError, ModelFileError) as error:
        raise _unwritable(path, error) from error


def check_folder(folder: Path, names: tuple[str, ...], overwrite: bool) -> None:
    """Refuse a folder that cannot take these files, before the work is done."""
    existing = _existing(folder)
    if not existing.is_dir():
        raise DataError(f"{existing} is a file, and --out needs a folder; choose another place")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DataError(f"nothing can be written in {existing}: permission denied; choose another place with --out")
    for name in names:
        if (folder / name).is_dir():
            raise DataError(f"{folder / name} is a folder, where a file is to be written; choose another --out")
    there = [str(folder / name) for name in names if os.path.lexists(folder / name)]
    if there and not overwrite:
        verb, what = ("exist", "them") if len(there) > 1 else ("exists", "it")
        raise DataError(
            f"{' and '.join(there)} {verb}; pass --overwrite to replace {what}, or choose another folder with --out"
        )


def write_together(folder: Path, writers: Mapping[str, Callable[[Path], None]], overwrite: bool) -> None:
    """Write several files, all of them or none: each in a hidden folder first, then all are moved to their place."""
    made = _make(folder)
    try:
        stage = Path(tempfile.mkdtemp(prefix=".shrinkwise-", dir=folder))
        try:
            for name, write in writers.items():
                write(stage / name)
            check_folder(folder, tuple(writers), overwrite)
            with signals_wait():
                _move(stage, folder, tuple(writers))
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except BaseException as error:
        for path in made:
            path.rmdir()
        if isinstance(error, OSError) or isinstance(error.__cause__, OSError):
            raise _unwritable(folder, error) from error
        raise


def _move(stage: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Put each file in its place; if one fails, those before it become what they were."""
    moved: list[str] = []
    try:
        for name in names:
            if (folder / name).exists():
                shutil.copy2(folder / name, stage / f"{name}.old")
            (stage / name).replace(folder / name)
            moved.append(name)
    except BaseException:
        for name in moved:
            old = stage / f"{name}.old"
            if old.exists():
                old.replace(folder / name)
            else:
                (folder / name).unlink()
        raise


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the new ones, innermost first."""
    existing = _existing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    chain = [folder.resolve(), *folder.resolve().parents]
    return chain[: chain.index(existing.resolve())]


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))


def _unwritable(place: Path, error: BaseException) -> DataError:
    cause = error if isinstance(error, OSError) else error.__cause__
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
    return DataError(f"{place} cannot be written: {reason}; nothing was written; choose another place")
