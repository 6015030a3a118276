"""An engine for the tests: answers a guest's questions from a real server, and remembers them.

It speaks the step protocol as ``docs/step-protocol.md`` has it, over the genuine drivers of this interpreter. The guest is a
child process, or, for the tests of single drivers, this process itself.
"""

import base64
import json
import os
import subprocess
import sys
from urllib.parse import unquote, urlsplit

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GUEST = os.path.join(ROOT, "compat", "src", "alembic", "guest", "dunlin_guest")


class Failure(Exception):
    """An ``error`` to answer."""

    def __init__(self, answer):
        super().__init__(answer["message"])
        self.answer = dict(answer, type="error")


class Postgres:
    """Over psycopg2, with every value as the server's text."""

    def __init__(self, url):
        import psycopg2
        import psycopg2.extensions

        self._errors = psycopg2
        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        cursor = self.connection.cursor()
        cursor.execute("SELECT oid FROM pg_type")
        text = psycopg2.extensions.new_type(
            tuple(row[0] for row in cursor.fetchall()), "TEXT", lambda value, _: value
        )
        psycopg2.extensions.register_type(text, self.connection)
        cursor.execute(
            "SELECT current_setting('server_version_num'), current_setting('server_version'), current_database(),"
            " coalesce(current_schema(), ''), current_user, current_setting('search_path')"
        )
        number, version, database, schema, user, path = cursor.fetchone()
        number = int(number)
        self.facts = {
            "dialect": "postgres",
            "version": [number // 10000, number % 10000, 0],
            "version_text": version,
            "database": database,
            "schema": schema,
            "user": user,
            "search_path": path,
            "settings": {
                name: self.connection.get_parameter_status(name)
                for name in ("DateStyle", "TimeZone", "standard_conforming_strings", "server_encoding")
            },
        }

    def query(self, sql, parameters):
        if not sql.strip():
            return {}
        cursor = self.connection.cursor()
        del self.connection.notices[:]
        try:
            if parameters:
                self._with_parameters(cursor, sql, parameters)
            else:
                cursor.execute(sql)
        except self._errors.Error as error:
            raise Failure(self._error(error)) from None
        rows = [list(row) for row in cursor.fetchall()] if cursor.description is not None else []
        columns = [
            {"name": c.name, "type": c.type_code, "modifier": _modifier(c)} for c in cursor.description or ()
        ]
        status = cursor.statusmessage or ""
        return {
            "columns": columns,
            "rows": rows,
            "affected": None if cursor.rowcount < 0 else cursor.rowcount,
            "tag": " ".join(word for word in status.split() if not word.isdigit()),
            "notices": [_notice(text) for text in self.connection.notices],
        }

    def _with_parameters(self, cursor, sql, parameters):
        """Placeholders of the protocol through PREPARE, whose parameters are resolved as untyped literals are."""
        values = ", ".join(["%s"] * len(parameters))
        arguments = [_plain(parameter) for parameter in parameters]
        cursor.execute("PREPARE dunlin_test AS " + sql)
        try:
            cursor.execute("EXECUTE dunlin_test (%s)" % values, arguments)
            status, self._rows = cursor.statusmessage, None
        finally:
            other = self.connection.cursor()
            other.execute("DEALLOCATE dunlin_test")

    def _error(self, error):
        diag = error.diag
        names = {
            "sqlstate": "sqlstate",
            "severity": "severity",
            "message": "message_primary",
            "detail": "message_detail",
            "hint": "message_hint",
            "position": "statement_position",
            "context": "context",
            "internal_query": "internal_query",
            "internal_position": "internal_position",
            "schema": "schema_name",
            "table": "table_name",
            "column": "column_name",
            "data_type": "datatype_name",
            "constraint": "constraint_name",
        }
        answer = {key: getattr(diag, name) for key, name in names.items()}
        answer["kind"] = "statement"
        return answer

    def control(self, sql):
        self.query(sql, None)

    def close(self):
        self.connection.close()


def _notice(text):
    severity, message = text.rstrip("\n").split(":  ", 1)
    return {"severity": severity, "message": message.split("\nDETAIL:  ")[0]}


def _modifier(column):
    if column.type_code == 1700 and column.precision is not None and column.internal_size is not None:
        return -1 if column.precision == 65535 else ((column.precision << 16) | column.scale) + 4
    if column.internal_size is not None and column.internal_size > 0:
        if column.type_code in (1042, 1043, 1560, 1562):
            return column.internal_size + 4
    return -1


def _plain(parameter):
    if parameter is None or isinstance(parameter, bool):
        return parameter
    ((kind, value),) = parameter.items()
    if kind == "int":
        return int(value)
    if kind == "real":
        return float(value)
    if kind == "bytes":
        return base64.b64decode(value)
    return value


class Mysql:
    """Over PyMySQL, with every value as the server's text."""

    def __init__(self, url):
        import pymysql
        from pymysql.constants import CLIENT

        parts = urlsplit(url)
        self._errors = pymysql
        self.connection = pymysql.connect(
            host=parts.hostname,
            port=parts.port,
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            database=parts.path.lstrip("/") or None,
            charset="utf8mb4",
            conv={},
            use_unicode=False,
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS | CLIENT.FOUND_ROWS,
        )
        cursor = self.connection.cursor()
        cursor.execute("SELECT VERSION(), DATABASE(), CURRENT_USER(), @@sql_mode")
        version, database, user, sql_mode = (value.decode() if value else "" for value in cursor.fetchone())
        numbers = [int(n) for n in version.split("-")[0].split(".")]
        self.facts = {
            "dialect": "mariadb" if "mariadb" in version.lower() else "mysql",
            "version": numbers,
            "version_text": version,
            "database": database,
            "schema": database,
            "user": user.split("@")[0],
            "search_path": "",
            "settings": {"sql_mode": sql_mode},
        }

    def query(self, sql, parameters, single=False):
        assert not parameters, "MySQL's drivers write their values into the statement"
        # COM_SET_OPTION: several statements in one text, or one.
        self.connection._execute_command(27, b"\1\0" if single else b"\0\0")
        self.connection._read_packet()
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql)
            while cursor.nextset():
                pass
        except self._errors.MySQLError as error:
            number, message = error.args[0], error.args[1]
            raise Failure(
                {
                    "kind": "statement",
                    "message": message,
                    "code": number,
                    "sqlstate": getattr(error, "sqlstate", None) or _sqlstate(self.connection),
                }
            ) from None
        result = cursor._result
        columns = [
            {
                "name": field.name,
                "type": field.type_code,
                "modifier": field.scale,
                "flags": field.flags,
                "charset": field.charsetnr,
                "length": field.length,
            }
            for field in getattr(result, "fields", ())
        ]
        rows = [
            [_mysql_cell(value, column) for value, column in zip(row, columns)] for row in result.rows or ()
        ]
        return {
            "columns": columns,
            "rows": rows,
            "affected": result.affected_rows,
            "last_id": result.insert_id,
            "tag": sql.split(None, 1)[0].upper(),
        }

    def control(self, sql):
        # A transaction that DDL ends is followed by another one, as drivers without autocommit have it.
        if sql.startswith("BEGIN"):
            self.query("SET autocommit = 0", None)
        else:
            self.query(sql, None)
            if sql in ("COMMIT", "ROLLBACK"):
                self.query("SET autocommit = 1", None)

    def close(self):
        self.connection.close()


