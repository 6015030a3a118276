//! `dunlin new`

use crate::shop::Shop;
use crate::support::Project;
use insta::assert_snapshot;

#[test]
fn it_writes_a_file_with_empty_blocks_and_the_next_number_where_the_others_count() {
    let shop = Shop::new();
    assert_snapshot!(shop.says(&["new", "add", "notes"]), @"
    exit 0
    Wrote migrations/4_add_notes.sql
    ");
    assert_snapshot!(shop.project.read("migrations/4_add_notes.sql"), @"
    -- migrate:up


    -- migrate:down
    ");
    assert_snapshot!(shop.says(&["new", "more notes", "--format", "json"]), @r#"
    exit 0
    {
      "path": "migrations/5_more_notes.sql"
    }
    "#);
}

#[test]
fn the_first_one_makes_the_project() {
    let project = Project::new();
    let output = project.dunlin(&["new", "customers"]).success();
    let path = output.stdout.trim().trim_start_matches("Wrote ");
    assert!(path.starts_with("migrations/20") && path.ends_with("_customers.sql"), "{output}");
    assert!(project.read(path).contains("-- migrate:up"));
}

#[test]
fn a_name_of_nothing_is_refused() {
    assert_snapshot!(Shop::new().says(&["new", "/"]), @"
    exit 1
    -- stderr
      error: `/` has no letter or digit to name a file with; write what the migration is about
    ");
}

#[test]
fn what_it_wrote_is_not_applied_before_something_stands_in_it() {
    let shop = Shop::applied();
    shop.dunlin(&["new", "notes"]).success();
    let before = shop.state();
    assert_snapshot!(shop.says(&["up"]), @"
    exit 1
    -- stderr
      error: the up of 4_notes is empty; nothing was run
       ╭─[migrations/4_notes.sql:1:1]
     1 │ -- migrate:up
       · ──────┬──────
       ·       ╰── here
     2 │ 
       ╰────
      help: Write the SQL, or a comment under `-- migrate:up` if there is nothing to do.
    ");
    assert_eq!(shop.state(), before);
}
