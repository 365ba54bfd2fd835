//! New keys.

use policy::Span;
use policy::routes::KEY_TYPES;
use serde_json::json;
use store::hash_key;
use store::records::{Key, Organization, Team};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, joined, optional};
use super::super::projects;
use super::super::record::{blank, filled, need, need_budget};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may, stands_for};
use super::super::secret;
use super::super::visit::{Answer, Visit, answer};
use super::{IN_METADATA, NEW, SHORTEST, bounds, check_secret, issued, name_of, rename, rules, take_duration};
use crate::alerts::letters;
use crate::config::KeyRules;

/// A key of somebody's own choice.
const OWN: &[Field] = &[optional("key", Takes::Text)];

/// What `generate` and `generate_for_service` read.
pub const GENERATE_FORM: Reads = Reads::Body(&joined::<5>(&[OWN], &NEW));

/// `POST /key/generate`
pub async fn generate(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    if !visit.actor.is_admin() && form.get("user_id").is_none() {
        form.set("user_id", visit.actor.user_id.clone());
    }
    make(visit, form, "/key/generate").await
}

/// `POST /key/service-account/generate`: a key of a team that is nobody's.
pub async fn generate_for_service(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    if form.text("team_id").is_none() {
        let message = "team_id is required for service account keys. Please specify `team_id` in the request body.";
        return Err(Refusal::bad_param("team_id", message));
    }
    form.take("user_id");
    let mut metadata = form.object("metadata").cloned().unwrap_or_default();
    if !metadata.contains_key("service_account_id") {
        let id = form.text("key_alias").map_or_else(secret::new_id, |alias| Ok(alias.to_owned()))?;
        metadata.insert("service_account_id".to_owned(), json!(id));
    }
    form.set("metadata", metadata);
    make(visit, form, "/key/service-account/generate").await
}

async fn make(visit: Visit, mut form: Form, permission: &'static str) -> Answer {
    let management = visit.desk.live.management();
    let secret = match form.take("key").and_then(|key| key.as_str().map(str::to_owned)) {
        Some(_) if management.keys.no_custom_keys => {
            return Err(Refusal::forbidden(
                "Custom API key values are disabled by your administrator. Keys must be auto-generated.",
            ));
        }
        Some(own) => {
            check_secret(&own, if visit.actor.is_admin() { 0 } else { SHORTEST })?;
            own
        }
        None => secret::new_key()?,
    };
    let (mut body, key) = visit
        .change(|draft| {
            let (id, key) = make_for(draft, form.clone(), &secret, permission, &management.keys)?;
            Ok((issued(&id, &key, &secret, draft.directory, draft.spend), key))
        })
        .await?;
    if form.flag("send_invite_email") == Some(true) {
        body["email_sent"] = tell_owner(&visit, &key).into();
    }
    answer(body)
}

/// Tells whoever gets a key by mail that it is there, if they have a mail address and there is a server that takes mail.
fn tell_owner(visit: &Visit, key: &Key) -> bool {
    let user = key.user_id.as_deref().unwrap_or_default();
    let email = visit.read(|directory| Ok(directory.users.get(user).and_then(|held| held.record.user_email.clone())));
    let (live, alias) = (&visit.desk.live, key.key_alias.as_deref());
    email.ok().flatten().is_some_and(|email| letters::key_created(live, &email, &key.key_name, alias))
}

/// Plans a new key, if the actor may make it: its hash, and the key.
fn make_for(
    draft: &mut Draft,
    mut form: Form,
    secret: &str,
    permission: &'static str,
    by: &KeyRules,
) -> Result<(String, Key)> {
    rules::fill(by, &mut form);
    rules::check(by, draft.actor, &form, draft.directory)?;
    let (user, team) = (form.text("user_id"), form.text("team_id"));
    need::<Team>(draft, team, "team_id")?;
    need::<Organization>(draft, form.text("organization_id"), "organization_id")?;
    may(draft.actor, Wish::CreateKey { user, team, permission }, draft.directory)?;
    by_organization(draft, &form, by)?;
    let team_form = by_team(draft, &form)?;
    let delegated = user.is_some_and(|user| !stands_for(draft.actor, user, draft.directory));
    issue(draft, team_form, secret, delegated, by)
}

/// A team may say how long the keys live at most that its members make for themselves (`team_member_key_duration`).
fn by_team(draft: &Draft, form: &Form) -> Result<Form> {
    let mut form = form.clone();
    let Some(team) = form.text("team_id").map(str::to_owned) else { return Ok(form) };
    let held = draft.find::<Team>(&team);
    let most = held.and_then(|held| held.record.metadata.get("team_member_key_duration")?.as_str());
    let Some(most) = most.filter(|_| !draft.actor.manages_team(draft.directory, &team)) else { return Ok(form) };
    let seconds = |text: &str| Span::parse(text).map_or(u64::MAX, Span::seconds);
    match form.text("duration") {
        Some(wanted) if seconds(wanted) > seconds(most) => {
            Err(Refusal::bad_param("duration", format!("keys of members of this team live for {most} at most")))
        }
        Some(_) => Ok(form),
        None => {
            form.set("duration", most);
            Ok(form)
        }
    }
}

/// Plans a new key that the actor may make: its hash, and the key.
pub fn issue(draft: &mut Draft, mut form: Form, secret: &str, delegated: bool, by: &KeyRules) -> Result<(String, Key)> {
    rules::bound(by, &mut form, true)?;
    set_routes(&mut form);
    take_duration(&mut form, draft.now);
    form.take("spend");
    form.take("send_invite_email");
    let base = Key { key_name: name_of(secret), delegated, ..blank(draft) };
    let mut key = filled(draft, &base, form, &IN_METADATA)?;
    bounds::within(draft.actor, &mut key, draft.directory)?;
    projects::fits(draft.directory, key.project_id.as_deref(), key.team_id.as_deref())?;
    need_budget(draft, &key.allowance)?;
    let id = hash_key(secret);
    if draft.find::<Key>(&id).is_some() || draft.directory.retired_keys.contains_key(&id) {
        return Err(Refusal::bad_param("key", "This key exists already."));
    }
    rename(draft, &id, None, key.key_alias.as_deref())?;
    draft.create(&id, &key)?;
    Ok((id, key))
}

/// The type of a key is a list of paths by a name, where no list was given.
fn set_routes(form: &mut Form) {
    let kind = form.text("key_type").and_then(|kind| KEY_TYPES.iter().find(|(name, _)| *name == kind));
    if let Some((_, entries)) = kind
        && form.texts("allowed_routes").is_none_or(|given| given.is_empty())
    {
        form.set("allowed_routes", json!(entries));
    }
}

/// Who names an organization must belong to it, and a team's key belongs where its team does.
fn by_organization(draft: &Draft, form: &Form, by: &KeyRules) -> Result<()> {
    let team = form.text("team_id").and_then(|id| draft.find::<Team>(id));
    let home = team.and_then(|team| team.record.organization_id.as_deref());
    let manages = |id: &str| draft.actor.manages_organization(draft.directory, id);
    if by.no_keys_of_org_admins && !draft.actor.is_admin() && home.is_some_and(manages) {
        return Err(Refusal::forbidden("Organization admins create no keys here."));
    }
    match (form.text("organization_id"), home) {
        (Some(named), Some(home)) if named != home => {
            Err(Refusal::bad_param("organization_id", format!("the team belongs to organization {home}")))
        }
        (Some(named), _) => may(draft.actor, Wish::SeeOrganization(named), draft.directory),
        (None, _) => Ok(()),
    }
}
