"""Our halves of the database drivers beside the genuine ones: the same values, statements and errors."""

import importlib
import os
import re
import textwrap
from urllib.parse import unquote, urlsplit

import fake_engine
import pytest

HERE = os.path.dirname(os.path.abspath(__file__))

REVISION = """
import logging
import sys

from alembic import op

revision = "probe"
down_revision = None
sys.path.insert(0, %r)


def upgrade():
    import %s as probe

    outer = op.get_bind().connection
    connection = getattr(outer, "dbapi_connection", None) or outer.connection
    for line in probe.lines(connection):
        logging.getLogger("probe").warning("%%s", line)
"""


def through_the_guest(tmp_path, database, url, probe):
    """The lines of a probe that runs in a revision, over our half of the driver."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (tmp_path / "migrations" / "env.py").write_text("")
    path = versions / "probe.py"
    path.write_text(textwrap.dedent(REVISION) % (HERE, probe))
    options = {"config_file": str(tmp_path / "alembic.ini"), "env": "static", "url": url}
    guest = fake_engine.Guest(database, str(tmp_path), options)
    assert guest.ready["type"] == "ready", guest.ready
    final = guest.run(str(path))
    guest.stop()
    lines = [text for _, logger, text in guest.logs if logger == "probe"]
    assert final["type"] == "done", final["traceback"] + "\n".join(lines[-3:])
    return lines


def genuine(connection, probe):
    lines = list(importlib.import_module(probe).lines(connection))
    connection.close()
    return lines


def assert_same(ours, theirs):
    assert theirs, "the probe said nothing"
    different = [(a, b) for a, b in zip(theirs, ours) if _plain(a) != _plain(b)]
    report = "\n".join("genuine %s\nours    %s" % pair for pair in different[:12])
    assert not different, "%d of %d lines differ\n%s" % (len(different), len(theirs), report)
    assert len(ours) == len(theirs)


def _plain(line):
    # OIDs of a database's own types, addresses of objects, and the schema of a session's temporary tables.
    return re.sub(r"0x[0-9a-f]+|\b[1-9]\d{4,5}\b|pg_temp_\d+", "N", line)


def test_psycopg2(tmp_path, postgres_url):
    import psycopg2
    from psycopg2 import extras

    connection = psycopg2.connect(postgres_url)
    extras.register_uuid(None, connection)  # as SQLAlchemy does
    theirs = genuine(connection, "probe_postgres")
    database = fake_engine.Postgres(postgres_url)
    assert_same(through_the_guest(tmp_path, database, "postgresql+psycopg2://u@h/d", "probe_postgres"), theirs)


def test_psycopg(tmp_path, postgres_url):
    psycopg = pytest.importorskip("psycopg")
    sqlalchemy = pytest.importorskip("sqlalchemy", minversion="2.0")
    assert sqlalchemy
    theirs = genuine(psycopg.connect(postgres_url), "probe_psycopg")
    database = fake_engine.Postgres(postgres_url)
    assert_same(through_the_guest(tmp_path, database, "postgresql+psycopg://u@h/d", "probe_psycopg"), theirs)


@pytest.mark.parametrize("driver", ["pymysql", "MySQLdb"])
def test_mysql(tmp_path, mysql_url, driver):
    module = pytest.importorskip(driver)
    parts = urlsplit(mysql_url)
    extra = {"client_flag": 2}  # FOUND_ROWS, as SQLAlchemy has it
    connection = module.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        charset="utf8mb4",
        **extra
    )
    theirs = genuine(connection, "probe_mysql")
    database = fake_engine.Mysql(mysql_url)
    for table in ("probe", "ward", "kinds"):
        database.query("DROP TABLE %s" % table, None)
    url = "mysql+%s://u@h/d" % driver.lower()
    assert_same(through_the_guest(tmp_path, database, url, "probe_mysql"), theirs)


def test_sqlite3(tmp_path):
    import sqlite3

    theirs = genuine(sqlite3.connect(str(tmp_path / "genuine.db")), "probe_sqlite")
    database = fake_engine.Sqlite(str(tmp_path / "ours.db"))
    assert_same(through_the_guest(tmp_path, database, "sqlite:///x.db", "probe_sqlite"), theirs)
