//! The server that takes mail, as the incumbent's variables `SMTP_*` say.

use lettre::message::Mailbox;
use types::Secret;

use crate::config::environ::Env;
use crate::config::report::{Notes, Place};

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Begun in the clear and then encrypted (`STARTTLS`): nothing is sent before it is.
    StartTls,
    /// Encrypted from the first byte, as port 465 expects.
    Wrapped,
    /// Not at all (`SMTP_TLS=False`).
    Open,
}

/// A server that takes mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Name and password, if it wants them.
    pub login: Option<(String, Secret)>,
    /// Who sends.
    pub sender: Mailbox,
}

/// Ports of servers that take mail from programs, and of those that expect TLS at once.
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

impl Smtp {
    /// As the environment says; `None` if there is no `SMTP_HOST`. What is wrong is noted at `place`.
    pub fn read(env: &Env, place: Place, notes: &mut Notes) -> Option<Self> {
        let host = env.get("SMTP_HOST")?.trim().to_owned();
        let mut wrong = |name: &str, why: &str, remedy: &str| {
            notes.error(place, name, why, remedy);
            None
        };
        let port = match env.get("SMTP_PORT").map(|port| port.trim().parse::<u16>()) {
            None => SUBMISSION,
            Some(Ok(port @ 1..)) => port,
            Some(_) => return wrong("SMTP_PORT", "expected the number of a port", "export e.g. SMTP_PORT=587"),
        };
        let is_off = |text: String| matches!(text.trim().to_lowercase().as_str(), "0" | "false" | "no" | "off");
        let tls = match port {
            _ if env.get("SMTP_TLS").is_some_and(is_off) => SmtpTls::Open,
            SUBMISSIONS => SmtpTls::Wrapped,
            _ => SmtpTls::StartTls,
        };
        let login = match (env.get("SMTP_USERNAME"), env.get("SMTP_PASSWORD")) {
            (Some(name), Some(password)) => Some((name, Secret::new(password))),
            (None, None) => None,
            _ => return wrong("SMTP_USERNAME", "name and password belong together", "export SMTP_PASSWORD, too"),
        };
        let sender = env.get("SMTP_SENDER_EMAIL").or_else(|| env.get("SMTP_USERNAME"));
        match sender.as_deref().map(str::trim).map(str::parse) {
            Some(Ok(sender)) => Some(Smtp { host, port, tls, login, sender }),
            _ => {
                let remedy = "export e.g. SMTP_SENDER_EMAIL=gateway@example.com";
                wrong("SMTP_SENDER_EMAIL", "mail needs the address of a sender", remedy)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_who_takes_mail() {
        let read = |values: &[(&str, &str)]| {
            let find = |name: &str| Some(values.iter().find(|(known, _)| *known == name)?.1.to_owned());
            let mut notes = Notes::default();
            let smtp = Smtp::read(&Env::new(&find), Place::default(), &mut notes);
            (smtp, notes.failed())
        };
        assert_eq!(read(&[]), (None, false));
        let host = ("SMTP_HOST", "mail.example.com");
        let sender = ("SMTP_SENDER_EMAIL", "Gateway <gateway@example.com>");
        let (usual, _) = read(&[host, sender]);
        let usual = usual.unwrap();
        assert_eq!((usual.port, usual.tls, usual.login), (587, SmtpTls::StartTls, None));
        let login = [("SMTP_USERNAME", "me@example.com"), ("SMTP_PASSWORD", "word")];
        let (wrapped, _) = read(&[host, ("SMTP_PORT", "465"), login[0], login[1]]);
        let wrapped = wrapped.unwrap();
        assert_eq!((wrapped.tls, wrapped.sender.email.to_string()), (SmtpTls::Wrapped, "me@example.com".to_owned()));
        assert!(!format!("{wrapped:?}").contains("word"));
        let (open, _) = read(&[host, sender, ("SMTP_TLS", "False")]);
        assert_eq!(open.unwrap().tls, SmtpTls::Open);
        for wrong in [&[host][..], &[host, sender, ("SMTP_PORT", "x")], &[host, sender, login[0]]] {
            assert_eq!(read(wrong), (None, true), "{wrong:?}");
        }
    }
}
