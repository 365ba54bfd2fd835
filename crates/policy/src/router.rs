//! Smart routing: which model group a call goes to that asks for a router, `auto` for instance, and why.
//!
//! A router is an ordered list of rules. The first one whose conditions hold and which has a model left that the caller
//! may use and that is not too dear decides. Arms of an experiment share by weight, and a user stays in the same arm.

mod check;
mod like;
mod when;

use crate::intent::Reading;
use crate::lot::lot;

pub use check::{Check, Said};
pub use like::{Embedder, Like, Making, Vectors};
pub use when::{Hours, Length, Span, Tier, Tiers, When};

/// A router.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Router {
    /// Its rules, the first one first.
    pub rules: Vec<Rule>,
    /// How difficult work must be to be called so.
    pub tiers: Tiers,
    /// Who makes vectors of texts, for rules by examples.
    pub embedder: Option<Embedder>,
}

/// A rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Its name in explanations.
    pub name: String,
    /// When it holds.
    pub when: When,
    /// Where the call goes then.
    pub arms: Vec<Arm>,
    /// The name of the experiment, if its arms are compared.
    pub experiment: Option<String>,
    /// Most that a token of input and one of output may cost together, picodollars: what costs more, or nobody knows
    /// what, is left out.
    pub max_price: Option<u64>,
    /// What an answer must pass.
    pub checks: Vec<Check>,
    /// Who is asked when an answer does not, one after another.
    pub escalate: Vec<String>,
}

/// A model, and its share of the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The model group.
    pub model: String,
    /// Its share, compared with those of the others.
    pub weight: u32,
}

/// What is known about a call.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// What its prompt wants.
    pub reading: Option<&'a Reading>,
    /// The text of the user, for rules that look for words.
    pub text: &'a str,
    /// About how many tokens its input has.
    pub tokens: u64,
    /// The language of its prompt.
    pub language: Option<&'static str>,
    /// Whether it brings tools.
    pub tools: bool,
    /// Whether it brings pictures.
    pub images: bool,
    /// Whether it wants a form that the answer must have.
    pub schema: bool,
    /// Fields of its metadata that are texts, numbers or flags.
    pub metadata: Vec<(String, String)>,
    /// Its tags.
    pub tags: &'a [String],
    /// Id or alias of the key, and of the team.
    pub keys: Vec<&'a str>,
    /// Id or alias of the team.
    pub teams: Vec<&'a str>,
    /// Who stays in an arm.
    pub user: &'a str,
    /// When it came, seconds since 1970.
    pub at: i64,
    /// The place of the rule whose examples the text is nearest to: see [`Router::nearest`].
    pub nearest: Option<usize>,
}

/// What is known about models.
pub trait Models {
    /// Whether the caller may use a model, and there is such a one.
    fn usable(&self, model: &str) -> bool;
    /// What a token of input and one of output cost together at most, picodollars.
    fn price(&self, model: &str) -> Option<u64>;
}

/// Where a call goes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'r> {
    /// The model group.
    pub model: &'r str,
    /// The experiment and its arm.
    pub arm: Option<(&'r str, &'r str)>,
    /// The tags that the rule asks for.
    pub tags: &'r [String],
    /// Why, in a few words without anything that the caller wrote.
    pub reason: String,
    /// What the answer must pass.
    pub checks: &'r [Check],
    /// Who is asked when it does not.
    pub escalate: Vec<&'r str>,
}

