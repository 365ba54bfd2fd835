use super::*;

const HOUR: u64 = 3_600_000;

fn of(key: u32, priority: i64) -> Waiting<u32> {
    Waiting { key, priority, cost: 1, deadline_ms: HOUR }
}

/// So many calls join.
fn fill(queue: &mut Queue<u32>, count: usize, call: Waiting<u32>) -> Vec<Ticket> {
    (0..count).map(|_| queue.join(call, None, 0).unwrap()).collect()
}

/// So many places are given away, one each second from `from_s` on.
fn serve(queue: &mut Queue<u32>, count: usize, from_s: u64) -> Vec<Ticket> {
    (from_s..).take(count).map(|second| queue.take(|_| true, second * 1000).unwrap()).collect()
}

/// Lets calls (key and priority) join one after the other, and says whose calls are served in which order.
fn served(calls: &[(u32, i64)]) -> Vec<u32> {
    let mut queue = Queue::new(10_000);
    let keys: BTreeMap<Ticket, u32> =
        calls.iter().map(|(key, priority)| (queue.join(of(*key, *priority), None, 0).unwrap(), *key)).collect();
    std::iter::from_fn(|| queue.take(|_| true, 0)).map(|ticket| keys[&ticket]).collect()
}

fn check(calls: &[(u32, i64)], expected: &[u32]) {
    assert_eq!(served(calls), expected, "{calls:?}");
}

#[test]
fn places_go_to_the_best_priority_and_within_it_in_turn_to_each_key() {
    check(&[(1, 0), (1, 0), (1, 0), (2, 0), (2, 0)], &[1, 2, 1, 2, 1]);
    check(&[(1, 5), (2, 1), (3, -1)], &[3, 2, 1]);
    check(&[(1, 0), (1, 0), (1, 0), (2, 0), (3, 0)], &[1, 2, 3, 1, 1]);
    check(&[], &[]);
}

#[test]
fn a_light_keys_call_behind_two_hundred_of_another_is_served_within_two_places() {
    for served_before in [0, 1, 50] {
        let mut queue = Queue::new(1_000);
        fill(&mut queue, 200, of(1, 0));
        serve(&mut queue, served_before, 0);
        let light = queue.join(of(2, 0), None, 0).unwrap();
        assert!(queue.position(light).unwrap() < 2);
        let places = [queue.take(|_| true, 0), queue.take(|_| true, 0)];
        assert!(places.contains(&Some(light)), "after {served_before}: {places:?}");
    }
}

#[test]
fn keys_get_equal_work_and_not_equal_numbers_of_calls() {
    let mut queue = Queue::new(1_000);
    let long = fill(&mut queue, 20, Waiting { cost: 4, ..of(1, 0) });
    fill(&mut queue, 20, of(2, 0));
    let first = serve(&mut queue, 10, 0);
    assert_eq!(first.iter().filter(|ticket| long.contains(ticket)).count(), 2);
}

#[test]
fn a_pause_earns_nothing_and_a_rejoin_forgives_nothing() {
    let mut queue = Queue::new(1_000);
    fill(&mut queue, 50, of(1, 0));
    serve(&mut queue, 30, 0);
    // The newcomer was away for thirty places: it gets every other one, not the next thirty.
    let new = fill(&mut queue, 10, of(2, 0));
    let next = serve(&mut queue, 10, 0);
    assert_eq!(next.iter().filter(|ticket| new.contains(ticket)).count(), 5);
    // Who leaves and comes back after a place is still behind who has not had one.
    let mut queue = Queue::new(10);
    queue.join(of(1, 0), None, 0).unwrap();
    queue.take(|_| true, 0);
    let (first, second) = (queue.join(of(3, 0), None, 0).unwrap(), queue.join(of(2, 0), None, 0).unwrap());
    queue.take(|ticket| ticket == first, 0);
    queue.join(of(3, 0), None, 0).unwrap();
    assert_eq!(queue.take(|_| true, 0), Some(second));
}

#[test]
fn worse_priorities_get_one_place_in_eight_oldest_first_and_the_rest_when_nobody_else_waits() {
    let mut calls = vec![(9, 7), (8, 3)];
    calls.extend([(1, 0); 20]);
    let order = served(&calls);
    let place = |key| order.iter().position(|one| *one == key).unwrap() + 1;
    assert_eq!((place(9), place(8)), (8, 16));
    let alone = served(&[(1, 3); 30]);
    assert_eq!(alone.len(), 30);
}

#[test]
fn a_worse_priority_is_served_within_its_bound_however_many_better_ones_come() {
    for older in [0_usize, 1, 7] {
        let mut queue = Queue::new(10_000);
        fill(&mut queue, older, of(5, 9));
        let low = queue.join(of(6, 9), None, 0).unwrap();
        let places = (1..).find(|_| {
            fill(&mut queue, 2, of(1, 0));
            queue.take(|_| true, 0) == Some(low)
        });
        assert!(places.unwrap() <= 8 * (older + 1), "{older} older ones: {places:?}");
    }
}

