//! Whose budgets are looked at: everybody's who has one, read anew when something has changed.

use std::sync::Arc;

use policy::Budget;
use store::records::{Allowance, Key, Record, TeamMember};
use store::{Directory, Registry};
use types::Usd;

/// Somebody with a budget.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Whom spend is counted for: `key:<hash>`.
    pub subject: String,
    /// Their budgets, with what a shared one sets.
    pub allowance: Allowance,
    /// Who they are.
    pub who: Arc<Who>,
}

/// Who somebody is, in the incumbent's words.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// `key`, `user`, `team`, `team_member`, `project`, `organization`, `organization_member`, `end_user`, `tag`, `proxy`.
    pub group: &'static str,
    pub token: Option<String>,
    pub key_alias: Option<String>,
    pub user_id: Option<String>,
    pub user_email: Option<String>,
    pub team_id: Option<String>,
    pub team_alias: Option<String>,
    pub organization_id: Option<String>,
    pub customer_id: Option<String>,
    pub project: Option<String>,
    pub tag: Option<String>,
}

impl Watched {
    /// The gateway as a whole.
    pub fn gateway(budget: Budget) -> Self {
        let budget_duration = budget.span.map(|span| span.to_string());
        Watched {
            subject: "gateway".to_owned(),
            allowance: Allowance { max_budget: Some(budget.limit), budget_duration, ..Allowance::default() },
            who: Arc::new(Who { group: "proxy", ..Who::default() }),
        }
    }

    /// The budget, with an addition that holds now.
    pub fn most(&self, now: i64) -> Option<Usd> {
        let allowance = &self.allowance;
        let holds = allowance.temp_budget_expiry.is_some_and(|expiry| expiry > now);
        let addition = allowance.temp_budget_increase.filter(|_| holds).unwrap_or_default();
        allowance.max_budget.map(|budget| budget + addition)
    }
}

/// Everybody with a budget, as of the last change.
#[derive(Default)]
pub struct Watch {
    all: Vec<Watched>,
    generation: Option<u64>,
}

impl Watch {
    /// Everybody who has a budget now.
    pub fn all(&mut self, registry: &Registry) -> &[Watched] {
        let generation = registry.generation();
        if self.generation != Some(generation) {
            self.all = watched(&registry.read());
            self.generation = Some(generation);
        }
        &self.all
    }
}

fn watched(directory: &Directory) -> Vec<Watched> {
    let mut all = Vec::new();
    let mut add = |subject: String, allowance: &Allowance, who: &dyn Fn() -> Who| {
        let shared = allowance.budget_id.as_deref().and_then(|id| directory.budgets.get(id));
        let allowance = shared.map_or_else(|| allowance.clone(), |held| allowance.over(&held.record.allowance));
        let Allowance { max_budget, soft_budget, budget_limits, .. } = &allowance;
        if max_budget.is_some() || soft_budget.is_some() || !budget_limits.is_empty() {
            all.push(Watched { subject, allowance, who: Arc::new(who()) });
        }
    };
    let email = |id: &str| directory.users.get(id).and_then(|held| held.record.user_email.clone());
    let alias = |id: &str| directory.teams.get(id).and_then(|held| held.record.team_alias.clone());
    for (id, key) in records::<Key>(directory) {
        add(format!("key:{}", key.counted_as(id)), &key.allowance, &|| Who {
            group: "key",
            token: Some(id.to_owned()),
            key_alias: key.key_alias.clone(),
            user_id: key.user_id.clone(),
            user_email: key.user_id.as_deref().and_then(email),
            team_id: key.team_id.clone(),
            team_alias: key.team_id.as_deref().and_then(alias),
            organization_id: key.organization_id.clone(),
            ..Who::default()
        });
    }
    for (id, user) in records::<store::records::User>(directory) {
        let who = || Who { group: "user", user_id: text(id), user_email: user.user_email.clone(), ..Who::default() };
        add(format!("user:{id}"), &user.allowance, &who);
    }
    for (id, team) in records::<store::records::Team>(directory) {
        add(format!("team:{id}"), &team.allowance, &|| Who {
            group: "team",
            team_id: text(id),
            team_alias: team.team_alias.clone(),
            organization_id: team.organization_id.clone(),
            ..Who::default()
        });
    }
    for (id, member) in records::<TeamMember>(directory) {
        add(format!("member:{id}"), &member.allowance, &|| Who {
            group: "team_member",
            user_id: text(&member.user_id),
            user_email: email(&member.user_id),
            team_id: text(&member.team_id),
            team_alias: alias(&member.team_id),
            ..Who::default()
        });
    }
    for (id, project) in records::<store::records::Project>(directory) {
        let team = Some(project.team_id.clone());
        let who = || Who { group: "project", project: text(id), team_id: team.clone(), ..Who::default() };
        add(format!("project:{id}"), &project.allowance, &who);
    }
    for (id, organization) in records::<store::records::Organization>(directory) {
        let who = || Who { group: "organization", organization_id: text(id), ..Who::default() };
        add(format!("organization:{id}"), &organization.allowance, &who);
    }
    for (id, member) in records::<store::records::OrganizationMember>(directory) {
        add(format!("organization_member:{id}"), &member.allowance, &|| Who {
            group: "organization_member",
            user_id: text(&member.user_id),
            user_email: email(&member.user_id),
            organization_id: text(&member.organization_id),
            ..Who::default()
        });
    }
    for (id, customer) in records::<store::records::Customer>(directory) {
        let who = || Who { group: "end_user", customer_id: text(id), ..Who::default() };
        add(format!("customer:{id}"), &customer.allowance, &who);
    }
    for (name, tag) in records::<store::records::Tag>(directory) {
        add(format!("tag:{name}"), &tag.allowance, &|| Who { group: "tag", tag: text(name), ..Who::default() });
    }
    all
}

fn records<T: Record + 'static>(directory: &Directory) -> impl Iterator<Item = (&str, &T)> {
    T::all(directory).iter().map(|(id, held)| (id.as_str(), &*held.record))
}

fn text(id: &str) -> Option<String> {
    Some(id.to_owned())
}
