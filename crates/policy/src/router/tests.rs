//! Decisions, told as sentences.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::intent::{self, Intent, Prompt};

/// Models that may be used, and their prices.
struct Shelf(&'static [(&'static str, Option<u64>)]);

impl Models for Shelf {
    fn usable(&self, model: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == model)
    }

    fn price(&self, model: &str) -> Option<u64> {
        self.0.iter().find(|(name, _)| *name == model)?.1
    }
}

const SHELF: Shelf = Shelf(&[("small", Some(1)), ("mid", Some(10)), ("premium", Some(100)), ("secret", None)]);

fn rule(name: &str, when: When, models: &[&str]) -> Rule {
    let arms = models.iter().map(|model| Arm { model: (*model).to_owned(), weight: 1 }).collect();
    Rule { name: name.to_owned(), when, arms, ..Rule::default() }
}

fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The model that a call with these facts gets if `when` sends it to premium, and everything else goes to small.
fn model(when: When, facts: Facts) -> String {
    let rules = vec![rule("special", when, &["premium"]), rule("default", When::default(), &["small"])];
    Router { rules, ..Router::default() }.choose(&facts, &SHELF).unwrap().model.to_owned()
}

#[test]
fn each_condition_sends_what_it_means_and_nothing_else() {
    let reading = intent::read(&Prompt { user: "Prove that the square root of 2 is irrational.", system: "" });
    let tags = list(&["batch", "internal"]);
    let facts = Facts {
        reading: Some(&reading),
        text: "Please look at the GDPR text, and at gdpr-relevant sums.",
        tokens: 1_000,
        language: Some("de"),
        tools: true,
        images: false,
        schema: true,
        metadata: vec![("tenant".to_owned(), "acme".to_owned()), ("tier".to_owned(), "gold".to_owned())],
        tags: &tags,
        keys: vec!["hash", "ci"],
        teams: vec!["t-1", "research"],
        user: "ada",
        nearest: None,
        at: "2026-11-28T23:30:00Z".parse::<Timestamp>().unwrap().as_second(),
    };
    let check = |what: &str, when: When, holds: bool| {
        assert_eq!(model(when, facts.clone()) == "premium", holds, "{what}");
    };
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let hours = |span: &str, days: u8| {
        Some(Hours { spans: vec![Span::parse(span, days).unwrap()], zone: TimeZone::get("Europe/Berlin").unwrap() })
    };
    let length = |min: u64, max: u64| Length { min, max };
    check("no condition", When::default(), true);
    check("its intent", When { intents: vec![Intent::Code, Intent::Reasoning], ..When::default() }, true);
    check("another intent", When { intents: vec![Intent::Code], ..When::default() }, false);
    check("its tier", When { tiers: vec![Tier::Complex, Tier::Reasoning], ..When::default() }, true);
    check("an easier tier", When { tiers: vec![Tier::Simple], ..When::default() }, false);
    check("a word", When { words: list(&["gdpr"]), ..When::default() }, true);
    check("a part of a word", When { words: list(&["gdp"]), ..When::default() }, false);
    check("long enough", When { length: length(1_000, u64::MAX), ..When::default() }, true);
    check("too short", When { length: length(1_001, u64::MAX), ..When::default() }, false);
    check("too long", When { length: length(0, 999), ..When::default() }, false);
    check("its language", When { languages: list(&["fr", "de"]), ..When::default() }, true);
    check("another language", When { languages: list(&["fr"]), ..When::default() }, false);
    check("tools", When { tools: Some(true), ..When::default() }, true);
    check("no tools", When { tools: Some(false), ..When::default() }, false);
    check("no pictures", When { images: Some(false), ..When::default() }, true);
    check("pictures", When { images: Some(true), ..When::default() }, false);
    check("a form", When { schema: Some(true), ..When::default() }, true);
    check(
        "its metadata",
        When { metadata: vec![field("tenant", "acme"), field("tier", "gold")], ..When::default() },
        true,
    );
    check(
        "half of its metadata",
        When { metadata: vec![field("tenant", "acme"), field("tier", "tin")], ..When::default() },
        false,
    );
    check("a tag", When { tags: list(&["x", "batch"]), ..When::default() }, true);
    check("no tag", When { tags: list(&["x"]), ..When::default() }, false);
    check("its key's alias", When { keys: list(&["ci"]), ..When::default() }, true);
    check("another key", When { keys: list(&["other"]), ..When::default() }, false);
    check("its team", When { teams: list(&["t-1"]), ..When::default() }, true);
    check("another team", When { teams: list(&["t-2"]), ..When::default() }, false);
    check(
        "at night, where the clock hangs",
        When { hours: hours("00:00-01:00", Span::ALL_DAYS), ..When::default() },
        true,
    );
    check("a day earlier", When { hours: hours("00:00-01:00", 0b010_0000), ..When::default() }, false);
    let both = When { tools: Some(true), languages: list(&["fr"]), ..When::default() };
    check("one of two conditions", both, false);
}

