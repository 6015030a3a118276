"""``aiosqlite.core``: sqlite3 behind coroutines that never wait; the original puts it into a thread."""

import sqlite3


class Cursor:
    """A cursor of sqlite3 whose methods are coroutines."""

    def __init__(self, conn, cursor):
        self._conn, self._cursor = conn, cursor

    @property
    def connection(self):
        return self._conn._conn

    def __getattr__(self, name):
        return getattr(self._cursor, name)

    async def execute(self, sql, parameters=None):
        self._cursor.execute(sql, () if parameters is None else parameters)
        return self

    async def executemany(self, sql, parameters):
        self._cursor.executemany(sql, parameters)
        return self

    async def executescript(self, sql_script):
        self._cursor.executescript(sql_script)
        return self

    async def fetchone(self):
        return self._cursor.fetchone()

    async def fetchmany(self, size=None):
        return self._cursor.fetchmany(size or self._cursor.arraysize)

    async def fetchall(self):
        return self._cursor.fetchall()

    async def close(self):
        self._cursor.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *details):
        await self.close()

    def __aiter__(self):
        return self

    async def __anext__(self):
        row = self._cursor.fetchone()
        if row is None:
            raise StopAsyncIteration
        return row


class _Later:
    """What a method of aiosqlite returns: awaited for its value, or entered for the time of a block."""

    def __init__(self, coroutine):
        self._coroutine = coroutine

    def __await__(self):
        return self._coroutine.__await__()

    async def __aenter__(self):
        self._value = await self._coroutine
        return self._value

    async def __aexit__(self, *details):
        await self._value.close()


class _Queue:
    def put_nowait(self, item):
        future, function = item
        try:
            future.set_result(function())
        except Exception as error:
            future.set_exception(error)


class Connection:
    """A connection of sqlite3 whose methods are coroutines."""

    #: SQLAlchemy makes the thread of the original a daemon.
    daemon = True

    def __init__(self, connector, iter_chunk_size=64, loop=None):
        self._connector = connector
        self._connection = None
        # SQLAlchemy 2.0 asks the thread to stop, or sets a flag, when an engine is thrown away.
        self._thread = self

    def __await__(self):
        if self._connection is None:
            self._connection = self._connector()
        return self
        yield  # makes it a generator, which __await__ has to be

    async def __aenter__(self):
        return await self

    async def __aexit__(self, *details):
        await self.close()

    @property
    def _conn(self):
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._conn, name)

    @property
    def isolation_level(self):
        return self._conn.isolation_level

    @isolation_level.setter
    def isolation_level(self, value):
        self._conn.isolation_level = value

    @property
    def row_factory(self):
        return self._conn.row_factory

    @row_factory.setter
    def row_factory(self, value):
        self._conn.row_factory = value

    @property
    def text_factory(self):
        return self._conn.text_factory

    @text_factory.setter
    def text_factory(self, value):
        self._conn.text_factory = value

    @property
    def _tx(self):
        """The queue of the original's thread, into which SQLAlchemy puts (future, function)."""
        return _Queue()

    async def _execute(self, function, *args, **kwargs):
        return function(*args, **kwargs)

    def cursor(self):
        return _Later(self._cursor_later())

    async def _cursor_later(self):
        return Cursor(self, self._conn.cursor())

    def _done(self, method, *args):
        async def later():
            return Cursor(self, getattr(self._conn, method)(*args))

        return _Later(later())

    def execute(self, sql, parameters=None):
        return self._done("execute", sql, () if parameters is None else parameters)

    def executemany(self, sql, parameters):
        return self._done("executemany", sql, parameters)

    def executescript(self, sql_script):
        return self._done("executescript", sql_script)

    async def execute_insert(self, sql, parameters=None):
        cursor = self._conn.execute(sql, parameters or ())
        return cursor.execute("SELECT last_insert_rowid()").fetchone()

    async def execute_fetchall(self, sql, parameters=None):
        return self._conn.execute(sql, parameters or ()).fetchall()

    async def commit(self):
        self._conn.commit()

    async def rollback(self):
        self._conn.rollback()

    async def close(self):
        if self._connection is not None:
            self._connection.close()

    def stop(self):
        return None

    async def create_function(self, name, num_params, func, deterministic=False):
        self._conn.create_function(name, num_params, func, deterministic=deterministic)


def connect(database, *, iter_chunk_size=64, loop=None, **kwargs):
    return Connection(lambda: sqlite3.connect(database, **kwargs), iter_chunk_size)
