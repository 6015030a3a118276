//! What each ecosystem's URLs mean.

use super::*;

fn parse_ok(text: &str) -> DatabaseUrl {
    DatabaseUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn tcp(host: &str, port: u16) -> Host {
    Host::Tcp { host: host.to_owned(), port }
}

fn socket(path: &str, port: u16) -> Host {
    Host::Socket { path: PathBuf::from(path), port }
}

#[test]
fn server_urls_name_hosts_user_password_and_database() {
    type Expected<'a> = (Engine, Vec<Host>, Option<&'a str>, Option<&'a str>, Option<&'a str>);
    use Engine::{Mysql, Postgres};
    let cases: Vec<(&str, Expected<'_>)> = vec![
        (
            "postgres://anna:geheim@db:5433/shop",
            (Postgres, vec![tcp("db", 5433)], Some("anna"), Some("geheim"), Some("shop")),
        ),
        ("postgresql://db/shop", (Postgres, vec![tcp("db", 5432)], None, None, Some("shop"))),
        ("postgresql://", (Postgres, vec![], None, None, None)),
        ("postgresql:///shop", (Postgres, vec![], None, None, Some("shop"))),
        ("postgis://db/shop", (Postgres, vec![tcp("db", 5432)], None, None, Some("shop"))),
        (
            "postgres://a%40b:p%3A%2F@db/shop%20a",
            (Postgres, vec![tcp("db", 5432)], Some("a@b"), Some("p:/"), Some("shop a")),
        ),
        ("postgres://a:p@q@db/shop", (Postgres, vec![tcp("db", 5432)], Some("a"), Some("p@q"), Some("shop"))),
        (
            "postgres://db1,db2:5433/shop",
            (Postgres, vec![tcp("db1", 5432), tcp("db2", 5433)], None, None, Some("shop")),
        ),
        (
            "postgres://[2001:db8::1]:6000/shop",
            (Postgres, vec![tcp("2001:db8::1", 6000)], None, None, Some("shop")),
        ),
        (
            "postgres:///shop?host=/run/pg&port=5433",
            (Postgres, vec![socket("/run/pg", 5433)], None, None, Some("shop")),
        ),
        ("postgres://%2Frun%2Fpg/shop", (Postgres, vec![socket("/run/pg", 5432)], None, None, Some("shop"))),
        (
            "postgres:///shop?host=a,b&port=1,2",
            (Postgres, vec![tcp("a", 1), tcp("b", 2)], None, None, Some("shop")),
        ),
        (
            "postgres://a:b@c/d?user=e&password=f&dbname=g",
            (Postgres, vec![tcp("c", 5432)], Some("e"), Some("f"), Some("g")),
        ),
        (
            "postgresql+psycopg2://a:p/q@db/shop",
            (Postgres, vec![tcp("db", 5432)], Some("a"), Some("p/q"), Some("shop")),
        ),
        (
            "postgresql+psycopg://a:100%@db/shop",
            (Postgres, vec![tcp("db", 5432)], Some("a"), Some("100%"), Some("shop")),
        ),
        (
            "postgresql+asyncpg://a:b+c@db/shop",
            (Postgres, vec![tcp("db", 5432)], Some("a"), Some("b+c"), Some("shop")),
        ),
        (
            "postgresql+psycopg2://a@/shop?host=h1:1&host=h2:2",
            (Postgres, vec![tcp("h1", 1), tcp("h2", 2)], Some("a"), None, Some("shop")),
        ),
        (
            "jdbc:postgresql://db:5433/shop?user=a&password=b%26c",
            (Postgres, vec![tcp("db", 5433)], Some("a"), Some("b&c"), Some("shop")),
        ),
        (
            "jdbc:postgresql://h1:1,h2:2/shop",
            (Postgres, vec![tcp("h1", 1), tcp("h2", 2)], None, None, Some("shop")),
        ),
        ("jdbc:postgresql:shop", (Postgres, vec![tcp("localhost", 5432)], None, None, Some("shop"))),
        ("jdbc:postgresql:/", (Postgres, vec![tcp("localhost", 5432)], None, None, None)),
        ("jdbc:p6spy:postgresql://db/shop", (Postgres, vec![tcp("db", 5432)], None, None, Some("shop"))),
        ("mysql://root:x@db/shop", (Mysql, vec![tcp("db", 3306)], Some("root"), Some("x"), Some("shop"))),
        ("mariadb://db:3307/shop", (Mysql, vec![tcp("db", 3307)], None, None, Some("shop"))),
        (
            "mysql2://root:@localhost/shop",
            (Mysql, vec![tcp("localhost", 3306)], Some("root"), Some(""), Some("shop")),
        ),
        ("trilogy://h1,h2:3/shop", (Mysql, vec![tcp("h1", 3306), tcp("h2", 3)], None, None, Some("shop"))),
        (
            "mysql+pymysql://root:x@/shop?unix_socket=/run/my.sock",
            (Mysql, vec![socket("/run/my.sock", 3306)], Some("root"), Some("x"), Some("shop")),
        ),
        ("mysql+mysqldb://db/shop?charset=utf8mb4", (Mysql, vec![tcp("db", 3306)], None, None, Some("shop"))),
        (
            "mysql://localhost/shop?socket=/run/my.sock",
            (Mysql, vec![socket("/run/my.sock", 3306)], None, None, Some("shop")),
        ),
        (
            "jdbc:mysql://db/shop?user=a&password=b+c",
            (Mysql, vec![tcp("db", 3306)], Some("a"), Some("b c"), Some("shop")),
        ),
        (
            "jdbc:mariadb://h1:1,h2/shop",
            (Mysql, vec![tcp("h1", 1), tcp("h2", 3306)], None, None, Some("shop")),
        ),
    ];
    for (text, (engine, hosts, user, password, database)) in cases {
        let url = parse_ok(text);
        assert_eq!(url.engine, engine, "{text}");
        assert_eq!(url.hosts, hosts, "{text}");
        assert_eq!(url.user.as_deref(), user, "{text}");
        assert_eq!(url.password.as_ref().map(Password::reveal), password, "{text}");
        assert_eq!(url.database.as_deref(), database, "{text}");
        assert_eq!(url.warnings, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn sqlite_paths_mean_what_their_ecosystem_means() {
    let file = |path: &str| SqliteTarget::File(PathBuf::from(path));
    for (text, target) in [
        ("sqlite:shop.db", file("shop.db")),
        ("sqlite:./shop.db", file("./shop.db")),
        ("sqlite:/srv/shop.db", file("/srv/shop.db")),
        ("sqlite://shop.db", file("shop.db")),
        ("sqlite://data/shop.db", file("data/shop.db")),
        ("sqlite:///shop.db", file("shop.db")),
        ("sqlite:///data/shop.db", file("data/shop.db")),
        ("sqlite:////srv/shop.db", file("/srv/shop.db")),
        ("sqlite+pysqlite:////srv/shop.db", file("/srv/shop.db")),
        ("sqlite+aiosqlite:///shop.db", file("shop.db")),
        ("sqlite3:shop.db", file("shop.db")),
        ("sqlite3:/srv/shop.db", file("/srv/shop.db")),
        ("sqlite3:///srv/shop.db", file("/srv/shop.db")),
        ("sqlite3://localhost/srv/shop.db", file("/srv/shop.db")),
        ("sqlite:a%20b.db", file("a b.db")),
        ("sqlite:100%.db", file("100%.db")),
        ("jdbc:sqlite:a%20b.db", file("a%20b.db")),
        ("jdbc:sqlite:/srv/shop.db", file("/srv/shop.db")),
        ("jdbc:sqlite:C:/shop.db", file("C:/shop.db")),
        ("jdbc:sqlite:", SqliteTarget::Memory),
        ("jdbc:sqlite::memory:", SqliteTarget::Memory),
        ("sqlite::memory:", SqliteTarget::Memory),
        ("sqlite://", SqliteTarget::Memory),
        ("sqlite:///:memory:", SqliteTarget::Memory),
        ("sqlite3::memory:", SqliteTarget::Memory),
        (
            "jdbc:sqlite:file:shop.db?mode=ro&foreign_keys=on",
            SqliteTarget::Uri("file:shop.db?mode=ro".to_owned()),
        ),
        ("sqlite:///file:shop.db?mode=ro&uri=true", SqliteTarget::Uri("file:shop.db?mode=ro".to_owned())),
    ] {
        let url = parse_ok(text);
        assert_eq!((url.engine, &url.sqlite), (Engine::Sqlite, &target), "{text}");
        assert_eq!(url.warnings, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn sqlite_parameters_are_pragmas() {
    for (text, name, value) in [
        ("jdbc:sqlite:a.db?foreign_keys=on", "foreign_keys", "on"),
        ("jdbc:sqlite:a.db?journal_mode=WAL", "journal_mode", "WAL"),
        ("sqlite:a.db?_fk=1", "foreign_keys", "1"),
        ("sqlite:a.db?_busy_timeout=500", "busy_timeout", "500"),
        ("sqlite3:a.db?timeout=500", "busy_timeout", "500"),
        ("sqlite+pysqlite:///a.db?timeout=2.5", "busy_timeout", "2500"),
    ] {
        assert_eq!(parse_ok(text).pragmas, [(name.to_owned(), value.to_owned())], "{text}");
    }
    assert!(DatabaseUrl::parse("jdbc:sqlite:a.db?journal_mode=WAL;DROP TABLE x").is_err());
}

#[test]
fn every_spelling_of_tls_becomes_one_mode() {
    for (text, mode) in [
        ("postgres://db/a", TlsMode::Prefer),
        ("postgres://db/a?sslmode=disable", TlsMode::Disable),
        ("postgres://db/a?sslmode=allow", TlsMode::Allow),
        ("postgres://db/a?sslmode=require", TlsMode::Require),
        ("postgres://db/a?sslmode=verify-ca", TlsMode::VerifyCa),
        ("postgres://db/a?sslrootcert=system", TlsMode::VerifyFull),
        ("jdbc:postgresql://db/a?ssl=true", TlsMode::VerifyFull),
        ("jdbc:postgresql://db/a?ssl", TlsMode::VerifyFull),
        ("jdbc:postgresql://db/a?ssl=true&sslmode=require", TlsMode::Require),
        ("jdbc:postgresql://db/a?ssl=false", TlsMode::Prefer),
        ("postgresql+asyncpg://db/a?ssl=require", TlsMode::Require),
        ("mysql://db/a", TlsMode::Prefer),
        ("mysql://db/a?ssl-mode=DISABLED", TlsMode::Disable),
        ("mysql2://db/a?ssl_mode=verify_identity", TlsMode::VerifyFull),
        ("mysql2://db/a?sslca=/etc/ca.pem", TlsMode::VerifyCa),
        ("jdbc:mysql://db/a?sslMode=VERIFY_CA", TlsMode::VerifyCa),
        ("jdbc:mysql://db/a?useSSL=false", TlsMode::Disable),
        ("jdbc:mysql://db/a?useSSL=true", TlsMode::Prefer),
        ("jdbc:mysql://db/a?useSSL=true&requireSSL=true", TlsMode::Require),
        ("jdbc:mysql://db/a?useSSL=true&verifyServerCertificate=true", TlsMode::VerifyCa),
        ("jdbc:mariadb://db/a?sslMode=trust", TlsMode::Require),
        ("jdbc:mariadb://db/a?sslMode=verify-full", TlsMode::VerifyFull),
    ] {
        assert_eq!(parse_ok(text).tls.mode, mode, "{text}");
    }
    let url = parse_ok("postgres://db/a?sslrootcert=ca.pem&sslcert=c.pem&sslkey=k.pem");
    assert_eq!(url.tls.roots, Roots::File(PathBuf::from("ca.pem")));
    assert_eq!(url.tls.certificate, Some(PathBuf::from("c.pem")));
    assert_eq!(url.tls.key, Some(PathBuf::from("k.pem")));
}

#[test]
fn session_parameters_are_kept_in_the_servers_words() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let url = parse_ok(
        "jdbc:postgresql://db/a?currentSchema=app,public&ApplicationName=flyway&options=-c%20lock_timeout=1s&connectTimeout=5",
    );
    assert_eq!(url.session, [pair("search_path", "app,public")]);
    assert_eq!(url.application_name.as_deref(), Some("flyway"));
    assert_eq!(url.options.as_deref(), Some("-c lock_timeout=1s"));
    assert_eq!(url.connect_timeout, Some(Duration::from_secs(5)));
    let url = parse_ok(
        "jdbc:mysql://db/a?sessionVariables=sql_mode='A,B',foo=concat('x',1)&connectTimeout=1500&createDatabaseIfNotExist=true&allowLoadLocalInfile=true",
    );
    assert_eq!(url.session, [pair("sql_mode", "'A,B'"), pair("foo", "concat('x',1)")]);
    assert_eq!(url.connect_timeout, Some(Duration::from_millis(1500)));
    assert!(url.create_database && url.local_infile);
    assert_eq!(parse_ok("postgres://a,b/d?target_session_attrs=read-write").target, TargetSession::ReadWrite);
    assert_eq!(
        parse_ok("jdbc:postgresql://a,b/d?targetServerType=preferSecondary").target,
        TargetSession::PreferStandby
    );
}

#[test]
fn parameters_that_nobody_knows_give_a_warning_and_known_ones_none() {
    for text in ["postgres://db/a?colour=red", "mysql://db/a?colour=red", "sqlite:a.db?colour=red"] {
        assert_eq!(parse_ok(text).warnings.len(), 1, "{text}");
    }
    for text in [
        "postgres://db/a?keepalives=1&pool=5",
        "jdbc:postgresql://db/a?reWriteBatchedInserts=true",
        "jdbc:mysql://db/a?allowPublicKeyRetrieval=true&serverTimezone=UTC&characterEncoding=utf8",
        "sqlite3:a.db?pool=5",
    ] {
        assert_eq!(parse_ok(text).warnings, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_the_url_masked() {
    for (text, part) in [
        ("", "scheme"),
        ("shop", "scheme"),
        ("oracle://anna:geheim@db/shop", "scheme"),
        ("jdbc:oracle:thin:anna/x@db", "scheme"),
        ("postgres:db", "'//'"),
        ("postgres://anna:geheim@db:x/shop", "port"),
        ("postgres://anna:geheim@db:0/shop", "port"),
        ("postgres://anna:geheim@db:70000/shop", "port"),
        ("postgres://anna:geheim", "port"),
        ("postgres://anna:geh%eim@db/shop", "'%'"),
        ("postgres://anna:%00geheim@db/shop", "NUL"),
        ("postgres://anna:geheim@[::1/shop", "']'"),
        ("postgres://anna:geheim@db/shop?sslmode=maybe", "sslmode"),
        ("postgres://anna:geheim@db/shop?connect_timeout=soon", "connect_timeout"),
        ("postgres://anna:geheim@a,b,c/shop?port=1,2", "2 ports for 3 hosts"),
        ("postgres://anna:geheim@db/shop?service=x", "service"),
        ("jdbc:mysql://db/shop?password=geheim&trustCertificateKeyStoreUrl=file:a.jks", "key stores"),
        ("jdbc:sqlite::resource:shop.db", "archive"),
    ] {
        let error = DatabaseUrl::parse(text).expect_err(text);
        assert!(error.message.contains(part), "{text}: {error}");
        assert!(!format!("{error} {error:?}").contains("geheim"), "{text}: {error:?}");
        assert_eq!(error.kind, crate::db::DbErrorKind::Configuration, "{text}");
    }
}

#[test]
fn user_and_password_from_elsewhere_win() {
    let url =
        parse_ok("jdbc:postgresql://db/shop?user=a&password=b").with_user(Some("c")).with_password(Some("d"));
    assert_eq!((url.user.as_deref(), url.password.as_ref().map(Password::reveal)), (Some("c"), Some("d")));
    let url = url.with_user(None::<String>).with_password(None::<String>);
    assert_eq!(url.user.as_deref(), Some("c"));
}

#[test]
fn display_shows_where_but_no_password() {
    assert_eq!(parse_ok("postgres://anna:geheim@db/shop").to_string(), "postgresql://anna@db:5432/shop");
    assert_eq!(
        parse_ok("jdbc:mysql://h1,h2/shop?password=geheim").to_string(),
        "mysql://h1:3306,h2:3306/shop"
    );
    assert_eq!(parse_ok("sqlite:///shop.db").to_string(), "sqlite:shop.db");
}
