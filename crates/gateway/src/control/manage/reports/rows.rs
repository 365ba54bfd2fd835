//! Keys, users and tags by what they have spent.

use serde_json::{Value, json};
use store::reports::{ActivityFilter, By, Of, Order};

use super::super::form::{Field, Reads, Takes, optional};
use super::super::keys;
use super::super::page::Page;
use super::super::rights::{Wish, may};
use super::super::users;
use super::super::visit::{Answer, Visit, answer};
use super::{DATES, MOST, days, must_see_all};

const WHO: &[Field] = &[optional("user_id", Takes::Text)];

/// `GET /spend/keys`: those that the caller may see, the dearest first.
pub async fn keys(visit: Visit) -> Answer {
    let rows = visit.read(|directory| {
        let kept = directory.keys.iter().filter(|(_, held)| held.record.session.is_none());
        let seen = kept.filter(|(id, held)| may(&visit.actor, Wish::SeeKey(id, &held.record), directory).is_ok());
        let rows = seen.map(|(id, held)| {
            let mut row = keys::row(id, &held.record, directory, &visit.spend);
            row.insert("token".to_owned(), id.as_str().into());
            row
        });
        Page::of(rows, &Default::default(), 1000, "spend")
    })?;
    answer(json!(rows.rows))
}

/// What `users` reads.
pub const USER_ROWS_FORM: Reads = Reads::Query(&[WHO]);

/// `GET /spend/users`: those that the caller may see, the dearest first.
pub async fn users(visit: Visit) -> Answer {
    let form = visit.form()?;
    let rows = visit.read(|directory| {
        let wanted = |id: &str| form.text("user_id").is_none_or(|wanted| wanted == id);
        let seen = directory.users.iter().filter(|(id, _)| wanted(id));
        let seen = seen.filter(|(id, _)| may(&visit.actor, Wish::SeeUser(id), directory).is_ok());
        let rows = seen.map(|(id, held)| users::row(id, &held.record, directory, &visit.spend));
        Page::of(rows, &Default::default(), 1000, "spend")
    })?;
    answer(json!(rows.rows))
}

/// What `tags` reads.
pub const TAG_ROWS_FORM: Reads = Reads::Query(&[DATES]);

/// `GET /spend/tags`
pub async fn tags(visit: Visit) -> Answer {
    let form = visit.form()?;
    must_see_all(&visit)?;
    let dates = if form.has("start_date") { Some(days(&form)?) } else { None };
    let (from, to) = dates.unzip();
    let filter = ActivityFilter { of: Of::Tag, from, to, ..ActivityFilter::default() };
    let sums = visit.store().activity(&filter, &[By::Id], Order::Spend, MOST).await?;
    let rows = sums.iter().map(|sum| {
        json!({
            "individual_request_tag": sum.names[0],
            "log_count": sum.metrics.requests,
            "total_spend": sum.metrics.spend.dollars(),
        })
    });
    answer(Value::Array(rows.collect()))
}
