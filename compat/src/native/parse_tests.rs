use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::backfill::Pace;

fn parsed(text: &str) -> Document {
    parse(text).unwrap()
}

/// Every error as a user would see it.
fn errors(text: &str) -> String {
    let errors = parse(text).expect_err("the text should not parse");
    let shown: Vec<String> =
        errors.iter().map(|error| format!("{error}\n  {}", error.reason.advice())).collect();
    shown.join("\n")
}

fn rule(heading: &str) -> TransactionRule {
    match parsed(&format!("{heading}\nSELECT 1;\n")).blocks[0].directive {
        Directive::Up { transaction } => transaction,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn blocks_keep_their_order_text_and_lines() {
    let document = parsed(
        "-- adds a status\n-- migrate:up\nALTER TABLE orders ADD status text;\n\n\
         -- migrate:up transaction=none\nCREATE INDEX i ON orders (status);\n-- migrate:down\nDROP INDEX i;\n",
    );
    assert_eq!(document.preamble, "-- adds a status\n");
    let seen: Vec<_> = document
        .blocks
        .iter()
        .map(|block| (block.directive.name(), block.line, block.text.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("up", 2, "ALTER TABLE orders ADD status text;\n\n"),
            ("up", 5, "CREATE INDEX i ON orders (status);\n"),
            ("down", 7, "DROP INDEX i;\n"),
        ]
    );
    assert_eq!(document.forward().count(), 2);
    assert_eq!(document.backward().count(), 1);
}

#[test]
fn the_transaction_option_takes_our_words_and_those_of_dbmate() {
    let cases = [
        ("-- migrate:up", TransactionRule::Auto),
        ("--migrate:up", TransactionRule::Auto),
        ("-- migrate:up transaction=auto", TransactionRule::Auto),
        ("-- migrate:up transaction=none", TransactionRule::Never),
        ("--  migrate:up\ttransaction:false  ", TransactionRule::Never),
        ("-- migrate:up transaction=always", TransactionRule::Always),
        ("-- migrate:up transaction:true", TransactionRule::Always),
        ("-- migrate:up transaction=\"none\"", TransactionRule::Never),
    ];
    for (heading, expected) in cases {
        assert_eq!(rule(heading), expected, "{heading}");
    }
}

#[test]
fn backfill_and_batch_are_read_with_their_options() {
    let document = parsed(
        "-- migrate:up\n-- migrate:backfill plugin=order-status table=\"Order \"\"Items\"\"\"\n\
         -- migrate:batch table=orders key=id size=10000\nUPDATE orders SET a = 1 WHERE id BETWEEN :from AND :to;\n\
         -- migrate:batch table=lines key=\"order_id, line\" where=\"a IS NULL\" until=true quarantine=5 direction=down \
         target=2s workers=4 rate=100 hours=22:00-06:00 max-lag=10s\nUPDATE lines SET a = NULL WHERE :range;\n",
    );
    let Directive::Backfill { plugin, rows } = &document.blocks[1].directive else { panic!("no backfill") };
    assert_eq!((plugin.as_str(), rows.table.as_str()), ("order-status", "Order \"Items\""));
    assert_eq!((rows.key.len(), &rows.pace, rows.down), (0, &Pace::default(), false));
    let Directive::Batch { rows } = &document.blocks[2].directive else { panic!("no batch") };
    assert_eq!((rows.key.as_slice(), rows.pace.size), (&["id".to_owned()][..], Some(10000)));
    let Directive::Batch { rows } = &document.blocks[3].directive else { panic!("no batch") };
    assert!(rows.down && document.blocks[3].is_down());
    assert_eq!(rows.key, ["order_id", "line"]);
    assert_eq!((rows.filter.as_deref(), rows.until.as_deref()), (Some("a IS NULL"), Some("true")));
    assert_eq!(
        rows.pace,
        Pace {
            size: None,
            target: Duration::from_secs(2),
            workers: 4,
            rate: Some(100),
            hours: Some("22:00-06:00".parse().unwrap()),
            max_lag: Some(Duration::from_secs(10)),
            quarantine: 5,
        }
    );
}

#[test]
fn options_of_a_batch_are_checked() {
    let heading = |options: &str| format!("-- migrate:batch table=a {options}\n");
    let headings = [
        "sise=1",
        "size=0",
        "key=a,,b",
        "direction=back",
        "target=0s",
        "workers=65",
        "rate=fast",
        "hours=night",
        "max-lag=10",
        "quarantine=-1",
    ];
    let text: String = headings.into_iter().map(heading).collect();
    assert_snapshot!(errors(&format!("-- migrate:up\n{text}")), @r#"
    line 2: unknown option `sise` of `-- migrate:batch`
      Did you mean `size`?
    line 3: option `size` cannot be `0`
      `size` is a number of rows from 1.
    line 4: option `key` cannot be `a,,b`
      `key` is one column, or several divided by commas.
    line 5: option `direction` cannot be `back`
      `direction` is `up` or `down`.
    line 6: option `target` cannot be `0s`
      `target` is a time above 0 with its unit, like `500ms` or `2s`.
    line 7: option `workers` cannot be `65`
      `workers` is a number from 1 to 64.
    line 8: option `rate` cannot be `fast`
      `rate` is a number of rows per second from 1.
    line 9: option `hours` cannot be `night`
      `hours` is a part of the day like `22:00-06:00`, or `"22:00-06:00 Europe/Berlin"`.
    line 10: option `max-lag` cannot be `10`
      `max-lag` is a time above 0 with its unit, like `500ms` or `2s`.
    line 11: option `quarantine` cannot be `-1`
      `quarantine` is a number of rows.
    "#);
}

#[test]
fn carriage_returns_and_a_byte_order_mark_do_not_hide_directives() {
    let document = parsed("\u{feff}-- migrate:up\r\nSELECT 1;\r\n-- migrate:down\rSELECT 2;");
    let texts: Vec<&str> = document.blocks.iter().map(|block| block.text.as_str()).collect();
    assert_eq!(texts, ["SELECT 1;\r\n", "SELECT 2;"]);
}

#[test]
fn prose_about_migrating_is_a_comment() {
    let text =
        "-- migrate:up\n-- migrate up to ten rows\n-- Migrate the orders\n-- migrated: down\nSELECT 1;\n";
    assert_eq!(parsed(text).blocks.len(), 1);
}

#[test]
fn a_block_may_be_blank() {
    assert!(parsed("-- migrate:up\n\n-- migrate:down\n-- nothing to do\n").blocks[0].is_blank());
    assert!(!parsed("-- migrate:up\n-- nothing to do\n").blocks[0].is_blank());
}

#[test]
fn a_file_without_up_says_what_is_missing() {
    assert_snapshot!(errors("CREATE TABLE a (b int);\n"), @"
    line 1: `-- migrate:up` is missing: nothing says which SQL applies this migration
      Put a line `-- migrate:up` above the SQL that applies the migration, and `-- migrate:down` above the SQL that reverts it.
    ");
    assert_snapshot!(errors("-- migrate:down\nDROP TABLE a;\n"), @"
    line 1: `-- migrate:up` is missing: the file has only a down
      Put a line `-- migrate:up` above the SQL that applies the migration, and `-- migrate:down` above the SQL that reverts it.
    ");
    assert_snapshot!(errors("-- migrate:batch table=a key=id\nUPDATE a SET b = 1;"), @"
    line 1: the first directive is `-- migrate:batch`; it must be `up` or `down`
      Put `-- migrate:up` above it; that block may be empty.
    ");
}

#[test]
fn a_directive_that_would_be_missed_is_an_error() {
    assert_snapshot!(
        errors(
            "-- migrate:up\nSELECT 1;\n  -- migrate:down\n-- Migrate:Down\n-- migrate : down\n---- migrate:down ----\n\
             -- migrate down\n-- migrate: up\n-- migrate:\n-- migrate:dwon\n-- migrate:rollback\n"
        ),
        @"
    line 3: a directive must start at the beginning of its line
      Remove the space before it, or reword the line if it is only text.
    line 4: this line looks like a directive but would be taken as a comment
      Write `-- migrate:down`, or reword the comment if it is only text.
    line 5: this line looks like a directive but would be taken as a comment
      Write `-- migrate:down`, or reword the comment if it is only text.
    line 6: this line looks like a directive but would be taken as a comment
      Write `-- migrate:down`, or reword the comment if it is only text.
    line 7: this line looks like a directive but would be taken as a comment
      Write `-- migrate:down`, or reword the comment if it is only text.
    line 8: this line looks like a directive but would be taken as a comment
      Write `-- migrate:up`, or reword the comment if it is only text.
    line 9: unknown directive `-- migrate:`
      Directives are `up`, `down`, `backfill`, `batch`, `step` and `baseline`.
    line 10: unknown directive `-- migrate:dwon`
      Did you mean `-- migrate:down`?
    line 11: unknown directive `-- migrate:rollback`
      Directives are `up`, `down`, `backfill`, `batch`, `step` and `baseline`.
    "
    );
}

#[test]
fn options_are_checked() {
    assert_snapshot!(
        errors(
            "-- migrate:up transation=none\n-- migrate:up lock=1\n-- migrate:up transaction\n\
             -- migrate:up transaction=never\n-- migrate:up transaction=none transaction:false\n\
             -- migrate:up transaction= none\n-- migrate:batch key=a\n-- migrate:batch table=a key=id size=0\n\
             -- migrate:batch table=\"a key=id\n-- migrate:up -- adds orders\n"
        ),
        @r#"
    line 1: unknown option `transation` of `-- migrate:up`
      Did you mean `transaction`?
    line 2: unknown option `lock` of `-- migrate:up`
      It takes `transaction`, written `key=value`.
    line 3: option `transaction` has no value
      Write `transaction=…`, without spaces around `=`.
    line 4: option `transaction` cannot be `never`
      `transaction` is `none`, `always` or `auto`.
    line 5: option `transaction` of `-- migrate:up` is given twice
      Keep one of them.
    line 6: option `transaction` has no value
      Write `transaction=…`, without spaces around `=`.
    line 7: `-- migrate:batch` needs the option `table`
      Add `table=…` to the line.
    line 8: option `size` cannot be `0`
      `size` is a number of rows from 1.
    line 9: the quoted value of option `table` does not end
      End the value with `"`; a `"` inside it is written twice.
    line 10: unknown option `--` of `-- migrate:up`
      It takes `transaction`, written `key=value`.
    "#
    );
}

#[test]
fn text_that_belongs_to_no_block_is_an_error() {
    assert_snapshot!(errors("-- a comment\nCREATE TABLE a (b int);\n-- migrate:up\n"), @"
    line 2: SQL before the first directive: it belongs neither to up nor to down
      Move it below `-- migrate:up`; only comments may stand above.
    ");
    assert_snapshot!(errors("/*\n-- migrate:up\n*/\nSELECT 1;\n"), @"
    line 1: the comment that begins here does not end before the first directive
      Close it with `*/`. A directive counts on every line that begins with it, in comments and strings too.
    ");
    assert_snapshot!(
        errors("-- migrate:up\n-- migrate:backfill plugin=p table=t\n\nSELECT 1;\n-- migrate:batch table=a key=id\n"),
        @"
    line 4: SQL under `-- migrate:backfill`: its plugin does the work
      Move it into a `-- migrate:up` block.
    line 5: no SQL under `-- migrate:batch`
      Write the statement to run for each chunk, from the key `:from` to `:to`.
    "
    );
}

fn text_like_a_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("-- migrate:up"),
        Just("-- migrate:up transaction=none"),
        Just("-- migrate:down"),
        Just("-- migrate:batch table=a key=\"b c\""),
        Just("UPDATE a SET b = 'é';"),
        Just("-- a comment"),
        Just("/* migrate:up */"),
        Just(""),
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    prop::collection::vec((line, end), 0..12)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| format!("{line}{end}")).collect())
}

fn joined(document: &Document) -> String {
    let blocks = document.blocks.iter().map(|block| format!("{}{}", block.heading, block.text));
    document.preamble.clone() + &blocks.collect::<String>()
}

proptest! {
    #[test]
    fn parsing_never_panics(text in r#"(-- ?migrate ?:?|up|down|batch|transaction|[-=:"/*# \t\r\né]){0,16}"#) {
        if let Err(errors) = parse(&text) {
            prop_assert!(!errors.is_empty());
        }
    }

    #[test]
    fn preamble_and_blocks_joined_are_the_file(text in text_like_a_file()) {
        let text = format!("-- migrate:up\n{text}");
        if let Ok(document) = parse(&text) {
            prop_assert_eq!(joined(&document), text);
        }
    }

    #[test]
    fn every_block_knows_its_line(text in text_like_a_file()) {
        let text = format!("-- migrate:up\n{text}");
        if let Ok(document) = parse(&text) {
            let all: Vec<&str> = lines(&text).collect();
            for block in &document.blocks {
                prop_assert_eq!(all[block.line - 1], block.heading.as_str());
            }
        }
    }
}

#[test]
fn a_baseline_has_only_downs_beside_it() {
    let document = parse("-- migrate:baseline\nSELECT 1;\n-- migrate:down\nSELECT 2;\n").unwrap();
    assert!(document.is_baseline());
    assert_eq!((document.forward().count(), document.backward().count()), (1, 1));
    let errors = parse("-- migrate:baseline\nSELECT 1;\n-- migrate:up\nSELECT 2;\n").unwrap_err();
    assert_eq!(errors, [ParseError { line: 3, reason: Reason::BesideBaseline { name: "up" } }]);
}
