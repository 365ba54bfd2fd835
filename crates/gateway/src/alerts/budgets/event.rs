//! What is told of a budget, with the incumbent's names.

use std::sync::Arc;
use std::time::Duration;

use policy::{Crossing, Window};
use serde_json::{Map, Value, json};
use types::Usd;

use super::watch::Who;
use crate::alerts::alert::{Alert, Level, fields};
use crate::config::AlertKind;

/// Something that happened to a budget.
#[derive(Clone, Debug)]
pub struct Event {
    pub crossing: Crossing,
    pub who: Arc<Who>,
    pub subject: String,
    pub spent: Usd,
    pub budget: Option<Usd>,
    pub soft: Option<Usd>,
    pub window: Option<Window>,
}

impl Event {
    /// What happened, as programs call it.
    pub fn name(&self) -> &'static str {
        match self.crossing {
            Crossing::Soft => "soft_budget_crossed",
            Crossing::Reached(_) => "threshold_crossed",
            Crossing::Whole => "budget_crossed",
            Crossing::Foreseen(_) => "projected_limit_exceeded",
        }
    }

    /// The name under which it is told once, and until when that holds: to the end of the window, or for `repeat` if
    /// that is longer. Another budget is another name.
    pub fn claim(&self, repeat: Duration, now: i64) -> (String, i64) {
        let repeat = i64::try_from(repeat.as_millis()).unwrap_or(i64::MAX).max(1);
        let window =
            self.window.and_then(|window| Some((window.start.checked_mul(1000)?, window.end.checked_mul(1000)?)));
        let (start, end) = match window {
            Some((start, end)) if end.saturating_sub(start) >= repeat => (start, end),
            _ => {
                let start = now.div_euclid(repeat) * repeat;
                (start, start.saturating_add(repeat))
            }
        };
        let (level, limit) = match self.crossing {
            Crossing::Reached(level) => (level, self.budget),
            Crossing::Soft => (0, self.soft),
            Crossing::Whole | Crossing::Foreseen(_) => (0, self.budget),
        };
        let limit = limit.unwrap_or_default().nanos();
        (format!("{}{level}:{limit}:{start}:{}", self.name(), self.subject), end)
    }

    /// As it is told.
    pub fn alert(&self) -> Alert {
        let (who, dollars) = (&self.who, |amount: Option<Usd>| amount.map(|amount| format!("${}", amount.dollars())));
        let alert = Alert::new(AlertKind::Budgets, self.name(), who.group, self.level());
        let mut alert = alert.saying(self.title(), self.message()).knowing([
            ("Key", who.key_alias.clone().or_else(|| who.token.as_deref().map(masked))),
            ("User", who.user_email.clone().or_else(|| who.user_id.clone())),
            ("Team", who.team_alias.clone().or_else(|| who.team_id.clone())),
            ("Organization", who.organization_id.clone()),
            ("Customer", who.customer_id.clone()),
            ("Project", who.project.clone()),
            ("Tag", who.tag.clone()),
            ("Spent", dollars(Some(self.spent))),
            ("Budget", dollars(self.budget)),
            ("Soft budget", dollars(self.soft)),
            ("Spent on", self.exceeded_on()),
        ]);
        alert.fields = self.fields();
        alert
    }

    /// Whose mailbox it concerns, too.
    pub fn reader(&self) -> Option<&str> {
        self.who.user_email.as_deref()
    }

    fn level(&self) -> Level {
        match self.crossing {
            Crossing::Whole => Level::Grave,
            Crossing::Reached(level) if level < 80 => Level::Note,
            Crossing::Soft | Crossing::Reached(_) | Crossing::Foreseen(_) => Level::Warning,
        }
    }

    fn title(&self) -> String {
        match self.crossing {
            Crossing::Soft => "Soft budget crossed".to_owned(),
            Crossing::Reached(level) => format!("{level}% of a budget spent"),
            Crossing::Whole => "Budget spent".to_owned(),
            Crossing::Foreseen(_) => "Budget will be exceeded".to_owned(),
        }
    }

    /// What happened, as people say it.
    fn message(&self) -> String {
        let who = &self.who;
        let token = who.token.as_deref().map(masked);
        let names = [
            ("key", who.key_alias.as_ref().or(token.as_ref())),
            ("user", who.user_email.as_ref().or(who.user_id.as_ref())),
            ("team", who.team_alias.as_ref().or(who.team_id.as_ref())),
            ("organization", who.organization_id.as_ref()),
            ("customer", who.customer_id.as_ref()),
            ("project", who.project.as_ref()),
            ("tag", who.tag.as_ref()),
        ];
        let names: Vec<String> =
            names.into_iter().filter_map(|(what, name)| Some(format!("{what} {}", name?))).collect();
        let whose = if names.is_empty() { "the gateway".to_owned() } else { names.join(", ") };
        let dollars = |amount: Option<Usd>| format!("${}", amount.unwrap_or_default().dollars());
        let (spent, budget, soft) = (dollars(Some(self.spent)), dollars(self.budget), dollars(self.soft));
        match self.crossing {
            Crossing::Soft => format!("Soft budget crossed: {spent} spent, the soft budget is {soft} ({whose})"),
            Crossing::Reached(level) => format!("{level}% of the budget reached: {spent} of {budget} spent ({whose})"),
            Crossing::Whole => format!("Budget crossed: {spent} of {budget} spent ({whose})"),
            Crossing::Foreseen(end) => {
                let end = dollars(Some(end));
                format!(
                    "Projected to exceed the budget: {spent} spent, {end} at the end of the window, {budget} allowed ({whose})"
                )
            }
        }
    }

    /// For programs.
    fn fields(&self) -> Map<String, Value> {
        let (who, dollars) = (&self.who, |amount: Option<Usd>| json!(amount.map(Usd::dollars)));
        let projected = match self.crossing {
            Crossing::Foreseen(end) => Some(end),
            _ => None,
        };
        fields(json!({
            "spend": self.spent.dollars(),
            "max_budget": dollars(self.budget),
            "soft_budget": dollars(self.soft),
            "token": who.token,
            "key_alias": who.key_alias,
            "user_id": who.user_id,
            "user_email": who.user_email,
            "team_id": who.team_id,
            "team_alias": who.team_alias,
            "organization_id": who.organization_id,
            "customer_id": who.customer_id,
            "project_id": who.project,
            "tag": who.tag,
            "projected_spend": dollars(projected),
            "projected_exceeded_date": self.exceeded_on(),
        }))
    }

    /// The day on which the budget will be spent.
    fn exceeded_on(&self) -> Option<String> {
        let (Crossing::Foreseen(end), Some(window), Some(budget)) = (self.crossing, self.window, self.budget) else {
            return None;
        };
        let length = i128::from(window.end - window.start);
        let until = length * i128::from(budget.nanos()) / i128::from(end.nanos().max(1));
        let second = window.start.checked_add(i64::try_from(until).ok()?)?;
        Some(jiff::Timestamp::from_second(second).ok()?.strftime("%Y-%m-%d").to_string())
    }
}

