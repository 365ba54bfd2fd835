//! Sums over everybody, for dashboards and bills.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use store::reports::{Activity, ActivityFilter, By, Metrics, Of, Order, activity_csv};
use types::Usd;

use super::super::form::{Field, Reads, Takes, optional};
use super::super::moment;
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::spend::Spend;
use super::super::visit::{Answer, Visit, answer, answer_csv};
use super::{DATES, MOST, bare, counted, days, key_of, last_days, must_see_all};

const LIMIT: &[Field] = &[optional("limit", Takes::Positive), optional("api_key", Takes::Text)];

/// Sums of the gateway or of others, for those who see everything.
async fn sums(visit: &Visit, filter: ActivityFilter, by: &[By], order: Order, most: i64) -> Result<Vec<Activity>> {
    must_see_all(visit)?;
    Ok(visit.store().activity(&filter, by, order, most).await?)
}

fn between(of: Of, (from, to): (String, String)) -> ActivityFilter {
    ActivityFilter { of, from: Some(from), to: Some(to), ..ActivityFilter::default() }
}

/// `GET /global/spend`: everything that was ever spent, and the budget of the whole gateway.
pub async fn total(visit: Visit) -> Answer {
    must_see_all(&visit)?;
    let budget = visit.desk.live.setup().spending.budget.as_ref().map(|budget| budget.limit.dollars());
    answer(json!({ "spend": visit.spend.total("gateway"), "max_budget": budget }))
}

/// What lists of sums read.
pub const LIMITED_FORM: Reads = Reads::Query(&[LIMIT]);

/// `GET /global/spend/logs`: the last 30 days.
pub async fn logs(visit: Visit) -> Answer {
    let form = visit.form()?;
    let keys = counted(&visit, &form)?.map(|key| vec![key]);
    let filter = ActivityFilter { keys, ..between(Of::Gateway, last_days()) };
    let rows = sums(&visit, filter, &[By::Day], Order::Names, MOST).await?;
    let rows = rows.iter().map(|sum| json!({ "date": sum.names[0], "spend": sum.metrics.spend.dollars() }));
    answer(Value::Array(rows.collect()))
}

/// `GET /global/spend/keys`: the keys that spent most in the last 30 days.
pub async fn keys(visit: Visit) -> Answer {
    let limit = limit(&visit)?;
    let rows = sums(&visit, between(Of::Gateway, last_days()), &[By::Key], Order::Spend, limit).await?;
    let shown = visit.read(|directory| {
        let row = |sum: &Activity| {
            let key = key_of(directory, &sum.names[0]);
            json!({
                "api_key": sum.names[0],
                "key_alias": key.and_then(|key| key.key_alias.clone()),
                "key_name": key.map(|key| key.key_name.clone()),
                "total_spend": sum.metrics.spend.dollars(),
            })
        };
        Ok(rows.iter().map(row).collect::<Vec<_>>())
    })?;
    answer(json!(shown))
}

/// `GET /global/spend/models`: the models that cost most in the last 30 days.
pub async fn models(visit: Visit) -> Answer {
    let limit = limit(&visit)?;
    let rows = sums(&visit, between(Of::Gateway, last_days()), &[By::Model], Order::Spend, limit).await?;
    let rows =
        rows.iter().map(|sum| json!({ "model": bare(&sum.names[0]), "total_spend": sum.metrics.spend.dollars() }));
    answer(Value::Array(rows.collect()))
}

fn limit(visit: &Visit) -> Result<i64> {
    let form = visit.form()?;
    Ok(form.count("limit").map_or(10, |limit| i64::try_from(limit).unwrap_or(MOST).min(MOST)))
}

/// What sums between two days read.
pub const DATED_FORM: Reads = Reads::Query(&[DATES]);

/// `GET /global/spend/provider`
pub async fn providers(visit: Visit) -> Answer {
    let form = visit.form()?;
    let rows = sums(&visit, between(Of::Gateway, days(&form)?), &[By::Provider], Order::Spend, MOST).await?;
    let rows = rows.iter().map(|sum| json!({ "provider": sum.names[0], "spend": sum.metrics.spend.dollars() }));
    answer(Value::Array(rows.collect()))
}

