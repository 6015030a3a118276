"""``psycopg2._psycopg``: the compiled half of psycopg2, over the engine's session.

psycopg2's Python modules import everything from here. Behaviour follows psycopg2 2.8 and 2.9, where they differ by
the version that is installed.
"""

import datetime
import importlib
import re
import time as _time

from dunlin_guest import session, wire
from dunlin_guest.drivers import postgres_common, postgres_error, psycopg2_adapt, psycopg2_cast, versions
from dunlin_guest.drivers.psycopg2_adapt import (  # noqa: F401  (names that psycopg2 imports)
    AsIs,
    Binary,
    Boolean,
    DateFromPy,
    Decimal,
    Float,
    Int,
    IntervalFromPy,
    ISQLQuote,
    List,
    QuotedString,
    TimeFromPy,
    TimestampFromPy,
    adapt,
    adapters,
)
from dunlin_guest.drivers.psycopg2_cast import (  # noqa: F401
    binary_types,
    new_array_type,
    new_type,
    string_types,
)

_VERSION = versions.installed("psycopg2", "psycopg2-binary") or "2.9.9"
__version__ = _VERSION + " (dt dec pq3 ext lo64)"
__libpq_version__ = 150000
apilevel = "2.0"
threadsafety = 2
paramstyle = "pyformat"
REPLICATION_PHYSICAL = 12345678
REPLICATION_LOGICAL = 87654321

# -- errors


class Error(Exception):
    """Base class for error exceptions."""

    pgerror = None
    pgcode = None
    cursor = None
    __dunlin_engine_error__ = None

    @property
    def diag(self):
        return Diagnostics(self)

    def __reduce__(self):
        state = {"pgerror": self.pgerror, "pgcode": self.pgcode}
        return (type(self), self.args, {k: v for k, v in state.items() if v is not None})


class Warning(Exception):
    """A database warning."""


class InterfaceError(Error):
    """Error related to the database interface."""


class DatabaseError(Error):
    """Error related to the database engine."""


class InternalError(DatabaseError):
    """The database encountered an internal error."""


class OperationalError(DatabaseError):
    """Error related to database operation (disconnect, memory allocation etc)."""


class ProgrammingError(DatabaseError):
    """Error related to database programming (SQL error, table not found etc)."""


class IntegrityError(DatabaseError):
    """Error related to database integrity."""


class DataError(DatabaseError):
    """Error related to problems with the processed data."""


class NotSupportedError(DatabaseError):
    """A method or database API was used which is not supported by the database."""


class QueryCanceledError(OperationalError):
    """Error related to SQL query cancellation."""


class TransactionRollbackError(OperationalError):
    """Error causing transaction rollback (deadlocks, serialization failures, etc)."""


_BASIC_ERRORS = (
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
)
for _error in _BASIC_ERRORS:
    _error.__module__ = "psycopg2"
for _error in (QueryCanceledError, TransactionRollbackError):
    _error.__module__ = "psycopg2.extensions"

_BY_CLASS = {
    "08": OperationalError,
    "0A": NotSupportedError,
    "20": ProgrammingError,
    "21": ProgrammingError,
    "22": DataError,
    "23": IntegrityError,
    "24": InternalError,
    "25": InternalError,
    "26": OperationalError,
    "27": OperationalError,
    "28": OperationalError,
    "2B": InternalError,
    "2D": InternalError,
    "2F": InternalError,
    "34": OperationalError,
    "38": InternalError,
    "39": InternalError,
    "3B": InternalError,
    "3D": ProgrammingError,
    "3F": ProgrammingError,
    "40": TransactionRollbackError,
    "42": ProgrammingError,
    "44": ProgrammingError,
}
_BY_LETTER = {"5": OperationalError, "F": InternalError, "H": OperationalError}
_BY_LETTER.update({"P": InternalError, "X": InternalError})

# Names that scripts/make_errors.py of psycopg2 does not derive from PostgreSQL's.
_SPECIFIC = {
    "38002": "ModifyingSqlDataNotPermittedExt",
    "38003": "ProhibitedSqlStatementAttemptedExt",
    "38004": "ReadingSqlDataNotPermittedExt",
    "39004": "NullValueNotAllowedExt",
    "XX000": "InternalError_",
}

