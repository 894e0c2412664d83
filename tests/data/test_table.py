"""What `read_table` does with paths and formats, and what it costs to import."""

import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest

from shrinkwise.data import describe, read_table, table_notes
from shrinkwise.exceptions import DataError

TABLE = pa.table({"a": [1.5, None, 2.0], "b": ["x", "y", None]})


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_parquet_is_known_by_its_content(tmp_path, name):
    parquet.write_table(TABLE, tmp_path / name)
    assert read_table(tmp_path / name).to_pydict() == TABLE.to_pydict()


def test_feather_is_read(tmp_path):
    feather.write_feather(TABLE, tmp_path / "t.feather")
    assert read_table(str(tmp_path / "t.feather")).to_pydict() == TABLE.to_pydict()


def test_feather_of_the_old_version_is_named(tmp_path):
    (tmp_path / "t.feather").write_bytes(b"FEA1....")
    assert "old version 1" in refusal(tmp_path / "t.feather")


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
def test_a_truncated_file_is_refused(tmp_path, name):
    path = tmp_path / name
    (parquet.write_table if name.endswith("parquet") else feather.write_feather)(TABLE, path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "damaged or cut short" in refusal(path)


@pytest.mark.parametrize(("content", "words"), [(b"", "is empty"), (b"a,b\n1,2\n", "starts with b'a,b")])
def test_a_suffix_that_promises_another_format_is_refused(tmp_path, content, words):
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    assert words in refusal(path)


def test_parquet_without_rows_or_with_repeated_names_is_refused(tmp_path):
    parquet.write_table(TABLE.slice(0, 0), tmp_path / "t.parquet")
    assert "2 columns but no rows" in refusal(tmp_path / "t.parquet")
    parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "t.parquet")
    assert "'a' appears 2 times" in refusal(tmp_path / "t.parquet")


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
def test_text_that_is_not_utf8_inside_is_refused(tmp_path, name):
    offsets, data = pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")
    wrong = pa.table({"a": pa.Array.from_buffers(pa.string(), 1, [None, offsets, data])})
    (parquet.write_table if name.endswith("parquet") else feather.write_feather)(wrong, tmp_path / name)
    assert "damaged" in refusal(tmp_path / name)


def test_a_pandas_index_in_parquet_is_no_column(tmp_path):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"a": [1, 2]}, index=["r", "s"]).to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.column_names == ["a"]
    assert "index" in table_notes(table)[0]


def test_a_missing_file_is_refused_with_the_nearest_name(tmp_path):
    (tmp_path / "houses.csv").write_text("a\n1\n")
    message = refusal(tmp_path / "House.csv")
    assert message.startswith("there is no file")
    assert f"did you mean {tmp_path / 'houses.csv'}?" in message
    assert "did you mean" not in refusal(tmp_path / "zzz")
    assert "nor a directory" in refusal(tmp_path / "no" / "houses.csv")


def test_a_directory_is_refused_with_the_tables_in_it(tmp_path):
    assert "is a directory; give a file" in refusal(tmp_path)
    (tmp_path / "houses.csv").write_text("a\n1\n")
    assert "houses.csv" in refusal(tmp_path)


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe")


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")

    def forbid(*_args, **_options):
        raise PermissionError

    monkeypatch.setattr(type(path), "open", forbid)
    assert "permission denied" in refusal(path)


def test_a_table_is_described_with_every_kind_of_missing_cell():
    table = pa.table({"x": [1.0, float("nan"), None], "w": ["a", " NA ", None], "e": pa.nulls(3), "l": [[1], [2], [3]]})
    summary = describe(table)
    assert (summary.n_number, summary.n_text, summary.n_other) == (1, 1, 2)
    assert (summary.n_missing, summary.n_missing_columns) == (7, 3)
    assert "7 missing cells in 3 columns" in str(summary)


def test_reading_and_encoding_a_csv_imports_no_framework(tmp_path):
    """pyarrow imports pandas at many a call where it is installed: 0.5 s that no fit needs."""
    (tmp_path / "t.csv").write_text("a,b,flag\n" + "1.5,x,true\n,y,false\n3,x,true\n" * 10)
    code = f"""
import sys
from shrinkwise.data import *
table = read_table({str(tmp_path / "t.csv")!r})
str(describe(table))
target = take_target(table, "flag")
expansion = expand(table, feature_columns(table, "flag"), rows=target.rows)
leak_warnings(expansion, target)
encoding = encode(expansion, [])
Encoder.from_dict(encoding.encoder.to_dict()).transform(table, encoding.names)
print(*({{"pandas", "polars", "sklearn", "numba", "narwhals", "pyarrow.parquet"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == []
