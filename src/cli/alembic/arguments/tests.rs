use super::*;

fn parse(line: &str) -> Result<Arguments, Instead> {
    let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    Arguments::parse(&words)
}

fn command(line: &str) -> Command {
    parse(line).unwrap().command
}

fn wrong(line: &str) -> String {
    match parse(line) {
        Err(Instead::Usage(text)) => text.trim_end().rsplit('\n').next().unwrap().to_owned(),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn options_of_all_commands_come_before_the_command() {
    let arguments = parse("-c a.ini -c pyproject.toml -n shop -x a=1 -x b -q upgrade head").unwrap();
    assert_eq!(arguments.config, ["a.ini", "pyproject.toml"]);
    assert_eq!(arguments.name.as_deref(), Some("shop"));
    assert_eq!(arguments.x, ["a=1", "b"]);
    assert!(arguments.quiet);
    let upgrade = Command::Upgrade { revision: "head".to_owned(), sql: false, tag: None };
    assert_eq!(arguments.command, upgrade);
}

#[test]
fn a_number_of_steps_down_is_no_option() {
    let down = |revision: &str| Command::Downgrade { revision: revision.to_owned(), sql: false, tag: None };
    assert_eq!(command("downgrade -1"), down("-1"));
    assert_eq!(command("downgrade shop@-1"), down("shop@-1"));
    assert_eq!(command("downgrade -- -x"), down("-x"));
    assert_eq!(
        wrong("downgrade -x"),
        "alembic downgrade: error: the following arguments are required: revision"
    );
}

#[test]
fn options_may_be_shortened_joined_and_given_values() {
    let history = |range: &str| Command::History {
        range: Some(range.to_owned()),
        verbose: true,
        indicate_current: true,
    };
    for line in
        ["history -vi -r a:b", "history -ivra:b", "history --verb --ind --rev=a:b", "history -r=a:b -v -i"]
    {
        assert_eq!(command(line), history("a:b"), "{line}");
    }
    assert_eq!(parse("--conf=x heads").unwrap().config, ["x"]);
}

#[test]
fn several_revisions_are_taken_together() {
    let stamp = |revisions: &[&str]| Command::Stamp {
        revisions: revisions.iter().map(|revision| (*revision).to_owned()).collect(),
        sql: false,
        tag: None,
        purge: true,
    };
    assert_eq!(command("stamp --purge a b"), stamp(&["a", "b"]));
    assert_eq!(command("stamp a b --purge"), stamp(&["a", "b"]));
    assert_eq!(wrong("stamp a --purge b"), "alembic: error: unrecognized arguments: b");
}

#[test]
fn wrong_arguments_are_told_as_argparse_tells_them() {
    assert_eq!(wrong(""), "alembic: error: too few arguments");
    assert_eq!(wrong("upgrade"), "alembic upgrade: error: the following arguments are required: revision");
    assert_eq!(wrong("upgrade head more"), "alembic: error: unrecognized arguments: more");
    assert_eq!(wrong("heads --nothing -x"), "alembic: error: unrecognized arguments: --nothing -x");
    assert_eq!(wrong("-c"), "alembic: error: argument -c/--config: expected one argument");
    assert_eq!(wrong("history -r"), "alembic history: error: argument -r/--rev-range: expected one argument");
    assert_eq!(
        wrong("revision -m -x"),
        "alembic revision: error: argument -m/--message: expected one argument"
    );
    assert_eq!(
        wrong("revision --s x"),
        "alembic revision: error: ambiguous option: --s could match --sql, --splice"
    );
    assert_eq!(
        wrong("heads -vx"),
        "alembic heads: error: argument -v/--verbose: ignored explicit argument 'x'"
    );
    assert_eq!(
        wrong("heads --verbose=1"),
        "alembic heads: error: argument -v/--verbose: ignored explicit argument '1'"
    );
    assert!(wrong("nonsense").contains("invalid choice: 'nonsense' (choose from 'branches', 'check', "));
    assert_eq!(wrong("--nothing"), "alembic: error: unrecognized arguments: --nothing");
}

#[test]
fn help_and_version_are_shown_instead() {
    assert_eq!(parse("--version"), Err(Instead::Show("alembic 1.20.1\n".to_owned())));
    assert!(
        matches!(parse("upgrade -h"), Err(Instead::Show(text)) if text.starts_with("usage: alembic upgrade "))
    );
    assert!(matches!(parse("-h"), Err(Instead::Show(text)) if text.contains("ensure_version")));
}
