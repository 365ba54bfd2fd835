//! Looking at users.

use serde_json::{Map, Value, json};
use store::Directory;
use store::records::{Fields, User};

use super::super::actor::Actor;
use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::keys;
use super::super::page::{PAGE, Page};
use super::super::people::{Members, find_user, teams_of};
use super::super::record::missing;
use super::super::refusal::Result;
use super::super::rights::{Wish, may};
use super::super::spend::Spend;
use super::super::teams;
use super::super::visit::{Answer, Visit, answer};
use super::{ROLES, role_name, row};

const WHO: &[Field] = &[optional("user_id", Takes::Text), optional("user_email", Takes::Text)];

/// What `info` and `info_flat` read.
pub const INFO_FORM: Reads = Reads::Query(&[WHO]);

/// `GET /user/info`: the user, their keys and their teams; one's own without a `user_id`.
pub async fn info(visit: Visit) -> Answer {
    let form = visit.form()?;
    let shown = visit.read(|directory| {
        let (id, user) = whom(&visit.actor, &form, directory)?;
        may(&visit.actor, Wish::SeeUser(&id), directory)?;
        let spend = &visit.spend;
        let actor = &visit.actor;
        let own = directory.keys.iter().filter(|(hash, held)| {
            held.record.user_id.as_deref() == Some(&id)
                && held.record.session.is_none()
                && may(actor, Wish::SeeKey(hash, &held.record), directory).is_ok()
        });
        let keys = own.map(|(hash, held)| {
            let mut key = keys::row(hash, &held.record, directory, spend);
            key.insert("token".to_owned(), hash.as_str().into());
            Value::Object(key)
        });
        let keys: Vec<Value> = keys.collect();
        let members = Members::of(directory);
        let teams: Vec<Value> = teams_of(directory, &id)
            .into_iter()
            .filter(|team| may(actor, Wish::SeeTeam(team), directory).is_ok())
            .filter_map(|team| Some((directory.teams.get(&team)?, team)))
            .map(|(held, team)| Value::Object(teams::row(&team, &held.record, &members, directory, spend)))
            .collect();
        let info = user.map(|user| row(&id, user, directory, spend));
        Ok(json!({ "user_id": id, "user_info": info, "keys": keys, "teams": teams }))
    })?;
    answer(shown)
}

/// `GET /v2/user/info`: the user alone.
pub async fn info_flat(visit: Visit) -> Answer {
    let form = visit.form()?;
    let shown = visit.read(|directory| {
        let (id, user) = whom(&visit.actor, &form, directory)?;
        may(&visit.actor, Wish::SeeUser(&id), directory)?;
        let user = user.ok_or_else(|| missing(store::Kind::User, "user_id", &id))?;
        Ok(row(&id, user, directory, &visit.spend))
    })?;
    answer(Value::Object(shown))
}

/// Who is meant. A caller may be a user of whom nothing but the id is known.
fn whom<'d>(actor: &Actor, form: &Form, directory: &'d Directory) -> Result<(String, Option<&'d User>)> {
    let (id, email) = (form.text("user_id"), form.text("user_email"));
    match (find_user(directory, id.or(actor.user_id.as_deref().filter(|_| email.is_none())), email), id, email) {
        (Some((id, held)), _, _) => Ok((id, Some(&held.record))),
        (None, None, None) => Ok((actor.user_id.clone().unwrap_or_default(), None)),
        (None, id, email) => Err(missing(store::Kind::User, "user_id", id.or(email).unwrap_or_default())),
    }
}

const FILTERS: &[Field] = &[
    optional("role", Takes::Text),
    optional("user_ids", Takes::Text),
    optional("sso_user_ids", Takes::Text),
    optional("user_email", Takes::Text),
    optional("search", Takes::Text),
    optional("team", Takes::Text),
    optional("organization_ids", Takes::Text),
];

/// What `list` reads.
pub const LIST_FORM: Reads = Reads::Query(&[FILTERS, PAGE]);

/// `GET /user/list`
pub async fn list(visit: Visit) -> Answer {
    let form = visit.form()?;
    let page = visit.read(|directory| {
        let rows = rows(&visit.actor, &form, directory, &visit.spend);
        Page::of(rows, &form, 25, "created_at")
    })?;
    let pages = page.pages();
    answer(json!({
        "users": page.rows,
        "total": page.total,
        "page": page.number,
        "page_size": page.size,
        "total_pages": pages,
    }))
}

/// What `filter` reads.
pub const FILTER_FORM: Reads = Reads::Query(&[WHO, PAGE]);

/// `GET /user/filter/ui`: users whose id or mail address contains a text.
pub async fn filter(visit: Visit) -> Answer {
    let form = visit.form()?;
    let page = visit.read(|directory| {
        let mut filters = Form::default();
        filters.set("search", form.text("user_email").or(form.text("user_id")).unwrap_or_default());
        let rows = rows(&visit.actor, &filters, directory, &visit.spend);
        Page::of(rows, &form, 50, "created_at")
    })?;
    answer(json!(page.rows))
}

fn rows(actor: &Actor, form: &Form, directory: &Directory, spend: &Spend) -> Vec<Fields> {
    let listed = |name: &str| -> Option<Vec<&str>> { Some(form.text(name)?.split(',').map(str::trim).collect()) };
    let (ids, sso, homes) = (listed("user_ids"), listed("sso_user_ids"), listed("organization_ids"));
    let contains =
        |text: Option<&str>, part: &str| text.is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase()));
    let fits = |id: &str, user: &User| {
        ids.as_ref().is_none_or(|ids| ids.contains(&id))
            && sso.as_ref().is_none_or(|ids| user.sso_user_id.as_deref().is_some_and(|id| ids.contains(&id)))
            && form.text("role").is_none_or(|role| role_name(user.user_role) == role)
            && form.text("user_email").is_none_or(|part| contains(user.user_email.as_deref(), part))
            && form.text("team").is_none_or(|team| teams_of(directory, id).iter().any(|one| one == team))
            && homes.as_ref().is_none_or(|homes| {
                let member = |home: &&str| directory.organization_members.contains_key(&format!("{home}/{id}"));
                homes.iter().any(member)
            })
            && form.text("search").is_none_or(|part| {
                let texts = [Some(id), user.user_email.as_deref(), user.user_alias.as_deref()];
                texts.into_iter().any(|text| contains(text, part))
            })
    };
    let mut keys = std::collections::HashMap::<&str, usize>::new();
    for held in directory.keys.values().filter(|held| held.record.session.is_none()) {
        if let Some(user) = &held.record.user_id {
            *keys.entry(user).or_default() += 1;
        }
    }
    let users = directory.users.iter().filter(|(id, held)| fits(id, &held.record));
    let visible = users.filter(|(id, _)| may(actor, Wish::SeeUser(id), directory).is_ok());
    let shown = visible.map(|(id, held)| {
        let mut row = row(id, &held.record, directory, spend);
        row.insert("key_count".to_owned(), json!(keys.get(id.as_str()).copied().unwrap_or_default()));
        row
    });
    shown.collect()
}

/// `GET /user/available_roles`
pub async fn roles(_visit: Visit) -> Answer {
    let roles =
        ROLES.iter().map(|(name, what, label)| ((*name).to_owned(), json!({ "description": what, "ui_label": label })));
    answer(Value::Object(Map::from_iter(roles)))
}
