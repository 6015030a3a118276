"""aiomysql over the engine: its connections get streams of ours."""

from dunlin_guest import session
from dunlin_guest.drivers import mysql_server


class _Transport:
    def __init__(self, socket):
        self._socket = socket

    def close(self):
        pass

    pause_reading = resume_reading = close

    def is_closing(self):
        return False

    def get_extra_info(self, name, default=None):
        return self._socket if name == "socket" else default


class Reader:
    """What the drivers call of asyncio.StreamReader."""

    def __init__(self, socket):
        self._socket = socket
        self.eof_received = False

    async def readexactly(self, count):
        return self._socket.recv(count)

    read = readexactly

    def at_eof(self):
        return False


class Writer:
    """What the drivers call of asyncio.StreamWriter."""

    def __init__(self, socket):
        self._socket = socket
        self.transport = _Transport(socket)

    def write(self, data):
        self._socket.sendall(data)

    async def drain(self):
        pass

    def close(self):
        pass

    async def wait_closed(self):
        pass

    def is_closing(self):
        return False

    def get_extra_info(self, name, default=None):
        return self.transport.get_extra_info(name, default)


async def open_connection(*args, **kwargs):
    try:
        socket = mysql_server.Socket()
    except session.NoConnection as error:
        raise ConnectionRefusedError("no database connection can be had: %s" % error) from None
    return Reader(socket), Writer(socket)


def change_aiomysql(connection):
    """``aiomysql.connection``, which opens its streams by functions of its own."""
    connection._open_connection = connection._open_unix_connection = open_connection
    _without_tls(connection)


def change_asyncmy(connection):
    """``asyncmy.connection``, which is compiled through and through, so that there is no half of it to replace."""

    def connect(*args, **kwargs):
        raise connection.errors.NotSupportedError(
            "asyncmy cannot be used in a migration under this engine; mysql+aiomysql:// sends the same statements"
        )

    connection.connect = connect


def _without_tls(connection):
    # TLS is between the engine and the server.
    original = connection.Connection.__init__

    def init(self, *args, **kwargs):
        kwargs.pop("ssl", None)
        original(self, *args, **kwargs)

    connection.Connection.__init__ = init