/// The hash of a key, as people tell it from others.
fn masked(token: &str) -> String {
    format!("{}…", token.chars().take(8).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(crossing: Crossing, window: Option<Window>) -> Event {
        let usd = |dollars: i64| Usd::from_nanos(dollars * 1_000_000_000);
        let who = Arc::new(Who { group: "key", key_alias: Some("mine".to_owned()), ..Who::default() });
        Event {
            crossing,
            who,
            subject: "key:k".to_owned(),
            spent: usd(5),
            budget: Some(usd(10)),
            soft: Some(usd(4)),
            window,
        }
    }

    #[test]
    fn something_is_told_once_in_its_window_or_a_day() {
        let day = Duration::from_secs(86_400);
        let month = Some(Window { start: 0, end: 30 * 86_400 });
        let claim = |crossing, window, now: i64| event(crossing, window).claim(day, now * 1000);
        assert_eq!(claim(Crossing::Soft, month, 5), claim(Crossing::Soft, month, 86_405));
        assert_eq!(claim(Crossing::Soft, month, 5).1, 30 * 86_400 * 1000);
        assert_ne!(claim(Crossing::Soft, month, 5).0, claim(Crossing::Whole, month, 5).0);
        assert_ne!(claim(Crossing::Reached(50), month, 5).0, claim(Crossing::Reached(80), month, 5).0);
        let hour = Some(Window { start: 3600, end: 7200 });
        assert_eq!(claim(Crossing::Whole, hour, 4000).1, 86_400_000, "a short window is told about once a day");
        assert_eq!(claim(Crossing::Whole, None, 4000), claim(Crossing::Whole, None, 80_000));
        assert_ne!(claim(Crossing::Whole, None, 4000), claim(Crossing::Whole, None, 90_000));
    }

    #[test]
    fn programs_and_people_are_told_the_same() {
        let usd = |dollars: i64| Usd::from_nanos(dollars * 1_000_000_000);
        let window = Some(Window { start: 0, end: 10 * 86_400 });
        let fields = event(Crossing::Foreseen(usd(20)), window).alert().for_programs();
        assert_eq!((&fields["event"], &fields["event_group"]), (&json!("projected_limit_exceeded"), &json!("key")));
        assert_eq!((&fields["spend"], &fields["projected_spend"]), (&json!(5.0), &json!(20.0)));
        assert_eq!(fields["projected_exceeded_date"], "1970-01-06");
        let alert = event(Crossing::Soft, None).alert();
        assert_eq!(alert.message, "Soft budget crossed: $5 spent, the soft budget is $4 (key mine)");
        assert!(alert.facts.contains(&("Key", "mine".to_owned())) && alert.level == Level::Warning, "{alert:?}");
    }
}
