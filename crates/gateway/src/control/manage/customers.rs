//! Customers: whom the applications serve that call us.

use serde_json::{Value, json};
use store::records::Customer;
use store::{Directory, Held, Kind};

use super::draft::Draft;
use super::form::{Field, Form, Reads, Takes, optional, required};
use super::moment;
use super::people::bounds_row;
use super::record::{ALLOWANCE, blank, filled, missing, touched};
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::spend::Spend;
use super::visit::{Answer, Visit, answer};

const FIELDS: &[Field] = &[
    required("user_id", Takes::Name),
    optional("alias", Takes::Name),
    optional("blocked", Takes::Flag),
    optional("default_model", Takes::Text),
    optional("models", Takes::TEXTS),
    optional("allowed_model_region", Takes::OneOf(&["eu", "us"])),
    optional("object_permission", Takes::Map),
];
const IDS: &[Field] = &[required("user_ids", Takes::NAMES)];

/// What `create` and `update` read.
pub const CHANGE_FORM: Reads = Reads::Body(&[FIELDS, ALLOWANCE]);

/// The customer whom a form names, and what it says about them.
fn named(visit: &Visit) -> Result<(String, Form)> {
    let mut form = visit.form()?;
    let id = form.needed("user_id").to_owned();
    form.take("user_id");
    Ok((id, form))
}

/// `POST /customer/new`
pub async fn create(visit: Visit) -> Answer {
    let (id, form) = named(&visit)?;
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            if draft.find::<Customer>(&id).is_some() {
                let message = format!("Customer already exists, passed user_id={id}. Please pass a new user_id.");
                return Err(Refusal::bad_param("user_id", message));
            }
            let customer = filled(draft, &blank(draft), form.clone(), &[])?;
            draft.create(&id, &customer)?;
            Ok(row(&id, &customer, draft.directory, draft.spend))
        })
        .await?;
    answer(row)
}

/// `POST /customer/update`
pub async fn update(visit: Visit) -> Answer {
    let (id, form) = named(&visit)?;
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(draft, &id)?;
            let after = filled(draft, &touched(draft, &*held.record), form.clone(), &[])?;
            draft.replace(&id, held, &after)?;
            Ok(row(&id, &after, draft.directory, draft.spend))
        })
        .await?;
    answer(row)
}

fn find<'d>(draft: &Draft<'d>, id: &str) -> Result<&'d Held<Customer>> {
    draft.find::<Customer>(id).ok_or_else(|| missing(Kind::Customer, "user_id", id))
}

/// What `delete`, `block` and `unblock` read.
pub const IDS_FORM: Reads = Reads::Body(&[IDS]);

/// `POST /customer/delete`: all of those who are named, or none.
pub async fn delete(visit: Visit) -> Answer {
    let ids = visit.form()?.texts("user_ids").unwrap_or_default();
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            for id in &ids {
                let held = find(draft, id)?;
                draft.remove(id, held)?;
            }
            Ok(())
        })
        .await?;
    let message = format!("Successfully deleted customers with ids: {ids:?}");
    answer(json!({ "deleted_customers": ids.len(), "message": message }))
}

/// `POST /customer/block`: also those of whom nothing is known yet.
pub async fn block(visit: Visit) -> Answer {
    set_blocked(visit, true).await
}

/// `POST /customer/unblock`
pub async fn unblock(visit: Visit) -> Answer {
    set_blocked(visit, false).await
}

async fn set_blocked(visit: Visit, blocked: bool) -> Answer {
    let mut ids = visit.form()?.texts("user_ids").unwrap_or_default();
    ids.sort();
    ids.dedup();
    let rows = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            draft.action = Some(if blocked { "blocked" } else { "unblocked" });
            let mut rows = Vec::new();
            for id in &ids {
                let customer = match draft.find::<Customer>(id) {
                    Some(held) => {
                        let customer = Customer { blocked, ..touched(draft, &held.record) };
                        draft.replace(id, held, &customer)?;
                        customer
                    }
                    None if !blocked => return Err(missing(Kind::Customer, "user_ids", id)),
                    None => {
                        let customer = Customer { blocked, ..blank(draft) };
                        draft.create(id, &customer)?;
                        customer
                    }
                };
                rows.push(row(id, &customer, draft.directory, draft.spend));
            }
            Ok(rows)
        })
        .await?;
    answer(json!({ "blocked_users": rows }))
}

/// What `info` reads.
pub const INFO_FORM: Reads = Reads::Query(&[&[required("end_user_id", Takes::Text)]]);

/// `GET /customer/info`
pub async fn info(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("end_user_id");
    let row = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let held = directory.customers.get(id).ok_or_else(|| missing(Kind::Customer, "end_user_id", id))?;
        Ok(row(id, &held.record, directory, &visit.spend))
    })?;
    answer(row)
}

/// `GET /customer/list`
pub async fn list(visit: Visit) -> Answer {
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let mut all: Vec<_> = directory.customers.iter().collect();
        all.sort_by_key(|(id, held)| (held.record.origin.created_at, (*id).clone()));
        Ok(all.into_iter().map(|(id, held)| row(id, &held.record, directory, &visit.spend)).collect::<Vec<_>>())
    })?;
    answer(json!(rows))
}

/// A customer as a row of the incumbent's table.
fn row(id: &str, customer: &Customer, directory: &Directory, spend: &Spend) -> Value {
    json!({
        "user_id": id,
        "alias": customer.alias,
        "blocked": customer.blocked,
        "spend": spend.of(&format!("customer:{id}"), &customer.allowance, directory),
        "allowed_model_region": customer.allowed_model_region,
        "default_model": customer.default_model,
        "models": customer.models,
        "budget_id": customer.allowance.budget_id,
        "litellm_budget_table": bounds_row(directory, &customer.allowance, &customer.origin, spend),
        "object_permission_id": null,
        "object_permission": customer.extra.get("object_permission"),
        "created_at": moment::shown(customer.origin.created_at),
        "updated_at": moment::shown(customer.origin.updated_at),
    })
}
