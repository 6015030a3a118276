"""What a driver of MySQL makes of values and errors, as lines to compare."""

import datetime
import decimal

from probe_postgres import shown

VALUES = [
    None,
    True,
    0,
    -7,
    2**64,
    1.5,
    -0.1,
    1e300,
    float("nan"),
    decimal.Decimal("-12.340"),
    "",
    "O'Hara",
    'back\\slash and "quotes"',
    "nul \0 return \r\n sub \x1a",
    "100% :x %s",
    "Grüße, 世界 🏥",
    b"",
    b"plain",
    b"it's \\",
    bytearray(b"ab"),
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 13, 5, 7),
    datetime.datetime(2024, 2, 29, 13, 5, 7, 120),
    datetime.time(23, 59, 59, 999999),
    datetime.timedelta(days=-1, seconds=3, microseconds=7),
    datetime.timedelta(hours=30),
    [1, 2, None],
    ("a", "b"),
    {"x"},
]

EXPRESSIONS = [
    "NULL",
    "1",
    "-9223372036854775808",
    "18446744073709551615",
    "1.50",
    "1e0",
    "'text'",
    "''",
    "'Grüße 🏥'",
    "_binary 'ab'",
    "X'00FF'",
    "CAST('2024-02-29' AS DATE)",
    "CAST('2024-02-29 13:05:07.000120' AS DATETIME(6))",
    "CAST('-30:05:07.5' AS TIME(1))",
    "CAST('838:59:59' AS TIME)",
    "CAST(1 AS DECIMAL(10,2))",
    "NOW() IS NULL",
    "TRUE",
    "b'101'",
    "JSON_OBJECT('a', 1)",
    "CURRENT_USER() = ''",
]

COLUMNS = [
    ("TINYINT", "-5"),
    ("TINYINT(1)", "1"),
    ("TINYINT UNSIGNED", "200"),
    ("SMALLINT", "1"),
    ("MEDIUMINT", "1"),
    ("INT UNSIGNED ZEROFILL", "7"),
    ("BIGINT", "9223372036854775807"),
    ("FLOAT", "1.25"),
    ("DOUBLE", "0.1"),
    ("DECIMAL(12,4)", "'123.4500'"),
    ("BIT(10)", "b'1000000001'"),
    ("CHAR(5)", "'ab'"),
    ("VARCHAR(20)", "'Grüße'"),
    ("VARCHAR(20) CHARACTER SET latin1", "'Grüße'"),
    ("VARCHAR(20) COLLATE utf8mb4_bin", "'bin'"),
    ("TINYTEXT", "'t'"),
    ("TEXT", "'text'"),
    ("LONGTEXT", "'long'"),
    ("BINARY(4)", "'ab'"),
    ("VARBINARY(10)", "X'00FF27'"),
    ("BLOB", "X'80'"),
    ("LONGBLOB", "'blob'"),
    ("DATE", "'2024-02-29'"),
    ("DATETIME", "'2024-02-29 13:05:07'"),
    ("DATETIME(6)", "'2024-02-29 13:05:07.000001'"),
    ("TIMESTAMP NULL", "'2024-02-29 13:05:07'"),
    ("TIME", "'-12:00:01'"),
    ("YEAR", "2024"),
    ("ENUM('a','b')", "'b'"),
    ("SET('x','y')", "'x,y'"),
    ("JSON", "'{\"a\": [1, \"ü\"]}'"),
]

ERRORS = [
    "SELEC 1",
    "SELECT * FROM nowhere",
    "SELECT nothing",
    "INSERT INTO probe (id, name) VALUES (1, 'a'), (1, 'b')",
    "INSERT INTO probe (id, name) VALUES (2, NULL)",
    "INSERT INTO probe (id, name) VALUES (3, 'much too long a name')",
    "INSERT INTO probe (id, name, ward) VALUES (4, 'd', 99)",
    "INSERT INTO probe (id) VALUES (5)",
    "DROP TABLE nowhere",
    "CREATE TABLE probe (id int)",
    "ALTER TABLE probe ADD COLUMN name int",
    "SELECT 1; SELECT 2",
    "USE nowhere_at_all",
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'own'",
    "CREATE DATABASE mysql",
    "SELECT COUNT(*) FROM probe GROUP BY nothing",
]


