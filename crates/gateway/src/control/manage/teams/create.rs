//! New teams.

use serde_json::Value;
use store::records::{Budget, Fields, MemberRole, Organization, Team, TeamMember};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, joined, optional};
use super::super::people::user_or_new;
use super::super::record::{blank, budget_row, changed, filled, need, touched};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::secret;
use super::super::users;
use super::super::visit::{Answer, Visit, answer};
use super::{ALL, IN_METADATA, PEOPLE, member_of, row_with, usual_models};
use crate::config::Management;

const ID: &[Field] = &[optional("team_id", Takes::Id)];

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&joined::<7>(&[ID, PEOPLE], &ALL));

/// `POST /team/new`
pub async fn create(visit: Visit) -> Answer {
    let form = visit.form()?;
    let management = visit.desk.live.management();
    let id = form.text("team_id").map_or_else(secret::new_id, |id| Ok(id.to_owned()))?;
    let (budget, names) = (secret::new_id()?, named(&form)?);
    let row = visit.change(|draft| plan(draft, &id, form.clone(), &names, &budget, &management)).await?;
    answer(row)
}

/// Plans a new team that nobody asked for by hand; it is called like its id.
pub fn add(draft: &mut Draft, id: &str, management: &Management) -> Result<()> {
    let form = Form::of(serde_json::json!({ "team_id": id, "team_alias": id }), &[ID, ALL[0]])?;
    plan(draft, id, form, &[], &secret::new_id()?, management).map(drop)
}

fn plan(
    draft: &mut Draft,
    id: &str,
    mut form: Form,
    names: &[(Form, MemberRole)],
    budget: &str,
    management: &Management,
) -> Result<Value> {
    for (name, value) in &management.team_defaults {
        form.set_missing(name, value.clone());
    }
    let organization = form.text("organization_id");
    need::<Organization>(draft, organization, "organization_id")?;
    may(draft.actor, Wish::CreateTeam(organization), draft.directory)?;
    if draft.find::<Team>(id).is_some() {
        let message = format!("Team id = {id} already exists. Please use a different team id.");
        return Err(Refusal::bad_param("team_id", message));
    }
    for field in PEOPLE.iter().map(Field::name).chain(["team_id"]) {
        form.take(field);
    }
    let each = budget_of_each(draft, &mut form, None, budget)?;
    let each_id = each.as_ref().map(|(id, _)| id.clone());
    let blank = Team { team_member_budget_id: each_id.clone(), ..blank(draft) };
    let team = filled(draft, &blank, form, &IN_METADATA)?;
    draft.create(id, &team)?;
    let mut members = Vec::<TeamMember>::new();
    for (name, role) in names {
        let (user, _) = user_or_new(draft, name, &users::usual(&management.users, draft)?)?;
        if members.iter().any(|member| member.user_id == user) {
            continue;
        }
        let allowed_models = usual_models(&team);
        let usual = member_of(draft, id, each_id.clone());
        let member = TeamMember { user_id: user.clone(), role: *role, allowed_models, ..usual };
        draft.create(&TeamMember::id(id, &user), &member)?;
        members.push(member);
    }
    let members: Vec<&TeamMember> = members.iter().collect();
    let mut row = row_with(id, &team, &members, draft.directory, draft.spend);
    show_budget_of_each(&mut row, each, draft);
    Ok(Value::Object(row))
}

/// Who is in a new team, each named once.
fn named(form: &Form) -> Result<Vec<(Form, MemberRole)>> {
    let mut names = Vec::new();
    for item in form.items("members_with_roles").unwrap_or_default() {
        let role = if item.text("role") == Some("admin") { MemberRole::Admin } else { MemberRole::User };
        names.push((item, role));
    }
    for (list, role) in [("admins", MemberRole::Admin), ("members", MemberRole::User)] {
        for id in form.texts(list).unwrap_or_default() {
            let mut name = Form::default();
            name.set("user_id", id);
            names.push((name, role));
        }
    }
    distinct(names)
}

/// Most people who are named at once.
const MOST: usize = 500;

/// Refuses to name somebody new twice, or too many.
pub(super) fn distinct(names: Vec<(Form, MemberRole)>) -> Result<Vec<(Form, MemberRole)>> {
    if names.len() > MOST {
        return Err(Refusal::bad_param("members", format!("at most {MOST} members can be named at once")));
    }
    let mut seen = std::collections::HashSet::new();
    for (name, _) in &names {
        for field in ["user_id", "user_email"] {
            if let Some(text) = name.text(field)
                && !seen.insert((field, text.to_lowercase()))
            {
                return Err(Refusal::bad_param(field, format!("{text} is named twice")));
            }
        }
    }
    Ok(names)
}

/// Takes what each member may spend out of the form and makes a shared budget of it: the one that is there, or one
/// with the id `new`.
pub(super) fn budget_of_each(
    draft: &mut Draft,
    form: &mut Form,
    there: Option<&str>,
    new: &str,
) -> Result<Option<(String, Budget)>> {
    let names = [
        ("team_member_budget", "max_budget"),
        ("team_member_budget_duration", "budget_duration"),
        ("team_member_rpm_limit", "rpm_limit"),
        ("team_member_tpm_limit", "tpm_limit"),
    ];
    let mut fields = Fields::new();
    for (name, field) in names {
        if let Some(value) = form.take(name) {
            fields.insert(field.to_owned(), value);
        }
    }
    let held = there.and_then(|id| Some((id, draft.find::<Budget>(id)?)));
    match held {
        Some((id, held)) if fields.is_empty() => Ok(Some((id.to_owned(), Budget::clone(&held.record)))),
        Some((id, held)) => {
            let before = &held.record;
            let budget = changed(&touched(draft, &**before), fields)?;
            draft.replace(id, held, &budget)?;
            Ok(Some((id.to_owned(), budget)))
        }
        None if fields.values().all(Value::is_null) => Ok(None),
        None => {
            let budget = changed(&blank(draft), fields)?;
            draft.create(new, &budget)?;
            Ok(Some((new.to_owned(), budget)))
        }
    }
}

/// Puts the budget of each member into the row of a team: it may not be in the directory yet.
pub(super) fn show_budget_of_each(row: &mut Fields, each: Option<(String, Budget)>, draft: &Draft) {
    if let Some((id, budget)) = each {
        row.insert("team_member_budget_table".to_owned(), budget_row(&id, &budget, draft.spend));
    }
}