/// `GET /global/spend/teams`: the last 30 days, by team.
pub async fn teams(visit: Visit) -> Answer {
    let rows = sums(&visit, between(Of::Team, last_days()), &[By::Day, By::Id], Order::Names, MOST).await?;
    let shown = visit.read(|directory| {
        let name = |id: &str| -> String {
            let alias = directory.teams.get(id).and_then(|held| held.record.team_alias.clone());
            alias.unwrap_or_else(|| id.to_owned())
        };
        let (mut daily, mut totals) = (BTreeMap::<&str, Map<String, Value>>::new(), BTreeMap::<&str, Usd>::new());
        for sum in &rows {
            let [day, team] = &sum.names[..] else { continue };
            daily.entry(day).or_default().insert(name(team), json!(sum.metrics.spend.dollars()));
            *totals.entry(team).or_default() += sum.metrics.spend;
        }
        let daily = daily.into_iter().map(|(day, mut teams)| {
            teams.insert("date".to_owned(), day.into());
            Value::Object(teams)
        });
        let mut totals: Vec<_> = totals.into_iter().collect();
        totals.sort_by_key(|(_, spend)| std::cmp::Reverse(*spend));
        let names: Vec<String> = totals.iter().map(|(team, _)| name(team)).collect();
        let totals =
            totals.iter().map(|(team, spend)| json!({ "team_id": name(team), "total_spend": spend.dollars() }));
        Ok(json!({
            "daily_spend": daily.collect::<Vec<_>>(),
            "teams": names,
            "total_spend_per_team": totals.collect::<Vec<_>>(),
        }))
    })?;
    answer(shown)
}

/// What `tags_total` reads.
pub const TAGS_TOTAL_FORM: Reads = Reads::Query(&[&[optional("tags", Takes::Text)], DATES]);

/// `GET /global/spend/tags`
pub async fn tags_total(visit: Visit) -> Answer {
    let form = visit.form()?;
    let dates = if form.has("start_date") { days(&form)? } else { last_days() };
    let ids = form.text("tags").map(|text| text.split(',').map(|tag| tag.trim().to_owned()).collect());
    let filter = ActivityFilter { ids, ..between(Of::Tag, dates) };
    let rows = sums(&visit, filter, &[By::Id], Order::Spend, MOST).await?;
    let rows = rows.iter().map(
        |sum| json!({ "name": sum.names[0], "spend": sum.metrics.spend.dollars(), "log_count": sum.metrics.requests }),
    );
    answer(json!({ "spend_per_tag": rows.collect::<Vec<_>>() }))
}

/// `GET /global/spend/all_tag_names`
pub async fn tag_names(visit: Visit) -> Answer {
    let filter = ActivityFilter { of: Of::Tag, ..ActivityFilter::default() };
    let rows = sums(&visit, filter, &[By::Id], Order::Names, MOST).await?;
    answer(json!({ "tag_names": rows.iter().map(|sum| sum.names[0].as_str()).collect::<Vec<_>>() }))
}

/// `GET /global/all_end_users`
pub async fn customer_names(visit: Visit) -> Answer {
    let filter = ActivityFilter { of: Of::Customer, ..ActivityFilter::default() };
    let rows = sums(&visit, filter, &[By::Id], Order::Names, MOST).await?;
    let mut names: BTreeSet<String> = rows.into_iter().filter_map(|mut sum| sum.names.pop()).collect();
    visit.read(|directory| {
        names.extend(directory.customers.keys().cloned());
        Ok(())
    })?;
    answer(json!({ "end_users": names }))
}

/// What `customers_total` reads.
pub const CUSTOMERS_TOTAL_FORM: Reads = Reads::OptionalBody(&[&[
    optional("api_key", Takes::Text),
    optional("startTime", Takes::Moment),
    optional("endTime", Takes::Moment),
]]);

/// `POST /global/spend/end_users`
pub async fn customers_total(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    for (from, to) in [("startTime", "start_date"), ("endTime", "end_date")] {
        if let Some(value) = form.take(from) {
            form.set(to, value);
        }
    }
    let dates = if form.has("start_date") { days(&form)? } else { last_days() };
    let keys = counted(&visit, &form)?.map(|key| vec![key]);
    let filter = ActivityFilter { keys, ..between(Of::Customer, dates) };
    let rows = sums(&visit, filter, &[By::Id], Order::Spend, 100).await?;
    let rows = rows.iter().map(|sum| {
        json!({ "end_user": sum.names[0], "total_count": sum.metrics.requests, "total_spend": sum.metrics.spend.dollars() })
    });
    answer(Value::Array(rows.collect()))
}

