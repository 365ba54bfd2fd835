use types::FaultKind::*;

use super::*;

fn rules() -> Rules {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Rules {
        fallbacks: [("a".to_owned(), list(&["b", "gone", "c"])), ("b".to_owned(), list(&["a", "d"]))].into(),
        context_window_fallbacks: [("a".to_owned(), list(&["big"]))].into(),
        ..Rules::default()
    }
}

/// Runs a call of group `a` against the same fault again and again and tells what was tried.
fn course(rules: &Rules, fault: &Fault, others: usize, retries: Option<u32>) -> Vec<String> {
    let mut course = Course::new("a", retries, true, Vec::new());
    let mut story = Vec::new();
    for round in 0..50 {
        course.attempt();
        story.push(course.group.clone());
        let left = if course.group == "a" { others.saturating_sub(round) } else { 0 };
        match course.after(
            rules,
            fault,
            Offer { others: left, again: true, ..Offer::default() },
            |group| group != "gone",
            0.5,
        ) {
            Step::Retry { pause } if pause.is_zero() => {}
            Step::Retry { pause } => story.push(format!("{}ms", pause.as_millis())),
            Step::Fallback => {}
            Step::GiveUp => return story,
        }
    }
    panic!("a call must end: {story:?}");
}

#[test]
fn a_fault_leads_to_retries_then_to_each_stand_in_once() {
    let fault = Fault::provider(Upstream, "");
    let story = course(&rules(), &fault, 0, None);
    assert_eq!(story, "a 500ms a 1000ms a b 500ms b 1000ms b c 500ms c 1000ms c".split(' ').collect::<Vec<_>>());
    assert_eq!(course(&rules(), &fault, 1, Some(1)), "a a b 500ms b c 500ms c".split(' ').collect::<Vec<_>>());
}

#[test]
fn what_cannot_help_is_not_tried() {
    let plain = Rules::default();
    for (fault, expected) in [
        (Fault::invalid(""), "a"),
        (Fault::provider(Authentication, ""), "a"),
        (Fault::provider(NotFound, ""), "a"),
        (Fault { retry_after: Some(Duration::from_secs(3600)), ..Fault::provider(RateLimit, "") }, "a"),
        (Fault { code: Some("insufficient_quota".into()), ..Fault::provider(RateLimit, "") }, "a"),
        (Fault { retry_after: Some(Duration::from_secs(2)), ..Fault::provider(RateLimit, "") }, "a 2000ms a 2000ms a"),
    ] {
        assert_eq!(course(&plain, &fault, 0, None).join(" "), expected, "{fault:?}");
    }
}

#[test]
fn a_wrong_credential_is_worth_another_deployment_but_not_the_same() {
    assert_eq!(course(&Rules::default(), &Fault::provider(Authentication, ""), 1, None).join(" "), "a a");
}

#[test]
fn a_full_provider_with_a_stand_in_is_left_at_once() {
    let fault = Fault { retry_after: Some(Duration::from_secs(1)), ..Fault::provider(RateLimit, "") };
    assert_eq!(course(&rules(), &fault, 0, None)[..2], ["a", "b"]);
}

#[test]
fn a_prompt_that_is_too_long_goes_only_to_the_groups_made_for_it() {
    assert_eq!(course(&rules(), &Fault::new(ContextWindow, Side::Caller, ""), 0, None).join(" "), "a big");
    assert_eq!(course(&rules(), &Fault::new(ContentPolicy, Side::Caller, ""), 0, None).join(" "), "a");
}

#[test]
fn a_policy_that_names_the_kind_decides_alone() {
    let rules = Rules { retry_policy: [(Upstream, 0), (InvalidRequest, 1)].into(), ..Rules::default() };
    assert_eq!(course(&rules, &Fault::provider(Upstream, ""), 0, None).join(" "), "a");
    assert_eq!(course(&rules, &Fault::invalid(""), 0, None).join(" "), "a 500ms a");
}

#[test]
fn the_callers_number_of_retries_wins_over_the_deployments_and_that_over_the_rules() {
    let attempts = |asked: Option<u32>, own: Option<u32>| {
        let mut course = Course::new("a", asked, true, Vec::new());
        let offer = Offer { retries: own, again: true, ..Offer::default() };
        loop {
            course.attempt();
            if course.after(&Rules::default(), &Fault::provider(Upstream, ""), offer, |_| true, 0.5) == Step::GiveUp {
                return course.total;
            }
        }
    };
    assert_eq!(attempts(None, None), 3);
    assert_eq!(attempts(None, Some(0)), 1);
    assert_eq!(attempts(Some(1), Some(0)), 2);
}

