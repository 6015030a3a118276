"""``_sqlite3``: the compiled half of the standard library's sqlite3, over the engine's session.

Transactions: sqlite3's old mode begins one before INSERT, UPDATE, DELETE and REPLACE only, so DDL runs by itself. The
engine has a transaction open around the whole revision, and DDL stays in it, which is safer and otherwise the same.
What SQLite does differently inside of a transaction (PRAGMA, VACUUM, ATTACH, DETACH) leaves it, when sqlite3 would have
had none open.
"""

import os
import sys

from dunlin_guest import frames, session, wire
from dunlin_guest.drivers import sqlite_text

PARSE_DECLTYPES = 1
PARSE_COLNAMES = 2
LEGACY_TRANSACTION_CONTROL = -1
threadsafety = 1
sqlite_version = "3.40.0"
version = _deprecated_version = "2.6.0"

_CONSTANTS = {
    "OK": 0, "ERROR": 1, "INTERNAL": 2, "PERM": 3, "ABORT": 4, "BUSY": 5, "LOCKED": 6, "NOMEM": 7, "READONLY": 8,
    "INTERRUPT": 9, "IOERR": 10, "CORRUPT": 11, "NOTFOUND": 12, "FULL": 13, "CANTOPEN": 14, "PROTOCOL": 15,
    "EMPTY": 16, "SCHEMA": 17, "TOOBIG": 18, "CONSTRAINT": 19, "MISMATCH": 20, "MISUSE": 21, "NOLFS": 22, "AUTH": 23,
    "FORMAT": 24, "RANGE": 25, "NOTADB": 26, "NOTICE": 27, "WARNING": 28, "ROW": 100, "DONE": 101,
    "CONSTRAINT_CHECK": 275, "CONSTRAINT_COMMITHOOK": 531, "CONSTRAINT_FOREIGNKEY": 787, "CONSTRAINT_FUNCTION": 1043,
    "CONSTRAINT_NOTNULL": 1299, "CONSTRAINT_PRIMARYKEY": 1555, "CONSTRAINT_TRIGGER": 1811, "CONSTRAINT_UNIQUE": 2067,
    "CONSTRAINT_VTAB": 2323, "CONSTRAINT_ROWID": 2579, "CONSTRAINT_PINNED": 2835, "BUSY_RECOVERY": 261,
    "BUSY_SNAPSHOT": 517, "BUSY_TIMEOUT": 773, "LOCKED_SHAREDCACHE": 262, "READONLY_DBMOVED": 1032,
    "DENY": 1, "IGNORE": 2, "CREATE_INDEX": 1, "CREATE_TABLE": 2, "CREATE_TEMP_INDEX": 3, "CREATE_TEMP_TABLE": 4,
    "CREATE_TEMP_TRIGGER": 5, "CREATE_TEMP_VIEW": 6, "CREATE_TRIGGER": 7, "CREATE_VIEW": 8, "DELETE": 9,
    "DROP_INDEX": 10, "DROP_TABLE": 11, "DROP_TEMP_INDEX": 12, "DROP_TEMP_TABLE": 13, "DROP_TEMP_TRIGGER": 14,
    "DROP_TEMP_VIEW": 15, "DROP_TRIGGER": 16, "DROP_VIEW": 17, "INSERT": 18, "PRAGMA": 19, "READ": 20, "SELECT": 21,
    "TRANSACTION": 22, "UPDATE": 23, "ATTACH": 24, "DETACH": 25, "ALTER_TABLE": 26, "REINDEX": 27, "ANALYZE": 28,
    "CREATE_VTABLE": 29, "DROP_VTABLE": 30, "FUNCTION": 31, "SAVEPOINT": 32, "RECURSIVE": 33,
    "LIMIT_LENGTH": 0, "LIMIT_SQL_LENGTH": 1, "LIMIT_COLUMN": 2, "LIMIT_VARIABLE_NUMBER": 9,
}  # fmt: skip
globals().update(("SQLITE_" + name, value) for name, value in _CONSTANTS.items())
# sqlite_errorname names error codes; the other constants share their numbers.
_ERROR_NAMES = {}
for _name, _value in _CONSTANTS.items():
    if _name == "DENY":
        break
    _ERROR_NAMES[_value] = "SQLITE_" + _name

