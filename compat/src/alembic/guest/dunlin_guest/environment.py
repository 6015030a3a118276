"""Alembic's environment: configuration, env.py or what stands for it, and one revision at a time.

Everything is Alembic's own code but three things, because they are the engine's business: which revisions are run,
the rows of the version table, and the last commit.
"""

import argparse
import contextlib
import functools
import importlib
import importlib.machinery
import io
import logging
import os
import re
import sys
import types

import sqlalchemy
from alembic import util
from alembic.config import Config
from alembic.runtime import migration as migration_module
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.script.base import Script

import alembic.context
from dunlin_guest import asynchrony, imports, logs, session


def libraries():
    """Names and versions of what was loaded."""
    found = [("alembic", alembic.__version__), ("SQLAlchemy", sqlalchemy.__version__)]
    mako = sys.modules.get("mako")
    if mako is not None:
        found.append(("Mako", mako.__version__))
    return found


class Environment:
    """The project's environment, from ``start`` on."""

    def __init__(self, project, options, engine):
        self.project = project
        self.options = options
        self.engine = engine
        self._static_engine = None
        self._directory = None
        self._configs = {}
        self._shared = None
        _install_hooks()

    # -- configuration

    def config(self, command=None, output=None, stdout=None):
        """Alembic's Config, as its command line would have made it."""
        options = self.options
        command = dict(command or {})
        arguments = {
            "file_": options.get("config_file"),
            "ini_section": options.get("section") or "alembic",
            "cmd_opts": argparse.Namespace(
                **dict(
                    {
                        "config": options.get("config_file"),
                        "name": options.get("section") or "alembic",
                        "x": options.get("x") or None,
                        "raiseerr": False,
                        "quiet": False,
                    },
                    **command
                )
            ),
        }
        if output is not None:
            arguments["output_buffer"] = output
        if stdout is not None:
            arguments["stdout"] = stdout
        if options.get("toml_file"):
            arguments["toml_file"] = options["toml_file"]
        config = Config(**arguments)
        for name, value in (options.get("main_options") or {}).items():
            # ConfigParser's interpolation takes a percent sign for the beginning of a reference.
            config.set_main_option(name, value.replace("%", "%%"))
        return config

    def directory(self, config):
        """Alembic's ScriptDirectory; it puts ``prepend_sys_path`` into sys.path when it is made."""
        if self._directory is None:
            before = list(sys.path)
            self._directory = ScriptDirectory.from_config(config)
            # "." means the project's folder, also where the working directory is another one.
            added = len(sys.path) - len(before)
            sys.path[:added] = [os.path.join(self.project, path) for path in sys.path[:added]]
            importlib.invalidate_caches()
        return self._directory

    def prepare(self):
        """Makes the project's modules importable."""
        self.directory(self.config())

    def complete_operations(self, sources):
        """Gives ``op`` what env.py would have given it; env.py itself, where it is run, does."""
        if self.options.get("env") != "run":
            from dunlin_guest import operations

            operations.complete(self._directory.env_py_location, sources)

    # -- running

    def run(self, message):
        """``run``: one revision, up or down."""
        options = message.get("options") or {}
        offline = bool(message.get("offline"))
        static = self.options.get("env") != "run"
        up = message["direction"] == "up"
        command = {"sql": offline, "tag": options.get("tag"), "revision": options.get("target")}
        output = Output(self.engine) if offline else None
        if static and not offline:
            config = self._config_of(command)
        else:
            config = self.config(command, output)
        directory = self.directory(config)
        script = _script(message, options)
        step = _step(directory, script, up)
        step.migration_fn = _entering(self.engine, step.migration_fn)

        def steps(heads, context):
            state.introducing = False
            yield step

        state.begin(options, offline)
        arguments = {"fn": steps, "as_sql": offline, "tag": options.get("tag")}
        if up:
            arguments["destination_rev"] = message["id"]
        else:
            arguments["destination_rev"] = (options.get("heads_after") or ["base"])[0]
        if offline:
            arguments["starting_rev"] = options.get("heads") or None
        if not offline:
            session.current.open()
        try:
            if static and not offline and not self._is_async():
                self._in_shared(config, directory, arguments, step, options)
            else:
                self._in_environment(config, directory, arguments, options)
            if not state.ran:
                raise RuntimeError(
                    "env.py did not run the revision: it never called context.run_migrations()"
                )
            if not offline:
                _check_committed()
            state.succeed()
        finally:
            state.end()
            session.current.close()
            if output is not None:
                output.flush()

    def _config_of(self, command):
        """One for all revisions of a command, as in Alembic. env.py, which may change it, is not run with it."""
        key = (command["tag"], command["revision"])
        if key not in self._configs:
            self._configs[key] = self.config(command)
        return self._configs[key]

    def _is_async(self):
        return getattr(self._sqlalchemy_engine().dialect, "is_async", False)

    def _in_shared(self, config, directory, arguments, step, options):
        """What env.py does in the project, with the connection and the context of the revisions before this one."""
        shared = self._shared
        if shared is not None and not (state.follows and shared.config is config):
            self.leave()
            shared = None
        if shared is None:
            configure = self._configuration()
            configure.pop("literal_binds", None)
            configure.pop("dialect_opts", None)
            shared = self._shared = _Shared(
                config, directory, arguments, self._sqlalchemy_engine(), configure
            )
        try:
            shared.run(step, arguments, options.get("arguments") or {})
        except BaseException:
            self._shared = None
            with shared.stack:
                raise
        if not shared.is_clean():
            self.leave()

    def leave(self):
        """Ends what the revisions so far shared."""
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.stack.close()

    def _in_environment(self, config, directory, arguments, options=None):
        with EnvironmentContext(config, directory, **arguments) as environment:
            if self.options.get("env") == "run":
                directory.run_env()
            else:
                self._static(environment, options or {})

    def _static(self, environment, options):
        """What env.py does in the project, from the options that were read out of it."""
        configure = self._configuration()
        arguments = options.get("arguments") or {}
        if environment.is_offline_mode():
            configure.setdefault("literal_binds", True)
            configure.setdefault("dialect_opts", {"paramstyle": "named"})
            environment.configure(url=self.options["url"], **configure)
            with environment.begin_transaction():
                environment.run_migrations(**arguments)
            return
        configure.pop("literal_binds", None)
        configure.pop("dialect_opts", None)

        def online():
            with self._sqlalchemy_engine().connect() as connection:
                environment.configure(connection=connection, **configure)
                with environment.begin_transaction():
                    environment.run_migrations(**arguments)

        asynchrony.run_sync(self._sqlalchemy_engine(), online)

    def _configuration(self):
        configure = dict(self.options.get("configure") or {})
        configure.setdefault("target_metadata", self._metadata())
        return configure

    def _metadata(self):
        return sqlalchemy.MetaData(
            naming_convention=self.options.get("naming_convention"),
            schema=self.options.get("metadata_schema"),
        )

    def _sqlalchemy_engine(self):
        if self._static_engine is None:
            self._static_engine = sqlalchemy.create_engine(
                self.options["url"],
                poolclass=sqlalchemy.pool.NullPool,
                **(self.options.get("engine") or {})
            )
        return self._static_engine

    # -- for calls

    @contextlib.contextmanager
    def as_env_py(self, config, needs_models=True):
        """While a command of Alembic runs: env.py, or what stands for it."""
        if self.options.get("env") == "run":
            yield
            return
        if needs_models:
            raise util.CommandError(
                "comparing the models with the database needs the project's env.py, which is not run"
            )
        directory = self.directory(config)
        self.complete_operations(_sources(directory))
        original = ScriptDirectory.run_env
        ScriptDirectory.run_env = lambda directory: self._static(alembic.context, {})
        try:
            yield
        finally:
            ScriptDirectory.run_env = original

    def read(self, command, function):
        """Runs the environment for a function (heads, context) → steps, reading only; calls use it."""
        config = self.config(command)
        directory = self.directory(config)
        session.current.open(reading=True)
        try:
            self._in_environment(config, directory, {"fn": function, "as_sql": False})
        finally:
            session.current.close()


