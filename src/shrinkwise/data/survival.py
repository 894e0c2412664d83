"""Times and events of a table as one target, and the strata in which they are compared."""

import numpy as np
import pyarrow as pa

from shrinkwise.data.column import kind_of, number_cells
from shrinkwise.data.names import check_column, check_names, counted, quoted
from shrinkwise.data.target import Target, refuse_or_drop
from shrinkwise.exceptions import DataError


def take_survival(table: pa.Table, time: str, event: str, drop_missing: bool = False) -> Target:
    """Take how long each row was followed, and whether an event ended it.

    Parameters
    ----------
    table : pyarrow.Table
    time : str
        A column of numbers above zero.
    event : str
        A column of booleans, or of 1 and, for a time that is censored, 0.
    drop_missing : bool
        Leave out the rows where either is missing, instead of refusing them.

    Returns
    -------
    Target
        Of the task "survival"; its values are the times and the events, (n, 2).

    Raises
    ------
    DataError
        No such column, cells that are missing, no numbers or out of range, no event at all.

    Examples
    --------
    >>> import pyarrow as pa
    >>> take_survival(pa.table({"days": [3, 5], "died": [True, False]}), "days", "died").values
    array([[3., 1.],
           [5., 0.]])
    """
    check_names(table)
    if time == event:
        raise DataError(f"column {quoted(time)} is both the time and the event; name two different columns")
    columns = []
    for name, role, rule in (
        (time, "time", "times are above zero"),
        (event, "event", "an event is 1, a censored time 0"),
    ):
        check_column(table, name, f"the {role}")
        column = table.column(name)
        if kind_of(column.type) not in ("number", "empty"):
            raise DataError(f"the {role} {quoted(name)} holds {column.type} values; {rule}")
        values = number_cells(column, name)
        sound = values > 0 if role == "time" else (values == 0) | (values == 1)
        wrong = np.flatnonzero(~(sound | np.isnan(values)))
        if len(wrong):
            raise DataError(
                f"the {role} {quoted(name)} is {values[wrong[0]]:g} in row {wrong[0] + 1} (not counting the header), "
                f"and {rule}; mend or leave out {counted(len(wrong), 'row')}"
            )
        if not drop_missing:
            refuse_or_drop(name, ~np.isnan(values), False)
        columns.append(values)
    both = np.column_stack(columns)
    rows = np.asarray(~np.isnan(both).any(axis=1))
    notes = refuse_or_drop(f"{time}, {event}", rows, drop_missing)
    happened = int(both[rows, 1].sum())
    if not happened:
        raise DataError(f"the event {quoted(event)} is 0 in all {len(both[rows])} rows: there is nothing to compare")
    notes += (f"Survival: {counted(happened, 'event')} of {event!r} in {counted(len(both[rows]), 'row')}.",)
    return Target(f"{time}, {event}", "survival", both[rows], None, rows, notes, (time, event))
