use serde_json::{Value, json};

use super::*;

fn files() -> Vec<MigrationFile> {
    [1_u128, 2, 3, 5, 8]
        .into_iter()
        .map(|version| MigrationFile {
            version,
            name: format!("M{version}"),
            scope: if version == 3 || version == 5 { "eng".to_owned() } else { String::new() },
            words: format!("M{version}"),
            path: format!("{version}_m{version}.rb").into(),
        })
        .collect()
}

/// What Active Record 7.2, 8.1 and 8.2 ran for files 1, 2, 3, 5 and 8 (3 and 5 of an engine), with rows as given.
#[test]
fn commands_choose_what_active_record_chooses() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../vectors/commands.json")).unwrap();
    let files = files();
    for vector in &vectors {
        let rows: Vec<u128> =
            vector["rows"].as_array().unwrap().iter().map(|row| row.as_u64().unwrap().into()).collect();
        let number = vector["a"].as_i64();
        let target = number.and_then(|number| u128::try_from(number).ok());
        let command = match vector["command"].as_str().unwrap() {
            "migrate" => Command::Migrate {
                target,
                filter: vector["b"].as_str().map_or(Filter::None, |scope| Filter::Scope(scope.to_owned())),
            },
            "turn" => {
                Command::Migrate { target, filter: Filter::Version(vector["b"].as_u64().unwrap().into()) }
            }
            "up" => Command::Up(target.unwrap()),
            "down" => Command::Down(target.unwrap()),
            "rollback" => Command::Rollback(number.unwrap()),
            "forward" => Command::Forward(number.unwrap()),
            other => panic!("{other}"),
        };
        let found = match choose(&files, &rows, &command) {
            Ok(chosen) => {
                let ran: Vec<Value> = chosen
                    .files
                    .iter()
                    .map(|file| json!([chosen.direction.to_string(), u64::try_from(file.version).unwrap()]))
                    .collect();
                json!({ "ran": ran })
            }
            Err(error) => json!({ "error": error.to_string() }),
        };
        for key in ["ran", "error"] {
            assert_eq!(found.get(key), vector.get(key), "{vector}");
        }
    }
    assert!(vectors.len() > 300);
}

#[test]
fn nothing_is_written_where_there_is_nothing_to_take_back() {
    let command = Command::Migrate { target: Some(0), filter: Filter::None };
    assert!(!choose(&files(), &[], &command).unwrap().touches);
    assert!(choose(&files(), &[1], &command).unwrap().touches);
}

#[test]
fn several_databases_take_turns_by_version() {
    let pending = [vec![1, 3], vec![2, 3]];
    assert_eq!(turns(&pending, None), [(1, vec![0]), (2, vec![1]), (3, vec![0, 1])]);
    assert_eq!(turns(&pending, Some(2)), [(2, vec![1])]);
    assert_eq!(turns(&pending, Some(9)), []);
}

#[test]
fn rows_without_a_file_stand_among_the_others() {
    let files = files();
    let shown = |release| -> Vec<String> {
        let lines = status(&files, &[1, 10, 4, 8], release);
        lines.iter().map(|line| format!("{} {} {}", line.version, line.is_up, line.words)).collect()
    };
    let missing = "********** NO FILE **********";
    assert_eq!(
        shown(Release(8, 1)),
        [
            "1 true M1",
            "2 false M2",
            "3 false M3",
            &format!("4 true {missing}"),
            "5 false M5",
            "8 true M8",
            &format!("10 true {missing}")
        ]
    );
    assert_eq!(shown(Release(6, 1)).len(), 7);
}
