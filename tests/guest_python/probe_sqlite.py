"""What sqlite3 makes of values and errors, as lines to compare."""

import datetime
import decimal
import warnings

from probe_postgres import shown

VALUES = [
    None,
    True,
    0,
    -(2**63),
    2**63,
    1.5,
    1e300,
    float("inf"),
    float("nan"),
    "",
    "Grüße 🏥",
    b"",
    b"\x00\xff",
    bytearray(b"ab"),
    memoryview(b"cd"),
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 13, 5, 7, 120),
    decimal.Decimal("1.5"),
    [1],
    object(),
]

ERRORS = [
    ("SELEC 1", ()),
    ("SELECT * FROM nowhere", ()),
    ("SELECT nothing", ()),
    ("INSERT INTO probe (id, name) VALUES (1, 'again')", ()),
    ("INSERT INTO probe (id) VALUES (9)", ()),
    ("INSERT INTO probe (id, name, age) VALUES (8, 'a', -1)", ()),
    ("SELECT ?", ()),
    ("SELECT ?", (1, 2)),
    ("SELECT :a, :b", {"a": 1}),
    ("SELECT ?", {"a": 1}),
    ("SELECT 1; SELECT 2", ()),
    ("SELECT 1;  -- and nothing", ()),
    ("CREATE TABLE probe (id int)", ()),
    ("DROP TABLE nowhere", ()),
    ("SELECT missing(1)", ()),
    ("", ()),
    ("-- nothing", ()),
    ("SELECT ';', \"id\" FROM probe -- ; \n", ()),
    (
        "CREATE TRIGGER t AFTER INSERT ON probe BEGIN UPDATE probe SET age = CASE WHEN age THEN 1 ELSE 2 END; END",
        (),
    ),
    ("PRAGMA table_info(probe)", ()),
    ("BEGIN", ()),
]


def failure(error):
    return "%s.%s %r %s" % (
        type(error).__module__,
        type(error).__name__,
        str(error),
        [base.__name__ for base in type(error).__mro__],
    )


def lines(connection):
    warnings.simplefilter("ignore")
    cursor = connection.cursor()
    for value in VALUES:
        name = "object" if type(value) is object else repr(value)
        try:
            yield "through %s -> %s" % (name, shown(cursor.execute("SELECT ?", (value,)).fetchone()[0]))
        except Exception as error:
            yield "through %s -> %s" % (name, failure(error))
    cursor.execute("CREATE TABLE probe (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT CHECK (age > 0), r REAL, b BLOB)")
    yield "ddl %r %r %r" % (cursor.rowcount, cursor.description, connection.in_transaction)
    for statement, values in (
        ("INSERT INTO probe (name) VALUES (?)", ("a",)),
        ("INSERT INTO probe (name, r, b) VALUES (:name, :r, :b)", {"name": "b", "r": 2, "b": b"x"}),
        ("UPDATE probe SET age = 5", ()),
        ("SELECT * FROM probe", ()),
        ("SELECT id AS \"i [x]\", typeof(r), sum(age) FROM probe", ()),
        ("DELETE FROM probe WHERE id = 2", ()),
        ("REPLACE INTO probe (id, name) VALUES (1, 'c')", ()),
        ("SELECT count(*) FROM probe WHERE 0", ()),
        ("WITH x AS (SELECT 1) SELECT * FROM x", ()),
    ):
        cursor.execute(statement, values)
        yield "count %s -> %r %r %r %r" % (
            statement,
            cursor.rowcount,
            cursor.description,
            cursor.fetchall(),
            connection.in_transaction,
        )
    cursor.executemany("INSERT INTO probe (name) VALUES (?)", [("x",), ("y",)])
    yield "many %r" % cursor.rowcount
    connection.commit()
    yield "committed %r" % connection.in_transaction
    for statement, values in ERRORS:
        try:
            rows = cursor.execute(statement, values).fetchall()
            yield "error %r: none %r" % (statement, rows)
        except Exception as error:
            yield "error %r: %s" % (statement, failure(error))
    connection.rollback()
    import sqlite3

    connection.row_factory = sqlite3.Row
    row = connection.execute("SELECT id, name FROM probe ORDER BY id").fetchone()
    yield "row %r %r %r %r" % (row.keys(), tuple(row), row["NAME"], len(row))
    connection.row_factory = None
    connection.executescript("CREATE TABLE a (x); INSERT INTO a VALUES (1); -- done\n")
    yield "script %r" % connection.execute("SELECT * FROM a").fetchall()
