//! Rules of PostgreSQL.

use crate::lint::Rule;

mod char_type;
mod check_without_not_valid;
mod column_types;
mod concurrently_in_transaction;
mod create_extension;
mod default_after_backfill;
mod detach_partition_without_concurrently;
mod domain_constraint;
mod drop_foreign_key;
mod drop_index_without_concurrently;
mod drop_not_null;
mod drop_primary_key;
mod enum_created;
mod enum_value_unordered;
mod enum_value_used;
mod exclusion_constraint;
mod foreign_key_without_not_valid;
mod form;
mod generated_column;
mod hash_index;
mod identifier_too_long;
mod index_without_concurrently;
mod integer_key;
mod json_type;
mod missing_lock_timeout;
mod missing_statement_timeout;
mod not_idempotent;
mod not_valid;
mod partition_without_check;
mod primary_key_without_index;
mod reference_in_one_step;
mod refresh_without_concurrently;
mod reindex_without_concurrently;
mod rename_enum_value;
mod serial_type;
mod set_access_method;
mod set_logged;
mod set_not_null;
mod several_foreign_keys;
mod statements_under_lock;
mod table_rewrite;
mod timestamp_without_time_zone;
mod trigger_added;
mod type_change;
mod unique_constraint_without_index;
mod unique_index_on_existing_rows;
mod unqualified_table;
mod using_index;
mod vacuum_full;
mod validate_in_same_transaction;
mod volatile_default;

pub(super) const RULES: &[&Rule] = &[
    &char_type::RULE,
    &check_without_not_valid::RULE,
    &concurrently_in_transaction::RULE,
    &create_extension::RULE,
    &default_after_backfill::RULE,
    &detach_partition_without_concurrently::RULE,
    &domain_constraint::RULE,
    &drop_foreign_key::RULE,
    &drop_index_without_concurrently::RULE,
    &drop_not_null::RULE,
    &drop_primary_key::RULE,
    &enum_created::RULE,
    &enum_value_unordered::RULE,
    &enum_value_used::RULE,
    &exclusion_constraint::RULE,
    &foreign_key_without_not_valid::RULE,
    &generated_column::RULE,
    &hash_index::RULE,
    &identifier_too_long::RULE,
    &index_without_concurrently::RULE,
    &integer_key::RULE,
    &json_type::RULE,
    &missing_lock_timeout::RULE,
    &missing_statement_timeout::RULE,
    &not_idempotent::RULE,
    &partition_without_check::RULE,
    &primary_key_without_index::RULE,
    &reference_in_one_step::RULE,
    &refresh_without_concurrently::RULE,
    &reindex_without_concurrently::RULE,
    &rename_enum_value::RULE,
    &serial_type::RULE,
    &set_access_method::RULE,
    &set_logged::RULE,
    &set_not_null::RULE,
    &several_foreign_keys::RULE,
    &statements_under_lock::RULE,
    &table_rewrite::RULE,
    &timestamp_without_time_zone::RULE,
    &trigger_added::RULE,
    &type_change::RULE,
    &unique_constraint_without_index::RULE,
    &unique_index_on_existing_rows::RULE,
    &unqualified_table::RULE,
    &vacuum_full::RULE,
    &validate_in_same_transaction::RULE,
    &volatile_default::RULE,
];
