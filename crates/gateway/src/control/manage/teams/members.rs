//! Who is in a team, what they may do there, and what they may spend.

use serde_json::{Value, json};
use store::records::{Fields, MemberRole, Team, TeamMember, User};
use store::{Held, Kind};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, optional, required};
use super::super::keys;
use super::super::people::{Members, membership_row, named_user, user_or_new, user_row};
use super::super::record::{ADDITION, ALLOWANCE, changed, missing};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::users;
use super::super::visit::{Answer, Visit, answer};
use super::change::find;
use super::create::distinct;
use super::{MEMBER, row, row_with, usual_member};
use crate::config::Management;

/// Most members that are added at once.
const MOST: usize = 500;

const ADD: &[Field] = &[
    required("team_id", Takes::Name),
    required("member", Takes::Any),
    optional("max_budget_in_team", Takes::Dollars),
    optional("budget_duration", Takes::Span),
    optional("allowed_models", Takes::TEXTS),
    optional("tpm_limit", Takes::Count),
    optional("rpm_limit", Takes::Count),
];

/// What `add_member` reads.
pub const ADD_MEMBER_FORM: Reads = Reads::Body(&[ADD]);

/// `POST /team/member_add`: one member, or a list of them.
pub async fn add_member(visit: Visit) -> Answer {
    let form = visit.form()?;
    let names = named(&form)?;
    let management = visit.desk.live.management();
    let shown = visit.change(|draft| join(draft, &form, &names, &management)).await?;
    answer(shown)
}

/// The members whom a form names, in one object or a list of them.
fn named(form: &Form) -> Result<Vec<(Form, MemberRole)>> {
    let member = form.get("member").cloned().unwrap_or_default();
    let list = if member.is_array() { member } else { json!([member]) };
    const LIST: &[Field] = &[required("member", Takes::ListOf(&Takes::Object(MEMBER)))];
    let items = Form::of(json!({ "member": list }), &[LIST])?.items("member").unwrap_or_default();
    if items.is_empty() || items.len() > MOST {
        return Err(Refusal::bad_param("member", format!("between 1 and {MOST} members can be added at once")));
    }
    let role = |item: &Form| if item.text("role") == Some("admin") { MemberRole::Admin } else { MemberRole::User };
    distinct(items.into_iter().map(|item| (item.clone(), role(&item))).collect())
}

fn join(draft: &mut Draft, form: &Form, names: &[(Form, MemberRole)], management: &Management) -> Result<Value> {
    let id = form.needed("team_id");
    let held = find(draft, id)?;
    let open = management.users.open_teams.iter().any(|open| open == id);
    let only_self = |(name, role): &(Form, MemberRole)| {
        name.text("user_id").is_some_and(|user| draft.actor.is(user)) && *role == MemberRole::User
    };
    let joins = open && names.iter().all(only_self) && !draft.actor.only_looks();
    if !joins {
        may(draft.actor, Wish::ManageTeam(id), draft.directory)?;
    }
    let mut added = Vec::<(User, TeamMember)>::new();
    for (name, role) in names {
        let (user, record) = user_or_new(draft, name, &users::usual(&management.users, draft)?)?;
        let known = draft.find::<TeamMember>(&TeamMember::id(id, &user));
        if known.is_some() && names.len() == 1 {
            let message = format!(
                "User={user} is already in team. Existing members cannot be added again; use /team/member_update."
            );
            return Err(Refusal::already_member(message));
        }
        if known.is_some() || added.iter().any(|(_, member)| member.user_id == user) {
            continue;
        }
        let mut member = TeamMember { user_id: user, role: *role, ..usual_member(draft, id) };
        if !joins {
            member = with_bounds(&member, form)?;
        }
        draft.create(&TeamMember::id(id, &member.user_id), &member)?;
        added.push((record, member));
    }
    let all = Members::of(draft.directory);
    let members: Vec<&TeamMember> =
        all.in_team(id).iter().copied().chain(added.iter().map(|(_, member)| member)).collect();
    let mut shown = row_with(id, &held.record, &members, draft.directory, draft.spend);
    let users =
        added.iter().map(|(user, member)| user_row(draft.actor, &member.user_id, user, draft.directory, draft.spend));
    let memberships = added.iter().map(|(_, member)| membership_row(draft.directory, member, draft.spend));
    shown.insert("updated_users".to_owned(), json!(users.collect::<Vec<_>>()));
    shown.insert("updated_team_memberships".to_owned(), json!(memberships.collect::<Vec<_>>()));
    Ok(Value::Object(shown))
}

