//! Pictures of a schema and of a project's migrations: SVG, drawn here, and Mermaid, drawn by whoever shows it.

mod mermaid;
mod migrations;
mod read;
mod schema;
mod svg;

pub use migrations::{Migration, Mood};
pub use read::tables;
pub use schema::{Column, Reference, Table};

/// A schema as Mermaid's entity relationship diagram.
pub fn schema_mermaid(tables: &[Table]) -> String {
    mermaid::schema(tables)
}

/// A schema as SVG.
pub fn schema_svg(tables: &[Table]) -> String {
    svg::schema(tables)
}

/// Migrations as Mermaid's flowchart.
pub fn migrations_mermaid(migrations: &[Migration]) -> String {
    mermaid::migrations(migrations)
}

/// Migrations as SVG: one under the other, branches beside each other.
pub fn migrations_svg(migrations: &[Migration]) -> String {
    svg::migrations(migrations)
}
