//! Expected values are those of Alembic's own `Script` for the same files.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn read_file(name: &str, source: &str) -> Result<RevisionFile, RevisionFileError> {
    read(Path::new(name), source.as_bytes(), 0, &Modules::default())
}

fn revision(source: &str) -> Revision {
    read_file("school.py", source).unwrap().revision
}

fn error(source: &str) -> String {
    read_file("school.py", source).unwrap_err().to_string()
}

/// `down_revision` as one expression sets it.
fn down(expression: &str) -> Vec<String> {
    revision(&format!("revision = 'b2'\ndown_revision = {expression}\n")).down_revisions
}

const GENERATED: &str = "\"\"\"Add the timetable

Revision ID: 3f2a9c41d7be
Revises: 1a, 2b
Create Date: 2024-03-01 09:30:00.000000

\"\"\"
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '3f2a9c41d7be'
down_revision: Union[str, Sequence[str], None] = ('1a', '2b')
branch_labels: Union[str, Sequence[str], None] = ('timetable',)
depends_on: Union[str, Sequence[str], None] = '77'


def upgrade() -> None:
    \"\"\"Upgrade schema.\"\"\"
    op.create_table('lesson', sa.Column('id', sa.Integer(), primary_key=True))


def downgrade() -> None:
    \"\"\"Downgrade schema.\"\"\"
    pass
";

#[test]
fn a_generated_file_is_read() {
    let file = read(Path::new("/school/a.py"), GENERATED.as_bytes(), 3, &Modules::default()).unwrap();
    let expected = Revision {
        id: "3f2a9c41d7be".into(),
        down_revisions: vec!["1a".into(), "2b".into()],
        depends_on: vec!["77".into()],
        branch_labels: vec!["timetable".into()],
        docstring: "Add the timetable\n\nRevision ID: 3f2a9c41d7be\nRevises: 1a, 2b\nCreate Date: 2024-03-01 09:30:00.000000".into(),
        path: "/school/a.py".into(),
        source: GENERATED.into(),
        location: 3,
    };
    assert_eq!(file.revision, expected);
    assert_eq!(file.line, 15);
    let Entry::Function(upgrade) = file.entry("upgrade") else { panic!("no upgrade") };
    assert_eq!(
        (upgrade.line, upgrade.is_empty, upgrade.required, upgrade.is_conditional),
        (21, false, 0, false)
    );
    let Entry::Function(downgrade) = file.entry("downgrade") else { panic!("no downgrade") };
    assert!(downgrade.is_empty);
    assert_eq!(file.entry("upgrade_engine1"), Entry::Missing);
}

#[test]
fn a_variable_may_be_written_in_many_ways() {
    let cases: [(&str, &[&str]); 24] = [
        ("None", &[]),
        ("'a1'", &["a1"]),
        ("(\"a1\")", &["a1"]),
        ("'a' '1'", &["a1"]),
        ("('a'\n  '1')", &["a1"]),
        ("'a' + '1'", &["a1"]),
        ("u'a1'", &["a1"]),
        ("r'a1'", &["a1"]),
        ("f'a1'", &["a1"]),
        ("f'{revision}-1'", &["b2-1"]),
        ("f'{revision!s}' f\"{1}\"", &["b21"]),
        ("'%s-%d' % (revision, 1)", &["b2-1"]),
        ("'{}-{x}'.format(revision, x=1)", &["b2-1"]),
        ("('a1', 'c3')", &["a1", "c3"]),
        ("'a1', 'c3'", &["a1", "c3"]),
        ("['a1', 'c3']", &["a1", "c3"]),
        ("{'a1'}", &["a1"]),
        ("('a1',) + ('c3',)", &["a1", "c3"]),
        ("tuple(['a1', revision[:1]])", &["a1", "b"]),
        ("(None,)", &[]),
        ("()", &[]),
        ("''", &[""]),
        ("None if True else 'a1'", &[]),
        ("[x.strip() for x in ' a1 , c3'.split(',')]", &["a1", "c3"]),
    ];
    for (expression, expected) in cases {
        assert_eq!(down(expression), expected, "{expression}");
    }
}