# -- errors


class Error(Exception):
    pass


class Warning(Exception):
    pass


class InterfaceError(Error):
    pass


class DatabaseError(Error):
    pass


class InternalError(DatabaseError):
    pass


class OperationalError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


class DataError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


for _error in (
    Error,
    Warning,
    InterfaceError,
    DatabaseError,
    InternalError,
    OperationalError,
    ProgrammingError,
    IntegrityError,
    DataError,
    NotSupportedError,
):
    _error.__module__ = "sqlite3"

_OPERATIONAL = (1, 3, 4, 5, 6, 8, 9, 10, 13, 14, 15, 16, 17)


def _kind_of(code):
    primary = code & 0xFF
    if primary in (2, 12):
        return InternalError
    if primary in _OPERATIONAL:
        return OperationalError
    if primary == 18:
        return DataError
    if primary in (19, 20):
        return IntegrityError
    if primary == 21:
        return InterfaceError if sys.version_info >= (3, 11) else ProgrammingError
    if primary == 25 and sys.version_info >= (3, 11):
        return InterfaceError
    return DatabaseError


def _translated(error, functions=()):
    """The error of sqlite3 for one of the engine."""
    message = error.message or ""
    if error.kind in ("refused", "protocol") and not error.code:
        raised = NotSupportedError(message)
    else:
        code = error.code or {"lock-timeout": 5, "connection": 14}.get(error.kind, 1)
        name = message[len("no such function: ") :].lower()
        if message.startswith("no such function: ") and name in functions:
            message += " (functions written in Python exist in the project's connection, not in the engine's)"
        raised = _kind_of(code)(message)
        if sys.version_info >= (3, 11):
            raised.sqlite_errorcode = code
            raised.sqlite_errorname = _ERROR_NAMES.get(code, "unknown")
    raised.__dunlin_engine_error__ = error
    return raised


# -- adapters and converters


class PrepareProtocol:
    pass


adapters = {}
converters = {}


def register_adapter(kind, function):
    adapters[(kind, PrepareProtocol)] = function


def register_converter(name, function):
    converters[name.upper()] = function


_MISSING = object()


def adapt(value, protocol=PrepareProtocol, alternative=_MISSING):
    function = adapters.get((type(value), protocol))
    if function is not None:
        return function(value)
    for ask, argument in (
        (getattr(protocol, "__adapt__", None), value),
        (getattr(value, "__conform__", None), protocol),
    ):
        if ask is not None:
            adapted = ask(argument)
            if adapted is not None:
                return adapted
    if alternative is not _MISSING:
        return alternative
    raise ProgrammingError("can't adapt")


_PLAIN = (int, float, str, bytearray)


def _parameter(value, label):
    """A value of the protocol for one of Python; ``label`` says which, for errors."""
    if type(value) not in _PLAIN:
        value = adapt(value, PrepareProtocol, value)
    if value is None:
        return None
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return {"int": str(int(value))}
    if isinstance(value, float):
        number = float(value)
        if number != number:
            # SQLite stores NULL for what is no number.
            return None
        if number in (float("inf"), float("-inf")):
            return {"real": "Infinity" if number > 0 else "-Infinity"}
        return {"real": repr(number)}
    if isinstance(value, str):
        text = str(value)
        text.encode("utf-8")
        return wire.text_parameter(text)
    try:
        return wire.bytes_parameter(memoryview(value).tobytes())
    except TypeError:
        pass
    if sys.version_info >= (3, 11):
        message = "Error binding parameter %s: type '%s' is not supported"
        where = "'%s'" % label if isinstance(label, str) else label + 1
        raise ProgrammingError(message % (where, _type_name(type(value))))
    raise InterfaceError("Error binding parameter %s - probably unsupported type." % label)


def _type_name(kind):
    """How C sees the name of a type: with the module, where it is one of C's."""
    if kind.__module__ in ("decimal", "datetime", "array", "collections"):
        return "%s.%s" % (kind.__module__, kind.__name__)
    return kind.__name__


# -- rows


