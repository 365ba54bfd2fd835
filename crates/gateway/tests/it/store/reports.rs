//! Reports say what the rows add up to, counted naively.

use std::collections::BTreeMap;

use engine::Dice;
use store::reports::{ActivityFilter, By, LogFilter, LogPage, Metrics, Of, Order, Owner, day_of};
use store::{Entry, Status, Store};
use types::Usd;

use super::{Place, attempt, on_both, told};

on_both!(
    sums_are_those_of_the_rows,
    long_times_sum_up_to_the_same_when_they_are_over,
    rows_are_found_and_paged,
    days_are_told_with_their_parts,
);

async fn filled(place: &Place) -> (Store, Vec<Entry>) {
    let store = place.store().await;
    let mut dice = Dice::new(11);
    let entries: Vec<Entry> = (0..500).map(|number| attempt(&format!("{number:03}"), &mut dice)).collect();
    store.book(&entries).await.unwrap();
    (store, entries)
}

/// What entries add up to, by whatever `name` says; nothing for those without a name.
fn counted(entries: &[Entry], name: impl Fn(&Entry) -> Option<Vec<String>>) -> BTreeMap<Vec<String>, Metrics> {
    let mut sums: BTreeMap<Vec<String>, Metrics> = BTreeMap::new();
    for entry in entries {
        let Some(name) = name(entry) else { continue };
        let sum = sums.entry(name).or_default();
        sum.spend += entry.cost.unwrap_or_default();
        sum.unpriced += i64::from(entry.cost.is_none());
        sum.requests += 1;
        sum.successes += i64::from(entry.status == Status::Success);
        sum.failures += i64::from(entry.status == Status::Failure);
        sum.prompt_tokens += entry.usage.input.unwrap() as i64;
        sum.completion_tokens += entry.usage.output.unwrap() as i64;
        sum.timed += 1;
        sum.duration_ms += 10;
    }
    sums
}

async fn sums_are_those_of_the_rows(place: &Place) {
    let (store, entries) = filled(place).await;
    let day = |entry: &Entry| day_of(entry.started_at);
    type Name = fn(&Entry) -> Option<Vec<String>>;
    let tables: [(Of, &[By], Name); 7] = [
        (Of::Gateway, &[By::Day], |entry| Some(vec![day_of(entry.started_at)])),
        (Of::Gateway, &[By::Key, By::Model], |entry| Some(vec![entry.key.clone(), entry.model.clone()])),
        (Of::Gateway, &[By::Provider, By::CallType], |entry| {
            Some(vec![entry.provider.clone(), entry.call_type.clone()])
        }),
        (Of::User, &[By::Id, By::Day], |entry| Some(vec![entry.user_id.clone()?, day_of(entry.started_at)])),
        (Of::Team, &[By::Id], |entry| Some(vec![entry.team_id.clone()?])),
        (Of::Customer, &[By::Id, By::ModelGroup], |entry| {
            Some(vec![entry.customer_id.clone()?, entry.model_group.clone()])
        }),
        (Of::Tag, &[By::Id], |entry| Some(vec![entry.tags.first()?.clone()])),
    ];
    for (of, by, name) in tables {
        let filter = ActivityFilter { of, ..Default::default() };
        let told = store.activity(&filter, by, Order::Names, 1000).await.unwrap();
        let told: BTreeMap<_, _> = told.into_iter().map(|sum| (sum.names, sum.metrics)).collect();
        assert_eq!(told, counted(&entries, name), "{of:?} {by:?}");
    }
    let some = ActivityFilter {
        of: Of::User,
        ids: Some(vec!["ada".to_owned(), "çelik".to_owned()]),
        keys: Some(vec!["k1".to_owned()]),
        model: Some("groq/llama".to_owned()),
        from: Some("2026-11-02".to_owned()),
        to: Some("2026-11-04".to_owned()),
        named: Some(vec!["ada".to_owned(), "çelik".to_owned(), "nobody".to_owned()]),
    };
    let told = store.activity(&some, &[By::Id], Order::Spend, 1000).await.unwrap();
    assert!(told.is_sorted_by_key(|sum| std::cmp::Reverse(sum.metrics.spend)));
    let told: BTreeMap<_, _> = told.into_iter().map(|sum| (sum.names, sum.metrics)).collect();
    let expected = counted(&entries, |entry| {
        let user = entry.user_id.clone().filter(|user| user != "bob")?;
        let within = ("2026-11-02".to_owned()..="2026-11-04".to_owned()).contains(&day(entry));
        (within && entry.key == "k1" && entry.model == "groq/llama").then(|| vec![user])
    });
    assert_eq!(told, expected);
}

