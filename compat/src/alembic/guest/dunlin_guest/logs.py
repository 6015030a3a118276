"""What the library and the project tell the user."""

import io
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

#: How many warnings of Python were told.
warnings_told = 0


class _Printed(io.TextIOBase):
    """Standard output: what is printed is told line by line, in its order among the statements."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, engine):
        self._engine, self._line = engine, ""

    def writable(self):
        return True

    def write(self, text):
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._tell(line)
        return len(text)

    def finish(self):
        """Tells a last line that was not ended."""
        line, self._line = self._line, ""
        if line:
            self._tell(line)

    def _tell(self, line):
        try:
            self._engine.log("info", "stdout", line)
        except wire.EngineError:
            pass


def finish():
    """At the end of an exchange."""
    if isinstance(sys.stdout, _Printed):
        sys.stdout.finish()


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
    sys.stdout = _Printed(engine)

    def show_warning(message, category, filename, lineno, file=None, line=None):
        global warnings_told
        warnings_told += 1
        text = "%s:%s: %s: %s" % (filename, lineno, category.__name__, message)
        engine.log("warning", "py.warnings", text)

    warnings.showwarning = show_warning
    # As alembic.ini has it by default; a project's own file decides when env.py reads it.
    logging.getLogger("alembic").setLevel(logging.INFO)


def goes_nowhere(logger):
    """Whether all handlers that a logger's records reach drop them."""
    handlers = []
    while logger is not None:
        handlers.extend(logger.handlers)
        logger = logger.parent if logger.propagate else None
    return bool(handlers) and all(type(handler) is logging.NullHandler for handler in handlers)


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
