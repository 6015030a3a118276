"""Runs Alembic itself and prints what its driver sent, revision by revision, as JSON.

    python original.py CONFIG up|down [target]

A line of the log begins a revision. The drivers are the genuine ones; what they hand to the server is noted where it leaves them.
"""

import json
import sys

sent = []


def note(*statement):
    sent.append(list(statement))


class MarkingLog:
    """Stands for the log of alembic.runtime.migration, whose handlers env.py's fileConfig() takes away."""

    def __init__(self, log):
        self._log = log

    def __getattr__(self, name):
        return getattr(self._log, name)

    def info(self, text, *args):
        if text == "Running %s":
            note("revision", text % args)
        self._log.info(text, *args)


def watch_psycopg2():
    try:
        import psycopg2
        from psycopg2 import extensions
    except ImportError:
        return

    class Cursor(extensions.cursor):
        def execute(self, query, vars=None):
            try:
                return super().execute(query, vars)
            finally:
                if self.query is not None:
                    note("sql", self.query.decode("utf-8"))

        def executemany(self, query, vars_list):
            vars_list = list(vars_list)
            for values in vars_list:
                note("sql", self.mogrify(query, values).decode("utf-8"))
            return super().executemany(query, vars_list)

    class Connection(extensions.connection):
        def cursor(self, *args, **kwargs):
            kwargs.setdefault("cursor_factory", Cursor)
            return super().cursor(*args, **kwargs)

        def commit(self):
            if self.status == extensions.STATUS_BEGIN:
                note("commit")
            super().commit()

        def rollback(self):
            if self.status == extensions.STATUS_BEGIN:
                note("rollback")
            super().rollback()

    genuine = psycopg2.connect
    psycopg2.connect = lambda *args, **kwargs: genuine(*args, connection_factory=Connection, **kwargs)


def watch_pymysql():
    try:
        from pymysql import connections
    except ImportError:
        return
    genuine = connections.Connection._execute_command

    def execute(self, command, sql):
        text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "backslashreplace")
        if command == 3:
            note("sql", text)
        return genuine(self, command, sql)

    connections.Connection._execute_command = execute


def watch_mysqldb():
    try:
        from MySQLdb import connections
    except ImportError:
        return
    genuine = connections.Connection.query

    def query(self, statement):
        text = statement if isinstance(statement, str) else bytes(statement).decode("utf-8", "backslashreplace")
        note("sql", text)
        return genuine(self, statement)

    connections.Connection.query = query


def watch_sqlite3():
    import sqlite3
    from sqlite3 import dbapi2

    class Cursor(sqlite3.Cursor):
        def execute(self, sql, parameters=()):
            note("sql", sql, repr(parameters) if parameters else "")
            return super().execute(sql, parameters)

        def executemany(self, sql, parameters):
            parameters = list(parameters)
            for values in parameters:
                note("sql", sql, repr(values) if values else "")
            return super().executemany(sql, parameters)

        def executescript(self, script):
            note("sql", script, "")
            return super().executescript(script)

    class Connection(sqlite3.Connection):
        def cursor(self, factory=Cursor):
            return super().cursor(factory)

        def execute(self, sql, parameters=()):
            return self.cursor().execute(sql, parameters)

    genuine = sqlite3.connect

    def connect(*args, **kwargs):
        kwargs.setdefault("factory", Connection)
        return genuine(*args, **kwargs)

    sqlite3.connect = dbapi2.connect = connect


def watch_psycopg():
    try:
        import psycopg
    except ImportError:
        return
    genuine = psycopg.Cursor._execute_send

    def send(self, query, **kwargs):
        values = [None if p is None else bytes(p).hex() for p in query.params or ()]
        note("sql", query.query.decode("utf-8"), json.dumps(values) if values else "")
        return genuine(self, query, **kwargs)

    def prepared(self, name, query, **kwargs):
        values = [None if p is None else bytes(p).hex() for p in query.params or ()]
        note("sql", query.query.decode("utf-8"), json.dumps(values) if values else "")
        return genuine_prepared(self, name, query, **kwargs)

    genuine_prepared = psycopg.Cursor._send_query_prepared
    psycopg.Cursor._execute_send = send
    psycopg.Cursor._send_query_prepared = prepared


def main(config_file, direction, target=None):
    for watch in (watch_psycopg2, watch_psycopg, watch_pymysql, watch_mysqldb, watch_sqlite3):
        watch()
    from alembic import command
    from alembic.config import Config
    from alembic.runtime import migration

    migration.log = MarkingLog(migration.log)
    config = Config(config_file)
    output, sys.stdout = sys.stdout, sys.stderr
    error = None
    try:
        if direction == "up":
            command.upgrade(config, target or "heads")
        else:
            command.downgrade(config, target or "base")
    except Exception as raised:
        error = "%s: %s" % (type(raised).__name__, raised)
    json.dump({"sent": sent, "error": error}, output)


if __name__ == "__main__":
    main(*sys.argv[1:])
