"""``asyncpg.connection`` and its neighbours, over the engine's session.

asyncpg reads and writes PostgreSQL's binary format by the types that the server says a statement has. The engine takes
text, which the server reads by the very same types, and results come as text with their OIDs. What asyncpg has in Python
(exceptions, types) is used as it is.
"""


from dunlin_guest import session, wire
from dunlin_guest.drivers import asyncpg_values, postgres_common


class Record(tuple):
    """A row, by position and by name."""

    def __new__(cls, values, names):
        row = super().__new__(cls, values)
        row._names = names
        return row

    def __getitem__(self, key):
        if isinstance(key, str):
            try:
                return tuple.__getitem__(self, self._names.index(key))
            except ValueError:
                raise KeyError(key) from None
        return tuple.__getitem__(self, key)

    def __contains__(self, key):
        return key in self._names

    def get(self, key, default=None):
        return self[key] if key in self._names else default

    def keys(self):
        return iter(self._names)

    def values(self):
        return tuple.__iter__(self)

    def items(self):
        return zip(self._names, tuple.__iter__(self))

    def __repr__(self):
        return "<Record %s>" % " ".join("%s=%r" % item for item in self.items())


def _exceptions():
    from asyncpg import exceptions

    return exceptions


_FIELDS = {
    "S": "severity",
    "V": "severity",
    "C": "sqlstate",
    "M": "message",
    "D": "detail",
    "H": "hint",
    "P": "position",
    "p": "internal_position",
    "q": "internal_query",
    "W": "context",
    "s": "schema",
    "t": "table",
    "c": "column",
    "d": "data_type",
    "n": "constraint",
}


def _translated(error, sql):
    fields = {key: getattr(error, name) for key, name in _FIELDS.items()}
    fields = {key: str(value) for key, value in fields.items() if value is not None}
    if "C" not in fields:
        raised = _exceptions().InterfaceError(error.message)
    else:
        raised = _exceptions().PostgresError.new(fields, query=sql)
    raised.__dunlin_engine_error__ = error
    return raised


