//! Addresses of databases, as operators write them.

use std::path::Path;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

/// Where the store is.
#[derive(Clone)]
pub enum StoreUrl {
    /// A file.
    Sqlite(Box<SqliteConnectOptions>),
    /// SQLite that lasts as long as the process.
    Memory,
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

impl StoreUrl {
    /// Reads `sqlite://path`, `sqlite::memory:`, `postgres://...` or `postgresql://...`. Parameters that only
    /// the incumbent's driver knows (`connection_limit`, `pool_timeout`, `schema=public`) are passed over.
    pub fn parse(url: &str) -> Result<Self, String> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            _ if MEMORY.contains(&url) => Ok(StoreUrl::Memory),
            Some("sqlite") => {
                let options = SqliteConnectOptions::from_str(url).map_err(|error| error.to_string())?;
                Ok(StoreUrl::Sqlite(Box::new(options)))
            }
            Some("postgres" | "postgresql") => {
                let options = PgConnectOptions::from_str(&without_foreign(url)).map_err(|error| error.to_string())?;
                Ok(StoreUrl::Postgres(Box::new(options.application_name("lockgate"))))
            }
            _ => Err("it must begin with sqlite:// or postgres://".to_owned()),
        }
    }

    /// A SQLite file.
    pub fn file(path: &Path) -> Self {
        StoreUrl::Sqlite(Box::new(SqliteConnectOptions::new().filename(path)))
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            StoreUrl::Sqlite(options) => Some(options.get_filename()),
            StoreUrl::Memory | StoreUrl::Postgres(_) => None,
        }
    }
}

/// How people write a database that is gone when the process ends.
const MEMORY: [&str; 2] = ["sqlite::memory:", "sqlite://:memory:"];

/// Parameters of the incumbent's database driver that mean nothing to ours.
const FOREIGN: [&str; 7] =
    ["connection_limit", "pool_timeout", "schema", "pgbouncer", "connect_timeout", "socket_timeout", "sslaccept"];

fn without_foreign(url: &str) -> String {
    let Some((address, query)) = url.split_once('?') else { return url.to_owned() };
    let ours = |pair: &&str| !FOREIGN.contains(&pair.split('=').next().unwrap_or_default());
    let kept: Vec<&str> = query.split('&').filter(ours).collect();
    if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_operators_write_them() {
        assert!(matches!(StoreUrl::parse("sqlite::memory:"), Ok(StoreUrl::Memory)));
        assert_eq!(StoreUrl::parse("sqlite:///srv/lockgate.db").unwrap().path(), Some(Path::new("/srv/lockgate.db")));
        assert_eq!(StoreUrl::parse("sqlite://lockgate.db").unwrap().path(), Some(Path::new("lockgate.db")));
        let foreign = "postgresql://me:secret@db.example:5433/gate?connection_limit=10&sslmode=disable&schema=public";
        assert!(matches!(StoreUrl::parse(foreign), Ok(StoreUrl::Postgres(_))));
        assert!(StoreUrl::parse("mysql://db.example/gate").is_err());
        assert!(StoreUrl::parse("lockgate.db").is_err());
    }

    #[test]
    fn parameters_of_the_incumbents_driver_are_passed_over() {
        assert_eq!(without_foreign("postgres://a/b"), "postgres://a/b");
        assert_eq!(without_foreign("postgres://a/b?schema=public&pool_timeout=60"), "postgres://a/b");
        assert_eq!(without_foreign("postgres://a/b?pgbouncer=true&sslmode=require"), "postgres://a/b?sslmode=require");
    }
}
