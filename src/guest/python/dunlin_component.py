"""The module that a sandboxed guest of Python is made of: it imports everything that there is, for the snapshot that the
component becomes, and passes messages on to the guest.

``dunlin_pack``, which the builder writes, says what belongs into the component.
"""

import gc
import importlib
import importlib.util
import json
import os
import pkgutil
import platform
import random
import sys

import dunlin_pack
import wit_world

#: What needs a terminal or a display, or does something when it is imported.
_NOT_IMPORTED = {
    "_pyrepl",
    "antigravity",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "test",
    "this",
    "tkinter",
    "turtle",
    "turtledemo",
}

#: Parts of libraries that only their own tests want.
_NOT_NEEDED = ("__main__", "test", "tests", "testing", "conftest", "_test")

#: The libraries' folder. At run time its files are there in the same place.
_folder = next(folder for folder in sys.path if os.path.exists(os.path.join(folder, dunlin_pack.MARKER)))

#: Modules that could not be imported, and why.
_missing = {}


def _import_all(name):
    """Imports a module with everything below it."""
    try:
        module = importlib.import_module(name)
    except BaseException as error:  # some end the program, some have no message
        _missing[name] = "%s: %s" % (type(error).__name__, error)
        return
    _missing.pop(name, None)
    for inner in pkgutil.iter_modules(getattr(module, "__path__", ()), name + "."):
        if inner.name.split(".")[-1] not in _NOT_NEEDED:
            _import_all(inner.name)


def _preload_guest():
    # It puts things in the place of compiled modules, before libraries look for them.
    try:
        importlib.import_module(dunlin_pack.GUEST + ".preload").run()
    except ModuleNotFoundError as error:
        if error.name != dunlin_pack.GUEST + ".preload":
            raise
    for name in [*_missing, *dunlin_pack.LIBRARIES]:
        _import_all(name)
    return importlib.import_module(dunlin_pack.GUEST + ".sandbox")


class _Modules:
    """The modules of a guest, as the engine hands them over when they are not those of the snapshot."""

    def __init__(self, modules):
        self._modules = {}
        for name, text in modules:
            package = name.endswith(".__init__")
            importable = name[: -len(".__init__")] if package else name
            self._modules[importable] = ("<dunlin>/" + name.replace(".", "/") + ".py", text, package)

    def find_spec(self, name, path=None, target=None):
        if name not in self._modules:
            return None
        origin, _, package = self._modules[name]
        spec = importlib.util.spec_from_loader(name, self, origin=origin, is_package=package)
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        origin, text, _ = self._modules[module.__name__]
        exec(compile(text, origin, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        return self._modules[name][1]


def _hand_over(modules):
    """Takes these modules for the guest. All but the standard library is forgotten with the guest of the snapshot, which
    has changed the libraries; they are imported again from their files."""
    global _guest
    for name in set(sys.modules) - _standard:
        del sys.modules[name]
    sys.meta_path[:] = [_Modules(modules), *_finders]
    package = modules[0][0].split(".")[0]
    _guest = importlib.import_module(package + ".sandbox")


def _prepare(message):
    """Makes what the snapshot kept of the machine that it was made on into what it is here."""
    os.environ.clear()
    os.environ.update(message["environment"])
    # Only the libraries' folder is there at run time, in its old place.
    sys.path[:] = [_folder]
    sys.path_importer_cache.clear()
    if message["folder"] is not None:
        os.chdir(message["folder"])
    sys.argv[:] = [dunlin_pack.GUEST]
    random.seed()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    if message["modules"] is not None:
        _hand_over(message["modules"])


def _inventory():
    return {
        "interpreter": "%s %s" % (platform.python_implementation(), platform.python_version()),
        "folder": _folder,
        "missing": _missing,
    }


class WitWorld(wit_world.WitWorld):
    def converse(self, message: str) -> str:
        # The engine's own messages to this module begin with a name that no message of the protocol has.
        if message.startswith('{"component"'):
            message = json.loads(message)
            if message["component"] == "prepare":
                _prepare(message)
            return json.dumps(_inventory())
        return _guest.converse(message, wit_world.exchange)


for _name in sorted(sys.stdlib_module_names):
    if _name not in _NOT_IMPORTED:
        _import_all(_name)
_standard = set(sys.modules)
_finders = list(sys.meta_path)
_guest = _preload_guest()
# What is in the snapshot lives as long as the guest: looking through it for garbage would only copy its pages.
gc.collect()
gc.freeze()
