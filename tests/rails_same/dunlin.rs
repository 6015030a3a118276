//! Dunlin beside ActiveRecord.

use crate::oracle::{clinic, oracle};
use crate::support::{Need, Pace, RailsAdapter, needs, rails_is_here, rails_releases, same_traces};
use crate::walk::walk;

fn dunlin_is_as_rails(adapter: RailsAdapter, release: &str, carrier: &str, pace: Pace) {
    if !rails_is_here(carrier) {
        return;
    }
    // The original is not installed with trilogy, whose statements are those of mysql2.
    let original = if adapter == RailsAdapter::TRILOGY { RailsAdapter::MARIADB } else { adapter };
    let Some(oracle) = oracle(original, release, pace) else { return };
    let Some(stage) = clinic(adapter, release) else { return };
    let found = walk(&stage, &oracle.commands, |arguments| stage.dunlin(carrier, arguments));
    same_traces(&format!("Dunlin ({carrier}) with {adapter:?}, Rails {release}"), &oracle.traces, &found);
}

macro_rules! dunlin_is_as_rails {
    ($($name:ident: $adapter:ident, $carrier:literal;)*) => {
        $(
            #[test]
            fn $name() {
                dunlin_is_as_rails(RailsAdapter::$adapter, "7.2", $carrier, Pace::asked());
            }
        )*
    };
}

dunlin_is_as_rails! {
    the_sandbox_is_as_rails_on_sqlite: SQLITE, "sandbox";
    the_sandbox_is_as_rails_on_postgres: POSTGRES, "sandbox";
    the_sandbox_is_as_rails_on_mariadb: MARIADB, "sandbox";
    the_sandbox_is_as_rails_on_mysql: MYSQL, "sandbox";
    the_sandbox_with_trilogy_is_as_rails_on_mariadb: TRILOGY, "sandbox";
    the_host_is_as_rails_on_sqlite: SQLITE, "host";
    the_host_is_as_rails_on_postgres: POSTGRES, "host";
    the_host_is_as_rails_on_mariadb: MARIADB, "host";
}

/// Whatever other releases are there, on each server, by both carriers.
#[test]
fn other_releases_are_as_rails() {
    if !needs(&[Need::Thorough, Need::Ruby, Need::Pack]) {
        return;
    }
    let adapters = [RailsAdapter::SQLITE, RailsAdapter::POSTGRES, RailsAdapter::MARIADB, RailsAdapter::MYSQL];
    for release in rails_releases().iter().skip(1) {
        for adapter in adapters {
            for carrier in ["sandbox", "host"] {
                dunlin_is_as_rails(adapter, release, carrier, Pace::Quick);
            }
        }
    }
}
