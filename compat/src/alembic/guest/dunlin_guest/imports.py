"""What revisions import: finding it, and saying before anything runs what cannot be had."""

import ast
import base64
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import marshal
import os
import re
import sys
import types

from dunlin_guest import frames, logs, wire


def extend_path(paths):
    """Puts folders at the front of sys.path, in their order."""
    for path in reversed(paths):
        if path in sys.path:
            sys.path.remove(path)
        sys.path.insert(0, path)


# -- what the project's own interpreter would do by itself, and the sandbox's does not


def _read_pth(sitedir):
    """Executes the lines of ``.pth`` files that begin with an import, as Python does with those of a folder of installed
    packages when it starts. Folders that they name are among the import paths.

    The lines look for the folder as ``sitedir`` in the frame above theirs.
    """
    try:
        names = sorted(name for name in os.listdir(sitedir) if name.endswith(".pth") and name[0] != ".")
    except OSError:
        return
    for name in names:
        try:
            with open(os.path.join(sitedir, name), encoding="utf-8-sig") as file:
                lines = file.read().splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            if line.startswith(("import ", "import\t")):
                try:
                    exec(line)
                except Exception as error:
                    tell("debug", "%s was not executed: %s" % (os.path.join(sitedir, name), _reason(error)))


class _Distutils(importlib.abc.MetaPathFinder):
    """``distutils`` as setuptools carries it, for packages from before Python 3.12, which ended it.

    Setuptools puts it there itself, but only one that is as new as the interpreter.
    """

    def find_spec(self, name, path=None, target=None):
        if name != "distutils":
            return None
        for entry in sys.path:
            folder = os.path.join(entry, "setuptools", "_distutils")
            init = os.path.join(folder, "__init__.py")
            if os.path.exists(init):
                return importlib.util.spec_from_file_location(
                    name, init, submodule_search_locations=[folder]
                )
        return None


class _NoUser(OSError, KeyError):
    """What getpass.getuser() raises without a user: an OSError since Python 3.13, a KeyError before, for which PyMySQL looks."""


def _name_users_as_before():
    import getpass

    original = getpass.getuser

    def getuser():
        try:
            return original()
        except OSError as error:
            raise _NoUser(*error.args) from None

    getpass.getuser = getuser


def _as_the_projects_interpreter():
    for folder in [path for path in sys.path if frames.holds_packages(path)]:
        _read_pth(folder)
    sys.meta_path.append(_Distutils())
    _name_users_as_before()


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
        #: Why each failed.
        self.reasons = {}

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
        if sys.platform == "wasi":
            _as_the_projects_interpreter()


def import_module(name):
    """Imports a module; where a package that it needs fails, without that package's ``__init__``.

    Only packages of the project are emptied so, and only when importing them as they are failed.
    """
    if sys.modules.get(name) is not None:
        return sys.modules[name]
    while True:
        before = set(sys.modules)
        try:
            return importlib.import_module(name)
        except (ImportError, OSError, AttributeError, RuntimeError, KeyError, ValueError, TypeError) as error:
            failed = _failed_package(error)
            # Libraries stay: some cannot be imported twice.
            for added in set(sys.modules) - before:
                if _is_of_project(sys.modules[added]):
                    del sys.modules[added]
            if failed is None:
                raise
            _empty(*failed, error)


def _is_of_project(module):
    file = getattr(module, "__file__", None)
    if file is None:
        # A package without an __init__.
        file = os.path.join(next(iter(getattr(module, "__path__", None) or ()), ""), "__init__.py")
    return frames.in_project(file)


def _failed_package(error):
    """(name, folder) of the innermost package of the project whose ``__init__`` an error ended; None if there is none."""
    failed = None
    traceback = error.__traceback__
    while traceback is not None:
        code, names = traceback.tb_frame.f_code, traceback.tb_frame.f_globals
        if (
            code.co_name == "<module>"
            and os.path.basename(code.co_filename) == "__init__.py"
            and frames.in_project(code.co_filename)
            and names.get("__path__")
        ):
            failed = names["__name__"], list(names["__path__"])[0]
        traceback = traceback.tb_next
    return failed


def _empty(package, folder, error):
    _emptied.folders[package] = folder
    _emptied.reasons[package] = _reason(error)
    tell(
        "warning",
        "%s is used without its __init__, which cannot be imported: %s" % (package, _emptied.reasons[package]),
    )


