"""What may reach a terminal."""

import pytest

from shrinkwise.cli._say import Voice, one_line, say, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("10\u202f000 Zürich 日本", "10\u202f000 Zürich 日本"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egnp", "\\u202egnp"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_cannot_be_seen_is_escaped(text, shown):
    assert visible(text) == shown


def test_a_message_is_one_line(capsys):
    assert one_line("two\nlines\r") == "two lines\\r"
    say("two\nlines")
    assert capsys.readouterr().err == "two lines\n"


def test_a_long_message_is_wrapped_between_words_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "50")
    say("several words " * 10)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 50
    assert " ".join(line.strip() for line in lines) == ("several words " * 10).strip()


def test_a_quiet_voice_says_nothing_and_draws_nothing(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    Voice(quiet=True)("word")
    assert capsys.readouterr().err == ""
    assert (Voice(quiet=True).on_terminal, Voice(quiet=False).on_terminal) == (False, True)
