"""Asynchronous engines without anything to wait for.

A question to the engine is answered at once, so the coroutines of the asynchronous drivers never suspend.
"""


def drive(awaitable):
    """Runs a coroutine, or another awaitable, that never has to wait."""
    iterator = awaitable.__await__()
    try:
        iterator.send(None)
    except StopIteration as end:
        return end.value
    if hasattr(awaitable, "close"):
        awaitable.close()
    raise RuntimeError("a coroutine waits for an event loop, which a migration's driver does not have")


def run_sync(engine, function):
    """Calls a function that uses a SQLAlchemy engine, which may be over an asynchronous driver."""
    if not getattr(engine.dialect, "is_async", False):
        return function()
    import asyncio

    from sqlalchemy.util import greenlet_spawn

    return asyncio.run(greenlet_spawn(function))


def can_run_loops():
    """Whether asyncio has event loops here; WebAssembly has no sockets to wake one up."""
    try:
        import asyncio

        loop = asyncio.new_event_loop()
    except Exception:
        return False
    loop.close()
    return True


def install():
    """Where there are no event loops: lets ``asyncio.run()`` and its like drive coroutines by themselves."""
    if can_run_loops():
        return
    import asyncio

    class Loop:
        """The methods of an event loop that code calls which has nothing to wait for."""

        def run_until_complete(self, awaitable):
            return drive(awaitable)

        def create_future(self):
            return Future()

        def is_running(self):
            return True

        def is_closed(self):
            return False

        def time(self):
            return 0.0

        def close(self):
            pass

        stop = close

        def get_debug(self):
            return False

    class Future:
        def __init__(self):
            self._result = self._error = None
            self._done = False

        def set_result(self, value):
            self._result, self._done = value, True

        def set_exception(self, error):
            self._error, self._done = error, True

        def done(self):
            return self._done

        def cancelled(self):
            return False

        def result(self):
            if self._error is not None:
                raise self._error
            return self._result

        def __await__(self):
            return self.result()
            yield  # makes it a generator, which __await__ has to be

    loop = Loop()

    async def wait_for(awaitable, timeout=None):
        return await awaitable

    async def shield(awaitable):
        return await awaitable

    async def sleep(delay, result=None):
        return result

    async def gather(*awaitables, return_exceptions=False):
        return [await awaitable for awaitable in awaitables]

    def run(coroutine, **kwargs):
        return drive(coroutine)

    def give_loop(*args):
        return loop

    for function in (wait_for, shield, sleep, gather, run):
        setattr(asyncio, function.__name__, function)
    for name in ("get_event_loop", "get_running_loop", "new_event_loop"):
        setattr(asyncio, name, give_loop)
        if hasattr(asyncio, "events"):
            setattr(asyncio.events, name, give_loop)
    asyncio.set_event_loop = give_loop
