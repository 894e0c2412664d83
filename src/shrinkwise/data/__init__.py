"""Data in: files and frames as Arrow tables, the target, and the encoding that every fold learns by itself.

``read_table`` → ``take_target``, ``feature_columns`` → ``expand`` → ``leak_warnings``, ``encode`` for a fit;
``read_table`` → ``Encoder.from_dict(…).transform`` for a prediction.
"""

from shrinkwise.data.checks import check_folds, leak_warnings
from shrinkwise.data.encode import Encoder, learn, output_space
from shrinkwise.data.expand import Expansion, expand
from shrinkwise.data.folds import Encoding, encode
from shrinkwise.data.frames import to_table
from shrinkwise.data.names import check_column, did_you_mean, feature_columns, quoted
from shrinkwise.data.roles import take_groups, take_offset, take_weights
from shrinkwise.data.survival import take_survival
from shrinkwise.data.table import TableSummary, describe, read_table, table_notes
from shrinkwise.data.target import Target, take_known_target, take_target, take_targets, task_of
from shrinkwise.data.times import take_times

__all__ = [
    "Encoder",
    "Encoding",
    "Expansion",
    "TableSummary",
    "Target",
    "check_column",
    "check_folds",
    "describe",
    "did_you_mean",
    "encode",
    "expand",
    "feature_columns",
    "leak_warnings",
    "learn",
    "output_space",
    "quoted",
    "read_table",
    "table_notes",
    "take_groups",
    "take_known_target",
    "take_offset",
    "take_survival",
    "take_target",
    "take_targets",
    "take_times",
    "take_weights",
    "task_of",
    "to_table",
]
