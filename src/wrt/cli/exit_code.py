"""What the exit code of the command wrt says."""

from enum import IntEnum


class ExitCode(IntEnum):
    """0 to 3 are about the question; the others follow sysexits.h, or are 128 + the number of the signal."""

    DONE = 0
    REFUSED = 1
    MISUSED = 2
    DISAGREED = 3
    BUG = 70
    UNWRITTEN = 74
    INTERRUPTED = 130
    UNREAD = 141