#[test]
fn a_call_nobody_could_read_meets_no_condition_on_what_it_wants() {
    let when = When { intents: Intent::ALL.to_vec(), ..When::default() };
    assert_eq!(model(when, Facts::default()), "small");
    let when = When { tiers: Tier::ALL.to_vec(), ..When::default() };
    assert_eq!(model(when, Facts::default()), "small");
}

#[test]
fn the_first_rule_that_has_a_model_left_decides() {
    let forbidden = rule("forbidden", When::default(), &["nobody-knows-it"]);
    let dear = Rule { max_price: Some(50), ..rule("dear", When::default(), &["premium", "secret"]) };
    let rest = rule("rest", When::default(), &["mid"]);
    let router = Router { rules: vec![forbidden.clone(), dear.clone(), rest], ..Router::default() };
    let choice = router.choose(&Facts::default(), &SHELF).unwrap();
    assert_eq!((choice.model, choice.reason.as_str()), ("mid", "rule=rest"));
    let router = Router { rules: vec![forbidden, dear], ..Router::default() };
    assert_eq!(router.choose(&Facts::default(), &SHELF), None);
}

#[test]
fn a_price_cap_leaves_out_what_costs_more_and_what_nobody_knows_the_price_of() {
    let capped = Rule { max_price: Some(10), ..rule("capped", When::default(), &["premium", "secret", "mid"]) };
    let router = Router { rules: vec![capped], ..Router::default() };
    assert_eq!(router.choose(&Facts::default(), &SHELF).unwrap().model, "mid");
}

#[test]
fn users_stay_in_their_arm_and_arms_get_their_share() {
    let mut split = rule("split", When::default(), &["small", "premium"]);
    split.arms[0].weight = 90;
    split.arms[1].weight = 10;
    split.experiment = Some("spring".to_owned());
    let router = Router { rules: vec![split], ..Router::default() };
    let arm = |router: &Router, user: &str| {
        let choice = router.choose(&Facts { user, ..Facts::default() }, &SHELF).unwrap();
        assert_eq!(choice.arm, Some((router.rules[0].experiment.as_deref().unwrap(), choice.model)));
        choice.model.to_owned()
    };
    let users: Vec<String> = (0..10_000).map(|number| format!("user-{number}")).collect();
    let premium = users.iter().filter(|user| arm(&router, user) == "premium").count();
    assert!((900..1_100).contains(&premium), "{premium}");
    assert!(users.iter().take(100).all(|user| arm(&router, user) == arm(&router.clone(), user)));
    let mut other = router.clone();
    other.rules[0].experiment = Some("summer".to_owned());
    let moved = users.iter().filter(|user| arm(&router, user) != arm(&other, user)).count();
    assert!((1_500..2_100).contains(&moved), "another experiment shuffles anew: {moved}");
    // Written down once: it must be the same in every version.
    assert_eq!(drawn("spring", "ada"), 13_100_519_014_246_180_906);
}

#[test]
fn a_choice_says_why_without_repeating_what_the_caller_wrote() {
    let text = "Please extract the secret 4711-0815 from the text below as JSON.";
    let reading = intent::read(&Prompt { user: text, system: "" });
    let when = When { intents: vec![Intent::Extraction], ..When::default() };
    let router = Router { rules: vec![rule("forms", when, &["small"])], ..Router::default() };
    let facts = Facts { reading: Some(&reading), text, ..Facts::default() };
    let reason = router.choose(&facts, &SHELF).unwrap().reason;
    assert!(reason.starts_with("rule=forms; intent=extraction; tier="), "{reason}");
    assert!(reason.contains("because=\"extract, ") && !reason.contains("4711"), "{reason}");
}

