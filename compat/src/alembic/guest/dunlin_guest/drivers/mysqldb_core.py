"""``MySQLdb._mysql``: the compiled half of mysqlclient, over the engine's session."""

from dunlin_guest import session, wire
from dunlin_guest.drivers import mysql_session, versions

_VERSION = versions.installed("mysqlclient") or "2.2.4"
version_info = versions.numbers(_VERSION)[:3] + ("final", 0)
__version__ = _VERSION

NULL = "NULL"

_BINARY_FLAG, _BINARY_CHARSET = 128, 63
# Converters of these types take text, those of the others bytes.
_TEXT_TYPES = (0, 246, 7, 12, 11, 10)
# TRANSACTIONS is what MySQLdb looks for.
_CAPABILITIES = 0x0F | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 16 | 1 << 17

_PROGRAMMING = (2014, 1007, 1149, 1064, 1146, 1102, 1103, 1110, 1111, 1112, 1113, 1179)
_DATA = (1265, 1263, 1264, 1230, 1171, 1406, 1441)
_INTEGRITY = (1062, 1169, 1216, 1452, 1217, 1451, 1215, 1364, 1048)
_NOT_SUPPORTED = (1196, 1235, 1289, 1286)


def _exceptions():
    from MySQLdb import _exceptions

    return _exceptions


def __getattr__(name):
    # _mysql re-exports the exceptions, which MySQLdb defines in Python.
    if name.endswith("Error") or name == "Warning":
        return getattr(_exceptions(), name)
    raise AttributeError(name)


def _error(number, message, cause=None):
    names = _exceptions()
    if number in _PROGRAMMING:
        kind = names.ProgrammingError
    elif number in _DATA:
        kind = names.DataError
    elif number in _INTEGRITY:
        kind = names.IntegrityError
    elif number in _NOT_SUPPORTED:
        kind = names.NotSupportedError
    else:
        kind = names.InternalError if number < 1000 else names.OperationalError
    error = kind(number, message)
    error.__dunlin_engine_error__ = cause
    return error


_SPECIAL = {0: b"\\0", 10: b"\\n", 13: b"\\r", 92: b"\\\\", 39: b"\\'", 34: b'\\"', 26: b"\\Z"}


def _escaped(data, backslash=True):
    if not backslash:
        return data.replace(b"'", b"''")
    return b"".join(_SPECIAL.get(byte) or bytes((byte,)) for byte in data)


def _bytes(value, encoding="utf-8"):
    if isinstance(value, bytes) or (isinstance(value, bytearray) and versions.numbers(_VERSION) >= (2, 3)):
        return bytes(value)
    # mysqlclient before 2.3 takes the str() of a bytearray too.
    return str(value).encode(encoding)


def escape_string(value):
    return _escaped(_bytes(value))


def string_literal(value):
    return b"'" + _escaped(_bytes(value)) + b"'"


def escape(value, mapping=None):
    if mapping is None:
        raise TypeError("argument 2 must be a mapping")
    converter = mapping.get(type(value))
    return string_literal(value) if converter is None else converter(value, mapping)


def get_client_info():
    return "3.3.8"


def debug(text):
    pass


class result:
    """A stored result."""

    def __init__(self, connection, use=0, converter=None):
        self._columns, self._cells = connection._columns, connection._cells
        self._position = 0
        self.has_next = 0
        self.converter = tuple(_converter(column, converter or {}) for column in self._columns)

    def describe(self):
        return tuple(
            (
                column["name"],
                column.get("type") or 0,
                max([len(_cell(row[index]) or b"") for row in self._cells] or [0]),
                column.get("length") or 0,
                column.get("length") or 0,
                max(column.get("modifier") or 0, 0),
                int(not (column.get("flags") or 0) & 1),
            )
            for index, column in enumerate(self._columns)
        )

    def field_flags(self):
        return tuple(column.get("flags") or 0 for column in self._columns)

    def num_fields(self):
        return len(self._columns)

    def num_rows(self):
        return len(self._cells)

    def data_seek(self, position):
        self._position = position

    def fetch_row(self, maxrows=1, how=0):
        end = len(self._cells) if maxrows == 0 else self._position + maxrows
        rows = self._cells[self._position : end]
        self._position += len(rows)
        built = [self._row(row) for row in rows]
        if how:
            built = [dict(zip(self._names(how), row)) for row in built]
        return tuple(built)

    def _names(self, how):
        return [column["name"] for column in self._columns]

    def _row(self, row):
        return tuple(
            _python(converter, value, column)
            for converter, value, column in zip(self.converter, row, self._columns)
        )

    def discard(self):
        self._cells = []


