//! The interface as Rust types, generated. One world for each kind of plugin, with common types.
#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "the interface is documented where it is written"
)]

pub mod common {
    wit_bindgen::generate!({
        path: "../wit",
        inline: r#"
            package dunlin:sdk;
            world common {
                import dunlin:migration/types@1.0.0;
                import dunlin:migration/log@1.0.0;
                import dunlin:migration/database@1.0.0;
            }
        "#,
        world: "dunlin:sdk/common",
        additional_derives: [PartialEq],
        generate_all,
    });
}

pub use common::dunlin::migration::{database, log, types};

pub mod transform {
    wit_bindgen::generate!({
        path: "../wit",
        world: "dunlin:migration/transform",
        with: {
            "dunlin:migration/types@1.0.0": crate::bindings::types,
            "dunlin:migration/log@1.0.0": crate::bindings::log,
        },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "dunlin_plugin::bindings::transform",
    });
}

pub mod step {
    wit_bindgen::generate!({
        path: "../wit",
        world: "dunlin:migration/step",
        with: {
            "dunlin:migration/types@1.0.0": crate::bindings::types,
            "dunlin:migration/log@1.0.0": crate::bindings::log,
            "dunlin:migration/database@1.0.0": crate::bindings::database,
        },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "dunlin_plugin::bindings::step",
    });
}

pub mod rule {
    wit_bindgen::generate!({
        path: "../wit",
        world: "dunlin:migration/rule",
        with: {
            "dunlin:migration/types@1.0.0": crate::bindings::types,
            "dunlin:migration/log@1.0.0": crate::bindings::log,
        },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "dunlin_plugin::bindings::rule",
    });
}
