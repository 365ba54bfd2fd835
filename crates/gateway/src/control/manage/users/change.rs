//! Changes of users.

use serde_json::{Value, json};
use store::records::User;

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::people::{find_user, readdress};
use super::super::record::{ALLOWANCE, filled, missing, touched};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::visit::{Answer, Visit, answer};
use super::{FIELDS, THERE, may_give_role, row, stays_usual};
use crate::config::UserRules;

/// What users may change about themselves.
const OWN: [&str; 1] = ["user_alias"];
/// Most users that are changed at once.
const MOST: usize = 500;

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[FIELDS, THERE, ALLOWANCE]);

/// `POST /user/update`
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let management = visit.desk.live.management();
    let row = visit.change(|draft| revise(draft, form.clone(), &management.users)).await?;
    answer(json!({ "user_id": row["user_id"], "data": row }))
}

/// Plans a change of the user whom the form names, and says what the row will be.
fn revise(draft: &mut Draft, mut form: Form, rules: &UserRules) -> Result<Value> {
    let (id, email) = (form.text("user_id"), form.text("user_email"));
    let found = find_user(draft.directory, id, email);
    let (id, held) = found.ok_or_else(|| match (id, email) {
        (None, None) => Refusal::bad_param("user_id", "Either user_id or user_email must be provided"),
        (id, email) => missing(store::Kind::User, "user_id", id.or(email).unwrap_or_default()),
    })?;
    form.take("user_id");
    let own = form.fields().keys().all(|name| OWN.contains(&name.as_str()));
    let wish = if own { Wish::ChangeSelf(&id) } else { Wish::ManageUser(&id) };
    may(draft.actor, wish, draft.directory)?;
    may_give_role(draft.actor, &form)?;
    let before = &held.record;
    let user: User = filled(draft, &touched(draft, &**before), form, &[THERE])?;
    stays_usual(draft, rules, Some(before), &user)?;
    readdress(draft, &id, before.user_email.as_deref(), user.user_email.as_deref())?;
    draft.replace(&id, held, &user)?;
    Ok(Value::Object(row(&id, &user, draft.directory, draft.spend)))
}

const MANY: &[Field] = &[
    optional("users", Takes::ListOf(&Takes::Map)),
    optional("all_users", Takes::Flag),
    optional("user_updates", Takes::Map),
];

/// What `bulk_update` reads.
pub const BULK_UPDATE_FORM: Reads = Reads::Body(&[MANY]);

/// `POST /user/bulk_update`: each user on their own; what fails does not stop the others.
pub async fn bulk_update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let mut changes: Vec<Value> = form.get("users").and_then(Value::as_array).cloned().unwrap_or_default();
    if form.flag("all_users") == Some(true) {
        let updates = form.object("user_updates").cloned().unwrap_or_default();
        changes = visit.read(|directory| {
            may(&visit.actor, Wish::ManageAll, directory)?;
            Ok(directory
                .users
                .keys()
                .map(|id| {
                    let mut change = updates.clone();
                    change.insert("user_id".to_owned(), id.as_str().into());
                    Value::Object(change)
                })
                .collect())
        })?;
    }
    if changes.is_empty() || changes.len() > MOST {
        return Err(Refusal::bad(format!("between 1 and {MOST} users can be updated at once")));
    }
    let management = visit.desk.live.management();
    let (total, mut results, mut done) = (changes.len(), Vec::new(), 0);
    for change in changes {
        let (id, email) = (change["user_id"].clone(), change["user_email"].clone());
        let outcome = match Form::of(change, &[FIELDS, THERE, ALLOWANCE]) {
            Ok(form) => visit.change(|draft| revise(draft, form.clone(), &management.users)).await,
            Err(why) => Err(why),
        };
        done += usize::from(outcome.is_ok());
        let (error, updated) = match outcome {
            Ok(row) => (Value::Null, row),
            Err(why) => (why.message().into(), Value::Null),
        };
        results.push(json!({
            "user_id": id,
            "user_email": email,
            "success": error.is_null(),
            "error": error,
            "updated_user": updated,
        }));
    }
    answer(json!({
        "results": results,
        "total_requested": total,
        "successful_updates": done,
        "failed_updates": total - done,
    }))
}
