"""Runs a guest whose modules come down the pipe, so that nothing of it has to lie on a disk.

Standard input begins with a JSON list of [dotted name, text], of as many bytes as the argument says. All of them are of
one package, whose ``__main__`` is run as ``python FOLDER`` runs a folder's; the others can be imported.
"""

import importlib.abc
import importlib.util
import json
import os
import sys


class _Modules(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def __init__(self, modules):
        self._modules = {}
        for name, text in modules:
            package = name.endswith(".__init__")
            importable = name[: -len(".__init__")] if package else name
            self._modules[importable] = (_file(name), text, package)

    def find_spec(self, name, path=None, target=None):
        if name not in self._modules:
            return None
        origin, _, package = self._modules[name]
        spec = importlib.util.spec_from_loader(name, self, origin=origin, is_package=package)
        spec.has_location = True
        return spec

    def is_package(self, name):
        return self._modules[name][2]

    # Tracebacks show lines of the modules through this.
    def get_source(self, name):
        return self._modules[name][1]

    def get_code(self, name):
        origin, text, _ = self._modules[name]
        return compile(text, origin, "exec", dont_inherit=True)


def _read(length):
    # Not through sys.stdin, which would read on into the messages behind the modules.
    parts = []
    while length:
        part = os.read(0, length)
        if not part:
            os._exit(1)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _file(name):
    return "<dunlin>/" + name.replace(".", "/") + ".py"


def _run(modules):
    sys.meta_path.insert(0, _Modules(modules))
    package = modules[0][0].split(".")[0]
    main = package + ".__main__"
    file = _file(main)
    sys.argv[:] = [file]
    # Where a script's folder stands; `python -c` has put the current folder there.
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    sys.path.insert(0, os.path.dirname(file))
    names = sys.modules["__main__"].__dict__
    names.update(__file__=file, __package__=package, __doc__=None)
    exec(compile(dict(modules)[main], file, "exec", dont_inherit=True), names)


_run(json.loads(_read(int(sys.argv[1])).decode("utf-8")))