class _Shared:
    """The connection and the context in which a command runs its revisions one after the other, as Alembic's does."""

    def __init__(self, config, directory, arguments, engine, configure):
        self.config = config
        self._step = None
        arguments = dict(arguments, fn=self._steps)
        with contextlib.ExitStack() as stack:
            self._environment = stack.enter_context(EnvironmentContext(config, directory, **arguments))
            self._connection = stack.enter_context(engine.connect())
            self._environment.configure(connection=self._connection, **configure)
            #: Ends it.
            self.stack = stack.pop_all()

    def _steps(self, heads, context):
        state.introducing = False
        yield self._step

    def run(self, step, arguments, keywords):
        self._step = step
        self._environment.context_opts["destination_rev"] = arguments["destination_rev"]
        with self._environment.begin_transaction():
            self._environment.run_migrations(**keywords)

    def is_clean(self):
        """Whether the connection is as a new one would be for the next revision."""
        connection = self._connection
        return not (connection.closed or connection.invalidated or connection.in_transaction())


def _sources(directory):
    """The texts of all revisions."""
    for location in directory._version_locations:
        for folder, _, names in os.walk(str(location)):
            for name in names:
                if name.endswith(".py"):
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                        yield file.read()


def _check_committed():
    """Refuses a revision of which nothing would remain; Alembic's version row would be gone with it.

    Only where DDL is in the transaction: elsewhere most of a revision remains, and so does the row.
    """
    if session.current.undone and session.current.server["dialect"] == "postgres":
        raise RuntimeError(
            "the revision's changes were rolled back when its connection ended: the connection that env.py gave to "
            "context.configure() was never committed"
        )


class Output(io.TextIOBase):
    """The buffer of an offline run, and where commands print to."""

    # Alembic replaces what this cannot hold.
    encoding = "utf-8"

    def __init__(self, engine):
        self._engine = engine
        self._pieces = []

    def writable(self):
        return True

    def write(self, text):
        self._pieces.append(text)
        return len(text)

    def flush(self):
        text, self._pieces = "".join(self._pieces), []
        if text:
            self._engine.output(text)


