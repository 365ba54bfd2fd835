use std::thread;

use super::*;

fn key(number: usize) -> CacheKey {
    CacheKey::parse(&format!("{number:064x}")).unwrap()
}

fn guard(number: u8) -> Guard {
    Guard([number; 32])
}

/// A direction of its own for each number.
fn meaning(number: usize) -> Meaning {
    let mut state = number as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let unit = Unit::new((0..32).map(|_| next()).collect()).unwrap();
    Meaning { unit, wording: Wording::default(), language: None }
}

fn filled(most_entries: usize, count: usize) -> Index {
    let index = Index::new(most_entries, usize::MAX);
    (0..count).for_each(|number| index.put(guard(0), key(number), meaning(number), 100, 0));
    index
}

fn found(index: &Index, at: Guard, number: usize) -> bool {
    index.nearest(&at, &meaning(number), 0.999, 0).first().is_some_and(|(found, _)| *found == key(number))
}

#[test]
fn a_question_is_found_in_its_bucket_alone_until_it_is_over() {
    let index = filled(10, 1);
    assert!(found(&index, guard(0), 0) && !found(&index, guard(1), 0));
    assert!(index.has(&guard(0), 99) && !index.has(&guard(0), 100) && !index.has(&guard(1), 0));
    assert_eq!(index.nearest(&guard(0), &meaning(0), 0.5, 99).len(), 1);
    assert_eq!(index.nearest(&guard(0), &meaning(0), 0.5, 100).len(), 0);
}

#[test]
fn a_question_in_another_language_is_another_one() {
    let index = Index::new(10, usize::MAX);
    let of = |language: Option<&'static str>| Meaning { language, ..meaning(0) };
    index.put(guard(0), key(0), of(Some("en")), 100, 0);
    index.put(guard(1), key(1), of(None), 100, 0);
    for (bucket, language, expected) in
        [(0, Some("en"), 1), (0, Some("de"), 0), (0, None, 1), (1, Some("de"), 1), (1, None, 1)]
    {
        assert_eq!(index.nearest(&guard(bucket), &of(language), 0.5, 0).len(), expected, "{bucket} {language:?}");
    }
}

#[test]
fn a_question_that_differs_in_a_small_part_is_another_one() {
    let index = Index::new(10, usize::MAX);
    let of = |text: &str| Meaning { wording: Wording::of(text), ..meaning(0) };
    index.put(guard(0), key(0), of("plan a cheap family trip to berlin by train"), 100, 0);
    for (text, expected) in [
        ("plan a cheap family trip to tokyo by train", 0),
        ("please plan a cheap trip by train for the family to berlin", 1),
    ] {
        assert_eq!(index.nearest(&guard(0), &of(text), 0.5, 0).len(), expected, "{text}");
    }
    index.clear();
    assert_eq!(index.size(), (0, 0));
}

#[test]
fn the_same_key_is_there_once() {
    let index = filled(10, 3);
    index.put(guard(0), key(1), meaning(9), 100, 0);
    assert_eq!(index.size().0, 3);
    assert!(!found(&index, guard(0), 1));
    assert_eq!(index.nearest(&guard(0), &meaning(9), 0.999, 0)[0].0, key(1));
}

#[test]
fn what_was_not_used_for_the_longest_time_makes_room() {
    let index = filled(100, 100);
    assert_eq!(index.size().0, 100);
    // The oldest ones are used again.
    (0..5).for_each(|number| assert!(found(&index, guard(0), number)));
    index.put(guard(7), key(1_000), meaning(5_000), 100, 0);
    let left = index.size().0;
    assert!((90..=95).contains(&left), "{left}");
    assert!((0..5).all(|number| found(&index, guard(0), number)), "what was used lately stays");
    assert!(found(&index, guard(7), 1_000) || index.has(&guard(7), 0), "and so does what is new");
    assert!((5..10).all(|number| !found(&index, guard(0), number)), "the rest goes by its age");
    assert!(found(&index, guard(0), 99));
}

#[test]
fn what_is_over_goes_before_what_is_not() {
    let index = Index::new(100, usize::MAX);
    (0..50).for_each(|number| index.put(guard(0), key(number), meaning(number), 100, 0));
    (50..101).for_each(|number| index.put(guard(1), key(number), meaning(number), 10, 50));
    assert_eq!(index.size().0, 50);
    assert!((0..50).all(|number| found(&index, guard(0), number)));
}

#[test]
fn it_holds_no_more_bytes_than_it_has_room_for() {
    let one = FRAME + meaning(0).unit.weight();
    let index = Index::new(usize::MAX, 10 * one);
    for number in 0..1_000 {
        index.put(guard(number as u8), key(number), meaning(number), 100, 0);
        assert!(index.size().1 <= 10 * one);
        assert_eq!(index.size().1, index.size().0 * one);
    }
    assert!(index.size().0 >= 9);
    let buckets = index.read().len();
    assert!(buckets <= 10, "{buckets} buckets");
    let none = Index::new(0, usize::MAX);
    none.put(guard(0), key(0), meaning(0), 100, 0);
    let tiny = Index::new(10, one - 1);
    tiny.put(guard(0), key(0), meaning(0), 100, 0);
    assert_eq!((none.size(), tiny.size()), ((0, 0), (0, 0)));
}

#[test]
fn what_is_forgotten_leaves_nothing() {
    let index = filled(100, 10);
    index.put(guard(1), key(20), meaning(20), 100, 0);
    index.forget(&[key(3), key(4), key(77)]);
    assert_eq!(index.size().0, 9);
    index.drop_key(&guard(1), &key(20));
    index.drop_key(&guard(9), &key(20));
    assert_eq!((index.size().0, index.read().len()), (8, 1));
    index.clear();
    assert_eq!((index.size(), index.read().len()), ((0, 0), 0));
}

#[test]
fn many_at_once_keep_count() {
    let index = Index::new(200, usize::MAX);
    thread::scope(|scope| {
        for worker in 0..4usize {
            let index = &index;
            scope.spawn(move || {
                for step in 0..500 {
                    let number = worker * 1_000 + step;
                    index.put(guard((step % 5) as u8), key(number), meaning(number), 100, 0);
                    index.nearest(&guard((step % 5) as u8), &meaning(step), 0.9, 0);
                    match step % 50 {
                        0 => index.forget(&[key(number)]),
                        25 => index.drop_key(&guard((step % 5) as u8), &key(number)),
                        _ => {}
                    }
                }
            });
        }
    });
    let (entries, bytes) = index.size();
    let counted: usize = index.read().values().map(|bucket| bucket.read().iter().count()).sum();
    assert_eq!((entries, bytes), (counted, counted * (FRAME + meaning(0).unit.weight())));
    assert!(entries <= 200, "{entries}");
}
