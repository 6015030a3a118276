"""What revisions import."""

import sys


def extend_path(paths):
    """Puts folders at the front of sys.path, in their order."""
    for path in reversed(paths):
        if path in sys.path:
            sys.path.remove(path)
        sys.path.insert(0, path)


def install(engine):
    pass


def problems(path, source):
    return []
