//! Booking: once per attempt, whoever books, however often, and whoever dies while at it.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::Dice;
use store::reports::{ActivityFilter, LogFilter, LogPage, Order};
use store::{Adjustment, Change, Entry, NewSum, Problem, Status, Store};
use tokio::task::JoinSet;
use tokio::time::timeout;
use types::Usd;

use super::{Place, attempt, charge, on_both, told};

on_both!(
    an_attempt_counts_once,
    bookers_who_book_the_same_and_die_at_it_count_everything_once,
    a_replica_that_asks_what_changed_knows_all_sums_in_the_end,
    a_sum_that_is_set_by_hand_goes_on_from_there,
    what_cannot_be_booked_does_not_stand_in_the_way,
    old_rows_go_and_their_spend_stays,
);

/// All sums, by subject and period.
async fn sums(store: &Store) -> BTreeMap<(String, String), i64> {
    let sums = store.spend(0).await.unwrap().sums.into_iter();
    sums.map(|sum| ((sum.subject, sum.period), sum.spend.nanos())).collect()
}

/// What the sums must be, counted one by one.
fn counted<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<(String, String), i64> {
    let mut sums = BTreeMap::new();
    for entry in entries {
        let user = entry.user_id.iter().map(|id| format!("user:{id}"));
        let team = entry.team_id.iter().map(|id| format!("team:{id}"));
        let member = entry.team_id.iter().zip(&entry.user_id).map(|(team, user)| format!("member:{team}/{user}"));
        let customer = entry.customer_id.iter().map(|id| format!("customer:{id}"));
        let tags = entry.tags.iter().map(|tag| format!("tag:{tag}"));
        let always = ["gateway".to_owned(), format!("key:{}", entry.key), format!("provider:{}", entry.provider)];
        let subjects = user.chain(team).chain(member).chain(customer).chain(tags).chain(always);
        let totals = subjects.map(|subject| (subject, "total".to_owned()));
        let charges = entry.charges.iter().map(|charge| (charge.subject.clone(), charge.period.clone()));
        for sum in totals.chain(charges) {
            if let Some(cost) = entry.cost {
                *sums.entry(sum).or_default() += cost.nanos();
            }
        }
    }
    sums
}

async fn rows(store: &Store) -> Vec<Entry> {
    let page = LogPage { after: None, skip: 0, most: 100_000, oldest_first: true };
    let mut rows = store.logs(&LogFilter::default(), &page).await.unwrap().0;
    rows.sort_by(|one, other| one.attempt_id.cmp(&other.attempt_id));
    rows
}

/// Checks that exactly `entries` are in the ledger, and nothing else in any sum.
async fn check(store: &Store, entries: &[Entry]) {
    let mut expected: Vec<Entry> = entries.iter().map(told).collect();
    expected.sort_by(|one, other| one.attempt_id.cmp(&other.attempt_id));
    assert!(rows(store).await == expected, "the ledger holds other rows");
    assert_eq!(sums(store).await, counted(entries));
    let all = store.activity(&ActivityFilter::default(), &[], Order::Names, 1).await.unwrap()[0].metrics;
    assert_eq!(all.requests, entries.len() as i64);
    assert_eq!(all.spend.nanos(), entries.iter().filter_map(|entry| entry.cost).map(Usd::nanos).sum::<i64>());
}

fn attempts(count: usize, dice: &mut Dice) -> Vec<Entry> {
    (0..count).map(|number| attempt(&format!("{number:05}"), dice)).collect()
}

async fn an_attempt_counts_once(place: &Place) {
    let store = place.store().await;
    let entries = attempts(300, &mut Dice::new(1));
    let open = Entry { status: Status::Open, ..entries[0].clone() };
    assert!(store.book(&[open]).await.unwrap().new.is_empty());
    assert_eq!(store.book(&entries[..200]).await.unwrap().new.len(), 200);
    let booked = store.book(&entries[100..]).await.unwrap();
    assert_eq!((booked.new.len(), booked.known.len()), (100, 100));
    let other = Entry { cost: Some(Usd::from_nanos(1_000_000)), ..entries[5].clone() };
    assert_eq!(store.book(&[other]).await.unwrap().known, ["00005"]);
    check(&store, &entries).await;
}

/// Books batches that overlap with those of others, and is interrupted at any moment.
async fn book_wildly(store: Store, entries: Vec<Entry>, mut dice: Dice) {
    for start in (0..entries.len()).step_by(40) {
        let batch = &entries[start..entries.len().min(start + 70)];
        loop {
            let patience = Duration::from_micros(dice.bits() % 30_000);
            // Dropped in the middle, as if the process had died; with luck it comes to its end.
            match timeout(patience, store.book(batch)).await {
                Ok(Ok(_)) => break,
                Ok(Err(Problem::Away(_))) | Err(_) => {}
                Ok(Err(problem)) => panic!("{problem}"),
            }
            if dice.bits().is_multiple_of(4) {
                store.book(batch).await.ok();
                break;
            }
        }
    }
    // What was not booked before the deaths is booked by whoever comes after.
    for batch in entries.chunks(500) {
        while let Err(problem) = store.book(batch).await {
            assert!(matches!(problem, Problem::Away(_)), "{problem}");
        }
    }
}

