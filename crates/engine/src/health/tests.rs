use tokio::time::advance;
use types::FaultKind;

use super::*;

fn well() -> (Arc<Health>, Arc<RestRules>) {
    (Arc::default(), Arc::default())
}

fn visit(health: &Arc<Health>, rules: &Arc<RestRules>) -> Option<Visit> {
    health.visit(rules, false)
}

/// Two calls that find nobody there.
fn break_down(health: &Arc<Health>, rules: &Arc<RestRules>) {
    for _ in 0..2 {
        visit(health, rules).unwrap().failed(&Fault::provider(FaultKind::Connect, ""), true);
    }
}

#[tokio::test(start_paused = true)]
async fn visits_are_counted_while_they_last() {
    let (health, rules) = well();
    let visits: Vec<_> = (0..3).map(|_| visit(&health, &rules)).collect();
    assert_eq!(health.busy(), 3);
    drop(visits);
    assert_eq!(health.busy(), 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_rest_one_visit_tries_and_the_others_stay_away() {
    let (health, rules) = well();
    break_down(&health, &rules);
    assert_eq!((health.rest_left(), visit(&health, &rules).is_none()), (rules.cooldown, true));
    assert!(health.visit(&rules, true).is_some(), "the least bad chance may be taken anyway");
    advance(rules.cooldown).await;
    let trial = visit(&health, &rules).expect("one may try");
    assert!(visit(&health, &rules).is_none());
    trial.succeeded();
    assert!(visit(&health, &rules).is_some());
    assert_eq!(health.rest_left(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_is_given_up_lets_the_next_one_try() {
    let (health, rules) = well();
    break_down(&health, &rules);
    advance(rules.cooldown).await;
    drop(visit(&health, &rules).unwrap());
    let trial = visit(&health, &rules).expect("the next one may try");
    trial.failed(&Fault::provider(FaultKind::Upstream, ""), true);
    assert_eq!(health.rest_left(), rules.cooldown);
}

#[tokio::test(start_paused = true)]
async fn rests_are_counted_when_they_begin_by_the_status_of_the_fault() {
    let (health, rules) = well();
    break_down(&health, &rules);
    health.visit(&rules, true).unwrap().failed(&Fault::provider(FaultKind::Timeout, ""), true);
    assert_eq!(health.rests(), BTreeMap::from([(502, 1)]), "who rests already begins no other rest");
    advance(rules.cooldown * 2).await;
    visit(&health, &rules).unwrap().failed(&Fault::provider(FaultKind::Timeout, ""), true);
    assert_eq!(health.rests(), BTreeMap::from([(502, 1), (504, 1)]));
}

#[test]
fn retries_are_a_part_of_the_calls_in_flight_and_are_given_back() {
    let (health, rules) = (Arc::new(Health::default()), Arc::default());
    let budget = RetryBudget { percent: 20, least: 1 };
    let first = health.retry(&budget);
    assert!(first.is_some() && health.retry(&budget).is_none());
    let visits: Vec<Visit> = (0..10).filter_map(|_| health.visit(&rules, false)).collect();
    let second = health.retry(&budget);
    assert!(second.is_some() && health.retry(&budget).is_none());
    drop((first, visits));
    assert!(health.retry(&budget).is_none(), "one is still under way, and nobody else is there");
    drop(second);
    assert!(health.retry(&budget).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_long_stream_shows_that_all_is_well_before_it_ends() {
    let (health, rules) = well();
    let cut = Fault::provider(FaultKind::Cut, "");
    for _ in 0..5 {
        let stream = visit(&health, &rules).unwrap();
        stream.opened();
        advance(Duration::from_millis(800)).await;
        stream.broke_off(&cut, true);
    }
    assert_eq!(health.rest_left(), rules.cooldown);
    advance(rules.cooldown).await;
    let trial = visit(&health, &rules).expect("one may try");
    trial.opened();
    for _ in 0..8 {
        assert!(visit(&health, &rules).is_none(), "it may break like the others");
        advance(Duration::from_millis(100)).await;
        trial.goes_on();
    }
    advance(Duration::from_millis(1)).await;
    trial.goes_on();
    assert!(visit(&health, &rules).is_some(), "none that broke lived as long");
}
