"""Asynchronous engines without anything to wait for.

A question to the engine is answered at once, so the coroutines of SQLAlchemy's asynchronous drivers never suspend.
"""


def drive(coroutine):
    """Runs a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("a coroutine waits for an event loop, which a migration's driver does not have")


def run_sync(engine, function):
    """Calls a function that uses a SQLAlchemy engine, which may be over an asynchronous driver."""
    if not getattr(engine.dialect, "is_async", False):
        return function()
    from sqlalchemy.util import greenlet_spawn

    return drive(greenlet_spawn(function))