def _converter(column, conversions):
    """The function that converts a column's values, chosen by the flags of the column where there are several."""
    found = conversions.get(column.get("type"))
    if not isinstance(found, (tuple, list)):
        return found
    flags = column.get("flags") or 0
    if column.get("charset") == _BINARY_CHARSET:
        flags |= _BINARY_FLAG
    else:
        flags &= ~_BINARY_FLAG
    for mask, function in found:
        if not isinstance(mask, int) or mask & flags:
            return function
    return None


def _cell(value):
    if value is None:
        return None
    return wire.bytes_of(value) if isinstance(value, dict) else value.encode("utf-8")


def _python(converter, value, column):
    data = _cell(value)
    if data is None:
        return None
    if converter is str:
        return data.decode("utf-8")
    if converter is bytes or converter is None:
        return data
    if converter is int:
        return int(data)
    return converter(data.decode("utf-8") if column.get("type") in _TEXT_TYPES else data)


class connection:
    """``_mysql.connection``; MySQLdb.connections.Connection extends it."""

    def __init__(self, *args, **kwargs):
        self.open = 0
        try:
            self._connection = mysql_session.Connection()
        except session.NoConnection as error:
            raise _error(2003, "no database connection can be had: %s" % error) from None
        flags = kwargs.get("client_flag", 0)
        self._connection.multiple = bool(flags & 1 << 16)
        self.open = 1
        self.client_flag = flags
        self.port = kwargs.get("port", 3306)
        self.server_capabilities = _CAPABILITIES
        self.converter = kwargs.get("conv", {})
        self._charset = kwargs.get("charset") or "utf8mb4"
        self._columns, self._cells = (), []
        self._affected, self._last_id = 0, 0
        if kwargs.get("init_command"):
            self.query(kwargs["init_command"])

    def _check(self):
        if not self.open:
            raise _error(2006, "")

    def query(self, statement):
        self._check()
        sql = self._connection.text(statement)
        self._columns, self._cells, self._affected, self._last_id = (), [], 0, 0
        try:
            answer = self._connection.run(sql)
        except session.NoConnection as error:
            raise _error(2013, "no statement can be sent: %s" % error) from None
        except wire.EngineError as error:
            number, _ = mysql_session.error_number(error)
            raise _error(number, error.message, error) from None
        if answer is not None:
            self._columns, self._cells = answer.columns, answer.rows
            self._affected = len(answer.rows) if answer.columns else answer.affected or 0
            self._last_id = answer.last_id or 0

    send_query = query

    def read_query_result(self):
        pass

    def store_result(self):
        self._check()
        return result(self, 0, self.converter) if self._columns else None

    use_result = store_result

    def discard_result(self):
        pass

    def next_result(self):
        self._check()
        return -1

    def affected_rows(self):
        return self._affected

    def insert_id(self):
        return self._last_id

    def field_count(self):
        return len(self._columns)

    def warning_count(self):
        return 0

    def info(self):
        return None

    def errno(self):
        return 0

    def error(self):
        return ""

    def sqlstate(self):
        return "00000"

    def stat(self):
        return ""

    def thread_id(self):
        return int(session.current.ask("SELECT CONNECTION_ID()", again=False) or 0)

    def autocommit(self, on):
        self._check()
        self._connection.set_autocommit(bool(on))

    def get_autocommit(self):
        return self._connection.autocommit

    def commit(self):
        self._check()
        self._connection.commit()

    def rollback(self):
        self._check()
        try:
            self._connection.rollback()
        except wire.EngineError as error:
            raise _error(mysql_session.error_number(error)[0], error.message, error) from None

    def close(self):
        self._check()
        self._connection.close()
        self.open = 0

    def ping(self, reconnect=0):
        self._check()

    def select_db(self, name):
        self.query("USE `%s`" % name.replace("`", "``"))

    def kill(self, thread):
        self.query("KILL %d" % thread)

    def character_set_name(self):
        return self._charset

    def set_character_set(self, charset):
        self._charset = charset
        self.query("SET NAMES " + charset)

    def get_character_set_info(self):
        return {"name": self._charset, "collation": "", "comment": "", "dir": "", "mbminlen": 1, "mbmaxlen": 4}

    def get_server_info(self):
        return session.current.server["version_text"]

    def get_host_info(self):
        return ""

    def get_proto_info(self):
        return 10

    def set_server_option(self, option):
        self._connection.multiple = option == 0
        return 0

    def escape(self, value, mapping=None):
        converter = (self.converter if mapping is None else mapping).get(type(value))
        if converter is None:
            return self.string_literal(value)
        return converter(value, mapping)

    def escape_string(self, value):
        return _escaped(_bytes(value, self._connection.encoding), self._connection.backslash)

    def string_literal(self, value):
        return b"'" + self.escape_string(value) + b"'"


def connect(*args, **kwargs):
    return connection(*args, **kwargs)
