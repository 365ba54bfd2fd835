//! A transaction. Dropping it without a commit undoes it.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction, query_with, raw_sql};
use tokio::time::timeout;

use super::{Problem, Result, Row, Value, value};

/// A transaction.
pub(crate) struct Tx {
    session: Session,
    deadline: Duration,
}

enum Session {
    /// Dropping it undoes everything.
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Lease),
}

/// A connection to Postgres within a transaction. Dropping it closes the connection, which undoes everything, also
/// when the database does not answer any more.
struct Lease(Option<PoolConnection<Postgres>>);

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.0.take().map(PoolConnection::detach));
    }
}

impl Lease {
    fn connection(&mut self) -> Result<&mut PoolConnection<Postgres>> {
        self.0.as_mut().ok_or_else(|| Problem::Broken("the transaction is over".to_owned()))
    }

    /// A statement without values, which Postgres takes without preparing it.
    async fn say(&mut self, sql: &'static str, deadline: Duration) -> Result<()> {
        let said = timeout(deadline, raw_sql(sql).execute(&mut **self.connection()?)).await;
        said.map_err(|_| Problem::late())?.map(drop).map_err(Problem::from)
    }
}

impl Tx {
    pub(super) fn sqlite(transaction: Transaction<'static, Sqlite>, deadline: Duration) -> Self {
        Tx { session: Session::Sqlite(transaction), deadline }
    }

    pub(super) async fn postgres(connection: PoolConnection<Postgres>, deadline: Duration) -> Result<Self> {
        let mut lease = Lease(Some(connection));
        // A replica that stands still in the middle must not hold the others up for ever.
        lease.say("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '20s'", deadline).await?;
        Ok(Tx { session: Session::Postgres(lease), deadline })
    }

    /// The rows that a statement answers; none if it only writes.
    pub async fn rows(&mut self, sql: impl Into<String>, values: Vec<Value>) -> Result<Vec<Row>> {
        let sql = AssertSqlSafe(sql.into());
        match &mut self.session {
            Session::Sqlite(transaction) => {
                let rows = query_with(sql, value::sqlite(values)?).fetch_all(&mut **transaction);
                let rows = timeout(self.deadline, rows).await.map_err(|_| Problem::late())??;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Session::Postgres(lease) => {
                let rows = query_with(sql, value::postgres(values)?).fetch_all(&mut **lease.connection()?);
                let rows = timeout(self.deadline, rows).await.map_err(|_| Problem::late())??;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Runs a statement that answers nothing; how many rows it wrote.
    pub async fn run(&mut self, sql: impl Into<String>, values: Vec<Value>) -> Result<u64> {
        let sql = AssertSqlSafe(sql.into());
        match &mut self.session {
            Session::Sqlite(transaction) => {
                let done = query_with(sql, value::sqlite(values)?).execute(&mut **transaction);
                Ok(timeout(self.deadline, done).await.map_err(|_| Problem::late())??.rows_affected())
            }
            Session::Postgres(lease) => {
                let done = query_with(sql, value::postgres(values)?).execute(&mut **lease.connection()?);
                Ok(timeout(self.deadline, done).await.map_err(|_| Problem::late())??.rows_affected())
            }
        }
    }

    /// Whether the database wants the parameters of a statement numbered.
    pub(super) fn numbers_parameters(&self) -> bool {
        matches!(self.session, Session::Postgres(_))
    }

    /// Makes everything lasting. An error may come although it is: whoever does it again must be able to.
    pub async fn commit(self) -> Result<()> {
        match self.session {
            Session::Sqlite(transaction) => {
                timeout(self.deadline, transaction.commit()).await.map_err(|_| Problem::late())?.map_err(Problem::from)
            }
            Session::Postgres(mut lease) => {
                lease.say("COMMIT", self.deadline).await?;
                // Back to the pool.
                drop(lease.0.take());
                Ok(())
            }
        }
    }
}
