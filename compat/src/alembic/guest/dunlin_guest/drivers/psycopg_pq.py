"""``psycopg.pq.pq_ctypes``: psycopg's binding to libpq, over the engine's session.

psycopg (3) is Python on top of a module with libpq's functions, and has three of them to choose from; this is a fourth one.
Its compiled accelerators are hidden, so that the Python half uses this module.
"""

import re

from psycopg import errors as e
from psycopg.pq import _enums
from psycopg.pq.misc import ConninfoOption, PGresAttDesc  # noqa: F401

from dunlin_guest import session, wire
from dunlin_guest.drivers import postgres_common, postgres_error

__impl__ = "python"


def version():
    """The libpq that this is: 13 has no pipeline mode, in which statements would not wait for each other."""
    return 130000


__build_version__ = version()

_OK, _BAD = 0, 1
_IDLE, _INTRANS, _INERROR, _UNKNOWN = 0, 2, 3, 4
_EMPTY_QUERY, _COMMAND_OK, _TUPLES_OK, _FATAL_ERROR = 0, 1, 2, 7

_FIELDS = {
    ord("S"): "severity",
    ord("V"): "severity",
    ord("C"): "sqlstate",
    ord("M"): "message",
    ord("D"): "detail",
    ord("H"): "hint",
    ord("P"): "position",
    ord("p"): "internal_position",
    ord("q"): "internal_query",
    ord("W"): "context",
    ord("s"): "schema",
    ord("t"): "table",
    ord("c"): "column",
    ord("d"): "data_type",
    ord("n"): "constraint",
    ord("F"): "source_file",
    ord("L"): "source_line",
    ord("R"): "source_function",
}


# psycopg's own cleaning up behind its prepared statements, none of which the server has.
_DEALLOCATE = re.compile(r"DEALLOCATE (?:ALL|\"?_pg3_\d+\"?)")


class PGresult:
    """A result, an error or a notice."""

    def __init__(self, result=None, error=None, sql=None, status=None, parameter_types=()):
        self._result = result
        self._error = error
        self._sql = sql
        self._parameter_types = parameter_types
        if status is not None:
            self.status = status
        elif error is not None:
            self.status = _FATAL_ERROR
        elif postgres_common.has_rows(result):
            self.status = _TUPLES_OK
        else:
            self.status = _COMMAND_OK if result.tag else _EMPTY_QUERY

    @property
    def engine_error(self):
        return self._error

    def clear(self):
        pass

    pgresult_ptr = None

    @property
    def error_message(self):
        if self._error is None:
            return b""
        return postgres_error.libpq_message(self._error, self._sql).encode("utf-8")

    def get_error_message(self, encoding="utf-8"):
        if self._error is None:
            return "no error details available"
        return postgres_error.libpq_message(self._error, self._sql, severity=False).strip()

    def error_field(self, fieldcode):
        if self._error is None:
            return None
        value = getattr(self._error, _FIELDS[int(fieldcode)])
        return None if value is None else str(value).encode("utf-8")

    @property
    def _columns(self):
        return self._result.columns if self._result is not None else ()

    @property
    def ntuples(self):
        return len(self._result.rows) if self._result is not None else 0

    @property
    def nfields(self):
        return len(self._columns)

    def fname(self, number):
        if number >= len(self._columns):
            return None
        return self._columns[number]["name"].encode("utf-8")

    def ftable(self, number):
        return 0

    def ftablecol(self, number):
        return 0

    def fformat(self, number):
        return 0

    def ftype(self, number):
        return self._columns[number].get("type") or 0

    def fmod(self, number):
        modifier = self._columns[number].get("modifier")
        return -1 if modifier is None else modifier

    def fsize(self, number):
        return postgres_common.fixed_size(self.ftype(number))

    binary_tuples = 0

    def get_value(self, row, column):
        value = self._result.rows[row][column]
        return None if value is None else value.encode("utf-8")

    @property
    def nparams(self):
        return len(self._parameter_types)

    def param_type(self, number):
        return self._parameter_types[number]

    @property
    def command_status(self):
        if self._result is None:
            return None
        return (postgres_common.command_status(self._result) or "").encode("utf-8")

    @property
    def command_tuples(self):
        return None if self._result is None else self._result.affected

    oid_value = 0

    def set_attributes(self, descriptions):
        columns = [
            {"name": d.name.decode("utf-8"), "type": d.typid, "modifier": d.atttypmod} for d in descriptions
        ]
        self._result = wire.Result({"columns": columns})


