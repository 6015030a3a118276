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

_UNICODE = ("utf8mb4", "utf8", "utf8mb3")
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
        self.backslash = "NO_BACKSLASH_ESCAPES" not in session.current.sql_mode()

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
        if "sql_mode" in sql.lower():
            self.backslash = "NO_BACKSLASH_ESCAPES" not in current.sql_mode(again=True)
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


def error_number(error):
    """(number, SQLSTATE) of an error that the engine answered."""
    if error.code:
        return error.code, error.sqlstate or "HY000"
    number = {"lock-timeout": 1205, "deadlock": 1213, "connection": 2013}.get(error.kind, 1105)
    return number, error.sqlstate or "HY000"
