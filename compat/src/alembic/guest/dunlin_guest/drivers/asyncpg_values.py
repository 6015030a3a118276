"""Values of asyncpg: from Python to PostgreSQL's text, and back by OID."""

import datetime
import decimal
import ipaddress
import re
import uuid

from dunlin_guest import wire
from dunlin_guest.drivers import psycopg2_cast

# -- from Python


def parameter(value):
    """A parameter of the protocol."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return wire.bytes_parameter(value)
    return wire.text_parameter(text(value))


def text(value):
    """A value as PostgreSQL reads it in text form."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, float):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(value), repr(value))
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return "{" + ",".join(_item(item) for item in value) + "}"
    if isinstance(value, datetime.datetime):
        return _infinite(value, datetime.datetime) or value.isoformat(" ")
    if isinstance(value, datetime.date):
        return _infinite(value, datetime.date) or value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return "%d days %d.%06d seconds" % (value.days, value.seconds, value.microseconds)
    if hasattr(value, "lower_inc") and hasattr(value, "isempty"):
        return _range(value)
    if hasattr(value, "as_string"):  # asyncpg.BitString
        return value.as_string().replace(" ", "")
    return str(value)


def _infinite(value, kind):
    # asyncpg writes the ends of Python's calendar as infinity.
    if value.replace(**({"tzinfo": None} if kind is datetime.datetime else {})) == kind.max:
        return "infinity"
    if value.replace(**({"tzinfo": None} if kind is datetime.datetime else {})) == kind.min:
        return "-infinity"
    return None


