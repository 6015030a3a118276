use super::*;
use crate::native::parse;

fn expansion(dialect: Dialect, change: ColumnChange) -> Expansion {
    Expansion {
        dialect,
        table: "orders".into(),
        old: OldColumn {
            name: "state".into(),
            type_name: "varchar(20)".into(),
            nullable: false,
            default: Some("'open'".into()),
            used_by: vec!["orders_state_idx".into()],
        },
        change,
    }
}

fn rename() -> ColumnChange {
    ColumnChange::Rename { new: "status".into() }
}

#[test]
fn both_migrations_are_migrations_that_can_be_taken_back() {
    for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb] {
        for change in [rename(), ColumnChange::Type { type_name: "integer".into() }] {
            for nullable in [true, false] {
                let mut expansion = expansion(dialect, change.clone());
                expansion.old.nullable = nullable;
                let both = expand_and_contract(&expansion).unwrap();
                for (name, text) in [both.expand, both.contract] {
                    let document = parse(&text).unwrap_or_else(|errors| panic!("{name}: {errors:?}\n{text}"));
                    assert!(document.backward().any(|block| !block.is_blank()), "{name}\n{text}");
                }
            }
        }
    }
}

#[test]
fn what_the_old_column_is_part_of_is_named() {
    let both = expand_and_contract(&expansion(Dialect::Postgres, rename())).unwrap();
    assert_eq!(both.expand.0, "expand orders state to status");
    assert!(both.expand.1.contains("-- state is part of orders_state_idx."), "{}", both.expand.1);
}

#[test]
fn names_are_quoted_where_they_need_it() {
    let mut expansion = expansion(Dialect::Postgres, ColumnChange::Rename { new: "Order Status".into() });
    expansion.table = "shop.orders".into();
    let text = expand_and_contract(&expansion).unwrap().expand.1;
    assert!(text.contains("ALTER TABLE shop.orders ADD COLUMN \"Order Status\" varchar(20);"), "{text}");
    assert!(text.contains("where=\"\"\"Order Status\"\" IS NULL AND state IS NOT NULL\""), "{text}");
}

#[test]
fn sqlite_and_names_too_long_are_refused() {
    assert_eq!(expand_and_contract(&expansion(Dialect::Sqlite, rename())), Err(ExpandError::Sqlite));
    let long = ColumnChange::Rename { new: "s".repeat(64) };
    let error = expand_and_contract(&expansion(Dialect::Mysql, long)).unwrap_err();
    assert!(matches!(error, ExpandError::TooLong(_)), "{error}");
}