#: SQLSTATE → class in psycopg2.errors.
sqlstate_errors = {}


def _base_error(sqlstate):
    if sqlstate == "57014":
        return QueryCanceledError
    return _BY_CLASS.get(sqlstate[:2]) or _BY_LETTER.get(sqlstate[:1]) or DatabaseError


def _make_errors():
    """Fills psycopg2.errors, as the C module does when it is loaded; the names are those of psycopg2.errorcodes."""
    try:
        module = importlib.import_module("psycopg2.errors")
    except ImportError:  # psycopg2 before 2.8
        module = None
    codes = importlib.import_module("psycopg2.errorcodes")
    for name, code in sorted(vars(codes).items()):
        if not name.isupper() or name.startswith("CLASS_") or not isinstance(code, str):
            continue
        if len(code) != 5 or code[:2] in ("00", "01"):
            continue
        title = _SPECIFIC.get(code) or name.title().replace("_", "")
        if name.endswith("_") and code not in _SPECIFIC:
            title += "_"
        kind = type(title, (_base_error(code),), {"__module__": "psycopg2.errors"})
        sqlstate_errors[code] = kind
        if module is not None:
            setattr(module, title, kind)
    if module is not None:
        for kind in _BASIC_ERRORS + (QueryCanceledError, TransactionRollbackError):
            setattr(module, kind.__name__, kind)


class Diagnostics:
    """``error.diag``."""

    _KEYS = {
        "severity": "severity",
        "severity_nonlocalized": "severity",
        "sqlstate": "sqlstate",
        "message_primary": "message",
        "message_detail": "detail",
        "message_hint": "hint",
        "statement_position": "position",
        "internal_position": "internal_position",
        "internal_query": "internal_query",
        "context": "context",
        "schema_name": "schema",
        "table_name": "table",
        "column_name": "column",
        "datatype_name": "data_type",
        "constraint_name": "constraint",
        "source_file": "source_file",
        "source_line": "source_line",
        "source_function": "source_function",
    }

    def __init__(self, error):
        self._answer = error.__dunlin_engine_error__

    def __getattr__(self, name):
        if name not in self._KEYS:
            raise AttributeError(name)
        value = None if self._answer is None else getattr(self._answer, self._KEYS[name])
        return None if value is None else str(value)


def _translated(error, cursor, sql):
    """The error of psycopg2 for one of the engine."""
    code = error.sqlstate
    if error.kind == "refused" or (error.kind == "protocol" and not code):
        raised = NotSupportedError(error.message)
    elif code:
        kind = sqlstate_errors.get(code) or _base_error(code)
        raised = kind(postgres_error.libpq_message(error, sql, severity=False))
        raised.pgerror = postgres_error.libpq_message(error, sql)
        raised.pgcode = code
    else:
        raised = OperationalError(error.message)
    raised.cursor = cursor
    raised.__dunlin_engine_error__ = error
    return raised


# -- values


def zone(factory, offset):
    """The tzinfo of an offset in seconds; psycopg2 2.9 hands a timedelta to the factory, older ones minutes."""
    if versions.numbers(_VERSION) >= (2, 9):
        return factory(datetime.timedelta(seconds=offset))
    return factory(int(round(offset / 60.0)))


def infinite_zone(cursor, minimum):
    if versions.numbers(_VERSION) >= (2, 9):
        return datetime.timezone.utc
    return zone(cursor.tzinfo_factory, 0 if minimum else 0)


def _default_tzinfo_factory():
    if versions.numbers(_VERSION) >= (2, 9):
        return datetime.timezone
    return importlib.import_module("psycopg2.tz").FixedOffsetTimezone


psycopg2_adapt.register_defaults()
psycopg2_cast.register_builtin()
globals().update(psycopg2_cast.builtin)

