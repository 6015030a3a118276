//! `revision` and `merge`: files that are written, and their names.

use crate::clinic::{LOGGING, TEMPLATE, ini, project};
use crate::listings::{clinic_on, files_on};
use crate::support::ServerKind;

#[test]
fn revisions_are_written_as_alembic_writes_them() {
    let Some(mut pair) = clinic_on(ServerKind::Sqlite) else { return };
    pair.all_same(&[
        "revision",
        "revision -m nothing",
        "revision --head nothing",
        "revision --head a101 --rev-id e0",
        "revision --rev-id a+b-c",
        "revision --sql",
        "revision --autogenerate --sql",
        "revision --head c301 --rev-id e1 --depends-on nothing",
        "revision --head c301 --rev-id e1 --depends-on abcd --depends-on staff",
        "revision --head e1 --rev-id e2 --branch-label nurses",
        "revision --head base --rev-id e3 --branch-label drugs",
        "revision --head a101 --rev-id e4 --splice",
        "revision --head c301+1 --rev-id e5",
        "revision --head billing@heads --rev-id e6",
        "heads -v",
        "merge abcd abce --rev-id f1",
        "merge abcd abce --rev-id f2",
        "merge f1 f1",
        "merge heads --rev-id f3 --branch-label all",
        "merge heads --rev-id f4",
        "merge a101 b201 --rev-id f5",
        "merge a101 b201 --rev-id f6 --splice",
        "merge nothing",
        "-q revision --head f4 --rev-id g1",
        "history",
    ]);
    pair.same(
        &["revision", "-m", "It's \"new\" — for Zoë: (2) [x] …", "--rev-id", "h1", "--head", "g1"],
        &[],
    );
    pair.same(&["revision", "-m", &"long words ".repeat(9), "--rev-id", "h2", "--head", "h1"], &[]);
    pair.same(&["revision", "-m", "", "--rev-id", "h3", "--head", "h2"], &[]);
    pair.same(&["revision", "-m", "two\nlines", "--head", "h3"], &[]);
    pair.done();
}

#[test]
fn files_are_named_as_the_configuration_says() {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &project(&[])) else { return };
    let with = |more: &str| ini().replace("[alembic]\n", &format!("[alembic]\n{more}"));
    for (number, more) in [
        "file_template = %%(slug)s-%%(rev)s\n",
        "truncate_slug_length = 8\n",
        "truncate_slug_length = 0\n",
        "truncate_slug_length = -3\n",
        "file_template = sub/%%(rev)s\nrecursive_version_locations = true\n",
        "timezone = Europe/Riga\n",
        "timezone = utc\n",
        "timezone = Nowhere/Land\n",
        "file_template = %%(nothing)s\n",
        "output_encoding = ascii\n",
    ]
    .into_iter()
    .enumerate()
    {
        pair.write("alembic.ini", &with(more));
        pair.same(&["revision", "-m", "Add the beds of all wards", "--rev-id", &format!("k{number}")], &[]);
    }
    pair.done();
}

#[test]
fn templates_of_ones_own_are_followed() {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &project(&[])) else { return };
    let own =
        TEMPLATE.replace("from typing", "## not for the file\n# clinic: ${message}\n%% percent\nfrom typing");
    pair.write("db/script.py.mako", &own).all_same(&["revision -m beds --rev-id k1"]);
    let without_labels = TEMPLATE.replace("${repr(branch_labels)}", "None");
    pair.write("db/script.py.mako", &without_labels)
        .all_same(&["revision -m rooms --rev-id k2 --branch-label rooms"]);
    pair.done();
}

#[test]
fn programs_are_run_on_new_files() {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &project(&[])) else { return };
    let hook = |text: &str| {
        format!(
            "[alembic]\nscript_location = db\nsqlalchemy.url = @url@\n[post_write_hooks]\nhooks = mark\n{text}{LOGGING}"
        )
    };
    for (number, text) in [
        "mark.type = exec\nmark.executable = touch\nmark.options = REVISION_SCRIPT_FILENAME.seen\n",
        "mark.type = exec\nmark.executable = sed\nmark.options = -i -e 's/pass/return/' REVISION_SCRIPT_FILENAME\n",
        "mark.type = exec\n",
        "mark.executable = touch\n",
        "mark.type = nothing\n",
        "mark.type = exec\nmark.executable = false\n",
    ]
    .into_iter()
    .enumerate()
    {
        pair.write("alembic.ini", &hook(text));
        pair.same(&["revision", "-m", "beds", "--rev-id", &format!("k{number}")], &[]);
    }
    pair.done();
}