def _sqlstate(connection):
    return None


_MYSQL_STRINGS = (15, 16, 245, 249, 250, 251, 252, 253, 254, 255)


def _mysql_cell(value, column):
    if value is None:
        return None
    if column["charset"] == 63 and column["type"] in _MYSQL_STRINGS and column["type"] != 245:
        return {"bytes": base64.b64encode(value).decode()}
    return value.decode("utf-8")


class Sqlite:
    """Over the interpreter's sqlite3."""

    def __init__(self, path):
        import sqlite3

        self._errors = sqlite3
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.facts = {
            "dialect": "sqlite",
            "version": list(sqlite3.sqlite_version_info),
            "version_text": sqlite3.sqlite_version,
            "database": path,
            "schema": "main",
            "user": "",
            "search_path": "",
        }

    def query(self, sql, parameters):
        cursor = self.connection.cursor()
        before = self.connection.total_changes
        try:
            if parameters is None and ";" in sql.rstrip().rstrip(";"):
                try:
                    cursor.execute(sql)
                except (self._errors.Warning, self._errors.ProgrammingError):
                    cursor.executescript(sql)
            else:
                values = [_plain(parameter) for parameter in parameters or ()]
                cursor.execute(sql, _names(sql, values))
            rows = cursor.fetchall()
        except self._errors.Error as error:
            raise Failure(
                {
                    "kind": "statement",
                    "message": str(error),
                    "code": getattr(error, "sqlite_errorcode", None) or _sqlite_code(error),
                }
            ) from None
        columns = [{"name": column[0], "declared": None} for column in cursor.description or ()]
        return {
            "columns": columns,
            "rows": [[_sqlite_cell(value) for value in row] for row in rows],
            "affected": self.connection.total_changes - before,
            "last_id": cursor.lastrowid,
            "tag": sql.split(None, 1)[0].upper(),
        }

    def control(self, sql):
        self.query(sql, None)

    def close(self):
        self.connection.close()


