//! What is said about keys that no parameter has (`UnknownParameterModel`, `ConfigUtils.getPossibleFlywayConfigurations`).

use super::error::ConfigError;
use super::model::{Model, Section, UnknownKey};
use super::parameters::{
    Home, IGNORED_NAMESPACES, PARAMETERS, TRANSACTIONAL_LOCK, parameter, refused_namespace,
};

/// Settings that moved or went, by namespace and key, with what replaced them.
const OBSOLETE: &[(&str, &str, Option<&str>)] = &[
    ("plugins", "clean", Some("flyway.sqlserver.clean")),
    ("plugins", "vault", Some("flyway.vault")),
    ("plugins", "dapr", Some("flyway.dapr")),
    ("plugins", "gcsm", Some("flyway.gcsm")),
    ("flyway", "cleanOnValidationError", None),
    ("check", "majorTolerance", None),
    ("check", "minorTolerance", None),
    ("check", "majorRules", None),
    ("check", "minorRules", None),
];

/// Checks `[flyway]` and the current environment's overrides for keys that nothing knows.
///
/// Redgate's namespaces only give warnings where they configure other commands, and are refused where they bring
/// values from elsewhere. Unknown keys are warnings, too, when the files have root tables of other programs, where
/// Flyway's open-source edition says nothing.
///
/// # Errors
/// [`ConfigError::UnknownParameters`], [`ConfigError::Unsupported`].
pub(super) fn check(model: &Model, environment: &str, warnings: &mut Vec<String>) -> Result<(), ConfigError> {
    let mut lines = Vec::new();
    collect(&model.flyway, "flyway.", warnings, &mut lines)?;
    if let Some(section) = model.environments.get(environment) {
        collect(&section.overrides, &format!("environments.{environment}.flyway."), warnings, &mut lines)?;
    }
    if lines.is_empty() {
        return Ok(());
    }
    if !model.foreign.is_empty() {
        warnings.extend(lines.iter().map(|line| line.trim_start().to_owned()));
        return Ok(());
    }
    Err(ConfigError::UnknownParameters(lines.join("\n")))
}

fn collect(
    section: &Section,
    prefix: &str,
    warnings: &mut Vec<String>,
    lines: &mut Vec<String>,
) -> Result<(), ConfigError> {
    for unknown in &section.unknown {
        let UnknownKey { namespace, key, origin } = unknown;
        let raw = if prefix.ends_with(&format!("{namespace}.")) {
            format!("{prefix}{key}")
        } else {
            format!("{prefix}{namespace}.{key}")
        };
        let obsolete = OBSOLETE.iter().find(|(space, name, _)| space == namespace && name == key);
        let line = match obsolete {
            Some((_, _, Some(replacement))) => {
                format!("\tDeprecated: '{raw}' has been replaced by '{replacement}'. ({origin})")
            }
            Some(_) => format!("\tRemoved: '{raw}' has been removed and is no longer supported. ({origin})"),
            None if let Some(reason) = refused_namespace(namespace) => {
                return Err(ConfigError::Unsupported {
                    key: raw,
                    reason: reason.to_owned(),
                    origin: origin.clone(),
                });
            }
            None if IGNORED_NAMESPACES.contains(&namespace.as_str()) => {
                warnings
                    .push(format!("{raw} is ignored: it belongs to Redgate's edition of Flyway ({origin})"));
                continue;
            }
            None => {
                let possible = suggestions(key, prefix);
                if possible.is_empty() {
                    format!(
                        "\tUnknown: '{raw}'. Check the parameter spelling and ensure Flyway is up to date. ({origin})"
                    )
                } else {
                    format!("\tUnknown: '{raw}'. Possible values: {}? ({origin})", possible.join(", "))
                }
            }
        };
        lines.push(line);
    }
    Ok(())
}

/// The parameters most like `unknown`, those with the same highest score.
fn suggestions(unknown: &str, prefix: &str) -> Vec<String> {
    // A plug-in's setting in the wrong place: its namespace is named, which may be empty.
    if TRANSACTIONAL_LOCK.split('.').nth(1) == Some(unknown) {
        return vec![format!("postgresql.{unknown}")];
    }
    if parameter(unknown).is_some_and(|parameter| parameter.home == Home::Extension) {
        return vec![format!("flyway.{unknown}")];
    }
    let project = prefix == "flyway.";
    let own = fuzzy_score(unknown, unknown);
    let scored: Vec<(usize, &str)> = PARAMETERS
        .iter()
        .filter(|parameter| match parameter.home {
            Home::Overridable => true,
            Home::Project => project,
            Home::Environment | Home::Extension => false,
        })
        .filter(|parameter| parameter.name != unknown)
        // Flyway looks for the letters of the known name in the unknown one, not the reverse.
        .map(|parameter| (fuzzy_score(parameter.name, unknown), parameter.name))
        .filter(|(score, _)| own > 0 && score * 4 >= own)
        .collect();
    let Some(best) = scored.iter().map(|(score, _)| *score).max() else {
        return Vec::new();
    };
    scored.iter().filter(|(score, _)| *score == best).map(|(_, name)| format!("{prefix}{name}")).collect()
}

/// Commons Text's `FuzzyScore`: a point for every character of `query` found in `term` in order, two more for each that
/// directly follows the one before.
fn fuzzy_score(query: &str, term: &str) -> usize {
    let term: Vec<char> = term.to_lowercase().chars().collect();
    let (mut score, mut position, mut previous) = (0, 0, None);
    for wanted in query.to_lowercase().chars() {
        let found = term.iter().skip(position).position(|character| *character == wanted);
        let Some(index) = found.map(|offset| position + offset) else {
            position = term.len();
            continue;
        };
        score += 1;
        if previous.is_some_and(|before: usize| before + 1 == index) {
            score += 2;
        }
        previous = Some(index);
        position = index + 1;
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compared with what Flyway 13.3.0 suggests.
    #[test]
    fn suggestions_are_flyway_s() {
        let cases: &[(&str, &[&str])] = &[
            ("foo", &[]),
            (
                "basline",
                &["flyway.baselineVersion", "flyway.baselineDescription", "flyway.baselineOnMigrate"],
            ),
            ("tabel", &["flyway.table", "flyway.tablespace"]),
            ("configFileEncoding", &["flyway.encoding"]),
            (
                "bar",
                &[
                    "flyway.baselineVersion",
                    "flyway.baselineDescription",
                    "flyway.baselineOnMigrate",
                    "flyway.batch",
                ],
            ),
            ("transactional", &["postgresql.transactional"]),
            ("schemas", &[]),
            ("url", &[]),
        ];
        for (unknown, expected) in cases {
            assert_eq!(suggestions(unknown, "flyway."), *expected, "{unknown}");
        }
        assert_eq!(
            suggestions("outputType", "environments.dev.flyway."),
            ["environments.dev.flyway.outputQueryResults"]
        );
    }
}
