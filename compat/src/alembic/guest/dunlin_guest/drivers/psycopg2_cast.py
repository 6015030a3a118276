"""psycopg2's typecasters: how the server's text becomes a Python value."""

import datetime
import decimal
import re


class Typecaster:
    """``extensions.new_type``; also the built-in ones, and those of arrays, which hold the caster of their items."""

    def __init__(self, name, values, function, base=None):
        self.name = name
        self.values = values
        self._function = function
        self._base = base

    def __call__(self, text, cursor=None):
        if self._base is not None:
            return _array(text, self._base, cursor)
        return self._function(text, cursor)

    def __eq__(self, other):
        # DB API: cursor.description[i].type_code == psycopg2.STRING
        if isinstance(other, Typecaster):
            return self is other or (
                len(other.values) == 1 and other.values[0] in self.values
            )
        return other in self.values

    def __ne__(self, other):
        return not self == other

    __hash__ = None

    def __repr__(self):
        return "<psycopg2._psycopg.type '%s' at 0x%x>" % (self.name, id(self))


#: ``extensions.string_types``: OID → caster.
string_types = {}
#: ``extensions.binary_types``; psycopg2 has it, and nothing in it.
binary_types = {}


def errors():
    from dunlin_guest.drivers import psycopg2_core

    return psycopg2_core


def _integer(text, cursor):
    return None if text is None else int(text, 0)


def _float(text, cursor):
    return None if text is None else float(text)


def _decimal(text, cursor):
    return None if text is None else decimal.Decimal(text)


def _text(text, cursor):
    return None if text is None else str(text)


def _bytes(text, cursor):
    return None if text is None else text.encode("utf-8")


def _boolean(text, cursor):
    if text is None:
        return None
    if text[:1] in ("t", "T"):
        return True
    if text[:1] in ("f", "F"):
        return False
    raise errors().InterfaceError("can't parse boolean: '%s'" % text)


