//! Many rows in few statements. Statements have one of a few lengths, so that the databases need not prepare a new one
//! every time.

use std::fmt::Write;

use super::{Result, Row, Tx, Value};

/// Lengths of statements in rows.
const LENGTHS: [usize; 3] = [64, 8, 1];

/// Inserts `rows` into `table`, which is named with its columns; `tail` is what the statement ends in. Returns what it
/// returns.
pub(crate) async fn insert(tx: &mut Tx, table: &str, tail: &str, rows: Vec<Vec<Value>>) -> Result<Vec<Row>> {
    let mut answers = Vec::new();
    let width = rows.first().map_or(0, Vec::len);
    let mut rows = rows.into_iter();
    while let Some(length) = LENGTHS.into_iter().find(|length| *length <= rows.len()) {
        let values = rows.by_ref().take(length).flatten().collect();
        answers.extend(tx.rows(statement(table, tail, length, width, tx.numbers_parameters()), values).await?);
    }
    Ok(answers)
}

/// SQLite would look for each numbered parameter in the list of all of them, which takes longer than all the rest.
fn statement(table: &str, tail: &str, length: usize, width: usize, numbered: bool) -> String {
    let mut sql = format!("INSERT INTO {table} VALUES ");
    for row in 0..length {
        sql.push_str(if row == 0 { "(" } else { "),(" });
        for column in 1..=width {
            sql.push_str(if column == 1 { "" } else { "," });
            // Writing to a text does not fail.
            let _ = match numbered {
                true => write!(sql, "${}", row * width + column),
                false => sql.write_char('?'),
            };
        }
    }
    sql.push_str(") ");
    sql.push_str(tail);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        assert_eq!(statement("t (a, b)", "X", 1, 2, true), "INSERT INTO t (a, b) VALUES ($1,$2) X");
        assert_eq!(statement("t (a, b)", "X", 2, 2, true), "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) X");
        assert_eq!(statement("t (a, b)", "X", 2, 2, false), "INSERT INTO t (a, b) VALUES (?,?),(?,?) X");
    }
}
