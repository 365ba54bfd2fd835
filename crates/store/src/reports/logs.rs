//! Single attempts, as the ledger has them.

use types::Usd;

use crate::db::{Db, Filter, values};
use crate::ledger::{ENTRY, TAG_MARK, entry};
use crate::{Entry, Result, Status};

/// Which attempts. What is not set does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Those of one of these: what somebody may see.
    pub within: Option<Vec<Owner>>,
    /// Hash of the key.
    pub key: Option<String>,
    /// Whose call it was.
    pub user_id: Option<String>,
    /// The team that paid.
    pub team_id: Option<String>,
    /// The organization that paid.
    pub organization_id: Option<String>,
    /// The customer it was for.
    pub customer_id: Option<String>,
    /// The name that was asked for, or the model as `provider/model`.
    pub model: Option<String>,
    /// How it ended.
    pub status: Option<Status>,
    /// Whether it brought no whole answer.
    pub failed: bool,
    /// The status that the caller got.
    pub code: Option<u16>,
    /// One of its tags.
    pub tag: Option<String>,
    /// A part of the kind or the message of its fault; ASCII letters are alike in both cases.
    pub text: Option<String>,
    /// The name that was asked for.
    pub model_group: Option<String>,
    /// Id of the attempt, or of the call.
    pub request_id: Option<String>,
    /// The session.
    pub session_id: Option<String>,
    /// Sent from then on, milliseconds since 1970.
    pub from: Option<i64>,
    /// Sent before then.
    pub to: Option<i64>,
    /// Cost at least this much.
    pub min_spend: Option<Usd>,
    /// Cost at most this much.
    pub max_spend: Option<Usd>,
    /// Took at least this long.
    pub min_duration_ms: Option<i64>,
    /// Took at most this long.
    pub max_duration_ms: Option<i64>,
}

/// Whose attempt it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A key, by its hash.
    Key(String),
    /// A user.
    User(String),
    /// A team.
    Team(String),
    /// An organization.
    Organization(String),
}

/// Which part of what is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// Behind this one.
    pub after: Option<Position>,
    /// How many are passed over: the cheaper way to go far is `after`.
    pub skip: i64,
    /// How many at the most.
    pub most: i64,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
}

/// The place of an attempt among the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// When it was sent.
    pub started_at: i64,
    /// Which one.
    pub attempt_id: String,
}

pub(super) const TABLE: &str = "lockgate_ledger";

/// Attempts, and where the next page begins.
pub(super) async fn list(db: &Db, filter: &LogFilter, page: &LogPage) -> Result<(Vec<Entry>, Option<Position>)> {
    let mut conditions = attempts(filter);
    let (than, order) = if page.oldest_first { (">", "ASC") } else { ("<", "DESC") };
    if let Some(after) = &page.after {
        let (started_at, attempt_id) = (conditions.value(after.started_at), conditions.value(&*after.attempt_id));
        conditions.and_plain(&format!("(started_at, attempt_id) {than} ({started_at}, {attempt_id})"));
    }
    let (most, skip) = (conditions.value(page.most), conditions.value(page.skip));
    let sql = format!(
        "SELECT started_at, {ENTRY} FROM {TABLE}{} ORDER BY started_at {order}, attempt_id {order}
         LIMIT {most} OFFSET {skip}",
        conditions.sql()
    );
    let rows = db.rows(sql, conditions.into_values()).await?;
    let last = rows.last().filter(|_| rows.len() as i64 == page.most);
    let last = last.map(|row| Ok::<_, crate::Problem>(Position { started_at: row.int(0)?, attempt_id: row.text(2)? }));
    let entries: Result<Vec<Option<Entry>>> = rows.iter().map(|row| entry(row, 1)).collect();
    Ok((entries?.into_iter().flatten().collect(), last.transpose()?))
}

/// How many there are, counted up to `bound`.
pub(super) async fn count(db: &Db, filter: &LogFilter, bound: i64) -> Result<i64> {
    db.count(TABLE, attempts(filter), bound).await
}

/// One attempt.
pub(super) async fn find(db: &Db, attempt_id: &str) -> Result<Option<Entry>> {
    let rows = db.rows(format!("SELECT {ENTRY} FROM {TABLE} WHERE attempt_id = $1"), values![attempt_id]).await?;
    rows.first().map_or(Ok(None), |row| entry(row, 0))
}

/// Attempts alone: what stands for a call that had none is no attempt.
fn attempts(filter: &LogFilter) -> Filter {
    let mut conditions = conditions(filter);
    conditions.and_plain("is_attempt = 1");
    conditions
}

pub(super) fn conditions(filter: &LogFilter) -> Filter {
    let mut conditions = Filter::default();
    if let Some(owners) = &filter.within {
        within(&mut conditions, owners);
    }
    conditions.and_if("key_hash = {}", filter.key.as_deref());
    conditions.and_if("user_id = {}", filter.user_id.as_deref());
    conditions.and_if("team_id = {}", filter.team_id.as_deref());
    conditions.and_if("organization_id = {}", filter.organization_id.as_deref());
    conditions.and_if("customer_id = {}", filter.customer_id.as_deref());
    conditions.and_if("model_group = {} OR model = {}", filter.model.as_deref());
    conditions.and_if("model_group = {}", filter.model_group.as_deref());
    conditions.and_if("status = {}", filter.status.map(Status::name));
    if filter.failed {
        conditions.and_plain("status <> 'success'");
    }
    conditions.and_if("code = {}", filter.code.map(i64::from));
    conditions.and_if(
        "tags LIKE {} ESCAPE '!'",
        filter.tag.as_deref().map(|tag| part(&format!("{TAG_MARK}{tag}{TAG_MARK}"))),
    );
    conditions
        .and_if("LOWER(fault) LIKE {} ESCAPE '!'", filter.text.as_deref().map(|text| part(&text.to_ascii_lowercase())));
    // Most calls have their first attempt's id: an index has the others.
    let by_id = "attempt_id = {} OR call_id = {} AND call_id <> attempt_id";
    conditions.and_if(by_id, filter.request_id.as_deref());
    conditions.and_if("session_id = {}", filter.session_id.as_deref());
    conditions.and_if("started_at >= {}", filter.from);
    conditions.and_if("started_at < {}", filter.to);
    conditions.and_if("cost_nanousd >= {}", filter.min_spend.map(Usd::nanos));
    conditions.and_if("cost_nanousd <= {}", filter.max_spend.map(Usd::nanos));
    conditions.and_if("duration_ms >= {}", filter.min_duration_ms);
    conditions.and_if("duration_ms <= {}", filter.max_duration_ms);
    conditions
}

/// A pattern for texts that hold `text`, whatever is in it.
fn part(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern + "%"
}

impl Owner {
    /// The column that names it, and its name.
    pub(super) fn column(&self) -> (&'static str, &str) {
        match self {
            Owner::Key(id) => ("key_hash", id),
            Owner::User(id) => ("user_id", id),
            Owner::Team(id) => ("team_id", id),
            Owner::Organization(id) => ("organization_id", id),
        }
    }
}

fn within(conditions: &mut Filter, owners: &[Owner]) {
    let columns = owners.iter().map(Owner::column);
    let any: Vec<String> = columns.map(|(column, id)| format!("{column} = {}", conditions.value(id))).collect();
    match any.is_empty() {
        true => conditions.and_plain("1 = 0"),
        false => conditions.and_plain(&any.join(" OR ")),
    }
}
