"""Column names: which are there, which was meant, which are features."""

import difflib
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa

from shrinkwise.exceptions import DataError

SHOWN = 8  # names or values that a message lists before it says how many more there are


def listing(items: Iterable[str], shown: int = SHOWN) -> str:
    """``'a', 'b' and 3 more``: quoted items, the first few of them."""
    items = list(items)
    words = ", ".join(quoted(item) for item in items[:shown])
    return words if len(items) <= shown else f"{words} and {len(items) - shown} more"


def quoted(text: str, width: int = 60) -> str:
    """A cell or name as a message shows it: in quotes, on one line, not too long."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")


def argument(name: str) -> str:
    """A name as an argument of a command in a message: quoted for the shell where it needs it."""
    return shlex.quote(name) if name.isprintable() else repr(name)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 row``, ``12 rows``."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """The option nearest to `name`, or ``""``: case and spaces first, then spelling."""
    options = list(options)
    folded = {option.casefold().strip(): option for option in reversed(options)}
    if (same := folded.get(name.casefold().strip())) is not None:
        return same
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


def check_names(table: pa.Table, source: str = "the table") -> None:
    """Raise DataError if a column has no name or two columns have the same one."""
    names = table.column_names
    unnamed = [position for position, name in enumerate(names, 1) if not name.strip()]
    if unnamed:
        raise DataError(
            f"{source}: column {unnamed[0]} of {len(names)} has no name; give it one in the header, or remove it if it "
            "only holds row numbers (pandas: to_csv(..., index=False); R: write.csv(..., row.names = FALSE))"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [str(position) for position, name in enumerate(names, 1) if name == twice[0]]
        also = f" (also {listing(twice[1:])})" if len(twice) > 1 else ""
        raise DataError(
            f"{source}: the column name {quoted(twice[0])} appears {len(places)} times, as columns "
            f"{', '.join(places)}{also}; every column needs a name of its own: rename or remove the others"
        )


def check_column(table: pa.Table, name: str, role: str) -> None:
    """Raise DataError, with the name that was probably meant, if the table lacks column `name`."""
    if name not in table.column_names:
        meant = did_you_mean(name, table.column_names)
        hint = f"did you mean {quoted(meant)}?" if meant else f"its columns are {listing(table.column_names)}"
        raise DataError(f"no column {quoted(name)} in the table (asked for as {role}); {hint}")


def feature_columns(
    table: pa.Table,
    target: str | Sequence[str],
    *,
    weights: str | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    groups: str | None = None,
    folds: str | None = None,
    time: str | None = None,
    strata: str | None = None,
    exclude: Sequence[str] = (),
) -> tuple[str, ...]:
    """Name the columns that a model may learn from: all but those with a role of their own and excluded ones.

    Parameters
    ----------
    table : pyarrow.Table
    target : str, or sequence of str
    weights, offset, exposure, groups, folds, time, strata : str
        Columns with a role of their own, or None.
    exclude : sequence of str
        Further columns to leave out.

    Returns
    -------
    tuple of str
        In the order of the table.

    Raises
    ------
    DataError
        A name that is not in the table (with the nearest one that is), a column with two roles, or nothing left.

    Examples
    --------
    >>> import pyarrow as pa
    >>> feature_columns(pa.table({"a": [1], "b": [2], "y": [3]}), "y", exclude=["b"])
    ('a',)
    """
    check_names(table)
    roles = [
        *(("target", name) for name in ([target] if isinstance(target, str) else target)),
        ("weights", weights),
        ("offset", offset),
        ("exposure", exposure),
        ("groups", groups),
        ("folds", folds),
        ("time", time),
        ("strata", strata),
    ]
    used: dict[str, str] = {}
    for role, name in roles:
        if name is None:
            continue
        check_column(table, name, f"the {role}")
        if name in used:
            raise DataError(
                f"column {quoted(name)} is both the {used[name]} and the {role}; name two different columns"
            )
        used[name] = role
    for name in exclude:
        check_column(table, name, "a column to exclude")
    columns = tuple(name for name in table.column_names if name not in used and name not in exclude)
    if not columns:
        raise DataError(
            f"no column is left to learn from: the table has {listing(table.column_names)}, and each is the target, "
            "has another role or is excluded; exclude fewer columns"
        )
    return columns
