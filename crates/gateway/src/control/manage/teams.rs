//! Teams: who is in them, what their keys may do and spend together.

mod change;
mod create;
mod delete;
mod list;
mod members;

use serde_json::{Value, json};
use store::Directory;
use store::records::{Allowance, Fields, Team, TeamMember};

pub use change::{
    BLOCK_FORM, MODELS_FORM, PATCH_FORM, PERMISSIONS_BULK_UPDATE_FORM, PERMISSIONS_UPDATE_FORM, UPDATE_FORM,
    add_models, block, patch, permissions_bulk_update, permissions_update, remove_models, unblock, update,
};
pub use create::{CREATE_FORM, add, create};
pub use delete::{DELETE_FORM, delete, remove};
pub use list::{
    INFO_FORM, LIST_FORM, LIST_PAGES_FORM, PERMISSIONS_LIST_FORM, available, filter, info, list, list_pages,
    membership_of_mine, permissions_list,
};
pub use members::{
    ADD_MANY_FORM, ADD_MEMBER_FORM, REMOVE_MEMBER_FORM, RESET_SPEND_FORM, UPDATE_MEMBER_FORM, add_many, add_member,
    remove_member, reset_spend, update_member,
};

use super::draft::Draft;
use super::form::{Field, Form, Takes, optional, required};
use super::moment;
use super::people::{Members, member_row};
use super::record::{self, budget_row, metadata, show_allowance};
use super::rights::PERMISSIONS;
use super::spend::Spend;

/// What a team has beside budgets and limits.
const FIELDS: &[Field] = &[
    optional("team_alias", Takes::Name),
    optional("organization_id", Takes::Id),
    optional("models", Takes::TEXTS),
    optional("model_aliases", Takes::MapOf(&Takes::Text)),
    optional("blocked", Takes::Flag),
    optional("metadata", Takes::Map),
    optional("team_member_permissions", Takes::ListOf(&Takes::OneOf(&PERMISSIONS))),
    optional("default_team_member_models", Takes::TEXTS),
    optional("object_permission", Takes::Map),
    optional("router_settings", Takes::Map),
    optional("access_group_ids", Takes::NAMES),
];

/// What each member of a team may spend and ask for.
const EACH: &[Field] = &[
    optional("team_member_budget", Takes::Dollars),
    optional("team_member_budget_duration", Takes::Span),
    optional("team_member_rpm_limit", Takes::Count),
    optional("team_member_tpm_limit", Takes::Count),
];

/// What the incumbent keeps in the metadata of teams beside the rules that keys have too.
const THERE: &[Field] = &[
    optional("secret_manager_settings", Takes::Map),
    optional("team_member_key_duration", Takes::Span),
    optional("rpm_limit_type", Takes::Text),
    optional("tpm_limit_type", Takes::Text),
];

/// A member, as somebody names it.
const MEMBER: &[Field] = &[
    required("role", Takes::OneOf(&["admin", "user"])),
    optional("user_id", Takes::Name),
    optional("user_email", Takes::Name),
];

/// The members of a new team, in the ways in which they can be named.
const PEOPLE: &[Field] = &[
    optional("members_with_roles", Takes::ListOf(&Takes::Object(MEMBER))),
    optional("members", Takes::NAMES),
    optional("admins", Takes::NAMES),
];

/// What is kept in the metadata of a team.
const IN_METADATA: [&[Field]; 2] = [record::RULES, THERE];
/// All that a team takes.
const ALL: [&[Field]; 5] = [FIELDS, EACH, record::RULES, THERE, record::ALLOWANCE];

/// A new member of a team: with the budget that each member gets.
pub fn usual_member(draft: &Draft, team: &str) -> TeamMember {
    let record = draft.find::<Team>(team).map(|held| &held.record);
    let member = member_of(draft, team, record.and_then(|team| team.team_member_budget_id.clone()));
    TeamMember { allowed_models: record.map(|team| usual_models(team)).unwrap_or_default(), ..member }
}

/// The models that a new member may call; all of the team's, if there are none.
fn usual_models(team: &Team) -> Vec<String> {
    let models = team.extra.get("default_team_member_models").and_then(Value::as_array).into_iter().flatten();
    models.filter_map(|model| model.as_str().map(str::to_owned)).collect()
}

fn member_of(draft: &Draft, team: &str, budget_id: Option<String>) -> TeamMember {
    TeamMember {
        team_id: team.to_owned(),
        allowance: Allowance { budget_id, ..Allowance::default() },
        origin: draft.origin(),
        ..TeamMember::default()
    }
}

/// A team as a row of the incumbent's table.
pub fn row(id: &str, team: &Team, members: &Members, directory: &Directory, spend: &Spend) -> Fields {
    row_with(id, team, members.in_team(id), directory, spend)
}

/// The same for members that may not be in the directory yet.
fn row_with(id: &str, team: &Team, members: &[&TeamMember], directory: &Directory, spend: &Spend) -> Fields {
    let extra = |name: &str| team.extra.get(name).cloned().unwrap_or_default();
    let or_empty = |name: &str| team.extra.get(name).cloned().unwrap_or_else(|| json!([]));
    let ids = |role: store::records::MemberRole| {
        members.iter().filter(|member| member.role == role).map(|member| member.user_id.clone()).collect::<Vec<_>>()
    };
    let each = team.team_member_budget_id.as_deref().and_then(|id| Some((id, directory.budgets.get(id)?)));
    let aliases = match team.model_aliases.is_empty() {
        true => Value::Null,
        false => json!({ "model_aliases": team.model_aliases }),
    };
    let fields = json!({
        "team_id": id,
        "team_alias": team.team_alias,
        "organization_id": team.organization_id,
        "admins": ids(store::records::MemberRole::Admin),
        "members": ids(store::records::MemberRole::User),
        "members_with_roles": members.iter().map(|member| member_row(directory, member)).collect::<Vec<_>>(),
        "team_member_permissions": team.team_member_permissions,
        "team_member_budget_table": each.map(|(id, held)| budget_row(id, &held.record, spend)),
        "metadata": metadata(&team.metadata, &team.allowance),
        "models": team.models,
        "model_id": null,
        "litellm_model_table": aliases,
        "model_aliases": team.model_aliases,
        "blocked": team.blocked,
        "router_settings": extra("router_settings"),
        "access_group_ids": or_empty("access_group_ids"),
        "default_team_member_models": or_empty("default_team_member_models"),
        "policies": team.metadata.get("policies").cloned().unwrap_or_else(|| json!([])),
        "object_permission": extra("object_permission"),
        "object_permission_id": null,
        "allow_team_guardrail_config": false,
        "spend": spend.of(&format!("team:{id}"), &team.allowance, directory),
        "model_spend": {},
        "created_at": moment::shown(team.origin.created_at),
        "updated_at": moment::shown(team.origin.updated_at),
    });
    let Value::Object(mut row) = fields else { return Fields::new() };
    show_allowance(&mut row, &team.allowance, directory, spend);
    row
}

/// What is wrong with fields that the operator wants new ones to have.
pub fn misfit(fields: &Fields) -> Option<String> {
    Form::of(Value::Object(fields.clone()), &ALL).err().map(|refusal| refusal.message())
}
