"""``call``: what else the command line needs of Alembic. No file is written; the engine writes what is returned.

==============  =============================================================  ===========================================
name            arguments                                                      value
==============  =============================================================  ===========================================
``command``     ``command``, a function of ``alembic.command``; ``keywords``    ``{"error", "began", "steps"}``: the text of a
                that it gets, ``options`` of the command line for              ``CommandError``, or null, whether env.py
                ``config.cmd_opts``                                            began to run, and what is to be written:
                                                                               ``{"folder"}``, ``{"path", "text"}``
``render``      ``template`` (a path), ``arguments``                           the text
``environment`` none; runs env.py without migrating                            what it gave to ``context.configure()``
==============  =============================================================  ===========================================

What a command prints goes to ``output``, and what it logs to ``log``.
"""

import contextlib
import inspect
import os

import alembic
from alembic import command, util
from alembic.script import ScriptDirectory
from alembic.script.base import Script
from dunlin_guest import session
from dunlin_guest.environment import Output, load_module


def call(environment, name, arguments):
    function = _CALLS.get(name)
    if function is None:
        raise ValueError("there is no call %r" % name)
    return function(environment, arguments)


#: Commands that ask env.py for what is not in its facts: the models, and what is done with new revisions.
_NEED_MODELS = ("check", "merge", "revision")


def _command(environment, arguments):
    name, keywords = arguments["command"], arguments.get("keywords") or {}
    function = getattr(command, name, None)
    if function is None:
        raise util.CommandError("alembic %s has no command %r" % (alembic.__version__, name))
    known = inspect.signature(function).parameters
    given = {key: value for key, value in keywords.items() if key in known}
    output = Output(environment.engine)
    options = dict(keywords, cmd=(function, [], list(given)), **arguments.get("options") or {})
    if "revisions" in options:
        options.pop("revision", None)
    config = environment.config(options, output, stdout=output)
    steps, error, began = [], None, []
    try:
        # Also env.py and revisions may print.
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(output))
            stack.enter_context(_collecting(steps))
            stack.enter_context(_reading())
            stack.enter_context(environment.as_env_py(config, name in _NEED_MODELS))
            stack.enter_context(_noticing(began))
            function(config, **given)
    except util.CommandError as problem:
        error = str(problem)
    finally:
        output.flush()
    return {"error": error, "began": bool(began), "steps": steps}


def _render(environment, arguments):
    from mako.template import Template

    template = Template(filename=arguments["template"])
    return template.render_unicode(**(arguments.get("arguments") or {}))


def _environment(environment, arguments):
    seen = []

    def nothing(heads, context):
        seen.append(context.opts)
        return ()

    environment.read({"revision": None}, nothing)
    return _json(seen[-1]) if seen else None


_CALLS = {
    "command": _command,
    "render": _render,
    "environment": _environment,
}


def _json(options):
    """The settings of ``context.configure()`` that are data, and the naming convention of the target metadata."""
    told = {}
    for key, value in options.items():
        if value is None or isinstance(value, (bool, int, float, str)):
            told[key] = value
        elif callable(value):
            told[key] = "<function>"
    metadata = options.get("target_metadata")
    if isinstance(metadata, (list, tuple)):
        metadata = metadata[0] if metadata else None
    if metadata is not None:
        told["naming_convention"] = {
            key: value
            for key, value in dict(metadata.naming_convention).items()
            if isinstance(key, str) and isinstance(value, str)
        }
        told["metadata_schema"] = metadata.schema
    return told


@contextlib.contextmanager
def _noticing(began):
    """Notices that env.py begins to run."""
    original = ScriptDirectory.run_env

    def run_env(directory):
        began.append(True)
        original(directory)

    ScriptDirectory.run_env = run_env
    try:
        yield
    finally:
        ScriptDirectory.run_env = original


class _reading:
    """The session, for reading, while a command runs."""

    def __enter__(self):
        if session.current.server is not None:
            session.current.open(reading=True)

    def __exit__(self, *details):
        session.current.close()


class _collecting:
    """Keeps ScriptDirectory from writing files, and gives it modules of those that it would have written."""

    def __init__(self, steps):
        self._steps = steps

    def __enter__(self):
        from mako.template import Template

        self._originals = (
            ScriptDirectory._generate_template,
            ScriptDirectory._ensure_directory,
            _loader(),
        )
        steps = self._steps

        def _generate_template(directory, src, dest, **kw):
            path = os.path.abspath(str(dest))
            try:
                text = Template(filename=str(src)).render_unicode(**kw)
                text.encode(directory.output_encoding)
            except Exception as error:
                steps.append({"path": path, "text": None})
                # Alembic names a temporary file with the traceback instead.
                raise util.CommandError("Template rendering failed: %s: %s" % (type(error).__name__, error))
            steps.append({"path": path, "text": text})

        def _ensure_directory(directory, path):
            steps.append({"folder": os.path.abspath(str(path))})

        original = self._originals[2]

        def _from_new(cls, directory, *place):
            path = os.path.abspath(os.path.join(*[str(part) for part in place]))
            for step in steps:
                if step.get("path") == path:
                    module = load_module(path, step["text"])
                    return Script(module, module.revision, path)
            return original.__func__(cls, directory, *place)

        ScriptDirectory._generate_template = _generate_template
        ScriptDirectory._ensure_directory = _ensure_directory
        setattr(Script, _loader_name(), classmethod(_from_new))
        self._hooks = _without_hooks()

    def __exit__(self, *details):
        ScriptDirectory._generate_template, ScriptDirectory._ensure_directory, loader = self._originals
        setattr(Script, _loader_name(), loader)
        self._hooks()


def _loader_name():
    # It was _from_filename(directory, folder, name) before alembic 1.16.
    return "_from_path" if "_from_path" in vars(Script) else "_from_filename"


def _loader():
    return vars(Script)[_loader_name()]


def _without_hooks():
    """Post-write hooks run on a file that exists; gives the function that puts them back."""
    from alembic.script import write_hooks

    original = write_hooks._run_hooks
    write_hooks._run_hooks = lambda *args, **kwargs: None

    def put_back():
        write_hooks._run_hooks = original

    return put_back
