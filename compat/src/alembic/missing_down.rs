//! Whether a revision can be taken back, as far as its file tells.

use ruff_python_ast::{Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::python::source::with_module;
use crate::model::MissingDown;

/// What is missing of `downgrade` while `upgrade` does something.
pub fn missing_down(text: &str) -> Option<MissingDown> {
    with_module(text, |module, lines| {
        let function = |name: &str| {
            module.body.iter().rev().find_map(|statement| match statement {
                Stmt::FunctionDef(function) if function.name.as_str() == name => Some(function),
                _ => None,
            })
        };
        let upgrade = function("upgrade").filter(|upgrade| !does_nothing(upgrade))?;
        match function("downgrade") {
            // A comment in it says that somebody has thought of it.
            Some(downgrade) if does_nothing(downgrade) && !has_comment(text, downgrade) => {
                Some(MissingDown {
                    line: lines.of_node(&downgrade.name),
                    reason: "its downgrade does nothing".to_owned(),
                })
            }
            Some(_) => None,
            // It may come from elsewhere, or be made by something else than a function.
            None if text.contains("downgrade") || text.contains("import *") => None,
            None => Some(MissingDown {
                line: lines.of_node(&upgrade.name),
                reason: "it has no downgrade".to_owned(),
            }),
        }
    })
    .ok()
    .flatten()
}

fn does_nothing(function: &StmtFunctionDef) -> bool {
    function.decorator_list.is_empty()
        && function.body.iter().all(|statement| match statement {
            Stmt::Pass(_) => true,
            Stmt::Expr(found) => {
                found.value.is_string_literal_expr() || found.value.is_ellipsis_literal_expr()
            }
            _ => false,
        })
}

fn has_comment(text: &str, function: &StmtFunctionDef) -> bool {
    let start = function.start().to_usize();
    let rest = text.get(function.end().to_usize()..).unwrap_or_default();
    let line = rest.find('\n').unwrap_or(rest.len());
    text.get(start..function.end().to_usize() + line).is_some_and(|own| own.contains('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_downgrade_that_does_nothing_is_missing_where_there_is_something_to_take_back() {
        let up = "revision = 'a'\n\ndef upgrade() -> None:\n    op.drop_index('x')\n";
        for (down, found) in [
            ("", Some((3, "it has no downgrade"))),
            ("\ndef downgrade() -> None:\n    pass\n", Some((6, "its downgrade does nothing"))),
            ("\ndef downgrade():\n    \"\"\"Back.\"\"\"\n", Some((6, "its downgrade does nothing"))),
            ("\nasync def downgrade():\n    ...\n", Some((6, "its downgrade does nothing"))),
            ("\ndef downgrade():\n    pass  # the index was never used\n", None),
            ("\ndef downgrade():\n    # Nothing to take back.\n    pass\n", None),
            ("\ndef downgrade():\n    op.create_index('x', 't', ['c'])\n", None),
            ("\ndef downgrade():\n    raise NotImplementedError\n", None),
            ("\nfrom shared import downgrade\n", None),
            ("\ndowngrade = upgrade\n", None),
        ] {
            let told = missing_down(&format!("{up}{down}"));
            assert_eq!(told.as_ref().map(|told| (told.line, told.reason.as_str())), found, "{down}");
        }
        assert_eq!(missing_down("def upgrade():\n    pass\n\ndef downgrade():\n    pass\n"), None);
        assert_eq!(missing_down("def upgrade(:\n"), None);
    }
}