# -- the revision


_NO_WORD = re.compile(r"\W")


def module_name(path):
    """The name that alembic.util.load_python_file() gives a revision's module."""
    return _NO_WORD.sub("_", os.path.basename(path))


def load_module(path, source):
    """A revision's module, from its text; Alembic does not put it into sys.modules either."""
    module = types.ModuleType(module_name(path))
    module.__file__ = path
    loader = importlib.machinery.SourceFileLoader(module.__name__, path)
    module.__loader__ = loader
    module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, loader, origin=path)
    exec(imports.compiled(path, source), module.__dict__)
    return module


def _script(message, options):
    module = load_module(message["path"], message["source"])
    script = Script(module, getattr(module, "revision", message["id"]), message["path"])
    # The graph, which is the engine's, sets these when Alembic builds one.
    script._resolved_dependencies = tuple(options.get("dependencies") or ())
    script._normalized_resolved_dependencies = script._resolved_dependencies
    return script


def _entering(engine, function):
    @functools.wraps(function)
    def entering(*args, **kwargs):
        engine.enter()
        return function(*args, **kwargs)

    return entering


def _step(directory, script, up):
    return migration_module.RevisionStep(directory.revision_map, script, up)


# -- hooks into Alembic


class _State:
    """What the hooks know of the revision that runs."""

    def __init__(self):
        self.active = False
        self.introducing = False
        self.offline = False
        self.ran = False
        self.heads = None
        self.heads_after = None
        #: Of all contexts of a command: which PostgreSQL enums were created.
        self.memo = {}
        #: Whether this revision comes right after the last one, which ended well.
        self.follows = False
        self._done = None

    def begin(self, options, offline):
        self.active, self.introducing, self.offline, self.ran = True, False, offline, False
        self.heads, self.heads_after = options.get("heads"), options.get("heads_after")
        # A revision that does not follow the last one that ended well is run again: what was created is gone.
        self.follows = self._done is not None and self._done == self.heads
        if not self.follows:
            self.memo = {}
        self._done = None

    def succeed(self):
        self._done = self.heads_after

    def end(self):
        self.active = self.introducing = False


state = _State()


def _install_hooks():
    context = migration_module.MigrationContext
    if getattr(context, "_dunlin_hooks", False):
        return
    context._dunlin_hooks = True
    original_init = context.__init__
    original_run = context.run_migrations
    original_heads = context.get_current_heads
    original_ensure = context._ensure_version_table
    original_block = context.autocommit_block

    @contextlib.contextmanager
    def autocommit_block(self):
        # Alembic commits here what its command did so far. Earlier revisions are part of it, which the driver has not
        # seen in this one, so that it would not commit.
        if state.active and not self.as_sql and self.impl.transactional_ddl:
            session.current.leave_transaction()
        with original_block(self):
            yield

    def init(self, *args, **kwargs):
        original_init(self, *args, **kwargs)
        if state.active:
            # Alembic makes one context for a whole command, and its memo keeps a type of PostgreSQL from being
            # created by each of two tables that use it.
            self.impl.memo = state.memo

    def run_migrations(self, **kw):
        if state.active:
            state.introducing = state.ran = True
        try:
            return original_run(self, **kw)
        finally:
            state.introducing = False

    def get_current_heads(self):
        # run_migrations() asks once per command; the engine knows the rows.
        if state.introducing and not self.as_sql and state.heads is not None:
            return tuple(state.heads)
        return original_heads(self)

    def _ensure_version_table(self, purge=False):
        # Nor does a command that only reads make the table, as Alembic's own would.
        if self.as_sql or not (state.active or session.current.reading):
            original_ensure(self, purge)

    context.__init__ = init
    context.autocommit_block = autocommit_block
    context.run_migrations = run_migrations
    context.get_current_heads = get_current_heads
    context._ensure_version_table = _ensure_version_table
    migration_module.HeadMaintainer = _heads_of_the_engine(migration_module.HeadMaintainer)
    _say_once()


def _heads_of_the_engine(original):
    class HeadMaintainer(original):
        """Leaves the rows of the version table to the engine."""

        def update_to_step(self, step):
            if not state.active or self.context.as_sql:
                return original.update_to_step(self, step)
            if state.heads_after is not None:
                self.heads = set(state.heads_after)
            return None

    return HeadMaintainer


def _say_once():
    """Alembic introduces itself once per command; here a context is made for each revision."""
    said = set()

    def once(record):
        # Most records are of revisions, and shown to nobody: their text is not made for this.
        if str(record.msg).startswith(("Context impl ", "Will assume ", "Generating static SQL")):
            text = record.getMessage()
            if text in said:
                return False
            said.add(text)
        return True

    log = logging.getLogger("alembic.runtime.migration")
    log.addFilter(once)
    # "Running upgrade": making a record takes a tenth of the time of a small revision.
    is_enabled = log.isEnabledFor
    log.isEnabledFor = lambda level: is_enabled(level) and not (
        log.filters == [once] and logs.goes_nowhere(log)
    )
