use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;
use crate::alembic::config::{Invocation, PackageSearch};

/// A project; a file without text is a revision of its name.
fn project(ini: &str, files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("alembic.ini"), format!("[alembic]\nscript_location = alembic\n{ini}"))
        .unwrap();
    fs::create_dir_all(folder.path().join("alembic/versions")).unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        fs::write(path, format!("revision = '{id}'\ndown_revision = None\n")).unwrap();
    }
    folder
}

fn load_project(folder: &TempDir) -> Result<Files, FilesError> {
    let directory = folder.path().canonicalize().unwrap();
    let invocation = Invocation { directory: directory.clone(), ..Invocation::default() };
    let config = Config::load(&invocation, &|_| None, &PackageSearch::default()).unwrap();
    load(&config, &directory)
}

fn ids(folder: &TempDir) -> Vec<String> {
    load_project(folder).unwrap().revisions.into_iter().map(|file| file.revision.id).collect()
}

#[test]
fn revision_files_are_taken_in_order_of_their_names() {
    let files = [
        "b.py",
        "a.py",
        "B.py",
        "é.py",
        "__init__.py",
        "__init__x.py",
        ".#a.py",
        "notes.txt",
        "c.pyc",
        "d.pyi",
        "old/e.py",
        "__pycache__/f.py",
    ];
    let paths = files.map(|name| format!("alembic/versions/{name}"));
    let folder = project("", &paths.each_ref().map(String::as_str));
    assert_eq!(ids(&folder), ["B", "a", "b", "é"]);
}

#[test]
fn sub_folders_count_when_asked_for() {
    let files = ["z.py", "old/e.py", "old/2023/d.py", "new/c.py", "__pycache__/f.py", "2024/b.py"];
    let paths = files.map(|name| format!("alembic/versions/{name}"));
    let folder = project("recursive_version_locations = true\n", &paths.each_ref().map(String::as_str));
    assert_eq!(ids(&folder), ["z", "b", "c", "e", "d"]);
}

#[test]
fn several_locations_are_read_one_after_the_other() {
    let ini = "version_locations = rooms:%(here)s/pupils:missing\npath_separator = os\n";
    let folder = project(ini, &["rooms/b.py", "pupils/a.py", "alembic/versions/c.py"]);
    let files = load_project(&folder).unwrap();
    let found: Vec<(&str, usize)> =
        files.revisions.iter().map(|file| (file.revision.id.as_str(), file.revision.location)).collect();
    assert_eq!(found, [("b", 0), ("a", 1)]);
}

#[test]
fn a_file_in_two_locations_is_read_once_with_a_warning() {
    let folder =
        project("version_locations = rooms rooms/../rooms\npath_separator = space\n", &["rooms/b.py"]);
    let files = load_project(&folder).unwrap();
    let warnings = files
        .warnings
        .join("\n")
        .replace(&*folder.path().canonicalize().unwrap().to_string_lossy(), "school");
    assert_eq!(files.revisions.len(), 1);
    assert_snapshot!(warnings, @"File school/rooms/b.py loaded twice! ignoring. Please ensure version_locations is unique.");
}

#[cfg(unix)]
#[test]
fn a_link_counts_as_what_it_points_to() {
    let folder = project("", &["shared/a.py", "shared/notes.txt"]);
    let versions = folder.path().join("alembic/versions");
    std::os::unix::fs::symlink("../../shared/a.py", versions.join("z.py")).unwrap();
    std::os::unix::fs::symlink("../../shared/notes.txt", versions.join("b.py")).unwrap();
    let files = load_project(&folder).unwrap();
    let paths: Vec<&Path> = files.revisions.iter().map(|file| file.revision.path.as_path()).collect();
    assert_eq!(paths, [folder.path().canonicalize().unwrap().join("shared/a.py")]);
}

#[test]
fn compiled_files_are_refused_unless_a_source_is_there() {
    let folder = project(
        "sourceless = true\n",
        &[
            "alembic/versions/a.py",
            "alembic/versions/a.pyc",
            "alembic/versions/__pycache__/a.cpython-313.pyc",
        ],
    );
    assert_eq!(ids(&folder), ["a"]);
    let folder = project("sourceless = true\n", &["alembic/versions/__pycache__/b.cpython-313.py"]);
    let cache = folder.path().join("alembic/versions/__pycache__");
    fs::rename(cache.join("b.cpython-313.py"), cache.join("b.cpython-313.pyc")).unwrap();
    let error = load_project(&folder).unwrap_err();
    assert!(matches!(error, FilesError::Revision(RevisionFileError::Compiled { .. })), "{error}");
}

#[test]
fn a_missing_script_location_is_told_in_alembics_words() {
    let folder = project("", &[]);
    fs::remove_dir_all(folder.path().join("alembic")).unwrap();
    assert_snapshot!(load_project(&folder).unwrap_err(), @"Path doesn't exist: alembic.  Please use the 'init' command to create a new scripts folder.");
}

#[test]
fn many_files_are_read_in_order() {
    let paths: Vec<String> = (0..200).map(|index| format!("alembic/versions/r{index:03}.py")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let folder = project("", &paths);
    let expected: Vec<String> = (0..200).map(|index| format!("r{index:03}")).collect();
    assert_eq!(ids(&folder), expected);
    fs::write(folder.path().join("alembic/versions/r100.py"), "x = 1\n").unwrap();
    fs::write(folder.path().join("alembic/versions/r050.py"), "y = 1\n").unwrap();
    assert!(load_project(&folder).unwrap_err().to_string().contains("r050.py"));
}