class Row:
    def __init__(self, cursor, data):
        if not isinstance(data, tuple):
            raise TypeError("tuple required for second argument")
        self._data = data
        self._description = cursor.description

    def __getitem__(self, key):
        if isinstance(key, (int, slice)):
            return self._data[key]
        if isinstance(key, str):
            for index, column in enumerate(self._description):
                if column[0] == key or column[0].lower() == key.lower():
                    return self._data[index]
            raise IndexError("No item with that key")
        raise IndexError("Index must be int or string")

    def keys(self):
        return [column[0] for column in self._description or ()]

    def __len__(self):
        return len(self._data)

    def __iter__(self):
        return iter(self._data)

    def __hash__(self):
        return hash(self._description) ^ hash(self._data)

    def __eq__(self, other):
        if not isinstance(other, Row):
            return NotImplemented
        return self._description == other._description and self._data == other._data


class Blob:
    """What ``Connection.blobopen`` gives; it is refused."""


# -- cursors

_DML = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_READS = ("SELECT", "EXPLAIN", "PRAGMA", "VALUES", "BEGIN", "COMMIT", "END", "ROLLBACK")
_OUTSIDE = ("PRAGMA", "VACUUM", "ATTACH", "DETACH")


class Cursor:
    def __init__(self, connection):
        self.connection = connection
        self.arraysize = 1
        self.description = None
        self.lastrowid = None
        self.rowcount = -1
        self.row_factory = connection.row_factory
        self._rows = None
        self._position = 0
        self._columns = ()
        self._converters = ()
        self._closed = False

    def close(self):
        self.connection._check()
        self._rows, self._closed = None, True

    def _check(self):
        if self._closed:
            raise ProgrammingError("Cannot operate on a closed cursor.")
        self.connection._check()

    def execute(self, sql, parameters=()):
        self._check()
        statement = _Statement(sql)
        self._rows, self.rowcount, self.description = None, -1, None
        result = self._run(statement, parameters)
        self._take(result)
        if statement.dml:
            # With RETURNING the count is known after the rows were read, which they are.
            self.rowcount = -1 if result.affected is None else result.affected
        if result.last_id is not None:
            self.lastrowid = result.last_id
        return self

    def executemany(self, sql, parameters):
        self._check()
        statement = _Statement(sql)
        self._rows, self.description = None, None
        self.rowcount = 0 if statement.dml else -1
        if not statement.dml:
            raise ProgrammingError("executemany() can only execute DML statements.")
        for values in parameters:
            result = self._run(statement, values)
            if result.columns:
                self._take(result)
                if result.rows and sys.version_info < (3, 10):
                    raise ProgrammingError("executemany() can only execute DML statements.")
                self._rows = None
            self.rowcount += result.affected or 0
        return self

    def executescript(self, sql_script):
        self._check()
        if not isinstance(sql_script, str):
            raise ValueError("script argument must be unicode.")
        self.connection._before_script(sql_script)
        self.connection._send(sql_script, None, None)
        self.connection._after(sql_script, sqlite_text.first_word(sql_script))
        return self

    def _run(self, statement, values):
        bound = statement.bind(values)
        self.connection._before(statement)
        result = self.connection._send(statement.sql, bound, True)
        self.connection._after(statement.sql, statement.word)
        return result

    def _take(self, result):
        if not result.columns:
            return
        self._columns = result.columns
        detect = self.connection._detect_types
        names = []
        self._converters = []
        for column in result.columns:
            name = column["name"]
            self._converters.append(_converter(column, detect))
            if detect & PARSE_COLNAMES and "[" in name:
                name = name[: name.index("[")]
                name = name[:-1] if name.endswith(" ") else name
            names.append((name, None, None, None, None, None, None))
        self.description = tuple(names)
        self._rows, self._position = result.rows, 0

    def _value(self, cell, column, converter):
        if cell is None:
            return None
        if converter is not None:
            return converter(_blob(cell))
        if isinstance(cell, str):
            factory = self.connection.text_factory
            if factory is str:
                return cell
            data = cell.encode("utf-8")
            return data if factory is bytes else factory(data)
        if "int" in cell:
            return int(cell["int"])
        if "real" in cell:
            return float(cell["real"])
        return wire.bytes_of(cell)

    def __iter__(self):
        return self

    def __next__(self):
        self._check()
        if self._rows is None or self._position >= len(self._rows):
            self._rows = None
            raise StopIteration
        cells = self._rows[self._position]
        self._position += 1
        row = tuple(
            [self._value(*parts) for parts in zip(cells, self._columns, self._converters)]
        )
        return row if self.row_factory is None else self.row_factory(self, row)

    def fetchone(self):
        try:
            return Cursor.__next__(self)
        except StopIteration:
            return None

    def fetchmany(self, size=None):
        size = self.arraysize if size is None else size
        rows = []
        while len(rows) < size or size == 0:
            try:
                rows.append(Cursor.__next__(self))
            except StopIteration:
                break
        return rows

    def fetchall(self):
        self._check()
        rows = []
        while True:
            try:
                rows.append(Cursor.__next__(self))
            except StopIteration:
                return rows

    def setinputsizes(self, sizes):
        pass

    def setoutputsize(self, size, column=None):
        pass


