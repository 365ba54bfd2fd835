//! Looking at teams.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use store::Directory;
use store::records::{Fields, Team, TeamMember};

use super::super::actor::Actor;
use super::super::form::{Field, Form, Reads, Takes, optional, required};
use super::super::keys;
use super::super::page::{PAGE, Page};
use super::super::people::{Members, member_row, membership_row};
use super::super::record::missing;
use super::super::refusal::Result;
use super::super::rights::{PERMISSIONS, USUAL_PERMISSIONS, Wish, may};
use super::super::spend::Spend;
use super::super::visit::{Answer, Visit, answer};
use super::row;

const ID: &[Field] = &[required("team_id", Takes::Text)];

/// What `info` reads.
pub const INFO_FORM: Reads = Reads::Query(&[ID]);

/// `GET /team/info`: the team, its keys and what its members may spend.
pub async fn info(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("team_id");
    let shown = visit.read(|directory| {
        let team = see(&visit.actor, id, directory)?;
        let members = Members::of(directory);
        let info = row(id, team, &members, directory, &visit.spend);
        Ok(json!({
            "team_id": id,
            "team_info": info,
            "keys": keys_of(&visit.actor, |team| team == id, directory, &visit.spend).remove(id).unwrap_or_default(),
            "team_memberships": memberships_of(id, &members, directory, &visit.spend),
        }))
    })?;
    answer(shown)
}

fn see<'d>(actor: &Actor, id: &str, directory: &'d Directory) -> Result<&'d Team> {
    let held = directory.teams.get(id).ok_or_else(|| missing(store::Kind::Team, "team_id", id))?;
    may(actor, Wish::SeeTeam(id), directory)?;
    Ok(&held.record)
}

/// The keys of teams that somebody may see, in one look at all keys.
fn keys_of(
    actor: &Actor,
    wanted: impl Fn(&str) -> bool,
    directory: &Directory,
    spend: &Spend,
) -> HashMap<String, Vec<Value>> {
    let mut keys = HashMap::<String, Vec<Value>>::new();
    for (hash, held) in &directory.keys {
        let Some(team) = held.record.team_id.as_deref().filter(|team| wanted(team)) else { continue };
        if may(actor, Wish::SeeKey(hash, &held.record), directory).is_ok() {
            let mut key = keys::row(hash, &held.record, directory, spend);
            key.insert("token".to_owned(), hash.as_str().into());
            keys.entry(team.to_owned()).or_default().push(Value::Object(key));
        }
    }
    keys
}

fn memberships_of(team: &str, members: &Members, directory: &Directory, spend: &Spend) -> Vec<Value> {
    members.in_team(team).iter().map(|member| membership_row(directory, member, spend)).collect()
}

const FILTERS: &[Field] = &[
    optional("user_id", Takes::Text),
    optional("organization_id", Takes::Text),
    optional("team_id", Takes::Text),
    optional("team_alias", Takes::Text),
    optional("search", Takes::Text),
    optional("status", Takes::Text),
];

/// What `list` reads.
pub const LIST_FORM: Reads = Reads::Query(&[FILTERS]);

/// `GET /team/list`: all teams that somebody may see, with their keys.
pub async fn list(visit: Visit) -> Answer {
    let form = visit.form()?;
    let shown = visit.read(|directory| {
        let members = Members::of(directory);
        let mut rows = rows(&visit.actor, &form, &members, directory, &visit.spend);
        rows.sort_by(|one, other| one["created_at"].as_str().cmp(&other["created_at"].as_str()));
        let listed: HashSet<&str> = rows.iter().filter_map(|row| row["team_id"].as_str()).collect();
        let mut keys = keys_of(&visit.actor, |team| listed.contains(team), directory, &visit.spend);
        for row in &mut rows {
            let id = row["team_id"].as_str().unwrap_or_default().to_owned();
            row.insert("keys".to_owned(), keys.remove(&id).unwrap_or_default().into());
            let memberships = memberships_of(&id, &members, directory, &visit.spend);
            row.insert("team_memberships".to_owned(), memberships.into());
        }
        Ok(rows)
    })?;
    answer(json!(shown))
}

/// What `list_pages` and `filter` read.
pub const LIST_PAGES_FORM: Reads = Reads::Query(&[FILTERS, PAGE]);