class PGconn:
    """A connection."""

    def __init__(self, conninfo=b""):
        self.notice_handler = None
        self.notify_handler = None
        self.nonblocking = 0
        self.status = _OK
        self.transaction_status = _IDLE
        self._parameters = postgres_common.parse_dsn(conninfo) if conninfo else {}
        self._failure = b""
        self._results = []
        self._prepared = {}
        try:
            session.current.require("postgres")
        except session.NoConnection as error:
            self.status, self.transaction_status = _BAD, _UNKNOWN
            self._failure = ("no database connection can be had: %s" % error).encode("utf-8")

    @classmethod
    def connect(cls, conninfo):
        return cls(conninfo)

    connect_start = connect

    def connect_poll(self):
        return int(_enums.PollingStatus.OK)

    def finish(self):
        if self.status == _OK and self.transaction_status in (_INTRANS, _INERROR):
            session.current.rollback()
        self.status, self.transaction_status = _BAD, _UNKNOWN

    pgconn_ptr = None

    @property
    def info(self):
        return Conninfo._options(self._parameters)

    def _parameter(self, name):
        return str(self._parameters.get(name) or "").encode("utf-8")

    @property
    def db(self):
        return session.current.server["database"].encode("utf-8")

    @property
    def user(self):
        return session.current.server["user"].encode("utf-8")

    @property
    def password(self):
        return b""

    @property
    def host(self):
        return self._parameter("host")

    @property
    def hostaddr(self):
        return self._parameter("hostaddr")

    @property
    def port(self):
        return self._parameter("port") or b"5432"

    @property
    def options(self):
        return self._parameter("options")

    tty = b""
    protocol_version = 3
    full_protocol_version = 30000
    backend_pid = 0
    needs_password = used_password = used_gssapi = ssl_in_use = False
    pipeline_status = 0
    socket = -1
    _encoding = "utf-8"

    @property
    def server_version(self):
        return postgres_common.server_version()

    def parameter_status(self, name):
        value = postgres_common.parameter_status(name.decode("utf-8"))
        return None if value is None else value.encode("utf-8")

    @property
    def error_message(self):
        return self._failure

    def get_error_message(self, encoding=""):
        return self._failure.decode("utf-8") or "no error details available"

    # -- statements

    def send_query(self, command):
        self._execute(command.decode("utf-8"))

    def send_query_params(
        self, command, param_values, param_types=None, param_formats=None, result_format=0
    ):
        self._refuse_binary(result_format)
        sql = command.decode("utf-8")
        if not param_values:
            # The extended protocol takes one statement only.
            self._execute(sql, single=True)
            return
        types = list(param_types or ())
        self._execute(sql, _values(param_values, param_formats, types), _types(types))

    def send_prepare(self, name, command, param_types=None):
        # What the server would do with it, it does when the statement is executed.
        self._prepared[name] = (command, param_types)
        self._results = [PGresult(wire.Result({"tag": "PREPARE"}))]

    def send_query_prepared(self, name, param_values, param_formats=None, result_format=0):
        command, types = self._prepared[name]
        self.send_query_params(command, param_values, types, param_formats, result_format)

    def send_describe_portal(self, name):
        identifier = '"%s"' % name.decode("utf-8").replace('"', '""')
        self._execute("FETCH 0 FROM " + identifier)

    def exec_(self, command):
        self.send_query(command)
        return self._results.pop(0)

    def exec_params(self, command, param_values, param_types=None, param_formats=None, result_format=0):
        self.send_query_params(command, param_values, param_types, param_formats, result_format)
        return self._results.pop(0)

    def prepare(self, name, command, param_types=None):
        self.send_prepare(name, command, param_types)
        return self._results.pop(0)

    def exec_prepared(self, name, param_values, param_formats=None, result_format=0):
        self.send_query_prepared(name, param_values, param_formats, result_format)
        return self._results.pop(0)

    def close_prepared(self, name):
        self._prepared.pop(name, None)
        return PGresult(wire.Result({"tag": "CLOSE"}))

    def send_close_prepared(self, name):
        self._results = [self.close_prepared(name)]

    def _refuse_binary(self, result_format):
        if result_format:
            raise e.NotSupportedError("results in binary form cannot be had in a migration")

    def _execute(self, sql, parameters=None, types=None, single=None):
        self._results = [self._result_of(sql, parameters, types, single)]

    def _result_of(self, sql, parameters, types, single):
        current = session.current
        try:
            control = postgres_common.transaction_control(sql) if parameters is None else None
            if control is not None:
                return self._control(*control)
            if _DEALLOCATE.fullmatch(sql):
                return PGresult(wire.Result({"tag": "DEALLOCATE"}))
            if self.transaction_status == _IDLE:
                current.leave_transaction()
            result = current.query(sql, parameters, types, single)
        except session.NoConnection as error:
            return PGresult(error=wire.EngineError({"message": "no statement can be sent: %s" % error}))
        except wire.EngineError as error:
            if self.transaction_status == _INTRANS:
                self.transaction_status = _INERROR
            self._failure = postgres_error.libpq_message(error, sql).encode("utf-8")
            return PGresult(error=error, sql=sql)
        if self.transaction_status == _INERROR:
            # Only ROLLBACK TO SAVEPOINT succeeds in a transaction that failed, and mends it.
            self.transaction_status = _INTRANS
        postgres_common.follow_settings(sql)
        for notice in result.notices:
            if self.notice_handler is not None:
                self.notice_handler(PGresult(error=wire.EngineError(notice), status=_COMMAND_OK))
        return PGresult(result)

    def _control(self, verb, modes):
        current = session.current
        if verb == "BEGIN":
            current.enter_transaction(modes)
            self.transaction_status = _INTRANS
        else:
            if verb == "COMMIT" and self.transaction_status == _INTRANS:
                current.commit()
            elif self.transaction_status != _IDLE:
                # COMMIT of a transaction that failed is a ROLLBACK to the server.
                verb = "ROLLBACK"
                current.rollback()
            self.transaction_status = _IDLE
        return PGresult(wire.Result({"tag": verb}))

    # -- everything has been answered when it is asked for

    def get_result(self):
        return self._results.pop(0) if self._results else None

    def consume_input(self):
        pass

    def is_busy(self):
        return 0

    def flush(self):
        return 0

    def notifies(self):
        return None

    def get_cancel(self):
        return PGcancel()

    def cancel_conn(self):
        return PGcancelConn()

    def make_empty_result(self, exec_status):
        return PGresult(wire.Result({}), status=int(exec_status))

    def __getattr__(self, name):
        def refuse(*args, **kwargs):
            raise e.NotSupportedError("%s() cannot be used in a migration" % name)

        if name.startswith("_"):
            raise AttributeError(name)
        return refuse