def _converter(column, detect):
    if detect & PARSE_COLNAMES and "[" in column["name"]:
        key = column["name"].split("[", 1)[1].split("]", 1)[0]
        if key.upper() in converters:
            return converters[key.upper()]
    declared = column.get("declared")
    if detect & PARSE_DECLTYPES and declared:
        key = declared.split(" ", 1)[0].split("(", 1)[0]
        return converters.get(key.upper())
    return None


def _blob(cell):
    """The bytes that SQLite makes of a value for a converter."""
    if isinstance(cell, str):
        return cell.encode("utf-8")
    if "int" in cell:
        return cell["int"].encode("ascii")
    if "real" in cell:
        text = "%.15g" % float(cell["real"])
        if not any(mark in text for mark in ".en"):
            text += ".0"
        return text.encode("ascii")
    return wire.bytes_of(cell)


class _Statement:
    """One statement, prepared."""

    def __init__(self, sql):
        if not isinstance(sql, str):
            raise TypeError("execute() argument 1 must be str, not %s" % type(sql).__name__)
        if "\0" in sql:
            if sys.version_info >= (3, 11):
                raise ProgrammingError("the query contains a null character")
            raise ValueError("the query contains a null character")
        if sqlite_text.rest(sql):
            kind = ProgrammingError if sys.version_info >= (3, 11) else Warning
            raise kind("You can only execute one statement at a time.")
        self.sql = sql
        self.word = sqlite_text.first_word(sql)
        self.dml = self.word in _DML
        self._names = sqlite_text.parameters(sql)

    def bind(self, values):
        """Values by the numbers of the statement's parameters; None when it has none."""
        names = self._names
        if isinstance(values, dict) or (
            not isinstance(values, (tuple, list)) and not hasattr(values, "__len__")
        ):
            return self._bind_names(values)
        if not isinstance(values, (tuple, list)) and not hasattr(values, "__getitem__"):
            raise ProgrammingError("parameters are of unsupported type")
        if len(values) != len(names):
            raise ProgrammingError(
                "Incorrect number of bindings supplied. The current statement uses %d, and there are %d "
                "supplied." % (len(names), len(values))
            )
        bound = [_parameter(value, index) for index, value in enumerate(values)]
        return bound or None

    def _bind_names(self, values):
        bound = []
        for index, name in enumerate(self._names):
            if name is None:
                raise ProgrammingError(
                    "Binding %d has no name, but you supplied a dictionary (which has only names)."
                    % (index + 1)
                )
            try:
                value = values[name[1:]]
            except LookupError:
                found = ":" + name[1:] if sys.version_info >= (3, 10) else str(index + 1)
                raise ProgrammingError("You did not supply a value for binding %s." % _named(found)) from None
            bound.append(_parameter(value, ":" + name[1:]))
        return bound or None


def _named(found):
    return "parameter %s" % found if sys.version_info >= (3, 10) else found


# -- connections


