//! Accounts of people whom somebody else vouches for: a provider of identities when they sign in, the issuer of a token
//! when they call. Whoever comes for the first time gets an account, later ones follow what is said about them.

use engine::tokens::Holder;
use serde_json::{Value, json};
use store::records::{Key, MemberRole, Role, Team, TeamMember, User};
use store::{Directory, Held};

use super::actor::Actor;
use super::draft::Draft;
use super::form::Form;
use super::keys;
use super::people::{find_user, readdress};
use super::record::touched;
use super::refusal::Result;
use super::teams;
use super::users;
use super::visit::{Desk, Visit};
use crate::config::Management;

/// Who signs in with the master key; nobody else is called like that.
pub const MASTER: &str = "default_user_id";

/// What is said about somebody.
#[derive(Clone, Debug, Default)]
pub struct Voucher {
    /// Who it is.
    pub id: String,
    /// Their mail address.
    pub email: Option<String>,
    /// Whether it is theirs: only then it leads to an account that has another id.
    pub email_is_proven: bool,
    /// Their name.
    pub alias: Option<String>,
    /// What they are.
    pub role: Option<Role>,
    /// What they are at first, if nothing is said.
    pub first_role: Option<Role>,
    /// Teams that they are in.
    pub teams: Vec<String>,
    /// Whether teams that nobody has created yet are.
    pub adds_teams: bool,
    /// Whether they are in no other team.
    pub leaves_others: bool,
    /// Whether they get an account if they have none.
    pub adds_user: bool,
    /// Whether the id is that of a provider of identities.
    pub is_identity: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// They have an account with this id.
    Known(String),
    /// It is blocked.
    Blocked,
    /// It is somebody else's: of another identity, or with the same mail address.
    Taken,
    /// They have none, and get none.
    Unknown,
}

/// Makes an account what is said about somebody.
pub async fn settle(desk: &Desk, voucher: &Voucher) -> Result<Outcome> {
    if voucher.id == MASTER {
        return Ok(Outcome::Taken);
    }
    if voucher.adds_teams {
        add_teams(desk, &voucher.teams).await?;
    }
    let management = desk.live.management();
    let visit = visit(desk, Some(&voucher.id))?;
    visit.change(|draft| plan(draft, voucher, &management)).await
}

/// The same for whoever calls with a token.
pub async fn settle_holder(desk: &Desk, holder: &Holder) -> Result<()> {
    let Some(rules) = desk.live.setup().access.tokens.clone() else { return Ok(()) };
    let visit = visit(desk, None)?;
    let (user, named) = visit.read(|directory| Ok((holder.user(directory), holder.named_teams(directory))))?;
    if rules.add_teams {
        add_teams(desk, &holder.team_ids()).await?;
    }
    let Some(id) = user.or_else(|| holder.user_id.clone()) else { return Ok(()) };
    let follows = rules.follows;
    let voucher = Voucher {
        id,
        email: holder.user_email.clone(),
        email_is_proven: holder.email_is_proven,
        role: holder.role.filter(|_| follows),
        first_role: holder.role,
        teams: if follows { [named, holder.team_ids()].concat() } else { Vec::new() },
        leaves_others: follows && holder.knows_teams,
        adds_user: rules.add_users && holder.may_be_added,
        ..Voucher::default()
    };
    settle(desk, &voucher).await.map(|outcome| {
        if !matches!(outcome, Outcome::Known(_)) {
            tracing::info!("a token names a user who gets no account: {outcome:?}");
        }
    })
}

/// A visit of somebody who may do all that is planned here: it is not they who decide.
fn visit(desk: &Desk, user: Option<&str>) -> Result<Visit> {
    let role = Some(Role::ProxyAdmin);
    Visit::by(desk, Actor { user_id: user.map(str::to_owned), role, ..Actor::default() })
}

/// Creates the teams that are not there, as the operator wants new ones.
async fn add_teams(desk: &Desk, ids: &[String]) -> Result<()> {
    let management = desk.live.management();
    let visit = visit(desk, None)?;
    for id in ids {
        let is_there = visit.read(|directory| Ok(directory.teams.contains_key(id)))?;
        if is_there {
            continue;
        }
        let made = visit.change(|draft| match draft.find::<Team>(id) {
            Some(_) => Ok(()),
            None => teams::add(draft, id, &management),
        });
        if let Err(why) = made.await {
            tracing::warn!("a team that somebody is said to be in cannot be created: {}", why.message());
        }
    }
    Ok(())
}

