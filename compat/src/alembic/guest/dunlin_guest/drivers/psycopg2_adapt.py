"""psycopg2's adapters: how a Python value is written into a statement.

Each class answers ``getquoted()`` with the very bytes that psycopg2's C class of the same name gives; psycopg2's
own Python modules (extras, extensions, _json, _range, sql) build on them.
"""

import datetime


class ISQLQuote:
    """The protocol that adapters implement; its type is half of the key of :data:`adapters`."""

    def __init__(self, wrapped=None, **kwargs):
        self._wrapped = wrapped

    def getquoted(self, *args):
        return None

    def getbinary(self, *args):
        return None

    def getbuffer(self, *args):
        return None


#: (type, ISQLQuote) → function from a value to its adapter; ``extensions.adapters``.
adapters = {}


class _Adapter:
    def __init__(self, adapted):
        self.adapted = adapted

    def __conform__(self, protocol):
        return self if protocol is ISQLQuote else None

    def __str__(self):
        return self.getquoted().decode("utf-8")


class AsIs(_Adapter):
    def getquoted(self):
        return str(self.adapted).encode("utf-8")


class Boolean(_Adapter):
    def getquoted(self):
        return b"true" if self.adapted else b"false"


class Int(_Adapter):
    def getquoted(self):
        # An IntEnum's str() is not its number.
        return _signed(str(int(self.adapted)))


class Float(_Adapter):
    def getquoted(self):
        number = float(self.adapted)
        if number != number:
            return b"'NaN'::float"
        if number in (float("inf"), float("-inf")):
            return b"'Infinity'::float" if number > 0 else b"'-Infinity'::float"
        return _signed(repr(self.adapted))


class Decimal(_Adapter):
    def getquoted(self):
        if not self.adapted.is_finite():
            return b"'NaN'::numeric"
        return _signed(str(self.adapted))


def _signed(text):
    # A space keeps "a -%s" from becoming a comment.
    return (" " + text if text.startswith("-") else text).encode("utf-8")


class QuotedString:
    def __init__(self, adapted):
        self.adapted = adapted
        self._connection = None
        self._encoding = "latin1"
        self.buffer = None

    @property
    def encoding(self):
        return "utf-8" if self._connection is not None else self._encoding

    @encoding.setter
    def encoding(self, value):
        self._encoding = value

    def prepare(self, connection):
        self._connection = connection

    def __conform__(self, protocol):
        return self if protocol is ISQLQuote else None

    def getquoted(self):
        if self.buffer is None:
            if isinstance(self.adapted, str):
                data = self.adapted.encode(self.encoding)
            elif isinstance(self.adapted, bytes):
                data = self.adapted
            else:
                raise TypeError("can't quote non-string object")
            self.buffer = quote_bytes(data, self._connection)
        return self.buffer

    def __str__(self):
        return self.getquoted().decode("utf-8")


def quote_bytes(data, connection):
    """A string literal, with the quotes; PQescapeStringConn()."""
    if b"\0" in data:
        raise ValueError("A string literal cannot contain NUL (0x00) characters.")
    data = data.replace(b"'", b"''")
    if connection is not None and connection.needs_escape_strings(b"\\" in data):
        return b"E'" + data.replace(b"\\", b"\\\\") + b"'"
    return b"'" + data + b"'"


class Binary:
    def __init__(self, adapted):
        self.adapted = adapted
        self._connection = None
        self.buffer = None

    def prepare(self, connection):
        self._connection = connection

    def __conform__(self, protocol):
        return self if protocol is ISQLQuote else None

    def getquoted(self):
        if self.buffer is None:
            self.buffer = self._quote()
        return self.buffer

    def _quote(self):
        if self.adapted is None:
            return b"NULL"
        try:
            data = memoryview(self.adapted).tobytes()
        except TypeError:
            raise TypeError("can't escape %s to binary" % type(self.adapted).__name__) from None
        if self._connection is not None and self._connection.needs_escape_strings(True):
            return b"E'\\\\x" + data.hex().encode("ascii") + b"'::bytea"
        return b"'\\x" + data.hex().encode("ascii") + b"'::bytea"

    def __str__(self):
        return self.getquoted().decode("utf-8")


class List:
    def __init__(self, adapted):
        if not isinstance(adapted, list):
            raise TypeError("argument 1 must be list, not %s" % type(adapted).__name__)
        self.adapted = adapted
        self._connection = None

    def prepare(self, connection):
        self._connection = connection

    def __conform__(self, protocol):
        return self if protocol is ISQLQuote else None

    def getquoted(self):
        if not self.adapted:
            return b"'{}'"
        quoted = []
        # ARRAY[NULL] has no type, so arrays of nothing but nulls are written as a literal.
        all_null = True
        for item in self.adapted:
            if item is None:
                quoted.append(b"NULL")
                continue
            text = getquoted(item, self._connection)
            if isinstance(item, list):
                if text.startswith(b"A"):
                    all_null = False
                elif text == b"'{}'":
                    all_null = False
                    text = b"ARRAY[]"
            else:
                all_null = False
            quoted.append(text)
        if not all_null:
            return b"ARRAY[" + b",".join(quoted) + b"]"
        return b"'{" + b",".join(t[1:-1] if t.startswith(b"'") else t for t in quoted) + b"}'"

    def __str__(self):
        return self.getquoted().decode("utf-8")


TIME, DATE, TIMESTAMP, INTERVAL = range(4)