# PostgreSQL's names of encodings, and Python's.
encodings = {
    "ABC": "cp1258",
    "ALT": "cp866",
    "BIG5": "big5",
    "EUC_CN": "euccn",
    "EUC_JIS_2004": "euc_jis_2004",
    "EUC_JP": "euc_jp",
    "EUC_KR": "euc_kr",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "JOHAB": "johab",
    "KOI8": "koi8_r",
    "KOI8R": "koi8_r",
    "KOI8U": "koi8_u",
    "Mskanji": "cp932",
    "ShiftJIS": "cp932",
    "SHIFT_JIS_2004": "shift_jis_2004",
    "SJIS": "cp932",
    "SQL_ASCII": "ascii",
    "SQLASCII": "ascii",
    "TCVN": "cp1258",
    "TCVN5712": "cp1258",
    "UHC": "cp949",
    "UNICODE": "utf_8",
    "UTF8": "utf_8",
    "VSCII": "cp1258",
    "WIN": "cp1251",
    "WIN866": "cp866",
    "WIN874": "cp874",
    "WIN949": "cp949",
    "Windows932": "cp932",
    "Windows936": "gbk",
    "Windows949": "cp949",
    "Windows950": "cp950",
}
for _number in (1, 2, 3, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16):
    encodings["ISO_8859_%d" % _number] = "iso8859_%d" % _number
for _number, _part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), 1):
    encodings["LATIN%d" % _number] = "iso8859_%d" % _part
for _number in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258):
    encodings["WIN%d" % _number] = encodings["Windows%d" % _number] = "cp%d" % _number


def register_type(caster, scope=None):
    if scope is None:
        psycopg2_cast.register(caster)
    elif isinstance(scope, cursor):
        if scope.string_types is None:
            scope.string_types = {}
        psycopg2_cast.register(caster, scope.string_types)
    elif isinstance(scope, connection):
        psycopg2_cast.register(caster, scope.string_types)
    else:
        raise TypeError("argument 2 must be a connection, cursor or None")


def Date(year, month, day):
    return psycopg2_adapt.Datetime(datetime.date(year, month, day), psycopg2_adapt.DATE)


def Time(hour, minute, second, tzinfo=None):
    whole = int(second)
    micros = int(round((second - whole) * 1000000.0))
    value = datetime.time(hour, minute, whole, micros, tzinfo)
    return psycopg2_adapt.Datetime(value, psycopg2_adapt.TIME)


def Timestamp(year, month, day, hour=0, minute=0, second=0.0, tzinfo=None):
    whole = int(second)
    micros = int(round((second - whole) * 1000000.0))
    value = datetime.datetime(year, month, day, hour, minute, whole, micros, tzinfo)
    return psycopg2_adapt.Datetime(value, psycopg2_adapt.TIMESTAMP)


def DateFromTicks(ticks):
    parts = _time.localtime(ticks)
    return Date(parts.tm_year, parts.tm_mon, parts.tm_mday)


def TimeFromTicks(ticks):
    parts = _time.localtime(int(ticks))
    return Time(parts.tm_hour, parts.tm_min, parts.tm_sec + (ticks - int(ticks)))


def TimestampFromTicks(ticks):
    value = datetime.datetime.fromtimestamp(ticks, datetime.timezone.utc).astimezone()
    return psycopg2_adapt.Datetime(value, psycopg2_adapt.TIMESTAMP)


def quote_ident(ident, scope):
    if not isinstance(scope, (connection, cursor)):
        raise TypeError("argument 2 must be a connection or a cursor")
    text = ident.decode("utf-8") if isinstance(ident, bytes) else ident
    return '"' + text.replace('"', '""') + '"'


def parse_dsn(dsn):
    try:
        return postgres_common.parse_dsn(dsn)
    except ValueError as error:
        raise ProgrammingError("invalid dsn: %s" % error) from None


def libpq_version():
    return __libpq_version__


_wait_callback = None


def set_wait_callback(function):
    # Gevent's and eventlet's recipes set one; every answer of the engine is waited for anyway.
    global _wait_callback
    _wait_callback = function


def get_wait_callback():
    return _wait_callback