def find(name):
    try:
        return importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None


def tell(level, text):
    try:
        _engine.log(level, "dunlin", text)
    except wire.EngineError:
        pass


def change_loading_of_revisions(pyfiles):
    """Where Alembic itself loads revisions, which it does when one of them asks for others: packages are emptied as
    they are for the revisions that the engine runs."""
    original = pyfiles.load_module_py

    def load_module_py(module_id, path):
        try:
            return original(module_id, path)
        except Exception:
            emptied = len(_emptied.folders)
            if not str(path).endswith(".py"):
                raise
            with open(path, "rb") as file:
                problems(str(path), file.read())
            if len(_emptied.folders) == emptied:
                raise
        return original(module_id, path)

    pyfiles.load_module_py = load_module_py


# -- what a file needs

_compiled = {}


def compiled(path, source):
    """The code of a file, which it keeps from ``load`` to the first run."""
    known, code, _ = _compiled.pop(path, (None, None, False))
    return code if known == source else compile(source, path, "exec", dont_inherit=True)


def code_to_keep():
    """The code of files that were compiled and not run yet, by path, as :func:`problems` takes it."""
    return {
        path: base64.b64encode(marshal.dumps(code)).decode("ascii")
        for path, (_, code, is_new) in _compiled.items()
        if is_new
    }


def _code(path, source, kept):
    """The code of a file, and whether it is to be kept for later processes, where it was not."""
    if kept is not None:
        try:
            return marshal.loads(base64.b64decode(kept)), False
        except (EOFError, TypeError, ValueError):
            pass
    told = logs.warnings_told
    code = compile(source, path, "exec", dont_inherit=True)
    # What warns when it is compiled is to do so in each process.
    return code, logs.warnings_told == told


def problems(path, source, direction=None, kept=None):
    """``load``: what keeps a file from being run, in one direction where that is given, as the protocol's problems."""
    try:
        code, is_new = _code(path, source, kept)
        if isinstance(source, str):
            _compiled[path] = source, code, is_new
            if _familiar.knows(source):
                return []
        tree = ast.parse(source, path)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return [{"path": path, "line": line, "reason": "%s: %s" % (type(error).__name__, error)}]
    if direction is not None:
        _leave_out(tree, "downgrade" if direction == "up" else "upgrade")
    found = []
    for node in _imports(tree):
        for name, attribute in _names(node):
            reason = _cannot_import(name, attribute)
            if reason is not None:
                what = name if attribute is None else "%s.%s" % (name, attribute)
                found.append({"path": path, "line": node.lineno, "import": what, "reason": reason})
                break
        else:
            _familiar.add(node)
    return found or _import_what_is_reached(path, tree)


def _leave_out(tree, name):
    """Takes a function out of a file that nothing else of it names."""
    others = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name == name)]
    if not any(getattr(inner, "id", None) == name for node in others for inner in ast.walk(node)):
        tree.body = others


def _importing(node):
    """What an import statement imports, and what it binds."""
    names = tuple((alias.name, alias.asname) for alias in node.names)
    return names if isinstance(node, ast.Import) else (node.level, node.module, names)


class _Familiar:
    """What files were found to import and to reach so far. Most files of a project want the same, which their text tells
    sooner than their syntax tree: a text is known when nothing that might be an import or a chain of attributes is new.
    """

    _IMPORT = re.compile(r"[ \t]*((?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+[\w., \t]+?)[ \t\r]*")
    _WORD = re.compile(r"\bimport\b")
    # With what may go on behind a parenthesis, a comment or a line's end, where a chain cannot be followed. It begins with
    # the name, which is found sooner so.
    _CHAIN = r"{0}(?<![\w.]{0})\b((?:\s*\.\s*[^\W\d]\w*)*)(\s*(?:[.#\\]|\)[\s)]*[.#\\]))?"

    def __init__(self):
        #: Of statements that were found to work.
        self.imports = set()
        #: Chains that were found to need no import, by module.
        self.chains = set()
        self._lines = {}
        self._patterns = {}

    def add(self, node):
        """A statement that works."""
        self.imports.add(_importing(node))
        if isinstance(node, ast.Import):
            for alias in node.names:
                first, *rest = alias.name.split(".")
                if rest and not alias.asname:
                    self.chains.add((first, tuple(rest)))

    def knows(self, source):
        bound = {}
        for line in source.split("\n"):
            if "import" in line:
                found = self._line(line)
                if found is None or (found[0] and found[0] not in self.imports):
                    return False
                bound.update(found[1])
        return all(self._knows_chains(source, name, module) for name, module in bound.items())

    def _line(self, line):
        """(what the line imports, the modules that it binds); None where it cannot be told."""
        if line not in self._lines:
            self._lines[line] = self._read(line)
        return self._lines[line]

    def _read(self, line):
        if not self._WORD.search(line):
            return None, {}
        statement = self._IMPORT.fullmatch(line)
        try:
            (node,) = ast.parse(statement[1]).body if statement else ()
            return _importing(node), _bound([node])
        except (SyntaxError, ValueError):
            return None

    def _knows_chains(self, source, name, module):
        if name not in self._patterns:
            self._patterns[name] = re.compile(self._CHAIN.format(name))
        for chain, unclear in set(self._patterns[name].findall(source)):
            attributes = tuple("".join(chain.split()).split(".")[1:])
            if unclear or (attributes and (module, attributes) not in self.chains):
                return False
        return True


