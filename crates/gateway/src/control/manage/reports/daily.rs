//! Days of users, teams, organizations, customers and tags: what they spent and asked, and what that consists of.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use store::Directory;
use store::reports::{ActivityFilter, By, Daily, Metrics, Of, Order, Part, Parts, activity_csv};

use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::visit::{Answer, Visit, answer, answer_csv};
use super::{DATES, MOST, MOST_DAYS, counted, days, key_of, managed_teams, sees_all};

const FILTERS: &[Field] = &[
    optional("model", Takes::Text),
    optional("api_key", Takes::Text),
    optional("user_id", Takes::Text),
    optional("team_ids", Takes::Text),
    optional("organization_ids", Takes::Text),
    optional("end_user_ids", Takes::Text),
    optional("tags", Takes::Text),
    optional("exclude_team_ids", Takes::Text),
    optional("timezone", Takes::Text),
    optional("page", Takes::Positive),
    optional("page_size", Takes::Positive),
];

/// Largest page, in days.
const LARGEST: u64 = 1000;

/// How the answer is made.
#[derive(Clone, Copy)]
enum Shape {
    Pages,
    Everything,
    Csv,
}

/// Declares the three paths of a kind: pages, everything at once, and a table for spreadsheets.
macro_rules! paths {
    ($($of:ident: $pages:ident $all:ident $csv:ident),* $(,)?) => {
        $(
            /// Days, in pages.
            pub async fn $pages(visit: Visit) -> Answer {
                report(visit, Of::$of, Shape::Pages).await
            }

            /// Days, all at once.
            pub async fn $all(visit: Visit) -> Answer {
                report(visit, Of::$of, Shape::Everything).await
            }

            /// Days, as CSV.
            pub async fn $csv(visit: Visit) -> Answer {
                report(visit, Of::$of, Shape::Csv).await
            }
        )*
    };
}

paths! {
    User: users users_all users_csv,
    Team: teams teams_all teams_csv,
    Organization: organizations organizations_all organizations_csv,
    Customer: customers customers_all customers_csv,
    Tag: tags tags_all tags_csv,
}

/// What reports of days read.
pub const DAILY_FORM: Reads = Reads::Query(&[FILTERS, DATES]);

async fn report(visit: Visit, of: Of, how: Shape) -> Answer {
    let form = visit.form()?;
    let filter = filter(&visit, of, &form)?;
    let (page, size) = match how {
        Shape::Pages => (form.count("page").unwrap_or(1), form.count("page_size").unwrap_or(50)),
        _ => (1, MOST_DAYS as u64),
    };
    if matches!(how, Shape::Pages) && size > LARGEST {
        return Err(Refusal::bad_param("page_size", format!("a page has at most {LARGEST} days")));
    }
    if matches!(how, Shape::Csv) {
        let by = [By::Day, By::Id, By::Key, By::ModelGroup, By::Model];
        let sums = visit.store().activity(&filter, &by, Order::NamesDown, MOST).await?;
        return answer_csv(activity_csv(&by, &sums));
    }
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let daily = visit.store().daily(&filter, skip, size as usize).await?;
    let shown = visit.read(|directory| Ok(show(&daily, of, page, size, directory)))?;
    answer(shown)
}

/// Which activity is asked for, as far as the caller may see it.
pub(super) fn filter(visit: &Visit, of: Of, form: &Form) -> Result<ActivityFilter> {
    let (from, to) = days(form)?;
    let name = match of {
        Of::User => "user_id",
        Of::Team => "team_ids",
        Of::Organization => "organization_ids",
        Of::Customer => "end_user_ids",
        Of::Tag | Of::Gateway => "tags",
    };
    let wanted: Option<Vec<String>> = form
        .text(name)
        .map(|text| text.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect());
    let (ids, own_keys) = visit.read(|directory| seen(visit, of, wanted.clone(), directory))?;
    let key = counted(visit, form)?.map(|key| vec![key]);
    let keys = match (key, own_keys) {
        (Some(key), Some(own)) => Some(key.into_iter().filter(|key| own.contains(key)).collect()),
        (key, own) => key.or(own),
    };
    // Everybody's together are the gateway's, which has them also where nobody is known.
    let of = if of == Of::User && ids.is_none() { Of::Gateway } else { of };
    let model = form.text("model").map(str::to_owned);
    Ok(ActivityFilter { of, ids, keys, model, from: Some(from), to: Some(to), named: None })
}

