//! What a plugin may return. Whatever breaks the contract is one error with plugin, row and column, and no change.

use dunlin::plugin::Value;

use super::made::{Made, orders, quick, run};

#[test]
fn a_change_of_a_row_comes_through() {
    let made = Made { changes: vec![(2, vec![Value::Integer(1999)])], ..Made::default() };
    let outcome = made.run([1.0, 2.0, 19.99, 4.0]).unwrap();
    assert_eq!(outcome.changes.len(), 1);
    assert_eq!((outcome.changes[0].row, &outcome.changes[0].values[..]), (2, &[Value::Integer(1999)][..]));
}

#[test]
fn changes_may_come_in_any_order_and_leave_it_sorted() {
    let value = || vec![Value::Integer(1)];
    let made = Made {
        changes: vec![(3, value()), (0, value())],
        failures: vec![(1, None, "no")],
        ..Made::default()
    };
    let outcome = made.run([1.0; 4]).unwrap();
    assert_eq!(outcome.changes.iter().map(|change| change.row).collect::<Vec<u32>>(), [0, 3]);
    assert_eq!(outcome.failures[0].row, 1);
}

#[test]
fn a_row_that_cannot_be_changed_does_not_stop_the_others() {
    let made = Made {
        changes: vec![(0, vec![Value::Integer(1)])],
        failures: vec![(2, Some("amount"), "it is no amount")],
        ..Made::default()
    };
    let outcome = made.run([1.0; 4]).unwrap();
    assert_eq!(outcome.changes.len(), 1);
    let failure = &outcome.failures[0];
    assert_eq!(
        (failure.row, failure.column.as_deref(), failure.message.as_str()),
        (2, Some("amount"), "it is no amount")
    );
}

#[test]
fn a_value_of_the_wrong_type() {
    let made = Made { changes: vec![(2, vec![Value::Text("1999".into())])], ..Made::default() };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3, column cents: the new value does not fit: it is text, and the column takes integer (bigint)"
    );
}

#[test]
fn a_value_that_is_not_in_its_notation() {
    let made = Made { changes: vec![(2, vec![Value::Date("31.12.2024".into())])], ..Made::default() };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3, column cents: the new value does not fit: \"31.12.2024\" is no date: YYYY-MM-DD"
    );
}

#[test]
fn null_for_a_column_that_is_not_null() {
    let made = Made { changes: vec![(2, vec![Value::Null])], ..Made::default() };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3, column cents: the new value does not fit: it is null, and the column is NOT NULL"
    );
}

#[test]
fn too_many_and_too_few_values() {
    let made = Made { changes: vec![(2, vec![])], ..Made::default() };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3, column cents: it gave 0 values for 1 columns");
    let made = Made { changes: vec![(2, vec![Value::Integer(1); 2])], ..Made::default() };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3: it gave 2 values for 1 columns");
}

#[test]
fn a_row_that_was_not_given() {
    let made = Made { changes: vec![(4, vec![Value::Integer(1)])], ..Made::default() };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, rows id=1 to id=4: it changed row 4 of a chunk that has 4: a key that it was not given"
    );
}

#[test]
fn a_row_that_is_changed_twice() {
    let value = || vec![Value::Integer(1)];
    let made = Made { changes: vec![(2, value()), (2, value())], ..Made::default() };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3: it changed the row twice, so one of the changes is for another row's key"
    );
    let made = Made { changes: vec![(2, value())], failures: vec![(2, None, "no")], ..Made::default() };
    assert!(made.error().contains("row id=3: it changed the row twice"), "{}", made.error());
}

#[test]
fn a_column_of_the_key_is_not_written() {
    let made = Made { writes: &["id"], ..Made::default() };
    assert_eq!(
        made.start(&quick()).unwrap_err().to_string(),
        "plugin made 0.1.0, column id: it writes a column of the key, by which rows are found again"
    );
}

#[test]
fn columns_that_are_not_there() {
    let made = Made { reads: &["amuont"], ..Made::default() };
    assert_eq!(
        made.start(&quick()).unwrap_err().to_string(),
        "plugin made 0.1.0, column amuont: it reads a column that the table orders does not have"
    );
    let made = Made { writes: &["cents", "cents"], ..Made::default() };
    assert_eq!(
        made.start(&quick()).unwrap_err().to_string(),
        "plugin made 0.1.0, column cents: it writes the column twice"
    );
    let made = Made { failures: vec![(2, Some("total"), "no")], ..Made::default() };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3, column total: it blames a column that the table orders does not have"
    );
}

#[test]
fn after_a_crash_the_next_chunk_begins_anew() {
    let made = Made { at_thirteen: "unreachable", ..Made::default() };
    let mut transformer = made.start(&quick()).unwrap();
    assert!(run(&mut transformer, [13.0, 2.0, 3.0, 4.0]).is_err());
    assert!(run(&mut transformer, [1.0, 2.0, 3.0, 4.0]).is_ok());
}

#[test]
fn there_is_no_way_down_without_an_inverse() {
    // What is made by hand says that it is reversible; the SDK's plugins say so only when they are.
    let mut table = orders();
    table.direction = dunlin::plugin::Direction::Down;
    assert!(Made::default().load(&quick()).unwrap().start(&table).is_ok());
}