async fn bookers_who_book_the_same_and_die_at_it_count_everything_once(place: &Place) {
    let store = place.store().await;
    let entries = attempts(400, &mut Dice::new(2));
    let mut bookers = JoinSet::new();
    for seed in 0..8 {
        let mut dice = Dice::new(seed);
        let mut mine = entries.clone();
        mine.sort_by_cached_key(|_| dice.bits());
        bookers.spawn(book_wildly(place.store().await, mine, dice));
    }
    bookers.join_all().await;
    check(&store, &entries).await;
}

async fn a_replica_that_asks_what_changed_knows_all_sums_in_the_end(place: &Place) {
    let store = place.store().await;
    let mut bookers = JoinSet::new();
    let entries = attempts(400, &mut Dice::new(3));
    for part in entries.chunks(100) {
        let (store, part) = (place.store().await, part.to_vec());
        bookers.spawn(async move {
            for batch in part.chunks(5) {
                store.book(batch).await.unwrap();
            }
        });
    }
    let mut known = BTreeMap::new();
    let (mut upto, mut done) = (0, false);
    loop {
        let changed = store.spend(upto).await.unwrap();
        known.extend(changed.sums.into_iter().map(|sum| ((sum.subject, sum.period), sum.spend.nanos())));
        let stands_still = changed.upto == upto;
        upto = changed.upto;
        if done && stands_still {
            break;
        }
        done = done || bookers.is_empty();
        while let Some(booker) = bookers.try_join_next() {
            booker.unwrap();
        }
    }
    assert_eq!(known, counted(&entries));
}

async fn a_sum_that_is_set_by_hand_goes_on_from_there(place: &Place) {
    let store = place.store().await;
    let cost = |id: &str, nanos| Entry {
        user_id: Some("ada".to_owned()),
        cost: Some(Usd::from_nanos(nanos)),
        ..attempt(id, &mut Dice::new(4))
    };
    store.book(&[cost("a", 100)]).await.unwrap();
    let reset = |spend| Adjustment { subject: "user:ada".to_owned(), period: "total".to_owned(), spend };
    let adjustments = vec![reset(NewSum::Exactly(Usd::ZERO)), reset(NewSum::Plus(Usd::from_nanos(3)))];
    store.write(Change { adjustments, ..Change::default() }).await.unwrap();
    store.book(&[cost("b", 20)]).await.unwrap();
    let sums = sums(&store).await;
    let of = |subject: &str| sums[&(subject.to_owned(), "total".to_owned())];
    assert_eq!((of("user:ada"), of("gateway")), (23, 120));
}

async fn what_cannot_be_booked_does_not_stand_in_the_way(place: &Place) {
    let store = place.store().await;
    let mut entries = attempts(20, &mut Dice::new(5));
    entries[7].customer_id = Some("a\0b".to_owned());
    assert!(matches!(store.book(&entries).await, Err(Problem::Broken(_))));
    store.rehearse().await.unwrap();
    entries.remove(7);
    store.book(&entries).await.unwrap();
    check(&store, &entries).await;
    // As long as a name may be, in letters that take several bytes; the databases' indexes have an end.
    let long = "日".repeat(85);
    let names = Entry {
        key: long.clone(),
        user_id: Some(long.clone()),
        team_id: Some(long.clone()),
        organization_id: Some(long.clone()),
        customer_id: Some(long.clone()),
        tags: vec![long.clone()],
        model_group: long.clone(),
        model: long.clone(),
        provider: long.clone(),
        charges: vec![charge(&format!("model:{long}|{long}"), "30d@1793491200")],
        ..attempt(&long, &mut Dice::new(6))
    };
    assert_eq!(store.book(&[names]).await.unwrap().new.len(), 1);
}

async fn old_rows_go_and_their_spend_stays(place: &Place) {
    let store = place.store().await;
    let entries = attempts(25, &mut Dice::new(7));
    store.book(&entries).await.unwrap();
    let before = sums(&store).await;
    let tomorrow = i64::MAX;
    assert_eq!(store.forget(0, 10).await.unwrap(), 0);
    for gone in [10, 10, 5, 0] {
        assert_eq!(store.forget(tomorrow, 10).await.unwrap(), gone);
    }
    assert!(rows(&store).await.is_empty());
    assert_eq!(sums(&store).await, before);
    assert_eq!(store.activity(&ActivityFilter::default(), &[], Order::Names, 1).await.unwrap()[0].metrics.requests, 25);
    let windows = before.keys().filter(|(_, period)| period != "total").count();
    assert_eq!(store.forget_windows(tomorrow, 100).await.unwrap(), windows);
    assert_eq!(sums(&store).await.len(), before.len() - windows);
}
