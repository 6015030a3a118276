"""Which line of the project is running, as the stack tells."""

import os
import sys

#: Folders whose code is the project's, but for installed packages in them.
_roots = []
_cache = {}
_real_folders = {}

_PACKAGES = ("site-packages", "dist-packages")

# SQLAlchemy asks for the server's version, default schema and the like from functions inside of
# create_engine(): sqlalchemy/engine/create.py, in 1.3 sqlalchemy/engine/strategies.py.
_INITIALISERS = (
    os.path.join("sqlalchemy", "engine", "create.py"),
    os.path.join("sqlalchemy", "engine", "strategies.py"),
)
_INITIALISING = frozenset(("first_connect", "on_connect", "do_on_connect"))


def set_project(folder, import_paths=()):
    """The project's folder, and folders from which it imports; those of installed packages are not its own."""
    own = [path for path in import_paths if not holds_packages(path)]
    _roots[:] = [os.path.join(os.path.realpath(path), "") for path in [folder] + own if path]
    _cache.clear()
    _real_folders.clear()


def holds_packages(folder):
    """Whether a folder is one of installed packages."""
    return os.path.basename(os.path.normpath(folder)) in _PACKAGES


def add_revision(filename):
    """A revision's file makes its folder the project's; where it is part of an installed package, that is the project."""
    if in_project(filename):
        return
    folder = os.path.dirname(os.path.realpath(filename))
    for packages in _PACKAGES:
        before, found, inner = folder.rpartition(os.sep + packages + os.sep)
        if found:
            folder = before + found + inner.split(os.sep)[0]
            break
    _roots.append(os.path.join(folder, ""))
    _cache.clear()


def in_project(filename):
    """Whether a file is the project's own code."""
    known = _cache.get(filename)
    if known is None:
        known = _cache[filename] = _is_of_project(filename)
    return known


def _is_of_project(filename):
    if not _roots or filename.startswith("<"):
        return False
    path = _real(filename)
    for root in _roots:
        if path.startswith(root):
            inner = path[len(root) :].replace("\\", "/").split("/")
            if not any(part in _PACKAGES for part in inner):
                return True
    return False


def _real(filename):
    """A file's real path. Revisions share a folder, whose own is looked up once."""
    if os.path.islink(filename):
        return os.path.realpath(filename)
    folder, name = os.path.split(filename)
    if folder not in _real_folders:
        _real_folders[folder] = os.path.realpath(folder)
    return os.path.join(_real_folders[folder], name)


def running():
    """(path, line) of the innermost frame in the project, and whether SQLAlchemy is introducing itself."""
    path = line = None
    initialising = False
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if path is None:
            # This is asked of every frame for every statement: what is known is looked up here.
            own = _cache.get(code.co_filename)
            if own or (own is None and in_project(code.co_filename)):
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
