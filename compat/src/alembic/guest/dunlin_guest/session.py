"""The engine's one database session, as all drivers of the guest share it.

A driver thinks in connections that begin and commit. The engine has a transaction open when a revision
begins, and writes its history row and commits when it ends. So a commit of the library is held back until
the next statement shows that it was not the last one.
"""

import re

from dunlin_guest import frames, wire

# What SQLAlchemy's begin_nested() and psycopg's transaction() send.
_SAVEPOINT = re.compile(
    r"(?:(?P<set>SAVEPOINT)|(?P<release>RELEASE(?: SAVEPOINT)?)|(?P<rollback>ROLLBACK TO(?: SAVEPOINT)?)) "
    r"\"?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\"?"
)

_CONTROL = re.compile(
    r"\s*(?:(?P<begin>BEGIN|START\s+TRANSACTION)|(?P<rollback>ROLLBACK|ABORT)|COMMIT|END)"
    r"(?:\s+(?:WORK|TRANSACTION|DEFERRED|IMMEDIATE|EXCLUSIVE))*\s*;?\s*",
    re.IGNORECASE,
)


class NoConnection(Exception):
    """A connection is asked for when there is none: while files are loaded, or offline."""


class Session:
    """See the module."""

    def __init__(self):
        self.engine = None
        self.server = None
        #: Why statements cannot be sent now; None when they can.
        self.closed = "nothing is being run"
        #: Whether a transaction of the engine is open.
        self.in_transaction = False
        #: Whether the library committed, and nothing has been sent since.
        self.commit_due = False
        #: Whether the open transaction holds statements of the revision.
        self.dirty = False
        #: Whether what the revision did was taken back, and nothing was committed before or done since.
        self.undone = False
        self._committed = False
        #: Whether transactions are the engine's business entirely: a call that only reads.
        self.reading = False
        #: Whether the library itself began the open transaction, in a driver's autocommit mode.
        self.begun = False
        self._introductions = {}
        self._settings = {}

    # -- the life of a revision

    def open(self, reading=False):
        """Begins a run, in the transaction of the engine, or a call, which only reads."""
        self.closed = None
        self.reading = reading
        self.in_transaction = not reading
        self.commit_due = self.dirty = self.undone = self.begun = self._committed = False

    def close(self, reason="nothing is being run"):
        """Ends it; the last commit is the engine's."""
        self.closed = reason
        # A connection that outlives it has nothing to take back.
        self.commit_due = self.reading = self.dirty = False

    def connect(self):
        """A driver connects."""
        if self.closed is not None:
            raise NoConnection(self.closed)

    def require(self, *dialects):
        """A driver of these dialects connects; to another server it would speak the wrong language."""
        self.connect()
        dialect = self.server["dialect"] if self.server else None
        if dialect not in dialects:
            raise NoConnection(
                "the project connects to %s, but the engine is connected to %s"
                % (" or ".join(dialects), dialect or "nothing")
            )

    # -- transactions

    def enter_transaction(self, modes=None):
        """Before a statement that belongs into a transaction."""
        self._pass_commit_on()
        if not self.in_transaction and not self.reading:
            self.engine.begin()
            self.in_transaction, self.dirty = True, False
        if modes and not self.dirty and not self.reading:
            # The driver's own: another process would not have been told these modes by an earlier revision.
            self.engine.query("SET TRANSACTION " + modes, own=True)

    def leave_transaction(self):
        """Before a statement that runs by itself, as in a driver's autocommit mode."""
        self._pass_commit_on()
        if self.in_transaction and not self.reading:
            self._committed = self._committed or self.dirty
            self.engine.commit()
            self.in_transaction = self.dirty = False

    def commit(self):
        """The library commits."""
        if self.in_transaction:
            self.commit_due = self._committed = True

    def rollback(self):
        """The library takes back what it did since its last commit."""
        if self.commit_due or not self.in_transaction or not self.dirty or self.reading:
            return
        self.in_transaction = self.dirty = False
        self.undone = not self._committed
        # What was set in the transaction is as it was before.
        self._settings.clear()
        self.engine.rollback()

    def _pass_commit_on(self):
        if self.commit_due:
            self.commit_due = False
            if not self.reading:
                # SET LOCAL ends here.
                self._settings.clear()
                self.engine.commit()
                self.in_transaction = self.dirty = False

    # -- statements

    def query(self, sql, parameters=None, types=None, single=None):
        """Sends a statement. What SQLAlchemy asks when it connects is asked only once."""
        if self.closed is not None:
            raise NoConnection(self.closed)
        path, line, introducing = frames.running()
        if introducing:
            return self.introduce(sql, parameters, types, single)
        self._pass_commit_on()
        self.dirty, self.undone = True, False
        savepoint = None if parameters else _SAVEPOINT.fullmatch(sql)
        if savepoint:
            self._settings.clear()
            action = next(name for name in ("set", "release", "rollback") if savepoint[name])
            self.engine.savepoint(action, savepoint["name"])
            return wire.Result({"tag": savepoint[action].split()[0]})
        result = self.engine.query(sql, parameters, types, single, path=path, line=line)
        self._notice_transaction_control(sql)
        return result

    def _notice_transaction_control(self, sql):
        """Follows a COMMIT or the like which the revision itself wrote, op.execute("COMMIT")."""
        control = _CONTROL.fullmatch(sql)
        if control is None or self.reading:
            return
        self._settings.clear()
        if control["begin"]:
            self.in_transaction, self.dirty = True, False
        else:
            self.undone = self.dirty and control["rollback"] is not None and not self._committed
            self.in_transaction = self.dirty = False

    def introduce(self, sql, parameters=None, types=None, single=None):
        """A statement with which a driver or SQLAlchemy begins a connection: sent once, it is none of the revision's."""
        if _SAVEPOINT.fullmatch(sql):
            # psycopg looks for hstore inside of a savepoint; what is asked here does not fail.
            return wire.Result({"tag": sql.split()[0]})
        key = (sql, repr(parameters))
        if key not in self._introductions:
            self._introductions[key] = self.engine.query(sql, parameters, types, single, own=True)
        return self._introductions[key]

    def ask(self, sql, again=True):
        """The first value of a query of a driver's own, as text; it is no statement of the revision."""
        if again:
            self._introductions.pop((sql, "None"), None)
        try:
            rows = self.introduce(sql).rows
        except wire.EngineError:
            return None
        return rows[0][0] if rows else None

    def setting(self, name):
        """A setting that drivers know without asking: PostgreSQL reports some by itself, MySQL's status has a part of
        sql_mode. The engine may have told it at the beginning.
        """
        if name not in self._settings:
            told = (self.server or {}).get("settings") or {}
            query = "SELECT @@sql_mode" if name == "sql_mode" else "SHOW " + name
            self._settings[name] = told[name] if name in told else self.ask(query)
        return self._settings[name]

    def forget(self, name):
        """A statement may have changed a setting."""
        if self.server and self.server.get("settings"):
            self.server["settings"].pop(name, None)
        self._settings.pop(name, None)


#: The guest's session; the drivers refer to it.
current = Session()
