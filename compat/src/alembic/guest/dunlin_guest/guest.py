"""The messages of the engine, and what they make happen."""

import json
import os
import platform

from dunlin_guest import PROTOCOL, failure, frames, imports, logs, session, standins, wire


class Guest:
    """One guest, from ``start`` to ``stop``."""

    def __init__(self, exchange, post=None, enter=None):
        self._engine = wire.Engine(exchange, post, enter)
        self._environment = None

    def converse(self, message):
        """The final message for one of the engine; None after ``stop``."""
        message = json.loads(message)
        handler = {
            "start": self._start,
            "load": self._load,
            "run": self._run,
            "call": self._call,
        }.get(message.get("type"))
        if message.get("type") == "stop":
            if self._environment is not None:
                self._environment.leave()
            return None
        if handler is None:
            return json.dumps({"type": "failed", "message": "unknown message %r" % message.get("type")})
        try:
            final = handler(message)
        except BaseException as error:  # SystemExit and KeyboardInterrupt too: the guest goes on
            final = failure.failed(error)
        try:
            logs.finish()
        except BaseException:  # the engine is gone, which the next message tells
            pass
        return json.dumps(final)

    def _start(self, message):
        if message["protocol"] != PROTOCOL:
            # The engine compares the versions and refuses.
            return self._ready([])
        import_paths = message.get("import_paths") or []
        frames.set_project(message["project"], import_paths)
        _enter(message["project"])
        session.current.engine = self._engine
        session.current.server = message.get("server")
        standins.install(message.get("server"))
        imports.extend_path(import_paths)
        imports.install(self._engine)
        # Alembic and SQLAlchemy are imported only now that the drivers are in place. The log comes after, as it does when
        # env.py configures it.
        from dunlin_guest import environment

        logs.install(self._engine)

        self._environment = environment.Environment(
            message["project"], message.get("options") or {}, self._engine
        )
        return self._ready(environment.libraries())

    def _ready(self, libraries):
        return {
            "type": "ready",
            "protocol": PROTOCOL,
            "interpreter": "%s %s" % (platform.python_implementation(), platform.python_version()),
            "libraries": [{"name": name, "version": version} for name, version in libraries],
        }

    def _load(self, message):
        self._environment.prepare()
        for file in message["migrations"]:
            frames.add_revision(file["path"])
        problems = []
        for file in message["migrations"]:
            problems.extend(
                imports.problems(file["path"], file["source"], file["direction"], file.get("code"))
            )
        self._environment.complete_operations([file["source"] for file in message["migrations"]])
        code = imports.code_to_keep() if message.get("keep") else None
        return {"type": "loaded", "problems": problems, "code": code}

    def _run(self, message):
        from dunlin_guest import determinism

        determinism.seed(message, self._environment.options)
        self._environment.run(message)
        return {"type": "done"}

    def _call(self, message):
        from dunlin_guest import calls

        self._environment.leave()
        value = calls.call(self._environment, message["name"], message.get("arguments") or {})
        return {"type": "done", "value": value}




def _enter(folder):
    """Makes the project's folder the working directory, as it is when Alembic runs."""
    try:
        os.chdir(folder)
    except OSError:
        # A sandbox without the folder: whatever is looked up there says so.
        pass
