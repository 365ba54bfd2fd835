//! A row of an answer, read by position.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Type};

use super::Result;

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// A whole number.
    pub fn int(&self, column: usize) -> Result<i64> {
        self.get(column)
    }

    /// A whole number that may be missing.
    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>> {
        self.get(column)
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<String> {
        self.get(column)
    }

    /// A text that may be missing.
    pub fn maybe_text(&self, column: usize) -> Result<Option<String>> {
        self.get(column)
    }

    fn get<T>(&self, column: usize) -> Result<T>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite>,
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
    {
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            Row::Postgres(row) => row.try_get(column)?,
        })
    }
}
