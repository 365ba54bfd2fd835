use super::*;

fn allowance(json: &str) -> Allowance {
    serde_json::from_str(json).unwrap()
}

fn budgets(terms: &Terms) -> Vec<(String, Option<String>)> {
    terms.budgets.iter().map(|budget| (budget.limit.to_string(), budget.span.map(|span| span.to_string()))).collect()
}

#[test]
fn nothing_set_limits_nothing() {
    assert!(!Terms::of(&Allowance::default(), None, false, 0).limit_something());
}

#[test]
fn a_shared_budget_holds_where_nothing_else_is_set() {
    let shared = allowance(r#"{"max_budget":5,"budget_duration":"30d","rpm_limit":9,"tpm_limit":90}"#);
    let terms = Terms::of(&allowance(r#"{"rpm_limit":3}"#), Some(&shared), false, 0);
    assert_eq!((terms.limits.rpm, terms.limits.tpm), (Some(3), Some(90)));
    assert_eq!(budgets(&terms), [("5".to_owned(), Some("30d".to_owned()))]);
    let terms = Terms::of(&allowance(r#"{"max_budget":1}"#), Some(&shared), false, 0);
    assert_eq!(budgets(&terms), [("1".to_owned(), None)]);
}

#[test]
fn several_windows_hold_at_once_and_an_addition_ends_by_itself() {
    let text = r#"{"max_budget":2,"temp_budget_increase":0.5,"temp_budget_expiry":1000,
        "budget_limits":[{"budget_duration":"24h","max_budget":1},{"budget_duration":"nonsense","max_budget":1}]}"#;
    let terms = Terms::of(&allowance(text), None, true, 999);
    assert_eq!(budgets(&terms), [("2.5".to_owned(), None), ("1".to_owned(), Some("1d".to_owned()))]);
    assert_eq!(terms.valid_until, Some(1000));
    assert_eq!(budgets(&Terms::of(&allowance(text), None, true, 1000))[0].0, "2");
}

#[test]
fn of_two_budgets_for_one_window_the_smaller_one_counts() {
    let text = r#"{"max_budget":2,"budget_duration":"24h","budget_limits":[{"budget_duration":"1d","max_budget":1},
        {"budget_duration":"30d","max_budget":9}]}"#;
    let terms = Terms::of(&allowance(text), None, false, 0);
    assert_eq!(budgets(&terms), [("1".to_owned(), Some("1d".to_owned())), ("9".to_owned(), Some("30d".to_owned()))]);
}

#[test]
fn models_have_terms_of_their_own() {
    let text = r#"{"model_max_budget":{"gpt-4o":{"budget_limit":0.1,"time_period":"1d","rpm_limit":7}},"model_tpm_limit":{"gpt-4o":50}}"#;
    let terms = Terms::of_model(&allowance(text), "gpt-4o");
    assert_eq!((terms.limits.rpm, terms.limits.tpm), (Some(7), Some(50)));
    assert_eq!(budgets(&terms), [("0.1".to_owned(), Some("1d".to_owned()))]);
    assert!(!Terms::of_model(&allowance(text), "other").limit_something());
}
