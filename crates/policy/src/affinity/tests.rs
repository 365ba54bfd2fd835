use super::*;
use crate::{Candidate, Member, Strategy, pick};

/// How many of 4,000 bonds fall to each of the deployments, given their weights; those with none are out.
fn falls(weights: &[(&str, f64)]) -> Vec<Option<usize>> {
    let drawn = |number: u32| {
        let bond = Bond::of(b"session").and(&number.to_be_bytes());
        let candidate = |(id, weight): &(&str, f64)| Candidate {
            member: Member { weight: *weight, ..Member::default() },
            out: *weight == 0.0,
            luck: bond.luck(id),
            ..Candidate::default()
        };
        pick(Strategy::Affinity, &weights.iter().map(candidate).collect::<Vec<_>>(), 0.5)
    };
    (0..4_000).map(drawn).collect()
}

fn count(falls: &[Option<usize>], index: usize) -> usize {
    falls.iter().filter(|one| **one == Some(index)).count()
}

#[test]
fn bonds_share_the_deployments_by_weight() {
    let even = falls(&[("a1", 1.0), ("a2", 1.0), ("a3", 1.0), ("a4", 1.0)]);
    let shares = [0, 1, 2, 3].map(|index| count(&even, index));
    assert!(shares.iter().all(|share| (880..1_120).contains(share)), "{shares:?}");
    let uneven = falls(&[("a1", 1.0), ("a2", 3.0)]);
    assert!((880..1_120).contains(&count(&uneven, 0)), "{}", count(&uneven, 0));
}

#[test]
fn who_comes_or_goes_moves_its_own_bonds_alone() {
    let all = falls(&[("x", 1.0), ("y", 1.0), ("z", 1.0)]);
    let without = falls(&[("x", 1.0), ("y", 1.0), ("z", 0.0)]);
    let moved = all.iter().zip(&without).filter(|(before, after)| before != after).count();
    assert_eq!(moved, count(&all, 2));
    assert_eq!(falls(&[]), vec![None; 4_000]);
}

#[test]
fn parts_are_told_apart_and_a_bond_is_the_same_in_every_version() {
    assert_ne!(Bond::of(b"a").and(b"b"), Bond::of(b"ab"));
    assert_eq!(Bond::of(b"a").and(b"b"), Bond::of(b"a").and(b"b"));
    let luck = Bond::of(b"session").and(b"ada").luck("one");
    // Written down once: another number would send all sessions elsewhere.
    assert!((luck - 0.838_447_091_912_469_9).abs() < 1e-9, "{luck}");
}
