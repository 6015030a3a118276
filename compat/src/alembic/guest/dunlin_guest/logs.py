"""What the library and the project tell the user."""

import logging
import warnings

from dunlin_guest import wire

_LEVELS = (
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


def level_name(number):
    for least, name in _LEVELS:
        if number >= least:
            return name
    return "debug"


class EngineHandler(logging.Handler):
    """Hands log records to the engine, which decides what the user sees."""

    def __init__(self, engine):
        super().__init__(logging.DEBUG)
        self._engine = engine
        self._busy = False

    def emit(self, record):
        if self._busy:
            return
        self._busy = True
        try:
            self._engine.log(level_name(record.levelno), record.name, self.format(record))
        except wire.EngineError:
            pass
        except Exception:
            self.handleError(record)
        finally:
            self._busy = False


def install(engine):
    """Sends Alembic's log, and warnings of Python, to the engine.

    Only the logger ``alembic`` is told to speak at INFO, as ``alembic.ini`` tells it by default: others stay as the
    project sets them. env.py's fileConfig() may disable or replace handlers, which is why this one is attached
    to the root logger and put back before each run.
    """
    handler = EngineHandler(engine)
    attach(handler)

    def show_warning(message, category, filename, lineno, file=None, line=None):
        text = "%s: %s" % (category.__name__, message)
        engine.log("warning", "py.warnings", "%s:%s: %s" % (filename, lineno, text))

    warnings.showwarning = show_warning
    return handler


def attach(handler):
    root = logging.getLogger()
    if handler not in root.handlers:
        root.addHandler(handler)
    logger = logging.getLogger("alembic")
    logger.disabled = False
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