/// The member with the budget, limits and models that a form gives it.
fn with_bounds(member: &TeamMember, form: &Form) -> Result<TeamMember> {
    let mut fields = Fields::new();
    let mut copy = |from: &str, to: &str| {
        if form.has(from) {
            fields.insert(to.to_owned(), form.get(from).cloned().unwrap_or_default());
        }
    };
    copy("max_budget_in_team", "max_budget");
    for name in ["budget_duration", "tpm_limit", "rpm_limit", "allowed_models", "model_max_budget", "role"] {
        copy(name, name);
    }
    for field in ADDITION {
        copy(field.name(), field.name());
    }
    changed(member, fields)
}

const MANY: &[Field] = &[
    required("team_id", Takes::Name),
    optional("members", Takes::ListOf(&Takes::Object(MEMBER))),
    optional("all_users", Takes::Flag),
    optional("max_budget_in_team", Takes::Dollars),
];

/// What `add_many` reads.
pub const ADD_MANY_FORM: Reads = Reads::Body(&[MANY]);

/// `POST /team/bulk_member_add`: each member on their own; what fails does not stop the others.
pub async fn add_many(visit: Visit) -> Answer {
    let form = visit.form()?;
    let management = visit.desk.live.management();
    let id = form.needed("team_id").to_owned();
    let mut names = form.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
    if form.flag("all_users") == Some(true) {
        names = visit.read(|directory| {
            may(&visit.actor, Wish::ManageAll, directory)?;
            Ok(directory.users.keys().map(|user| json!({ "user_id": user, "role": "user" })).collect())
        })?;
    }
    if names.is_empty() || names.len() > MOST {
        return Err(Refusal::bad_param("members", format!("between 1 and {MOST} members can be added at once")));
    }
    let (total, mut results, mut done) = (names.len(), Vec::new(), 0);
    for name in names {
        let body = json!({ "team_id": id, "member": name, "max_budget_in_team": form.get("max_budget_in_team") });
        let one = Form::of(body, &[ADD])?;
        let outcome = match named(&one) {
            Ok(names) => visit.change(|draft| join(draft, &one, &names, &management)).await,
            Err(why) => Err(why),
        };
        done += usize::from(outcome.is_ok());
        let (error, shown) = match outcome {
            Ok(shown) => (Value::Null, shown),
            Err(why) => (why.message().into(), Value::Null),
        };
        results.push(json!({
            "user_id": name["user_id"],
            "user_email": name["user_email"],
            "success": error.is_null(),
            "error": error,
            "updated_user": shown["updated_users"][0],
            "updated_team_membership": shown["updated_team_memberships"][0],
        }));
    }
    let team = visit.read(|directory| {
        let held = directory.teams.get(&id).ok_or_else(|| missing(Kind::Team, "team_id", &id))?;
        may(&visit.actor, Wish::SeeTeam(&id), directory)?;
        Ok(row(&id, &held.record, &Members::of(directory), directory, &visit.spend))
    })?;
    answer(json!({
        "team_id": id,
        "results": results,
        "total_requested": total,
        "successful_additions": done,
        "failed_additions": total - done,
        "updated_team": team,
    }))
}

const WHO: &[Field] =
    &[required("team_id", Takes::Name), optional("user_id", Takes::Name), optional("user_email", Takes::Name)];
const UPDATE: &[Field] = &[
    optional("max_budget_in_team", Takes::Dollars),
    optional("allowed_models", Takes::TEXTS),
    optional("role", Takes::OneOf(&["admin", "user"])),
];

/// What `update_member` reads.
pub const UPDATE_MEMBER_FORM: Reads = Reads::Body(&[WHO, UPDATE, ALLOWANCE, ADDITION]);

