"""What revisions import: finding it, and saying before anything runs what cannot be had."""

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

from dunlin_guest import frames, wire


def extend_path(paths):
    """Puts folders at the front of sys.path, in their order."""
    for path in reversed(paths):
        if path in sys.path:
            sys.path.remove(path)
        sys.path.insert(0, path)


# -- packages whose __init__ cannot be executed


class _Emptied(importlib.abc.Loader):
    """Makes a package that has its folder, but not what its ``__init__`` would have put into it."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__dunlin_emptied__ = True


class _EmptiedFinder(importlib.abc.MetaPathFinder):
    """Finds packages of the project whose ``__init__`` failed, so that their sub-modules can be imported."""

    def __init__(self):
        self.folders = {}

    def find_spec(self, name, path=None, target=None):
        folder = self.folders.get(name)
        if folder is None:
            return None
        spec = importlib.machinery.ModuleSpec(name, _Emptied(), is_package=True)
        spec.submodule_search_locations = [folder]
        return spec


_emptied = _EmptiedFinder()
_engine = None


def install(engine):
    global _engine
    _engine = engine
    if _emptied not in sys.meta_path:
        sys.meta_path.insert(1, _emptied)


def import_module(name):
    """Imports a module; where a package above it fails, without that package's ``__init__``.

    Only packages of the project are emptied so, and only when importing them as they are failed.
    """
    while True:
        before = set(sys.modules)
        try:
            return importlib.import_module(name)
        except (ImportError, OSError, AttributeError, RuntimeError, KeyError, ValueError, TypeError) as error:
            for added in set(sys.modules) - before:
                del sys.modules[added]
            if not _empty_a_parent(name, error):
                raise


def _empty_a_parent(name, error):
    """Empties the innermost package above a module that failed by itself; whether there was one."""
    parts = name.split(".")
    for length in range(1, len(parts)):
        package = ".".join(parts[:length])
        if package in _emptied.folders or package in sys.modules:
            continue
        spec = _find(package)
        if spec is None or not spec.submodule_search_locations or not spec.origin:
            return False
        if not frames.in_project(spec.origin):
            return False
        folder = list(spec.submodule_search_locations)[0]
        _emptied.folders[package] = folder
        _warn(
            "%s is used without its __init__, which cannot be imported: %s" % (package, _reason(error))
        )
        return True
    return False


def _find(name):
    try:
        return importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None


def _warn(text):
    try:
        _engine.log("warning", "dunlin", text)
    except wire.EngineError:
        pass


# -- what a file needs


def problems(path, source):
    """``load``: what keeps a file from being run, as the protocol's problems."""
    try:
        tree = ast.parse(source, path)
        compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return [{"path": path, "line": line, "reason": "%s: %s" % (type(error).__name__, error)}]
    found = []
    for node in _imports(tree):
        for name, attribute in _names(node):
            reason = _cannot_import(name, attribute)
            if reason is not None:
                what = name if attribute is None else "%s.%s" % (name, attribute)
                found.append({"path": path, "line": node.lineno, "import": what, "reason": reason})
                break
    return found


def _imports(tree):
    """Import statements, also in functions, but not those whose failure the code itself expects."""
    guarded = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_catches_import_error(handler) for handler in node.handlers):
            for statement in node.body:
                guarded.update(id(inner) for inner in ast.walk(statement))
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            for statement in node.body:
                guarded.update(id(inner) for inner in ast.walk(statement))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in guarded:
            yield node


def _catches_import_error(handler):
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        getattr(kind, "id", getattr(kind, "attr", None))
        in ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
        for kind in kinds
    )


def _is_type_checking(test):
    return getattr(test, "id", getattr(test, "attr", None)) == "TYPE_CHECKING"


def _names(node):
    """(module, attribute) that a statement imports."""
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    if node.level:
        # Alembic loads a revision as a module without a package: a relative import fails when it is reached.
        return [("." * node.level + (node.module or ""), None)]
    return [(node.module, None if alias.name == "*" else alias.name) for alias in node.names]


def _cannot_import(name, attribute):
    """Why a module, or a name in it, cannot be imported; None when it can."""
    if name.startswith("."):
        return "attempted relative import with no known parent package"
    try:
        module = import_module(name)
    except BaseException as error:
        return _reason(error)
    if attribute is None or hasattr(module, attribute):
        return None
    try:
        import_module("%s.%s" % (name, attribute))
        return None
    except ModuleNotFoundError:
        if getattr(module, "__dunlin_emptied__", False):
            return "%s is used without its __init__, which would have defined it" % name
        return "cannot import name %r from %r" % (attribute, name)
    except BaseException as error:
        return _reason(error)


def _reason(error):
    """Why an import failed, for people."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        extension = _native_extension(error.name)
        if extension:
            return "a native extension: %s" % extension
        return "%s is not installed" % error.name.split(".")[0] if _is_missing(error.name) else str(error)
    if isinstance(error, SystemExit):
        return "importing it ends the program"
    text = str(error) or "no reason given"
    if isinstance(error, ImportError):
        return text
    path, line = frames.innermost(error.__traceback__)
    place = " (%s:%s)" % (path, line) if path else ""
    return "%s: %s%s" % (type(error).__name__, text, place)


def _is_missing(name):
    return name.split(".")[0] not in sys.modules and _find(name.split(".")[0]) is None


def _native_extension(name):
    """The file of a compiled module of another interpreter or machine, where the search path has one."""
    parts = name.split(".")
    folders = list(sys.path)
    if len(parts) > 1:
        parent = sys.modules.get(".".join(parts[:-1]))
        folders = list(getattr(parent, "__path__", ())) + [os.path.join(f, *parts[:-1]) for f in folders]
    for folder in folders:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            stem, _, ending = entry.partition(".")
            if stem == parts[-1] and ending.endswith(("so", "pyd", "dylib")):
                return os.path.join(folder, entry)
    return None