def _names(sql, values):
    """sqlite3 takes no list for named parameters; they are numbered by their first appearance."""
    sys.path.append(os.path.dirname(GUEST))
    from dunlin_guest.drivers import sqlite_text

    names = sqlite_text.parameters(sql)
    if any(names):
        return {name[1:]: value for name, value in zip(names, values)}
    return values


def _sqlite_code(error):
    return {"IntegrityError": 19, "OperationalError": 1, "DatabaseError": 11}.get(type(error).__name__, 1)


def _sqlite_cell(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"real": repr(value)}
    return {"bytes": base64.b64encode(value).decode()}


class Conversation:
    """Answers questions, and keeps what was asked."""

    def __init__(self, database):
        self.database = database
        self.in_transaction = False
        #: Every question that reached the server, as text: statements, BEGIN, COMMIT, …
        self.statements = []
        self.questions = []
        self.logs = []
        self.output = []

    def answer(self, question):
        self.questions.append(question)
        kind = question["type"]
        try:
            if kind == "query":
                self.statements.append(
                    (question["sql"], question["parameters"]) if question.get("parameters") else question["sql"]
                )
                more = {"single": True} if question.get("single") and isinstance(self.database, Mysql) else {}
                result = self.database.query(question["sql"], question.get("parameters"), **more)
                return dict(result, type="result")
            if kind == "begin":
                if self.in_transaction:
                    raise Failure({"kind": "protocol", "message": "a transaction is open"})
                self._control("BEGIN")
                self.in_transaction = True
            elif kind in ("commit", "rollback"):
                if not self.in_transaction:
                    raise Failure({"kind": "protocol", "message": "no transaction is open"})
                self._control(kind.upper())
                self.in_transaction = False
            elif kind == "savepoint":
                words = {"set": "SAVEPOINT", "release": "RELEASE SAVEPOINT", "rollback": "ROLLBACK TO SAVEPOINT"}
                self._control("%s %s" % (words[question["action"]], question["name"]))
            elif kind == "log":
                self.logs.append((question["level"], question["logger"], question["text"]))
            elif kind == "output":
                self.output.append(question["text"])
            else:
                raise Failure({"kind": "protocol", "message": "unknown question " + kind})
        except Failure as failure:
            return failure.answer
        return {"type": "ok"}

    def _control(self, sql):
        self.statements.append(sql)
        self.database.control(sql)

    def begin(self):
        """The engine's own transaction around a revision."""
        self.database.control("BEGIN")
        self.in_transaction = True

    def end(self, keep):
        if self.in_transaction:
            self.database.control("COMMIT" if keep else "ROLLBACK")
            self.in_transaction = False


class Guest(Conversation):
    """A guest as a child process."""

    def __init__(self, database, project, options, python=sys.executable, import_paths=(), environment=None):
        super().__init__(database)
        self._process = subprocess.Popen(
            [python, GUEST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if os.environ.get("QUIET") else None,
            encoding="utf-8",
            cwd=project,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(environment or {})),
        )
        self.ready = self.converse(
            {
                "type": "start",
                "protocol": 1,
                "tool": "alembic",
                "project": project,
                "import_paths": list(import_paths),
                "server": database.facts if database else None,
                "options": options,
            }
        )

    def converse(self, message):
        self._write(message)
        while True:
            line = self._process.stdout.readline()
            if not line:
                raise AssertionError("the guest ended: %r" % message)
            question = json.loads(line)
            if question["type"] in ("ready", "loaded", "done", "failed"):
                return question
            self._write(self.answer(question))

    def _write(self, message):
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def run(self, path, direction="up", offline=False, **options):
        """One revision, in a transaction of the engine that is committed when it succeeds."""
        with open(path, encoding="utf-8") as file:
            source = file.read()
        if not offline:
            self.begin()
        final = self.converse(
            {
                "type": "run",
                "id": os.path.basename(path).split("_")[0].split(".")[0],
                "path": path,
                "source": source,
                "direction": direction,
                "offline": offline,
                "seed": "7",
                "now": "1700000000000000",
                "options": options,
            }
        )
        if not offline:
            self.end(final["type"] == "done")
        return final

    def call(self, name, **arguments):
        return self.converse({"type": "call", "name": name, "arguments": arguments})

    def stop(self):
        self._write({"type": "stop"})
        self._process.wait(30)
        self._process.stdin.close()
        self._process.stdout.close()