/// `GET /global/activity`
pub async fn activity(visit: Visit) -> Answer {
    let form = visit.form()?;
    let rows = sums(&visit, between(Of::Gateway, days(&form)?), &[By::Day], Order::Names, MOST).await?;
    answer(requests(rows.iter().map(|sum| (sum.names[0].as_str(), &sum.metrics))))
}

/// `GET /global/activity/model`: the same by the name that was asked for, the busiest first.
pub async fn activity_by_model(visit: Visit) -> Answer {
    let form = visit.form()?;
    let by = [By::ModelGroup, By::Day];
    let rows = sums(&visit, between(Of::Gateway, days(&form)?), &by, Order::Names, MOST).await?;
    let mut models = BTreeMap::<&str, Vec<(&str, &Metrics)>>::new();
    for sum in &rows {
        let [model, day] = &sum.names[..] else { continue };
        models.entry(model).or_default().push((day, &sum.metrics));
    }
    let mut shown: Vec<Value> = models
        .into_iter()
        .map(|(model, days)| {
            let mut shown = requests(days.into_iter());
            shown["model"] = model.into();
            shown
        })
        .collect();
    shown.sort_by_key(|shown| std::cmp::Reverse(shown["sum_api_requests"].as_i64()));
    answer(Value::Array(shown))
}

fn requests<'a>(days: impl Iterator<Item = (&'a str, &'a Metrics)>) -> Value {
    let (mut daily, mut all, mut tokens) = (Vec::new(), 0i64, 0i64);
    for (day, metrics) in days {
        daily.push(json!({ "date": day, "api_requests": metrics.requests, "total_tokens": metrics.total_tokens() }));
        all = all.saturating_add(metrics.requests);
        tokens = tokens.saturating_add(metrics.total_tokens());
    }
    json!({ "daily_data": daily, "sum_api_requests": all, "sum_total_tokens": tokens })
}

/// `GET /global/activity/cache_hits`
pub async fn cache_hits(visit: Visit) -> Answer {
    let form = visit.form()?;
    let by = [By::Key, By::CallType, By::Model];
    let rows = sums(&visit, between(Of::Gateway, days(&form)?), &by, Order::Spend, MOST).await?;
    let rows = rows.iter().map(|sum| {
        json!({
            "api_key": sum.names[0],
            "call_type": sum.names[1],
            "model": bare(&sum.names[2]),
            "total_rows": sum.metrics.requests,
            "cache_hit_true_rows": sum.metrics.cache_hits,
            "generated_completion_tokens": sum.metrics.completion_tokens,
            "cached_completion_tokens": 0,
        })
    });
    answer(Value::Array(rows.collect()))
}

/// What `report` reads.
pub const REPORT_FORM: Reads = Reads::Query(&[
    &[
        optional("group_by", Takes::OneOf(&["team", "customer", "api_key", "user"])),
        optional("api_key", Takes::Text),
        optional("internal_user_id", Takes::Text),
        optional("team_id", Takes::Text),
        optional("customer_id", Takes::Text),
        optional("format", Takes::OneOf(&["json", "csv"])),
    ],
    DATES,
]);

/// `GET /global/spend/report`: a bill, by team, customer, key or user.
pub async fn report(visit: Visit) -> Answer {
    let form = visit.form()?;
    let dates = days(&form)?;
    let id = |name: &str| form.text(name).map(|id| vec![id.to_owned()]);
    let (of, ids) = match (form.text("group_by"), form.has("internal_user_id"), form.has("customer_id")) {
        (Some("customer"), ..) | (None, _, true) => (Of::Customer, id("customer_id")),
        (Some("user"), ..) | (None, true, _) => (Of::User, id("internal_user_id")),
        (Some("api_key"), ..) => (Of::Gateway, None),
        (None, ..) if form.has("api_key") => (Of::Gateway, None),
        _ => (Of::Team, id("team_id")),
    };
    let keys = counted(&visit, &form)?.map(|key| vec![key]);
    let filter = ActivityFilter { ids, keys, ..between(of, dates) };
    must_see_all(&visit)?;
    bill(&visit, filter, form.text("format") == Some("csv")).await
}