_familiar = _Familiar()


def _bound(nodes):
    """The modules that import statements bind, by the name that they bind them to."""
    bound = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                bound[alias.asname or first] = alias.name if alias.asname else first
    return bound


def _import_what_is_reached(path, tree):
    """Imports sub-modules that a file uses as attributes of a package without importing them, since Alembic, which loads
    all revisions, has them from another one. In the sandbox gives those that cannot be had, as problems.
    """
    bound = _bound(ast.walk(tree))
    found, seen = [], set()
    for node in ast.walk(tree):
        root, attributes = _chain(node)
        if root not in bound or (root, attributes) in seen:
            continue
        seen.add((root, attributes))
        name, reason = _reach(bound[root], attributes)
        if reason is None:
            _familiar.chains.add((bound[root], attributes))
        elif sys.platform == "wasi":
            found.append({"path": path, "line": node.lineno, "import": name, "reason": reason})
    return found


def _chain(node):
    """``("a", ("b", "c"))`` of the expression ``a.b.c``."""
    attributes = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id if isinstance(node, ast.Name) and attributes else None), tuple(reversed(attributes))


def _reach(name, attributes):
    """Follows attributes from a module, importing sub-modules; (module, why it cannot be imported) where one fails."""
    module = sys.modules.get(name)
    for attribute in attributes:
        if not isinstance(module, types.ModuleType):
            break
        try:
            module = getattr(module, attribute)
            continue
        except AttributeError:
            name = "%s.%s" % (module.__name__, attribute)
        except Exception:
            break
        if not hasattr(module, "__path__"):
            break
        try:
            module = import_module(name)
        except BaseException as error:
            if isinstance(error, ModuleNotFoundError) and error.name == name:
                break
            return name, _reason(error)
    return name, None


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
    emptied = getattr(module, "__dunlin_emptied__", False)
    if attribute is None and emptied:
        # Whoever imports a whole package uses what its __init__ defines.
        return _emptied.reasons[name]
    if attribute is None or hasattr(module, attribute):
        return None
    try:
        import_module("%s.%s" % (name, attribute))
        return None
    except ModuleNotFoundError:
        if emptied:
            return "%s would have defined it, whose __init__ cannot be imported: %s" % (
                name,
                _emptied.reasons[name],
            )
        return "cannot import name %r from %r" % (attribute, name)
    except BaseException as error:
        return _reason(error)


def _reason(error):
    """Why an import failed, for people."""
    extension = _native_extension_of(error)
    if extension:
        return "a native extension: %s" % extension
    if isinstance(error, ModuleNotFoundError) and error.name:
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
    return name.split(".")[0] not in sys.modules and find(name.split(".")[0]) is None


def _native_extension_of(error):
    """The compiled module that an error is about, where it is one."""
    if not isinstance(error, ImportError):
        return None
    if not isinstance(error, ModuleNotFoundError):
        # Elsewhere there are compiled modules that can be loaded, and other reasons not to find a name in them.
        if sys.platform != "wasi":
            return None
        if error.path and error.path.endswith(_COMPILED):
            return error.path
    return _native_extension(error.name) if error.name else None


_COMPILED = (".so", ".pyd", ".dylib")


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
            if entry.partition(".")[0] == parts[-1] and entry.endswith(_COMPILED):
                return os.path.join(folder, entry)
    return None


