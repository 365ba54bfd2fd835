//! New users, with a key of their own unless nobody wants one.

use serde_json::{Value, json};
use store::records::{Key, MemberRole, Organization, OrganizationMember, Role, Team, TeamMember, User};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::invitations;
use super::super::keys;
use super::super::people::readdress;
use super::super::record::{ALLOWANCE, filled, need};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::secret;
use super::super::teams;
use super::super::visit::{Answer, Visit, answer};
use super::{FIELDS, THERE, may_give_role, row, stays_usual, usual};
use crate::config::Management;

const NEW: &[Field] = &[
    optional("teams", Takes::ListOf(&Takes::Any)),
    optional("organizations", Takes::NAMES),
    optional("organization_id", Takes::Name),
    optional("team_id", Takes::Name),
    optional("auto_create_key", Takes::Flag),
    optional("send_invite_email", Takes::Flag),
];

/// What the key of a new user has of what was sent about the user.
const KEY: &[Field] = &[
    optional("key_alias", Takes::Name),
    optional("duration", Takes::Lifetime),
    optional("aliases", Takes::MapOf(&Takes::Text)),
    optional("config", Takes::Map),
    optional("permissions", Takes::Map),
];

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[FIELDS, THERE, NEW, KEY, ALLOWANCE]);

/// `POST /user/new`
pub async fn create(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let management = visit.desk.live.management();
    if let Some(teams) = management.users.defaults.get("teams") {
        form.set_missing("teams", teams.clone());
    }
    let id = form.text("user_id").map_or_else(secret::new_id, |id| Ok(id.to_owned()))?;
    let secret = match form.flag("auto_create_key") {
        Some(false) => None,
        _ => Some(secret::new_key()?),
    };
    let invitation = match form.flag("send_invite_email") {
        Some(true) => Some(secret::new_id()?),
        _ => None,
    };
    let mut body = visit
        .change(|draft| {
            let user = plan(draft, &id, form.clone(), &management)?;
            let mut shown = row(&id, &user, draft.directory, draft.spend);
            shown.insert("teams".to_owned(), json!(team_ids(&form)?));
            let key = secret.as_deref().map(|secret| plan_key(draft, &id, &form, secret, &management)).transpose()?;
            show_key(&mut shown, key, secret.as_deref(), draft);
            invitation.as_deref().map(|link| invitations::plan(draft, &id, link)).transpose()?;
            Ok(Value::Object(shown))
        })
        .await?;
    if let Some(link) = &invitation {
        body["email_sent"] = invitations::send(&visit, &id, link).into();
    }
    answer(body)
}

/// Plans a new user without a key, whom nobody asked for by hand.
pub fn add(draft: &mut Draft, id: &str, form: Form, management: &Management) -> Result<()> {
    plan(draft, id, form, management).map(drop)
}

fn plan(draft: &mut Draft, id: &str, mut form: Form, management: &Management) -> Result<User> {
    if draft.find::<User>(id).is_some() {
        let message = format!("User with id {id} already exists. Please use a different user id.");
        return Err(Refusal::conflict(message));
    }
    let mut organizations = form.texts("organizations").unwrap_or_default();
    organizations.extend(form.text("organization_id").map(str::to_owned));
    organizations.sort();
    organizations.dedup();
    organizations.iter().try_for_each(|id| need::<Organization>(draft, Some(id), "organizations"))?;
    may(draft.actor, Wish::CreateUser(&organizations), draft.directory)?;
    may_give_role(draft.actor, &form)?;
    for organization in &organizations {
        let member = OrganizationMember {
            organization_id: organization.clone(),
            user_id: id.to_owned(),
            user_role: Role::InternalUser,
            origin: draft.origin(),
            ..OrganizationMember::default()
        };
        draft.create(&OrganizationMember::id(organization, id), &member)?;
    }
    join_teams(draft, id, &form)?;
    let usual = usual(&management.users, draft)?;
    for field in NEW.iter().chain(KEY).map(Field::name).chain(["user_id"]) {
        form.take(field);
    }
    let user = filled(draft, &usual, form, &[THERE])?;
    stays_usual(draft, &management.users, None, &user)?;
    readdress(draft, id, None, user.user_email.as_deref())?;
    draft.create(id, &user)?;
    Ok(user)
}

/// The ids of the teams that are named: alone, or with what the user is there.
fn team_ids(form: &Form) -> Result<Vec<String>> {
    let list = form.get("teams").and_then(Value::as_array).into_iter().flatten();
    let ids = list.map(|item| match item {
        Value::String(id) => Ok(id.clone()),
        item => item["team_id"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Refusal::bad_param("teams", "a team is its id, or an object with a team_id")),
    });
    let mut ids = ids.collect::<Result<Vec<_>>>()?;
    ids.extend(form.text("team_id").map(str::to_owned));
    ids.sort();
    ids.dedup();
    Ok(ids)
}

fn join_teams(draft: &mut Draft, user: &str, form: &Form) -> Result<()> {
    for id in team_ids(form)? {
        need::<Team>(draft, Some(&id), "teams")?;
        may(draft.actor, Wish::ManageTeam(&id), draft.directory)?;
        let items = form.get("teams").and_then(Value::as_array).into_iter().flatten();
        let details = items.into_iter().find(|item| item["team_id"].as_str() == Some(&id));
        let budget = details.and_then(|item| item["max_budget_in_team"].as_f64()).and_then(types::Usd::from_dollars);
        let admin = details.is_some_and(|item| item["user_role"] == "admin");
        let mut member = TeamMember {
            team_id: id.clone(),
            user_id: user.to_owned(),
            role: if admin { MemberRole::Admin } else { MemberRole::User },
            ..teams::usual_member(draft, &id)
        };
        if budget.is_some() {
            member.allowance.max_budget = budget;
        }
        draft.create(&TeamMember::id(&id, user), &member)?;
    }
    Ok(())
}

/// The key of a new user: the user's budget and models hold for it, and need not be repeated.
fn plan_key(
    draft: &mut Draft,
    user: &str,
    form: &Form,
    secret: &str,
    management: &Management,
) -> Result<(String, Key)> {
    let mut fields = form.fields().clone();
    fields.retain(|name, _| KEY.iter().any(|field| field.name() == name) || name == "models");
    let mut key = Form::of(Value::Object(fields), &keys::NEW)?;
    key.set("user_id", user);
    // Whoever makes a user may do all that the new user may.
    keys::issue(draft, key, secret, false, &management.keys)
}

fn show_key(shown: &mut store::records::Fields, key: Option<(String, Key)>, secret: Option<&str>, draft: &Draft) {
    let Some((id, key)) = key else {
        shown.insert("key".to_owned(), "".into());
        return;
    };
    for (name, value) in keys::row(&id, &key, draft.directory, draft.spend) {
        shown.entry(name).or_insert(value);
    }
    for (name, value) in [("key", secret.unwrap_or_default()), ("token", &id), ("token_id", &id)] {
        shown.insert(name.to_owned(), value.into());
    }
}