#[test]
fn the_last_binding_counts() {
    let cases = [
        "previous = 'a1'\nrevision = 'b2'\ndown_revision = previous\n",
        "revision, down_revision = 'b2', 'a1'\n",
        "revision = 'x'\ndown_revision = None\nrevision = 'b2'\ndown_revision = 'a1'\n",
        "revision = 'b'\nrevision += '2'\ndown_revision = 'a1'\n",
        "import sys\nif sys.version_info > (3,):\n    text = str\nelse:\n    text = unicode\nrevision = 'b2'\ndown_revision = 'a1'\n",
        "try:\n    import json\nexcept ImportError:\n    json = None\nrevision = 'b2'\ndown_revision = 'a1'\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    revision = 'x'\nrevision = 'b2'\ndown_revision = ('a1')\n",
        "from sqlalchemy import *\nfrom alembic.op import *\nrevision = 'b2'\ndown_revision = 'a1'\n",
        "revision = 'b2'\ndown_revision = []\ndown_revision.append('a1')\n",
        "down_revision = []\nfor parent in ('a1',):\n    down_revision.append(parent)\nrevision = 'b2'\n",
        "if (revision := 'b2'):\n    down_revision = 'a1'\n",
        "revision = 'b2'\ndown_revision = 'a1'\ndef upgrade():\n    revision = compute()\n",
        "class Ids:\n    here = 'b2'\n\nrevision = Ids.here\ndown_revision = 'a1'\n",
        "ids = {'down': 'a1'}\nrevision = 'b2'\ndown_revision = ids['down']\n",
        "\u{c}revision = 'b2'; down_revision = 'a1'\n",
    ];
    for source in cases {
        let revision = revision(source);
        assert_eq!(
            (revision.id.as_str(), revision.down_revisions),
            ("b2", vec!["a1".to_owned()]),
            "{source}"
        );
    }
}

#[test]
fn what_cannot_be_told_is_refused_with_its_reason() {
    let cases = [
        "from school import make_id\nrevision = make_id()\ndown_revision = None\n",
        "import os\nrevision = os.environ['ID']\ndown_revision = None\n",
        "import os\n\nrevision = os.path.basename(__file__)[:12]\ndown_revision = None\n",
        "from school.ids import revision\ndown_revision = None\n",
        "revision = 'a1'\ndown_revision = None\nfrom school.ids import *\n",
        "from school.ids import *\nrevision = 'a1'\ndown_revision = None\n",
        "revision = 'a1'\nif open('debug'):\n    down_revision = 'b2'\nelse:\n    down_revision = 'c3'\n",
        "import sys\nrevision = 'a1'\nif sys.platform == 'win32':\n    down_revision = 'b2'\nelse:\n    down_revision = 'c3'\n",
        "revision = 'a1'\ndown_revision = []\nimport school\nschool.fill(down_revision)\n",
        "revision = 'a1'\ndown_revision = None\nglobals()['revision'] = 'b2'\n",
        "def make():\n    return open('id').read()\nrevision = make()\ndown_revision = None\n",
        "revision = f'{1:03}'\ndown_revision = None\n",
    ];
    let errors: Vec<String> = cases.into_iter().map(error).collect();
    assert_snapshot!(errors.join("\n"), @r#"
    school.py:2: `revision` cannot be told without running the file: the result of `school.make_id(…)` is not known. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:2: `revision` cannot be told without running the file: an item of `os.environ` is not known. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:3: `revision` cannot be told without running the file: the result of `os.path.basename(…)` is not known. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:1: `revision` cannot be told without running the file: it is imported from `school.ids.revision`. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:3: `revision` cannot be told without running the file: `from school.ids import *` may set it. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:1: `branch_labels` cannot be told without running the file: `from school.ids import *` may set it. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:2: `down_revision` cannot be told without running the file: it depends on a condition that is not known. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:3: `down_revision` cannot be told without running the file: it depends on a condition that is not known. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:2: `down_revision` cannot be told without running the file: it is handed to a call that is not followed (line 4). Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:3: `revision` cannot be told without running the file: `globals` may have changed it. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:3: `revision` cannot be told without running the file: the result of `open(…)` is not known (line 2). Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    school.py:1: `revision` cannot be told without running the file: a part of the f-string is not known. Write it as a string, or run the project by its own interpreter with `env = "run"` under [alembic] in dunlin.toml
    "#);
}

#[test]
fn what_the_project_itself_says_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("school/__init__.py", "");
    write("school/ids.py", "from .common import PREFIX\nROOMS = PREFIX + 'rooms'\nrevision = 'a1'\n");
    write("school/common.py", "PREFIX = 'school-'\n");
    write("venv/lib/site-packages/library.py", "def f(): pass\n");
    let search_path = vec![folder.path().to_owned(), folder.path().join("venv/lib/site-packages")];
    let modules = Modules::new(folder.path(), search_path);
    let labels = |source: &str| {
        let source = format!("{source}\nrevision = 'a1'\ndown_revision = None\n");
        read(Path::new("school.py"), source.as_bytes(), 0, &modules).map(|file| file.revision.branch_labels)
    };
    let rooms = vec!["school-rooms".to_owned()];
    assert_eq!(labels("from school.ids import ROOMS\nbranch_labels = (ROOMS,)"), Ok(rooms.clone()));
    assert_eq!(labels("from school import ids\nbranch_labels = ids.ROOMS"), Ok(rooms.clone()));
    assert_eq!(labels("import school.ids\nbranch_labels = [school.ids.ROOMS]"), Ok(rooms.clone()));
    assert_eq!(labels("from school.ids import ROOMS as branch_labels"), Ok(rooms.clone()));
    assert_eq!(labels("from school.ids import *\nbranch_labels = ROOMS"), Ok(rooms.clone()));
    assert_eq!(labels("def f(x):\n    return (x, )\nbranch_labels = f('school-rooms')"), Ok(rooms));
    assert_eq!(labels("from library import *"), Ok(Vec::new()));
    assert!(labels("from elsewhere import *").is_err());
    assert!(labels("from school.ids import MISSING\nbranch_labels = MISSING").is_err());
}