def encrypt_password(password, user, scope=None, algorithm=None):
    if algorithm == "md5":
        import hashlib

        return "md5" + hashlib.md5((password + user).encode("utf-8")).hexdigest()
    raise NotSupportedError("encrypt_password(): only the algorithm 'md5' can be had in a migration")


# -- results

class Column:
    """An item of ``cursor.description``."""

    _FIELDS = ("name", "type_code", "display_size", "internal_size", "precision", "scale", "null_ok")

    def __init__(
        self,
        name=None,
        type_code=None,
        display_size=None,
        internal_size=None,
        precision=None,
        scale=None,
        null_ok=None,
        table_oid=None,
        table_column=None,
    ):
        self.name = name
        self.type_code = type_code
        self.display_size = display_size
        self.internal_size = internal_size
        self.precision = precision
        self.scale = scale
        self.null_ok = null_ok
        self.table_oid = table_oid
        self.table_column = table_column

    def _tuple(self):
        return tuple(getattr(self, field) for field in self._FIELDS)

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return self._tuple()[index]

    def __iter__(self):
        return iter(self._tuple())

    def __eq__(self, other):
        return self._tuple() == (other._tuple() if isinstance(other, Column) else other)

    def __hash__(self):
        return hash(self._tuple())

    def __repr__(self):
        return "Column(name=%r, type_code=%r)" % (self.name, self.type_code)


def _column(described):
    oid, modifier = described.get("type"), described.get("modifier")
    modifier = -1 if modifier is None else modifier
    if modifier > 0:
        modifier -= 4
    size = postgres_common.fixed_size(oid)
    precision = scale = None
    if size == -1:
        size = modifier >> 16 if oid == 1700 else modifier
    if oid == 1700:
        precision, scale = (modifier >> 16) & 0xFFFF, modifier & 0xFFFF
    return Column(described["name"], oid, None, size, precision, scale)


class Notify:
    """A notification; LISTEN gets none while a migration runs."""

    def __init__(self, pid, channel, payload=""):
        self.pid, self.channel, self.payload = pid, channel, payload

    def __repr__(self):
        return "Notify(%r, %r, %r)" % (self.pid, self.channel, self.payload)


