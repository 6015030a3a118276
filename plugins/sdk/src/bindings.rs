//! The interface as Rust types, generated. A world for each interface that a plugin exports, since what `generate!` exports
//! for one it cannot export again for another; with common types.
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

/// What every plugin says about itself.
pub mod describe {
    wit_bindgen::generate!({
        path: "../wit",
        inline: r#"
            package dunlin:sdk;
            world describe {
                export dunlin:migration/plugin@1.0.0;
            }
        "#,
        world: "dunlin:sdk/describe",
        additional_derives: [PartialEq],
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "dunlin_plugin::bindings::describe",
    });
}

/// Rows in, changes out.
pub mod transform {
    wit_bindgen::generate!({
        path: "../wit",
        inline: r#"
            package dunlin:sdk;
            world transform {
                import dunlin:migration/log@1.0.0;
                export dunlin:migration/transformer@1.0.0;
            }
        "#,
        world: "dunlin:sdk/transform",
        with: {
            "dunlin:migration/types@1.0.0": crate::bindings::types,
            "dunlin:migration/log@1.0.0": crate::bindings::log,
        },
        additional_derives: [PartialEq],
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "dunlin_plugin::bindings::transform",
    });
}

/// A migration's step.
pub mod step {
    wit_bindgen::generate!({
        path: "../wit",
        inline: r#"
            package dunlin:sdk;
            world step {
                import dunlin:migration/log@1.0.0;
                import dunlin:migration/database@1.0.0;
                export dunlin:migration/stepper@1.0.0;
            }
        "#,
        world: "dunlin:sdk/step",
        with: {
            "dunlin:migration/types@1.0.0": crate::bindings::types,
            "dunlin:migration/log@1.0.0": crate::bindings::log,
            "dunlin:migration/database@1.0.0": crate::bindings::database,
        },
        additional_derives: [PartialEq],
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "dunlin_plugin::bindings::step",
    });
}

/// A lint rule.
pub mod rule {
    wit_bindgen::generate!({
        path: "../wit",
        inline: r#"
            package dunlin:sdk;
            world rule {
                import dunlin:migration/log@1.0.0;
                export dunlin:migration/linter@1.0.0;
            }
        "#,
        world: "dunlin:sdk/rule",
        with: {
            "dunlin:migration/types@1.0.0": crate::bindings::types,
            "dunlin:migration/log@1.0.0": crate::bindings::log,
        },
        additional_derives: [PartialEq],
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "dunlin_plugin::bindings::rule",
    });
}
