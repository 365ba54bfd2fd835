//! Bills of single keys, users, teams and organizations, for those who pay them; and how many people stand behind the
//! calls with a tag.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use store::Directory;
use store::reports::{Activity, ActivityFilter, By, Metrics, Of, Order, day_of};

use super::super::form::{Field, Reads, Takes, optional};
use super::super::keys::id_of;
use super::super::moment;
use super::super::refusal::Result;
use super::super::rights::{Wish, may};
use super::super::visit::{Answer, Visit, answer};
use super::{DATES, DAY, MOST, counted, daily, days, global, must_see_all};

const WHOSE: &[Field] = &[
    optional("api_key", Takes::Text),
    optional("user_id", Takes::Text),
    optional("team_id", Takes::Text),
    optional("organization_id", Takes::Text),
    optional("format", Takes::OneOf(&["json", "csv"])),
];

/// What reports on one of them read.
pub const WHOSE_FORM: Reads = Reads::Query(&[WHOSE, DATES]);

/// `GET /key/spend/report`: the key that is named, or the caller's own.
pub async fn key_report(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let (from, to) = days(&form)?;
    if visit.actor.key.is_some() {
        form.set_missing("api_key", visit.actor.key_hash.as_str());
    }
    let id = id_of(form.text("api_key").unwrap_or_default());
    visit.read(|directory| match directory.keys.get(&id) {
        Some(held) => may(&visit.actor, Wish::SeeKey(&id, &held.record), directory),
        // One that is gone has left its spend behind.
        None => may(&visit.actor, Wish::SeeAll, directory),
    })?;
    let keys = counted(&visit, &form)?.map(|key| vec![key]);
    let filter = ActivityFilter { keys, from: Some(from), to: Some(to), ..ActivityFilter::default() };
    global::bill(&visit, filter, form.text("format") == Some("csv")).await
}

/// `GET /user/spend/report`
pub async fn user_report(visit: Visit) -> Answer {
    report(visit, Of::User, None).await
}

/// `GET /team/spend/report`
pub async fn team_report(visit: Visit) -> Answer {
    report(visit, Of::Team, Some(("team_id", "team_ids"))).await
}

/// `GET /organization/spend/report`
pub async fn organization_report(visit: Visit) -> Answer {
    report(visit, Of::Organization, Some(("organization_id", "organization_ids"))).await
}

/// The bill of those whom the caller may ask about; an id goes by another name where there are days of them.
async fn report(visit: Visit, of: Of, id: Option<(&str, &str)>) -> Answer {
    let mut form = visit.form()?;
    if let Some((from, to)) = id
        && let Some(value) = form.take(from)
    {
        form.set(to, value);
    }
    let filter = daily::filter(&visit, of, &form)?;
    global::bill(&visit, filter, form.text("format") == Some("csv")).await
}

const TAGS: &[Field] = &[optional("tag_filter", Takes::Text), optional("tag_filters", Takes::TEXTS)];

/// `GET /tag/distinct`: all tags that calls ever had.
pub async fn distinct_tags(visit: Visit) -> Answer {
    must_see_all(&visit)?;
    let filter = ActivityFilter { of: Of::Tag, ..ActivityFilter::default() };
    let sums = visit.store().activity(&filter, &[By::Id], Order::Names, MOST).await?;
    let rows = sums.iter().map(|sum| json!({ "tag": sum.names[0] }));
    answer(json!({ "results": rows.collect::<Vec<_>>() }))
}

/// What `tag_summary` reads.
pub const TAG_SUMMARY_FORM: Reads = Reads::Query(&[TAGS, DATES]);

/// `GET /tag/summary`: what was called with each tag, and by how many.
pub async fn tag_summary(visit: Visit) -> Answer {
    let form = visit.form()?;
    let sums = sums(&visit, days(&form)?).await?;
    let shown = visit.read(|directory| {
        let users = Users::of(directory);
        let mut tags = BTreeMap::<&str, (BTreeSet<&str>, Metrics)>::new();
        for sum in &sums {
            let [tag, key] = &sum.names[..] else { continue };
            let (people, metrics) = tags.entry(tag).or_default();
            people.insert(users.behind(key));
            metrics.add(&sum.metrics);
        }
        let row = |(tag, (people, metrics)): (&&str, &(BTreeSet<&str>, Metrics))| {
            json!({
                "tag": tag,
                "unique_users": people.len(),
                "total_requests": metrics.requests,
                "successful_requests": metrics.successes,
                "failed_requests": metrics.failures,
                "total_tokens": metrics.total_tokens(),
                "total_spend": metrics.spend.dollars(),
            })
        };
        Ok(tags.iter().map(row).collect::<Vec<_>>())
    })?;
    answer(json!({ "results": shown }))
}

/// Periods that are told apart at once.
const PERIODS: i64 = 7;

/// `GET /tag/dau`: people behind each tag, in each of the last seven days.
pub async fn active_daily(visit: Visit) -> Answer {
    active(visit, 1).await
}

/// `GET /tag/wau`: the same in seven weeks, the last of which ends today.
pub async fn active_weekly(visit: Visit) -> Answer {
    active(visit, 7).await
}

/// `GET /tag/mau`: the same in seven times thirty days.
pub async fn active_monthly(visit: Visit) -> Answer {
    active(visit, 30).await
}

/// What counts of users read.
pub const ACTIVE_FORM: Reads = Reads::Query(&[TAGS]);

async fn active(visit: Visit, length: i64) -> Answer {
    let form = visit.form()?;
    let mut wanted = form.texts("tag_filters").unwrap_or_default();
    wanted.extend(form.text("tag_filter").map(str::to_owned));
    let now = moment::now();
    let mut rows = Vec::new();
    for period in 0..PERIODS {
        let end = now - period * length * DAY;
        let (first, last) = (day_of(end - (length - 1) * DAY), day_of(end));
        let sums = sums(&visit, (first.clone(), last.clone())).await?;
        visit.read(|directory| {
            let users = Users::of(directory);
            let mut tags = BTreeMap::<&str, BTreeSet<&str>>::new();
            for sum in &sums {
                let [tag, key] = &sum.names[..] else { continue };
                if wanted.is_empty() || wanted.iter().any(|wanted| wanted == tag) {
                    tags.entry(tag).or_default().insert(users.behind(key));
                }
            }
            let row = |(tag, people): (&str, BTreeSet<&str>)| {
                json!({ "tag": tag, "active_users": people.len(), "date": last, "period_start": first, "period_end": last })
            };
            rows.extend(tags.into_iter().map(row));
            Ok(())
        })?;
    }
    answer(json!({ "results": Value::Array(rows) }))
}

async fn sums(visit: &Visit, (from, to): (String, String)) -> Result<Vec<Activity>> {
    must_see_all(visit)?;
    let filter = ActivityFilter { of: Of::Tag, from: Some(from), to: Some(to), ..ActivityFilter::default() };
    Ok(visit.store().activity(&filter, &[By::Id, By::Key], Order::Spend, MOST).await?)
}

/// Whose each key is.
struct Users<'d>(HashMap<&'d str, &'d str>);

impl<'d> Users<'d> {
    fn of(directory: &'d Directory) -> Self {
        let owned = directory
            .keys
            .iter()
            .filter_map(|(id, held)| Some((held.record.counted_as(id), held.record.user_id.as_deref()?)));
        Users(owned.collect())
    }

    /// Who stands behind a key; a key that is nobody's counts as somebody.
    fn behind<'a>(&self, key: &'a str) -> &'a str
    where
        'd: 'a,
    {
        self.0.get(key).copied().unwrap_or(key)
    }
}
