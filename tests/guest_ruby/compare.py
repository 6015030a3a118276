"""Genuine ActiveRecord beside the guest: the fixture's migrations up, down and up again, on one database each.

    python compare.py sqlite|postgres|mysql|trilogy

compares the statements of every migration, the schema that ActiveRecord dumps, and the rows.
"""

import glob
import os
import re
import sys
import tempfile
from urllib.parse import urlsplit

from engine import ROOT, Guest, fake_engine, genuine

FIXTURE = os.path.join(ROOT, "tests", "fixtures", "rails", "clinic", "db")

# What changes nothing, and what belongs to the history, which is the engine's.
ASIDE = re.compile(
    r"\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SHOW|SET|SELECT|.*(?:schema_migrations|ar_internal_metadata))",
    re.IGNORECASE | re.DOTALL,
)


def migrations(kind, newest):
    folders = {"sqlite": ["migrate", "migrate_sqlite"], "postgres": ["migrate", "migrate_postgres"]}
    files = []
    for folder in folders.get(kind, ["migrate", "migrate_mysql"]):
        files += glob.glob(os.path.join(FIXTURE, folder, "*.rb"))
    wanted = lambda path: tuple(map(int, re.search(r"Migration\[(\d+)\.(\d+)\]", open(path).read()).groups())) <= newest
    return sorted(filter(wanted, files), key=lambda path: int(os.path.basename(path).split("_")[0]))


def databases(kind, folder):
    """Settings of ActiveRecord's own, and the guest's database with its adapter."""
    if kind == "sqlite":
        one, other = (os.path.join(folder, name) for name in ("genuine.sqlite3", "guest.sqlite3"))
        return {"adapter": "sqlite3", "database": one}, {"adapter": "sqlite3", "database": other}, lambda: _sqlite(other)
    if kind == "postgres":
        url = os.environ["DUNLIN_TEST_POSTGRES"]
        server = fake_engine.Postgres(url)
        for name in ("rails_genuine", "rails_guest"):
            server.control('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % name)
            server.control('CREATE DATABASE "%s"' % name)
        server.close()
        base = url.rsplit("/", 1)[0]
        settings = lambda name: {"url": "%s/%s" % (base.replace("postgres://", "postgresql://"), name), "adapter": "postgresql"}
        return settings("rails_genuine"), {"adapter": "postgresql"}, lambda: fake_engine.Postgres(base + "/rails_guest")
    url = urlsplit(os.environ["DUNLIN_TEST_MARIADB"])
    server = fake_engine.Mysql(url.geturl())
    for name in ("rails_genuine", "rails_guest"):
        server.control("DROP DATABASE IF EXISTS `%s`" % name)
        server.control("CREATE DATABASE `%s` CHARACTER SET utf8mb4" % name)
    server.close()
    genuine_settings = {
        "adapter": "mysql2", "host": url.hostname, "port": url.port, "username": url.username, "password": url.password,
        "database": "rails_genuine",
    }  # fmt: skip
    return genuine_settings, {"adapter": kind}, lambda: fake_engine.Mysql(url._replace(path="/rails_guest").geturl())


def _sqlite(path):
    database = fake_engine.Sqlite(path)
    database.connection.execute("PRAGMA foreign_keys = OFF")
    return database


def sent(statements):
    """Statements that change something, with their parameters, in one form for both sides."""
    result = []
    for statement in statements:
        sql, parameters = (statement[0], statement[1]) if isinstance(statement, (list, tuple)) else (statement, [])
        if ASIDE.match(sql):
            continue
        result.append((sql.strip(), [plain(value) for value in parameters or []]))
    return result


def plain(value):
    if isinstance(value, dict):
        ((kind, value),) = value.items()
        return "\\x…" if kind == "bytes" else str(value)
    if isinstance(value, bool):
        return "t" if value else "f"
    return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), str(value)) if value is not None else None


def dump_rows(database, tables):
    if isinstance(database, fake_engine.Postgres):
        database.control("SET intervalstyle = iso_8601")
    rows = {}
    for table in tables:
        quote = '"%s"' if not isinstance(database, fake_engine.Mysql) else "`%s`"
        result = database.query("SELECT * FROM %s" % (quote % table), None)
        rows[table] = sorted(map(repr, result["rows"]))
    return rows


