use std::time::Duration;

use types::Usd;

use super::advice::advice;
use super::report::{Finding, Report};
use super::scene::Scene;
use super::*;

fn finding() -> Finding {
    let scene = Scene { model: "chat".into(), deployment_id: "1".into(), deployment: "openai/a".into(), siblings: 2 };
    Finding {
        calls: 20,
        detected_after: Some(Duration::from_millis(3)),
        recovered_after: Some(Duration::from_millis(5_250)),
        priced: true,
        ..Finding::of(&scene, "cut")
    }
}

#[test]
fn advice_names_what_was_wrong_once() {
    let check = |finding: Finding, expected: &[&str]| {
        let advice = advice(&[finding.clone(), finding]);
        assert_eq!(advice.len(), expected.len(), "{advice:?}");
        advice.iter().zip(expected).for_each(|(line, part)| assert!(line.contains(part), "{line}"));
    };
    check(finding(), &[]);
    check(Finding { lost: 1, ..finding() }, &["allow more attempts"]);
    check(Finding { lost: 1, siblings: 1, ..finding() }, &["a second deployment"]);
    check(Finding { waits: true, detected_after: Some(Duration::from_secs(300)), ..finding() }, &["waits 300 s"]);
    check(Finding { recovered_after: None, ..finding() }, &["shorter cooldown_time"]);
    check(Finding { recovered_after: None, passed_over: true, ..finding() }, &[]);
    check(Finding { priced: false, ..finding() }, &["is not known"]);
    check(Finding { extra_cost: Usd::from_nanos(1), ..finding() }, &["costs more"]);
    check(Finding { unwell: true, recovered_after: None, ..finding() }, &["nothing is broken"]);
    check(Finding { idle: true, recovered_after: None, ..finding() }, &[]);
}

#[test]
fn a_report_is_for_people_and_for_programs() {
    let money = Finding { extra_cost: Usd::from_nanos(20_000_000), lost: 3, ..finding() };
    let report = Report::new(
        "config.yaml".to_owned(),
        vec![money, Finding { idle: true, deployment_id: "2".into(), ..finding() }],
    );
    let text = report.to_string();
    let row = text.lines().find(|line| line.contains("cut")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["cut", "3/20", "0", "3", "ms", "5.2", "s", "1", "0"]);
    assert!(text.contains("not drilled: it is not used while others are well"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(
        (&json["most_calls_lost"], &json["drills"][0]["extra_cost_usd_per_1000_calls"]),
        (&3.into(), &1.0.into())
    );
    assert_eq!((&json["drills"][0]["detected_after_ms"], &json["drills"][1]["drilled"]), (&3.into(), &false.into()));
}

#[test]
fn faults_are_chosen_by_name() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(chosen(&[]).ok().map(|faults| faults.len()), Some(FAULTS.len()));
    assert_eq!(chosen(&names(&["cut", " status 500"])).ok().map(|faults| faults[1].name), Some("status 500"));
    assert!(
        chosen(&names(&["nothing at all"])).err().is_some_and(|why| why.contains("hang") || why.contains("refused"))
    );
}