/// What is spent by whoever `filter` says, as a bill or as a table.
pub(super) async fn bill(visit: &Visit, filter: ActivityFilter, csv: bool) -> Answer {
    let of = filter.of;
    let by = match of {
        Of::Gateway | Of::User => [By::Key, By::Model, By::Id, By::Day],
        _ => [By::Day, By::Id, By::Model, By::Key],
    };
    let rows = visit.store().activity(&filter, &by, Order::Names, MOST).await?;
    if csv {
        return answer_csv(activity_csv(&by, &rows));
    }
    match of {
        Of::Gateway | Of::User => answer(by_key(&rows, of)),
        _ => answer(visit.read(|directory| {
            let name = |id: &str| {
                let alias = directory.teams.get(id).and_then(|held| held.record.team_alias.clone());
                alias.filter(|_| of == Of::Team).unwrap_or_else(|| id.to_owned())
            };
            Ok(by_day(&rows, of, name))
        })?),
    }
}

/// Days, and in each of them teams or customers, and in each of them models and keys.
fn by_day(rows: &[Activity], of: Of, name: impl Fn(&str) -> String) -> Value {
    let (many, one) = match of {
        Of::Team => ("teams", "team_name"),
        Of::Organization => ("organizations", "organization_id"),
        _ => ("customers", "customer"),
    };
    let mut days = BTreeMap::<&str, BTreeMap<&str, (Usd, Vec<Value>)>>::new();
    for sum in rows {
        let [day, id, model, key] = &sum.names[..] else { continue };
        let (total, parts) = days.entry(day).or_default().entry(id).or_default();
        *total += sum.metrics.spend;
        parts.push(json!({
            "model": bare(model),
            "spend": sum.metrics.spend.dollars(),
            "total_tokens": sum.metrics.total_tokens(),
            "api_key": key,
        }));
    }
    let shown = days.into_iter().map(|(day, groups)| {
        let groups = groups
            .into_iter()
            .map(|(id, (total, parts))| json!({ one: name(id), "total_spend": total.dollars(), "metadata": parts }));
        json!({ "group_by_day": day, many: groups.collect::<Vec<_>>() })
    });
    Value::Array(shown.collect())
}

/// Keys, and in each of them models.
fn by_key(rows: &[Activity], of: Of) -> Value {
    let mut keys = BTreeMap::<(&str, &str), BTreeMap<&str, Metrics>>::new();
    for sum in rows {
        let [key, model, id, _] = &sum.names[..] else { continue };
        let user = if of == Of::User { id.as_str() } else { "" };
        keys.entry((key, user)).or_default().entry(bare(model)).or_default().add(&sum.metrics);
    }
    let shown = keys.into_iter().map(|((key, user), models)| {
        let mut total = Metrics::default();
        models.values().for_each(|metrics| total.add(metrics));
        let models = models.iter().map(|(model, metrics)| {
            json!({
                "model": model,
                "total_cost": metrics.spend.dollars(),
                "total_input_tokens": metrics.prompt_tokens,
                "total_output_tokens": metrics.completion_tokens,
            })
        });
        let mut shown = json!({
            "api_key": key,
            "total_cost": total.spend.dollars(),
            "total_input_tokens": total.prompt_tokens,
            "total_output_tokens": total.completion_tokens,
            "model_details": models.collect::<Vec<_>>(),
        });
        if of == Of::User {
            shown["internal_user_id"] = user.into();
        }
        shown
    });
    Value::Array(shown.collect())
}

/// `POST /global/spend/reset`: sets back what every key and team has spent in the current window of its budget. The
/// ledger stays as it is.
pub async fn reset(visit: Visit) -> Answer {
    if visit.actor.key.is_some() {
        let message = "Authentication Error, Tried to access route=/global/spend/reset, which is only for MASTER KEY";
        return Err(Refusal::forbidden(message));
    }
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            for (id, held) in &draft.directory.keys {
                draft.reset_spend(&Spend::subject_of_key(id, &held.record), &held.record.allowance, Usd::ZERO);
            }
            for (id, held) in &draft.directory.teams {
                draft.reset_spend(&format!("team:{id}"), &held.record.allowance, Usd::ZERO);
            }
            Ok(())
        })
        .await?;
    answer(json!({ "message": "Spend for all API Keys and Teams reset successfully", "status": "success" }))
}

/// `POST /global/spend/refresh`: sums are always fresh here.
pub async fn refresh(visit: Visit) -> Answer {
    must_see_all(&visit)?;
    let shown = moment::shown(moment::now());
    answer(json!({ "message": "MonthlyGlobalSpend view refreshed", "status": "success", "refreshed_at": shown }))
}
