"""Several files: all of them or none."""

import os
import signal

import pytest

from shrinkwise.cli._output import check_folder, check_output, write_together
from shrinkwise.cli._signals import Stop, signals_wait, stop_by_exception
from shrinkwise.exceptions import DataError

pytestmark = pytest.mark.usefixtures("ctrl_c")


def writers(**texts):
    return {name: (lambda path, text=text: path.write_text(text)) for name, text in texts.items()}


def failing(error):
    def write(path):
        path.write_text("half")
        raise error

    return write


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_all_files_are_written_and_folders_made(tmp_path):
    folder = tmp_path / "new" / "deep"
    write_together(folder, writers(one="1", two="2"), overwrite=False)
    assert content(folder) == {"one": "1", "two": "2"}


@pytest.mark.parametrize("error", [ValueError("bug"), OSError(28, "No space left on device"), Stop()])
def test_if_the_second_fails_nothing_is_left(error, tmp_path):
    folder = tmp_path / "new" / "deep"
    with pytest.raises(DataError if isinstance(error, OSError) else type(error)):
        write_together(folder, {**writers(one="1"), "two": failing(error)}, overwrite=True)
    assert list(tmp_path.iterdir()) == []


def test_if_the_second_fails_the_old_ones_stay(tmp_path):
    write_together(tmp_path, writers(one="old", two="old"), overwrite=False)
    with pytest.raises(DataError, match="No space left on device; nothing was written"):
        write_together(tmp_path, {**writers(one="1"), "two": failing(OSError(28, "No space left on device"))}, True)
    assert content(tmp_path) == {"one": "old", "two": "old"}


@pytest.mark.parametrize("old", [True, False])
def test_if_the_second_cannot_be_moved_the_first_is_what_it_was(old, tmp_path, monkeypatch):
    if old:
        write_together(tmp_path, writers(one="old", two="old"), overwrite=False)
    before = content(tmp_path)
    replace = type(tmp_path).replace

    def fail_on_two(self, target):
        if self.name == "two":
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(type(tmp_path), "replace", fail_on_two)
    with pytest.raises(DataError, match="Input/output error"):
        write_together(tmp_path, writers(one="1", two="2"), overwrite=True)
    assert content(tmp_path) == before


def test_a_file_that_appeared_meanwhile_is_not_replaced(tmp_path):
    def write(path):
        path.write_text("2")
        (tmp_path / "one").write_text("somebody else's")

    with pytest.raises(DataError, match="one exists; pass --overwrite"):
        write_together(tmp_path, {**writers(one="1"), "two": write}, overwrite=False)
    assert content(tmp_path) == {"one": "somebody else's"}


def test_a_folder_in_the_place_of_a_file_and_a_dangling_link_are_refused(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match="one is a folder, where a file is to be written"):
        check_folder(tmp_path, ("one",), overwrite=True)
    with pytest.raises(DataError, match="two exists"):
        check_folder(tmp_path, ("two",), overwrite=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="permission"):
        check_folder(tmp_path, ("one",), overwrite=True)
    with pytest.raises(DataError, match="permission"):
        check_output(tmp_path / "one", overwrite=True)
    tmp_path.chmod(0o700)


def test_a_permission_that_is_lacking_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(DataError, match="permission denied"):
        check_folder(tmp_path / "new", ("one",), overwrite=True)
    with pytest.raises(DataError, match="no permission"):
        check_output(tmp_path / "one", overwrite=True)


def stopped(action):
    with pytest.raises(Stop) as stop:
        stop_by_exception()(action)()
    return stop.value


def test_a_signal_stops_but_waits_where_it_is_told_to():
    done = []

    def action():
        with signals_wait():
            signal.raise_signal(signal.SIGTERM)
            done.append(1)
        done.append(2)

    stop = stopped(action)
    assert done == [1]
    assert (str(stop), stop.code) == ("interrupted; nothing was written", 128 + signal.SIGTERM)


def test_an_error_after_a_signal_is_its_consequence():
    def action():
        try:
            signal.raise_signal(signal.SIGINT)
        except Stop:
            raise ImportError("half a module") from None

    assert stopped(action).code == 130


def test_a_second_signal_does_not_break_into_the_cleaning_up():
    cleaned = []

    def action():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            cleaned.append(True)

    assert stopped(action).code == 130
    assert cleaned == [True]
