"""PyMySQL over the engine: its connections get a socket of ours."""

import functools
import inspect

from dunlin_guest import session
from dunlin_guest.drivers import mysql_server


def install(connections):
    """After ``pymysql.connections`` was imported."""
    original = connections.Connection.connect

    def connect(self, sock=None):
        # TLS is between the engine and the server.
        self.ssl = self._ssl_required = False
        try:
            sock = mysql_server.Socket()
        except session.NoConnection as error:
            raise connections.err.OperationalError(
                2003, "no database connection can be had: %s" % error
            ) from None
        # The engine has logged in. The driver wants a name all the same, and a sandbox has no user that it could take.
        self.user = self.user or b"dunlin"
        self.host_info = "socket %s:%s" % (self.host, self.port)
        original(self, sock)

    connections.Connection.connect = connect
    _make_nothing_ready_for_tls(connections.Connection)


def _make_nothing_ready_for_tls(connection):
    """Each connection would read the system's certificates, which takes longer than most revisions."""
    original = connection.__init__
    if "ssl_disabled" not in inspect.signature(original).parameters:
        return

    @functools.wraps(original)
    def init(self, *arguments, **keywords):
        keywords["ssl_disabled"] = True
        original(self, *arguments, **keywords)

    connection.__init__ = init
