"""What a connection is to a MySQL server, for all of its drivers: transactions, autocommit, character set, sql_mode."""

import re

from dunlin_guest import session

_CONTROL = re.compile(
    r"\s*(?:(?P<begin>BEGIN(?:\s+WORK)?|START\s+TRANSACTION)|(?P<commit>COMMIT(?:\s+WORK)?)"
    r"|(?P<rollback>ROLLBACK(?:\s+WORK)?)"
    r"|SET\s+(?:SESSION\s+|@@)?AUTOCOMMIT\s*=\s*(?P<autocommit>0|1|OFF|ON|FALSE|TRUE)"
    r"|SET\s+NAMES\s+'?(?P<charset>\w+)'?(?:\s+COLLATE\s+'?\w+'?)?)\s*;?\s*",
    re.IGNORECASE,
)

_SETS_SQL_MODE = re.compile(r"\s*SET\b.*\bsql_mode\b", re.IGNORECASE | re.DOTALL)

_UNICODE = ("utf8mb4", "utf8", "utf8mb3")
# Literals, and what else may hold quotes: identifiers and comments.
_REST = rb"|`(?:[^`]|``)*`|--[ \t][^\n]*|\#[^\n]*|/\*.*?\*/"
_LITERAL = re.compile(rb"(?P<binary>_binary\s*)?'(?P<body>(?:[^'\\]|\\.|'')*)'|\"(?:[^\"\\]|\\.)*\"" + _REST, re.S)
_PLAIN_LITERAL = re.compile(rb"(?P<binary>_binary\s*)?'(?P<body>(?:[^']|'')*)'|\"[^\"]*\"" + _REST, re.S)
_ESCAPED = re.compile(rb"\\(.)", re.S)
_UNESCAPED = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"Z": b"\x1a", b"t": b"\t", b"b": b"\b"}
_ENCODINGS = {"latin1": "cp1252", "binary": "latin-1"}


class Connection:
    """One connection."""

    def __init__(self):
        session.current.require("mysql", "mariadb")
        #: How the driver encodes the text that it sends and expects.
        self.encoding = "utf-8"
        self.autocommit = True
        #: Whether the driver lets several statements pass in one text.
        self.multiple = False
        #: Whether a backslash in a literal escapes.
        self.backslash = _backslash()

    def text(self, statement):
        """A statement's text. Some drivers write bytes into string literals as they are, which is no text: such a
        literal becomes a hexadecimal one, which is the same value.
        """
        if isinstance(statement, str):
            return statement
        statement = bytes(statement)
        try:
            if self.encoding == "utf-8" or statement.isascii():
                return statement.decode(self.encoding)
        except UnicodeDecodeError:
            pass
        literal = _LITERAL if self.backslash else _PLAIN_LITERAL
        return literal.sub(self._hexadecimal, statement).decode(self.encoding)

    def _hexadecimal(self, match):
        binary, body = match["binary"], match["body"]
        if body is None or body.isascii():
            return match[0]
        try:
            body.decode(self.encoding)
            if not binary:
                return match[0]
        except UnicodeDecodeError:
            pass
        data = body.replace(b"''", b"'")
        if self.backslash:
            data = _ESCAPED.sub(lambda found: _UNESCAPED.get(found[1], found[1]), data)
        return b"X'" + data.hex().encode("ascii") + b"'"

    def run(self, sql):
        """Sends a statement; None for one that controls the transaction or the connection."""
        control = _CONTROL.fullmatch(sql)
        if control is not None:
            self._control(sql, control)
            return None
        current = session.current
        if not self.autocommit:
            current.enter_transaction()
        elif not current.begun:
            current.leave_transaction()
        result = current.query(sql, single=None if self.multiple else True)
        if _SETS_SQL_MODE.match(sql):
            current.forget("sql_mode")
            self.backslash = _backslash()
        return result

    def _control(self, sql, control):
        current = session.current
        if control["begin"]:
            # The server commits a transaction that is open.
            current.commit()
            current.enter_transaction()
            current.begun = True
        elif control["autocommit"]:
            self.set_autocommit(control["autocommit"].upper() in ("1", "ON", "TRUE"))
        elif control["charset"]:
            self._names(sql, control["charset"].lower())
        elif control["commit"]:
            self.commit()
        else:
            self.rollback()

    def commit(self):
        session.current.begun = False
        session.current.commit()

    def rollback(self):
        session.current.begun = False
        session.current.rollback()

    def set_autocommit(self, on):
        if on and not self.autocommit:
            self.commit()
        self.autocommit = on

    def _names(self, sql, charset):
        """``SET NAMES``, with which drivers say how they encode text.

        Text crosses to the engine as text, so another character set than Unicode is the driver's alone. Of Unicode the
        server hears, as the statement also sets the collation of literals.
        """
        if charset in _UNICODE:
            self.encoding = "utf-8"
            session.current.introduce(sql)
        else:
            self.encoding = _ENCODINGS.get(charset, charset)

    def close(self):
        """The server rolls back what was not committed when a connection ends."""
        self.rollback()


def _backslash():
    return "NO_BACKSLASH_ESCAPES" not in (session.current.setting("sql_mode") or "")


def error_number(error):
    """(number, SQLSTATE) of an error that the engine answered."""
    if error.code:
        return error.code, error.sqlstate or "HY000"
    number = {"lock-timeout": 1205, "deadlock": 1213, "connection": 2013}.get(error.kind, 1105)
    return number, error.sqlstate or "HY000"