async fn long_times_sum_up_to_the_same_when_they_are_over(place: &Place) {
    let store = place.store().await;
    let mut dice = Dice::new(12);
    // From the middle of July to the end of October 2026.
    let entry = |number: i64, dice: &mut Dice| {
        let started_at = 1_784_100_000_000 + number * 9_000_000;
        Entry { started_at, ended_at: Some(started_at + 10), ..attempt(&format!("{number:04}"), dice) }
    };
    let mut entries: Vec<Entry> = (0..1_030).map(|number| entry(number, &mut dice)).collect();
    store.book(&entries).await.unwrap();
    let kinds = [Of::User, Of::Team, Of::Organization, Of::Customer, Of::Tag].map(|of| (of, Some(By::Id)));
    let ways = [None, Some(By::Key), Some(By::ModelGroup), Some(By::Model), Some(By::Provider), Some(By::CallType)];
    let told = ways.map(|way| (Of::Gateway, way)).into_iter().chain(kinds);
    let times = [
        (None, None),
        (Some("2026-07-20"), Some("2026-10-11")),
        (Some("2026-08-01"), None),
        (None, Some("2026-09-30")),
    ];
    let mut questions = Vec::new();
    for (of, way) in told {
        for (from, to) in times.map(|(from, to)| (from.map(str::to_owned), to.map(str::to_owned))) {
            for days in [None, Some(By::Day)] {
                let filter = ActivityFilter { of, from: from.clone(), to: to.clone(), ..Default::default() };
                questions.push((filter, days.into_iter().chain(way).collect::<Vec<By>>()));
            }
        }
    }
    let all = async || {
        let mut all = Vec::new();
        for (filter, by) in &questions {
            let told = store.activity(filter, by, Order::Names, 10_000).await.unwrap();
            all.push(told.into_iter().map(|sum| (sum.names, sum.metrics)).collect::<BTreeMap<_, _>>());
        }
        all
    };
    let before = all().await;
    assert_eq!(before[0], counted(&entries, |_| Some(Vec::new())));
    // The first of November.
    let now = 1_793_491_200_000;
    let mut closed = 0;
    while store.close_period(now).await.unwrap() {
        closed += 1;
    }
    assert_eq!(closed, 109 + 4, "days and months");
    assert!(all().await == before, "what is over is the same");
    let named = Some(vec!["k1".to_owned(), "nobody".to_owned()]);
    let some = ActivityFilter { named, ..Default::default() };
    let told = store.activity(&some, &[By::Day, By::Key], Order::Names, 10_000).await.unwrap();
    let told: BTreeMap<_, _> = told.into_iter().map(|sum| (sum.names, sum.metrics)).collect();
    let of_key = |entry: &Entry| (entry.key == "k1").then(|| vec![day_of(entry.started_at), "k1".to_owned()]);
    assert_eq!(told, counted(&entries, of_key));
    // What comes late opens its day and its month again.
    entries.push(Entry { attempt_id: "late".to_owned(), ..entry(300, &mut dice) });
    store.book(&entries[1_030..]).await.unwrap();
    let late = all().await;
    assert_eq!(late[0], counted(&entries, |_| Some(Vec::new())));
    assert!(store.close_period(now).await.unwrap() && store.close_period(now).await.unwrap());
    assert!(!store.close_period(now).await.unwrap());
    assert!(all().await == late, "what came late is the same, too");
}

async fn rows_are_found_and_paged(place: &Place) {
    let (store, entries) = filled(place).await;
    type Meets = fn(&Entry) -> bool;
    let filters: [(LogFilter, Meets); 6] = [
        (LogFilter::default(), |_| true),
        (LogFilter { user_id: Some("çelik".to_owned()), ..Default::default() }, |entry| {
            entry.user_id.as_deref() == Some("çelik")
        }),
        (
            LogFilter {
                within: Some(vec![Owner::Team("Builders".to_owned()), Owner::User("ada".to_owned())]),
                status: Some(Status::Success),
                ..Default::default()
            },
            |entry| {
                let theirs = entry.team_id.as_deref() == Some("Builders") || entry.user_id.as_deref() == Some("ada");
                theirs && entry.status == Status::Success
            },
        ),
        (
            LogFilter {
                min_spend: Some(Usd::from_nanos(1000)),
                max_spend: Some(Usd::from_nanos(3000)),
                ..Default::default()
            },
            |entry| entry.cost.is_some_and(|cost| (1000..=3000).contains(&cost.nanos())),
        ),
        (LogFilter { request_id: Some("call of 123".to_owned()), ..Default::default() }, |entry| {
            entry.attempt_id == "123"
        }),
        (LogFilter { within: Some(Vec::new()), ..Default::default() }, |_| false),
    ];
    for (filter, meets) in filters {
        let mut expected: Vec<&Entry> = entries.iter().filter(|entry| meets(entry)).collect();
        expected.sort_by_key(|entry| std::cmp::Reverse((entry.started_at, entry.attempt_id.clone())));
        let mut found = Vec::new();
        let mut page = LogPage { after: None, skip: 0, most: 37, oldest_first: false };
        loop {
            let (rows, next) = store.logs(&filter, &page).await.unwrap();
            found.extend(rows);
            let Some(next) = next else { break };
            page.after = Some(next);
        }
        assert!(found.into_iter().eq(expected.iter().map(|entry| told(entry))), "{filter:?}");
        assert_eq!(store.count_logs(&filter, 10_000).await.unwrap(), expected.len() as i64);
    }
    assert_eq!(store.log("007").await.unwrap(), Some(told(&entries[7])));
}

async fn days_are_told_with_their_parts(place: &Place) {
    let (store, entries) = filled(place).await;
    let daily = store.daily(&ActivityFilter { of: Of::Team, ..Default::default() }, 1, 2).await.unwrap();
    assert_eq!(daily.all, 5);
    let total = counted(&entries, |entry| entry.team_id.as_ref().map(|_| Vec::new()));
    assert_eq!(daily.total, total[&Vec::new()]);
    assert_eq!(daily.days.iter().map(|day| &*day.day).collect::<Vec<_>>(), ["2026-11-04", "2026-11-03"]);
    for day in &daily.days {
        let that_day: Vec<Entry> =
            entries.iter().filter(|entry| day_of(entry.started_at) == day.day).cloned().collect();
        let teams = counted(&that_day, |entry| Some(vec![entry.team_id.clone()?]));
        for (name, part) in &day.breakdown.entities {
            assert_eq!(part.metrics, teams[&vec![name.clone()]]);
            let keys =
                counted(&that_day, |entry| (entry.team_id.as_ref() == Some(name)).then(|| vec![entry.key.clone()]));
            let keys: BTreeMap<String, Metrics> = keys.into_iter().map(|(name, sum)| (name.concat(), sum)).collect();
            assert_eq!(part.keys, keys);
        }
    }
}
