//! What drills found, for people and for programs.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use types::Usd;

use super::advice::advice;
use super::scene::Scene;

/// What one drill found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What callers asked for.
    pub model: String,
    /// The deployment that broke, as the operator wrote it.
    pub deployment: String,
    /// Its id.
    pub deployment_id: String,
    /// Deployments of the group.
    pub siblings: usize,
    /// How it broke.
    pub fault: &'static str,
    /// It is not used while others are well.
    pub idle: bool,
    /// Calls failed when everything was well: nothing was broken then.
    pub unwell: bool,
    /// Calls during the fault.
    pub calls: u32,
    /// Calls that got an error instead of an answer.
    pub lost: u32,
    /// Calls that got the beginning of an answer and then an error: nobody can take back what a caller has.
    pub broken_off: u32,
    /// How often the broken deployment was asked.
    pub attempts_at_it: u32,
    /// How long the first attempt took to fail; `None` if none did.
    pub detected_after: Option<Duration>,
    /// Whether attempts ended by a time limit.
    pub waits: bool,
    /// How long it took until it was used again, once it was well; `None` if it was not in time.
    pub recovered_after: Option<Duration>,
    /// It could be used again, but others are preferred.
    pub passed_over: bool,
    /// What the answers cost beyond what they would have cost at the deployment itself.
    pub extra_cost: Usd,
    /// What the deployment may have sent a bill for without having answered.
    pub at_risk: Usd,
    /// Whether the prices of all that answered are known.
    pub priced: bool,
}

impl Finding {
    /// Nothing was found yet.
    pub fn of(scene: &Scene, fault: &'static str) -> Self {
        Finding {
            model: scene.model.clone(),
            deployment: scene.deployment.clone(),
            deployment_id: scene.deployment_id.clone(),
            siblings: scene.siblings,
            fault,
            idle: false,
            unwell: false,
            calls: 0,
            lost: 0,
            broken_off: 0,
            attempts_at_it: 0,
            detected_after: None,
            waits: false,
            recovered_after: None,
            passed_over: false,
            extra_cost: Usd::ZERO,
            at_risk: Usd::ZERO,
            priced: false,
        }
    }

    /// Whether the deployment was broken at all.
    pub fn was_drilled(&self) -> bool {
        !self.idle && !self.unwell
    }

    /// An amount for a thousand calls like those of the drill.
    fn of_thousand(&self, amount: Usd) -> Usd {
        amount.times(1_000).part(self.calls.max(1))
    }

    fn json(&self) -> Value {
        let ms = |time: Option<Duration>| time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let money = |amount: Usd| self.priced.then(|| self.of_thousand(amount).dollars());
        json!({
            "model": self.model,
            "deployment": self.deployment,
            "deployment_id": self.deployment_id,
            "fault": self.fault,
            "drilled": self.was_drilled(),
            "calls": self.calls,
            "calls_lost": self.lost,
            "calls_broken_off": self.broken_off,
            "attempts_at_it": self.attempts_at_it,
            "detected_after_ms": ms(self.detected_after),
            "recovered_after_ms": ms(self.recovered_after),
            "passed_over": self.passed_over,
            "extra_cost_usd_per_1000_calls": money(self.extra_cost),
            "money_at_risk_usd_per_1000_calls": money(self.at_risk),
        })
    }
}

/// What all drills found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The configuration file, or whose calls.
    what: String,
    findings: Vec<Finding>,
}

impl Report {
    /// The report on a configuration file, or on somebody's calls.
    pub fn new(what: String, findings: Vec<Finding>) -> Self {
        Report { what, findings }
    }

    /// Most calls that a drill has lost. A deployment that does not even answer when all is well has lost everything.
    pub fn most_lost(&self) -> u32 {
        self.findings.iter().map(|finding| if finding.unwell { u32::MAX } else { finding.lost }).max().unwrap_or(0)
    }

    /// For programs.
    pub fn json(&self) -> String {
        format!("{:#}\n", self.value())
    }

    /// The same as a value.
    pub fn value(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(Finding::json).collect();
        json!({
            "drilled": self.what,
            "drills": findings,
            "most_calls_lost": self.most_lost(),
            "what_to_change": advice(&self.findings),
        })
    }
}

/// For people: a table for each deployment, and what to change.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for of_deployment in self
            .findings
            .chunk_by(|one, other| (&one.model, &one.deployment_id) == (&other.model, &other.deployment_id))
        {
            let first = &of_deployment[0];
            writeln!(f, "{} at {}", first.model, first.deployment)?;
            let drilled: Vec<&Finding> = of_deployment.iter().filter(|finding| finding.was_drilled()).collect();
            if drilled.is_empty() {
                let why = if first.unwell {
                    "it does not answer when all is well"
                } else {
                    "it is not used while others are well"
                };
                writeln!(f, "  not drilled: {why}\n")?;
                continue;
            }
            writeln!(
                f,
                "  {:32} {:>6} {:>10} {:>11} {:>11} {:>13} {:>13}",
                "fault", "lost", "broken off", "detected", "recovered", "extra $/1000", "at risk/1000"
            )?;
            for finding in drilled {
                let time = |time: Option<Duration>, none: &str| time.map_or_else(|| none.to_owned(), shown);
                let money = |amount| match finding.priced {
                    true => finding.of_thousand(amount).to_string(),
                    false => "?".to_owned(),
                };
                writeln!(
                    f,
                    "  {:32} {:>6} {:>10} {:>11} {:>11} {:>13} {:>13}",
                    finding.fault,
                    format!("{}/{}", finding.lost, finding.calls),
                    finding.broken_off,
                    time(finding.detected_after, "-"),
                    time(finding.recovered_after, if finding.passed_over { "not used" } else { "not yet" }),
                    money(finding.extra_cost),
                    money(finding.at_risk),
                )?;
            }
            writeln!(f)?;
        }
        let advice = advice(&self.findings);
        if advice.is_empty() {
            return writeln!(f, "What to change: nothing.");
        }
        writeln!(f, "What to change:")?;
        advice.iter().try_for_each(|line| writeln!(f, "- {line}"))
    }
}

fn shown(time: Duration) -> String {
    match time.as_millis() {
        ms if ms < 1_000 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}
