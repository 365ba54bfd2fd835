//! Who somebody is that signed in: what a page needs to know to show only what they may do.

use engine::Caller;
use serde_json::{Value, json};
use store::records::{Fields, MemberRole};

use super::actor::Actor;
use super::moment;
use super::users::role_name;
use super::visit::Desk;

/// Who the caller is.
pub fn who(desk: &Desk, caller: &Caller) -> Fields {
    let Some(books) = &desk.live.books else {
        return fields(json!({ "user_role": caller.is_admin.then_some("proxy_admin") }));
    };
    let directory = books.registry.read();
    let actor = Actor::new(caller, &directory);
    let id = actor.user_id.as_deref().unwrap_or_default();
    let user = directory.users.get(id).map(|held| &held.record);
    let teams = directory.teams_of(id).map(|(_, held)| {
        let (team, role) = (&held.record.team_id, held.record.role == MemberRole::Admin);
        let alias = directory.teams.get(team).and_then(|team| team.record.team_alias.clone());
        json!({ "team_id": team, "team_alias": alias, "role": if role { "admin" } else { "user" } })
    });
    let homes = directory.organizations_of(id).map(|(_, held)| {
        let home = &held.record.organization_id;
        let alias = directory.organizations.get(home).and_then(|home| home.record.organization_alias.clone());
        json!({ "organization_id": home, "organization_alias": alias, "role": role_name(held.record.user_role) })
    });
    fields(json!({
        "user_id": actor.user_id,
        "user_email": user.and_then(|user| user.user_email.clone()),
        "user_alias": user.and_then(|user| user.user_alias.clone()),
        "user_role": actor.role.map(role_name),
        "has_password": user.is_some_and(|user| user.password.is_some()),
        "session": actor.is_session(),
        "expires": moment::shown_or_null(actor.key.as_deref().and_then(|key| key.expires)),
        "teams": teams.collect::<Vec<_>>(),
        "organizations": homes.collect::<Vec<_>>(),
    }))
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}
