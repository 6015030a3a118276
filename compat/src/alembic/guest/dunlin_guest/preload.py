"""For the pre-initialisation of the sandbox: imports what revisions may import, once, into the snapshot."""

import gc
import importlib
import os
import pkgutil
import sys

# Not importable, not useful, or with effects when imported.
_SKIPPED = ("antigravity", "this", "idlelib", "tkinter", "turtle", "turtledemo", "ensurepip", "lib2to3")
_SKIPPED += ("pydoc_data", "_pyrepl", "test", "__main__", "dunlin_guest", "pip", "wheel", "setuptools")
_PARTS = ("testing", "tests", "mypy", "pytestplugin", "cyextension", "__main__")


def run(libraries=("sqlalchemy", "alembic", "mako")):
    """Imports the guest, the standard library and some packages whole; gives the names that could not be."""
    from dunlin_guest import asynchrony, standins

    standins.install()
    asynchrony.install()
    # aiomysql asks for the user's name when it is imported.
    unnamed = os.environ.setdefault("LOGNAME", "nobody") == "nobody"
    failed = []
    for name in sorted(getattr(sys, "stdlib_module_names", ())):
        if name not in _SKIPPED and not name.startswith("_"):
            failed.extend(_import_all(name, deep=True))
    # The drivers first: they import our halves of them, which import theirs.
    for name in tuple(libraries) + DRIVERS + ("dunlin_guest",):
        failed.extend(_import_all(name, deep=True))
    if unnamed:
        del os.environ["LOGNAME"]
    # All of it stays: looking through it for garbage would take time, and memory that the snapshot shares until then.
    gc.collect()
    gc.freeze()
    return failed


#: The Python halves of drivers that a pack may hold; those that it does not are skipped.
DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pymysql", "aiomysql", "MySQLdb", "aiosqlite")


def _import_all(name, deep):
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        return [(name, "%s: %s" % (type(error).__name__, error))]
    failed = []
    if deep and hasattr(module, "__path__"):
        for found in pkgutil.iter_modules(module.__path__, name + "."):
            if not any(part in found.name.split(".") or part in found.name for part in _PARTS):
                failed.extend(_import_all(found.name, found.ispkg))
    return failed