def _values(values, formats, types):
    """Parameters of the protocol for those of libpq."""
    formats = formats or [0] * len(values)
    result = []
    for index, (value, form) in enumerate(zip(values, formats)):
        if value is None:
            result.append(None)
        elif not form:
            result.append(wire.text_parameter(bytes(value).decode("utf-8")))
        else:
            result.append(_binary(bytes(value), types[index] if index < len(types) else 0))
    return result


_BYTEA = 17
_FIRST_NORMAL_OID = 16384


def _binary(data, oid):
    """A parameter in binary form, which psycopg prefers for many types: its own loader and dumper make text of it."""
    if oid in (0, _BYTEA):
        return wire.bytes_parameter(data)
    if oid >= _FIRST_NORMAL_OID:
        # An enum's binary form is its label.
        return wire.text_parameter(data.decode("utf-8"))
    from psycopg.adapt import PyFormat, Transformer

    transformer = Transformer()
    value = transformer.get_loader(oid, _enums.Format.BINARY).load(data)
    if value is None:
        return None
    dumped = transformer.get_dumper(value, PyFormat.TEXT).dump(value)
    return None if dumped is None else wire.text_parameter(bytes(dumped).decode("utf-8"))


def _types(types):
    return [oid or None for oid in types] if any(types) else None


class PGcancel:
    def cancel(self):
        pass

    def free(self):
        pass


class PGcancelConn:
    status = _OK
    socket = -1
    error_message = b""

    def start(self):
        pass

    blocking = finish = reset = start

    def poll(self):
        return int(_enums.PollingStatus.OK)

    def get_error_message(self, encoding="utf-8"):
        return ""


