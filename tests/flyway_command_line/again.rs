//! That the measure itself is firm: Flyway as one of many commands in one process says and does what it does in a process of
//! its own. In a thorough run it is always the latter.

use crate::compare::Scene;
use crate::states::CLINIC;
use crate::support::flyway_is_here;

/// Each could leave something for the next: a level of its log, JSON, a header that has been printed, colours, settings.
const IN_A_ROW: &[&str] = &[
    "migrate -outputType=json",
    "-v",
    "-q migrate",
    "info -bogus=1",
    "info",
    "bogus -outputType=json",
    "info validate -color=always -infoOfState=pending",
    "migrate info -target=2 -table=history -outOfOrder=true",
    "list-engines",
    "migrate -locations=filesystem:nowhere -schemas=main -q",
    "info -locations=filesystem:nowhere",
    "info -outputType=json",
    "migrate -installedBy=nightly -lockRetryCount=1",
    "info",
];

#[test]
fn one_process_for_many_commands_is_as_one_for_each() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        project.flyway_again(&["migrate", "-target=1"]).success();
    });
    for command in IN_A_ROW {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let again = scene.original(&arguments);
        let alone = scene.original_with(&arguments, &|_| {});
        assert_eq!(again.status, alone.status, "{command}");
        assert_eq!(again.stdout, alone.stdout, "{command}");
        assert_eq!(again.stderr, alone.stderr, "{command}");
        assert_eq!(again.database, alone.database, "{command}");
    }
}
