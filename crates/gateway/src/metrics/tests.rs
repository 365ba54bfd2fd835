use std::hint::black_box;
use std::time::Instant;

use store::{EntryFault, Status, Story};
use types::{Usage, Usd};

use super::block::Histogram;
use super::*;

fn entry(key: &str, model: &str) -> Entry {
    Entry {
        key: key.to_owned(),
        model_group: model.to_owned(),
        model: format!("openai/{model}"),
        provider: "openai".to_owned(),
        status: Status::Success,
        started_at: 1_000,
        first_token_at: Some(1_100),
        ended_at: Some(2_000),
        stream: true,
        usage: Usage { input: Some(10), output: Some(5), ..Usage::default() },
        cost: Some(Usd::from_nanos(7)),
        story: Some(Story { received_at: 990, attempts: 1, overhead_us: 300, ..Story::default() }),
        ..Entry::default()
    }
}

fn refusal(model: &str) -> Entry {
    Entry {
        status: Status::Refused,
        fault: Some(EntryFault { kind: "InvalidRequest".to_owned(), status: 400, message: String::new() }),
        story: Some(Story { alone: true, ..Story::default() }),
        ..entry("k", model)
    }
}

fn count_of(metrics: &Metrics, shard: &Shard) -> (usize, u64) {
    let series = lock(&shard.series);
    let counted = series.values().map(|series| series.block.calls.get()).sum::<u64>() + shard.other.calls.get();
    (lock(&metrics.known).labels.len(), counted)
}

#[test]
fn calls_are_counted_with_what_they_took_and_cost() {
    let (metrics, shard) = (Metrics::default(), Shard::default());
    metrics.count(&shard, &entry("k", "a"), false);
    metrics.count(&shard, &entry("k", "a"), false);
    metrics.count(&shard, &refusal("a"), false);
    assert_eq!(count_of(&metrics, &shard), (2, 3));
    let series = lock(&shard.series);
    let block = &series.values().find(|series| series.labels.succeeded).unwrap().block;
    assert_eq!((block.attempts.get(), block.spend_nanousd.get(), block.input.get()), (2, 14, 20));
    // 1.01 s is behind the bound of a second, and before that of two.
    let up_to = |histogram: &Histogram, bound: usize| histogram.buckets().take(bound + 1).sum::<u64>();
    let (call_time, overhead) = (&block.call_time, &block.overhead);
    assert_eq!((up_to(call_time, 7), up_to(call_time, 8), call_time.count()), (0, 2, 2));
    assert_eq!(call_time.sum(), 2_020_000);
    assert_eq!(up_to(&block.first_token_time, 4), 2, "0.1 s is within its bound");
    assert_eq!((up_to(overhead, 3), up_to(overhead, 4)), (0, 2));
}

#[test]
fn what_is_over_the_limit_of_series_is_counted_as_other_and_refusals_crowd_nobody_out() {
    let (metrics, shard) = (Metrics::default(), Shard::default());
    for number in 0..MOST_REFUSED + 100 {
        metrics.count(&shard, &refusal(&format!("made-up-{number}")), false);
    }
    assert_eq!(count_of(&metrics, &shard), (MOST_REFUSED, MOST_REFUSED as u64 + 100));
    for number in 0..MOST_SERIES {
        metrics.count(&shard, &entry(&format!("key-{number}"), "a"), false);
    }
    assert_eq!(count_of(&metrics, &shard), (MOST_SERIES, (MOST_REFUSED + 100 + MOST_SERIES) as u64));
    assert_eq!(shard.other.calls.get(), 100 + MOST_REFUSED as u64);
    for name in ["x", "y"] {
        metrics.count(&shard, &refusal(name), true);
    }
    assert_eq!(lock(&metrics.known).labels.len(), MOST_SERIES);
    let another = Shard::default();
    metrics.count(&another, &entry("key-0", "a"), false);
    assert_eq!(another.other.calls.get(), 0, "what one worker counts by name, all do");
}

#[test]
fn names_that_callers_make_up_make_one_series() {
    let (metrics, shard) = (Metrics::default(), Shard::default());
    (0..100).for_each(|number| metrics.count(&shard, &refusal(&format!("{number}")), true));
    assert_eq!(count_of(&metrics, &shard), (1, 100));
}

/// Counting beside writing the same entry as a line of the spool, which each call does anyway: a ratio within one run, as
/// machines differ.
#[test]
fn counting_a_call_takes_less_than_writing_it_down() {
    let (metrics, shard) = (Metrics::default(), Shard::default());
    let entry = entry("a-key-of-somebody", "a-model");
    const CALLS: u32 = 20_000;
    let time = |work: &mut dyn FnMut()| {
        let best = (0..5).map(|_| {
            let began = Instant::now();
            (0..CALLS).for_each(|_| work());
            began.elapsed()
        });
        best.min().unwrap_or_default() / CALLS
    };
    let counting = time(&mut || metrics.count(black_box(&shard), black_box(&entry), false));
    let writing = time(&mut || drop(black_box(store::spool::line(black_box(&entry)).unwrap())));
    println!("counting takes {counting:?}, writing {writing:?}");
    assert!(counting < writing, "counting takes {counting:?}, writing {writing:?}");
}
