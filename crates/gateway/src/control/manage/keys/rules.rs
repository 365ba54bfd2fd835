//! What the operator says about new keys: who may make them, what they get, and what they may get at most.

use policy::Span;
use serde_json::Value;
use store::Directory;
use store::records::{MemberRole, Role};
use types::Usd;

use super::super::actor::Actor;
use super::super::form::{FOR_EVER, Form};
use super::super::refusal::{Refusal, Result};
use crate::config::{KeyRules, KeyScope};

/// Amounts with a bound.
const AMOUNTS: [&str; 1] = ["max_budget"];
/// Counts with a bound.
const COUNTS: [&str; 3] = ["max_parallel_requests", "tpm_limit", "rpm_limit"];
/// Lengths of time with a bound.
const LENGTHS: [&str; 2] = ["budget_duration", "duration"];

/// Fills in the operator's defaults where nothing was asked for.
pub fn fill(rules: &KeyRules, form: &mut Form) {
    for (name, value) in &rules.defaults {
        let empty = form.get(name).is_none_or(|value| match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        });
        if empty {
            form.set(name, value.clone());
        }
    }
}

/// Refuses more than the operator allows. What is missing is set to the bound if the key is a `new` one.
pub fn bound(rules: &KeyRules, form: &mut Form, new: bool) -> Result<()> {
    for (name, most) in &rules.bounds {
        let name = name.as_str();
        match form.get(name).is_some() {
            true if exceeds(name, form, most) => {
                let shown = form.get(name).map(Value::to_string).unwrap_or_default();
                let message = format!("{name} is over max limit set in config - user_value={shown}; max_value={most}");
                return Err(Refusal::bad_param(name, message));
            }
            true => {}
            false if new || form.has(name) => form.set(name, most.clone()),
            false => {}
        }
    }
    Ok(())
}

fn exceeds(name: &str, form: &Form, most: &Value) -> bool {
    let length = |text: Option<&str>| match text {
        Some(FOR_EVER) => Some(u64::MAX),
        text => text.and_then(Span::parse).map(Span::seconds),
    };
    match name {
        name if AMOUNTS.contains(&name) => form.dollars(name) > most.as_f64().and_then(Usd::from_dollars),
        name if COUNTS.contains(&name) => form.count(name) > most.as_u64(),
        name if LENGTHS.contains(&name) => length(form.text(name)) > length(most.as_str()),
        _ => false,
    }
}

/// Refuses whom the operator lets make no such keys, and keys that lack what he insists on.
pub fn check(rules: &KeyRules, actor: &Actor, form: &Form, directory: &Directory) -> Result<()> {
    let team = form.text("team_id");
    if team.is_none() && rules.no_personal_keys && !actor.is_admin() {
        return Err(Refusal::forbidden("Keys need a team here: pass a team_id."));
    }
    let (scope, roles, what) = match team {
        Some(team) => (&rules.team, team_roles(actor, team, directory), "team"),
        None => (&rules.personal, user_roles(actor), "personal"),
    };
    let KeyScope { roles: allowed, required } = scope;
    if let Some(allowed) = allowed.as_ref().filter(|_| !actor.is_admin())
        && !roles.iter().any(|role| allowed.iter().any(|allowed| allowed == role))
    {
        let message = format!("Not allowed to create {what} keys here. Allowed roles={allowed:?}, your role={roles:?}");
        return Err(Refusal::forbidden(message));
    }
    match required.iter().find(|name| form.get(name).is_none()) {
        Some(name) => {
            Err(Refusal::bad_param(name, format!("Required param {name} not in data: {what} keys need it here")))
        }
        None => Ok(()),
    }
}

fn team_roles(actor: &Actor, team: &str, directory: &Directory) -> Vec<&'static str> {
    let role = actor.member(directory, team).map(|member| member.record.role);
    match role {
        _ if actor.manages_team(directory, team) => vec!["admin"],
        Some(MemberRole::Admin) => vec!["admin"],
        Some(MemberRole::User) => vec!["user"],
        None => vec![],
    }
}

fn user_roles(actor: &Actor) -> Vec<&'static str> {
    match actor.role {
        Some(Role::ProxyAdmin) => vec!["proxy_admin"],
        Some(Role::OrgAdmin) => vec!["org_admin"],
        Some(Role::InternalUser) => vec!["internal_user"],
        _ => vec![],
    }
}