class Connection:
    def __init__(
        self,
        database,
        timeout=5.0,
        detect_types=0,
        isolation_level="",
        check_same_thread=True,
        factory=None,
        cached_statements=128,
        uri=False,
        autocommit=LEGACY_TRANSACTION_CONTROL,
    ):
        try:
            session.current.require("sqlite")
        except session.NoConnection as error:
            raise OperationalError("no database connection can be had: %s" % error) from None
        self.row_factory = None
        self.text_factory = str
        self.total_changes = 0
        self._detect_types = detect_types
        self._isolation_level = isolation_level
        self._autocommit = autocommit
        #: Whether SQLite would have a transaction open under sqlite3.
        self._in_transaction = autocommit is False
        #: Whether the engine's transaction was left for a statement that cannot be in one.
        self._left = False
        self._functions = set()
        self._closed = False

    def _check(self):
        if self._closed:
            raise ProgrammingError("Cannot operate on a closed database.")

    # -- statements

    def _before(self, statement):
        current = session.current
        if statement.word in _OUTSIDE and not self._in_transaction:
            if statement.word != "PRAGMA" or _sets(statement.sql):
                self._left = self._left or current.in_transaction
                current.leave_transaction()
        elif statement.word == "BEGIN" and not self._in_transaction:
            if current.in_transaction and not current.dirty and not current.commit_due:
                statement.sql = ""
            else:
                current.leave_transaction()
        elif statement.dml and not self._in_transaction and self._begins():
            current.enter_transaction()
            self._in_transaction = True
        elif self._in_transaction or (self._left and statement.word not in _READS):
            # What follows a PRAGMA is in a transaction again, as it was before.
            current.enter_transaction()
            self._left = False

    def _begins(self):
        if self._autocommit is not LEGACY_TRANSACTION_CONTROL:
            return self._autocommit is False
        return self._isolation_level is not None

    def _before_script(self, script):
        """sqlite3 commits before a script; the script's own transactions need none to be open."""
        if self._in_transaction and self._autocommit is LEGACY_TRANSACTION_CONTROL:
            self.commit()
        words = {text.upper() for kind, text, _ in sqlite_text.tokens(script) if kind == "word"}
        if words.intersection(("COMMIT", "ROLLBACK", "END", "PRAGMA", "VACUUM", "ATTACH", "DETACH")):
            session.current.leave_transaction()

    def _send(self, sql, parameters, single):
        if not sql:
            return wire.Result({"tag": "BEGIN"})
        try:
            return session.current.query(sql, parameters, single=single)
        except session.NoConnection as error:
            raise OperationalError("no statement can be sent: %s" % error) from None
        except wire.EngineError as error:
            raise _translated(error, self._functions) from None

    def _after(self, sql, word):
        if not sql or word in ("BEGIN", "SAVEPOINT"):
            self._in_transaction = True
        elif word in ("COMMIT", "END") or (word == "ROLLBACK" and " TO " not in sql.upper()):
            self._in_transaction = self._left = False

    def cursor(self, factory=Cursor):
        self._check()
        made = factory(self)
        if not isinstance(made, Cursor):
            raise TypeError("factory must return a cursor, not %s" % type(made).__name__)
        if self.row_factory is not None:
            made.row_factory = self.row_factory
        return made

    def execute(self, sql, parameters=()):
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql, parameters):
        return self.cursor().executemany(sql, parameters)

    def executescript(self, sql_script):
        return self.cursor().executescript(sql_script)

    # -- transactions

    @property
    def in_transaction(self):
        return self._in_transaction

    @property
    def isolation_level(self):
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, value):
        if value is not None:
            if not isinstance(value, str):
                raise TypeError("isolation_level must be str or None")
            value = value.upper()
            if value not in ("", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"):
                raise ValueError(
                    "isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'"
                )
        elif self._in_transaction:
            # sqlite3 commits when the old mode is switched off.
            self.commit()
        self._isolation_level = value

    @property
    def autocommit(self):
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value):
        if value is True and self._autocommit is False:
            self.commit()
        self._autocommit = value
        self._in_transaction = self._in_transaction or value is False

    def commit(self):
        self._check()
        # Without a transaction of sqlite3's there is nothing to commit: DDL stays in the engine's.
        if self._in_transaction:
            session.current.commit()
        self._in_transaction = self._autocommit is False

    def rollback(self):
        self._check()
        if self._in_transaction:
            try:
                session.current.rollback()
            except wire.EngineError as error:
                raise _translated(error) from None
        self._in_transaction = self._autocommit is False

    def close(self):
        if not self._closed and self._in_transaction:
            session.current.rollback()
        self._closed = True

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False

    # -- what stays in the project's process

    def create_function(self, name, narg=None, func=None, **kwargs):
        # SQLAlchemy makes ``regexp`` and ``floor`` for each connection; they are missed only when a statement calls them.
        self._functions.add(kwargs.get("name", name).lower())

    create_aggregate = create_window_function = create_function

    def create_collation(self, name, callback=None):
        self._functions.add(name.lower())

    def set_authorizer(self, *args, **kwargs):
        pass

    set_progress_handler = set_trace_callback = enable_load_extension = set_authorizer

    def interrupt(self):
        pass

    def load_extension(self, *args, **kwargs):
        raise OperationalError("not authorized")

    def iterdump(self, **kwargs):
        from sqlite3.dump import _iterdump

        return _iterdump(self, **kwargs)

    def _refused(self, *args, **kwargs):
        raise NotSupportedError("the database belongs to the engine; this is not possible in a migration")

    backup = blobopen = serialize = deserialize = _refused

    def getlimit(self, category):
        return 1000000000

    def setlimit(self, category, limit):
        return 1000000000

    def getconfig(self, option):
        return False

    def setconfig(self, option, enable=True):
        pass

    Error = Error
    Warning = Warning
    InterfaceError = InterfaceError
    DatabaseError = DatabaseError
    InternalError = InternalError
    OperationalError = OperationalError
    ProgrammingError = ProgrammingError
    IntegrityError = IntegrityError
    DataError = DataError
    NotSupportedError = NotSupportedError


