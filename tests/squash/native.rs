//! Native projects: databases of before the squash, of after it, and those that stopped in between.

use crate::support::{Database, Output, Project, databases, run};

const CUSTOMERS: &str = "-- migrate:up\nCREATE TABLE customers (id integer PRIMARY KEY, name varchar(20));\n-- migrate:down\nDROP TABLE customers;\n";
const FIRST: &str =
    "-- migrate:up\nINSERT INTO customers VALUES (1, 'Ada');\n-- migrate:down\nDELETE FROM customers;\n";
const ORDERS: &str =
    "-- migrate:up\nCREATE TABLE orders (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE orders;\n";

/// Three migrations, two of them applied.
pub fn shop(database: &Database) -> Project {
    let project = Project::with(&[
        ("migrations/1_customers.sql", CUSTOMERS),
        ("migrations/2_first.sql", FIRST),
        ("migrations/3_orders.sql", ORDERS),
    ]);
    dunlin(&project, database, &["up", "--to", "2"]).success();
    project
}

pub fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    project.dunlin(&[arguments, &["--url", &database.url()]].concat())
}

fn states(output: &Output) -> Vec<String> {
    let document = output.json();
    let entries = document["migrations"].as_array().unwrap_or_else(|| panic!("{output}")).iter();
    entries
        .map(|entry| {
            format!(
                "{} {} {}",
                entry["id"].as_str().unwrap(),
                entry["kind"].as_str().unwrap(),
                entry["state"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn databases_of_before_and_after_go_on_alike() {
    for old in databases() {
        let kind = old.kind();
        let (Some(new), Some(behind)) = (Database::create(kind), Database::create(kind)) else { continue };
        let project = shop(&old);
        dunlin(&project, &behind, &["up", "--to", "1"]).success();
        let output = dunlin(&project, &old, &["squash", "--delete"]).success();
        assert_eq!(
            output.stdout,
            "The baseline gives what 2 migrations gave: 1 table, 1 row.\nWrote migrations/2_baseline.sql\n2 old files gone.\n\
             Every other database has to have 2_first applied before it is migrated with these files.\n",
            "{kind:?}"
        );
        let status =
            |database: &Database| states(&dunlin(&project, database, &["status", "--format", "json"]));
        assert_eq!(status(&old), ["1 sql replaced", "2 sql baseline replaced", "3 sql pending"]);
        dunlin(&project, &old, &["validate"]).success();
        dunlin(&project, &old, &["up"]).success();
        // What is below is not taken back one by one any more, nor as a whole on a database that has data by now.
        dunlin(&project, &old, &["down"]).success();
        let refused = dunlin(&project, &old, &["down", "--to", "1"]).fails();
        assert!(refused.stderr.contains("begins at baseline 2"), "{refused}");
        dunlin(&project, &old, &["down", "--to", "0"]).success();
        assert_eq!(old.query("SELECT name FROM customers"), [["Ada"]]);

        dunlin(&project, &new, &["up"]).success();
        assert_eq!(status(&new), ["2 sql baseline applied", "3 sql applied"]);
        let row = new.query("SELECT kind, checksum IS NULL FROM dunlin_migrations WHERE version = '2'");
        assert_eq!(row[0][0], "baseline", "{row:?}");
        assert!(["0", "f"].contains(&row[0][1].as_str()), "{row:?}");
        dunlin(&project, &new, &["drift"]).success();
        dunlin(&project, &old, &["up"]).success();
        dunlin(&project, &old, &["drift"]).success();
        dunlin(&project, &new, &["down", "--to", "0"]).success();
        assert!(!new.tables().contains(&"customers".to_owned()));
        dunlin(&project, &new, &["up"]).success();

        let refused = dunlin(&project, &behind, &["up"]).exits(5);
        assert!(refused.stderr.contains("this database stops at 1_customers"), "{refused}");
        assert!(refused.stderr.contains("dunlin up --to 2"), "{refused}");
        dunlin(&project, &behind, &["validate"]).exits(5);

        // An edited baseline is found where it ran, and only there.
        let text = project.read("migrations/2_baseline.sql");
        project.write("migrations/2_baseline.sql", text.replace("Ada", "Eve"));
        dunlin(&project, &new, &["validate"]).exits(5);
        dunlin(&project, &old, &["validate"]).success();
        project.write("migrations/2_baseline.sql", text);

        // A second squash stands on the first, wherever it is called.
        dunlin(&project, &new, &["squash", "--delete", "--name", "second"]).success();
        assert_eq!(status(&new), ["2 sql replaced", "3 sql baseline replaced"]);
        assert_eq!(status(&old), ["1 sql replaced", "2 sql replaced", "3 sql baseline replaced"]);
        dunlin(&project, &old, &["validate"]).success();
    }
}

#[test]
fn what_git_has_is_deleted_unasked() {
    let database = Database::sqlite();
    let project = shop(&database);
    let git = |arguments: &[&str]| {
        let mut command = crate::support::command("git", &project.home());
        command
            .current_dir(project.path())
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(arguments);
        run(command, "").success();
    };
    let refused = dunlin(&project, &database, &["squash"]).fails();
    assert!(refused.stderr.contains("in no git repository"), "{refused}");
    git(&["init", "-q"]);
    git(&["add", "migrations"]);
    let refused = dunlin(&project, &database, &["squash"]).fails();
    assert!(refused.stderr.contains("git does not have migrations/1_customers.sql as it is"), "{refused}");
    git(&["commit", "-qm", "shop"]);
    project.write("migrations/2_first.sql", format!("-- about Ada\n{FIRST}"));
    let refused = dunlin(&project, &database, &["squash"]).fails();
    assert!(refused.stderr.contains("git does not have migrations/2_first.sql as it is"), "{refused}");
    project.write("migrations/2_first.sql", FIRST);
    let dry = dunlin(&project, &database, &["squash", "--dry-run"]).success();
    assert!(dry.stdout.contains("-- migrate:baseline\n"), "{dry}");
    assert!(!project.path().join("migrations/2_baseline.sql").exists());
    let output = dunlin(&project, &database, &["squash"]).success();
    assert!(output.stdout.contains("2 old files gone: git has all of them.\n"), "{output}");
    assert!(!project.path().join("migrations/1_customers.sql").exists());
}

#[test]
fn a_branch_that_comes_late_is_told() {
    let database = Database::sqlite();
    let project = shop(&database);
    dunlin(&project, &database, &["squash", "--archive", "attic"]).success();
    assert_eq!(project.read("attic/migrations/1_customers.sql"), CUSTOMERS);
    project.write("migrations/1_late.sql", ORDERS);
    let refused = dunlin(&project, &database, &["status"]).fails();
    assert!(
        refused.stderr.contains("migrations/1_late.sql is older than the baseline migrations/2_baseline.sql"),
        "{refused}"
    );
    project.remove("migrations/1_late.sql");
    project.write("migrations/4_more.sql", "-- migrate:baseline\nSELECT 1;\n-- migrate:up\nSELECT 2;\n");
    let refused = dunlin(&project, &database, &["status"]).fails();
    assert!(refused.stderr.contains("migrations/4_more.sql:3"), "{refused}");
}