/// Where a call of group `a` goes when each group in turn has the next of these faults.
fn way(rules: &Rules, affordable: &[&str], faults: &[Fault]) -> String {
    let affordable: Vec<String> = affordable.iter().map(|name| (*name).to_owned()).collect();
    let mut course = Course::new("a", Some(0), true, Vec::new());
    let mut story = vec!["a".to_owned()];
    for fault in faults {
        course.attempt();
        let offer = Offer { affordable: &affordable, again: true, ..Offer::default() };
        match course.after(rules, fault, offer, |group| group != "gone", 0.5) {
            Step::Fallback => story.push(course.group.clone()),
            step => {
                assert_eq!(step, Step::GiveUp);
                break;
            }
        }
    }
    story.join(" ")
}

#[test]
fn a_spent_budget_for_one_model_leads_to_those_that_the_key_names_for_it() {
    let broke = Fault::new(ModelBudget, Side::Caller, "");
    let limited = Fault::new(RateLimit, Side::Caller, "");
    let failed = Fault::provider(Upstream, "");
    let spent = Fault::new(Budget, Side::Caller, "");
    for (affordable, faults, expected) in [
        // The stand-ins of the rules are for faults, not for saving money.
        (&[][..], vec![&broke], "a"),
        (&["x", "y"], vec![&broke, &broke, &broke], "a x y"),
        (&["gone", "y"], vec![&broke, &broke], "a y"),
        (&["x", "y"], vec![&broke, &limited, &limited], "a x y"),
        (&["x"], vec![&spent], "a"),
        (&["x"], vec![&limited], "a"),
        // What stands in for a fault and has no money, or no room, is passed over.
        (&[], vec![&failed, &broke, &limited], "a b c"),
        (&["x"], vec![&failed, &broke, &broke, &spent], "a b x c"),
        (&["x"], vec![&broke, &failed, &failed], "a x b c"),
    ] {
        let faults: Vec<Fault> = faults.into_iter().cloned().collect();
        assert_eq!(way(&rules(), affordable, &faults), expected, "{affordable:?} {faults:?}");
    }
}

#[test]
fn what_was_refused_before_anything_was_tried_is_not_tried_again() {
    let mut course = Course::new("a", Some(5), true, Vec::new());
    let limited = Fault { retry_after: Some(Duration::from_secs(1)), ..Fault::new(RateLimit, Side::Caller, "") };
    assert_eq!(
        course.after(&Rules::default(), &limited, Offer { again: true, ..Offer::default() }, |_| true, 0.5),
        Step::GiveUp
    );
}

#[test]
fn no_call_makes_more_attempts_than_it_may_whatever_is_left_to_try() {
    let rules = |attempts| Rules { bounds: crate::TryBounds { attempts, ..Default::default() }, ..rules() };
    let fault = Fault::provider(Upstream, "");
    assert_eq!(course(&rules(5), &fault, 0, Some(1)).join(" "), "a 500ms a b 500ms b c");
    assert_eq!(course(&rules(1), &fault, 3, None).join(" "), "a");
    let mut course = Course::new("a", None, true, Vec::new()).after_attempts(4);
    course.attempt();
    let offer = Offer { others: 3, ..Offer::default() };
    assert_eq!(course.after(&rules(5), &fault, offer, |_| true, 0.5), Step::GiveUp);
}

#[test]
fn while_many_calls_try_again_a_call_goes_elsewhere_at_once_or_gives_up() {
    let fault = Fault::provider(Upstream, "");
    let step = |others, rules: &Rules| {
        let mut course = Course::new("a", None, true, Vec::new());
        course.attempt();
        course.after(rules, &fault, Offer { others, again: false, ..Offer::default() }, |_| true, 0.5)
    };
    assert_eq!(step(1, &Rules::default()), Step::Retry { pause: Duration::ZERO }, "another deployment is no retry");
    assert_eq!(step(0, &rules()), Step::Fallback);
    assert_eq!(step(0, &Rules::default()), Step::GiveUp);
}
