//! The forms of `env.py` in Alembic's own templates and in its documentation, and those seen in public projects.

use std::collections::HashMap;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;
use crate::alembic::config::Invocation;

/// The head of every template's `env.py`.
const HEAD: &str = "from logging.config import fileConfig\nfrom sqlalchemy import engine_from_config, pool, create_engine\n\
    from alembic import context\nimport os\n\nconfig = context.config\nif config.config_file_name is not None:\n    \
    fileConfig(config.config_file_name)\ntarget_metadata = None\n";

/// The online half of the generic template, with more arguments for `configure`.
fn online(options: &str) -> String {
    format!(
        "def run_migrations_offline():\n    url = config.get_main_option('sqlalchemy.url')\n    \
         context.configure(url=url, target_metadata=target_metadata, literal_binds=True, dialect_opts={{'paramstyle': 'named'}}{options})\n    \
         with context.begin_transaction():\n        context.run_migrations()\n\n\
         def run_migrations_online():\n    connectable = engine_from_config(\n        config.get_section(config.config_ini_section, {{}}), prefix='sqlalchemy.', poolclass=pool.NullPool)\n    \
         with connectable.connect() as connection:\n        context.configure(connection=connection, target_metadata=target_metadata{options})\n        \
         with context.begin_transaction():\n            context.run_migrations()\n\n\
         if context.is_offline_mode():\n    run_migrations_offline()\nelse:\n    run_migrations_online()\n"
    )
}

struct Project {
    folder: TempDir,
    variables: HashMap<String, String>,
    x: Vec<String>,
    offline: bool,
}

impl Project {
    fn new(env_py: &str) -> Project {
        let folder = tempfile::tempdir().unwrap();
        let project = Project { folder, variables: HashMap::new(), x: Vec::new(), offline: false };
        project
            .file(
                "alembic.ini",
                "[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\nsqlalchemy.url = postgresql://shop:p%%40ss@db/shop\n\
                 databases = orders, stock\n[orders]\nsqlalchemy.url = sqlite:///orders.db\n[stock]\nsqlalchemy.url = sqlite:///stock.db\n",
            )
            .file("alembic/env.py", env_py)
    }