def _sets(sql):
    """Whether a PRAGMA changes something that a transaction would keep it from changing."""
    words = [text.lower() for kind, text, _ in sqlite_text.tokens(sql) if kind == "word"]
    names = set(words[1:3])
    return bool(names.intersection(("foreign_keys", "journal_mode", "synchronous"))) and (
        "=" in sql or "(" in sql
    )


def connect(database, *args, **kwargs):
    factory = kwargs.get("factory") or (args[4] if len(args) > 4 else None) or Connection
    if not _is_engines(database):
        return _elsewhere(database, *args, **kwargs)
    return factory(database, *args, **kwargs)


def _is_engines(database):
    """Whether a connection is to the database of the migration.

    SQLAlchemy's are, whatever their URL says, but in memory; others when they name the file.
    """
    name = os.fspath(database)
    name = os.fsdecode(name)
    server = session.current.server or {}
    if name == server.get("database"):
        return True
    if name in (":memory:", "") or "mode=memory" in name:
        return False
    frame = sys._getframe(2)
    while frame is not None and frames.in_project(frame.f_code.co_filename) is False:
        if frame.f_code.co_filename.endswith(os.path.join("sqlalchemy", "engine", "default.py")):
            return True
        frame = frame.f_back
    path = name[len("file:") :].split("?")[0] if name.startswith("file:") else name
    return os.path.realpath(path) == os.path.realpath(server.get("database") or "/")


def _elsewhere(database, *args, **kwargs):
    """A connection to another database: the interpreter's own sqlite3, where it has one."""
    from dunlin_guest import standins

    original = standins.genuine_sqlite3()
    if original is None:
        raise OperationalError(
            "only the database of the migration can be opened in the sandbox, not %r" % (database,)
        )
    return original.connect(database, *args, **kwargs)


def complete_statement(statement):
    return statement.rstrip().endswith(";") and not sqlite_text.rest(statement)


def enable_callback_tracebacks(flag):
    pass


def configure(server):
    """Tells the modules which SQLite the engine has; SQLAlchemy decides by it what the dialect can do."""
    global sqlite_version
    if not server or server["dialect"] != "sqlite":
        return
    sqlite_version = server["version_text"]
    for name in ("sqlite3", "sqlite3.dbapi2"):
        module = sys.modules.get(name)
        if module is not None:
            module.sqlite_version = sqlite_version
            module.sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