class Datetime(_Adapter):
    """``extensions.DateFromPy`` and the like."""

    def __init__(self, adapted, type=-1):
        super().__init__(adapted)
        self.type = type

    def getquoted(self):
        value = self.adapted
        if self.type == INTERVAL:
            text = "'%d days %d.%06d seconds'::interval" % (value.days, value.seconds, value.microseconds)
            return text.encode("ascii")
        if self.type == DATE:
            cast = "date"
        elif self.type == TIME:
            cast = "time" if value.tzinfo is None else "timetz"
        else:
            cast = "timestamp" if value.tzinfo is None else "timestamptz"
        return ("'%s'::%s" % (value.isoformat(), cast)).encode("utf-8")


def DateFromPy(value):
    return _datetime(value, datetime.date, DATE)


def TimeFromPy(value):
    return _datetime(value, datetime.time, TIME)


def TimestampFromPy(value):
    return _datetime(value, datetime.datetime, TIMESTAMP)


def IntervalFromPy(value):
    return _datetime(value, datetime.timedelta, INTERVAL)


def _datetime(value, kind, number):
    if not isinstance(value, kind):
        raise TypeError(
            "argument 1 must be datetime.%s, not %s" % (kind.__name__, type(value).__name__)
        )
    return Datetime(value, number)


def register_defaults():
    for kind, adapter in (
        (float, Float),
        (int, Int),
        (bool, Boolean),
        (str, QuotedString),
        (bytes, Binary),
        (bytearray, Binary),
        (memoryview, Binary),
        (list, List),
        (datetime.date, DateFromPy),
        (datetime.time, TimeFromPy),
        (datetime.datetime, TimestampFromPy),
        (datetime.timedelta, IntervalFromPy),
    ):
        adapters[(kind, ISQLQuote)] = adapter


def adapt(value, protocol=ISQLQuote, alternative=None):
    """``extensions.adapt``: PEP 246 as psycopg2 has it."""
    adapter = adapters.get((type(value), protocol))
    if adapter is not None:
        return adapter(value)
    for ask, argument in (
        (getattr(protocol, "__adapt__", None), value),
        (getattr(value, "__conform__", None), protocol),
    ):
        if ask is None:
            continue
        try:
            adapted = ask(argument)
        except TypeError:
            continue
        if adapted is not None:
            return adapted
    for base in type(value).__mro__[1:]:
        adapter = adapters.get((base, protocol))
        if adapter is not None:
            return adapter(value)
    from dunlin_guest.drivers.psycopg2_core import ProgrammingError

    raise ProgrammingError("can't adapt type '%s'" % type(value).__name__)


def getquoted(value, connection):
    """The bytes of a value inside of a statement."""
    adapted = adapt(value)
    if connection is not None:
        prepare = getattr(adapted, "prepare", None)
        if prepare is not None:
            prepare(connection)
    quoted = adapted.getquoted()
    return quoted.encode("utf-8") if type(quoted) is str else quoted


def merge(statement, values, connection, error):
    """A statement (bytes) with its placeholders replaced; ``cursor.mogrify``.

    First every placeholder's value is adapted and then all are put in, because the two steps of psycopg2 report
    different mistakes in this order. ``error`` is psycopg2's ProgrammingError.
    """
    adapted, named = _adapt_all(statement, values, connection, error)
    return statement if adapted is None else _fill_in(statement, adapted, named)


def _adapt_all(statement, values, connection, error):
    adapted, named, percent = None, None, False
    position, used = 0, 0
    while True:
        position = statement.find(b"%", position) + 1
        if not position:
            break
        following = statement[position : position + 1]
        if following == b"%":
            percent = True
            position += 1
        elif following == b"(":
            if named is False:
                raise error("argument formats can't be mixed")
            named = True
            end = position + 1
            while end < len(statement) and statement[end : end + 1] not in (b")", b"%"):
                end += 1
            if statement[end : end + 1] != b")":
                raise error("incomplete placeholder: '%(' without ')'")
            key = statement[position + 1 : end].decode("utf-8")
            value = values[key]
            if adapted is None:
                adapted = {}
            if key not in adapted:
                adapted[key] = b"NULL" if value is None else getquoted(value, connection)
            position = end + 1
        else:
            if named:
                raise error("argument formats can't be mixed")
            named = False
            value = _item(values, used)
            if adapted is None:
                adapted = [None] * len(values)
            adapted[used] = b"NULL" if value is None else getquoted(value, connection)
            used += 1
    if percent and adapted is None:
        adapted = []
    return adapted, bool(named)


def _item(values, index):
    if isinstance(values, (dict, set)) or not hasattr(values, "__getitem__"):
        raise TypeError("'%s' object is not a sequence" % type(values).__name__)
    return values[index]


def _fill_in(statement, adapted, named):
    pieces, position, used = [], 0, 0
    while True:
        percent = statement.find(b"%", position)
        if percent < 0:
            pieces.append(statement[position:])
            break
        pieces.append(statement[position:percent])
        position, key = percent + 1, None
        if statement[position : position + 1] == b"(":
            if not named:
                raise TypeError("format requires a mapping")
            end = statement.index(b")", position)
            key = statement[position + 1 : end].decode("utf-8")
            position = end + 1
        conversion = statement[position : position + 1]
        position += 1
        if conversion == b"%":
            pieces.append(b"%")
        elif conversion == b"s":
            if key is not None:
                pieces.append(adapted[key])
            else:
                pieces.append(adapted[used])
                used += 1
        elif not conversion:
            raise ValueError("incomplete format")
        else:
            raise ValueError(
                "unsupported format character '%s' (0x%x) at index %d"
                % (conversion.decode("latin-1"), conversion[0], position - 1)
            )
    if not named and used < len(adapted):
        raise TypeError("not all arguments converted during string formatting")
    return b"".join(pieces)
