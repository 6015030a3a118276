"""Exceptions as the final message ``failed``."""

import traceback

from dunlin_guest import frames, wire


def failed(error):
    """``failed`` for an exception."""
    path, line = frames.innermost(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename and frames.in_project(error.filename):
        path, line = error.filename, error.lineno
    return {
        "type": "failed",
        "message": message(error),
        "path": path,
        "line": line,
        "traceback": "".join(
            traceback.format_exception(type(error), error, _without_guest(error.__traceback__))
        ),
        "database": from_database(error),
    }


def message(error):
    """One sentence for people: what a traceback ends with."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return "the code ended the program (sys.exit(%s))" % ("" if error.code is None else error.code)
        return "the code ended the program: %s" % (error.code,)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if _is_alembic_command_error(error):
        return str(error)
    return "".join(traceback.format_exception_only(type(error), error)).rstrip("\n")


def _is_alembic_command_error(error):
    # Alembic's command line shows the text of its own errors without their class.
    module = type(error).__module__
    return type(error).__name__ == "CommandError" and module.split(".")[0] == "alembic"


def from_database(error):
    """Whether an error that the engine answered is the cause."""
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, wire.EngineError) or isinstance(
            getattr(error, "__dunlin_engine_error__", None), wire.EngineError
        ):
            return True
        seen.add(id(error))
        # SQLAlchemy's DBAPIError holds the driver's error in ``orig``.
        error = getattr(error, "orig", None) or error.__cause__ or error.__context__
    return False


def _without_guest(tb):
    """Leaves out the frames of the guest itself at the beginning of a traceback."""
    while tb is not None and __package__ in (tb.tb_frame.f_globals.get("__package__") or ""):
        tb = tb.tb_next
    return tb
