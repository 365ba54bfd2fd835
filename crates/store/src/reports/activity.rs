//! Sums from the daily roll-ups, by any of their columns.

use super::{Metrics, rolled};
use crate::Result;
use crate::db::{Db, Filter};
use crate::ledger::DAILY_SUMS;

/// Whose activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// Everybody's together; also that of single keys.
    #[default]
    Gateway,
    /// Users'.
    User,
    /// Teams'.
    Team,
    /// Organizations'.
    Organization,
    /// Customers'.
    Customer,
    /// Tags'.
    Tag,
}

impl Of {
    pub(super) fn name(self) -> &'static str {
        match self {
            Of::Gateway => "gateway",
            Of::User => "user",
            Of::Team => "team",
            Of::Organization => "organization",
            Of::Customer => "customer",
            Of::Tag => "tag",
        }
    }
}

/// What is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Days.
    Day,
    /// Users, teams, or whatever [`Of`] says.
    Id,
    /// Keys, by hash.
    Key,
    /// Names that were asked for.
    ModelGroup,
    /// Models as `provider/model`.
    Model,
    /// Providers.
    Provider,
    /// Kinds of calls: `acompletion`.
    CallType,
}

impl By {
    /// The column, which is also what a table calls it.
    pub fn name(self) -> &'static str {
        match self {
            By::Day => "day",
            By::Id => "id",
            By::Key => "key_hash",
            By::ModelGroup => "model_group",
            By::Model => "model",
            By::Provider => "provider",
            By::CallType => "call_type",
        }
    }
}

/// Which activity. What is not set does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Whose.
    pub of: Of,
    /// Of these users, teams, or whatever `of` says.
    pub ids: Option<Vec<String>>,
    /// With these keys, by hash.
    pub keys: Option<Vec<String>>,
    /// The name that was asked for, or the model as `provider/model`.
    pub model: Option<String>,
    /// From this day on: `2026-11-28`.
    pub from: Option<String>,
    /// Up to the end of this day.
    pub to: Option<String>,
    /// Of what is told apart beside days, only what is called this.
    pub named: Option<Vec<String>>,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The names, from small to large.
    Names,
    /// The names, from large to small: the newest day.
    NamesDown,
    /// The largest spend.
    Spend,
}

/// A sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// What it is of, one name for each [`By`].
    pub names: Vec<String>,
    /// The sums.
    pub metrics: Metrics,
}

/// Sums by `by`, `most` of them; one if nothing is told apart.
pub(super) async fn list(
    db: &Db,
    filter: &ActivityFilter,
    by: &[By],
    order: Order,
    most: i64,
) -> Result<Vec<Activity>> {
    let sums = DAILY_SUMS.map(|column| format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT)"));
    let names: Vec<&str> = by.iter().map(|by| by.name()).collect();
    let columns: Vec<&str> = names.iter().copied().chain(sums.iter().map(String::as_str)).collect();
    let mut conditions = Filter::default();
    let source = match rolled::source(db, filter, by, &mut conditions).await? {
        Some(source) => source,
        None => {
            conditions = self::conditions(filter, by);
            format!("lockgate_daily{}", conditions.sql())
        }
    };
    let most = conditions.value(most);
    let mut sql = format!("SELECT {} FROM {source}", columns.join(", "));
    if !by.is_empty() {
        let down = |names: &[&str]| names.iter().map(|name| format!("{name} DESC")).collect::<Vec<_>>().join(", ");
        let all = names.join(", ");
        let order = match order {
            Order::Names => all.clone(),
            Order::NamesDown => down(&names),
            Order::Spend => format!("SUM(spend_nanousd) DESC, {all}"),
        };
        sql.push_str(&format!(" GROUP BY {all} ORDER BY {order}"));
    }
    sql.push_str(&format!(" LIMIT {most}"));
    let rows = db.rows(sql, conditions.into_values()).await?;
    let read = |row: &crate::db::Row| {
        let names: Result<Vec<String>> = (0..by.len()).map(|column| row.text(column)).collect();
        Ok(Activity { names: names?, metrics: Metrics::read(row, by.len())? })
    };
    rows.iter().map(read).collect()
}

fn conditions(filter: &ActivityFilter, by: &[By]) -> Filter {
    let mut conditions = Filter::default();
    // Written out, so that the databases see that an index of single keys serves.
    conditions.and_plain(&format!("kind = '{}'", filter.of.name()));
    if let Some(told) = by.iter().find(|by| **by != By::Day) {
        conditions.and_any(told.name(), filter.named.as_deref());
    }
    conditions.and_any("id", filter.ids.as_deref());
    conditions.and_any("key_hash", filter.keys.as_deref());
    conditions.and_if("model_group = {} OR model = {}", filter.model.as_deref());
    conditions.and_if("day >= {}", filter.from.as_deref());
    conditions.and_if("day <= {}", filter.to.as_deref());
    conditions
}
