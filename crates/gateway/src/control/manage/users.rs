//! Users: people and programs that have keys.

mod change;
mod create;
mod delete;
mod list;

use serde_json::{Value, json};
use store::Directory;
use store::records::{Fields, Key, Role, User};

pub use change::{BULK_UPDATE_FORM, UPDATE_FORM, bulk_update, update};
pub use create::{CREATE_FORM, add, create};
pub use delete::{DELETE_FORM, delete};
pub use list::{FILTER_FORM, INFO_FORM, LIST_FORM, filter, info, info_flat, list, roles};

use super::actor::Actor;
use super::draft::Draft;
use super::form::{Field, Form, Takes, optional};
use super::keys::loosened;
use super::moment;
use super::people::teams_of;
use super::record::{ALLOWANCE, blank, filled, metadata, show_allowance};
use super::refusal::{Refusal, Result};
use super::spend::Spend;
use crate::config::UserRules;

/// Roles that a user can have in the gateway as a whole, with the words that the UI has for them.
const ROLES: [(&str, &str, &str); 4] = [
    ("proxy_admin", "admin over litellm proxy, has all permissions", "Admin (All Permissions)"),
    ("proxy_admin_viewer", "view all keys, view all spend", "Admin (View Only)"),
    ("internal_user", "view/create/delete their own keys, view their own spend", "Internal User (Create/Delete/View)"),
    ("internal_user_viewer", "view their own keys, view their own spend", "Internal Viewer (View Only)"),
];

/// What a user has beside budgets and limits.
const FIELDS: &[Field] = &[
    optional("user_id", Takes::Name),
    optional("user_email", Takes::Name),
    optional("user_alias", Takes::Name),
    optional(
        "user_role",
        Takes::OneOf(&["proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer"]),
    ),
    optional("sso_user_id", Takes::Name),
    optional("models", Takes::TEXTS),
    optional("blocked", Takes::Flag),
    optional("metadata", Takes::Map),
    optional("allowed_cache_controls", Takes::TEXTS),
    optional("object_permission", Takes::Map),
];

/// What the incumbent keeps in the metadata of a user.
const THERE: &[Field] =
    &[optional("guardrails", Takes::TEXTS), optional("policies", Takes::TEXTS), optional("prompts", Takes::TEXTS)];

/// A new user as the operator wants them, where nobody says otherwise.
pub fn usual(rules: &UserRules, draft: &Draft) -> Result<User> {
    let form = Form::of(Value::Object(rules.defaults.clone()), &[FIELDS, THERE, ALLOWANCE])?;
    filled(draft, &blank(draft), form, &[THERE])
}

/// Refuses a role that the actor may not give: administrators of the whole gateway are made by their like.
fn may_give_role(actor: &Actor, form: &Form) -> Result<()> {
    match form.text("user_role") {
        Some(role @ ("proxy_admin" | "proxy_admin_viewer")) if !actor.is_admin() => {
            Err(Refusal::forbidden(format!("Only proxy admins make somebody {role}.")))
        }
        _ => Ok(()),
    }
}

/// Refuses what goes beyond what the operator gives new users, unless somebody gave it before: an organization's money
/// does not pay for what its users call without a team.
fn stays_usual(draft: &Draft, rules: &UserRules, before: Option<&User>, after: &User) -> Result<()> {
    if draft.actor.is_admin() {
        return Ok(());
    }
    let usual = usual(rules, draft)?;
    let more = |than: &User| loosened(&bounds(than), &bounds(after), draft.directory);
    let already: Vec<&str> = before.map_or_else(|| more(&usual), &more);
    match more(&usual).into_iter().find(|field| already.contains(field)) {
        Some(field) => Err(Refusal::forbidden(format!("{field}: only a proxy admin gives more than users get here"))),
        None => Ok(()),
    }
}

/// What holds a user back, as it would a key.
fn bounds(user: &User) -> Key {
    Key {
        models: user.models.clone(),
        allowance: user.allowance.clone(),
        metadata: user.metadata.clone(),
        ..Key::default()
    }
}

/// The name of a role.
pub fn role_name(role: Role) -> Value {
    serde_json::to_value(role).unwrap_or_default()
}

/// A user as a row of the incumbent's table.
pub fn row(id: &str, user: &User, directory: &Directory, spend: &Spend) -> Fields {
    let mut homes: Vec<_> = directory.organizations_of(id).map(|(_, held)| &held.record).collect();
    homes.sort_by(|one, other| one.organization_id.cmp(&other.organization_id));
    let homes = homes.into_iter().map(|home| {
        json!({
            "user_id": id,
            "organization_id": home.organization_id,
            "user_role": role_name(home.user_role),
            "spend": spend.of(&format!("organization_member:{}/{id}", home.organization_id), &home.allowance, directory),
            "budget_id": home.allowance.budget_id,
            "created_at": moment::shown(home.origin.created_at),
            "updated_at": moment::shown(home.origin.updated_at),
        })
    });
    let homes: Vec<Value> = homes.collect();
    let fields = json!({
        "user_id": id,
        "user_alias": user.user_alias,
        "user_email": user.user_email,
        "user_role": role_name(user.user_role),
        "sso_user_id": user.sso_user_id,
        "team_id": null,
        "teams": teams_of(directory, id),
        "organization_id": null,
        "organization_memberships": homes,
        "spend": spend.of(&format!("user:{id}"), &user.allowance, directory),
        "models": user.models,
        "metadata": metadata(&user.metadata, &user.allowance),
        "blocked": user.blocked,
        "allowed_cache_controls": user.extra.get("allowed_cache_controls").cloned().unwrap_or_else(|| json!([])),
        "policies": user.metadata.get("policies").cloned().unwrap_or_else(|| json!([])),
        "object_permission": user.extra.get("object_permission"),
        "object_permission_id": null,
        "model_spend": {},
        "created_at": moment::shown(user.origin.created_at),
        "updated_at": moment::shown(user.origin.updated_at),
    });
    let Value::Object(mut row) = fields else { return Fields::new() };
    show_allowance(&mut row, &user.allowance, directory, spend);
    row
}

/// What is wrong with fields that the operator wants new ones to have.
pub fn misfit(fields: &Fields) -> Option<String> {
    Form::of(Value::Object(fields.clone()), &[FIELDS, THERE, ALLOWANCE]).err().map(|refusal| refusal.message())
}