/// What a rule has to say to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'r> {
    /// It is not meant: this condition does not hold.
    Unmet(&'static str),
    /// It has no model left: none of its own may have the call.
    Barred(Vec<(&'r str, Bar)>),
    /// It has one.
    Chosen(Choice<'r>),
}

/// Why a model may not have a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// The caller may not use it, or there is no such model.
    Access,
    /// It costs more than the rule allows, or nobody knows what.
    Price,
}

impl Router {
    /// Where a call goes; `None` if no rule holds that has a model left.
    pub fn choose(&self, facts: &Facts, models: &dyn Models) -> Option<Choice<'_>> {
        (0..self.rules.len()).find_map(|index| match self.judge(index, facts, models) {
            Verdict::Chosen(choice) => Some(choice),
            Verdict::Unmet(_) | Verdict::Barred(_) => None,
        })
    }

    /// The place of the rule whose examples are nearest to the vector of a text, among those that hold otherwise.
    pub fn nearest(&self, vector: &[f32], facts: &Facts) -> Option<usize> {
        let near = self.rules.iter().enumerate().filter_map(|(index, rule)| {
            let nearness = rule.when.like.as_ref()?.nearness(vector)?;
            rule.when.unmet(facts, &self.tiers).is_none().then_some((index, nearness))
        });
        near.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(index, _)| index)
    }

    /// What the rule at this place has to say to a call, whatever those before it say.
    pub fn judge(&self, index: usize, facts: &Facts, models: &dyn Models) -> Verdict<'_> {
        let rule = &self.rules[index];
        if let Some(condition) = rule.when.unmet(facts, &self.tiers) {
            return Verdict::Unmet(condition);
        }
        if rule.when.like.is_some() && facts.nearest != Some(index) {
            return Verdict::Unmet("examples");
        }
        let bar = |model: &str| match models.usable(model) {
            false => Some(Bar::Access),
            true => (!rule.affords(models.price(model))).then_some(Bar::Price),
        };
        let arms: Vec<&Arm> = rule.arms.iter().filter(|arm| bar(&arm.model).is_none()).collect();
        let Some(arm) = share(&arms, rule.experiment.as_deref().unwrap_or(&rule.name), facts.user) else {
            return Verdict::Barred(rule.arms.iter().filter_map(|arm| Some((&*arm.model, bar(&arm.model)?))).collect());
        };
        let escalate = rule.escalate.iter().map(String::as_str);
        Verdict::Chosen(Choice {
            model: &arm.model,
            arm: rule.experiment.as_deref().map(|experiment| (experiment, arm.model.as_str())),
            tags: &rule.when.tags,
            reason: self.reason(rule, facts),
            checks: &rule.checks,
            escalate: escalate.filter(|next| *next != arm.model && bar(next).is_none()).collect(),
        })
    }

    /// All models that it may choose.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        let arms = self.rules.iter().flat_map(|rule| rule.arms.iter().map(|arm| arm.model.as_str()));
        arms.chain(self.rules.iter().flat_map(|rule| rule.escalate.iter().map(String::as_str)))
    }

    /// Whether any rule asks what the prompt wants.
    pub fn reads_prompts(&self) -> bool {
        self.rules.iter().any(|rule| rule.when.reads_prompts())
    }

    fn reason(&self, rule: &Rule, facts: &Facts) -> String {
        let mut reason = format!("rule={}", rule.name);
        if let Some(reading) = facts.reading {
            // It is shown in a header: others than ASCII would be spoilt there.
            let features = reading.because.iter().map(|reason| reason.feature);
            let because: Vec<&str> = features.filter(|feature| feature.is_ascii()).collect();
            let (intent, tier) = (reading.intent.name(), self.tiers.of(reading.difficulty).name());
            reason += &format!("; intent={intent}; tier={tier}; difficulty={}", reading.difficulty);
            if !because.is_empty() {
                reason += &format!("; because=\"{}\"", because.join(", ").replace('"', ""));
            }
        }
        if let Some(experiment) = &rule.experiment {
            reason += &format!("; experiment={experiment}");
        }
        reason
    }
}

impl Rule {
    fn affords(&self, price: Option<u64>) -> bool {
        self.max_price.is_none_or(|most| price.is_some_and(|price| price <= most))
    }
}

/// The arm of `user`: the same one for the same experiment as long as the arms are the same.
fn share<'r>(arms: &[&'r Arm], experiment: &str, user: &str) -> Option<&'r Arm> {
    let total: u64 = arms.iter().map(|arm| u64::from(arm.weight)).sum();
    if total == 0 {
        return arms.first().copied();
    }
    let mut left = drawn(experiment, user) % total;
    arms.iter().copied().find(|arm| {
        let within = left < u64::from(arm.weight);
        left = left.wrapping_sub(u64::from(arm.weight));
        within
    })
}

/// The lot that a user draws in an experiment.
fn drawn(experiment: &str, user: &str) -> u64 {
    lot(experiment.bytes().chain([0]).chain(user.bytes()))
}

#[cfg(test)]
mod tests;
