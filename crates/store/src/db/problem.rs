//! What can go wrong with the database, as far as somebody can act on it.

use std::fmt;

/// The result of an access to the store.
pub type Result<T> = std::result::Result<T, Problem>;

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The database is away, too slow, or refuses to write: the same access may work later.
    Away(String),
    /// Somebody else changed the object first, or it exists already, or not any more.
    Conflict(String),
    /// The database does not understand us: a defect, or a schema that is not ours.
    Broken(String),
}

impl Problem {
    /// The database did not answer in time.
    pub(crate) fn late() -> Self {
        Problem::Away("the database did not answer in time".to_owned())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Problem::Away(why) | Problem::Conflict(why) | Problem::Broken(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for Problem {}

/// Classes of SQLSTATE (two characters) that say that the database cannot do it now: no connection, serialization
/// failure or deadlock, resources, operator intervention, system error; and read-only, as a replica says it that was
/// the primary a moment ago.
const PASSING: [&str; 6] = ["08", "25", "40", "53", "57", "58"];
/// SQLite's primary result code for "busy".
const BUSY_SQLITE: i32 = 5;
/// SQLite's primary result codes of the same kind: busy, locked, read-only, I/O error, full, cannot open.
const PASSING_SQLITE: [i32; 6] = [BUSY_SQLITE, 6, 8, 10, 13, 14];

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                // SQLite's code is a number whose low byte is the primary code, Postgres' has five characters.
                let passing = match code.parse::<i32>() {
                    Ok(number) if code.len() != 5 => PASSING_SQLITE.contains(&(number & 0xff)),
                    _ => PASSING.iter().any(|class| code.starts_with(class)),
                };
                if passing { Problem::Away(text) } else { Problem::Broken(text) }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Problem::Away(text),
            _ => Problem::Broken(text),
        }
    }
}

/// Whether SQLite says that another connection is in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<i32>().ok()).is_some_and(|number| number & 0xff == BUSY_SQLITE)
}
