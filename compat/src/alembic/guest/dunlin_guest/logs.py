"""What the library and the project tell the user."""

import logging
import sys
import warnings

from dunlin_guest import wire

_LEVELS = (
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)

_busy = False


def level_name(number):
    for least, name in _LEVELS:
        if number >= least:
            return name
    return "debug"


def install(engine):
    """Sends to the engine what logging would write to the terminal, and warnings of Python.

    env.py's ``fileConfig()`` replaces handlers as it likes, so the way to them is taken over instead of adding one: what
    goes to a console handler goes to the engine, and other handlers, such as files, get what they always got.
    """

    def call_handlers(logger, record):
        found = shown = False
        current = logger
        while current is not None:
            for handler in current.handlers:
                found = True
                if record.levelno < handler.level:
                    continue
                if _is_console(handler):
                    shown = True
                else:
                    handler.handle(record)
            current = current.parent if current.propagate else None
        if shown or not found:
            _tell(engine, record)

    logging.Logger.callHandlers = call_handlers

    def show_warning(message, category, filename, lineno, file=None, line=None):
        text = "%s:%s: %s: %s" % (filename, lineno, category.__name__, message)
        engine.log("warning", "py.warnings", text)

    warnings.showwarning = show_warning
    # As alembic.ini has it by default; a project's own file decides when env.py reads it.
    logging.getLogger("alembic").setLevel(logging.INFO)


def _is_console(handler):
    if not isinstance(handler, logging.StreamHandler) or isinstance(handler, logging.FileHandler):
        return False
    return getattr(handler, "stream", None) in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)


def _tell(engine, record):
    global _busy
    if _busy:
        return
    _busy = True
    try:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        engine.log(level_name(record.levelno), record.name, text)
    except wire.EngineError:
        pass
    finally:
        _busy = False
