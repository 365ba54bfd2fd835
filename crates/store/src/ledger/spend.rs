//! Sums of spend: what each subject has spent in each period. Meters begin with them, and ask again for those that
//! changed since, which is how a replica learns what the others have spent.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt};
use types::Usd;

use super::{added, period};
use crate::clock::{SPEND, tick};
use crate::db::{Db, Tx, insert, values};
use crate::{Adjustment, Charge, Entry, NewSum, Result};

/// What a subject has spent in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Who.
    pub subject: String,
    /// When: `total`, or `<duration>@<unix seconds of the window's start>`.
    pub period: String,
    /// How much.
    pub spend: Usd,
}

/// Sums that have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The sums as they are now.
    pub sums: Vec<Sum>,
    /// Up to which change they are told: what to ask from the next time.
    pub upto: i64,
}

/// How many sums are read at once.
const PAGE: i64 = 5000;

/// Columns of the sums.
const SUMS: &str = "lockgate_spend (subject, period, spend_nanousd, tick, ends_at)";

/// The period of sums without end.
const TOTAL: &str = "total";

/// Adds what `entries` cost to the sums.
pub(super) async fn book(tx: &mut Tx, tick: i64, entries: &[&Entry]) -> Result<()> {
    // Most attempts count for the same sums as many others: they are put together before the sums are named.
    let mut alike: HashMap<Alike, (&Entry, Usd)> = HashMap::new();
    for entry in entries {
        let Some(cost) = entry.cost.filter(|cost| *cost != Usd::ZERO) else { continue };
        alike.entry(Alike::of(entry)).or_insert((entry, Usd::ZERO)).1 += cost;
    }
    let mut sums: BTreeMap<(String, &str), Usd> = BTreeMap::new();
    for (entry, cost) in alike.into_values() {
        for sum in sums_of(entry) {
            *sums.entry(sum).or_default() += cost;
        }
    }
    let rows = sums.into_iter().map(|((subject, period), spend)| {
        let ends_at = period::ends_at(period);
        values![subject, period, spend.nanos(), tick, ends_at]
    });
    let added = added("lockgate_spend", "spend_nanousd");
    let tail = format!("ON CONFLICT (subject, period) DO UPDATE SET tick = excluded.tick, {added}");
    insert(tx, SUMS, &tail, rows.collect()).await.map(drop)
}

/// What decides for which sums an entry counts.
#[derive(PartialEq, Eq, Hash)]
struct Alike<'a> {
    names: [Option<&'a str>; 4],
    always: [&'a str; 3],
    tags: &'a [String],
    charges: &'a [Charge],
}

impl<'a> Alike<'a> {
    fn of(entry: &'a Entry) -> Self {
        let names = [&entry.user_id, &entry.team_id, &entry.organization_id, &entry.customer_id];
        Alike {
            names: names.map(Option::as_deref),
            always: [&entry.key, &entry.provider, &entry.deployment_id],
            tags: &entry.tags,
            charges: &entry.charges,
        }
    }
}

/// The sums that an entry counts for, each once.
fn sums_of(entry: &Entry) -> BTreeSet<(String, &str)> {
    let named = [
        ("user", &entry.user_id),
        ("team", &entry.team_id),
        ("organization", &entry.organization_id),
        ("customer", &entry.customer_id),
    ];
    let named = named.into_iter().filter_map(|(kind, id)| Some((kind, id.as_deref()?)));
    let always = [("key", &*entry.key), ("provider", &*entry.provider), ("deployment", &*entry.deployment_id)];
    let always = always.into_iter().filter(|(_, id)| !id.is_empty());
    let tags = entry.tags.iter().map(|tag| ("tag", &**tag));
    let totals = named.chain(always).chain(tags).map(|(kind, id)| (format!("{kind}:{id}"), TOTAL));
    let member = entry.team_id.as_ref().zip(entry.user_id.as_ref());
    let member = member.map(|(team, user)| (format!("member:{team}/{user}"), TOTAL));
    let charges = entry.charges.iter().map(|charge| (charge.subject.clone(), &*charge.period));
    totals.chain(member).chain(charges).chain([("gateway".to_owned(), TOTAL)]).collect()
}

/// The sums that changed behind `since`.
pub(crate) async fn changed(db: &Db, since: i64) -> Result<Sums> {
    let sql = "SELECT subject, period, spend_nanousd, tick FROM lockgate_spend
         WHERE (tick, subject, period) > ($1, $2, $3) ORDER BY tick, subject, period LIMIT $4";
    let mut changed = Sums { sums: Vec::new(), upto: since };
    // No subject is empty, so that this is before everything that came with the next change.
    let (mut tick, mut last) = (since + 1, Sum::default());
    loop {
        let rows = db.rows(sql, values![tick, &*last.subject, &*last.period, PAGE]).await?;
        for row in &rows {
            tick = row.int(3)?;
            last = Sum { subject: row.text(0)?, period: row.text(1)?, spend: Usd::from_nanos(row.int(2)?) };
            changed.sums.push(last.clone());
            changed.upto = tick;
        }
        if (rows.len() as i64) < PAGE {
            return Ok(changed);
        }
    }
}

/// Counts `amount`, which nobody has spent yet, for these sums; less than nothing gives it back.
pub(crate) async fn hold(tx: &mut Tx, tick: i64, charges: &[Charge], amount: Usd) -> Result<()> {
    let sums: BTreeSet<(&str, &str)> =
        charges.iter().map(|charge| (charge.subject.as_str(), charge.period.as_str())).collect();
    let rows = sums.into_iter().map(|(subject, period)| {
        let ends_at = period::ends_at(period);
        values![subject, period, amount.nanos(), tick, ends_at]
    });
    let added = added("lockgate_spend", "spend_nanousd");
    let tail = format!("ON CONFLICT (subject, period) DO UPDATE SET tick = excluded.tick, {added}");
    insert(tx, SUMS, &tail, rows.collect()).await.map(drop)
}

/// Changes a sum by hand; what it was and what it is.
pub(crate) async fn adjust(tx: &mut Tx, adjustment: &Adjustment) -> Result<(Usd, Usd)> {
    let Adjustment { subject, period, spend } = adjustment;
    // Nobody else changes sums before this is over.
    let tick = tick(tx, SPEND).await?;
    let sql = "SELECT spend_nanousd FROM lockgate_spend WHERE subject = $1 AND period = $2";
    let rows = tx.rows(sql, values![&**subject, &**period]).await?;
    let before = rows.first().map_or(Ok(Usd::ZERO), |row| row.int(0).map(Usd::from_nanos))?;
    let after = match spend {
        NewSum::Exactly(spend) => *spend,
        NewSum::Plus(delta) => before + *delta,
    };
    let tail = "ON CONFLICT (subject, period) DO UPDATE
        SET tick = excluded.tick, spend_nanousd = excluded.spend_nanousd";
    let row = values![&**subject, &**period, after.nanos(), tick, period::ends_at(period)];
    insert(tx, SUMS, tail, vec![row]).await?;
    Ok((before, after))
}