#[test]
fn one_key_never_fills_the_line_and_a_full_one_says_when_to_come_back() {
    let mut queue = Queue::new(100);
    let pace = Some(Pace { first_ms: 500.0, each_ms: 500.0 });
    let joins = |queue: &mut Queue<u32>, key| {
        (0..200).filter(|priority| queue.join(of(key, *priority), None, 0).is_ok()).count()
    };
    assert_eq!([1, 2, 3].map(|key| joins(&mut queue, key)), [50, 25, 13]);
    assert_eq!(queue.join(of(1, 0), pace, 0), Err(Refusal::Full { retry_after_ms: Some(500) }));
    assert!(queue.join(of(4, 0), pace, 0).is_ok());
    let mut none = Queue::new(0);
    assert_eq!(none.join(of(1, 0), None, 0), Err(Refusal::Full { retry_after_ms: None }));
}

#[test]
fn who_would_wait_beyond_its_deadline_is_refused_and_told_when_it_would_be_in_time() {
    let mut queue = Queue::new(100);
    // A place each second.
    fill(&mut queue, 30, of(1, 0));
    serve(&mut queue, 10, 0);
    let (now_ms, again) = (9_000, Waiting { deadline_ms: 9_000 + 5_000, ..of(1, 0) });
    let pace = queue.pace(now_ms);
    let refused = queue.join(again, pace, now_ms);
    let Err(Refusal::TooLate { wait_ms, retry_after_ms }) = refused else { panic!("{refused:?}") };
    assert!(wait_ms.abs_diff(21_000) <= 1_000, "{wait_ms}");
    assert_eq!(retry_after_ms, wait_ms - 5_000);
    // It comes back then, and is let in; a little earlier it would not be.
    for early_ms in [2_000, 0] {
        let mut queue = queue.clone();
        let back_ms = now_ms + retry_after_ms - early_ms;
        serve(&mut queue, (back_ms / 1000 - 9) as usize, 10);
        let (again, pace) = (Waiting { deadline_ms: back_ms + 5_000, ..again }, queue.pace(back_ms));
        assert_eq!(queue.join(again, pace, back_ms).is_ok(), early_ms == 0, "{early_ms} ms early");
    }
}

#[test]
fn the_position_is_the_number_of_those_who_are_served_before() {
    let calls = [(1, 0), (1, 0), (2, 0), (3, 1), (1, 0), (2, 0), (4, 1), (3, 1)];
    let mut queue = Queue::new(1_000);
    let tickets: Vec<_> =
        calls.iter().map(|(key, priority)| queue.join(of(*key, *priority), None, 0).unwrap()).collect();
    let told: Vec<_> = tickets.iter().map(|ticket| queue.position(*ticket).unwrap()).collect();
    let order: Vec<_> = std::iter::from_fn(|| queue.take(|_| true, 0)).collect();
    let truth: Vec<_> = tickets.iter().map(|ticket| order.iter().position(|one| one == ticket).unwrap()).collect();
    assert_eq!(told, truth);
    assert_eq!(queue.position(tickets[0]), None);
}

#[test]
fn whoever_does_not_fit_a_place_is_passed_over_and_stays_first() {
    let mut queue = Queue::new(100);
    let (first, second) = (queue.join(of(1, 0), None, 0).unwrap(), queue.join(of(2, 0), None, 0).unwrap());
    assert_eq!(queue.take(|ticket| ticket != first, 0), Some(second));
    assert_eq!(queue.take(|_| false, 0), None);
    assert_eq!(queue.take(|_| true, 0), Some(first));
}

#[test]
fn a_line_that_stands_still_gets_slower_and_an_unknown_one_refuses_nobody() {
    let mut queue = Queue::new(100);
    assert_eq!(queue.pace(0), None);
    fill(&mut queue, 10, of(1, 0));
    serve(&mut queue, 3, 1);
    assert_eq!(queue.pace(3_000).unwrap().each_ms, 1_000.0);
    assert_eq!(queue.pace(63_000).unwrap().each_ms, 60_000.0);
}

#[test]
fn nothing_is_left_of_those_who_leave_expire_or_are_served() {
    let mut queue = Queue::new(10_000);
    for round in 0..1_000_u32 {
        let call = Waiting { deadline_ms: u64::from(round), ..of(round % 7, i64::from(round % 3)) };
        let ticket = queue.join(call, None, 0).unwrap();
        match round % 4 {
            0 => assert!(queue.leave(ticket) && !queue.leave(ticket)),
            1 => assert!(queue.take(|_| true, 0).is_some()),
            _ => (),
        }
    }
    let expired = std::iter::from_fn(|| queue.expire(10_000)).count();
    assert!(expired > 0 && queue.is_empty() && queue.classes.is_empty() && queue.oldest.is_empty());
    assert!(queue.deadlines.is_empty() && queue.keys.is_empty());
}

#[test]
fn who_is_next_stays_so_until_it_is_served() {
    let mut queue = Queue::new(10);
    let tickets = fill(&mut queue, 2, of(1, 0));
    let other = queue.join(of(2, 0), None, 0).unwrap();
    assert_eq!([queue.next(|_| true), queue.next(|_| true)], [Some(tickets[0]); 2]);
    assert!(queue.serve(tickets[0], 1_000) && !queue.serve(tickets[0], 1_000));
    assert_eq!(queue.next(|_| true), Some(other));
    assert_eq!(queue.next(|one| one != other), Some(tickets[1]));
}
