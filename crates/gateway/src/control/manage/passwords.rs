//! Passwords of users: only their argon2id hashes are kept. Making and checking one is slow on purpose, so it happens
//! beside the other work, a few at a time.

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use serde_json::json;
use store::Kind;
use store::records::User;
use tokio::sync::Semaphore;

use super::form::{Field, Reads, Takes, optional, required};
use super::record::{missing, touched};
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::sessions;
use super::visit::{Answer, Visit, answer};

/// Passwords that are hashed at once: each takes 19 MiB and some ten milliseconds of a core.
const AT_ONCE: usize = 2;
/// Shortest and longest password, characters and bytes.
const SHORTEST: usize = 8;
const LONGEST: usize = 256;

/// Makes and checks hashes of passwords.
#[derive(Clone)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Passwords(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Passwords {
    /// The hash of a new password.
    pub async fn hash(&self, password: &str) -> Result<String> {
        if password.chars().count() < SHORTEST || password.len() > LONGEST {
            let message = format!("A password needs {SHORTEST} characters or more, and at most {LONGEST} bytes.");
            return Err(Refusal::bad_param("password", message));
        }
        let password = password.to_owned();
        self.beside(move || hashed(&password)).await?.ok_or_else(Refusal::internal)
    }

    /// Whether it is the password that was hashed. Where there is no hash it takes as long to say no.
    pub async fn check(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        self.beside(move || {
            let there = hash.is_some();
            let hash = hash.as_deref().unwrap_or_else(|| stand_in());
            let parsed = PasswordHash::new(hash).ok();
            let right =
                parsed.is_some_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            there && right
        })
        .await
    }

    async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = self.0.acquire().await.map_err(|_| Refusal::internal())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::internal())
    }
}

fn hashed(password: &str) -> Option<String> {
    let hash: argon2::password_hash::Result<PasswordHash> = Argon2::default().hash_password(password.as_bytes());
    Some(hash.ok()?.to_string())
}

/// A hash that no password has to fit.
fn stand_in() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hashed("whatever").unwrap_or_default())
}

const FIELDS: &[Field] = &[
    optional("user_id", Takes::Name),
    optional("current_password", Takes::Text),
    required("new_password", Takes::Text),
];

/// What `change` reads.
pub const CHANGE_FORM: Reads = Reads::Body(&[FIELDS]);

/// `POST /user/password/change`: one's own, or that of somebody whom one may invite. All browsers where they are signed in
/// are signed out but the one that asks.
pub async fn change(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.text("user_id").or(visit.actor.user_id.as_deref()).unwrap_or_default().to_owned();
    let kept = visit.read(|directory| {
        let held = directory.users.get(&id).ok_or_else(|| missing(Kind::User, "user_id", &id))?;
        may(&visit.actor, Wish::SetPassword(&id), directory)?;
        Ok(held.record.password.clone())
    })?;
    let passwords = &visit.desk.passwords;
    if kept.is_some() && !visit.actor.is_admin() && visit.actor.is(&id) {
        let current = form.text("current_password").unwrap_or_default();
        if !passwords.check(current, kept.as_deref()).await? {
            return Err(Refusal::bad_param("current_password", "This is not the current password."));
        }
    }
    let hash = passwords.hash(form.needed("new_password")).await?;
    visit
        .change(|draft| {
            let held = draft.find::<User>(&id).ok_or_else(|| missing(Kind::User, "user_id", &id))?;
            may(draft.actor, Wish::SetPassword(&id), draft.directory)?;
            let user = User { password: Some(hash.clone()), ..touched(draft, &*held.record) };
            draft.replace(&id, held, &user)?;
            sessions::end_all(draft, &id)
        })
        .await?;
    answer(json!({ "user_id": id, "message": "The password is changed." }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_by_its_hash_alone() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"), "{hash}");
        assert!(passwords.check("correct horse", Some(&hash)).await.unwrap());
        for (password, hash) in [("wrong horse", Some(&*hash)), ("correct horse", None), ("whatever", None)] {
            assert!(!passwords.check(password, hash).await.unwrap(), "{password}");
        }
        assert!(!passwords.check("correct horse", Some("no hash")).await.unwrap());
    }

    #[tokio::test]
    async fn short_and_endless_passwords_are_refused() {
        let passwords = Passwords::default();
        for password in ["", "seven77", &*"x".repeat(257)] {
            assert!(passwords.hash(password).await.is_err(), "{password}");
        }
    }
}
