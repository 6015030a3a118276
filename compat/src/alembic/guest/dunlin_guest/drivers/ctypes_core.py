"""``ctypes`` where there is none: psycopg imports it to look for libpq, whose place our module takes."""

import sys
import types

util = types.ModuleType("ctypes.util")
util.find_library = lambda name: None


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError("ctypes.%s: there are no foreign functions in the sandbox" % name)


def install():
    """Makes ``import ctypes.util`` find its half, as a package would."""
    sys.modules.setdefault("ctypes.util", util)
