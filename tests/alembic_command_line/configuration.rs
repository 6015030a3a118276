//! Configuration files: which are read, and what is wrong with them.

use crate::clinic::{ENV, LOGGING, clinic, ini};
use crate::listings::{clinic_on, files_on};
use crate::support::ServerKind;

#[test]
fn files_and_sections_are_found_as_alembic_finds_them() {
    let mut files = clinic();
    files.push(("other.ini".to_owned(), ini().replace("[alembic]", "[shop]")));
    files.push(("pyproject.toml".to_owned(), "[tool.black]\n".to_owned()));
    files.push((
        "toml/pyproject.toml".to_owned(),
        "[tool.alembic]\nscript_location = \"%(here)s/../db\"\n".to_owned(),
    ));
    let Some(mut pair) = files_on(ServerKind::Sqlite, &files) else { return };
    pair.all_same(&[
        "-c other.ini heads",
        "-c other.ini -n shop heads",
        "-c other.ini -n shop current",
        "-c toml/pyproject.toml heads",
        "-c toml/pyproject.toml -c alembic.ini heads",
        "-c nothing.ini heads",
        "-c nothing.ini -c toml/pyproject.toml heads",
        "-c other.ini -c alembic.ini heads",
        "-c toml/pyproject.toml -c pyproject.toml heads",
    ]);
    pair.same(&["-n", "shop", "heads"], &[("ALEMBIC_CONFIG", "other.ini")]);
    pair.same(&["heads"], &[("ALEMBIC_CONFIG", "nothing.ini")]);
    pair.same(&["heads"], &[("ALEMBIC_CONFIG", "toml/pyproject.toml")]);
    pair.done();
}

#[test]
fn what_is_missing_is_told_as_alembic_tells_it() {
    let Some(mut pair) = clinic_on(ServerKind::Sqlite) else { return };
    pair.write("alembic.ini", "[alembic]\n").all_same(&["heads", "current", "upgrade head"]);
    pair.write("alembic.ini", "[alembic]\nscript_location = nowhere\n").all_same(&["heads", "current"]);
    pair.write("alembic.ini", "[other]\n").all_same(&["heads", "current"]);
    pair.write("alembic.ini", "script_location = db\n").all_same(&["heads"]);
    let without_url = ini().replace("sqlalchemy.url = @url@\n", "");
    pair.write("alembic.ini", &without_url).all_same(&["heads", "current", "stamp a101"]);
    pair.done();
}

#[test]
fn lines_are_logged_as_the_file_says() {
    let Some(mut pair) = clinic_on(ServerKind::Sqlite) else { return };
    let change = |from: &str, to: &str| ini().replace(from, to);
    for text in [
        change("level = INFO", "level = ERROR"),
        change("sys.stderr", "sys.stdout"),
        change("keys = root,sqlalchemy,alembic", "keys = root,sqlalchemy"),
        change("%(levelname)-5.5s [%(name)s] %(message)s", "%(name)s: %(message)s (%(levelno)d)"),
        change("qualname = alembic", "qualname = alembic\npropagate = 0"),
        change("level = NOTSET", "level = ERROR"),
        ini(),
    ] {
        pair.write("alembic.ini", &text).all_same(&[
            "stamp a101",
            "stamp nothing",
            "stamp base",
            "show nothing",
        ]);
    }
    pair.write("db/env.py", &ENV.replace("    fileConfig(config.config_file_name)", "    pass"));
    pair.all_same(&["stamp a101", "stamp nothing"]);
    pair.done();
}

#[test]
fn several_version_locations_are_one_graph() {
    let mut files = clinic();
    for (name, _) in &mut files {
        if let Some(rest) = name.strip_prefix("db/versions/d4") {
            *name = format!("billing/d4{rest}");
        }
    }
    files[0].1 = format!(
        "[alembic]\nscript_location = db\nversion_locations = %(here)s/db/versions:%(here)s/billing\n\
         path_separator = :\nsqlalchemy.url = @url@\n{LOGGING}"
    );
    let Some(mut pair) = files_on(ServerKind::Sqlite, &files) else { return };
    pair.all_same(&[
        "heads",
        "history",
        "show d401",
        "stamp heads",
        "current",
        "revision --rev-id e1 --head base",
        "revision --rev-id e2 --head staff@head --splice",
        "revision --rev-id e3 --head abcd",
        "revision --rev-id e4 --head c301 --version-path billing",
        "revision --rev-id e5 --version-path nowhere --head c301",
        "heads",
    ]);
    pair.done();
}
