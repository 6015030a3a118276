//! Expected names and texts are what Alembic 1.20.1 wrote for the same arguments.

use std::fs;

use insta::assert_snapshot;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;
use crate::alembic::config::{FileNames, Invocation, PackageSearch};

fn project(ini: &str) -> (TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("[alembic]\nscript_location = alembic\ndatabases = shop, stock\n{ini}");
    fs::write(folder.path().join("alembic.ini"), text).unwrap();
    let invocation = Invocation { directory: folder.path().to_owned(), ..Invocation::default() };
    let config = Config::load(&invocation, &|_| None, &PackageSearch::default()).unwrap();
    (folder, config)
}

fn date(config: &Config) -> Result<CreateDate, DateError> {
    let now: Timestamp = "2024-03-01T09:30:00.000123Z".parse().unwrap();
    CreateDate::of(now, config.timezone.value.as_deref(), TimeZone::UTC)
}

fn name(ini: &str, message: Option<&str>) -> String {
    let (_folder, config) = project(ini);
    let revision = NewRevision {
        id: "3f2a9c41d7be".to_owned(),
        message: message.map(str::to_owned),
        ..NewRevision::default()
    };
    file_name(&config, &revision, &date(&config).unwrap()).unwrap_or_else(|error| error.to_string())
}

fn written(template: &str, revision: &NewRevision) -> Result<String, WriteError> {
    let (_folder, config) = project("");
    let date = date(&config)?;
    let path = Path::new("alembic/script.py.mako");
    let file = revision_file(&config, Path::new("versions"), revision, &date, template, path)?;
    Ok(String::from_utf8(file.bytes).unwrap())
}

fn template(name: &str) -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/alembic/templates").join(name).join("script.py.mako");
    fs::read_to_string(path).unwrap()
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn a_file_is_named_by_the_template_and_the_message() {
    let cases = [
        ("", Some("Add order lines"), "3f2a9c41d7be_add_order_lines.py"),
        ("", None, "3f2a9c41d7be_.py"),
        ("", Some("  trim,  it's-x  "), "3f2a9c41d7be_trim_it_s_x.py"),
        ("", Some("Größe & naïve — 字 ति"), "3f2a9c41d7be_größe_naïve_字_त.py"),
        (
            "",
            Some("one two three four five six seven eight nine ten"),
            "3f2a9c41d7be_one_two_three_four_five_six_seven_eight_.py",
        ),
        (
            "",
            Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            "3f2a9c41d7be_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_.py",
        ),
        ("truncate_slug_length = 5\n", Some("Add order lines now"), "3f2a9c41d7be_add_.py"),
        ("truncate_slug_length = 1\n", Some("Add order lines now"), "3f2a9c41d7be_a_.py"),
        ("truncate_slug_length = -3\n", Some("Add order lines now"), "3f2a9c41d7be_add_order_lines_.py"),
        (
            "file_template = %%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d-%%(rev)s_%%(slug)s\n",
            Some("x"),
            "2024_03_01_0930-3f2a9c41d7be_x.py",
        ),
        ("file_template = %%(epoch)s/%%(rev)s\n", None, "1709285400/3f2a9c41d7be.py"),
        (
            "timezone = Asia/Kolkata\nfile_template = %%(hour)s%%(minute)s%%(second)s_%%(rev)s\n",
            None,
            "1500_3f2a9c41d7be.py",
        ),
        ("file_template = %%(version)s\n", None, "`file_template` \"%(version)s\": KeyError: 'version'"),
    ];
    for (ini, message, expected) in cases {
        assert_eq!(name(ini, message), expected, "{ini} {message:?}");
    }
}

