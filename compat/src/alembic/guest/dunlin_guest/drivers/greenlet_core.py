"""``greenlet``, as far as SQLAlchemy's asynchronous engines need it, without switching stacks.

SQLAlchemy runs its synchronous core in a greenlet and switches to the parent with each coroutine of a driver. Our drivers'
coroutines never wait, so the parent's part is done on the spot: the coroutine is driven to its end.
"""

from dunlin_guest import asynchrony

__version__ = "3.0.0"


class error(Exception):
    pass


class GreenletExit(BaseException):
    pass


class _Parent:
    """What the driving side looks like from inside."""

    def switch(self, awaitable):
        return asynchrony.drive(awaitable)


class greenlet:
    gr_context = None

    def __init__(self, run=None, parent=None):
        self.run = run
        self.parent = _Parent()
        self.dead = False

    def switch(self, *args, **kwargs):
        global _current
        outer, _current = _current, self
        try:
            return self.run(*args, **kwargs)
        finally:
            self.dead = True
            _current = outer

    def throw(self, *details):
        raise details[0] if details else GreenletExit


_main = greenlet()
_current = _main


def getcurrent():
    return _current
