"""A MySQL server's side of a socket, whose statements travel to the engine.

Drivers that are all Python (PyMySQL, aiomysql, MySQL Connector/Python) speak MySQL's client/server protocol over a
socket. They get one of these instead, and stay as they are: their escaping, converters, errors and multi-row inserts
work on the very packets that they know.
"""

import struct

from dunlin_guest import session, wire
from dunlin_guest.drivers import mysql_session

_COM_QUIT, _COM_INIT_DB, _COM_QUERY, _COM_PING = 0x01, 0x02, 0x03, 0x0E
_COM_SET_OPTION, _COM_RESET_CONNECTION = 0x1B, 0x1F

_CLIENT_MULTI_STATEMENTS = 1 << 16
# Everything but SSL, compression and the newer forms of results: LONG_PASSWORD, FOUND_ROWS, LONG_FLAG, CONNECT_WITH_DB,
# LOCAL_FILES, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_STATEMENTS, MULTI_RESULTS, PLUGIN_AUTH,
# CONNECT_ATTRS, PLUGIN_AUTH_LENENC_CLIENT_DATA.
_CAPABILITIES = 0x0F | 1 << 7 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 19 | 1 << 20 | 1 << 21

_STATUS_IN_TRANSACTION, _STATUS_AUTOCOMMIT, _STATUS_NO_BACKSLASH_ESCAPES = 1, 2, 512

_MAX_PACKET = 0xFFFFFF

class Server:
    """One connection, seen from the server: what is fed to it makes it answer."""

    def __init__(self):
        self._connection = mysql_session.Connection()
        self._incoming = bytearray()
        self.outgoing = bytearray()
        self._payload = bytearray()
        self._sequence = 0
        self._authenticated = False
        self._send(self._greeting())

    # -- packets

    def feed(self, data):
        """Bytes that the client sends."""
        self._incoming += data
        while len(self._incoming) >= 4:
            length = int.from_bytes(self._incoming[:3], "little")
            if len(self._incoming) < 4 + length:
                return
            self._sequence = (self._incoming[3] + 1) % 256
            self._payload += self._incoming[4 : 4 + length]
            del self._incoming[: 4 + length]
            if length < _MAX_PACKET:
                payload, self._payload = bytes(self._payload), bytearray()
                self._receive(payload)

    def _send(self, payload):
        while True:
            part, payload = payload[:_MAX_PACKET], payload[_MAX_PACKET:]
            self.outgoing += len(part).to_bytes(3, "little") + bytes([self._sequence]) + part
            self._sequence = (self._sequence + 1) % 256
            if len(part) < _MAX_PACKET:
                return

    def _receive(self, payload):
        if not self._authenticated:
            self._authenticated = True
            flags = struct.unpack_from("<I", payload)[0]
            self._connection.multiple = bool(flags & _CLIENT_MULTI_STATEMENTS)
            self._ok()
            return
        command, argument = payload[0], payload[1:]
        if command == _COM_QUERY:
            self._query(argument)
        elif command == _COM_INIT_DB:
            self._query(b"USE `" + argument.replace(b"`", b"``") + b"`")
        elif command == _COM_QUIT:
            self._connection.close()
        elif command == _COM_PING:
            self._ok()
        elif command == _COM_RESET_CONNECTION:
            self._connection.rollback()
            self._connection.autocommit = True
            self._ok()
        elif command == _COM_SET_OPTION:
            self._connection.multiple = argument[:2] == b"\0\0"
            self._eof()
        else:
            self._error(1047, "08S01", "the engine does not know the command %d" % command)

    def _greeting(self):
        version = server_version(session.current.server).encode("ascii") + b"\0"
        salt = b"dunlindunlindunlin12"
        return b"".join(
            (
                b"\x0a" + version,
                struct.pack("<I", 1),
                salt[:8] + b"\0",
                struct.pack("<H", _CAPABILITIES & 0xFFFF),
                b"\x2d",  # utf8mb4_general_ci
                struct.pack("<H", self._status()),
                struct.pack("<H", _CAPABILITIES >> 16),
                bytes([21]) + b"\0" * 10,
                salt[8:] + b"\0",
                b"mysql_native_password\0",
            )
        )

    def _status(self):
        status = 0 if self._connection.backslash else _STATUS_NO_BACKSLASH_ESCAPES
        if self._connection.autocommit:
            status |= _STATUS_AUTOCOMMIT
        if session.current.in_transaction and session.current.dirty:
            status |= _STATUS_IN_TRANSACTION
        return status

    def _ok(self, affected=0, last_id=0):
        head = b"\0" + _length(affected) + _length(last_id)
        self._send(head + struct.pack("<HH", self._status(), 0))

    def _eof(self):
        self._send(b"\xfe" + struct.pack("<HH", 0, self._status()))

    def _error(self, number, sqlstate, message):
        text = message.encode("utf-8")
        self._send(b"\xff" + struct.pack("<H", number) + b"#" + sqlstate.encode("ascii") + text)

    # -- statements

    def _query(self, statement):
        try:
            result = self._connection.run(self._connection.text(statement))
        except wire.EngineError as error:
            number, sqlstate = mysql_session.error_number(error)
            self._error(number, sqlstate, error.message)
        except session.NoConnection as error:
            self._error(2013, "HY000", "no statement can be sent: %s" % error)
        else:
            if result is None:
                self._ok()
            elif result.columns:
                self._rows(result)
            else:
                self._ok(result.affected or 0, result.last_id or 0)

    def _rows(self, result):
        self._send(_length(len(result.columns)))
        for column in result.columns:
            self._send(self._column(column))
        self._eof()
        for row in result.rows:
            self._send(b"".join(self._cell(value) for value in row))
        self._eof()

    def _column(self, column):
        name = _string(column["name"].encode(self._connection.encoding))
        fixed = struct.pack(
            "<HIBHBH",
            column.get("charset") or 0,
            column.get("length") or 0,
            column.get("type") or 0,
            column.get("flags") or 0,
            max(column.get("modifier") or 0, 0),
            0,
        )
        return _string(b"def") + _string(b"") * 3 + name + name + b"\x0c" + fixed

    def _cell(self, value):
        if value is None:
            return b"\xfb"
        if isinstance(value, dict):
            return _string(wire.bytes_of(value))
        return _string(value.encode(self._connection.encoding))