_ESCAPED = re.compile(rb"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)


def _binary(text, cursor):
    return None if text is None else memoryview(unescaped(text)).cast("c")


def unescaped(text):
    """The bytes of a bytea's text, in either of PostgreSQL's forms."""
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    return _ESCAPED.sub(
        lambda match: bytes([int(match[1], 8)]) if match[1] else match[2], text.encode("utf-8")
    )


# -- dates and times


class _Item(str):
    """An item of an array. psycopg2 compares the rest of the array with "infinity", so it does not know it there."""


def _is_infinite(text):
    return text in ("infinity", "-infinity") and type(text) is not _Item


def _date(text, cursor):
    if text is None:
        return None
    if _is_infinite(text):
        return datetime.date.min if text[0] == "-" else datetime.date.max
    parts, _ = _date_parts(text)
    return datetime.date(*parts)


def _date_parts(text):
    """(year, month, day) and what follows; BC makes the year negative, which Python refuses."""
    digits, parts, position = "", [], 0
    while len(parts) < 3 and position < len(text):
        character = text[position]
        if character in "- T":
            parts.append(int(digits) if digits else -1)
            digits = ""
        else:
            digits += character
        position += 1
    if digits:
        parts.append(_number(digits))
    if len(parts) != 3:
        raise errors().DataError("unable to parse date")
    if text.endswith("BC"):
        parts[0] = -parts[0]
    return parts, text[position:]


def _number(digits):
    try:
        return int(digits)
    except ValueError:
        raise errors().DataError("unable to parse date") from None


_TIME = re.compile(
    r"(?P<h>\d+):(?P<m>\d+):(?P<s>\d+)(?:\.(?P<us>\d+))?"
    r"(?:(?P<sign>[-+])(?P<zh>\d+)(?::(?P<zm>\d+)(?::(?P<zs>\d+))?)?)?(?: BC)?"
)


def _time_parts(text, cursor):
    """(hour, minute, second, microsecond, tzinfo)"""
    match = _TIME.fullmatch(text)
    if match is None:
        raise errors().DataError("unable to parse time")
    hour, minute, second = int(match["h"]), int(match["m"]), int(match["s"])
    fraction = match["us"] or "0"
    microsecond = int(fraction.ljust(6, "0"))
    if hour == 24:
        hour = 0
    if second > 59:
        minute, second = minute + 1, second - 60
    zone = None
    factory = cursor.tzinfo_factory if cursor is not None else datetime.timezone
    if match["sign"] and factory is not None:
        seconds = 3600 * int(match["zh"]) + 60 * int(match["zm"] or 0) + int(match["zs"] or 0)
        offset = -seconds if match["sign"] == "-" else seconds
        zone = errors().zone(factory, offset)
    return hour, minute, second, microsecond, zone


def _datetime(text, cursor):
    if text is None:
        return None
    if _is_infinite(text):
        return datetime.datetime.min if text[0] == "-" else datetime.datetime.max
    return _finite_datetime(text, cursor)


def _datetimetz(text, cursor):
    if text is None:
        return None
    if _is_infinite(text):
        bound = datetime.datetime.min if text[0] == "-" else datetime.datetime.max
        if cursor is not None and cursor.tzinfo_factory is None:
            return bound
        return bound.replace(tzinfo=errors().infinite_zone(cursor, text[0] == "-"))
    return _finite_datetime(text, cursor)


def _finite_datetime(text, cursor):
    parts, rest = _date_parts(text)
    time = _time_parts(rest, cursor) if rest else (0, 0, 0, 0, None)
    return datetime.datetime(*parts, *time)


def _time(text, cursor):
    return None if text is None else datetime.time(*_time_parts(text, cursor))


_INTERVAL = re.compile(
    r"(?:(?P<years>[-+]?\d+) years? ?)?(?:(?P<months>[-+]?\d+) mons? ?)?(?:(?P<days>[-+]?\d+) days? ?)?"
    r"(?:(?P<sign>[-+])?(?P<h>\d+):(?P<m>\d+)(?::(?P<s>\d+)(?:\.(?P<us>\d+))?)?)?"
)


def _interval(text, cursor):
    if text is None:
        return None
    match = _INTERVAL.fullmatch(text)
    if match is None or not text:
        return _odd_interval(text)
    days = int(match["days"] or 0) + 30 * int(match["months"] or 0) + 365 * int(match["years"] or 0)
    for part in ("h", "m", "s"):
        if match[part] and int(match[part]) > 2**31 - 1:
            raise OverflowError("interval component too big")
    seconds = 3600 * int(match["h"] or 0) + 60 * int(match["m"] or 0) + int(match["s"] or 0)
    micros = int((match["us"] or "0").ljust(6, "0"))
    if match["sign"] == "-":
        seconds, micros = -seconds, -micros
    return datetime.timedelta(days, seconds, micros)


def _odd_interval(text):
    if text.startswith("P"):
        raise errors().NotSupportedError("iso_8601 intervalstyle currently not supported")
    # Some servers give microseconds.
    try:
        return datetime.timedelta(0, 0, int(text, 0))
    except ValueError:
        raise ValueError("expected number of microseconds, got %s" % text) from None


# -- arrays


def _array(text, base, cursor):
    if text is None:
        return None
    if text.startswith("["):
        # Bounds of dimensions: [2:3]={…}
        text = text[text.index("=") + 1 :]
    if not text.startswith("{"):
        raise errors().DataError("array does not start with '{'")
    if text == "{":
        raise errors().DataError("malformed array: '{'")
    result = []
    stack, array = [], result
    position, end = 1, len(text) - 1
    while position < end:
        character = text[position]
        if character == "{":
            inner = []
            array.append(inner)
            if len(stack) == 16:
                raise errors().DataError("excessive array dimensions")
            stack.append(array)
            array = inner
            position += 1
        elif character == "}":
            if not stack:
                raise errors().DataError("unbalanced braces in array")
            array = stack.pop()
            position += 1
            if text[position : position + 1] in (",", ";"):
                position += 1
        else:
            token, quoted, position = _token(text, position, end)
            null = not quoted and token.upper() == "NULL"
            array.append(base(None if null else token, cursor))
    return result


def _token(text, start, end):
    """An item of an array, whether it was quoted, and where the next one begins."""
    if text[start] == '"':
        characters, position = [], start + 1
        while position < end and text[position] != '"':
            if text[position] == "\\":
                position += 1
            characters.append(text[position])
            position += 1
        position += 1
        token, quoted = "".join(characters), True
        if "\\" not in text[start:position]:
            token = _Item(token)
    else:
        position = start
        while position < end and text[position] not in ",}":
            position += 1
        token, quoted = _Item(text[start:position]), False
    if text[position : position + 1] == ",":
        position += 1
    return token, quoted, position


_STRINGS = (19, 18, 25, 1042, 1043)
_STRING_ARRAYS = (1002, 1003, 1009, 1014, 1015)

_BASIC = (
    ("NUMBER", (20, 23, 21, 701, 700, 1700), _float),
    ("LONGINTEGER", (20,), _integer),
    ("INTEGER", (23, 21), _integer),
    ("FLOAT", (701, 700), _float),
    ("DECIMAL", (1700,), _decimal),
    ("UNICODE", _STRINGS, _text),
    ("BYTES", _STRINGS, _bytes),
    ("STRING", _STRINGS, _text),
    ("BOOLEAN", (16,), _boolean),
    ("DATETIME", (1114,), _datetime),
    ("DATETIMETZ", (1184,), _datetimetz),
    ("TIME", (1083, 1266), _time),
    ("DATE", (1082,), _date),
    ("INTERVAL", (704, 1186), _interval),
    ("BINARY", (17,), _binary),
    ("ROWID", (26,), _integer),
)

_ARRAYS = (
    ("LONGINTEGERARRAY", (1016,), "LONGINTEGER"),
    ("INTEGERARRAY", (1005, 1006, 1007), "INTEGER"),
    ("FLOATARRAY", (1021, 1022), "FLOAT"),
    ("DECIMALARRAY", (1231,), "DECIMAL"),
    ("UNICODEARRAY", _STRING_ARRAYS, "UNICODE"),
    ("BYTESARRAY", _STRING_ARRAYS, "BYTES"),
    ("STRINGARRAY", _STRING_ARRAYS, "STRING"),
    ("BOOLEANARRAY", (1000,), "BOOLEAN"),
    ("DATETIMEARRAY", (1115,), "DATETIME"),
    ("DATETIMETZARRAY", (1185,), "DATETIMETZ"),
    ("TIMEARRAY", (1183, 1270), "TIME"),
    ("DATEARRAY", (1182,), "DATE"),
    ("INTERVALARRAY", (1187,), "INTERVAL"),
    ("BINARYARRAY", (1001,), "BINARY"),
    ("ROWIDARRAY", (1028, 1013), "ROWID"),
)

_UNREGISTERED = (
    ("PYDATETIME", "DATETIME"),
    ("PYDATETIMETZ", "DATETIMETZ"),
    ("PYTIME", "TIME"),
    ("PYDATE", "DATE"),
    ("PYINTERVAL", "INTERVAL"),
)

#: Every built-in caster by its name in the module psycopg2._psycopg.
builtin = {}

#: For types without a caster.
default = Typecaster("DEFAULT", (), _text)


def register(caster, table=None):
    """``extensions.register_type``."""
    table = string_types if table is None else table
    for oid in caster.values:
        table[oid] = caster


def register_builtin():
    if builtin:
        return
    for name, oids, function in _BASIC:
        builtin[name] = Typecaster(name, oids, function)
        register(builtin[name])
    for name, oids, item in _ARRAYS:
        builtin[name] = Typecaster(name, oids, None, builtin[item])
        register(builtin[name])
    builtin["UNKNOWN"] = Typecaster("UNKNOWN", (705,), _text)
    register(builtin["UNKNOWN"])
    for name, oids in (("INETARRAY", (1041,)), ("CIDRARRAY", (651,)), ("MACADDRARRAY", (1040,))):
        builtin[name] = Typecaster(name, oids, None, builtin["STRING"])
        register(builtin[name])
    for name, same in _UNREGISTERED:
        basic, array = builtin[same], builtin[same + "ARRAY"]
        builtin[name] = Typecaster(name, basic.values, basic._function)
        builtin[name + "ARRAY"] = Typecaster(name + "ARRAY", array.values, None, builtin[name])


def new_type(oids, name, function):
    return Typecaster(name, tuple(oids), function)


def new_array_type(oids, name, base):
    return Typecaster(name, tuple(oids), None, base)
