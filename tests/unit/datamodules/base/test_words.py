import io
from typing import ClassVar

import pytest

from datamodules.base import words
from datamodules.base.words import counted, duration, log, nearest, tracked, working


@pytest.mark.parametrize(
    ("name", "cutoff", "found"),
    [("Closing", 0.0, "close"), ("OPEN", 0.0, "open"), ("xyz", 0.5, ""), ("opne", 0.5, "open")],
)
def test_the_nearest_option_is_found_case_aside(name, cutoff, found):
    assert nearest(name, ["open", "close"], cutoff) == found


def test_no_option_is_nearest_to_none():
    assert nearest("open", []) == ""


def test_a_count_agrees_with_its_noun():
    assert counted(1, "stock") == "1 stock"
    assert counted(3601, "stock") == "3,601 stocks"


@pytest.mark.parametrize(("seconds", "words"), [(49.6, "50 s"), (2460, "41 min"), (12600, "3.5 h")])
def test_a_duration_comes_in_the_unit_that_fits(seconds, words):
    assert duration(seconds) == words


def test_a_log_line_goes_to_stderr_as_it_is_and_not_at_all_when_quiet(capsys):
    log("data.without=[is_st] does without")
    log("said by another", quiet=True)
    assert capsys.readouterr() == ("", "data.without=[is_st] does without\n")


class Clock:
    """In place of a timer's thread: its two seconds pass when a test says so."""

    pending: ClassVar[list] = []

    def __init__(self, seconds, then):
        assert seconds == 2.0
        self.pending.append(then)

    def start(self):
        pass

    def cancel(self):
        self.pending.clear()

    def join(self):
        pass


def let_it_pass():
    while Clock.pending:
        Clock.pending.pop()()


def watched(monkeypatch, terminal=True):
    """What is written to stderr, from here on: pytest takes stderr back after a fixture."""
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("datamodules.base.words.Timer", Clock)
    monkeypatch.setenv("TERM", "xterm")
    return stream


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("long", [True, False])
def test_a_bar_is_shown_on_a_terminal_over_what_takes_more_than_two_seconds(
    monkeypatch, terminal, long
):
    stream, found = watched(monkeypatch, terminal), []
    for item in tracked([1, 2, 3], "layers"):
        found.append(item)
        if long:
            let_it_pass()
    assert found == [1, 2, 3]
    assert ("layers" in stream.getvalue()) == (terminal and long)


def test_a_bar_within_another_is_a_row_of_it_and_both_go_with_their_blocks(monkeypatch):
    stream = watched(monkeypatch)
    with working("evaluate v2"):
        for _ in tracked([1], "layers"):
            let_it_pass()
    assert "evaluate v2" in stream.getvalue()
    assert "layers" in stream.getvalue()
    assert words._bar is None


def test_no_bar_stays_after_a_mistake(monkeypatch):
    watched(monkeypatch)
    with pytest.raises(KeyError), working("evaluate v2"):
        raise KeyError
    assert words._bar is None
