"""Puts drivers of ours where the project's database drivers have their compiled half.

A database driver is Python on top of something that talks to a server: a C extension, or a socket. The Python
half is the project's own and runs unmodified, so that what it does to statements and values is what it always
did. Only the other half is replaced, when it is imported.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys

#: Modules that are C extensions in the original, and ours in their place.
REPLACED = {
    "psycopg2._psycopg": "dunlin_guest.drivers.psycopg2_core",
    "_sqlite3": "dunlin_guest.drivers.sqlite3_core",
    "psycopg.pq.pq_ctypes": "dunlin_guest.drivers.psycopg_pq",
    "MySQLdb._mysql": "dunlin_guest.drivers.mysqldb_core",
    "asyncpg.connection": "dunlin_guest.drivers.asyncpg_core",
    "asyncpg.pool": "dunlin_guest.drivers.asyncpg_core",
    "asyncpg.protocol": "dunlin_guest.drivers.asyncpg_core",
    "aiosqlite.core": "dunlin_guest.drivers.aiosqlite_core",
}

if sys.platform == "wasi":
    # It switches stacks in assembler.
    REPLACED["greenlet"] = "dunlin_guest.drivers.greenlet_core"
    # It calls foreign machine code.
    REPLACED["ctypes"] = "dunlin_guest.drivers.ctypes_core"

#: Modules that are changed after they were imported, and the function of ours that does it.
CHANGED = {
    "pymysql.connections": ("dunlin_guest.drivers.pymysql_socket", "install"),
    "aiomysql.connection": ("dunlin_guest.drivers.mysql_streams", "change_aiomysql"),
    "asyncmy.connection": ("dunlin_guest.drivers.mysql_streams", "change_asyncmy"),
    "sqlalchemy.dialects.postgresql.asyncpg": ("dunlin_guest.drivers.asyncpg_core", "change_dialect"),
    "alembic.util.pyfiles": ("dunlin_guest.imports", "change_loading_of_revisions"),
    "psycopg._conninfo_attempts": ("dunlin_guest.drivers.psycopg_pq", "one_attempt"),
    "psycopg._conninfo_attempts_async": ("dunlin_guest.drivers.psycopg_pq", "one_attempt_async"),
}

#: Modules that must not be found, so that the driver takes its Python implementation.
HIDDEN = ("psycopg_c", "psycopg_binary")


class _Replacement(importlib.abc.Loader):
    def __init__(self, ours):
        self._ours = ours

    def create_module(self, spec):
        return importlib.import_module(self._ours)

    def exec_module(self, module):
        pass


class _Changed(importlib.abc.Loader):
    """Loads a module as its own loader does, and changes it then."""

    def __init__(self, loader, module, function):
        self._loader, self._module, self._function = loader, module, function

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        getattr(importlib.import_module(self._module), self._function)(module)

    def __getattr__(self, name):
        # get_source() and others, for tracebacks and importlib.resources.
        return getattr(self._loader, name)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in REPLACED:
            spec = importlib.machinery.ModuleSpec(name, _Replacement(REPLACED[name]))
            spec.origin = "dunlin"
            return spec
        if name in HIDDEN:
            raise ModuleNotFoundError("No module named %r" % name, name=name)
        if name in CHANGED:
            for finder in sys.meta_path:
                if finder is self or not hasattr(finder, "find_spec"):
                    continue
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    spec.loader = _Changed(spec.loader, *CHANGED[name])
                    return spec
        return None


def genuine_sqlite3():
    """The interpreter's own sqlite3, for databases that are none of the engine's; None where there is none."""
    global _genuine
    if _genuine is None:
        ours = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_sqlite3(name)}
        finders = sys.meta_path[:]
        sys.meta_path[:] = [finder for finder in finders if not isinstance(finder, _Finder)]
        try:
            _genuine = importlib.import_module("sqlite3")
        except ImportError:
            return None
        finally:
            sys.meta_path[:] = finders
            for name in [name for name in sys.modules if _is_sqlite3(name)]:
                del sys.modules[name]
            sys.modules.update(ours)
    return _genuine


_genuine = None


def _is_sqlite3(name):
    return name == "_sqlite3" or name.split(".")[0] == "sqlite3"


def _renew_sqlite3(core):
    """In a pack that has an earlier guest of ours: what sqlite3 took from that one, whose own source is not at hand."""
    sys.modules["_sqlite3"] = core
    for name in ("sqlite3.dbapi2", "sqlite3"):
        if name in sys.modules:
            vars(sys.modules[name]).update(
                (key, value) for key, value in vars(core).items() if not key.startswith("_")
            )


def install(server=None):
    """Before anything of the project is imported."""
    global _genuine
    from dunlin_guest.drivers import sqlite3_core

    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        genuine = sys.modules.get("_sqlite3")
        if genuine is not None and genuine.__name__ == sqlite3_core.__name__:
            _renew_sqlite3(sqlite3_core)
        elif genuine is not None and genuine is not sqlite3_core:
            _genuine = sys.modules.get("sqlite3")
            for name in [name for name in sys.modules if _is_sqlite3(name)]:
                del sys.modules[name]
        for name, (module, function) in CHANGED.items():
            if name in sys.modules:
                getattr(importlib.import_module(module), function)(sys.modules[name])
        sys.meta_path.insert(0, _Finder())
        if "ctypes" in REPLACED:
            importlib.import_module(REPLACED["ctypes"]).install()
    sqlite3_core.configure(server)