def _item(value):
    if value is None:
        return "NULL"
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return text(value)
    return '"' + text(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _range(value):
    if value.isempty:
        return "empty"
    bounds = [
        "" if bound is None else '"' + text(bound).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for bound in (value.lower, value.upper)
    ]
    return "%s%s,%s%s" % (
        "[" if value.lower_inc else "(",
        bounds[0],
        bounds[1],
        "]" if value.upper_inc else ")",
    )


# -- to Python


def _timestamp(value):
    if value in ("infinity", "-infinity"):
        return datetime.datetime.max if value[0] == "i" else datetime.datetime.min
    return psycopg2_cast._finite_datetime(value, None)


def _timestamptz(value):
    if value in ("infinity", "-infinity"):
        bound = datetime.datetime.max if value[0] == "i" else datetime.datetime.min
        return bound.replace(tzinfo=datetime.timezone.utc)
    parts, rest = psycopg2_cast._date_parts(value)
    # The server's zone is that of its text; asyncpg reads the instant, in UTC.
    hour, minute, second, micros, zone = _time_of(rest)
    return datetime.datetime(*parts, hour, minute, second, micros, zone).astimezone(datetime.timezone.utc)


_TIME = re.compile(r"(\d+):(\d+):(\d+)(?:\.(\d+))?(?:([-+])(\d+)(?::(\d+))?(?::(\d+))?)?(?: BC)?")


def _time_of(value):
    match = _TIME.fullmatch(value)
    zone = None
    if match[5]:
        seconds = int(match[6]) * 3600 + int(match[7] or 0) * 60 + int(match[8] or 0)
        zone = datetime.timezone(datetime.timedelta(seconds=-seconds if match[5] == "-" else seconds))
    return int(match[1]), int(match[2]), int(match[3]), int((match[4] or "0").ljust(6, "0")), zone


def _time(value):
    hour, minute, second, micros, zone = _time_of(value)
    if hour == 24:
        return datetime.time(0, 0, tzinfo=zone)
    return datetime.time(hour, minute, second, micros, zone)


def _date(value):
    if value in ("infinity", "-infinity"):
        return datetime.date.max if value[0] == "i" else datetime.date.min
    return datetime.date(*psycopg2_cast._date_parts(value)[0])


def _bit(value):
    from asyncpg.types import BitString

    return BitString(value)


def _inet(value):
    return ipaddress.ip_interface(value) if "/" in value else ipaddress.ip_address(value)


def _geometric(kind):
    def convert(value):
        from asyncpg import types

        numbers = [float(n) for n in re.findall(r"[-+]?(?:Infinity|NaN|[0-9.]+(?:e[-+]?\d+)?)", value)]
        if kind == "Point":
            return types.Point(*numbers)
        if kind == "Circle":
            return types.Circle(types.Point(*numbers[:2]), numbers[2])
        if kind == "Line":
            return types.Line(*numbers)
        points = [types.Point(*pair) for pair in zip(numbers[::2], numbers[1::2])]
        if kind == "Path":
            return types.Path(*points, is_closed=value.startswith("("))
        return getattr(types, kind)(*points)

    return convert


_SCALARS = {
    16: lambda value: value == "t",
    17: psycopg2_cast.unescaped,
    20: int,
    21: int,
    23: int,
    26: int,
    28: int,
    29: int,
    600: _geometric("Point"),
    601: _geometric("LineSegment"),
    602: _geometric("Path"),
    603: _geometric("Box"),
    604: _geometric("Polygon"),
    628: _geometric("Line"),
    650: ipaddress.ip_network,
    700: float,
    701: float,
    718: _geometric("Circle"),
    869: _inet,
    1082: _date,
    1083: _time,
    1114: _timestamp,
    1184: _timestamptz,
    1186: lambda value: psycopg2_cast._interval(value, None),
    1266: _time,
    1560: _bit,
    1562: _bit,
    1700: decimal.Decimal,
    2950: uuid.UUID,
}

# OID of an array → OID of its items.
_ARRAYS = {
    1000: 16, 1001: 17, 1005: 21, 1007: 23, 1016: 20, 1021: 700, 1022: 701, 1028: 26, 1231: 1700, 1115: 1114,
    1182: 1082, 1183: 1083, 1185: 1184, 1187: 1186, 1270: 1266, 2951: 2950, 1002: 18, 1003: 19, 1009: 25, 1014: 1042,
    1015: 1043, 199: 114, 3807: 3802, 1041: 869, 651: 650, 1017: 600, 1561: 1560, 1563: 1562, 1034: 1033,
}  # fmt: skip
_RANGES = {3904: 23, 3926: 20, 3906: 1700, 3912: 1082, 3908: 1114, 3910: 1184}
_RANGE_ARRAYS = {3905: 3904, 3927: 3926, 3907: 3906, 3913: 3912, 3909: 3908, 3911: 3910}
_VECTORS = {22: int, 30: int}


def decoder(oid, codecs=None):
    """The function that makes a Python value of a result's text."""
    if codecs and oid in codecs:
        return codecs[oid]
    if oid in _SCALARS:
        return _SCALARS[oid]
    item = _ARRAYS.get(oid) or _RANGE_ARRAYS.get(oid)
    if item:
        inner = decoder(item, codecs)
        return lambda value: psycopg2_cast._array(
            value, lambda token, _: None if token is None else inner(token), None
        )
    if oid in _RANGES:
        return _range_decoder(decoder(_RANGES[oid]))
    if oid in _VECTORS:
        return lambda value: [int(part) for part in value.split()]
    return str


_RANGE = re.compile(r'([\[(])(?:"((?:[^"]|"")*)"|([^",]*)),(?:"((?:[^"]|"")*)"|([^"\])]*))([\])])')


def _range_decoder(bound):
    def convert(value):
        from asyncpg.types import Range

        if value == "empty":
            return Range(empty=True)
        match = _RANGE.fullmatch(value)
        lower = match[2] if match[2] is not None else match[3] or None
        upper = match[4] if match[4] is not None else match[5] or None
        return Range(
            None if lower is None else bound(lower),
            None if upper is None else bound(upper),
            lower_inc=match[1] == "[",
            upper_inc=match[6] == "]",
        )

    return convert
