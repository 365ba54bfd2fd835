use super::*;

fn group(ids: &[&str]) -> Group {
    let deployments = ids.iter().map(|id| Arc::new(crate::rig::deployment(id))).collect();
    Group { name: "g".to_owned(), deployments, team: None, strategy: None, lines: Arc::default() }
}

fn join(group: &Group, key: &str, priority: i64) -> Turn {
    group.lines.join(group, 10, key.into(), priority, Duration::from_secs(3_600)).unwrap().0
}

/// Whether its bell has rung.
async fn is_told(turn: &Turn) -> bool {
    tokio::time::timeout(Duration::ZERO, turn.bell().notified()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_tells_the_next() {
    let group = group(&["a"]);
    assert!(group.lines.are_empty());
    let (first, second, third) = (join(&group, "x", 0), join(&group, "x", 0), join(&group, "y", 0));
    assert!(first.is_next() && !second.is_next() && !third.is_next());
    is_told(&first).await;
    drop(second);
    assert!(is_told(&first).await && !is_told(&third).await);
    first.served();
    assert!(is_told(&third).await && third.is_next());
    drop(third);
    assert!(group.lines.are_empty() && group.lines.view(9).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_better_priority_is_next_and_is_told_so_by_whoever_hears_of_a_place() {
    let group = group(&["a"]);
    let (usual, better) = (join(&group, "x", 5), join(&group, "y", 1));
    assert!(!usual.is_next());
    assert!(is_told(&better).await && better.is_next());
    let view = group.lines.view(1);
    assert_eq!((view[0].calls.as_slice(), view[0].waiting), (&[(5, 1, None)][..], 2));
}

#[tokio::test(start_paused = true)]
async fn calls_for_other_deployments_of_the_group_do_not_wait_for_each_other() {
    let (all, part) = (group(&["a", "b"]), group(&["b"]));
    let part = Group { lines: all.lines.clone(), ..part };
    let (first, other) = (join(&all, "x", 0), join(&part, "x", 0));
    assert!(first.is_next() && other.is_next());
}

#[tokio::test(start_paused = true)]
async fn a_line_that_moves_too_slowly_or_is_full_lets_nobody_join() {
    let group = group(&["a"]);
    let (first, second) = (join(&group, "x", 0), join(&group, "y", 0));
    tokio::time::advance(Duration::from_secs(10)).await;
    first.served();
    assert_eq!(second.expected_ms(), Some(10_000));
    let late = group.lines.join(&group, 10, "z".into(), 0, Duration::from_secs(15)).err().unwrap();
    assert_eq!(late, Refusal::TooLate { wait_ms: 20_000, retry_after_ms: 5_000 });
    assert_eq!(refused(&late, crate::attempts::no_deployment("")).retry_after, Some(Duration::from_secs(5)));
    let many: Vec<Turn> = (0..9).map(|index| join(&group, &format!("{index}"), 0)).collect();
    let full = group.lines.join(&group, 10, "z".into(), 0, Duration::from_secs(3_600)).err().unwrap();
    assert!(matches!(full, Refusal::Full { .. }), "{full:?} behind {}", many.len());
}
