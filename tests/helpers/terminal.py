"""A command on a pseudo-terminal, and what a user would read there."""

import os
import pty
import re
import signal
import sys
from collections.abc import Sequence


def shown(words: Sequence[str], stop_at: str = "") -> tuple[int, str]:
    """Exit status, and everything that was on the screen at some time, without escape codes.

    Args:
        words: Of the command.
        stop_at: Pattern of what has to be on the screen for Ctrl-C to be typed, once.
    """
    process, terminal = pty.fork()
    if process == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # tests in the background ignore Ctrl-C
        os.environ |= {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
        os.execv(sys.executable, [sys.executable, "-m", "alphanet_pl", *words])
    text = ""
    while block := _read(terminal):
        text += re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", block).replace("\r", "\n")
        if stop_at and re.search(stop_at, text):
            os.write(terminal, b"\x03")
            stop_at = ""
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), text


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # the other end is closed
        return ""
