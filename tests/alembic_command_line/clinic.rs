//! A clinic whose revisions branch, merge, depend on each other and have labels.

/// The usual logging sections.
pub const LOGGING: &str = "
[loggers]
keys = root,sqlalchemy,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console
qualname =

[logger_sqlalchemy]
level = WARNING
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
datefmt = %H:%M:%S
";

/// The usual `env.py`.
pub const ENV: &str = include_str!("../../compat/src/alembic/templates/generic/env.py");

/// The usual template of revision files.
pub const TEMPLATE: &str = include_str!("../../compat/src/alembic/templates/generic/script.py.mako");

/// A configuration with the usual logging.
pub fn ini() -> String {
    format!("[alembic]\nscript_location = %(here)s/db\nsqlalchemy.url = @url@\n{LOGGING}")
}

/// The text of a revision; `header` has its other variables.
pub fn revision(id: &str, down: &str, header: &str, doc: &str) -> String {
    format!(
        "\"\"\"{doc}\n\nRevision ID: {id}\nRevises: {down}\nCreate Date: 2026-01-02 03:04:05.678901\n\n\"\"\"\n\
         from alembic import op\nimport sqlalchemy as sa\n\nrevision = {id:?}\ndown_revision = {down}\n{header}\n\n\
         def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
    )
}

/// The files of a project with these revisions.
pub fn project(revisions: &[(&str, &str, &str, &str)]) -> Vec<(String, String)> {
    let mut files = vec![
        ("alembic.ini".to_owned(), ini()),
        ("db/env.py".to_owned(), ENV.to_owned()),
        ("db/script.py.mako".to_owned(), TEMPLATE.to_owned()),
    ];
    for (id, down, header, doc) in revisions {
        files.push((format!("db/versions/{id}.py"), revision(id, down, header, doc)));
    }
    files
}

/// The files of the clinic.
pub fn clinic() -> Vec<(String, String)> {
    project(&[
        ("a101", "None", "", "patients"),
        (
            "a102",
            "\"a101\"",
            "branch_labels = (\"wards\", \"rooms\")",
            "wards and rooms\n\nA ward has rooms.",
        ),
        ("a103", "\"a102\"", "", "beds"),
        ("b201", "\"a101\"", "branch_labels = \"staff\"", "doctors"),
        ("b202", "\"b201\"", "depends_on = \"a102\"", "doctors have wards"),
        ("c301", "(\"a103\", \"b202\")", "", "rounds\nof two lines"),
        ("d401", "None", "branch_labels = [\"billing\"]\ndepends_on = [\"a101\"]", "bills"),
        ("d402", "\"d401\"", "depends_on = (\"a103\", \"staff\")", ""),
        ("abcd5001", "\"d402\"", "", "payments"),
        ("abce5002", "\"d402\"", "", "reminders"),
    ])
}
