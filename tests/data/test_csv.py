"""Hostile CSV files: each is refused in a sentence that says where and what to do, or read right."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shrinkwise.data import describe, read_table, table_notes
from shrinkwise.exceptions import DataError


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


def types(table):
    return {field.name: str(field.type) for field in table.schema}


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_utf8_is_read_with_any_line_end(write, bom, end):
    text = end.join(["größe,ort", "1.5,Köln", "2,Łódź", ""])
    table = read_table(write(bom + text.encode()))
    assert table.to_pydict() == {"größe": [1.5, 2.0], "ort": ["Köln", "Łódź"]}
    assert table_notes(table) == ()


@pytest.mark.parametrize("name", ["table.csv.gz", "table.csv"])
def test_gzip_is_unpacked_whatever_its_name(write, name):
    assert read_table(write(gzip.compress(b"a,b\n1,2\n"), name)).to_pydict() == {"a": [1], "b": [2]}


def test_plain_text_named_gz_is_read(write):
    assert read_table(write("a,b\n1,2\n", "table.csv.gz")).num_rows == 1


def test_quoted_fields_may_hold_commas_quotes_and_line_ends(write):
    table = read_table(write('a,b\n"x, ""y""\nz",1\nw,2\n'))
    assert table.to_pydict() == {"a": ['x, "y"\nz', "w"], "b": [1, 2]}


@pytest.mark.parametrize(
    "word", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", ".", "?", "#N/A", "<NA>", " NA "]
)
def test_spellings_of_missing(write, word):
    table = read_table(write(f"a,b\n1,x\n{word},{word}\n3,z\n"))
    assert table.to_pydict() == {"a": [1, None, 3], "b": ["x", None, "z"]}


def test_spaces_around_names_and_cells_are_dropped(write):
    table = read_table(write("a , b, c\n 1 , x, NA\n2,y , 3.5\n"))
    assert table.to_pydict() == {"a": [1, 2], "b": ["x", "y"], "c": [None, 3.5]}


@pytest.mark.parametrize(("delimiter", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
def test_other_delimiters_are_found_and_told(write, delimiter, word):
    table = read_table(write(f"a{delimiter}b\n1{delimiter}2\n"))
    assert table.column_names == ["a", "b"]
    assert word in table_notes(table)[0]


def test_a_tsv_is_read_with_tabs_though_a_name_holds_a_comma(write):
    assert read_table(write("a,b\tc\n1\t2\n", "table.tsv")).column_names == ["a,b", "c"]


def test_one_column_without_delimiters_is_a_table(write):
    assert read_table(write("a\n1\n2\n")).to_pydict() == {"a": [1, 2]}


def test_named_text_columns_keep_their_digits(write):
    table = read_table(write("zip,x\n01067,1\n20095,2\n"), text=["zip", "not there"])
    assert table.to_pydict() == {"zip": ["01067", "20095"], "x": [1, 2]}


def test_text_columns_are_not_made_numbers_by_their_padding(write):
    assert read_table(write("zip\n 01067\nNA\n"), text=["zip"]).to_pydict() == {"zip": ["01067", None]}


def test_wrong_encoding_names_byte_line_and_remedy(write):
    message = refusal(write("ort,x\nBonn,1\nKöln,2\n".encode("cp1252")))
    assert "not UTF-8" in message
    assert "byte 0xF6 at position 14 (line 3" in message
    assert "Köln" in message
    assert "iconv -f WINDOWS-1252 -t UTF-8" in message


def test_wrong_encoding_in_the_header_is_refused_too(write):
    assert "line 1" in refusal(write("größe,x\n1,2\n".encode("latin-1")))


def test_utf16_is_refused_with_the_remedy(write):
    assert "UTF-16" in refusal(write("a,b\n1,2\n".encode("utf-16")))
    assert "not a text file" in refusal(write("a,b\n1,2\n".encode("utf-16-le")))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(write, content):
    assert "is empty" in refusal(write(content))


@pytest.mark.parametrize("content", ["a,b\n", "a,b", "a,b\n\n\n"])
def test_a_header_without_rows_is_refused(write, content):
    message = refusal(write(content))
    assert "header ('a', 'b') but no rows" in message


def test_ragged_rows_name_the_line_and_both_numbers(write):
    message = refusal(write('a,b,c\n1,2,3\n"x\ny",2,3\n1,2\n1,2,3,4\n'))
    assert "line 5 has 2 fields, but the header has 3 (1 later row too)" in message


def test_a_row_that_is_longer_than_the_header_is_ragged(write):
    assert "line 2 has 3 fields, but the header has 2" in refusal(write("a,b\n1,2,3\n"))


def test_a_quote_that_is_never_closed_is_named_by_its_line(write):
    message = refusal(write('a,b\n1,2\n"3,4\n' + "5,6\n" * 50))
    assert "line 3" in message
    assert "is a quote opened there and never closed?" in message


def test_repeated_column_names_are_refused(write):
    message = refusal(write("a,b, a\n1,2,3\n"))
    assert "'a' appears 2 times, as columns 1, 3" in message


def test_a_column_without_a_name_is_refused(write):
    message = refusal(write(",a\n1,2\n"))
    assert "column 1 of 2 has no name" in message
    assert "index=False" in message


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"PK\x03\x04rest", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"<!DOCTYPE html>", "web page"),
        (b'{"a": 1}', "JSON"),
        (b"BZh91AY", "bunzip2"),
        (b"SQLite format 3\0", "SQLite"),
        (b"a,b\n1,\x002\n", "byte 0 at position 6"),
    ],
)
def test_files_that_are_no_text_are_named(write, head, word):
    assert word in refusal(write(head))


def test_a_gzip_file_that_is_cut_short_is_refused(write):
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    assert "damaged or cut short" in refusal(write(packed[:-9], "table.csv.gz"))
    assert "damaged or cut short" in refusal(write(packed[:20], "table.csv.gz"))


def test_a_tall_file_of_many_blocks_keeps_its_rows_and_quoted_line_ends(write):
    row = '"two\nlines",1.5,' + "x" * 100 + "\n"
    table = read_table(write("a,b,c\n" + row * 30_000))
    assert table.num_rows == 30_000
    assert table.column("a").unique().to_pylist() == ["two\nlines"]


PIECES = [
    "a",
    "b",
    "1",
    "2.5",
    "NA",
    '"',
    ",",
    ",",
    ",",
    "\n",
    "\n",
    "\r",
    " ",
    ";",
    "\t",
    "é",
    "\0",
    "inf",
    "{",
    "\u2028",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(["utf-8", "latin-1", "utf-16"]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_file_is_read_or_refused_in_a_sentence(write, text, encoding):
    path = write(text.encode(encoding, "ignore"))
    try:
        table = read_table(path)
    except DataError as error:
        assert "cannot be read as CSV" not in str(error)  # the words for what nobody foresaw
    else:
        assert len(set(table.column_names)) == table.num_columns
        assert table.num_rows > 0
        assert all(name.strip() for name in table.column_names)


def test_types_are_found(write):
    table = read_table(write("n,x,flag,day,word\n1,1.5,true,2024-03-31,a\n2,,false,,b\n"))
    assert types(table) == {"n": "int64", "x": "double", "flag": "bool", "day": "date32[day]", "word": "string"}
    expected = "2 rows, 5 columns (3 numeric, 1 text, 1 date), 2 missing cells in 2 columns"
    assert str(describe(table)) == expected
