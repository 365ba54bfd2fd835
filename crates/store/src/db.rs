//! One way to speak SQL to SQLite and to Postgres: the same text, whole numbers and texts as values, a deadline on
//! everything. SQL texts number their parameters (`$1`), which both databases understand.

mod filter;
mod insert;
mod problem;
mod row;
mod tx;
mod url;
mod value;

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Postgres, query, query_with};
use tokio::time::{sleep, timeout};

pub(crate) use filter::Filter;
pub(crate) use insert::{insert, insert_returning};
use problem::is_busy;
pub use problem::{Problem, Result};
pub(crate) use row::Row;
pub(crate) use tx::Tx;
pub use url::StoreUrl;
pub(crate) use value::{Value, values};

/// Connections to Postgres per replica.
const POSTGRES_CONNECTIONS: u32 = 8;
/// Connections that read a SQLite file while another one writes.
const SQLITE_READERS: u32 = 4;
/// How long a statement may wait for another one that writes to the SQLite file.
const BUSY: Duration = Duration::from_secs(5);
/// How often those that start together on one database may get into each other's way.
pub(crate) const TRIES: u32 = 10;
/// How long they then wait: this long the first time, twice as long the second time, and so on.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a page of a new SQLite file: rows of the ledger take about one kilobyte.
const SQLITE_PAGE: u32 = 8192;
/// What the connection that writes keeps in memory, in KiB with a minus: the ends of all indexes, where they grow.
const SQLITE_CACHE: &str = "-32768";
/// Pages that gather in SQLite's log before they go into the file: those that change often go there once.
const SQLITE_LOG: &str = "4096";

/// A database.
#[derive(Clone)]
pub(crate) struct Db {
    pools: Pools,
    /// How long a connection, a statement or a commit may take.
    deadline: Duration,
}

#[derive(Clone)]
enum Pools {
    /// SQLite takes one writer at a time: a second one would only wait for the first.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

impl Db {
    /// Prepares connections without making one: a database that is away now may be back later.
    pub fn new(url: &StoreUrl, deadline: Duration) -> Self {
        let pools = match url {
            StoreUrl::Sqlite(options) => {
                let options = SqliteConnectOptions::clone(options).create_if_missing(true).busy_timeout(BUSY);
                // What is booked is taken off the spool: a commit must outlive the loss of power.
                let options = options.synchronous(SqliteSynchronous::Full);
                let options = options.page_size(SQLITE_PAGE).pragma("wal_autocheckpoint", SQLITE_LOG);
                let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(deadline);
                let write = pool(1).connect_lazy_with(options.clone().pragma("cache_size", SQLITE_CACHE));
                Pools::Sqlite { write, read: pool(SQLITE_READERS).connect_lazy_with(options) }
            }
            StoreUrl::Memory => {
                // The data is the connection's: it must be one, and never be closed.
                let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                let write = pool.connect_lazy_with(SqliteConnectOptions::new().in_memory(true));
                Pools::Sqlite { read: write.clone(), write }
            }
            StoreUrl::Postgres(options) => {
                let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(deadline);
                Pools::Postgres(pool.connect_lazy_with(PgConnectOptions::clone(options)))
            }
        };
        Db { pools, deadline }
    }

    /// Whether the database is a file, worked on by threads of this process.
    pub fn is_file(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Makes a file one whose readers and writer do not hold each other up; it stays so. Connections that do this at
    /// once would wait for each other, so that SQLite refuses all of them but one, without the patience that it has
    /// for everything else: they must come again.
    pub async fn prepare(&self) -> Result<()> {
        let Pools::Sqlite { write, .. } = &self.pools else { return Ok(()) };
        let mut tried = 0;
        loop {
            match timeout(self.deadline, query("PRAGMA journal_mode = WAL").execute(write)).await {
                Ok(Err(error)) if is_busy(&error) && tried < TRIES => tried += 1,
                Ok(result) => return Ok(result.map(|_| ())?),
                Err(_) => return Err(Problem::late()),
            }
            sleep(PAUSE * tried).await;
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// The rows that a single statement answers.
    pub async fn rows(&self, sql: impl Into<String>, values: Vec<Value>) -> Result<Vec<Row>> {
        let sql = AssertSqlSafe(sql.into());
        match &self.pools {
            Pools::Sqlite { read, .. } => {
                let arguments = value::sqlite(values)?;
                let rows = timeout(self.deadline, query_with(sql, arguments).fetch_all(read));
                Ok(rows.await.map_err(|_| Problem::late())??.into_iter().map(Row::Sqlite).collect())
            }
            Pools::Postgres(pool) => {
                let arguments = value::postgres(values)?;
                let mut connection = pool.acquire().await?;
                let rows = timeout(self.deadline, query_with(sql, arguments).fetch_all(&mut *connection)).await;
                Ok(settle(connection, rows)?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// How many rows of `table` meet `filter`, counted up to `most`.
    pub async fn count(&self, table: &str, mut filter: Filter, most: i64) -> Result<i64> {
        let most = filter.value(most);
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table}{} LIMIT {most}) AS counted", filter.sql());
        self.rows(sql, filter.into_values()).await?.first().map_or(Ok(0), |row| row.int(0))
    }

    /// Begins a transaction that will write.
    pub async fn begin(&self) -> Result<Tx> {
        match &self.pools {
            // A transaction that begins to write in its middle cannot wait for its turn: it would fail.
            Pools::Sqlite { write, .. } => {
                let begun = timeout(self.deadline, write.begin_with("BEGIN IMMEDIATE"));
                Ok(Tx::sqlite(begun.await.map_err(|_| Problem::late())??, self.deadline))
            }
            Pools::Postgres(pool) => Tx::postgres(pool.acquire().await?, self.deadline).await,
        }
    }
}

/// The result of a statement. A connection whose statement did not come back is closed instead of being returned to
/// the pool: it may be dead, and would keep its place there until the operating system notices.
fn settle<T>(
    connection: PoolConnection<Postgres>,
    result: std::result::Result<sqlx::Result<T>, tokio::time::error::Elapsed>,
) -> Result<T> {
    match result {
        Ok(result) => Ok(result?),
        Err(_) => {
            drop(connection.detach());
            Err(Problem::late())
        }
    }
}
