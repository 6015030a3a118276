"""Which line of the project is running, as the stack tells."""

import os
import sys

#: Files whose code is the project's: those in it, outside of folders of installed packages.
_project = None
_cache = {}

# SQLAlchemy asks for the server's version, default schema and the like from functions inside of
# create_engine(): sqlalchemy/engine/create.py, in 1.3 sqlalchemy/engine/strategies.py.
_INITIALISERS = (
    os.path.join("sqlalchemy", "engine", "create.py"),
    os.path.join("sqlalchemy", "engine", "strategies.py"),
)
_INITIALISING = ("first_connect", "on_connect", "do_on_connect")


def set_project(folder):
    global _project
    _project = os.path.join(os.path.realpath(folder), "") if folder else None
    _cache.clear()


def in_project(filename):
    """Whether a file is the project's own code."""
    known = _cache.get(filename)
    if known is None:
        known = _cache[filename] = _is_of_project(filename)
    return known


def _is_of_project(filename):
    if not _project or filename.startswith("<"):
        return False
    path = os.path.realpath(filename)
    if not path.startswith(_project):
        return False
    inner = path[len(_project) :].replace("\\", "/").split("/")
    return not any(part in ("site-packages", "dist-packages") for part in inner)


def running():
    """(path, line) of the innermost frame in the project, and whether SQLAlchemy is introducing itself."""
    path = line = None
    initialising = False
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if path is None and in_project(code.co_filename):
            path, line = code.co_filename, frame.f_lineno
        if code.co_name in _INITIALISING and code.co_filename.endswith(_INITIALISERS):
            initialising = True
        frame = frame.f_back
    return path, line, initialising


def innermost(traceback):
    """(path, line) of the innermost frame of a traceback in the project, or (None, None)."""
    found = (None, None)
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if in_project(filename):
            found = (filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found
