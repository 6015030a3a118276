//! Which version of the interface a plugin was built for, and whether it runs here.

use semver::Version;

/// The package that the interface is.
const PACKAGE: &str = "dunlin:migration/";

/// The version of the interface that this engine speaks.
pub const INTERFACE: Version = Version::new(1, 0, 0);

/// An interface as a component names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `transformer`.
    pub interface: String,
    /// The version it was built for.
    pub version: Version,
}

/// Reads `dunlin:migration/transformer@1.0.0`; `None` for what is not ours.
pub fn named(import_or_export: &str) -> Option<Named> {
    let (interface, version) = import_or_export.strip_prefix(PACKAGE)?.split_once('@')?;
    Some(Named { interface: interface.to_owned(), version: version.parse().ok()? })
}

/// Whether a plugin that was built for `wanted` runs on an engine that speaks `offered`: of one major version, or below
/// 1 of one minor version, and no later.
pub fn runs_on(wanted: &Version, offered: &Version) -> bool {
    let line = |version: &Version| match version.major {
        0 => (0, version.minor),
        major => (major, 0),
    };
    line(wanted) == line(offered) && wanted <= offered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_plugin_runs_on_a_newer_engine_of_the_same_major_version_and_no_other_does() {
        let cases = [
            ("1.0.0", "1.0.0", true),
            ("1.0.0", "1.4.2", true),
            ("1.4.2", "1.4.2", true),
            ("1.4.2", "1.4.1", false),
            ("1.1.0", "1.0.9", false),
            ("1.0.0", "2.0.0", false),
            ("2.0.0", "1.9.9", false),
            ("0.3.0", "0.3.1", true),
            ("0.3.0", "0.4.0", false),
            ("1.0.0-rc.1", "1.0.0", true),
        ];
        for (plugin, engine, runs) in cases {
            let version = |text: &str| text.parse::<Version>().unwrap();
            assert_eq!(runs_on(&version(plugin), &version(engine)), runs, "{plugin} on {engine}");
        }
    }

    #[test]
    fn names_are_read() {
        let named = named("dunlin:migration/transformer@1.2.3").unwrap();
        assert_eq!((named.interface.as_str(), named.version), ("transformer", Version::new(1, 2, 3)));
        for other in ["wasi:cli/environment@0.2.0", "dunlin:migration/log", "run"] {
            assert_eq!(super::named(other), None, "{other}");
        }
    }
}
