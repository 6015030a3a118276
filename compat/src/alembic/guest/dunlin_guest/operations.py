"""Operations that packages add to Alembic's ``op``, which they do when env.py imports them."""

import ast
import re

import alembic.op
from dunlin_guest import frames, imports

# A word that begins with what is looked for is found sooner than one behind a boundary.
_USED = re.compile(r"op(?<!\wop)\.([^\W\d]\w*)")


def complete(env_py, sources):
    """Where revisions use operations that Alembic does not have: imports the packages that env.py imports, until it has."""
    missing = {name for source in sources for name in _USED.findall(source) if not hasattr(alembic.op, name)}
    if not missing:
        return
    for name in _packages(env_py):
        try:
            imports.import_module(name)
        except BaseException as error:
            imports.tell("debug", "%s, which env.py imports, was not: %s" % (name, error))
        if all(hasattr(alembic.op, operation) for operation in missing):
            return


def _packages(env_py):
    """What env.py imports that is not the project's own, in its order."""
    try:
        with open(env_py, "rb") as file:
            tree = ast.parse(file.read(), env_py)
    except (OSError, SyntaxError, ValueError):
        return
    for node in tree.body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        else:
            continue
        for name in names:
            spec = imports.find(name.split(".")[0])
            if spec is not None and spec.origin and not frames.in_project(spec.origin):
                yield name