#[test]
fn a_revision_is_written_as_alembic_writes_it() {
    let revision = NewRevision {
        id: "f00d".to_owned(),
        message: Some("it's \"new\" \\ \nmore".to_owned()),
        down_revisions: ids(&["aa11"]),
        branch_labels: ids(&["a", "b"]),
        depends_on: ids(&["bb22", "cc33"]),
        template_arguments: Vec::new(),
    };
    assert_snapshot!(written(&template("generic"), &revision).unwrap(), @r#"
    """it's "new" \ 
    more

    Revision ID: f00d
    Revises: aa11
    Create Date: 2024-03-01 09:30:00.000123

    """
    from typing import Sequence, Union

    from alembic import op
    import sqlalchemy as sa


    # revision identifiers, used by Alembic.
    revision: str = 'f00d'
    down_revision: Union[str, Sequence[str], None] = 'aa11'
    branch_labels: Union[str, Sequence[str], None] = ('a', 'b')
    depends_on: Union[str, Sequence[str], None] = ['bb22', 'cc33']


    def upgrade() -> None:
        """Upgrade schema."""
        pass


    def downgrade() -> None:
        """Downgrade schema."""
        pass
    "#);
}

#[test]
fn a_merge_for_several_databases_is_written_as_alembic_writes_it() {
    let revision = NewRevision {
        id: "f00d".to_owned(),
        down_revisions: ids(&["aa11", "bb22"]),
        ..NewRevision::default()
    };
    assert_snapshot!(written(&template("multidb"), &revision).unwrap(), @r#"
    """empty message

    Revision ID: f00d
    Revises: aa11, bb22
    Create Date: 2024-03-01 09:30:00.000123

    """
    from typing import Sequence, Union

    from alembic import op
    import sqlalchemy as sa


    # revision identifiers, used by Alembic.
    revision: str = 'f00d'
    down_revision: Union[str, Sequence[str], None] = ('aa11', 'bb22')
    branch_labels: Union[str, Sequence[str], None] = None
    depends_on: Union[str, Sequence[str], None] = None


    def upgrade(engine_name: str) -> None:
        """Upgrade schema."""
        globals()["upgrade_%s" % engine_name]()


    def downgrade(engine_name: str) -> None:
        """Downgrade schema."""
        globals()["downgrade_%s" % engine_name]()





    def upgrade_shop() -> None:
        """Upgrade shop schema."""
        pass


    def downgrade_shop() -> None:
        """Downgrade shop schema."""
        pass


    def upgrade_stock() -> None:
        """Upgrade stock schema."""
        pass


    def downgrade_stock() -> None:
        """Downgrade stock schema."""
        pass
    "#);
}

/// A template that is a valid revision around some lines.
fn around(lines: &str) -> String {
    format!("revision = ${{repr(up_revision)}}\ndown_revision = ${{repr(down_revision)}}\n{lines}")
}

fn rest(lines: &str, revision: &NewRevision) -> String {
    match written(&around(lines), revision) {
        Ok(text) => text.split_once("down_revision = ").unwrap().1.split_once('\n').unwrap().1.to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn templates_of_projects_may_do_more() {
    let first =
        NewRevision { id: "f00d".to_owned(), message: Some("Orders".to_owned()), ..NewRevision::default() };
    let second = NewRevision { down_revisions: ids(&["aa11"]), ..first.clone() };
    let cases = [
        (
            "% if not down_revision:\n# the first\n% else:\n# not the first\n% endif\n",
            "# the first\n",
            "# not the first\n",
        ),
        (
            "# ${create_date.year} ${create_date.isoformat()}\n",
            "# 2024 2024-03-01T09:30:00.000123\n",
            "# 2024 2024-03-01T09:30:00.000123\n",
        ),
        ("# ${message.lower()} ${'x' * 0 if missing else 'y'}\n", "# orders y\n", "# orders y\n"),
        ("<%\n    name = message.upper()\n%># ${name}\n", "# ORDERS\n", "# ORDERS\n"),
        ("# ${down_revision | comma}\n", "# None\n", "# aa11\n"),
        ("# a \\\nb\n", "# a b\n", "# a b\n"),
        ("% for x in ('a', 'b'):\n# ${x}\n% endfor\n", "# a\n# b\n", "# a\n# b\n"),
    ];
    for (lines, for_first, for_second) in cases {
        assert_eq!(rest(lines, &first), for_first, "{lines}");
        assert_eq!(rest(lines, &second), for_second, "{lines}");
    }
}

#[test]
fn what_a_template_does_that_cannot_be_told_is_refused_with_its_line() {
    let revision = NewRevision { id: "f00d".to_owned(), ..NewRevision::default() };
    let cases = [
        "# ${missing}\n",
        "<%def name=\"x()\">\n</%def>\n",
        "\n# ${open('x').read()}\n",
        "% for x in missing:\n% endfor\n",
        "% if message\n",
        "% endif\n",
        "# ${message | h}\n",
        "<% from shop import name %># ${name}\n",
        "# ${message.}\n",
        "upgrade = (\n",
    ];
    let errors: Vec<String> = cases.into_iter().map(|lines| rest(lines, &revision)).collect();
    assert_snapshot!(errors.join("\n"), @r#"
    alembic/script.py.mako:3: NameError: Undefined; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:3: the tag <%def> is not followed; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:4: the result of `open(…)` is not known; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:3: what the loop goes through cannot be told; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:3: the control line is never ended; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:3: the control line has nothing to end or continue: `if`; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:3: the filter `h` is not followed; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:3: the value cannot be told; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    alembic/script.py.mako:3: SyntaxError: Expected an identifier; write the line as Alembic's own templates do, or use the project's own interpreter with `env = "run"` under [alembic] in dunlin.toml
    versions/f00d_.py:4: SyntaxError: unexpected EOF while parsing
    "#);
}

#[test]
fn a_template_without_branch_labels_cannot_take_any() {
    let revision =
        NewRevision { id: "f00d".to_owned(), branch_labels: ids(&["shop"]), ..NewRevision::default() };
    assert_snapshot!(written(&around(""), &revision).unwrap_err(), @"Version f00d specified branch_labels shop, however the migration file versions/f00d_.py does not have them; have you upgraded your script.py.mako to include the 'branch_labels' section?");
}

#[test]
fn a_file_that_does_not_read_back_is_not_written() {
    let (_folder, config) = project("output_encoding = latin-1\n");
    let revision =
        NewRevision { id: "f00d".to_owned(), message: Some("é".to_owned()), ..NewRevision::default() };
    let date = date(&config).unwrap();
    let file = revision_file(&config, Path::new("v"), &revision, &date, &template("generic"), Path::new("m"));
    assert!(matches!(file, Err(WriteError::Revision(_))), "{file:?}");
}

#[test]
fn ids_are_twelve_digits() {
    assert_eq!(new_id([0x00, 0x0a, 0xff, 0x10, 0x02, 0x9c]), "000aff10029c");
}

#[test]
fn a_new_file_goes_beside_what_comes_before_it() {
    let (folder, config) = project("version_locations = rooms:pupils\npath_separator = :\n");
    let directory = folder.path();
    let place = |path: Option<&str>, parent: Option<PathBuf>| {
        version_folder(&config, directory, path, parent.as_deref()).map_err(|error| error.to_string())
    };
    assert_eq!(place(None, Some(directory.join("pupils/a.py"))), Ok(directory.join("pupils")));
    assert_eq!(place(Some("./rooms"), None), Ok(directory.join("rooms")));
    assert_eq!(
        place(None, None),
        Err("Multiple version locations present, please specify --version-path".to_owned())
    );
    assert_eq!(
        place(Some("halls"), None),
        Err("Path halls is not represented in current version locations".to_owned())
    );
}

fn steps(folder: &TempDir, change: impl FnOnce(&mut InitRequest)) -> Result<Vec<InitStep>, InitError> {
    let mut request = InitRequest {
        directory: folder.path().to_owned(),
        folder: "db/alembic".to_owned(),
        template: "generic".to_owned(),
        package: false,
        names: FileNames { ini: "alembic.ini".to_owned(), toml: "pyproject.toml".to_owned() },
    };
    change(&mut request);
    init(&request)
}

fn shown(folder: &TempDir, steps: &[InitStep]) -> String {
    let shown = steps.iter().map(|step| match step {
        InitStep::Folder(path) => format!("folder {}", path.display()),
        InitStep::Generate { path, .. } => format!("generate {}", path.display()),
        InitStep::Append { path, .. } => format!("append {}", path.display()),
        InitStep::Add(path) => format!("add {}", path.display()),
        InitStep::Say(text) => text.clone(),
    });
    shown.collect::<Vec<String>>().join("\n").replace(&*folder.path().to_string_lossy(), "/shop")
}

fn text_of(steps: &[InitStep], name: &str) -> String {
    let text = steps.iter().find_map(|step| match step {
        InitStep::Generate { path, text } | InitStep::Append { path, text } if path.ends_with(name) => {
            Some(text.clone())
        }
        _ => None,
    });
    text.unwrap()
}

#[test]
fn a_new_project_has_the_files_of_its_template() {
    let folder = tempfile::tempdir().unwrap();
    let generic = steps(&folder, |request| request.package = true).unwrap();
    assert_snapshot!(shown(&folder, &generic), @r"
    folder /shop/db/alembic
    folder /shop/db/alembic/versions
    generate /shop/db/alembic/README
    generate /shop/db/alembic/env.py
    generate /shop/db/alembic/script.py.mako
    generate /shop/alembic.ini
    add /shop/db/alembic/__init__.py
    add /shop/db/alembic/versions/__init__.py
    Please edit configuration/connection/logging settings in /shop/alembic.ini before proceeding.
    ");
    let ini = text_of(&generic, "alembic.ini");
    assert!(ini.contains("\nscript_location = %(here)s/db/alembic\n"), "{ini}");
    assert!(ini.contains("The default value is %%(rev)s_%%(slug)s\n"), "{ini}");
    let toml = steps(&folder, |request| request.template = "pyproject_async".to_owned()).unwrap();
    assert_snapshot!(shown(&folder, &toml), @r"
    folder /shop/db/alembic
    folder /shop/db/alembic/versions
    generate /shop/db/alembic/README
    generate /shop/db/alembic/env.py
    generate /shop/db/alembic/script.py.mako
    generate /shop/alembic.ini
    generate /shop/pyproject.toml
    Please edit configuration settings in /shop/pyproject.toml and configuration/connection/logging settings in /shop/alembic.ini before proceeding.
    ");
    assert!(text_of(&toml, "pyproject.toml").contains("script_location = \"%(here)s/db/alembic\""));
}

#[test]
fn files_that_exist_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("alembic.ini"), "").unwrap();
    fs::write(folder.path().join("pyproject.toml"), "[project]\nname = \"shop\"\n").unwrap();
    let pyproject = |request: &mut InitRequest| request.template = "pyproject".to_owned();
    let appended = steps(&folder, pyproject).unwrap();
    assert_snapshot!(shown(&folder, &appended), @r"
    folder /shop/db/alembic
    folder /shop/db/alembic/versions
    generate /shop/db/alembic/README
    generate /shop/db/alembic/env.py
    generate /shop/db/alembic/script.py.mako
    File /shop/alembic.ini already exists, skipping
    append /shop/pyproject.toml
    Please edit configuration settings in /shop/pyproject.toml and configuration/connection/logging settings in /shop/alembic.ini before proceeding.
    ");
    assert!(text_of(&appended, "pyproject.toml").starts_with("\n\n"));
    fs::write(folder.path().join("pyproject.toml"), "[tool.alembic]\n").unwrap();
    assert_snapshot!(shown(&folder, &steps(&folder, pyproject).unwrap()), @r"
    folder /shop/db/alembic
    folder /shop/db/alembic/versions
    generate /shop/db/alembic/README
    generate /shop/db/alembic/env.py
    generate /shop/db/alembic/script.py.mako
    File /shop/alembic.ini already exists, skipping
    File /shop/pyproject.toml already exists and already has a [tool.alembic] section, skipping
    Please edit configuration settings in /shop/pyproject.toml and configuration/connection/logging settings in /shop/alembic.ini before proceeding.
    ");
}

#[test]
fn the_folder_is_named_from_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("alembic", "alembic.ini", "%(here)s/alembic"),
        ("db/m", "conf/x.ini", "%(here)s/../db/m"),
        ("db/m", "db/x.ini", "%(here)s/m"),
    ];
    for (name, ini, expected) in cases {
        let steps = steps(&folder, |request| {
            request.folder = name.to_owned();
            request.names.ini = ini.to_owned();
        });
        let text = text_of(&steps.unwrap(), ini.rsplit('/').next().unwrap());
        assert!(text.contains(&format!("\nscript_location = {expected}\n")), "{name} {ini}: {text}");
    }
}

#[test]
fn what_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = steps(&folder, |request| request.template = "pylons".to_owned()).unwrap_err();
    assert_snapshot!(missing, @"No such template pylons; there are async, generic, multidb, pyproject and pyproject_async");
    fs::create_dir_all(folder.path().join("db/alembic/x")).unwrap();
    assert_snapshot!(steps(&folder, |_| {}).unwrap_err(), @"Directory db/alembic already exists and is not empty");
}

#[test]
fn templates_are_listed_with_what_they_are_for() {
    let listed: Vec<String> =
        TEMPLATES.iter().map(|template| format!("{} - {}", template.name, template.synopsis())).collect();
    assert_snapshot!(listed.join("\n"), @r"
    async - Generic single-database configuration with an async dbapi.
    generic - Generic single-database configuration.
    multidb - Rudimentary multi-database configuration.
    pyproject - pyproject configuration, based on the generic configuration.
    pyproject_async - pyproject configuration, with an async dbapi.
    ");
}