class Connection:
    """A connection; its coroutines never wait."""

    def __init__(self):
        try:
            session.current.require("postgres")
        except session.NoConnection as error:
            raise ConnectionRefusedError("no database connection can be had: %s" % error) from None
        self._closed = False
        self._depth = 0
        self._codecs = {}
        self._top_xact = None

    # -- statements

    def run(self, sql, arguments=(), single=True):
        """A statement with its arguments; the result as (attributes, rows, status)."""
        if self._closed:
            raise _exceptions().InterfaceError("connection is closed")
        current = session.current
        parameters = [asyncpg_values.parameter(value) for value in arguments] or None
        try:
            if not self._depth:
                current.leave_transaction()
            result = current.query(sql, parameters, single=single or None)
        except session.NoConnection as error:
            raise _exceptions().InterfaceError("no statement can be sent: %s" % error) from None
        except wire.EngineError as error:
            raise _translated(error, sql) from None
        postgres_common.follow_settings(sql)
        names = [column["name"] for column in result.columns]
        decoders = [asyncpg_values.decoder(column.get("type"), self._codecs) for column in result.columns]
        rows = [
            Record([None if cell is None else decode(cell) for decode, cell in zip(decoders, row)], names)
            for row in result.rows
        ]
        return result.columns, rows, postgres_common.command_status(result) or ""

    async def execute(self, query, *args, timeout=None):
        return self.run(query, args, single=bool(args))[2]

    async def executemany(self, command, args, *, timeout=None):
        for values in args:
            self.run(command, values)

    async def fetch(self, query, *args, timeout=None, record_class=None):
        return self.run(query, args)[1]

    async def fetchrow(self, query, *args, timeout=None, record_class=None):
        if query == ";":
            # SQLAlchemy's ping.
            return None
        rows = self.run(query, args)[1]
        return rows[0] if rows else None

    async def fetchval(self, query, *args, column=0, timeout=None):
        rows = self.run(query, args)[1]
        return rows[0][column] if rows else None

    async def prepare(self, query, *, name=None, timeout=None, record_class=None):
        return PreparedStatement(self, query)

    def cursor(self, query, *args, **kwargs):
        return Cursor(self, query, args)

    # -- transactions

    def transaction(self, *, isolation=None, readonly=False, deferrable=False):
        return Transaction(self, isolation, readonly, deferrable)

    def is_in_transaction(self):
        return self._depth > 0

    # -- the rest

    async def set_type_codec(
        self, typename, *, schema="public", encoder, decoder, format="text", binary=None
    ):
        oid = {"json": 114, "jsonb": 3802, "inet": 869, "cidr": 650}.get(typename)
        if schema != "pg_catalog" or oid is None:
            row = session.current.introduce(
                "SELECT t.oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
                "WHERE t.typname = $1 AND n.nspname = $2",
                [wire.text_parameter(typename), wire.text_parameter(schema)],
            ).rows
            if not row:
                raise ValueError("unknown type: %s.%s" % (schema, typename))
            oid = int(row[0][0])
        prefix = b"\x01" if oid == 3802 else b""
        if format == "binary":
            self._codecs[oid] = lambda text: decoder(prefix + text.encode("utf-8"))
        else:
            self._codecs[oid] = decoder

    async def reset_type_codec(self, typename, *, schema="public"):
        self._codecs.clear()

    async def set_builtin_type_codec(self, typename, *, schema="public", codec_name, format=None):
        pass

    async def reload_schema_state(self):
        pass

    async def reset(self, *, timeout=None):
        if self._depth:
            session.current.rollback()
            self._depth = 0

    async def close(self, *, timeout=None):
        self.terminate()

    def terminate(self):
        if self._depth:
            session.current.rollback()
        self._closed, self._depth = True, 0

    def is_closed(self):
        return self._closed

    def get_server_pid(self):
        return 0

    def get_server_version(self):
        from asyncpg.serverversion import split_server_version_string

        return split_server_version_string(session.current.server["version_text"])

    def get_settings(self):
        return None

    async def add_listener(self, channel, callback):
        pass

    remove_listener = add_listener

    def add_log_listener(self, callback):
        pass

    remove_log_listener = add_termination_listener = remove_termination_listener = add_log_listener
    add_query_logger = remove_query_logger = add_log_listener

    def __getattr__(self, name):
        if name.startswith("copy_"):
            raise _exceptions().UnsupportedClientFeatureError(
                "asyncpg's %s() streams data, which a migration under this engine cannot" % name
            )
        raise AttributeError(name)


class PreparedStatement:
    """A statement; what it is, the server tells when it is executed."""

    def __init__(self, connection, query):
        self._connection, self._query = connection, query
        self._status = None

    def get_query(self):
        return self._query

    def get_statusmsg(self):
        return self._status

    async def fetch(self, *args, timeout=None):
        _, rows, self._status = self._connection.run(self._query, args)
        return rows

    async def fetchrow(self, *args, timeout=None):
        rows = await self.fetch(*args)
        return rows[0] if rows else None

    async def fetchval(self, *args, column=0, timeout=None):
        rows = await self.fetch(*args)
        return rows[0][column] if rows else None

    async def executemany(self, args, *, timeout=None):
        for values in args:
            await self.fetch(*values)

    def cursor(self, *args, **kwargs):
        return Cursor(self._connection, self._query, args)


