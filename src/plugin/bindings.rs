//! The interface as Rust types and calls, generated from `plugins/wit`.
#![allow(missing_docs, reason = "the interface is documented where it is written")]

wasmtime::component::bindgen!({
    path: "plugins/wit",
    inline: r#"
        package dunlin:host;
        world host {
            import dunlin:migration/log@1.0.0;
            import dunlin:migration/database@1.0.0;
            export dunlin:migration/plugin@1.0.0;
            export dunlin:migration/transformer@1.0.0;
            export dunlin:migration/stepper@1.0.0;
            export dunlin:migration/linter@1.0.0;
        }
    "#,
    world: "dunlin:host/host",
    additional_derives: [PartialEq],
    imports: { default: trappable },
});

// `self`, because documentation tests see the crate itself under that name too.
pub use self::dunlin::migration::{database, log, types};
pub use exports::dunlin::migration::{linter, plugin, stepper, transformer};
