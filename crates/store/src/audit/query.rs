//! Reading the audit.

use crate::Result;
use crate::db::{Db, Filter, Row, values};

/// A change, as it is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Its number: later changes have larger ones.
    pub id: i64,
    /// When, milliseconds since 1970.
    pub changed_at: i64,
    /// By whom, or on whose behalf.
    pub changed_by: Option<String>,
    /// Hash of the key that was used; empty for the master key and for the gateway itself.
    pub key_hash: String,
    /// `created`, `updated`, `deleted`, or what it means beyond that.
    pub action: String,
    /// Kind of the object, or `spend`.
    pub kind: String,
    /// Which one.
    pub object_id: String,
    /// JSON without secrets; `None` if it was not there.
    pub before: Option<String>,
    /// JSON without secrets; `None` if it is not there any more.
    pub after: Option<String>,
}

/// Which changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub changed_by: Option<String>,
    /// With which key.
    pub key_hash: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// What kind of object it was done to.
    pub kind: Option<String>,
    /// Which one.
    pub object_id: Option<String>,
    /// From then on, milliseconds since 1970.
    pub from: Option<i64>,
    /// Before then.
    pub to: Option<i64>,
}

const COLUMNS: &str = "id, changed_at, changed_by, key_hash, action, kind, object_id, value_before, value_after";

/// Changes, newest first: `most` of them behind the first `skip`; and how many there are, counted up to `bound`.
pub(crate) async fn list(db: &Db, filter: &AuditFilter, skip: i64, most: i64, bound: i64) -> Result<(Vec<Audit>, i64)> {
    let all = db.count("lockgate_audit", conditions(filter), bound).await?;
    let mut conditions = conditions(filter);
    let (most, skip) = (conditions.value(most), conditions.value(skip));
    let sql =
        format!("SELECT {COLUMNS} FROM lockgate_audit{} ORDER BY id DESC LIMIT {most} OFFSET {skip}", conditions.sql());
    let rows = db.rows(sql, conditions.into_values()).await?;
    Ok((rows.iter().map(read).collect::<Result<_>>()?, all))
}

/// One change.
pub(crate) async fn find(db: &Db, id: i64) -> Result<Option<Audit>> {
    let sql = format!("SELECT {COLUMNS} FROM lockgate_audit WHERE id = $1");
    db.rows(sql, values![id]).await?.first().map(read).transpose()
}

fn conditions(filter: &AuditFilter) -> Filter {
    let mut conditions = Filter::default();
    conditions.and_if("changed_by = {}", filter.changed_by.as_deref());
    conditions.and_if("key_hash = {}", filter.key_hash.as_deref());
    conditions.and_if("action = {}", filter.action.as_deref());
    conditions.and_if("kind = {}", filter.kind.as_deref());
    conditions.and_if("object_id = {}", filter.object_id.as_deref());
    conditions.and_if("changed_at >= {}", filter.from);
    conditions.and_if("changed_at < {}", filter.to);
    conditions
}

fn read(row: &Row) -> Result<Audit> {
    Ok(Audit {
        id: row.int(0)?,
        changed_at: row.int(1)?,
        changed_by: row.maybe_text(2)?,
        key_hash: row.text(3)?,
        action: row.text(4)?,
        kind: row.text(5)?,
        object_id: row.text(6)?,
        before: row.maybe_text(7)?,
        after: row.maybe_text(8)?,
    })
}