def main(kind):
    version = tuple(map(int, os.environ.get("DUNLIN_TEST_ACTIVERECORD", "7.2").split(".")[:2]))
    files = migrations(kind, version)
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        config, settings, connect = databases(kind, folder)
        migrate = os.path.join(folder, "db", "migrate")
        os.makedirs(migrate)
        for path in files:
            os.symlink(path, os.path.join(migrate, os.path.basename(path)))
        database = connect()
        options = dict(settings, migrations_paths=[migrate], config={})
        guest = Guest(database, folder, options)
        print(guest.ready)
        loaded = guest.converse(
            {"type": "load", "migrations": [
                {"id": path, "path": os.path.join(migrate, os.path.basename(path)), "source": open(path).read()} for path in files
            ]}
        )  # fmt: skip
        if loaded.get("problems"):
            failures.append(("load", loaded["problems"]))
        names = [os.path.basename(path) for path in files]
        plan = [("up", name) for name in names] + [("down", name) for name in reversed(names)]
        stop = os.environ.get("ONLY_UP")
        for direction, name in plan[: len(names)] if stop else plan:
            path = os.path.join(migrate, name)
            number = int(name.split("_")[0])
            before = names[names.index(name) - 1] if names.index(name) else "0_"
            target = number if direction == "up" else int(before.split("_")[0])
            expected = genuine(config, migrate, direction, target, environment=ENVIRONMENT)
            guest.statements.clear()
            guest.logs.clear()
            mysql = kind not in ("sqlite", "postgres")
            without = mysql or "disable_ddl_transaction!" in open(path).read()
            final = guest.run(path, direction, transaction=not without, verbose=True)
            label = "%s %s" % (direction, name)
            if expected["outcome"] != "done" or final["type"] != "done":
                failures.append((label, expected["outcome"], final))
                print("FAIL", label, expected["outcome"], final.get("message"), final.get("traceback"))
                if final["type"] != "done" or expected["outcome"] != "done":
                    break
            theirs, ours = sent(expected["statements"]), sent(guest.statements)
            if theirs != ours:
                failures.append((label, "statements"))
                print("STATEMENTS", label)
                for pair in zip(theirs + [None] * len(ours), ours + [None] * len(theirs)):
                    if pair[0] != pair[1] and pair != (None, None):
                        print("  -", pair[0], "\n  +", pair[1])
            dump = guest.call("dump_schema")
            if dump["type"] != "done":
                failures.append((label, dump))
                print("DUMP", dump)
                break
            plainly = lambda text: re.sub(r"define\(version: [\d_]+\)", "define", text)
            if plainly(expected["schema"]) != plainly(dump["value"]["text"]):
                failures.append((label, "schema"))
                import difflib

                print("SCHEMA", label)
                print("\n".join(difflib.unified_diff(plainly(expected["schema"]).splitlines(), plainly(dump["value"]["text"]).splitlines(), lineterm="", n=0)))
            tables = re.findall(r'create_table "([^".]+)"', dump["value"]["text"])
            if kind == "sqlite":
                other = fake_engine.Sqlite(config["database"])
            elif kind == "postgres":
                other = fake_engine.Postgres(config["url"].replace("postgresql://", "postgres://"))
            else:
                other = fake_engine.Mysql("mysql://%s:%s@%s:%s/rails_genuine" % (config["username"], config["password"], config["host"], config["port"]))
            theirs, ours = dump_rows(other, tables), dump_rows(database, tables)
            other.close()
            if theirs != ours:
                failures.append((label, "rows"))
                for table in tables:
                    if theirs[table] != ours[table]:
                        print("ROWS", label, table, [p for p in zip(theirs[table], ours[table]) if p[0] != p[1]][:2], len(theirs[table]), len(ours[table]))
        guest.stop()
    print("%s: %d migrations, %d differences" % (kind, len(files), len(failures)))
    return 1 if failures else 0


ENVIRONMENT = {}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
