"""How often a function of the user's really runs: wrt runs it on stand-ins without side effects, so a counter in it shows nothing."""

import sys
from contextlib import contextmanager


@contextmanager
def runs(function):
    """Yields a list that grows by one whenever the function's code is entered (traced copies of it keep name, file and line)."""
    code, seen = function.__code__, []
    key = (code.co_name, code.co_filename, code.co_firstlineno)

    def look(frame, event, arg):
        if event == "call" and (frame.f_code.co_name, frame.f_code.co_filename, frame.f_code.co_firstlineno) == key:
            seen.append(1)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield seen
    finally:
        sys.setprofile(before)
