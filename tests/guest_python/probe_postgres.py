"""What a driver of PostgreSQL makes of values and errors, as lines to compare.

``lines(connection)`` runs on the genuine driver and on ours, and the answers are compared line by line.
"""

import datetime
import decimal
import enum
import uuid

UTC = datetime.timezone.utc
PLUS = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


class Ward(enum.IntEnum):
    SURGERY = 3


VALUES = [
    None,
    True,
    False,
    0,
    -7,
    2**63,
    Ward.SURGERY,
    1.5,
    -0.1,
    1e300,
    float("nan"),
    float("inf"),
    -float("inf"),
    decimal.Decimal("-12.340"),
    decimal.Decimal("1E+5"),
    decimal.Decimal("NaN"),
    "",
    "O'Hara",
    'back\\slash and "quotes"',
    "100% :x %s",
    "Grüße, 世界 🏥\n\t",
    b"",
    b"\x00\x01\xff'\\",
    bytearray(b"ab"),
    memoryview(b"cd"),
    datetime.date(2024, 2, 29),
    datetime.date.max,
    datetime.datetime(2024, 2, 29, 13, 5, 7),
    datetime.datetime(2024, 2, 29, 13, 5, 7, 120),
    datetime.datetime(1, 1, 1, tzinfo=UTC),
    datetime.datetime(2024, 2, 29, 13, 5, 7, tzinfo=PLUS),
    datetime.time(23, 59, 59, 999999),
    datetime.time(1, 2, tzinfo=PLUS),
    datetime.timedelta(days=-1, seconds=3, microseconds=7),
    datetime.timedelta(0),
    [],
    [1, 2, None],
    [None, None],
    [[1, 2], [3, 4]],
    [[], []],
    [[None], [None]],
    ["a,b", 'q"uote', None, "NULL", "back\\slash", ""],
    [datetime.date(2024, 1, 1)],
    (1, "two", None),
    uuid.UUID("12345678-1234-5678-1234-567812345678"),
    {"a": 1},
    object,
    {1, 2},
]

EXPRESSIONS = """
NULL::int | 1::int2 | -2147483648::int4 | 9223372036854775807::int8 | 1.5::float4 | 'NaN'::float8
'-Infinity'::float8 | 0.1::float8 | 12.50::numeric(10,2) | 'NaN'::numeric | 1e30::numeric | true | false
'abc'::text | 'abc  '::char(5) | 'x'::"char" | 'name'::name | ''::varchar | E'a\\\\b'::text
'\\xdeadbeef'::bytea | ''::bytea | '2024-02-29'::date | 'infinity'::date | '-infinity'::date
'2024-02-29 13:05:07.000120'::timestamp | 'infinity'::timestamp | '-infinity'::timestamp
'2024-02-29 13:05:07.5+05:30'::timestamptz | '1850-01-01 00:00:00+00:19:32'::timestamptz | 'infinity'::timestamptz
'13:05:07.5'::time | '24:00:00'::time | '13:05:07+05:30'::timetz | '1 year 2 mons 3 days 04:05:06.789'::interval
'-1 days -00:00:01.5'::interval | '-00:00:00.000001'::interval | '0'::interval | '3 days'::interval | '100000:00:00'::interval
'{1,2,NULL}'::int[] | '{}'::int[] | '{{1,2},{3,4}}'::int[] | '[2:3]={5,6}'::int[] | ARRAY['a,b','q"uote',NULL,'NULL','',E'back\\\\slash']
'{t,f}'::bool[] | '{1.5,NaN}'::numeric[] | '{2024-01-01,infinity}'::date[] | ARRAY['2024-01-01 01:02:03'::timestamp]
ARRAY['\\x00ff'::bytea] | '{1 day,-02:00:00}'::interval[] | '{"a": [1, 2.5, null]}'::json | '{"b": "ü"}'::jsonb
ARRAY['{"a": 1}'::json] | '12345678-1234-5678-1234-567812345678'::uuid | ARRAY['12345678-1234-5678-1234-567812345678'::uuid]
'192.168.0.1/24'::inet | '192.168.0.0/24'::cidr | '08:00:2b:01:02:03'::macaddr | '10101'::bit(5) | B'101'::varbit
'[1,5)'::int4range | 'empty'::int4range | '(,5]'::int4range | '[1.5,2.5]'::numrange | '[2024-01-01,2024-02-01)'::daterange
'["2024-01-01 00:00","2024-01-02 00:00")'::tsrange | '{"[1,3)"}'::int4range[] | '(1,2)'::point | '12.34'::money
'a:1 b'::tsvector | 42::oid | 'pg_class'::regclass | '<a/>'::xml | (1, 'a') | ARRAY[1::oid, 2::oid] | '1 2 3'::int2vector
"""

ERRORS = [
    "SELEC 1",
    "SELECT * FROM nowhere",
    "SELECT nothing FROM pg_class",
    "SELECT 1/0",
    "SELECT 'x'::int",
    "INSERT INTO probe (id) VALUES (1), (1)",
    "INSERT INTO probe (id, name) VALUES (2, NULL)",
    "INSERT INTO probe (id, ward) VALUES (3, 99)",
    "INSERT INTO probe (id, age) VALUES (4, -1)",
    "INSERT INTO probe (id, name) VALUES (5, 'much too long a name')",
    "SELECT\n  a very long line that goes on and on and on and on, until it is longer than any terminal FROM here AND there",
    "CREATE TABLE probe (id int)",
    "DROP TABLE nowhere",
    "SELECT nextval('nothing')",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SELECT pg_sleep('x', 1)",
    "ALTER TABLE probe ADD COLUMN age int",
    "",
]

