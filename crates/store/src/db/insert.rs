//! Many rows in few statements. Statements have one of a few lengths, so that the databases need not prepare a new one
//! every time.

use std::fmt::Write;

use super::{Result, Row, Tx, Value};

/// Lengths of statements in rows.
const LENGTHS: [usize; 4] = [256, 32, 8, 1];

/// Inserts `rows` into `table`, which is named with its columns; `tail` is what the statement ends in. Returns how many
/// were written.
pub(crate) async fn insert(tx: &mut Tx, table: &str, tail: &str, rows: Vec<Vec<Value>>) -> Result<u64> {
    let mut written = 0;
    let statements = Statements::new(table, tail, rows, tx.numbers_parameters());
    for (sql, values) in statements {
        written += tx.run(sql, values).await?;
    }
    Ok(written)
}

/// As [`insert`]; returns what the statement returns.
pub(crate) async fn insert_returning(tx: &mut Tx, table: &str, tail: &str, rows: Vec<Vec<Value>>) -> Result<Vec<Row>> {
    let mut answers = Vec::new();
    let statements = Statements::new(table, tail, rows, tx.numbers_parameters());
    for (sql, values) in statements {
        answers.extend(tx.rows(sql, values).await?);
    }
    Ok(answers)
}

/// The statements that insert many rows.
struct Statements<'a> {
    table: &'a str,
    tail: &'a str,
    width: usize,
    rows: std::vec::IntoIter<Vec<Value>>,
    numbered: bool,
}

impl<'a> Statements<'a> {
    fn new(table: &'a str, tail: &'a str, rows: Vec<Vec<Value>>, numbered: bool) -> Self {
        let width = rows.first().map_or(0, Vec::len);
        Statements { table, tail, width, rows: rows.into_iter(), numbered }
    }
}

impl Iterator for Statements<'_> {
    type Item = (String, Vec<Value>);

    fn next(&mut self) -> Option<Self::Item> {
        let length = LENGTHS.into_iter().find(|length| *length <= self.rows.len())?;
        let mut values = Vec::with_capacity(length * self.width);
        values.extend(self.rows.by_ref().take(length).flatten());
        Some((statement(self.table, self.tail, length, self.width, self.numbered), values))
    }
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
