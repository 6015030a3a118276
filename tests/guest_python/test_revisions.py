"""Revisions in the guest: what is told of failures, what is loaded before, and what Alembic's commands give."""

import os
import subprocess
import sys

import fake_engine
import pytest

ENV = """
from alembic import context
from sqlalchemy import MetaData, Column, Integer, String, Table, engine_from_config, pool

config = context.config
metadata = MetaData()
Table("patient", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))
if context.is_offline_mode():
    context.configure(url=config.get_main_option("sqlalchemy.url"), target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = engine_from_config(
        config.get_section(config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
"""

MAKO = '''"""${message}"""

from alembic import op
import sqlalchemy as sa

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}
'''

HEAD = """
from alembic import op
import sqlalchemy as sa

revision = "%s"
down_revision = %r


"""


class Clinic:
    """A small project, with a guest on it."""

    def __init__(self, folder, env="static"):
        self.folder = folder
        self.versions = folder / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        url = "sqlite:///%s/clinic.db" % folder
        (folder / "alembic.ini").write_text(
            "[alembic]\nscript_location = %%(here)s/migrations\nprepend_sys_path = .\nsqlalchemy.url = %s\n" % url
        )
        (folder / "migrations" / "env.py").write_text(ENV)
        (folder / "migrations" / "script.py.mako").write_text(MAKO)
        self.options = {"config_file": str(folder / "alembic.ini"), "env": env, "url": url}
        self.database = fake_engine.Sqlite(str(folder / "clinic.db"))
        self.guest = None

    def revision(self, name, body, down=None):
        path = self.versions / (name + ".py")
        path.write_text(HEAD % (name, down) + body)
        return str(path)

    def start(self):
        self.guest = fake_engine.Guest(self.database, str(self.folder), self.options)
        assert self.guest.ready["type"] == "ready", self.guest.ready
        return self.guest


@pytest.fixture
def clinic(tmp_path):
    made = Clinic(tmp_path)
    yield made
    if made.guest is not None:
        made.guest.stop()


def line_of(path, text):
    with open(path) as file:
        return next(number for number, line in enumerate(file, 1) if text in line)


def test_a_failure_names_the_innermost_line_of_the_project(clinic):
    (clinic.folder / "helpers.py").write_text("def broken():\n    raise ValueError('no such ward')\n")
    path = clinic.revision("aa1", "def upgrade():\n    import helpers\n    helpers.broken()\n")
    failed = clinic.start().run(path)
    assert failed["type"] == "failed"
    assert failed["message"] == "ValueError: no such ward"
    assert failed["path"].endswith("helpers.py") and failed["line"] == 2
    assert "helpers.broken()" in failed["traceback"] and not failed["database"]


def test_a_failure_of_the_server_is_told_apart(clinic):
    path = clinic.revision("aa1", "def upgrade():\n    op.execute('SELECT * FROM nowhere')\n")
    failed = clinic.start().run(path)
    assert failed["database"] and "no such table: nowhere" in failed["message"]
    assert failed["line"] == line_of(path, "op.execute")


def test_a_statement_carries_the_line_that_sends_it(clinic):
    path = clinic.revision("aa1", "def upgrade():\n    pass\n    op.execute('CREATE TABLE ward (id int)')\n")
    guest = clinic.start()
    assert guest.run(path)["type"] == "done"
    sent = [q for q in guest.questions if q["type"] == "query" and "CREATE TABLE" in q["sql"]]
    assert [(q["path"], q["line"]) for q in sent] == [(path, line_of(path, "op.execute"))]


