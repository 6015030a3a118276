"""What psycopg (3) makes of values and errors, as lines to compare."""

import datetime
import uuid

import probe_postgres
from probe_postgres import failure, shown

# psycopg gives the server the types of its parameters.
CAST = [
    ("int", -7),
    ("bigint", 2**62),
    ("numeric", 2**70),
    ("float8", 0.1),
    ("bool", True),
    ("text", "O'Hara \\ 100%"),
    ("bytea", b"\x00\xff'"),
    ("date", datetime.date(2024, 2, 29)),
    ("timestamp", datetime.datetime(2024, 2, 29, 13, 5, 7, 120)),
    ("timestamptz", datetime.datetime(2024, 2, 29, 13, 5, tzinfo=probe_postgres.PLUS)),
    ("time", datetime.time(1, 2, 3)),
    ("interval", datetime.timedelta(days=-1, seconds=3, microseconds=7)),
    ("uuid", uuid.UUID("12345678-1234-5678-1234-567812345678")),
    ("int[]", [1, None, 3]),
    ("text[]", ["a,b", 'q"uote', None, "NULL", ""]),
    ("bytea[]", [b"\x00", b"ab"]),
    ("date[]", [datetime.date(2024, 1, 1)]),
    ("int", None),
]


def lines(connection):
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'Europe/Vienna'")
    cursor.execute("SET lc_monetary = 'C'")
    for kind, value in CAST:
        cursor.execute("SELECT %%s::%s" % kind, (value,))
        yield "through %s %r -> %s" % (kind, value, shown(cursor.fetchone()[0]))
    for expression in probe_postgres.expressions():
        if expression == "'{2024-01-01,infinity}'::date[]":
            # An error either way; the compiled half of psycopg words it differently from the one in Python.
            continue
        try:
            cursor.execute("SELECT " + expression)
            column = cursor.description[0]
            yield "%s -> %s %s" % (expression, shown(cursor.fetchone()[0]), (column.name, column.type_code))
        except Exception as error:
            connection.rollback()
            yield "%s -> %s" % (expression, failure(error))
    cursor.execute(probe_postgres.TABLE)
    for statement in probe_postgres.ERRORS:
        cursor.execute("SAVEPOINT here")
        try:
            cursor.execute(statement)
            yield "error %r: none" % statement
        except Exception as error:
            yield "error %r: %s" % (statement, failure(error))
        cursor.execute("ROLLBACK TO SAVEPOINT here")
