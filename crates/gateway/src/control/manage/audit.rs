//! The audit: who changed what, from what to what.

use serde_json::{Value, json};
use store::{Audit, AuditFilter};

use super::form::{Field, Reads, Takes, optional};
use super::moment;
use super::page::PAGE;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};

/// Most changes that are counted: whoever has more pages narrows them down.
const BOUND: i64 = 10_000;
/// Most changes of a page.
const LARGEST: u64 = 100;

/// The incumbent's names of tables, and ours of kinds.
const TABLES: [(&str, &str); 16] = [
    ("LiteLLM_VerificationToken", "key"),
    ("LiteLLM_DeprecatedVerificationToken", "retired_key"),
    ("LiteLLM_UserTable", "user"),
    ("LiteLLM_TeamTable", "team"),
    ("LiteLLM_TeamMembership", "team_member"),
    ("LiteLLM_ProjectTable", "project"),
    ("LiteLLM_OrganizationTable", "organization"),
    ("LiteLLM_OrganizationMembership", "organization_member"),
    ("LiteLLM_EndUserTable", "customer"),
    ("LiteLLM_TagTable", "tag"),
    ("LiteLLM_BudgetTable", "budget"),
    ("LiteLLM_ProxyModelTable", "model"),
    ("LiteLLM_CredentialsTable", "credential"),
    ("LiteLLM_PassThroughTable", "pass_through"),
    ("LiteLLM_Config", "setting"),
    ("LiteLLM_GuardrailsTable", store::GUARDRAIL),
];

const FILTERS: &[Field] = &[
    optional("changed_by", Takes::Text),
    optional("changed_by_api_key", Takes::Text),
    optional("action", Takes::Text),
    optional("table_name", Takes::Text),
    optional("object_id", Takes::Text),
    optional("start_date", Takes::Moment),
    optional("end_date", Takes::Moment),
];

/// What `list` reads.
pub const LIST_FORM: Reads = Reads::Query(&[FILTERS, PAGE]);

/// `GET /audit`: changes, newest first.
pub async fn list(visit: Visit) -> Answer {
    let form = visit.form()?;
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let text = |name: &str| form.text(name).map(str::to_owned);
    let filter = AuditFilter {
        changed_by: text("changed_by"),
        key_hash: text("changed_by_api_key"),
        action: text("action"),
        kind: form.text("table_name").map(|name| kind(name).to_owned()),
        object_id: text("object_id"),
        from: moment_of(form.get("start_date")),
        // The end is a part of what is asked for.
        to: moment_of(form.get("end_date")).map(|end| end.saturating_add(1)),
    };
    let size = form.count("page_size").or(form.count("size")).unwrap_or(10);
    if size > LARGEST {
        return Err(Refusal::bad_param("page_size", format!("a page has at most {LARGEST} rows")));
    }
    let page = form.count("page").unwrap_or(1);
    let skip = i64::try_from((page - 1).saturating_mul(size)).unwrap_or(i64::MAX);
    let (changes, total) = visit.store().audit(&filter, skip, size as i64, BOUND).await?;
    answer(json!({
        "audit_logs": changes.iter().map(row).collect::<Vec<_>>(),
        "total": total,
        "page": page,
        "page_size": size,
        "total_pages": (total as u64).div_ceil(size),
    }))
}

/// `GET /audit/{id}`
pub async fn one(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let missing = || Refusal::not_found("id", "Audit log not found");
    let id = visit.segment("id").parse().map_err(|_| missing())?;
    let found: Result<Audit> = visit.store().find_audit(id).await?.ok_or_else(missing);
    answer(row(&found?))
}

fn moment_of(value: Option<&Value>) -> Option<i64> {
    value.and_then(Value::as_i64)
}

fn kind(table: &str) -> &str {
    TABLES.iter().find(|(name, _)| *name == table).map_or(table, |(_, kind)| kind)
}

/// A change as a row of the incumbent's table.
fn row(change: &Audit) -> Value {
    let table = TABLES.iter().find(|(_, kind)| *kind == change.kind).map_or(change.kind.as_str(), |(name, _)| name);
    let json = |text: &Option<String>| -> Value {
        text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    json!({
        "id": change.id.to_string(),
        "updated_at": moment::shown(change.changed_at),
        "changed_by": change.changed_by,
        "changed_by_api_key": change.key_hash,
        "action": change.action,
        "table_name": table,
        "object_id": change.object_id,
        "before_value": json(&change.before),
        "updated_values": json(&change.after),
    })
}
