import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import fake_engine


def needed(variable):
    value = os.environ.get(variable)
    if not value:
        pytest.skip("%s is not set" % variable)
    return value


@pytest.fixture
def postgres_url():
    psycopg2 = pytest.importorskip("psycopg2")
    base = needed("DUNLIN_TEST_POSTGRES")
    name = "guest_%d" % os.getpid()
    connection = psycopg2.connect(base)
    connection.autocommit = True
    connection.cursor().execute("DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)
    connection.cursor().execute("CREATE DATABASE %s" % name)
    yield base.rsplit("/", 1)[0] + "/" + name
    connection.cursor().execute("DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)
    connection.close()


@pytest.fixture(params=["DUNLIN_TEST_MARIADB", "DUNLIN_TEST_MYSQL"])
def mysql_url(request):
    pytest.importorskip("pymysql")
    base = needed(request.param).rstrip("/") + "/"
    name = "guest_%d" % os.getpid()
    server = fake_engine.Mysql(base)
    server.query("DROP DATABASE IF EXISTS %s" % name, None)
    server.query("CREATE DATABASE %s CHARACTER SET utf8mb4" % name, None)
    yield base + name
    server.query("DROP DATABASE IF EXISTS %s" % name, None)
    server.close()