/// `GET /v2/team/list`: the same in pages, without keys.
pub async fn list_pages(visit: Visit) -> Answer {
    let form = visit.form()?;
    let page = visit.read(|directory| {
        let members = Members::of(directory);
        let mut rows = rows(&visit.actor, &form, &members, directory, &visit.spend);
        for row in &mut rows {
            let count = members.in_team(row["team_id"].as_str().unwrap_or_default()).len();
            row.insert("members_count".to_owned(), count.into());
        }
        Page::of(rows, &form, 10, "created_at")
    })?;
    let pages = page.pages();
    answer(json!({
        "teams": page.rows,
        "total": page.total,
        "page": page.number,
        "page_size": page.size,
        "total_pages": pages,
    }))
}

/// `GET /team/filter/ui`: teams whose id or name contains a text.
pub async fn filter(visit: Visit) -> Answer {
    let form = visit.form()?;
    let page = visit.read(|directory| {
        let mut filters = Form::default();
        filters.set("search", form.text("team_alias").or(form.text("team_id")).unwrap_or_default());
        let rows = rows(&visit.actor, &filters, &Members::of(directory), directory, &visit.spend);
        Page::of(rows, &form, 50, "created_at")
    })?;
    answer(json!(page.rows))
}

fn rows(actor: &Actor, form: &Form, members: &Members, directory: &Directory, spend: &Spend) -> Vec<Fields> {
    let same = |name: &str, value: Option<&str>| form.text(name).is_none_or(|wanted| value == Some(wanted));
    let contains =
        |text: Option<&str>, part: &str| text.is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase()));
    let fits = |id: &str, team: &Team| {
        same("organization_id", team.organization_id.as_deref())
            && same("team_id", Some(id))
            && form.text("team_alias").is_none_or(|part| contains(team.team_alias.as_deref(), part))
            && form
                .text("search")
                .is_none_or(|part| contains(Some(id), part) || contains(team.team_alias.as_deref(), part))
            && form.text("user_id").is_none_or(|user| directory.team_members.contains_key(&TeamMember::id(id, user)))
            && form.text("status").is_none_or(|status| status != "blocked" || team.blocked)
    };
    let teams = directory.teams.iter().filter(|(id, held)| fits(id, &held.record));
    let visible = teams.filter(|(id, _)| may(actor, Wish::SeeTeam(id), directory).is_ok());
    visible.map(|(id, held)| row(id, &held.record, members, directory, spend)).collect()
}

/// `GET /team/{team_id}/members/me`: what the caller is in the team.
pub async fn membership_of_mine(visit: Visit) -> Answer {
    let id = visit.segment("team_id");
    let shown = visit.read(|directory| {
        see(&visit.actor, id, directory)?;
        let held = visit.actor.member(directory, id);
        let member = &held.ok_or_else(|| missing(store::Kind::TeamMember, "team_id", id))?.record;
        let mut shown = membership_row(directory, member, &visit.spend);
        shown["role"] = member_row(directory, member)["role"].clone();
        Ok(shown)
    })?;
    answer(shown)
}

/// `GET /team/available`: teams that anybody may join.
pub async fn available(visit: Visit) -> Answer {
    let management = visit.desk.live.management();
    let shown = visit.read(|directory| {
        let members = Members::of(directory);
        let open = management.users.open_teams.iter().filter_map(|id| Some((id, directory.teams.get(id)?)));
        let joinable = open.filter(|(id, _)| visit.actor.member(directory, id).is_none());
        // Who is in there, and what they spend, is theirs.
        let shown = joinable.map(|(id, held)| {
            json!({
                "team_id": id,
                "team_alias": held.record.team_alias,
                "models": held.record.models,
                "members_with_roles": members.in_team(id).iter().map(|_| json!({})).collect::<Vec<_>>(),
            })
        });
        Ok(shown.collect::<Vec<_>>())
    })?;
    answer(json!(shown))
}

/// What `permissions_list` reads.
pub const PERMISSIONS_LIST_FORM: Reads = Reads::Query(&[ID]);

/// `GET /team/permissions_list`
pub async fn permissions_list(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("team_id");
    let given = visit.read(|directory| Ok(see(&visit.actor, id, directory)?.team_member_permissions.clone()))?;
    let given = if given.is_empty() { USUAL_PERMISSIONS.map(str::to_owned).to_vec() } else { given };
    answer(json!({
        "team_id": id,
        "team_member_permissions": given,
        "all_available_permissions": PERMISSIONS,
    }))
}