/// Whose activity the caller sees of what is wanted (`None` for all), and with which keys (`None` for all).
type Seen = (Option<Vec<String>>, Option<Vec<String>>);

fn seen(visit: &Visit, of: Of, wanted: Option<Vec<String>>, directory: &Directory) -> Result<Seen> {
    if sees_all(visit) {
        return Ok((wanted, None));
    }
    let actor = &visit.actor;
    match of {
        Of::User | Of::Gateway => {
            let ids = wanted.unwrap_or_else(|| actor.user_id.iter().cloned().collect());
            ids.iter().try_for_each(|id| may(actor, Wish::SeeUser(id), directory))?;
            // A key without a user sees what it spends itself.
            let keys = ids.is_empty().then(|| own_keys(visit, None, directory));
            Ok((Some(ids).filter(|ids| !ids.is_empty()), keys))
        }
        Of::Team => {
            let managed = managed_teams(visit, directory);
            let ids = match wanted {
                Some(ids) => ids,
                None if !managed.is_empty() => managed.clone(),
                None => directory.teams.keys().filter(|id| actor.member(directory, id).is_some()).cloned().collect(),
            };
            ids.iter().try_for_each(|id| may(actor, Wish::SeeTeam(id), directory))?;
            // Whoever does not manage a team sees their own part of it.
            let all = ids.iter().all(|id| managed.contains(id));
            let keys = (!all || ids.is_empty()).then(|| own_keys(visit, Some(&ids), directory));
            Ok((Some(ids), keys))
        }
        Of::Organization => {
            let managed = directory.organizations.keys().filter(|id| actor.manages_organization(directory, id));
            let ids = wanted.unwrap_or_else(|| managed.cloned().collect());
            ids.iter().try_for_each(|id| may(actor, Wish::ManageOrganization(id), directory))?;
            Ok((Some(ids), None))
        }
        Of::Customer | Of::Tag => {
            may(actor, Wish::SeeAll, directory)?;
            Ok((wanted, None))
        }
    }
}

/// The keys of the caller, in these teams if some are named, by the hashes under which they are counted.
fn own_keys(visit: &Visit, teams: Option<&[String]>, directory: &Directory) -> Vec<String> {
    let actor = &visit.actor;
    let own = directory.keys.iter().filter(|(id, held)| {
        let in_team = |teams: &[String]| held.record.team_id.as_ref().is_some_and(|team| teams.contains(team));
        let mine = **id == actor.key_hash || held.record.user_id.as_deref().is_some_and(|user| actor.is(user));
        mine && teams.is_none_or(in_team)
    });
    own.map(|(id, held)| held.record.counted_as(id).to_owned()).collect()
}

fn show(daily: &Daily, of: Of, page: u64, size: u64, directory: &Directory) -> Value {
    let results = daily.days.iter().map(|day| {
        let parts = &day.breakdown;
        json!({
            "date": day.day,
            "metrics": metrics(&day.metrics),
            "breakdown": {
                "mcp_servers": {},
                "models": show_parts(&parts.models, |name| super::bare(name).to_owned(), |_| json!({}), directory),
                "model_groups": show_parts(&parts.model_groups, str::to_owned, |_| json!({}), directory),
                "providers": show_parts(&parts.providers, str::to_owned, |_| json!({}), directory),
                "endpoints": show_parts(&parts.call_types, |name| endpoint(name).to_owned(), |_| json!({}), directory),
                "api_keys": show_keys(parts.keys.iter().map(|(key, part)| (key, &part.metrics)), directory),
                "entities": show_parts(&parts.entities, str::to_owned, |id| entity(of, id, directory), directory),
            },
        })
    });
    let results: Vec<Value> = results.collect();
    let pages = (daily.all as u64).div_ceil(size.max(1));
    let total = &daily.total;
    json!({
        "results": results,
        "metadata": {
            "total_spend": total.spend.dollars(),
            "total_prompt_tokens": total.prompt_tokens,
            "total_completion_tokens": total.completion_tokens,
            "total_tokens": total.total_tokens(),
            "total_api_requests": total.requests,
            "total_successful_requests": total.successes,
            "total_failed_requests": total.failures,
            "total_cache_read_input_tokens": total.cache_read_tokens,
            "total_cache_creation_input_tokens": total.cache_creation_tokens,
            "page": page,
            "total_pages": pages,
            "has_more": page < pages,
        },
    })
}

