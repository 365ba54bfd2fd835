//! Who is in an organization, and who manages it.

use serde_json::{Value, json};
use store::records::{Fields, OrganizationMember, User};
use store::{Directory, Kind};

use super::super::actor::Actor;
use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, optional, required};
use super::super::moment;
use super::super::people::{bounds_row, named_user, user_or_new, user_row};
use super::super::record::{changed, missing};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::spend::Spend;
use super::super::users;
use super::super::visit::{Answer, Visit, answer};
use super::find;

/// Roles that somebody can have in an organization.
const ROLES: [&str; 3] = ["org_admin", "internal_user", "internal_user_viewer"];

/// Most members that are added at once.
const MOST: usize = 500;

const MEMBER: &[Field] =
    &[required("role", Takes::OneOf(&ROLES)), optional("user_id", Takes::Name), optional("user_email", Takes::Name)];
const ADD: &[Field] = &[
    required("organization_id", Takes::Name),
    required("member", Takes::Any),
    optional("max_budget_in_organization", Takes::Dollars),
];

/// What `add_member` reads.
pub const ADD_MEMBER_FORM: Reads = Reads::Body(&[ADD]);

/// `POST /organization/member_add`: one member, or a list of them.
pub async fn add_member(visit: Visit) -> Answer {
    let form = visit.form()?;
    let member = form.get("member").cloned().unwrap_or_default();
    let list = if member.is_array() { member } else { json!([member]) };
    const LIST: &[Field] = &[required("member", Takes::ListOf(&Takes::Object(MEMBER)))];
    let names = Form::of(json!({ "member": list }), &[LIST])?.items("member").unwrap_or_default();
    if names.is_empty() || names.len() > MOST {
        return Err(Refusal::bad_param("member", format!("between 1 and {MOST} members can be added at once")));
    }
    let management = visit.desk.live.management();
    let shown = visit
        .change(|draft| {
            let id = form.needed("organization_id");
            find(draft, id)?;
            may(draft.actor, Wish::ManageOrganization(id), draft.directory)?;
            let (mut users, mut memberships) = (Vec::new(), Vec::new());
            for name in &names {
                let (user, record) = user_or_new(draft, name, &users::usual(&management.users, draft)?)?;
                let member = new_member(draft, id, &user, name, &form)?;
                draft.create(&OrganizationMember::id(id, &user), &member)?;
                users.push(user_row(draft.actor, &user, &record, draft.directory, draft.spend));
                memberships.push(row(draft.actor, &member, draft.directory, draft.spend));
            }
            Ok(json!({
                "organization_id": id,
                "updated_users": users,
                "updated_organization_memberships": memberships,
            }))
        })
        .await?;
    answer(shown)
}

fn new_member(draft: &Draft, organization: &str, user: &str, name: &Form, form: &Form) -> Result<OrganizationMember> {
    let id = OrganizationMember::id(organization, user);
    if draft.find::<OrganizationMember>(&id).is_some() {
        return Err(Refusal::bad_param("member", format!("User={user} is already in the organization.")));
    }
    let mut fields = Fields::new();
    fields.insert("user_role".to_owned(), name.needed("role").into());
    if let Some(budget) = form.get("max_budget_in_organization") {
        fields.insert("max_budget".to_owned(), budget.clone());
    }
    let blank = OrganizationMember {
        invited: !draft.actor.is_admin() && draft.find::<User>(user).is_some(),
        organization_id: organization.to_owned(),
        user_id: user.to_owned(),
        origin: draft.origin(),
        ..OrganizationMember::default()
    };
    changed(&blank, fields)
}

const WHO: &[Field] =
    &[required("organization_id", Takes::Name), optional("user_id", Takes::Name), optional("user_email", Takes::Name)];
const UPDATE: &[Field] =
    &[optional("role", Takes::OneOf(&ROLES)), optional("max_budget_in_organization", Takes::Dollars)];

/// What `update_member` reads.
pub const UPDATE_MEMBER_FORM: Reads = Reads::Body(&[WHO, UPDATE]);

/// `PATCH /organization/member_update`
pub async fn update_member(visit: Visit) -> Answer {
    let form = visit.form()?;
    let shown = visit
        .change(|draft| {
            let (id, held) = member(draft, &form)?;
            let mut fields = Fields::new();
            for (from, to) in [("role", "user_role"), ("max_budget_in_organization", "max_budget")] {
                if form.has(from) {
                    fields.insert(to.to_owned(), form.get(from).cloned().unwrap_or_default());
                }
            }
            let base = OrganizationMember { origin: draft.changed(&held.origin), ..held.clone() };
            let after: OrganizationMember = changed(&base, fields)?;
            let there = draft.find::<OrganizationMember>(&id).ok_or_else(Refusal::internal)?;
            draft.replace(&id, there, &after)?;
            Ok(row(draft.actor, &after, draft.directory, draft.spend))
        })
        .await?;
    answer(shown)
}

/// What `remove_member` reads.
pub const REMOVE_MEMBER_FORM: Reads = Reads::Body(&[WHO]);

/// `DELETE /organization/member_delete`
pub async fn remove_member(visit: Visit) -> Answer {
    let form = visit.form()?;
    let shown = visit
        .change(|draft| {
            let (id, record) = member(draft, &form)?;
            let held = draft.find::<OrganizationMember>(&id).ok_or_else(Refusal::internal)?;
            draft.remove(&id, held)?;
            Ok(row(draft.actor, record, draft.directory, draft.spend))
        })
        .await?;
    answer(shown)
}

/// The member whom a form names, if the actor manages the organization.
fn member<'d>(draft: &Draft<'d>, form: &Form) -> Result<(String, &'d OrganizationMember)> {
    let organization = form.needed("organization_id");
    find(draft, organization)?;
    may(draft.actor, Wish::ManageOrganization(organization), draft.directory)?;
    let user = named_user(draft.directory, form)?;
    let id = OrganizationMember::id(organization, &user);
    match draft.find::<OrganizationMember>(&id) {
        Some(held) => Ok((id, &held.record)),
        None => Err(missing(Kind::OrganizationMember, "user_id", &user)),
    }
}

/// A member as a row of the incumbent's table.
pub(super) fn row(actor: &Actor, member: &OrganizationMember, directory: &Directory, spend: &Spend) -> Value {
    let user = directory.users.get(&member.user_id).map(|held| User::clone(&held.record));
    json!({
        "user_id": member.user_id,
        "user_email": user.as_ref().and_then(|user| user.user_email.clone()),
        "organization_id": member.organization_id,
        "user_role": serde_json::to_value(member.user_role).unwrap_or_default(),
        "spend": spend.of(&format!("organization_member:{}", OrganizationMember::id(&member.organization_id, &member.user_id)), &member.allowance, directory),
        "budget_id": member.allowance.budget_id,
        "litellm_budget_table": bounds_row(directory, &member.allowance, &member.origin, spend),
        "user": user.as_ref().map(|user| user_row(actor, &member.user_id, user, directory, spend)),
        "created_at": moment::shown(member.origin.created_at),
        "updated_at": moment::shown(member.origin.updated_at),
    })
}
