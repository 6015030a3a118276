//! What a driver makes of a session on MySQL and MariaDB, and tables, views and routines keep.

use crate::support::{Database, Need, Project, ServerKind, needs};

const MIGRATION: &str = "CREATE TABLE orders (id int PRIMARY KEY, note varchar(20));
CREATE TABLE seen AS SELECT @@SESSION.sql_mode AS sql_mode, @@SESSION.collation_connection AS collation,
    @@SESSION.character_set_client AS client, @@SESSION.time_zone AS zone, @@SESSION.autocommit AS autocommit, 'a' AS literal;
CREATE VIEW notes AS SELECT id, CONCAT(note, '!') AS note FROM orders;
CREATE PROCEDURE p() SELECT 1;
CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = UPPER(NEW.note);
";

fn kept(database: &Database) -> Vec<String> {
    let queries = [
        "SELECT * FROM seen",
        "SELECT column_name, collation_name FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2",
        "SELECT table_name, collation_connection FROM information_schema.views WHERE table_schema = DATABASE()",
        "SELECT sql_mode, collation_connection FROM information_schema.routines WHERE routine_schema = DATABASE()",
        "SELECT sql_mode, collation_connection FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
    ];
    queries.iter().flat_map(|query| database.query(query)).map(|row| row.join("|")).collect()
}

/// Both drivers, on both servers, with a URL's own wishes.
#[test]
fn are_the_drivers_own() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    for kind in [ServerKind::MySql, ServerKind::MariaDb] {
        for (driver, parameters) in [
            ("mysql", ""),
            ("mariadb", ""),
            ("mysql", "&connectionCollation=utf8mb4_bin"),
            ("mysql", "&sessionVariables=sql_mode='ANSI_QUOTES'"),
            ("mysql", "&sessionVariables=sql_mode=''&jdbcCompliantTruncation=false"),
            ("mariadb", "&sessionVariables=sql_mode='ANSI_QUOTES'"),
            ("mariadb", "&sessionVariables=collation_connection='utf8mb4_bin'"),
        ] {
            let (Some(theirs), Some(ours)) = (Database::create(kind), Database::create(kind)) else {
                continue;
            };
            // Where this driver does not let spaces stand, the server knows no such function.
            let more = if driver == "mariadb" && !parameters.contains("sql_mode") {
                "CREATE VIEW counted AS SELECT COUNT (*) AS n FROM orders;\n"
            } else {
                ""
            };
            let project = Project::with(&[("sql/V1__all.sql", &format!("{MIGRATION}{more}"))]);
            let migrate = |database: &Database| {
                let url =
                    database.jdbc_url().replace("jdbc:mariadb:", "jdbc:mysql:").replacen("mysql", driver, 1);
                let login = database.jdbc_url_with_login();
                let login = login.split_once('?').unwrap().1;
                format!("-url={url}?{login}&allowPublicKeyRetrieval=true{parameters}")
            };
            let arguments = |database: &Database| [migrate(database), "-locations=filesystem:sql".to_owned()];
            let run =
                |of: &[String; 2]| vec!["-q".to_owned(), of[0].clone(), of[1].clone(), "migrate".to_owned()];
            let (by_them, by_us) = (run(&arguments(&theirs)), run(&arguments(&ours)));
            project.flyway(&by_them.iter().map(String::as_str).collect::<Vec<_>>()).success();
            let by_us: Vec<&str> =
                std::iter::once("flyway").chain(by_us.iter().map(String::as_str)).collect();
            project.dunlin(&by_us).success();
            assert_eq!(kept(&theirs), kept(&ours), "{kind:?} {driver} {parameters}");
        }
    }
}