fn metrics(metrics: &Metrics) -> Value {
    json!({
        "spend": metrics.spend.dollars(),
        "prompt_tokens": metrics.prompt_tokens,
        "completion_tokens": metrics.completion_tokens,
        "cache_read_input_tokens": metrics.cache_read_tokens,
        "cache_creation_input_tokens": metrics.cache_creation_tokens,
        "total_tokens": metrics.total_tokens(),
        "successful_requests": metrics.successes,
        "failed_requests": metrics.failures,
        "api_requests": metrics.requests,
    })
}

/// Parts by the name that is shown: names that are shown alike are one.
fn show_parts(
    parts: &Parts,
    name: impl Fn(&str) -> String,
    about: impl Fn(&str) -> Value,
    directory: &Directory,
) -> Value {
    let mut merged = BTreeMap::<String, (Part, Value)>::new();
    for (own, part) in parts.iter().filter(|(own, _)| !own.is_empty()) {
        let (all, _) = merged.entry(name(own)).or_insert_with(|| (Part::default(), about(own)));
        all.metrics.add(&part.metrics);
        for (key, metrics) in &part.keys {
            all.keys.entry(key.clone()).or_default().add(metrics);
        }
    }
    let shown = merged.into_iter().map(|(name, (part, about))| {
        let keys = show_keys(part.keys.iter(), directory);
        (name, json!({ "metrics": metrics(&part.metrics), "metadata": about, "api_key_breakdown": keys }))
    });
    Value::Object(Map::from_iter(shown))
}

fn show_keys<'a>(keys: impl Iterator<Item = (&'a String, &'a Metrics)>, directory: &Directory) -> Value {
    let shown = keys.filter(|(key, _)| !key.is_empty()).map(|(key, sums)| {
        let record = key_of(directory, key);
        let about = json!({
            "key_alias": record.and_then(|key| key.key_alias.clone()),
            "team_id": record.and_then(|key| key.team_id.clone()),
        });
        (key.clone(), json!({ "metrics": metrics(sums), "metadata": about }))
    });
    Value::Object(Map::from_iter(shown))
}

fn entity(of: Of, id: &str, directory: &Directory) -> Value {
    match of {
        Of::Team => json!({ "team_alias": directory.teams.get(id).and_then(|held| held.record.team_alias.clone()) }),
        Of::User => json!({ "user_email": directory.users.get(id).and_then(|held| held.record.user_email.clone()) }),
        Of::Organization => {
            let held = directory.organizations.get(id);
            json!({ "organization_alias": held.and_then(|held| held.record.organization_alias.clone()) })
        }
        Of::Customer => json!({ "alias": directory.customers.get(id).and_then(|held| held.record.alias.clone()) }),
        Of::Tag | Of::Gateway => json!({}),
    }
}

/// The path behind a kind of call.
fn endpoint(call_type: &str) -> &str {
    match call_type {
        "acompletion" => "/chat/completions",
        "atext_completion" => "/completions",
        "aembedding" => "/embeddings",
        "amoderation" => "/moderations",
        "arerank" => "/rerank",
        "aimage_generation" => "/images/generations",
        "aimage_edit" => "/images/edits",
        "aimage_variation" => "/images/variations",
        "aspeech" => "/audio/speech",
        "atranscription" => "/audio/transcriptions",
        "atranslation" => "/audio/translations",
        "aresponses" => "/responses",
        "anthropic_messages" => "/v1/messages",
        other => other,
    }
}