class Cursor:
    """All rows of a query, handed out in portions."""

    def __init__(self, connection, query, arguments):
        self._connection, self._query, self._arguments = connection, query, arguments
        self._rows = None

    def _all(self):
        if self._rows is None:
            self._rows = list(self._connection.run(self._query, self._arguments)[1])
        return self._rows

    def __await__(self):
        self._all()
        return self
        yield  # makes it a generator, which __await__ has to be

    async def fetch(self, count, *, timeout=None):
        rows = self._all()
        taken, self._rows = rows[:count], rows[count:]
        return taken

    async def fetchrow(self, *, timeout=None):
        rows = await self.fetch(1)
        return rows[0] if rows else None

    def __aiter__(self):
        return self

    async def __anext__(self):
        row = await self.fetchrow()
        if row is None:
            raise StopAsyncIteration
        return row


class Transaction:
    """A transaction, or a savepoint inside of one."""

    def __init__(self, connection, isolation, readonly, deferrable):
        self._connection = connection
        modes = []
        if isolation:
            modes.append("ISOLATION LEVEL " + isolation.upper().replace("_", " "))
        if readonly:
            modes.append("READ ONLY")
        if deferrable:
            modes.append("DEFERRABLE")
        self._modes = " ".join(modes) or None
        self._name = None

    async def start(self):
        connection = self._connection
        try:
            if connection._depth:
                self._name = "__asyncpg_savepoint_%d__" % connection._depth
                session.current.query("SAVEPOINT " + self._name)
            else:
                session.current.enter_transaction(self._modes)
        except wire.EngineError as error:
            raise _translated(error, None) from None
        connection._depth += 1

    async def commit(self):
        self._end("RELEASE SAVEPOINT ", session.current.commit)

    async def rollback(self):
        self._end("ROLLBACK TO SAVEPOINT ", session.current.rollback)

    def _end(self, savepoint, function):
        self._connection._depth -= 1
        try:
            if self._name:
                session.current.query(savepoint + self._name)
            else:
                function()
        except wire.EngineError as error:
            raise _translated(error, None) from None

    async def __aenter__(self):
        await self.start()

    async def __aexit__(self, kind, error, traceback):
        if kind is None:
            await self.commit()
        else:
            await self.rollback()


async def connect(*args, **kwargs):
    return Connection()


class Pool:
    """A pool of one connection."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *details):
        pass

    def acquire(self, *, timeout=None):
        return _Acquired()

    async def release(self, connection, *, timeout=None):
        await connection.close()

    async def close(self):
        pass


class _Acquired:
    async def __aenter__(self):
        self._connection = Connection()
        return self._connection

    async def __aexit__(self, *details):
        self._connection.terminate()


def create_pool(*args, **kwargs):
    return Pool()


def change_dialect(module):
    """``sqlalchemy.dialects.postgresql.asyncpg``: a cursor reads its description from the result.

    SQLAlchemy takes it from the statement that it prepared, before it is executed; here nothing is prepared.
    """

    async def _prepare_and_execute(self, operation, parameters):
        adapted = self._adapt_connection
        if adapted._transaction is None:
            await adapted._start_transaction()
        try:
            columns, rows, status = self._connection.run(operation, parameters or ())
        except Exception as error:
            self._handle_exception(error)
            raise
        described = [(c["name"], c.get("type"), None, None, None, None, None) for c in columns]
        # SQLAlchemy 2.1 has properties of these names.
        underscore = "_" if hasattr(type(self), "_description") else ""
        setattr(self, underscore + "description", described or None)
        if self.server_side:
            self._cursor = Cursor(self._connection, operation, ())
            self._cursor._rows = rows
            setattr(self, underscore + "rowcount", -1)
            return
        # A list in 1.4, a deque later.
        self._rows = type(self._rows)(rows)
        verb, _, count = status.rpartition(" ")
        counted = verb in ("SELECT", "UPDATE", "DELETE") or verb.startswith("INSERT ")
        setattr(self, underscore + "rowcount", int(count) if counted else -1)

    module.AsyncAdapt_asyncpg_cursor._prepare_and_execute = _prepare_and_execute


NO_TIMEOUT = object()
Protocol = object
BUILTIN_TYPE_NAME_MAP = {}