#[test]
fn what_alembic_fails_with_is_refused() {
    let cases = [
        "revision = 'a1'\n",
        "x = 1\n",
        "\nrevision = 1\ndown_revision = None\n",
        "revision = 'a1'\n\ndown_revision = 7\n",
        "revision = 'a1'\ndown_revision = None\nbranch_labels = ('a', 1)\n",
        "revision = 'a1'\ndown_revision = None\nraise ValueError('not any more')\n",
        "revision = 'a1'\ndown_revision = missing\n",
        "revision = 'a1'\nprint 'x'\n",
    ];
    let errors: Vec<String> = cases.into_iter().map(error).collect();
    assert_snapshot!(errors.join("\n"), @r"
    school.py:1: the file sets `revision` but no `down_revision`; write `down_revision = None` if nothing comes before it
    Could not determine revision id from filename school.py. Be sure the 'revision' variable is declared inside the script (please see 'Upgrading from Alembic 0.1 to 0.2' in the documentation).
    school.py:2: `revision` is an int; it must be a string
    school.py:3: `down_revision` is an int; it must be None, a string, or a tuple or list of strings
    school.py:3: `branch_labels` is a tuple with an int; it must be None, a string, or a tuple or list of strings
    school.py:3: the file raises ValueError when it is loaded: not any more
    school.py:2: the file raises NameError when it is loaded: name 'missing' is not defined
    school.py:2: SyntaxError: Simple statements must be separated by newlines or semicolons
    ");
}

#[test]
fn the_name_of_an_old_file_is_its_id() {
    let file = read_file("/school/versions/1c0ffee2.py", "down_revision = None\n").unwrap();
    assert_eq!((file.revision.id.as_str(), file.line), ("1c0ffee2", 1));
    assert!(read_file("1C0FFEE.py", "down_revision = None\n").is_err());
}

#[test]
fn a_docstring_may_be_missing_or_set() {
    let rest = "revision = 'a1'\ndown_revision = None\n";
    assert_eq!(revision(rest).docstring, "");
    assert_eq!(revision(&format!("'''\n  Rooms\n\n  more \n'''\n{rest}")).docstring, "Rooms\n\nmore");
    assert_eq!(revision(&format!("'x'\n{rest}__doc__ = 'Rooms'\n")).docstring, "Rooms");
}

#[test]
fn functions_are_told_with_what_they_do() {
    let source = "revision = 'a1'\ndown_revision = None\n\
        async def helper(a, b=1, *, c): ...\n\
        def upgrade(engine_name):\n    globals()['upgrade_%s' % engine_name]()\n\
        def downgrade(engine_name):\n    '''Nothing.'''\n    return None\n\
        def upgrade_engine1():\n    op.execute('x')\n\
        if True:\n    def downgrade_engine1():\n        pass\n\
        upgrade_engine2 = upgrade_engine1\n\
        from school.common import downgrade_engine2\n";
    let file = read_file("school.py", source).unwrap();
    let shown: Vec<String> = file
        .functions
        .iter()
        .map(|f| {
            format!(
                "{}:{} empty={} required={} conditional={}",
                f.name, f.line, f.is_empty, f.required, f.is_conditional
            )
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    helper:3 empty=true required=1 conditional=false
    upgrade:4 empty=false required=1 conditional=false
    downgrade:6 empty=true required=1 conditional=false
    upgrade_engine1:9 empty=false required=0 conditional=false
    downgrade_engine1:12 empty=true required=0 conditional=true
    ");
    assert_eq!(file.entry("upgrade_engine2"), Entry::Bound(14));
    assert_eq!(file.entry("downgrade_engine2"), Entry::Bound(15));
}

#[test]
fn imports_are_told_with_where_they_stand() {
    let source = "from typing import TYPE_CHECKING\nimport sqlalchemy as sa, os.path\n\
        from sqlalchemy.dialects import postgresql as pg\nfrom . import common\nfrom ..models import (\n    Pupil,\n    *,\n)\n\
        if TYPE_CHECKING:\n    from school.types import Id\nelse:\n    Id = str\n\
        try:\n    import ujson\nexcept ImportError:\n    import json as ujson\n\
        def upgrade():\n    from school.models import Lesson\n    importlib.import_module('school.rooms')\n\
        revision = 'a1'\ndown_revision = None\n"
        .replace("    *,\n", "");
    let file = read_file("school.py", &source).unwrap();
    let shown: Vec<String> = file
        .imports
        .iter()
        .map(|i| {
            let marks = [
                (i.in_function, "function"),
                (i.type_checking, "type-checking"),
                (i.is_guarded, "guarded"),
                (i.is_dynamic, "dynamic"),
            ];
            let marks: Vec<&str> = marks.iter().filter(|(set, _)| *set).map(|(_, mark)| *mark).collect();
            let shown =
                format!("{}: {} {} {}", i.line, i.module, i.name.as_deref().unwrap_or("-"), marks.join(" "));
            shown.trim_end().to_owned()
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    1: typing TYPE_CHECKING
    2: sqlalchemy -
    2: os.path -
    3: sqlalchemy.dialects postgresql
    4: . common
    6: ..models Pupil
    9: school.types Id type-checking
    13: ujson - guarded
    15: json -
    17: school.models Lesson function
    18: school.rooms - function dynamic
    ");
}

#[test]
fn line_ends_and_encodings_do_not_matter() {
    let crlf = GENERATED.replace('\n', "\r\n");
    let file = read(Path::new("/school/a.py"), crlf.as_bytes(), 0, &Modules::default()).unwrap();
    assert_eq!(file.revision.source, GENERATED);
    let latin = b"# coding: latin-1\n'''Caf\xe9'''\nrevision = 'a1'\ndown_revision = None\n";
    assert_eq!(read(Path::new("a.py"), latin, 0, &Modules::default()).unwrap().revision.docstring, "Café");
}

proptest! {
    #[test]
    fn no_source_is_too_much(lines in prop::collection::vec(line(), 0..12)) {
        let _ = read_file("school.py", &lines.concat());
    }

    #[test]
    fn what_is_written_is_read(id in "[a-f0-9]{4,12}", down in prop::collection::vec("[a-zA-Z0-9_]{1,12}", 0..4), doc in "[ -!#-\\[\\]-~é]{0,40}") {
        let items: String = down.iter().map(|id| format!("'{id}', ")).collect();
        let source = format!("\"\"\"{doc}\"\"\"\nrevision: str = '{id}'\ndown_revision = ({items})\n");
        let revision = revision(&source);
        prop_assert_eq!(revision.id, id);
        prop_assert_eq!(revision.down_revisions, down);
        prop_assert_eq!(revision.docstring, doc.trim());
    }
}

fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "revision",
        "down_revision",
        " = ",
        "'a1'",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "\n",
        "\n    ",
        "if ",
        ":",
        "else:",
        "for x in ",
        "while x",
        "def f(",
        "class C",
        "import ",
        "from . import *",
        "import *",
        "f'{",
        "}'",
        "lambda: ",
        "+",
        "%",
        ".append(",
        "None",
        "True",
        "x",
        "1",
        "try:",
        "except",
        "with x as y:",
        "return ",
        "global revision",
        "**",
        "*",
        "\\",
        "\"\"\"",
        "#",
        "match x:",
        "case _:",
        ":=",
        "await ",
        "é",
        "del revision",
    ]);
    prop_oneof![prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat() + "\n"), "\\PC{0,30}\n"]
}
