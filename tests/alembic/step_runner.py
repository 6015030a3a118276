"""Runs Alembic's commands one after another in one process, for tests that look between them.

    step_runner.py ALEMBIC_INI

Reads requests from standard input, one JSON value a line, and answers each with one line on standard output:

    {"do": "steps"}
        {"up": [[revision, target], ...], "down": [[revision, target], ...]}
        The revisions from base to heads and back in Alembic's own order, each with the argument for which
        `upgrade` or `downgrade` runs just this one.
    {"do": "upgrade", "target": "..."}, {"do": "downgrade", "target": "..."}, {"do": "stamp", "target": "..."}
        {"ok": true} or {"ok": false, "error": "..."}

What migrations print goes to standard error. When DUNLIN_STATEMENT_LOG names a file, every statement that
SQLite is given is appended to it, a JSON string a line, parameters written out.
"""

import json
import os
import sqlite3
import sys
import traceback

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.pool import Pool


def main(ini):
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, os.getcwd())
    log_statements()
    keep_revisions_loaded()
    for line in sys.stdin:
        answer = perform(json.loads(line), ini)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def perform(request, ini):
    try:
        config = Config(ini)
        if request["do"] == "steps":
            return steps(ScriptDirectory.from_config(config))
        getattr(command, request["do"])(config, request["target"])
        return {"ok": True}
    except BaseException as error:
        traceback.print_exc()
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def steps(script):
    upgrades = script._upgrade_revs("heads", None)
    downgrades = script._downgrade_revs("base", script.get_heads())
    return {
        "up": [[step.revision.revision, step.revision.revision] for step in upgrades],
        "down": [[step.revision.revision, undoing(step.revision)] for step in downgrades],
    }


def undoing(revision):
    """The target of a downgrade that takes back this revision and no other, once those above it are gone."""
    parents = revision._versioned_down_revisions
    return f"{revision.revision}@{parents[0] if parents else 'base'}"


def keep_revisions_loaded():
    """Loads the revisions once and not for every command, which is what takes the time."""
    load = ScriptDirectory.from_config
    loaded = []

    def from_config(config):
        if not loaded:
            loaded.append(load(config))
        return loaded[0]

    ScriptDirectory.from_config = from_config


def log_statements():
    path = os.environ.get("DUNLIN_STATEMENT_LOG")
    if not path:
        return
    log = open(path, "a", encoding="utf-8")

    def write(statement):
        log.write(json.dumps(statement) + "\n")
        log.flush()

    @event.listens_for(Pool, "connect")
    def trace(connection, _record):
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(write)


if __name__ == "__main__":
    main(sys.argv[1])
