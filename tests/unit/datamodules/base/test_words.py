import io

import pytest

from datamodules.base.words import counted, duration, log, nearest, tracked


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


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("seconds", [0.1, 1.5])
def test_a_bar_is_shown_on_a_terminal_over_what_takes_more_than_two_seconds(
    monkeypatch, terminal, seconds
):
    now, stream = [0.0], io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("datamodules.base.words.time.monotonic", lambda: now[0])
    found = []
    for item in tracked([1, 2, 3], "layers"):
        found.append(item)
        now[0] += seconds
    assert found == [1, 2, 3]
    assert ("layers" in stream.getvalue()) == (terminal and seconds > 1)