class Conninfo:
    """Connection strings."""

    _KEYWORDS = {
        "service": "PGSERVICE",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "passfile": "PGPASSFILE",
        "channel_binding": "PGCHANNELBINDING",
        "connect_timeout": "PGCONNECT_TIMEOUT",
        "dbname": "PGDATABASE",
        "host": "PGHOST",
        "hostaddr": "PGHOSTADDR",
        "port": "PGPORT",
        "client_encoding": "PGCLIENTENCODING",
        "options": "PGOPTIONS",
        "application_name": "PGAPPNAME",
        "fallback_application_name": None,
        "keepalives": None,
        "keepalives_idle": None,
        "keepalives_interval": None,
        "keepalives_count": None,
        "tcp_user_timeout": None,
        "sslmode": "PGSSLMODE",
        "sslcompression": "PGSSLCOMPRESSION",
        "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY",
        "sslpassword": None,
        "sslrootcert": "PGSSLROOTCERT",
        "sslcrl": "PGSSLCRL",
        "sslcrldir": "PGSSLCRLDIR",
        "sslsni": "PGSSLSNI",
        "sslnegotiation": "PGSSLNEGOTIATION",
        "sslcertmode": "PGSSLCERTMODE",
        "requirepeer": "PGREQUIREPEER",
        "require_auth": "PGREQUIREAUTH",
        "min_protocol_version": "PGMINPROTOCOLVERSION",
        "max_protocol_version": "PGMAXPROTOCOLVERSION",
        "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
        "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
        "gssencmode": "PGGSSENCMODE",
        "krbsrvname": "PGKRBSRVNAME",
        "gsslib": "PGGSSLIB",
        "gssdelegation": "PGGSSDELEGATION",
        "replication": None,
        "target_session_attrs": "PGTARGETSESSIONATTRS",
        "load_balance_hosts": "PGLOADBALANCEHOSTS",
    }

    @classmethod
    def get_defaults(cls):
        return cls._options({})

    @classmethod
    def parse(cls, conninfo):
        try:
            values = postgres_common.parse_dsn(conninfo)
        except ValueError as error:
            raise e.OperationalError(str(error)) from None
        for key in values:
            if key not in cls._KEYWORDS:
                raise e.OperationalError('invalid connection option "%s"\n' % key)
        return cls._options(values)

    @classmethod
    def _options(cls, values):
        options = []
        for keyword, variable in cls._KEYWORDS.items():
            value = values.get(keyword)
            options.append(
                ConninfoOption(
                    keyword=keyword.encode("ascii"),
                    envvar=variable.encode("ascii") if variable else None,
                    compiled=b"5432" if keyword == "port" else None,
                    val=None if value is None else str(value).encode("utf-8"),
                    label=b"",
                    dispchar=b"*" if keyword == "password" else b"",
                    dispsize=64,
                )
            )
        return options


class Escaping:
    """Literals and identifiers for psycopg.sql."""

    def __init__(self, conn=None):
        self.conn = conn

    def escape_literal(self, data):
        if self.conn is None:
            raise e.OperationalError("escape_literal failed: no connection provided")
        text = bytes(data).replace(b"'", b"''")
        if b"\\" in text:
            return b" E'" + text.replace(b"\\", b"\\\\") + b"'"
        return b"'" + text + b"'"

    def escape_identifier(self, data):
        if self.conn is None:
            raise e.OperationalError("escape_identifier failed: no connection provided")
        return b'"' + bytes(data).replace(b'"', b'""') + b'"'

    def escape_string(self, data):
        text = bytes(data).replace(b"'", b"''")
        if self.conn is not None and postgres_common.needs_escape_strings():
            text = text.replace(b"\\", b"\\\\")
        return text

    def escape_bytea(self, data):
        backslash = b"\\\\" if self.conn is None or postgres_common.needs_escape_strings() else b"\\"
        return backslash + b"x" + bytes(data).hex().encode("ascii")

    def unescape_bytea(self, data):
        from dunlin_guest.drivers import psycopg2_cast

        return psycopg2_cast.unescaped(bytes(data).decode("utf-8"))


def one_attempt(module):
    """``psycopg._conninfo_attempts``: the host's name is not looked up, nothing connects to it."""

    def conninfo_attempts(params):
        return [dict(params)]

    module.conninfo_attempts = conninfo_attempts


def one_attempt_async(module):
    async def conninfo_attempts_async(params):
        return [dict(params)]

    module.conninfo_attempts_async = conninfo_attempts_async