fn plan(draft: &mut Draft, voucher: &Voucher, management: &Management) -> Result<Outcome> {
    let directory = draft.directory;
    match found(directory, voucher) {
        Some((_, held, _)) if held.record.blocked => Ok(Outcome::Blocked),
        Some((_, held, true)) if held.record.sso_user_id.as_ref().is_some_and(|id| *id != voucher.id) => {
            Ok(Outcome::Taken)
        }
        Some((id, held, _)) => {
            follow(draft, &id, held, voucher)?;
            join(draft, &id, voucher)?;
            Ok(Outcome::Known(id))
        }
        None if !voucher.adds_user => Ok(Outcome::Unknown),
        None if is_taken(directory, voucher.email.as_deref()) => Ok(Outcome::Taken),
        None => {
            create(draft, voucher, management)?;
            Ok(Outcome::Known(voucher.id.clone()))
        }
    }
}

/// The account of somebody, and whether only the mail address says so.
fn found<'d>(directory: &'d Directory, voucher: &Voucher) -> Option<(String, &'d Held<User>, bool)> {
    let mut users = directory.users.iter();
    let bound = users.find(|(_, held)| held.record.sso_user_id.as_ref() == Some(&voucher.id));
    let bound = bound.map(|(id, held)| (id.clone(), held, false)).filter(|_| voucher.is_identity);
    let same = || directory.users.get(&voucher.id).map(|held| (voucher.id.clone(), held, false));
    let proven = || voucher.email.as_deref().filter(|_| voucher.email_is_proven);
    let by_email = || find_user(directory, None, Some(proven()?)).map(|(id, held)| (id, held, true));
    bound.or_else(same).or_else(by_email)
}

fn is_taken(directory: &Directory, email: Option<&str>) -> bool {
    email.is_some_and(|email| find_user(directory, None, Some(email)).is_some())
}

fn create(draft: &mut Draft, voucher: &Voucher, management: &Management) -> Result<()> {
    let mut form = Form::default();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            form.set(name, value);
        }
    };
    let usual = management.users.defaults.get("user_role");
    let role = voucher.role.or(voucher.first_role.filter(|_| usual.is_none()));
    set("user_email", voucher.email.clone().map(Value::String));
    set("user_alias", voucher.alias.clone().map(Value::String));
    set("user_role", role.map(users::role_name));
    set("sso_user_id", voucher.is_identity.then(|| voucher.id.clone().into()));
    let there = |id: &str| draft.directory.teams.contains_key(id);
    let name = |team: &Value| team.as_str().or_else(|| team["team_id"].as_str()).map(str::to_owned);
    let usual = management.users.defaults.get("teams").and_then(Value::as_array).into_iter().flatten().cloned();
    let mut all: Vec<Value> = usual.filter(|team| name(team).is_some_and(|id| there(&id))).collect();
    for team in voucher.teams.iter().filter(|id| there(id)) {
        if !all.iter().any(|known| name(known).as_ref() == Some(team)) {
            all.push(json!(team));
        }
    }
    form.set("teams", Value::Array(all));
    users::add(draft, &voucher.id, form, management)
}

/// Changes what is known about somebody, where something else is said.
fn follow(draft: &mut Draft, id: &str, held: &Held<User>, voucher: &Voucher) -> Result<()> {
    let before = &*held.record;
    let mut user = before.clone();
    user.user_role = voucher.role.unwrap_or(user.user_role);
    if voucher.is_identity {
        user.sso_user_id.get_or_insert_with(|| voucher.id.clone());
        user.user_alias = user.user_alias.take().or_else(|| voucher.alias.clone());
    }
    let email = voucher.email.clone().filter(|email| !is_taken(draft.directory, Some(email)));
    if let Some(email) = email.filter(|_| voucher.email_is_proven || user.user_email.is_none()) {
        readdress(draft, id, before.user_email.as_deref(), Some(&email))?;
        user.user_email = Some(email);
    }
    match user == *before {
        true => Ok(()),
        false => draft.replace(id, held, &touched(draft, &user)),
    }
}

/// Puts somebody into their teams, and out of others if those are all.
fn join(draft: &mut Draft, user: &str, voucher: &Voucher) -> Result<()> {
    let directory = draft.directory;
    let mut teams = voucher.teams.clone();
    teams.sort();
    teams.dedup();
    for team in teams.iter().filter(|id| directory.teams.contains_key(*id)) {
        let id = TeamMember::id(team, user);
        if draft.find::<TeamMember>(&id).is_none() {
            let usual = teams::usual_member(draft, team);
            draft.create(&id, &TeamMember { user_id: user.to_owned(), role: MemberRole::User, ..usual })?;
        }
    }
    if !voucher.leaves_others {
        return Ok(());
    }
    for (id, member) in directory.teams_of(user).filter(|(_, member)| !teams.contains(&member.record.team_id)) {
        let team = &member.record.team_id;
        let is_theirs = |key: &Key| key.team_id.as_ref() == Some(team) && key.user_id.as_deref() == Some(user);
        for (hash, key) in directory.keys.iter().filter(|(_, key)| is_theirs(&key.record)) {
            keys::remove(draft, hash, key)?;
        }
        draft.remove(id, member)?;
    }
    Ok(())
}