TABLE = """
CREATE TEMPORARY TABLE ward (id int PRIMARY KEY);
CREATE TEMPORARY TABLE probe (
    id int PRIMARY KEY, name varchar(10) NOT NULL DEFAULT 'x', ward int REFERENCES ward,
    age int CONSTRAINT sane CHECK (age >= 0)
)
"""


def shown(value):
    if isinstance(value, memoryview):
        return "memoryview(%r)" % value.tobytes()
    if isinstance(value, float) and value != value:
        return "nan"
    return "%s: %r" % (type(value).__name__, value)


def failure(error):
    diag = getattr(error, "diag", None)
    details = []
    if diag is not None:
        for name in (
            "severity",
            "sqlstate",
            "message_primary",
            "message_detail",
            "message_hint",
            "statement_position",
            "schema_name",
            "table_name",
            "column_name",
            "datatype_name",
            "constraint_name",
        ):
            details.append("%s=%r" % (name, getattr(diag, name, None)))
    code = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
    bases = [base.__name__ for base in type(error).__mro__]
    return "%s.%s %r %r %r %s %s" % (
        type(error).__module__,
        type(error).__name__,
        str(error),
        code,
        getattr(error, "pgerror", None),
        bases,
        details,
    )


def expressions():
    for line in EXPRESSIONS.strip().splitlines():
        for expression in line.split(" | "):
            yield expression.strip()


def lines(connection):
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'Europe/Vienna'")
    cursor.execute("SET lc_monetary = 'C'")
    if hasattr(cursor, "mogrify"):
        yield from mogrified(cursor)
    yield from selected(cursor)
    yield from passed(cursor)
    yield from counted(cursor)
    yield from failed(cursor)


def mogrified(cursor):
    for value in VALUES:
        try:
            yield "mogrify %r" % cursor.mogrify("SELECT %s", (value,))
        except Exception as error:
            yield "mogrify %s" % failure(error)
    for statement, values in (
        ("SELECT %(a)s, %(b)s, %(a)s", {"a": 1, "b": "x"}),
        ("SELECT '100%%', %s", (5,)),
        ("SELECT '100%%'", ()),
        ("SELECT 100%%", None),
        ("SELECT %s", ()),
        ("SELECT %s %s", (1,)),
        ("SELECT %s", (1, 2)),
        ("SELECT %d", (1,)),
        ("SELECT %(a)s %s", {"a": 1}),
        ("SELECT %(a", {"a": 1}),
        ("SELECT %(b)s", {"a": 1}),
        ("SELECT 1 %", (1,)),
        (b"SELECT %s", ("bytes",)),
    ):
        try:
            yield "merge %r" % cursor.mogrify(statement, values)
        except Exception as error:
            yield "merge %s" % failure(error)


def selected(cursor):
    for expression in expressions():
        try:
            cursor.execute("SELECT " + expression)
            column = cursor.description[0]
            value = cursor.fetchone()[0]
            yield "%s -> %s %s" % (expression, shown(value), tuple(column)[:4])
        except Exception as error:
            cursor.connection.rollback()
            yield "%s -> %s" % (expression, failure(error))


def passed(cursor):
    """Values out and in again."""
    for value in VALUES:
        try:
            cursor.execute("SELECT %s", (value,))
            yield "through %r -> %s" % (value, shown(cursor.fetchone()[0]))
        except Exception as error:
            cursor.connection.rollback()
            yield "through %r -> %s.%s" % (value, type(error).__module__, type(error).__name__)


def counted(cursor):
    cursor.execute(TABLE)
    yield "ddl %r %r %r" % (cursor.rowcount, cursor.description, cursor.statusmessage)
    for statement in (
        "INSERT INTO ward VALUES (1), (2), (3)",
        "UPDATE ward SET id = id + 10 WHERE id > 1",
        "SELECT id FROM ward ORDER BY id",
        "DELETE FROM ward WHERE id = 1 RETURNING id",
        "DELETE FROM ward WHERE id = 99",
        "SELECT id FROM ward WHERE id = 99",
        "SELECT FROM ward",
        "CREATE TEMPORARY TABLE copied AS SELECT * FROM ward",
        "BEGIN",
    ):
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description is not None else None
        yield "count %s -> %r %r %r" % (statement, cursor.rowcount, cursor.statusmessage, rows)
    cursor.executemany("INSERT INTO ward VALUES (%s)", [(21,), (22,)])
    yield "many %r" % cursor.rowcount
    try:
        yield "fetch %r" % (cursor.fetchone(),)
    except Exception as error:
        yield "fetch %s" % failure(error)


def failed(cursor):
    for statement in ERRORS:
        cursor.execute("SAVEPOINT here")
        try:
            cursor.execute(statement)
            yield "error %r: none" % statement
        except Exception as error:
            yield "error %r: %s" % (statement, failure(error))
        cursor.execute("ROLLBACK TO SAVEPOINT here")
