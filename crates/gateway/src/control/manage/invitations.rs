//! Invitations: links by which users set a password and come in. Under the incumbent's paths and with its fields; the
//! id, which the link carries, is shown once, and only its hash is kept.

use serde_json::{Value, json};
use store::records::{Invitation, Session, User};
use store::{Directory, Held, Kind, hash_key};

use super::actor::Actor;
use super::draft::Draft;
use super::form::{Field, Form, Reads, Takes, optional, required};
use super::moment;
use super::record::{missing, touched};
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::secret;
use super::sessions;
use super::visit::{Answer, Desk, Visit, answer};
use crate::alerts::letters;

/// How long a link works.
const SECONDS: u64 = 7 * 24 * 3600;

const NEW: &[Field] = &[required("user_id", Takes::Name)];
const ONE: &[Field] = &[required("invitation_id", Takes::Text)];
const CHANGE: &[Field] = &[required("invitation_id", Takes::Text), optional("is_accepted", Takes::Flag)];
/// What somebody who was invited sends.
pub const CLAIM: &[Field] =
    &[required("invitation_link", Takes::Text), optional("user_id", Takes::Text), required("password", Takes::Text)];

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[NEW]);

/// `POST /invitation/new`
pub async fn create(visit: Visit) -> Answer {
    let form = visit.form()?;
    let (id, user) = (secret::new_id()?, form.needed("user_id"));
    let mut row = visit
        .change(|draft| {
            draft.find::<User>(user).ok_or_else(|| missing(Kind::User, "user_id", user))?;
            Ok(row(&id, &plan(draft, user, &id)?))
        })
        .await?;
    row["email_sent"] = send(&visit, user, &id).into();
    answer(row)
}

/// Plans an invitation of a user, whose link carries this id.
pub fn plan(draft: &mut Draft, user: &str, id: &str) -> Result<Invitation> {
    may(draft.actor, Wish::SetPassword(user), draft.directory)?;
    let (expires_at, origin) = (moment::after(draft.now, SECONDS), draft.origin());
    let invitation = Invitation { user_id: user.to_owned(), expires_at, origin, ..Invitation::default() };
    draft.create(&hash_key(id), &invitation)?;
    Ok(invitation)
}

/// Sends an invitation to whom it is for, if they have a mail address and there is a server that takes mail.
pub fn send(visit: &Visit, user: &str, id: &str) -> bool {
    let email = visit.read(|directory| Ok(directory.users.get(user).and_then(|held| held.record.user_email.clone())));
    email.ok().flatten().is_some_and(|email| letters::invite(&visit.desk.live, &email, id))
}

/// What `info` reads.
pub const INFO_FORM: Reads = Reads::Query(&[ONE]);

/// `GET /invitation/info`
pub async fn info(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("invitation_id");
    answer(visit.read(|directory| {
        let held = find(directory, id)?;
        may(&visit.actor, Wish::SetPassword(&held.record.user_id), directory)?;
        Ok(row(id, &held.record))
    })?)
}

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[CHANGE]);

/// `POST /invitation/update`: one that counts as accepted works no more.
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("invitation_id");
    let row = visit
        .change(|draft| {
            let held = find(draft.directory, id)?;
            may(draft.actor, Wish::SetPassword(&held.record.user_id), draft.directory)?;
            let mut invitation = Invitation::clone(&held.record);
            if form.flag("is_accepted") == Some(true) {
                invitation.accepted_at = invitation.accepted_at.or(Some(draft.now));
            }
            invitation.origin = draft.changed(&invitation.origin);
            draft.replace(&hash_key(id), held, &invitation)?;
            Ok(row(id, &invitation))
        })
        .await?;
    answer(row)
}

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[ONE]);

/// `POST /invitation/delete`
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("invitation_id");
    let row = visit
        .change(|draft| {
            let held = find(draft.directory, id)?;
            may(draft.actor, Wish::SetPassword(&held.record.user_id), draft.directory)?;
            draft.remove(&hash_key(id), held)?;
            Ok(row(id, &held.record))
        })
        .await?;
    answer(row)
}

/// Whom a link is for, for whoever has it.
pub fn whom(desk: &Desk, link: &str) -> Result<Value> {
    let visit = Visit::by(desk, Actor::default())?;
    visit.read(|directory| {
        let held = working(directory, link)?;
        let user = directory.users.get(&held.record.user_id).ok_or_else(unusable)?;
        Ok(json!({ "user_id": held.record.user_id, "user_email": user.record.user_email }))
    })
}

/// Sets the password of whom a link is for, and signs them in: what their browser shows from now on, and who they are.
pub async fn claim(desk: &Desk, body: &[u8]) -> Result<(String, String)> {
    let form = Form::body(body, &[CLAIM])?;
    let link = form.needed("invitation_link");
    let visit = Visit::by(desk, Actor::default())?;
    let user = visit.read(|directory| Ok(working(directory, link)?.record.user_id.clone()))?;
    if form.text("user_id").is_some_and(|named| named != user) {
        return Err(unusable());
    }
    let hash = desk.passwords.hash(form.needed("password")).await?;
    // From here on the user acts.
    let visit = Visit::by(desk, Actor { user_id: Some(user.clone()), ..Actor::default() })?;
    visit
        .change(|draft| {
            let held = working(draft.directory, link)?;
            let invitation = Invitation { accepted_at: Some(draft.now), ..Invitation::clone(&held.record) };
            draft.replace(&hash_key(link), held, &invitation)?;
            let account = draft.find::<User>(&user).ok_or_else(unusable)?;
            let changed = User { password: Some(hash.clone()), ..touched(draft, &*account.record) };
            draft.replace(&user, account, &changed)?;
            sessions::end_all(draft, &user)
        })
        .await?;
    Ok((sessions::open(desk, Session::User, &user).await?, user))
}

fn find<'d>(directory: &'d Directory, id: &str) -> Result<&'d Held<Invitation>> {
    let held = directory.invitations.get(&hash_key(id));
    held.ok_or_else(|| Refusal::not_found("invitation_id", "Invitation id does not exist in the database."))
}

/// The invitation behind a link that works still.
fn working<'d>(directory: &'d Directory, link: &str) -> Result<&'d Held<Invitation>> {
    let held = directory.invitations.get(&hash_key(link)).ok_or_else(unusable)?;
    match held.record.accepted_at.is_none() && held.record.expires_at > moment::now() {
        true => Ok(held),
        false => Err(unusable()),
    }
}

fn unusable() -> Refusal {
    Refusal::unauthorized("This invitation does not work, or no more: ask for another one.")
}

fn row(id: &str, invitation: &Invitation) -> Value {
    json!({
        "id": id,
        "user_id": invitation.user_id,
        "is_accepted": invitation.accepted_at.is_some(),
        "accepted_at": moment::shown_or_null(invitation.accepted_at),
        "expires_at": moment::shown(invitation.expires_at),
        "created_at": moment::shown(invitation.origin.created_at),
        "created_by": invitation.origin.created_by,
        "updated_at": moment::shown(invitation.origin.updated_at),
        "updated_by": invitation.origin.updated_by,
    })
}
