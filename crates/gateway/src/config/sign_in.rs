//! How people sign in to the admin UI: what the incumbent's environment variables and settings say about it.

use policy::Span;
use types::Secret;

use super::environ::Env;
use super::report::Notes;
use super::section::Section;
use super::sso::Sso;

/// Name of whoever signs in with the master key, unless `UI_USERNAME` says otherwise.
const USERNAME: &str = "admin";
/// How long a session lasts, unless `LITELLM_UI_SESSION_DURATION` says otherwise.
const DURATION: &str = "24h";

/// How people sign in.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// Name of the administrator who needs no entry in the database.
    pub username: String,
    /// Their password; the master key if there is none.
    pub password: Option<Secret>,
    /// How long a session lasts, seconds.
    pub session_seconds: u64,
    /// Whether there is no UI, and nobody signs in (`DISABLE_ADMIN_UI`).
    pub disabled: bool,
    /// Whether the administrator of the environment and the master key open no session
    /// (`disable_env_credential_login`).
    pub no_administrator: bool,
    /// The provider of identities, if there is one.
    pub sso: Option<Sso>,
}

impl SignIn {
    /// As `general_settings` and the environment say.
    pub fn read(general: &Section, env: &Env, notes: &mut Notes) -> Self {
        let span = |text: &str| Span::parse(text).map(Span::seconds);
        let duration = env.get("LITELLM_UI_SESSION_DURATION").and_then(|text| span(text.trim()));
        SignIn {
            username: env.get("UI_USERNAME").unwrap_or_else(|| USERNAME.to_owned()),
            password: env.get("UI_PASSWORD").map(Secret::new),
            session_seconds: duration.or_else(|| span(DURATION)).unwrap_or_default(),
            disabled: env.is_on("DISABLE_ADMIN_UI"),
            no_administrator: general.flag("disable_env_credential_login") == Some(true),
            sso: Sso::read(general, env, notes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::GENERAL;
    use super::*;

    #[test]
    fn the_environment_says_who_signs_in_and_for_how_long() {
        let read = |values: &[(&str, &str)]| {
            let find = |name: &str| Some(values.iter().find(|(known, _)| *known == name)?.1.to_owned());
            let mut notes = Notes::default();
            let general = Section::read(None, "general_settings", &GENERAL, &mut notes);
            SignIn::read(&general, &Env::new(&find), &mut notes)
        };
        let usual = read(&[]);
        assert_eq!((&*usual.username, usual.session_seconds, usual.disabled), ("admin", 86_400, false));
        assert!(usual.password.is_none());
        let other = read(&[
            ("UI_USERNAME", "root"),
            ("UI_PASSWORD", "a password"),
            ("LITELLM_UI_SESSION_DURATION", "30m"),
            ("DISABLE_ADMIN_UI", "True"),
        ]);
        assert_eq!((&*other.username, other.session_seconds, other.disabled), ("root", 1800, true));
        assert_eq!(other.password.unwrap().expose(), "a password");
        assert_eq!(read(&[("LITELLM_UI_SESSION_DURATION", "soon")]).session_seconds, 86_400);
    }
}