class cursor:
    """``extensions.cursor``."""

    def __init__(self, conn, name=None):
        if not isinstance(conn, connection):
            raise TypeError("argument 1 must be a connection, not %s" % type(conn).__name__)
        self.connection = conn
        self.name = name
        self._quoted_name = None if name is None else quote_ident(name, conn)
        self.arraysize = 1
        self.itersize = 2000
        self.closed = False
        self.description = None
        self.query = None
        self.statusmessage = None
        self.rowcount = -1
        self.lastrowid = 0
        self.row_factory = None
        self.tzinfo_factory = _default_tzinfo_factory()
        self.string_types = None
        self.binary_types = None
        self.withhold = False
        self.scrollable = None
        self.typecaster = None
        self.pgresult_ptr = None
        self._rows = None
        self._casts = ()
        self._row = 0

    @property
    def rownumber(self):
        return self._row

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.close()

    def close(self):
        if self.closed:
            return
        if self._quoted_name is not None and self.query is not None and not self.connection._failed:
            self._run("CLOSE %s" % self._quoted_name)
        self.closed = True
        self._rows = None

    # -- running

    def mogrify(self, query, vars=None):
        return self._merged(query, vars)

    def _merged(self, query, values):
        statement = _sql_bytes(self, query)
        if values is None:
            return statement
        return psycopg2_adapt.merge(statement, values, self.connection, self._programming_error)

    def _programming_error(self, text):
        error = ProgrammingError(text)
        error.cursor = self
        return error

    def execute(self, query, vars=None):
        if self.name is not None:
            if self.query is not None:
                raise self._programming_error(
                    "can't call .execute() on named cursors more than once"
                )
            if self.connection.autocommit and not self.withhold:
                raise self._programming_error("can't use a named cursor outside of transactions")
        self._check_open()
        self._execute(query, vars)

    def _execute(self, query, values, with_rows=True):
        statement = self._merged(query, values)
        if self._quoted_name is not None:
            scroll = {None: "", True: "SCROLL ", False: "NO SCROLL "}[self.scrollable]
            head = "DECLARE %s %sCURSOR %s HOLD FOR " % (
                self._quoted_name,
                scroll,
                "WITH" if self.withhold else "WITHOUT",
            )
            statement = head.encode("utf-8") + statement
        self.query = statement
        self._run(_sql_text(self, statement), with_rows)

    def executemany(self, query, vars_list):
        self.rowcount = -1
        self._check_open()
        if self.name is not None:
            raise self._programming_error("can't call .executemany() on named cursors")
        total = 0
        for values in vars_list:
            self._execute(query, values, with_rows=False)
            if self.rowcount == -1:
                total = -1
            elif total >= 0:
                total += self.rowcount
        self.rowcount = total

    def callproc(self, procname, vars=None):
        self._check_open()
        if self.name is not None:
            raise self._programming_error("can't call .callproc() on named cursors")
        if isinstance(vars, dict):
            names = ",".join("%s:=%%s" % quote_ident(key, self) for key in vars)
            self.execute("SELECT * FROM %s(%s)" % (procname, names), list(vars.values()))
        else:
            values = list(vars or ())
            self.execute("SELECT * FROM %s(%s)" % (procname, ",".join(["%s"] * len(values))), values)
        return vars

    def _run(self, sql, with_rows=True):
        self._rows, self._row, self.description, self._casts = None, 0, None, ()
        self.rowcount, self.statusmessage = -1, None
        result = self.connection._query(sql, self)
        self.statusmessage = postgres_common.command_status(result)
        if postgres_common.has_rows(result):
            if with_rows:
                self.rowcount = len(result.rows)
                self.description = tuple(_column(column) for column in result.columns)
                self._casts = [self._cast_of(column.type_code) for column in self.description]
                self._rows = result.rows
            else:
                self.rowcount = len(result.rows) if result.affected is None else result.affected
        else:
            self.rowcount = -1 if result.affected is None else result.affected

    # -- results

    def cast(self, oid, text):
        return self._cast_of(oid)(text, self)

    def _cast_of(self, oid):
        for table in (self.string_types, self.connection.string_types, string_types):
            if table is not None and oid in table:
                return table[oid]
        return psycopg2_cast.default

    def _check_open(self):
        if self.closed or self.connection.closed:
            error = InterfaceError("cursor already closed" if self.closed else "connection already closed")
            error.cursor = self
            raise error

    def _check_rows(self):
        self._check_open()
        if self._rows is None:
            raise self._programming_error("no results to fetch")

    def _built(self):
        cells = self._rows[self._row]
        self._row += 1
        if self.row_factory is None:
            return tuple([cast(cell, self) for cast, cell in zip(self._casts, cells)])
        row = self.row_factory(self)
        for index, (cast, cell) in enumerate(zip(self._casts, cells)):
            row[index] = cast(cell, self)
        return row

    def _fetch_forward(self, count):
        if self._quoted_name is not None:
            self._run("FETCH FORWARD %s FROM %s" % (count, self._quoted_name))

    def _fetchone(self):
        self._check_named()
        self._fetch_forward(1)
        return self._built() if self._row < len(self._rows) else None

    def _check_named(self):
        self._check_open()
        if self._quoted_name is None or self.query is None:
            self._check_rows()

    def fetchone(self):
        return self._fetchone()

    def fetchmany(self, size=None):
        self._check_named()
        size = self.arraysize if size is None else size
        self._fetch_forward(size)
        left = len(self._rows) - self._row
        size = left if size < 0 or size > left else size
        return [self._built() for _ in range(size)]

    def fetchall(self):
        self._check_named()
        self._fetch_forward("ALL")
        return [self._built() for _ in range(len(self._rows) - self._row)]

    def __iter__(self):
        return self

    def __next__(self):
        self._check_named()
        if self._quoted_name is not None and (self._rows is None or self._row >= len(self._rows)):
            self._fetch_forward(self.itersize)
        if self._rows is None or self._row >= len(self._rows):
            raise StopIteration
        return self._built()

    def scroll(self, value, mode="relative"):
        self._check_open()
        if self._quoted_name is not None:
            if mode == "absolute":
                self._run("MOVE ABSOLUTE %d FROM %s" % (value, self._quoted_name))
            else:
                self._run("MOVE %d FROM %s" % (value, self._quoted_name))
            return
        position = self._row + value if mode == "relative" else value
        if not 0 <= position < len(self._rows or ()):
            raise self._programming_error("scroll destination out of bounds")
        self._row = position

    def nextset(self):
        raise NotSupportedError("not supported by PostgreSQL")

    def setinputsizes(self, sizes):
        pass

    def setoutputsize(self, size, column=None):
        pass

    def _no_copy(self, method):
        # The engine sends statements and journals them; a stream of COPY is neither.
        raise NotSupportedError(
            "cursor.%s() streams data, which a migration under this engine cannot; use INSERT statements, "
            "such as psycopg2.extras.execute_values()" % method
        )

    def copy_from(self, *args, **kwargs):
        self._no_copy("copy_from")

    def copy_to(self, *args, **kwargs):
        self._no_copy("copy_to")

    def copy_expert(self, *args, **kwargs):
        self._no_copy("copy_expert")