/// `POST /team/member_update`
pub async fn update_member(visit: Visit) -> Answer {
    let form = visit.form()?;
    let shown = visit
        .change(|draft| {
            let (id, user, held) = member(draft, &form)?;
            let mut after = with_bounds(&held.record, &form)?;
            after.origin = draft.changed(&after.origin);
            draft.replace(&TeamMember::id(&id, &user), held, &after)?;
            let mut shown = membership_row(draft.directory, &after, draft.spend);
            let record = draft.find::<User>(&user);
            shown["user_email"] = json!(record.and_then(|held| held.record.user_email.clone()));
            shown["max_budget_in_team"] = json!(after.allowance.max_budget.map(types::Usd::dollars));
            shown["budget_duration"] = json!(after.allowance.budget_duration);
            shown["tpm_limit"] = json!(after.allowance.tpm_limit);
            shown["rpm_limit"] = json!(after.allowance.rpm_limit);
            shown["role"] = json!(if after.role == MemberRole::Admin { "admin" } else { "user" });
            Ok(shown)
        })
        .await?;
    answer(shown)
}

/// The team and user whom a form names, if the actor manages the team and the user is in it.
fn member<'d>(draft: &Draft<'d>, form: &Form) -> Result<(String, String, &'d Held<TeamMember>)> {
    let id = form.needed("team_id").to_owned();
    find(draft, &id)?;
    may(draft.actor, Wish::ManageTeam(&id), draft.directory)?;
    let user = named_user(draft.directory, form)?;
    let held = draft.find::<TeamMember>(&TeamMember::id(&id, &user));
    Ok((id, user.clone(), held.ok_or_else(|| missing(Kind::TeamMember, "user_id", &user))?))
}

/// What `remove_member` reads.
pub const REMOVE_MEMBER_FORM: Reads = Reads::Body(&[WHO]);

/// `POST /team/member_delete`: the keys that the user has in the team go too.
pub async fn remove_member(visit: Visit) -> Answer {
    let form = visit.form()?;
    let shown = visit
        .change(|draft| {
            let (id, user, held) = member(draft, &form)?;
            let directory = draft.directory;
            for (hash, key) in directory.keys.iter().filter(|(_, key)| is_of(&key.record, &id, &user)) {
                keys::remove(draft, hash, key)?;
            }
            draft.remove(&TeamMember::id(&id, &user), held)?;
            let team: &Held<Team> = find(draft, &id)?;
            let all = Members::of(directory);
            let left: Vec<&TeamMember> = all.in_team(&id).iter().copied().filter(|one| one.user_id != user).collect();
            Ok(Value::Object(row_with(&id, &team.record, &left, directory, draft.spend)))
        })
        .await?;
    answer(shown)
}

fn is_of(key: &store::records::Key, team: &str, user: &str) -> bool {
    key.team_id.as_deref() == Some(team) && key.user_id.as_deref() == Some(user)
}

const RESET: &[Field] = &[optional("reset_to", Takes::Dollars)];

/// What `reset_spend` reads.
pub const RESET_SPEND_FORM: Reads = Reads::OptionalBody(&[RESET]);

/// `POST /team/{team_id}/member/{user_id}/reset_spend`, and `.../reset_budget`: what a member has spent in the current
/// window.
pub async fn reset_spend(visit: Visit) -> Answer {
    let reset_to = visit.form()?.dollars("reset_to").unwrap_or_default();
    let shown = visit
        .change(|draft| {
            let (team, user) = (visit.segment("team_id"), visit.segment("user_id"));
            find(draft, team)?;
            may(draft.actor, Wish::EndTeam(team), draft.directory)?;
            let id = TeamMember::id(team, user);
            let held = draft.find::<TeamMember>(&id).ok_or_else(|| missing(Kind::TeamMember, "user_id", user))?;
            let subject = format!("member:{id}");
            let before = draft.reset_spend(&subject, &held.record.allowance, reset_to);
            let (spend, before) = (reset_to.dollars(), before.dollars());
            Ok(json!({ "team_id": team, "user_id": user, "spend": spend, "previous_spend": before }))
        })
        .await?;
    answer(shown)
}
