//! Dunlin beside Knex.

use crate::oracle::{oracle, shop};
use crate::support::{Client, Version};
use crate::walk::{Pace, same, walk};

fn dunlin_is_as_knex(client: Client, version: Version, carrier: &str) {
    let pace = if version == Version::Two { Pace::Quick } else { Pace::asked() };
    let Some(oracle) = oracle(client, version, pace) else { return };
    let Some(stage) = shop(client, version) else { return };
    let found = walk(&stage, &oracle.commands, |_, arguments| stage.dunlin(carrier, arguments));
    same(&format!("Dunlin ({carrier}) with {client:?}, Knex {version:?}"), &oracle.traces, &found);
}

macro_rules! with_every_client {
    ($($name:ident($carrier:literal);)*) => {
        $(
            mod $name {
                use super::dunlin_is_as_knex;
                use crate::support::{Client, Version};

                #[test]
                fn with_sqlite3() {
                    dunlin_is_as_knex(Client::SQLITE3, Version::Three, $carrier);
                }

                #[test]
                fn with_better_sqlite3() {
                    dunlin_is_as_knex(Client::BETTER_SQLITE3, Version::Three, $carrier);
                }

                #[test]
                fn on_postgres() {
                    dunlin_is_as_knex(Client::PG, Version::Three, $carrier);
                }

                #[test]
                fn on_mariadb() {
                    dunlin_is_as_knex(Client::MARIADB, Version::Three, $carrier);
                }

                #[test]
                fn on_mysql() {
                    dunlin_is_as_knex(Client::MYSQL, Version::Three, $carrier);
                }

                #[test]
                fn on_postgres_with_knex_2() {
                    dunlin_is_as_knex(Client::PG, Version::Two, $carrier);
                }
            }
        )*
    };
}

with_every_client! {
    the_sandbox_is_as_knex("sandbox");
    the_host_is_as_knex("host");
}
