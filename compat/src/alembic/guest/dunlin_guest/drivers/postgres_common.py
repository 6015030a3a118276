"""What libpq knows and does, for the drivers of PostgreSQL that are built on it."""

import re

from dunlin_guest import session


def parse_dsn(dsn):
    """``key=value`` pairs, or a URL, as a dictionary; ValueError for what PQconninfoParse() refuses."""
    dsn = dsn.decode("utf-8") if isinstance(dsn, bytes) else dsn
    if dsn.startswith(("postgresql://", "postgres://")):
        return _parse_url(dsn)
    result, position = {}, 0
    pair = re.compile(r"\s*([^=\s]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))", re.DOTALL)
    while dsn[position:].strip():
        match = pair.match(dsn, position)
        if match is None:
            word = dsn[position:].split()[0]
            raise ValueError('missing "=" after "%s" in connection info string\n' % word)
        value = match[2] if match[2] is not None else match[3]
        result[match[1]] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        position = match.end()
    return result


def _parse_url(url):
    from urllib.parse import parse_qsl, unquote, urlsplit

    parts = urlsplit(url)
    result = dict(parse_qsl(parts.query))
    for key, value in (
        ("user", parts.username),
        ("password", parts.password),
        ("host", parts.hostname),
        ("port", parts.port),
        ("dbname", parts.path.lstrip("/")),
    ):
        if value:
            result.setdefault(key, unquote(str(value)))
    return result


def server_version():
    """PQserverVersion()"""
    major, minor, patch = session.current.server["version"]
    return major * 10000 + minor if major >= 10 else major * 10000 + minor * 100 + patch


_REPORTED = (
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "application_name",
    "is_superuser",
    "server_encoding",
    "standard_conforming_strings",
)


def parameter_status(name):
    """PQparameterStatus(): settings that the server reports by itself, as text; None for others."""
    server = session.current.server
    known = {
        "server_version": server["version_text"],
        "client_encoding": "UTF8",
        "session_authorization": server["user"],
        "integer_datetimes": "on",
    }
    if name in known:
        return known[name]
    return session.current.setting(name) if name in _REPORTED else None


_SETS = re.compile(
    r"(?:^\s*(?:SET|RESET|DISCARD)|\bset_config)\b.*\b(%s|time\s+zone|ALL)\b" % "|".join(_REPORTED),
    re.IGNORECASE | re.DOTALL,
)


def follow_settings(sql):
    """After a statement: forgets what the server may report differently now."""
    match = _SETS.search(sql)
    if match is None:
        return
    said = match[1].lower()
    for name in _REPORTED:
        if said in (name.lower(), "all") or (said.startswith("time") and name == "TimeZone"):
            session.current.forget(name)


def needs_escape_strings():
    """Whether literals with a backslash need the form E'…': standard_conforming_strings is off."""
    return parameter_status("standard_conforming_strings") == "off"


def command_status(result):
    """PQcmdStatus(): the command tag, of which the engine gives the parts."""
    if result.tag == "INSERT" and result.affected is not None:
        return "INSERT 0 %d" % result.affected
    if result.affected is None:
        return result.tag or None
    return "%s %d" % (result.tag, result.affected)


def has_rows(result):
    """Whether a result is one of a query, PGRES_TUPLES_OK; a query may have rows without columns."""
    return bool(result.columns or result.rows)


# Sizes of the types that have a fixed one, as pg_type has them.
_FIXED_SIZES = {
    16: 1, 18: 1, 19: 64, 20: 8, 21: 2, 23: 4, 24: 4, 26: 4, 27: 6, 28: 4, 29: 4, 600: 16, 601: 32, 603: 32, 628: 24,
    700: 4, 701: 8, 718: 24, 774: 8, 790: 8, 829: 6, 1082: 4, 1083: 8, 1114: 8, 1184: 8, 1186: 16, 1266: 12, 2205: 4,
    2206: 4, 2278: 4, 2950: 16, 3220: 8, 4089: 4, 4096: 4,
}  # fmt: skip


def fixed_size(oid):
    """PQfsize()"""
    return _FIXED_SIZES.get(oid, -1)


_CONTROL = re.compile(
    r"\s*(?:(?P<begin>BEGIN|START\s+TRANSACTION)(?:\s+(?:WORK|TRANSACTION))?(?P<modes>\s+[A-Z ,]+)?"
    r"|(?P<commit>COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?"
    r"|(?P<rollback>ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION))?)\s*;?\s*",
    re.IGNORECASE,
)


def transaction_control(sql):
    """(``BEGIN``, ``COMMIT`` or ``ROLLBACK``, transaction modes) of a statement that is one of them, or None."""
    match = _CONTROL.fullmatch(sql)
    if match is None:
        return None
    if match["begin"]:
        return "BEGIN", (match["modes"] or "").strip() or None
    return "COMMIT" if match["commit"] else "ROLLBACK", None
