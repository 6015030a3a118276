//! Rails: ActiveRecord's migrations.

pub mod guest;
pub mod pack;
