//! People: users by their id or mail address, and who is where.

use std::collections::HashMap;

use serde_json::{Value, json};
use store::records::{Allowance, Budget, MemberRole, Origin, TeamMember, User};
use store::{Directory, Held};

use super::actor::Actor;
use super::draft::{Draft, holder};
use super::form::Form;
use super::record::budget_row;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::secret;
use super::spend::Spend;
use super::users;

/// The claim that makes a mail address unique.
const EMAIL: &str = "user_email";

/// A mail address, by which nobody is found twice.
fn same_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The user with this id, or with this mail address.
pub fn find_user<'d>(
    directory: &'d Directory,
    id: Option<&str>,
    email: Option<&str>,
) -> Option<(String, &'d Held<User>)> {
    let id = match (id, email) {
        (Some(id), _) => id.to_owned(),
        (None, email) => holder(directory, EMAIL, &same_email(email?))?,
    };
    let held = directory.users.get(&id)?;
    Some((id, held))
}

/// The id of the user whom a form names; `Err` if it names nobody.
pub fn named_user(directory: &Directory, form: &Form) -> Result<String> {
    let (id, email) = (form.text("user_id"), form.text("user_email"));
    match (id, email, find_user(directory, id, email)) {
        (_, _, Some((id, _))) => Ok(id),
        // Somebody may be a member without being more than an id.
        (Some(id), _, None) => Ok(id.to_owned()),
        (None, Some(_), None) => Err(Refusal::not_found("user_email", "No user has this mail address")),
        (None, None, None) => Err(Refusal::bad_param("user_id", "Either user_id or user_email needs to be passed in")),
    }
}

/// Gives a user a mail address, and takes the old one away.
pub fn readdress(draft: &mut Draft, id: &str, before: Option<&str>, after: Option<&str>) -> Result<()> {
    let (before, after) = (before.map(same_email), after.map(same_email));
    if before == after {
        return Ok(());
    }
    if let Some(email) = &after {
        if holder(draft.directory, EMAIL, email).is_some() {
            return Err(Refusal::conflict(format!("User with email {email} already exists")));
        }
        draft.claim(EMAIL, email, id)?;
    }
    match before {
        Some(email) => draft.release(EMAIL, &email),
        None => Ok(()),
    }
}

/// The user whom a form names, who is created if nobody is called like that yet.
pub fn user_or_new(draft: &mut Draft, form: &Form, usual: &User) -> Result<(String, User)> {
    let (id, email) = (form.text("user_id"), form.text("user_email"));
    if let Some((id, held)) = find_user(draft.directory, id, email) {
        return Ok((id, User::clone(&held.record)));
    }
    if id.is_none() && email.is_none() {
        return Err(Refusal::bad_param("member", "Either user_id or user_email must be provided"));
    }
    let id = id.map_or_else(secret::new_id, |id| Ok(id.to_owned()))?;
    let user = User { user_email: email.map(str::to_owned), origin: draft.origin(), ..usual.clone() };
    readdress(draft, &id, None, email)?;
    draft.create(&id, &user)?;
    Ok((id, user))
}

/// The members of all teams.
pub struct Members<'d>(HashMap<&'d str, Vec<&'d TeamMember>>);

impl<'d> Members<'d> {
    /// Looks them up, each team's in the order in which they came.
    pub fn of(directory: &'d Directory) -> Self {
        let mut teams = HashMap::<&str, Vec<&TeamMember>>::new();
        for held in directory.team_members.values() {
            teams.entry(&held.record.team_id).or_default().push(&held.record);
        }
        let order = |member: &&TeamMember| (member.origin.created_at, member.user_id.clone());
        teams.values_mut().for_each(|members| members.sort_by_cached_key(order));
        Members(teams)
    }

    /// The members of one team.
    pub fn in_team(&self, team: &str) -> &[&'d TeamMember] {
        self.0.get(team).map_or(&[], Vec::as_slice)
    }
}

/// The teams that a user is in, by id.
pub fn teams_of(directory: &Directory, user: &str) -> Vec<String> {
    let mut teams: Vec<_> = directory.teams_of(user).map(|(_, held)| held.record.team_id.clone()).collect();
    teams.sort();
    teams
}

/// A user as `actor` gets to see them: whoever just has to do with them learns who they are, and no more.
pub fn user_row(actor: &Actor, id: &str, user: &User, directory: &Directory, spend: &Spend) -> Value {
    match may(actor, Wish::SeeUser(id), directory) {
        Ok(()) => Value::Object(users::row(id, user, directory, spend)),
        Err(_) => json!({ "user_id": id, "user_email": user.user_email, "user_alias": user.user_alias }),
    }
}

/// A member as teams list it.
pub fn member_row(directory: &Directory, member: &TeamMember) -> Value {
    let user = directory.users.get(&member.user_id);
    let role = if member.role == MemberRole::Admin { "admin" } else { "user" };
    json!({ "user_id": member.user_id, "user_email": user.and_then(|user| user.record.user_email.clone()), "role": role })
}

/// What a member may spend in a team, and has spent.
pub fn membership_row(directory: &Directory, member: &TeamMember, spend: &Spend) -> Value {
    let subject = format!("member:{}", TeamMember::id(&member.team_id, &member.user_id));
    let spent = spend.of(&subject, &member.allowance, directory);
    json!({
        "user_id": member.user_id,
        "team_id": member.team_id,
        "budget_id": member.allowance.budget_id,
        "spend": spent,
        "total_spend": spent,
        "allowed_models": member.allowed_models,
        "litellm_budget_table": bounds_row(directory, &member.allowance, &member.origin, spend),
    })
}

/// Budgets and limits as the incumbent shows them where it keeps them in a table of their own.
pub fn bounds_row(directory: &Directory, allowance: &Allowance, origin: &Origin, spend: &Spend) -> Value {
    let shared = allowance.budget_id.as_deref().and_then(|id| directory.budgets.get(id));
    if shared.is_none() && *allowance == Allowance::default() {
        return Value::Null;
    }
    let own = || Budget { origin: origin.clone(), ..Budget::default() };
    let base = shared.map_or_else(own, |held| Budget::clone(&held.record));
    let merged = allowance.over(&base.allowance);
    let id = allowance.budget_id.as_deref().unwrap_or_default();
    budget_row(id, &Budget { allowance: merged, ..base }, spend)
}
