//! Those who pay, and what each of them may.

use policy::Span;
use serde_json::{Value, json};
use store::records::{Allowance, ModelBudget, WindowBudget, hash_key};
use store::{Expect, Kind, Write};
use types::Usd;

use super::super::chance::Chance;

pub const CUSTOMERS: [&str; 2] = ["ann", "bob"];
pub const TAGS: [&str; 2] = ["red", "blue"];

/// A key, and whose it is.
pub struct KeyPlan {
    pub secret: &'static str,
    pub user: Option<&'static str>,
    pub team: Option<&'static str>,
    pub organization: Option<&'static str>,
}

pub const KEYS: [KeyPlan; 5] = [
    KeyPlan { secret: "sk-0", user: None, team: None, organization: None },
    KeyPlan { secret: "sk-1", user: Some("u0"), team: None, organization: None },
    KeyPlan { secret: "sk-2", user: Some("u0"), team: Some("t0"), organization: None },
    KeyPlan { secret: "sk-3", user: None, team: Some("t1"), organization: Some("o0") },
    KeyPlan { secret: "sk-4", user: Some("u1"), team: Some("t1"), organization: Some("o0") },
];

/// Somebody who pays: an object of the database.
#[derive(Clone)]
pub struct Payer {
    /// Under which name it is counted.
    pub subject: String,
    kind: Kind,
    id: String,
    pub allowance: Allowance,
    /// What else its record says.
    other: Value,
}

/// Everybody, and what they may.
pub fn payers(chance: &mut Chance) -> Vec<Payer> {
    let mut all = Vec::new();
    let mut add = |kind: Kind, name: &str, id: String, other: Value| {
        all.push(Payer { subject: format!("{name}:{id}"), kind, id, allowance: allowance(chance), other });
    };
    for id in ["u0", "u1"] {
        add(Kind::User, "user", id.to_owned(), json!({}));
    }
    add(Kind::Organization, "organization", "o0".to_owned(), json!({}));
    add(Kind::Team, "team", "t0".to_owned(), json!({}));
    add(Kind::Team, "team", "t1".to_owned(), json!({"organization_id": "o0"}));
    add(Kind::TeamMember, "member", "t0/u0".to_owned(), json!({"team_id": "t0", "user_id": "u0"}));
    CUSTOMERS.iter().for_each(|id| add(Kind::Customer, "customer", id.to_string(), json!({})));
    TAGS.iter().for_each(|id| add(Kind::Tag, "tag", id.to_string(), json!({})));
    for KeyPlan { secret, user, team, .. } in &KEYS {
        add(Kind::Key, "key", hash_key(secret), json!({"key_name": secret, "user_id": user, "team_id": team}));
    }
    for key in all.iter_mut().filter(|payer| payer.kind == Kind::Key) {
        if chance.percent(20) {
            let budget = ModelBudget { budget_limit: Some(money(chance)), ..ModelBudget::default() };
            key.allowance.model_max_budget.insert("alpha".to_owned(), budget);
        }
    }
    all
}

impl Payer {
    /// The write that makes it what it is.
    pub fn write(&self) -> Write {
        let mut record = serde_json::to_value(&self.allowance).expect("an allowance is JSON");
        record.as_object_mut().expect("an object").extend(self.other.as_object().cloned().expect("an object"));
        Write { kind: self.kind, id: self.id.clone(), expect: Expect::Anything, body: Some(record.to_string()) }
    }

    /// Multiplies its budgets by so many percent.
    pub fn scale(&mut self, percent: u64) {
        let scaled = |money: Usd| Usd::from_nanos(money.nanos() * percent as i64 / 100);
        self.allowance.max_budget = self.allowance.max_budget.map(scaled);
        self.allowance.budget_limits.iter_mut().for_each(|window| window.max_budget = window.max_budget.map(scaled));
    }

    /// Blocks it, or not any more; of organizations, members and tags nobody minds.
    pub fn block(&mut self) {
        self.other["blocked"] = json!(self.other["blocked"] != true);
    }
}

/// Some money: each order of magnitude is as likely.
pub fn money(chance: &mut Chance) -> Usd {
    Usd::from_nanos(chance.magnitude(2_000, 200_000_000) as i64)
}

/// A window of a budget.
pub fn span(chance: &mut Chance) -> Option<Span> {
    Span::parse(chance.pick(&["", "30s", "1m", "1d", "1mo"]))
}

/// What somebody may: often nothing limits it, so that those who are limited matter.
pub fn allowance(chance: &mut Chance) -> Allowance {
    let mut allowance = Allowance::default();
    if chance.percent(35) {
        allowance.max_budget = Some(money(chance));
        allowance.budget_duration = span(chance).map(|span| span.to_string());
    }
    if chance.percent(15) {
        let window = |chance: &mut Chance, text: &str| WindowBudget {
            budget_duration: text.to_owned(),
            max_budget: Some(money(chance)),
        };
        allowance.budget_limits = vec![window(chance, "20s"), window(chance, "90s")];
    }
    allowance.rpm_limit = chance.percent(12).then(|| chance.within(1, 30));
    allowance.tpm_limit = chance.percent(12).then(|| chance.magnitude(50, 50_000));
    allowance.tpd_limit = chance.percent(6).then(|| chance.magnitude(500, 500_000));
    allowance.max_parallel_requests = chance.percent(20).then(|| chance.within(1, 4));
    allowance
}