@pytest.mark.parametrize("ending", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_a_revision_cannot_end_the_guest(clinic, ending):
    path = clinic.revision("aa1", "def upgrade():\n    import sys\n    %s\n" % ending)
    guest = clinic.start()
    assert guest.run(path)["type"] == "failed"
    assert guest.run(clinic.revision("aa2", "def upgrade():\n    pass\n"))["type"] == "done"


def test_what_is_printed_disturbs_no_message(clinic):
    body = "def upgrade():\n    import os\n    print('{}')\n    os.write(1, b'raw')\n    input if 0 else None\n"
    assert clinic.start().run(clinic.revision("aa1", body))["type"] == "done"


def test_the_last_commit_is_the_engines(clinic):
    path = clinic.revision("aa1", "def upgrade():\n    op.execute('CREATE TABLE ward (id int)')\n")
    guest = clinic.start()
    assert guest.run(path, heads=[], heads_after=["aa1"])["type"] == "done"
    assert not [q for q in guest.questions if q["type"] in ("commit", "rollback", "begin")]
    assert not [s for s in guest.statements if "alembic_version" in s]


def test_a_commit_in_the_middle_is_passed_on(clinic):
    body = (
        "def upgrade():\n"
        "    op.execute('CREATE TABLE ward (id int)')\n"
        "    op.execute('INSERT INTO ward VALUES (1)')\n"
        "    with op.get_context().autocommit_block():\n"
        "        op.execute('CREATE INDEX ix ON ward (id)')\n"
    )
    guest = clinic.start()
    assert guest.run(clinic.revision("aa1", body))["type"] == "done"
    kinds = [q.get("sql", q["type"]) for q in guest.questions if q["type"] in ("query", "commit")]
    assert kinds.index("INSERT INTO ward VALUES (1)") < kinds.index("commit")
    assert kinds.index("commit") < kinds.index("CREATE INDEX ix ON ward (id)")


def test_revisions_share_a_connection_until_one_fails(clinic):
    """As those of Alembic's command do. A revision shows its connection's number in what it prints."""
    counting = (
        "def upgrade():\n"
        "    bind = op.get_bind()\n"
        "    seen = sa.__dict__.setdefault('_seen', [])\n"
        "    if not any(bind is one for one in seen):\n"
        "        seen.append(bind)\n"
        "    print(len(seen))\n"
        "    op.execute('CREATE TABLE %s (id int)')\n"
    )
    guest = clinic.start()

    def run(name, heads, body=counting):
        path = clinic.revision(name, body.replace("%s", name), heads[0] if heads else None)
        return guest.run(path, heads=heads, heads_after=[name])

    def printed():
        return [text for _, logger, text in guest.logs if logger == "stdout"]

    for name, heads in [("aa1", []), ("aa2", ["aa1"])]:
        assert run(name, heads)["type"] == "done"
    assert printed() == ["1", "1"]
    broken = "def upgrade():\n    op.execute('SELECT * FROM nowhere')\n"
    assert run("aa3", ["aa2"], broken)["type"] == "failed"
    # Run again, it begins anew, and so does one that does not follow, as after a refusal of the database.
    assert run("aa4", ["aa2"])["type"] == "done"
    assert run("aa5", ["aa4"])["type"] == "done"
    assert run("aa6", ["aa2"])["type"] == "done"
    assert printed() == ["1", "1", "2", "2", "3"]
    # What a revision leaves open is none of the next one's.
    dangling = counting + "    bind.execute(sa.text('SELECT 1'))\n    bind.close()\n"
    assert run("aa7", ["aa6"], dangling)["type"] == "done"
    assert run("aa8", ["aa7"])["type"] == "done"
    assert printed()[-2:] == ["3", "4"]


def test_a_foreign_key_pragma_leaves_the_transaction(clinic):
    body = (
        "def upgrade():\n"
        "    op.execute('PRAGMA foreign_keys = ON')\n"
        "    assert op.get_bind().execute(sa.text('PRAGMA foreign_keys')).scalar() == 1\n"
    )
    assert clinic.start().run(clinic.revision("aa1", body))["type"] == "done"


def test_a_handler_of_the_project_gets_what_alembic_logs(clinic):
    (clinic.folder / "seen.py").write_text(
        "import logging\n\n\nclass Seen(logging.Handler):\n    texts = []\n\n"
        "    def emit(self, record):\n        self.texts.append(record.getMessage())\n"
    )
    body = "def upgrade():\n    import logging, seen\n    logging.getLogger('alembic').addHandler(seen.Seen())\n"
    guest = clinic.start()
    assert guest.run(clinic.revision("aa1", body))["type"] == "done"
    body = "def upgrade():\n    import seen\n    raise ValueError(seen.Seen.texts)\n"
    failed = guest.run(clinic.revision("aa2", body, "aa1"))
    assert "Running upgrade aa1 -> aa2" in failed["message"], failed


# -- loading


def problems(clinic, body, **files):
    for name, text in files.items():
        target = clinic.folder / name.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_suffix(".py").write_text(text)
    path = clinic.revision("aa1", body)
    with open(path) as file:
        source = file.read()
    guest = clinic.start()
    loaded = guest.converse({"type": "load", "migrations": [{"id": "aa1", "path": path, "source": source, "direction": "up"}]})
    assert not guest.statements
    return path, loaded["problems"]


def test_a_missing_module_is_told_before_anything_is_sent(clinic):
    path, found = problems(clinic, "def upgrade():\n    import bcrypt_of_nowhere\n")
    assert found == [
        {
            "path": path,
            "line": line_of(path, "bcrypt_of_nowhere"),
            "import": "bcrypt_of_nowhere",
            "reason": "bcrypt_of_nowhere is not installed",
        }
    ]


def test_what_only_the_other_direction_imports_is_no_problem(clinic):
    down = "\n\ndef downgrade():\n    import bcrypt_of_nowhere\n"
    assert problems(clinic, "def upgrade():\n    pass" + down)[1] == []
    assert len(problems(clinic, "def upgrade():\n    downgrade()" + down)[1]) == 1


def test_an_import_whose_failure_is_expected_is_no_problem(clinic):
    body = "try:\n    import nothing_at_all\nexcept ImportError:\n    nothing_at_all = None\n"
    assert problems(clinic, body)[1] == []


def test_a_syntax_error_is_a_problem(clinic):
    _, (found,) = problems(clinic, "def upgrade(:\n")
    assert found["reason"].startswith("SyntaxError") and "import" not in found


def test_a_package_is_used_without_an_init_that_fails(clinic):
    (clinic.folder / "app").mkdir()
    (clinic.folder / "app" / "__init__.py").write_text("import nothing_at_all\n")
    (clinic.folder / "app" / "kinds.py").write_text("WARD = 'ward'\n")
    _, found = problems(clinic, "from app.kinds import WARD\ndef upgrade():\n    pass\n")
    assert found == []
    assert [text for level, _, text in clinic.guest.logs if level == "warning"] == [
        "app is used without its __init__, which cannot be imported: nothing_at_all is not installed"
    ]


def test_a_library_is_not_imported_again_when_a_package_of_the_project_fails(clinic, monkeypatch):
    packages = clinic.folder / "lib" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    # As sqlalchemy.orm registers its inspections.
    (packages / "registry.py").write_text(
        "import sys\nassert not hasattr(sys, 'registered'), 'registered already'\nsys.registered = True\n"
    )
    (clinic.folder / "app").mkdir()
    (clinic.folder / "app" / "__init__.py").write_text("import registry, nothing_at_all\n")
    (clinic.folder / "app" / "kinds.py").write_text("import registry\nWARD = 'ward'\n")
    assert problems(clinic, "from app.kinds import WARD\ndef upgrade():\n    pass\n")[1] == []


def test_only_the_package_that_fails_is_used_without_its_init(clinic):
    files = {
        "app/__init__": "WARD = 'ward'\n",
        "app/kinds": "from app.web.forms import FORM\nfrom app import WARD\n",
        "app/web/__init__": "import nothing_at_all\n",
        "app/web/forms": "FORM = 1\n",
    }
    for name, text in files.items():
        target = (clinic.folder / name).with_suffix(".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    _, found = problems(clinic, "from app.kinds import FORM, WARD\ndef upgrade():\n    pass\n")
    assert found == []
    assert [text for level, _, text in clinic.guest.logs if level == "warning"] == [
        "app.web is used without its __init__, which cannot be imported: nothing_at_all is not installed"
    ]


def test_a_package_that_is_wanted_itself_is_not_used_without_its_init(clinic):
    (clinic.folder / "app").mkdir()
    (clinic.folder / "app" / "__init__.py").write_text("import nothing_at_all\nWARD = 'ward'\n")
    _, (whole,) = problems(clinic, "import app\n")
    assert (whole["import"], whole["reason"]) == ("app", "nothing_at_all is not installed")
    _, (part,) = problems(clinic, "from app import WARD\n")
    assert part["reason"] == (
        "app would have defined it, whose __init__ cannot be imported: nothing_at_all is not installed"
    )


def test_a_sub_module_that_another_revision_would_have_imported_is_there(clinic):
    (clinic.folder / "app").mkdir()
    (clinic.folder / "app" / "__init__.py").write_text("")
    (clinic.folder / "app" / "kinds.py").write_text("WARD = 'ward'\n")
    body = "import app\ndef upgrade():\n    op.create_table(app.kinds.WARD, sa.Column('id', sa.Integer))\n"
    path, found = problems(clinic, body)
    assert found == []
    final = clinic.guest.run(path)
    assert final["type"] == "done", final


FAMILIAR = (
    "from alembic import op\nimport sqlalchemy as sa\nimport os.path, json as j\n"
    "x = (sa.types.String, sa.Integer, j.decoder.JSONDecoder)\n"
)

KNOWN = [
    "from alembic import op\nimport sqlalchemy as sa\n\n\ndef upgrade():\n    op.f(sa.Integer(), sa.types.String)\n",
    '"""Words."""\r\nimport sqlalchemy as sa\r\ny = (sa.types .\r\n String)\r\n',
    "y = 1\n",
    "def upgrade():\n    import os.path, json as j\n    return j.decoder.JSONDecoder\n",
]

UNKNOWN = [
    "from alembic import command\n",
    "import sqlalchemy as s2\ny = s2.Text\n",
    "import sqlalchemy as sa\ny = sa.dialects.mysql\n",
    "import sqlalchemy as sa\ny = (sa.dialects).mysql\n",
    "import sqlalchemy as sa\ny = (sa).dialects\n",
    "import sqlalchemy as sa\ny = (sa.types\n  # words\n  .Text)\n",
    "import sqlalchemy as sa\ny = sa.types.\\\n  Text\n",
    "import sqlalchemy as sa; import nothing_at_all\n",
    "import sqlalchemy as sa\nif sa: import nothing_at_all\n",
    "from sqlalchemy import (\n    nothing_at_all,\n)\n",
    "from sqlalchemy import *\n",
    "import \\\n  nothing_at_all\n",
    "from . import op\n",
    "import nothing_at_all # words\n",
]


def test_what_was_found_to_be_imported_is_known_by_its_text(monkeypatch):
    monkeypatch.syspath_prepend(os.path.dirname(fake_engine.GUEST))
    from dunlin_guest import imports

    monkeypatch.setattr(imports, "_familiar", imports._Familiar())
    assert not imports._familiar.knows(FAMILIAR)
    assert imports.problems("familiar.py", FAMILIAR, "up") == []
    for source in KNOWN:
        compile(source, "known", "exec")
        assert imports._familiar.knows(source), source
        monkeypatch.setattr(imports, "_cannot_import", None)
        monkeypatch.setattr(imports, "_reach", None)
        assert imports.problems("known.py", source, "up") == []
    for source in UNKNOWN:
        assert not imports._familiar.knows(source), source


def test_code_that_was_kept_is_not_compiled_again(monkeypatch):
    monkeypatch.syspath_prepend(os.path.dirname(fake_engine.GUEST))
    from dunlin_guest import imports

    monkeypatch.setattr(imports, "_compiled", {})
    source, values = "x = 1\n", {}
    assert imports.problems("kept.py", source, "up") == []
    kept = imports.code_to_keep()["kept.py"]
    with monkeypatch.context() as without:
        without.setattr(imports, "compile", None, raising=False)
        assert imports.problems("kept.py", source, "up", kept) == []
        assert imports.code_to_keep() == {}
        exec(imports.compiled("kept.py", source), values)
    assert values["x"] == 1
    assert imports.problems("kept.py", source, "up", kept[:8]) == []
    assert list(imports.code_to_keep()) == ["kept.py"]


def test_code_that_warns_when_it_is_compiled_is_not_kept(clinic):
    silent = clinic.revision("aa1", "def upgrade():\n    assert True\n")
    warning = clinic.revision("aa2", "def upgrade():\n    assert (1, 'always')\n", "aa1")
    files = [
        {"id": os.path.basename(path)[:3], "path": path, "source": open(path).read(), "direction": "up"}
        for path in (silent, warning)
    ]
    loaded = clinic.start().converse({"type": "load", "migrations": files, "keep": True})
    assert list(loaded["code"]) == [silent]


IN_THE_SANDBOX = """
import importlib.util, sys
sys.path[:0] = sys.argv[1:3]
from dunlin_guest import imports

class Engine:
    def log(self, level, logger, text):
        print(level, text.rsplit("/", 1)[-1])

imports._engine = Engine()
imports._as_the_projects_interpreter()
# This interpreter may have a distutils of its own, which comes first.
spec = imports._Distutils().find_spec("distutils")
sys.modules["distutils"] = importlib.util.module_from_spec(spec)
from distutils.version import LooseVersion
from plugin import NAME
print(LooseVersion, NAME)
import getpass, os
for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
    os.environ.pop(name, None)
sys.modules["pwd"] = None
try:
    getpass.getuser()
except KeyError as error:
    print(isinstance(error, OSError))
except ImportError:
    print(sys.version_info < (3, 13))
"""


def test_the_sandbox_reads_pth_files_and_finds_distutils_in_setuptools(tmp_path):
    packages = tmp_path / "site-packages"
    distutils = packages / "setuptools" / "_distutils"
    distutils.mkdir(parents=True)
    (distutils / "__init__.py").write_text("")
    (distutils / "version.py").write_text("LooseVersion = 'of setuptools'\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "plugin.py").write_text("NAME = 'edited in place'\n")
    (packages / "_broken.pth").write_text("import nothing_at_all\n")
    (packages / "_edited.pth").write_text(
        "import os, sys; sys.path.append(os.path.join(os.path.dirname("
        "sys._getframe(1).f_locals['sitedir']), 'elsewhere'))\n"
    )
    guest = os.path.dirname(fake_engine.GUEST)
    printed = subprocess.run(
        [sys.executable, "-c", IN_THE_SANDBOX, str(packages), guest],
        stdout=subprocess.PIPE,
        universal_newlines=True,
        check=True,
    ).stdout
    assert printed == (
        "debug _broken.pth was not executed: nothing_at_all is not installed\nof setuptools edited in place\nTrue\n"
    )


def test_a_name_that_a_module_does_not_have_is_a_problem(clinic):
    (clinic.folder / "kinds.py").write_text("WARD = 1\n")
    _, (found,) = problems(clinic, "from kinds import ROOM\n")
    assert found["import"] == "kinds.ROOM" and "cannot import name 'ROOM'" in found["reason"]


def test_an_operation_that_a_package_adds_is_there_as_env_py_imports_the_package(clinic, monkeypatch):
    packages = clinic.folder / "lib" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    (packages / "ward_operations.py").write_text(
        "from alembic.operations import MigrateOperation, Operations\n\n"
        "@Operations.register_operation('create_ward')\n"
        "class CreateWard(MigrateOperation):\n"
        "    @classmethod\n"
        "    def create_ward(cls, operations):\n"
        "        operations.execute('CREATE TABLE ward (id int)')\n"
    )
    (clinic.folder / "migrations" / "env.py").write_text("import ward_operations  # adds one\n" + ENV)
    path, found = problems(clinic, "def upgrade():\n    op.create_ward()\n")
    assert found == []
    assert clinic.guest.run(path)["type"] == "done"
    final = clinic.guest.call("command", command="upgrade", keywords={"revision": "aa1", "sql": True, "tag": None})
    assert final["value"]["error"] is None and "CREATE TABLE ward" in "".join(clinic.guest.output)


# -- Alembic's commands


def alembic(clinic, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "alembic.config"] + list(arguments),
        cwd=str(clinic.folder),
        env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
        stdout=subprocess.PIPE,
        universal_newlines=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("env", ["static", "run"])
def test_offline_text_is_alembics(tmp_path, env):
    clinic = Clinic(tmp_path, env)
    body = "def upgrade():\n    op.create_table('ward', sa.Column('id', sa.Integer, primary_key=True))\n"
    clinic.revision("aa1", body)
    clinic.revision("aa2", "def upgrade():\n    op.execute('SELECT 1')\n", "aa1")
    guest = clinic.start()
    final = guest.call("command", command="upgrade", keywords={"revision": "base:aa2", "sql": True, "tag": None})
    assert final["type"] == "done" and final["value"] == {"error": None, "began": True, "steps": []}, final
    assert "".join(guest.output) == alembic(clinic, "upgrade", "base:aa2", "--sql")
    guest.stop()


def test_a_revision_is_generated_and_not_written(tmp_path):
    clinic = Clinic(tmp_path, "run")
    guest = clinic.start()
    keywords = {"message": "first", "autogenerate": True, "rev_id": "aa1"}
    final = guest.call("command", command="revision", keywords=keywords)
    assert final["type"] == "done", final
    folder, file = final["value"]["steps"]
    assert folder == {"folder": str(clinic.versions)}
    assert file["path"] == str(clinic.versions / "aa1_first.py") and not os.path.exists(file["path"])
    assert "op.create_table('patient'" in file["text"] and "revision = 'aa1'" in file["text"]
    assert not [s for s in guest.statements if str(s).lstrip().startswith("CREATE")]
    guest.stop()


def test_the_environment_tells_its_settings(tmp_path):
    clinic = Clinic(tmp_path, "run")
    guest = clinic.start()
    told = guest.call("environment")["value"]
    assert told["transaction_per_migration"] is False and told["naming_convention"] == {
        "ix": "ix_%(column_0_label)s"
    }
    guest.stop()