def server_version(server):
    """The version in a server's greeting; MariaDB before 11 puts 5.5.5- in front, for replication's sake."""
    text = server["version_text"]
    if server["dialect"] == "mariadb" and server["version"][0] == 10 and not text.startswith("5.5.5-"):
        return "5.5.5-" + text
    return text


def _length(number):
    if number < 0xFB:
        return bytes([number])
    if number < 1 << 16:
        return b"\xfc" + struct.pack("<H", number)
    if number < 1 << 24:
        return b"\xfd" + struct.pack("<I", number)[:3]
    return b"\xfe" + struct.pack("<Q", number)


def _string(data):
    return _length(len(data)) + data


class Socket:
    """A blocking socket with a server behind it; the methods that the drivers call."""

    def __init__(self):
        self._server = Server()

    def sendall(self, data):
        self._server.feed(bytes(data))

    send = sendall

    def recv(self, count, flags=0):
        data = bytes(self._server.outgoing[:count])
        del self._server.outgoing[:count]
        return data

    def recv_into(self, buffer, count=0, flags=0):
        data = self.recv(count or len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, mode="rb", *args, **kwargs):
        return _File(self)

    def settimeout(self, seconds):
        pass

    def gettimeout(self):
        return None

    def setsockopt(self, *args):
        pass

    def connect(self, address):
        pass

    def shutdown(self, how):
        pass

    def close(self):
        pass

    def fileno(self):
        return -1


class _File:
    """What ``socket.makefile("rb")`` gives."""

    def __init__(self, socket):
        self._socket = socket

    def read(self, count):
        return self._socket.recv(count)

    def close(self):
        pass