def _sql_bytes(curs, query):
    if isinstance(query, str):
        data = query.encode("utf-8")
    elif isinstance(query, bytes):
        data = query
    elif hasattr(query, "as_string"):  # psycopg2.sql.Composable
        data = query.as_string(curs.connection).encode("utf-8")
    else:
        raise TypeError("argument 1 must be a string or unicode object")
    if not data:
        raise curs._programming_error("can't execute an empty query")
    return data


def _sql_text(curs, statement):
    try:
        return statement.decode("utf-8")
    except UnicodeDecodeError:
        raise curs._programming_error(
            "the statement holds bytes that are no UTF-8; write binary values as psycopg2.Binary"
        ) from None


# -- connections

_STATUS_READY, _STATUS_BEGIN, _STATUS_PREPARED = 1, 2, 5
_LEVELS = {1: "READ COMMITTED", 2: "REPEATABLE READ", 3: "SERIALIZABLE", 4: "READ UNCOMMITTED"}


class connection:
    """``extensions.connection``."""

    def __init__(self, dsn="", async_=0, **kwargs):
        try:
            session.current.require("postgres")
        except session.NoConnection as error:
            raise OperationalError("no database connection can be had: %s" % error) from None
        self.dsn = re.sub(r"password=('(?:[^'\\]|\\.)*'|\S+)", "password=xxx", dsn)
        self._parameters = parse_dsn(dsn) if dsn else {}
        self._parameters.pop("password", None)
        self.closed = 0
        self.status = _STATUS_READY
        self.encoding = "UTF8"
        self.cursor_factory = None
        self.notices = []
        self.notifies = []
        self.string_types = {}
        self.binary_types = {}
        self.protocol_version = 3
        self.async_ = 0
        self._autocommit = False
        self._isolation_level = None
        self._readonly = None
        self._deferrable = None
        self._failed = False
        self._entered = False

    # psycopg2 calls it ``async``, a keyword since Python 3.7.
    def __getattr__(self, name):
        if name == "async":
            return self.async_
        raise AttributeError("%r object has no attribute %r" % (type(self).__name__, name))

    @property
    def server_version(self):
        return postgres_common.server_version()

    @property
    def info(self):
        return ConnectionInfo(self)

    def _check_open(self):
        if self.closed:
            raise InterfaceError("connection already closed")

    def __enter__(self):
        self._check_open()
        if self._entered:
            raise ProgrammingError("the connection cannot be re-entered recursively")
        self._entered = True
        return self

    def __exit__(self, kind, error, traceback):
        self._entered = False
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def cursor(self, name=None, cursor_factory=None, withhold=False, scrollable=None):
        self._check_open()
        factory = cursor_factory or self.cursor_factory or cursor
        made = factory(self, name) if name is not None else factory(self)
        if not isinstance(made, cursor):
            raise TypeError("cursor factory must be subclass of psycopg2.extensions.cursor")
        made.withhold, made.scrollable = bool(withhold), scrollable
        return made

    def close(self):
        # The server rolls back what was not committed when a connection ends.
        if not self.closed:
            if self.status == _STATUS_BEGIN:
                self._end(session.current.rollback)
            self.closed = 1

    def commit(self):
        self._check_open()
        if self.status == _STATUS_BEGIN:
            # COMMIT of a transaction that failed is a ROLLBACK to the server.
            self._end(session.current.rollback if self._failed else session.current.commit)

    def rollback(self):
        self._check_open()
        if self.status == _STATUS_BEGIN:
            self._end(session.current.rollback)

    def _end(self, function):
        self.status, self._failed = _STATUS_READY, False
        try:
            function()
        except wire.EngineError as error:
            raise _translated(error, None, None) from None

    def _modes(self):
        modes = []
        if self._isolation_level is not None:
            modes.append("ISOLATION LEVEL " + _LEVELS[self._isolation_level])
        if self._readonly is not None:
            modes.append("READ ONLY" if self._readonly else "READ WRITE")
        if self._deferrable is not None:
            modes.append("DEFERRABLE" if self._deferrable else "NOT DEFERRABLE")
        return " ".join(modes) or None

    def _query(self, sql, curs):
        try:
            if self._autocommit:
                session.current.leave_transaction()
            elif self.status == _STATUS_READY:
                session.current.enter_transaction(self._modes())
                self.status = _STATUS_BEGIN
            result = session.current.query(sql)
        except session.NoConnection as error:
            raise OperationalError("no statement can be sent: %s" % error) from None
        except wire.EngineError as error:
            self._failed = not self._autocommit
            raise _translated(error, curs, sql) from None
        # Only ROLLBACK TO SAVEPOINT succeeds in a transaction that failed, and mends it.
        self._failed = False
        for notice in result.notices:
            self.notices.append(postgres_error.libpq_message(wire.EngineError(notice), None))
        del self.notices[:-50]
        postgres_common.follow_settings(sql)
        return result

    def needs_escape_strings(self, has_backslash):
        """Whether a literal needs the form E'…'; asked for only when it makes a difference."""
        return has_backslash and postgres_common.needs_escape_strings()

    # -- settings

    def _check_settable(self, method):
        self._check_open()
        if self.status != _STATUS_READY:
            raise ProgrammingError("%s cannot be used inside a transaction" % method)

    @property
    def autocommit(self):
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value):
        self._check_settable("set_session")
        self._autocommit = bool(value)

    @property
    def isolation_level(self):
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, value):
        self._check_settable("set_session")
        self._isolation_level = _level(value)

    @property
    def readonly(self):
        return self._readonly

    @readonly.setter
    def readonly(self, value):
        self._check_settable("set_session")
        self._readonly = _on_or_off(value)

    @property
    def deferrable(self):
        return self._deferrable

    @deferrable.setter
    def deferrable(self, value):
        self._check_settable("set_session")
        self._deferrable = _on_or_off(value)

    def set_session(self, isolation_level=None, readonly=None, deferrable=None, autocommit=None):
        self._check_settable("set_session")
        if isolation_level is not None:
            self._isolation_level = _level(isolation_level)
        if readonly is not None:
            self._readonly = _on_or_off(readonly)
        if deferrable is not None:
            self._deferrable = _on_or_off(deferrable)
        if autocommit is not None:
            self._autocommit = bool(autocommit)

    def set_isolation_level(self, level):
        self._check_open()
        if isinstance(level, int) and not 0 <= level <= 4:
            raise ValueError("isolation level must be between 0 and 4")
        self.rollback()
        if level == 0:
            self._autocommit = True
        else:
            self._autocommit, self._isolation_level = False, level

    def set_client_encoding(self, encoding):
        # Text crosses to the engine as text, so its encoding makes no difference.
        self._check_open()
        clean = re.sub(r"[^A-Za-z0-9]", "", encoding).upper()
        if clean not in encodings and encoding not in encodings:
            raise OperationalError("no Python encoding for PostgreSQL encoding %r" % encoding)
        self.encoding = "UTF8"

    def get_transaction_status(self):
        if self._failed and self.status == _STATUS_BEGIN:
            return 3
        return 2 if self.status == _STATUS_BEGIN else 0

    def get_parameter_status(self, parameter):
        self._check_open()
        return postgres_common.parameter_status(parameter)

    def get_dsn_parameters(self):
        self._check_open()
        return dict(self._parameters)

    def get_backend_pid(self):
        self._check_open()
        return int(session.current.ask("SELECT pg_backend_pid()"))

    def reset(self):
        self._check_open()
        self.rollback()
        self._autocommit, self._isolation_level = False, None
        self._readonly = self._deferrable = None

    def cancel(self):
        self._check_open()

    def poll(self):
        return 0

    def fileno(self):
        raise NotSupportedError("the connection belongs to the engine and has no socket here")

    def isexecuting(self):
        return False

    def lobject(self, *args, **kwargs):
        raise NotSupportedError("large objects cannot be used in a migration under this engine")

    def xid(self, format_id, gtrid, bqual):
        return Xid(format_id, gtrid, bqual)

    def _no_two_phases(self, *args):
        raise NotSupportedError("two-phase transactions cannot be used under this engine, which commits")

    tpc_begin = tpc_prepare = tpc_commit = tpc_rollback = tpc_recover = _no_two_phases

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


