"""PyMySQL over the engine: its connections get a socket of ours."""

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
        self.host_info = "socket %s:%s" % (self.host, self.port)
        original(self, sock)

    connections.Connection.connect = connect