#[test]
fn an_escalation_leads_to_others_that_may_be_used() {
    let escalate = list(&["small", "forbidden", "mid", "premium"]);
    let mut small = rule("small", When::default(), &["small"]);
    (small.checks, small.escalate) = (Check::ALL.to_vec(), escalate);
    let router = Router { rules: vec![small], ..Router::default() };
    assert_eq!(router.choose(&Facts::default(), &SHELF).unwrap().escalate, ["mid", "premium"]);
}

#[test]
fn answers_that_are_empty_refuse_or_have_the_wrong_form_fail_their_checks() {
    let failed = |said: Said| -> Vec<&str> {
        Check::ALL.into_iter().filter(|check| check.fails(&said)).map(Check::name).collect()
    };
    let text = |text: &'static str| Said { text, ..Said::default() };
    assert_eq!(failed(text("Paris.")), [""; 0]);
    assert_eq!(failed(text(" \n ")), ["empty"]);
    assert_eq!(failed(Said { calls_tools: true, fits_schema: Some(false), ..text("") }), [""; 0]);
    assert_eq!(failed(text("I’m sorry, but I can't help with that.")), ["refusal"]);
    assert_eq!(failed(text("Es tut mir leid, aber das darf ich nicht.")), ["refusal"]);
    assert_eq!(failed(Said { refused: true, ..text("") }), ["refusal"]);
    assert_eq!(failed(text("He said: I can't help.")), [""; 0]);
    assert_eq!(failed(Said { fits_schema: Some(false), ..text("{}") }), ["schema"]);
    assert_eq!(failed(Said { fits_schema: Some(true), ..text("{}") }), [""; 0]);
}

#[test]
fn tiers_have_names_and_begin_where_the_router_says() {
    let tiers = |difficulty| Tiers::default().of(difficulty).name();
    assert_eq!(
        [0, 14, 15, 34, 35, 59, 60, 100].map(tiers).join(" "),
        "simple simple medium medium complex complex reasoning reasoning"
    );
    assert_eq!((Tier::parse("COMPLEX"), Tier::parse("hard")), (Some(Tier::Complex), None));
    assert_eq!(Tiers([1, 2, 3]).of(2), Tier::Complex);
}

#[test]
fn a_rule_says_why_it_does_not_decide() {
    let tools = When { tools: Some(true), ..When::default() };
    let dear = Rule { max_price: Some(5), ..rule("cheap", When::default(), &["mid", "unknown"]) };
    let router = Router {
        rules: vec![rule("tools", tools, &["mid"]), dear, rule("rest", When::default(), &["small"])],
        ..Router::default()
    };
    let facts = Facts::default();
    let said: Vec<Verdict> = (0..router.rules.len()).map(|index| router.judge(index, &facts, &SHELF)).collect();
    assert_eq!(said[0], Verdict::Unmet("tools"));
    assert_eq!(said[1], Verdict::Barred(vec![("mid", Bar::Price), ("unknown", Bar::Access)]));
    assert!(matches!(&said[2], Verdict::Chosen(choice) if choice.model == "small"), "{:?}", said[2]);
}

#[test]
fn of_rules_by_examples_the_nearest_one_decides_and_without_a_vector_the_others_do() {
    let like = |threshold: f32, vector: &[f32]| {
        let like = Like { threshold, ..Like::default() };
        like.vectors.keep(vec![vector.to_vec()]);
        When { like: Some(like), ..When::default() }
    };
    let narrow = When { tools: Some(true), ..like(0.1, &[1.0, 1.0]) };
    let rules = vec![
        rule("far", like(0.1, &[0.0, 1.0]), &["mid"]),
        rule("near", like(0.1, &[1.0, 0.1]), &["premium"]),
        rule("narrow", narrow, &["mid"]),
        rule("rest", When::default(), &["small"]),
    ];
    let router = Router { rules, ..Router::default() };
    let choice = |vector: Option<&[f32]>, tools: bool| {
        let mut facts = Facts { tools, ..Facts::default() };
        facts.nearest = vector.and_then(|vector| router.nearest(vector, &facts));
        router.choose(&facts, &SHELF).unwrap().reason
    };
    assert_eq!(choice(Some(&[1.0, 0.6]), false), "rule=near");
    assert_eq!(choice(Some(&[1.0, 0.8]), true), "rule=narrow");
    assert_eq!(choice(Some(&[0.0, 3.0]), false), "rule=far");
    assert_eq!(choice(Some(&[-1.0, -1.0]), false), "rule=rest");
    assert_eq!(choice(None, false), "rule=rest");
}
