//! Dunlin beside Knex.

use crate::oracle::{oracle, shop};
use crate::support::{Client, Need, Pace, Version, needs, same_traces};
use crate::walk::walk;

fn dunlin_is_as_knex(client: Client, version: Version, carrier: &str) {
    let pace = if version == Version::Two { Pace::Quick } else { Pace::asked() };
    let Some(oracle) = oracle(client, version, pace) else { return };
    let Some(stage) = shop(client, version) else { return };
    let found = walk(&stage, &oracle.commands, |_, arguments| stage.dunlin(carrier, arguments));
    same_traces(&format!("Dunlin ({carrier}) with {client:?}, Knex {version:?}"), &oracle.traces, &found);
}

macro_rules! dunlin_is_as_knex {
    ($($name:ident: $client:ident, $version:ident, $carrier:literal;)*) => {
        $(
            #[test]
            fn $name() {
                dunlin_is_as_knex(Client::$client, Version::$version, $carrier);
            }
        )*
    };
}

dunlin_is_as_knex! {
    the_sandbox_is_as_knex_with_sqlite3: SQLITE3, Three, "sandbox";
    the_sandbox_is_as_knex_with_better_sqlite3: BETTER_SQLITE3, Three, "sandbox";
    the_sandbox_is_as_knex_on_postgres: PG, Three, "sandbox";
    the_sandbox_is_as_knex_on_mariadb: MARIADB, Three, "sandbox";
    the_sandbox_is_as_knex_on_mysql: MYSQL, Three, "sandbox";
    the_sandbox_is_as_knex_2_on_postgres: PG, Two, "sandbox";
    the_host_is_as_knex_with_sqlite3: SQLITE3, Three, "host";
    the_host_is_as_knex_on_postgres: PG, Three, "host";
    the_host_is_as_knex_on_mariadb: MARIADB, Three, "host";
}

macro_rules! dunlin_is_as_knex_thoroughly {
    ($($name:ident: $client:ident, $version:ident, $carrier:literal;)*) => {
        $(
            #[test]
            fn $name() {
                if needs(&[Need::Thorough]) {
                    dunlin_is_as_knex(Client::$client, Version::$version, $carrier);
                }
            }
        )*
    };
}

dunlin_is_as_knex_thoroughly! {
    the_host_is_as_knex_with_better_sqlite3: BETTER_SQLITE3, Three, "host";
    the_host_is_as_knex_on_mysql: MYSQL, Three, "host";
    the_host_is_as_knex_2_on_postgres: PG, Two, "host";
}
