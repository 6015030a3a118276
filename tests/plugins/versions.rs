//! Which versions of the interface run, and which file it is.

use std::path::Path;

use dunlin::plugin::{Plugin, PluginSettings};

use super::made::{Made, quick};

#[test]
fn a_newer_or_other_major_version_is_refused_with_both_versions() {
    for version in ["1.4.0", "2.0.0", "0.9.0"] {
        let made = Made { interface: version, ..Made::default() };
        assert_eq!(
            made.load(&quick()).unwrap_err().to_string(),
            format!(
                "made.wasm was built for version {version} of the plugin interface, and this dunlin speaks 1.0.0"
            )
        );
    }
}

#[test]
fn a_file_that_has_changed_is_refused() {
    let module = Made::default().module();
    let load = |sha256: &str| {
        let settings = PluginSettings { sha256: Some(sha256.to_owned()), ..quick() };
        Plugin::from_bytes(Path::new("made.wasm"), &module, &settings)
    };
    let digest = load(&"0".repeat(64)).unwrap_err().to_string();
    let found = digest.split("SHA-256 is ").nth(1).unwrap().split(',').next().unwrap();
    assert_eq!(load(found).unwrap().identity().sha256, found);
}

#[test]
fn what_is_no_plugin_is_said_to_be_none() {
    let load =
        |bytes: &[u8]| Plugin::from_bytes(Path::new("x.wasm"), bytes, &quick()).unwrap_err().to_string();
    assert_eq!(load(b"hello"), "x.wasm is no plugin: it is no WebAssembly");
    assert_eq!(load(b""), "x.wasm is no plugin: it is no WebAssembly");
    let empty = wat::parse_str("(component)").unwrap();
    assert_eq!(
        load(&empty),
        "x.wasm is no plugin: it exports none of the interface's worlds (transform, step, rule)"
    );
    let module = wat::parse_str(r#"(module (import "env" "f" (func)))"#).unwrap();
    assert!(load(&module).contains("the module does not implement the interface"), "{}", load(&module));
    let mut cut = Made::default().module();
    cut.truncate(cut.len() / 2);
    assert!(load(&cut).starts_with("x.wasm is no plugin: "), "{}", load(&cut));
}
