//! Mail to users: an invitation, a new key. Only where there is a server that takes mail, and never with a secret in it but
//! for the link of an invitation, which is for its reader alone.

use super::alert::Level;
use super::forms::Letter;
use crate::live::Live;

/// Sends an invitation; says whether it is on its way. Without `PROXY_BASE_URL` nobody knows where its link leads.
pub fn invite(live: &Live, to: &str, id: &str) -> bool {
    let management = live.management();
    let alerts = &management.alerts;
    let Some(home) = &alerts.base_url else { return false };
    let letter = Letter {
        subject: "You are invited to Lockgate".to_owned(),
        paragraphs: vec![
            "You have an account at an LLM gateway. Choose a password, and you are in.".to_owned(),
            "The link works once, for seven days.".to_owned(),
        ],
        facts: vec![("Account", to.to_owned())],
        tables: Vec::new(),
        link: Some(("Accept the invitation", format!("{home}/ui/?invitation_id={id}"))),
        level: Level::Note,
    };
    live.teller.outbox.write(alerts, to, letter)
}

/// Tells somebody that there is a key for them; says whether it is on its way.
pub fn key_created(live: &Live, to: &str, shown: &str, alias: Option<&str>) -> bool {
    let management = live.management();
    let alerts = &management.alerts;
    let alias = alias.map(|alias| ("Alias", alias.to_owned()));
    let letter = Letter {
        subject: "A key was made for you".to_owned(),
        paragraphs: vec![
            "There is a new key for you at an LLM gateway. Whoever made it has the key itself: it is shown once, and in no mail."
                .to_owned(),
        ],
        facts: [("Key", shown.to_owned())].into_iter().chain(alias).collect(),
        tables: Vec::new(),
        link: alerts.base_url.as_ref().map(|home| ("Open Lockgate", format!("{home}/ui/"))),
        level: Level::Note,
    };
    live.teller.outbox.write(alerts, to, letter)
}