    fn file(self, name: &str, text: &str) -> Project {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Project {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn x(mut self, argument: &str) -> Project {
        self.x.push(argument.to_owned());
        self
    }

    fn offline(mut self) -> Project {
        self.offline = true;
        self
    }

    fn read(&self) -> Result<EnvPy, EnvError> {
        let directory = self.folder.path();
        let invocation =
            Invocation { directory: directory.to_owned(), x: self.x.clone(), ..Invocation::default() };
        let variables = |name: &str| self.variables.get(name).cloned();
        let packages = PackageSearch::default();
        let config = Config::load(&invocation, &variables, &packages).unwrap();
        read(&Inputs {
            directory,
            config: &config,
            x: &self.x,
            variables: &variables,
            packages: &packages,
            offline: self.offline,
        })
    }

    fn target(&self) -> Target {
        let mut targets = self.read().unwrap().targets;
        assert_eq!(targets.len(), 1);
        targets.remove(0)
    }

    /// The URL with its password, or why it is not known.
    fn url(&self) -> String {
        match self.target().url {
            Fact::Known { value, .. } => value.expose().to_owned(),
            Fact::Absent => "absent".to_owned(),
            Fact::NotRecognised { place, reason } => format!("{place}: {reason}"),
        }
    }
}

fn generic(before: &str, options: &str) -> Project {
    Project::new(&format!("{HEAD}{before}{}", online(options)))
}

fn shown<T: std::fmt::Debug>(fact: &Fact<T>) -> String {
    match fact {
        Fact::Known { value, place } => format!("{value:?} at {place}"),
        Fact::Absent => "absent".to_owned(),
        Fact::NotRecognised { place, reason } => format!("{place}: {reason}"),
    }
}

#[test]
fn the_generic_template_takes_everything_from_the_ini_file() {
    let project = generic("", "");
    let target = project.target();
    assert_eq!(project.url(), "postgresql://shop:p%40ss@db/shop");
    assert_eq!(target.version_table, Fact::Absent);
    assert_eq!(target.naming_convention, Fact::Absent);
    assert!(target.runs && target.others.is_empty() && target.engine_name.is_none());
    let offline = generic("", "").offline();
    assert_eq!(offline.url(), "postgresql://shop:p%40ss@db/shop");
    let others: Vec<String> = offline.target().others.into_iter().map(|(name, _)| name).collect();
    assert_eq!(others, ["literal_binds", "dialect_opts"]);
}

#[test]
fn a_url_may_come_from_the_environment() {
    let cases = [
        "config.set_main_option('sqlalchemy.url', os.environ['DATABASE_URL'])\n",
        "config.set_main_option('sqlalchemy.url', os.getenv('DATABASE_URL', 'sqlite://').replace('%', '%%'))\n",
        "url = os.environ.get('DATABASE_URL')\nif url:\n    config.set_main_option('sqlalchemy.url', url)\n",
        "if 'DATABASE_URL' in os.environ:\n    config.set_section_option('alembic', 'sqlalchemy.url', os.environ['DATABASE_URL'])\n",
        "config.set_main_option('sqlalchemy.url', 'postgresql://%s@%s/shop' % (os.environ['USER'], os.getenv('HOST', 'db')))\n",
        "config.set_main_option('sqlalchemy.url', f\"postgresql://{os.environ['USER']}@{os.getenv('HOST', 'db')}/shop\")\n",
        "def get_url():\n    user = os.getenv('USER', 'nobody')\n    return f'postgresql://{user}@db/shop'\nconfig.set_main_option('sqlalchemy.url', get_url())\n",
        "from os import environ\nconfig.set_main_option('sqlalchemy.url', environ['DATABASE_URL'])\n",
        "from sqlalchemy.engine import URL\nurl = URL.create('postgresql', username=os.environ['USER'], host='db', database='shop')\nconfig.set_main_option('sqlalchemy.url', url.render_as_string(hide_password=False))\n",
        "try:\n    url = os.environ['MISSING']\nexcept KeyError:\n    url = os.environ['DATABASE_URL']\nconfig.set_main_option('sqlalchemy.url', url)\n",
        "from dotenv import load_dotenv\nload_dotenv()\nconfig.set_main_option('sqlalchemy.url', os.environ['FROM_FILE'])\n",
        "config.attributes.get('connection', None)\nconfig.set_main_option('sqlalchemy.url', config.attributes.get('url', os.environ['DATABASE_URL']))\n",
    ];
    for before in cases {
        let project = generic(before, "")
            .variable("DATABASE_URL", "postgresql://me@db/shop")
            .variable("USER", "me")
            .file(".env", "FROM_FILE=postgresql://me@db/shop\n");
        assert_eq!(project.url(), "postgresql://me@db/shop", "{before}");
    }
}

#[test]
fn a_url_may_come_from_x_arguments() {
    let before = "x = context.get_x_argument(as_dictionary=True)\nif 'url' in x:\n    config.set_main_option('sqlalchemy.url', x['url'])\n";
    assert_eq!(generic(before, "").x("url=sqlite:///a=b.db").url(), "sqlite:///a=b.db");
    assert_eq!(generic(before, "").url(), "postgresql://shop:p%40ss@db/shop");
    let before = "name = context.get_x_argument(as_dictionary=True).get('name', 'shop')\nconfig.set_main_option('sqlalchemy.url', 'sqlite:///%s.db' % name)\n";
    assert_eq!(generic(before, "").x("name=school").url(), "sqlite:///school.db");
}

#[test]
fn a_url_that_is_not_known_says_why() {
    let cases = [
        "from shop.settings import settings\nconfig.set_main_option('sqlalchemy.url', settings.database_url)\n",
        "from flask import current_app\nconfig.set_main_option('sqlalchemy.url', current_app.config['DATABASE_URL'].replace('%', '%%'))\n",
        "config.set_main_option('sqlalchemy.url', open('url.txt').read())\n",
        "import socket\nif socket.gethostname() == 'prod':\n    config.set_main_option('sqlalchemy.url', 'sqlite:///prod.db')\n",
        "import boto3\nconfig.set_main_option('sqlalchemy.url', boto3.client('secretsmanager').get_secret_value(SecretId='db')['url'])\n",
    ];
    let settings = "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    database_url: str = 'sqlite://'\nsettings = Settings()\n";
    let urls: Vec<String> = cases
        .into_iter()
        .map(|before| {
            generic(before, "").file("shop/__init__.py", "").file("shop/settings.py", settings).url()
        })
        .collect();
    assert_snapshot!(urls.join("\n"), @r"
    shop/settings.py:2: the class `Settings` inherits from `pydantic_settings.BaseSettings`
    alembic/env.py:11: an item of `flask.current_app.config` is not known
    alembic/env.py:10: the result of `file.read(…)` is not known
    alembic/env.py:11: it depends on a condition that is not known
    alembic/env.py:11: the result of `boto3.client(…)` is not known
    ");
}

#[test]
fn a_variable_that_is_not_set_ends_the_file() {
    let error = generic("config.set_main_option('sqlalchemy.url', os.environ['DATABASE_URL'])\n", "")
        .read()
        .unwrap_err();
    assert_snapshot!(error, @"alembic/env.py:10: KeyError: 'DATABASE_URL' (the environment variable is not set)");
    let error =
        generic("config.set_main_option('sqlalchemy.url', 'mysql://a:b%c@db')\n", "").read().unwrap_err();
    assert_snapshot!(error, @r#"alembic/env.py:10: ValueError: invalid interpolation syntax in the value of 'sqlalchemy.url' at position 11; double each percent sign, as in .replace("%", "%%")"#);
    let error = generic("raise RuntimeError('run the other one')\n", "").read().unwrap_err();
    assert_snapshot!(error, @"alembic/env.py:10: RuntimeError: run the other one");
    assert!(matches!(Project::new("x = 1\n").read(), Err(EnvError::NothingConfigured { .. })));
}

#[test]
fn the_variables_that_were_read_are_listed() {
    let project =
        generic("a = os.getenv('TENANT')\nb = os.environ.get('MISSING')\n", "").variable("TENANT", "1");
    let expected = BTreeMap::from([("MISSING".to_owned(), false), ("TENANT".to_owned(), true)]);
    assert_eq!(project.read().unwrap().variables, expected);
}

#[test]
fn options_of_configure_are_read() {
    let options = ", version_table='history', version_table_schema=config.get_main_option('schema', 'ops'), version_table_pk=False, \
                   transaction_per_migration=True, transactional_ddl=None, render_as_batch=True, include_schemas=True, \
                   compare_type=lambda *a: True, compare_server_default=1, include_object=print";
    let target = generic("", options).target();
    let facts = [
        shown(&target.version_table),
        shown(&target.version_table_schema),
        shown(&target.version_table_pk),
        shown(&target.transaction_per_migration),
        shown(&target.transactional_ddl),
        shown(&target.render_as_batch),
        shown(&target.include_schemas),
        shown(&target.compare_type),
        shown(&target.compare_server_default),
        target
            .others
            .iter()
            .map(|(name, place)| format!("{name} at {place}"))
            .collect::<Vec<String>>()
            .join(", "),
    ];
    assert_snapshot!(facts.join("\n"), @r#"
    "history" at alembic/env.py:20
    Some("ops") at alembic/env.py:20
    false at alembic/env.py:20
    true at alembic/env.py:20
    None at alembic/env.py:20
    true at alembic/env.py:20
    true at alembic/env.py:20
    alembic/env.py:20: a lambda is not followed
    true at alembic/env.py:20
    include_object at alembic/env.py:20
    "#);
}

#[test]
fn options_that_are_not_known_say_why() {
    let before = "from shop import app\narguments = app.extensions['migrate'].configure_args\n";
    let target = generic(before, ", version_table=app.table, version_table_pk=bool(1), **arguments").target();
    let facts = [
        shown(&target.url),
        shown(&target.version_table),
        shown(&target.version_table_pk),
        shown(&target.transaction_per_migration),
        shown(&target.naming_convention),
    ];
    assert_snapshot!(facts.join("\n"), @r"
    SqlalchemyUrl(postgresql://shop:***@db/shop) at alembic/env.py:19
    alembic/env.py:22: `shop.app.table` is not known here
    true at alembic/env.py:22
    alembic/env.py:11: an item of `shop.app.extensions` is not known
    absent
    ");
    let target =
        generic("kw = {'version_table': 'history'}\nkw['render_as_batch'] = True\n", ", **kw").target();
    assert_eq!(
        (target.version_table.known().map(String::as_str), target.render_as_batch.known()),
        (Some("history"), Some(&true))
    );
}

const CONVENTION: &str = "{'ix': 'ix_%(column_0_label)s', 'pk': 'pk_%(table_name)s'}";

#[test]
fn a_naming_convention_is_found_where_it_is_literal() {
    let base = |text: &str| {
        format!(
            "from sqlalchemy import MetaData\nfrom sqlalchemy.orm import DeclarativeBase, declarative_base\nCONVENTION = {CONVENTION}\n{text}"
        )
    };
    let here = base("target_metadata = MetaData(naming_convention=CONVENTION)\n");
    let import = "from shop.models import Base\ntarget_metadata = Base.metadata\n";
    let cases = [
        (here.as_str(), String::new()),
        (
            import,
            base(
                "metadata = MetaData(naming_convention=CONVENTION)\nBase = declarative_base(metadata=metadata)\n",
            ),
        ),
        (
            import,
            base("class Base(DeclarativeBase):\n    metadata = MetaData(naming_convention=CONVENTION)\n"),
        ),
        (
            import,
            base("class Base(DeclarativeBase):\n    pass\nBase.metadata.naming_convention = CONVENTION\n"),
        ),
        (
            "from shop import models\ntarget_metadata = models.metadata\n",
            base("metadata = MetaData(naming_convention=dict(CONVENTION))\n")
                .replace("dict(CONVENTION)", "CONVENTION"),
        ),
        (
            "import shop.models\ntarget_metadata = shop.models.db.metadata\n",
            base(
                "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy(metadata=MetaData(naming_convention=CONVENTION))\n",
            ),
        ),
        (
            "from sqlmodel import SQLModel\nfrom shop import models\nmodels.metadata\ntarget_metadata = SQLModel.metadata\n",
            format!(
                "from sqlmodel import SQLModel\nSQLModel.metadata.naming_convention = {CONVENTION}\nmetadata = 1\n"
            ),
        ),
        (
            "from shop.models import *\ntarget_metadata = metadata\n",
            base("metadata = MetaData(naming_convention=CONVENTION)\n"),
        ),
    ];
    for (before, models) in &cases {
        let project = generic(before, "").file("shop/__init__.py", "").file("shop/models.py", models);
        let convention = project.target().naming_convention;
        let expected = BTreeMap::from([
            ("ix".to_owned(), "ix_%(column_0_label)s".to_owned()),
            ("pk".to_owned(), "pk_%(table_name)s".to_owned()),
        ]);
        assert_eq!(convention.known(), Some(&expected), "{before}{models}: {convention:?}");
    }
}

#[test]
fn without_a_naming_convention_there_is_none() {
    let models = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase):\n    pass\nclass Item(Base):\n    __tablename__ = 'item'\n";
    let project = generic("from shop.models import Base\ntarget_metadata = Base.metadata\n", "");
    let project = project.file("shop/__init__.py", "").file("shop/models.py", models);
    assert_eq!(project.target().naming_convention, Fact::Absent);
    let project = generic("from shop_client.models import Base\ntarget_metadata = Base.metadata\n", "");
    assert_snapshot!(shown(&project.target().naming_convention), @"alembic/env.py:22: `shop_client.models.Base.metadata` is not followed");
}

#[test]
fn the_async_template_is_followed() {
    let env_py = format!(
        "import asyncio\nfrom sqlalchemy.ext.asyncio import async_engine_from_config\n{HEAD}\
         def do_run_migrations(connection):\n    context.configure(connection=connection, target_metadata=target_metadata, version_table='history')\n    \
         with context.begin_transaction():\n        context.run_migrations()\n\n\
         async def run_async_migrations():\n    connectable = async_engine_from_config(config.get_section(config.config_ini_section, {{}}), prefix='sqlalchemy.', poolclass=pool.NullPool)\n    \
         async with connectable.connect() as connection:\n        await connection.run_sync(do_run_migrations)\n    await connectable.dispose()\n\n\
         def run_migrations_online():\n    connectable = config.attributes.get('connection', None)\n    \
         if connectable is None:\n        asyncio.run(run_async_migrations())\n    else:\n        do_run_migrations(connectable)\n\nrun_migrations_online()\n"
    );
    let project = Project::new(&env_py);
    assert_eq!(project.url(), "postgresql://shop:p%40ss@db/shop");
    assert_eq!(project.target().version_table.known().map(String::as_str), Some("history"));
}

#[test]
fn the_multidb_template_has_a_target_for_each_database() {
    let env_py = format!(
        "import re\nimport logging\nlogger = logging.getLogger('alembic.env')\nUSE_TWOPHASE = False\n{HEAD}\
         db_names = config.get_main_option('databases', '')\ntarget_metadata = {{}}\n\
         def run_migrations_online():\n    engines = {{}}\n    for name in re.split(r',\\s*', db_names):\n        engines[name] = rec = {{}}\n        \
         rec['engine'] = engine_from_config(context.config.get_section(name, {{}}), prefix='sqlalchemy.', poolclass=pool.NullPool)\n    \
         for name, rec in engines.items():\n        engine = rec['engine']\n        rec['connection'] = conn = engine.connect()\n        \
         if USE_TWOPHASE:\n            rec['transaction'] = conn.begin_twophase()\n        else:\n            rec['transaction'] = conn.begin()\n    \
         try:\n        for name, rec in engines.items():\n            logger.info('Migrating database %s' % name)\n            \
         context.configure(connection=rec['connection'], upgrade_token='%s_upgrades' % name, downgrade_token='%s_downgrades' % name, target_metadata=target_metadata.get(name))\n            \
         context.run_migrations(engine_name=name)\n        for rec in engines.values():\n            rec['transaction'].commit()\n    \
         except:\n        for rec in engines.values():\n            rec['transaction'].rollback()\n        raise\n    \
         finally:\n        for rec in engines.values():\n            rec['connection'].close()\n\nrun_migrations_online()\n"
    );
    let targets = Project::new(&env_py).read().unwrap().targets;
    let shown: Vec<String> = targets
        .iter()
        .map(|target| format!("{:?} {:?} {}", target.engine_name, target.url.known(), target.runs))
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    Some("orders") Some(SqlalchemyUrl(sqlite:///orders.db)) true
    Some("stock") Some(SqlalchemyUrl(sqlite:///stock.db)) true
    "#);
}

#[test]
fn what_it_does_besides_is_noted() {
    let env_py = format!(
        "{HEAD}from alembic.ddl.impl import DefaultImpl\nDefaultImpl.version_table_impl = None\n\
         def run():\n    connectable = create_engine('sqlite:///shop.db')\n    with connectable.begin() as connection:\n        \
         connection.execute('SET search_path TO shop')\n        context.script.version_locations = ['x']\n        \
         context.configure(connection=connection)\n        context.run_migrations()\nrun()\n"
    );
    let env = Project::new(&env_py).read().unwrap();
    let notes: Vec<String> = env.notes.iter().map(|note| format!("{}: {}", note.place, note.text)).collect();
    assert_snapshot!(notes.join("\n"), @r"
    alembic/env.py:11: it changes how the version table is made
    alembic/env.py:16: it sets `version_locations` of the folder of revisions, which decides what is found there
    ");
}

/// What each target is told, a line each.
fn statements(env_py: &str) -> String {
    let env = Project::new(&format!("{HEAD}{env_py}")).read().unwrap();
    let shown = env.targets.iter().map(|target| {
        let all: Vec<String> = target.statements.iter().map(|fact| shown(fact).replace('"', "")).collect();
        all.join("\n")
    });
    shown.collect::<Vec<_>>().join("\n--\n")
}

#[test]
fn what_it_sends_on_the_connection_of_the_migrations_is_told() {
    assert_snapshot!(statements(
        "from sqlalchemy import text\ntenant = 'clinic'\nconnectable = create_engine('postgresql://db/shop')\n\
         with connectable.connect() as connection:\n    \
         connection.execute(text('set search_path to \"%s\"' % tenant))\n    connection.commit()\n    \
         if connection.dialect.name == 'postgresql':\n        connection.execute(text(f'SET ROLE {tenant}_owner'))\n    \
         connection.dialect.default_schema_name = tenant\n    context.configure(connection=connection)\n    \
         with context.begin_transaction():\n        context.execute('SET lock_timeout = 5000')\n        context.run_migrations()\n"
    ), @"
    set search_path to \\clinic\\ at alembic/env.py:14
    SET ROLE clinic_owner at alembic/env.py:17
    SET lock_timeout = 5000 at alembic/env.py:21
    ");
}

#[test]
fn what_another_connection_sends_counts_if_it_is_for_the_database() {
    assert_snapshot!(statements(
        "connectable = create_engine('postgresql://db/shop')\nwith connectable.begin() as connection:\n    \
         connection.execute('CREATE SCHEMA IF NOT EXISTS clinic')\n    connection.execute('SET search_path TO other')\n\
         with connectable.connect() as connection:\n    context.configure(connection=connection)\n    context.run_migrations()\n    \
         connection.execute('GRANT SELECT ON ALL TABLES IN SCHEMA clinic TO readers')\n"
    ), @"
    CREATE SCHEMA IF NOT EXISTS clinic at alembic/env.py:12
    alembic/env.py:17: it comes after the migrations
    ");
}

#[test]
fn each_tenant_gets_what_was_sent_before_it() {
    assert_snapshot!(statements(
        "connectable = create_engine('postgresql://db/shop')\nwith connectable.connect() as connection:\n    \
         for tenant in ['one', 'two']:\n        connection.execute(f'SET search_path TO {tenant}')\n        \
         context.configure(connection=connection)\n        context.run_migrations()\n"
    ), @"
    SET search_path TO one at alembic/env.py:13
    --
    SET search_path TO one at alembic/env.py:13
    SET search_path TO two at alembic/env.py:13
    ");
}

#[test]
fn what_the_driver_is_given_for_the_session_is_told() {
    assert_snapshot!(statements(
        "connectable = engine_from_config(config.get_section('alembic'), prefix='sqlalchemy.', connect_args={'options': '-csearch_path=clinic,public -c jit=off', 'connect_timeout': 3})\n\
         with connectable.connect() as connection:\n    context.configure(connection=connection)\n    context.run_migrations()\n"
    ), @"
    SELECT set_config('search_path', 'clinic,public', false) at alembic/env.py:11
    SELECT set_config('jit', 'off', false) at alembic/env.py:11
    ");
}

#[test]
fn what_listeners_send_is_told() {
    assert_snapshot!(statements(
        "from sqlalchemy import event\nfrom sqlite3 import Connection\nconnectable = create_engine('postgresql://db/shop')\n\
         @event.listens_for(connectable, 'connect')\ndef on_connect(dbapi, record):\n    cursor = dbapi.cursor()\n    \
         if isinstance(dbapi, Connection):\n        cursor.execute('PRAGMA foreign_keys=ON')\n    \
         cursor.execute('SET jit = off')\n    cursor.close()\n\
         def path(dbapi, record):\n    dbapi.execute('SET search_path TO ' + record.info['path'])\nevent.listen(connectable, 'checkout', path)\n\
         @event.listens_for(connectable, 'before_cursor_execute')\ndef log(conn, cursor, statement, parameters, context, many):\n    print(statement)\n\
         with connectable.connect() as connection:\n    context.configure(connection=connection)\n    context.run_migrations()\n"
    ), @"
    SET jit = off at alembic/env.py:18
    alembic/env.py:21: the item is not known
    ");
}

#[test]
fn what_cannot_be_told_of_it_says_why() {
    assert_snapshot!(statements(
        "import tenants\nconnectable = create_engine('postgresql://db/shop')\n\
         with connectable.connect().execution_options(schema_translate_map={None: 'clinic'}) as connection:\n    \
         connection.execute('SET search_path TO ' + tenants.current())\n    connection.execute('SELECT f(%s)', (1,))\n    \
         context.configure(connection=connection)\n    context.run_migrations()\n"
    ), @"
    alembic/env.py:12: its connections translate the names of schemas (`schema_translate_map`)
    alembic/env.py:13: the result of `tenants.current(…)` is not known
    alembic/env.py:14: its SQL is no plain text
    ");
}

#[test]
fn a_condition_that_is_not_known_leaves_open_what_it_decides() {
    let env_py = format!(
        "{HEAD}import socket\nconnectable = create_engine(config.get_main_option('sqlalchemy.url'))\nwith connectable.connect() as connection:\n    \
         if socket.gethostname() == 'x':\n        context.configure(connection=connection, version_table='a')\n    \
         else:\n        context.configure(connection=connection, version_table='b')\n    context.run_migrations()\n"
    );
    let targets = Project::new(&env_py).read().unwrap().targets;
    assert_eq!(targets.len(), 2);
    assert_snapshot!(shown(&targets[0].version_table), @"alembic/env.py:13: it depends on a condition that is not known");
}

#[test]
fn endless_loops_and_recursion_end() {
    for source in [
        "while True:\n    pass\n",
        "def f():\n    f()\nf()\n",
        "x = [0]\nfor i in x:\n    x.append(i)\n",
        "s = 'a'\nfor i in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa':\n    s = s + s\n",
        "import shop.a\n",
        "x = []\nx.append(x)\nx.extend(x)\nx += x\nd = {}\nd[d] = d\nd['a'] = d\nx[0] = x\ns = set()\ns.add(s)\ny = x == x\nz = (x,) in [x]\n",
        "x = ['a']\nfor i in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa':\n    x = [x, x]\ny = x == x\n",
        "x = ['a']\nfor i in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa':\n    x += x\n",
        "s = 'aa'\nfor i in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa':\n    s = s.replace('a', s)\n",
    ] {
        let project = Project::new(source)
            .file("shop/__init__.py", "")
            .file("shop/a.py", "import shop.b\nshop.b.x\n")
            .file("shop/b.py", "import shop.a\nshop.a.x\n");
        assert!(project.read().is_err(), "{source}");
    }
}
