"""The guest for Ruby as a child process, and an engine that answers it: see ``tests/guest_python/fake_engine.py``."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "guest_python"))

import fake_engine  # noqa: E402

GUEST = os.path.join(ROOT, "compat", "src", "rails", "guest", "main.rb")
RUBY = os.environ.get("DUNLIN_TEST_RUBY", "ruby")


class Guest(fake_engine.Guest):
    """As the one for Python, over our modules in Ruby."""

    def __init__(self, database, project, options, environment=None):
        fake_engine.Conversation.__init__(self, database)
        self._process = subprocess.Popen(
            [RUBY, GUEST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=project,
            env=dict(os.environ, **(environment or {})),
        )
        self.ready = self.converse(
            {
                "type": "start",
                "protocol": 1,
                "tool": "rails",
                "project": project,
                "import_paths": [],
                "server": database.facts if database else None,
                "options": options,
            }
        )

    def run(self, path, direction="up", transaction=True, **options):
        """One migration, in a transaction of the engine that is committed when it succeeds."""
        with open(path, encoding="utf-8") as file:
            source = file.read()
        if transaction:
            self.begin()
        final = self.converse(
            {
                "type": "run",
                "id": os.path.basename(path).split("_")[0],
                "path": path,
                "source": source,
                "direction": direction,
                "offline": False,
                "seed": "7",
                "now": "1700000000000000",
                "options": dict(options, transaction=transaction),
            }
        )
        self.end(final["type"] == "done")
        return final


def genuine(config, folder, *arguments, environment=None):
    """What ActiveRecord itself does."""
    command = [RUBY, os.path.join(HERE, "original.rb"), json.dumps(config), folder, *map(str, arguments)]
    output = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=dict(os.environ, **(environment or {})), timeout=300
    )
    if output.returncode:
        raise AssertionError(output.stderr)
    return json.loads(output.stdout.splitlines()[-1])