def failure(error):
    return "%s.%s %r %s" % (
        type(error).__module__,
        type(error).__name__,
        error.args,
        [base.__name__ for base in type(error).__mro__],
    )


def lines(connection):
    cursor = connection.cursor()
    for value in VALUES:
        try:
            if hasattr(cursor, "mogrify"):
                yield "mogrify %r" % cursor.mogrify("SELECT %s", (value,))
            cursor.execute("SELECT %s", (value,))
            yield "through %r -> %s" % (value, shown(cursor.fetchone()[0]))
        except Exception as error:
            yield "through %r -> %s" % (value, failure(error))
    for expression in EXPRESSIONS:
        cursor.execute("SELECT " + expression)
        yield "%s -> %s %r" % (expression, shown(cursor.fetchone()[0]), described(cursor))
    yield from stored(cursor)
    yield from counted(cursor)
    for statement in ERRORS:
        if ";" in statement and "pymysql" not in type(connection).__module__:
            # mysqlclient lets several statements pass, and shows the first result; the protocol has the last one.
            continue
        try:
            cursor.execute(statement)
            yield "error %r: none %r" % (statement, cursor.fetchall())
        except Exception as error:
            yield "error %r: %s" % (statement, failure(error))


def described(cursor):
    # Without the width, which depends on the server's own choice of intermediate types.
    return [(column[0], column[1], column[5], column[6]) for column in cursor.description]


def stored(cursor):
    cursor.execute("CREATE TABLE kinds (%s)" % ", ".join("c%d %s" % (n, c[0]) for n, c in enumerate(COLUMNS)))
    cursor.execute("INSERT INTO kinds VALUES (%s)" % ", ".join(c[1] for c in COLUMNS))
    cursor.execute("INSERT INTO kinds (c0) VALUES (NULL)")
    cursor.execute("SELECT * FROM kinds ORDER BY c0 DESC")
    for row in cursor.fetchall():
        for (kind, _), value, column in zip(COLUMNS, row, cursor.description):
            yield "%s -> %s %r" % (kind, shown(value), column[:2] + column[5:])
    cursor.execute("SELECT * FROM kinds WHERE 1 = 0")
    yield "no rows %r %r" % (cursor.fetchall(), cursor.rowcount)


def counted(cursor):
    cursor.execute("CREATE TABLE ward (id int AUTO_INCREMENT PRIMARY KEY, name varchar(10))")
    yield "ddl %r %r" % (cursor.rowcount, cursor.lastrowid)
    cursor.execute(
        "CREATE TABLE probe (id int PRIMARY KEY, name varchar(10) NOT NULL, ward int, FOREIGN KEY (ward) "
        "REFERENCES ward (id))"
    )
    for statement in (
        "INSERT INTO ward (name) VALUES ('a')",
        "INSERT INTO ward (name) VALUES ('b'), ('c')",
        "UPDATE ward SET name = 'a'",
        "UPDATE ward SET name = 'a'",
        "SELECT * FROM ward",
        "DELETE FROM ward WHERE id = 3",
        "SET @x = 1",
    ):
        cursor.execute(statement)
        yield "count %s -> %r %r %r" % (statement, cursor.rowcount, cursor.lastrowid, cursor.fetchall())
    cursor.executemany("INSERT INTO ward (name) VALUES (%s)", [("x",), ("y",), ("z",)])
    yield "many %r %r %r" % (cursor.rowcount, cursor.lastrowid, cursor._executed)
    cursor.executemany("UPDATE ward SET name = %s WHERE id = %s", [("m", 1), ("n", 2)])
    yield "many %r" % cursor.rowcount