def _level(value):
    if value is None:
        return None
    if isinstance(value, int):
        if not 1 <= value <= 4:
            raise ValueError("isolation_level must be between 1 and 4")
        return value
    text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
    if text.upper() == "DEFAULT":
        return None
    for number, name in _LEVELS.items():
        if name == text.upper():
            return number
    raise ValueError("bad value for isolation_level: '%s'" % text)


def _on_or_off(value):
    if value is None:
        return None
    if isinstance(value, (str, bytes)):
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        if text.lower() == "default":
            return None
        raise ValueError("the only string accepted is 'default'; got %s" % text)
    return bool(value)


class ConnectionInfo:
    """``connection.info``."""

    def __init__(self, conn):
        self._conn = conn

    @property
    def dbname(self):
        return session.current.server["database"]

    @property
    def user(self):
        return session.current.server["user"]

    @property
    def password(self):
        return None

    @property
    def host(self):
        return self._conn._parameters.get("host")

    @property
    def port(self):
        return int(self._conn._parameters.get("port") or 5432)

    @property
    def options(self):
        return self._conn._parameters.get("options") or ""

    @property
    def dsn_parameters(self):
        return self._conn.get_dsn_parameters()

    @property
    def status(self):
        return 1 if self._conn.closed else 0

    @property
    def transaction_status(self):
        return self._conn.get_transaction_status()

    @property
    def protocol_version(self):
        return 3

    @property
    def server_version(self):
        return self._conn.server_version

    @property
    def error_message(self):
        return None

    @property
    def backend_pid(self):
        return self._conn.get_backend_pid()

    @property
    def ssl_in_use(self):
        return False

    def parameter_status(self, name):
        return self._conn.get_parameter_status(name)


class Xid:
    """A transaction's identifier of PEP 249; nothing here takes one."""

    def __init__(self, format_id, gtrid, bqual):
        self.format_id, self.gtrid, self.bqual = format_id, gtrid, bqual


class lobject:
    """A large object; ``connection.lobject()`` refuses to make one."""


class ReplicationConnection(connection):
    """Imported by psycopg2.extras."""


class ReplicationCursor(cursor):
    """Imported by psycopg2.extras."""


class ReplicationMessage:
    """Imported by psycopg2.extras."""


def _connect(dsn, connection_factory=None, **kwargs):
    if any(kwargs.values()):
        raise NotSupportedError("asynchronous connections cannot be used in a migration")
    return (connection_factory or connection)(dsn)


_make_errors()
