"""Runs Alembic's command line again and again, each time in a process of its own that has Alembic loaded already.

Reads one JSON object a line: {"directory", "arguments", "environment"}. Answers with one a line: {"status", "stdout",
"stderr"}. tests/alembic_command_line compares the answers with what Dunlin's binary says to the same arguments.
"""

import json
import os
import sys
import tempfile
import traceback

import psycopg2  # noqa: F401
import sqlalchemy.dialects.postgresql  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401
from alembic import config


def child(request, stdout, stderr):
    """Becomes the `alembic` program."""
    os.chdir(request["directory"])
    os.environ.update(request["environment"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    sys.argv = ["alembic", *request["arguments"]]
    try:
        config.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 255)


def answer(request):
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        pid = os.fork()
        if pid == 0:
            child(request, stdout.fileno(), stderr.fileno())
        _, status = os.waitpid(pid, 0)
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return {"status": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
