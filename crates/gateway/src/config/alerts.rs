//! Who is told of what: `general_settings.alerting` and what belongs to it, in the incumbent's words.

mod kind;
mod rules;
mod smtp;
mod target;

use std::sync::Arc;

pub use kind::AlertKind;
pub use rules::AlertRules;
pub use smtp::{Smtp, SmtpTls};
pub use target::{Form, Target};

use super::environ::Env;
use super::report::{Notes, Place};
use super::section::{Section, texts};

/// Most addresses.
const MOST: usize = 20;
/// Channels by name, with the variable that holds their address.
const HOOKS: [(&str, &str, Option<Form>); 4] = [
    ("slack", "SLACK_WEBHOOK_URL", None),
    ("discord", "DISCORD_WEBHOOK_URL", Some(Form::Discord)),
    ("teams", "TEAMS_WEBHOOK_URL", Some(Form::Teams)),
    ("webhook", "WEBHOOK_URL", Some(Form::Webhook)),
];
/// The channel that has no address, but a server.
const EMAIL: &str = "email";

/// Who is told of what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// Where alerts go.
    pub channels: Vec<Channel>,
    /// From when on, and how often.
    pub rules: AlertRules,
    /// Who takes mail, whether or not alerts are sent by it.
    pub mail: Option<Arc<Smtp>>,
    /// Where people find this gateway (`PROXY_BASE_URL`).
    pub base_url: Option<String>,
}

/// A way to tell somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Where it leads.
    pub target: Target,
    /// What is told there.
    pub kinds: Vec<AlertKind>,
}

impl Alerts {
    /// From `general_settings`, and the variables in which the incumbent looks for addresses.
    pub fn read(general: &Section, env: &Env, notes: &mut Notes) -> Self {
        let rules = AlertRules::read(general, notes);
        let mail = Smtp::read(env, general.place("alerting"), notes).map(Arc::new);
        let base_url = env.get("PROXY_BASE_URL").map(|url| url.trim().trim_end_matches('/').to_owned());
        let base_url = base_url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        let mut reader = Reader { general, env, kinds: kinds(general, notes), channels: Vec::new(), notes };
        for (name, place) in general.texts("alerting") {
            match HOOKS.iter().find(|(known, ..)| *known == name) {
                Some((_, variable, form)) => reader.hook(name, variable, *form, place),
                None if name == EMAIL => reader.email(mail.as_ref(), &rules, place),
                None => {
                    let remedy = "use slack, discord, teams, webhook or email";
                    reader.notes.warn(place, &general.at("alerting"), format!("{name} is not sent to yet"), remedy);
                }
            }
        }
        Alerts { channels: reader.channels, rules, mail, base_url }
    }

    /// Whether somebody wants to be told of such things.
    pub fn wants(&self, kind: AlertKind) -> bool {
        self.channels.iter().any(|channel| channel.kinds.contains(&kind))
    }
}

/// The kinds that are wanted: all, unless given.
fn kinds(general: &Section, notes: &mut Notes) -> Vec<AlertKind> {
    if general.node("alert_types").is_none() {
        return AlertKind::ALL.to_vec();
    }
    let mut kinds = Vec::new();
    for (name, place) in general.texts("alert_types") {
        match AlertKind::find(name) {
            Some(kind) => kinds.push(kind),
            None => {
                let names: Vec<&str> = AlertKind::ALL.into_iter().map(AlertKind::name).collect();
                let message = format!("{name} is not sent yet: there are {}", names.join(", "));
                notes.warn(place, &general.at("alert_types"), message, "");
            }
        }
    }
    kinds
}

struct Reader<'r, 's> {
    general: &'r Section<'s>,
    env: &'r Env<'r>,
    kinds: Vec<AlertKind>,
    channels: Vec<Channel>,
    notes: &'r mut Notes,
}

impl Reader<'_, '_> {
    /// Web hooks: at the address of the variable, and for some kinds at addresses of their own.
    fn hook(&mut self, name: &str, variable: &str, form: Option<Form>, place: Place) {
        let mut rest = Vec::new();
        for kind in self.kinds.clone() {
            let own = self.general.node("alert_to_webhook_url").and_then(|map| map.get(kind.name()));
            match own.filter(|_| name == "slack") {
                Some(node) => {
                    let at = self.general.at("alert_to_webhook_url");
                    texts(node).into_iter().for_each(|(url, place)| self.add(form, url, &[kind], place, &at));
                }
                None => rest.push(kind),
            }
        }
        match self.env.get(variable) {
            _ if rest.is_empty() => {}
            Some(url) => self.add(form, &url, &rest, place, variable),
            None if self.channels.is_empty() => {
                let message = format!("nobody is told by {name}: {variable} is not set");
                self.notes.warn(place, &self.general.at("alerting"), message, "export it");
            }
            None => {}
        }
    }

    fn add(&mut self, form: Option<Form>, url: &str, kinds: &[AlertKind], place: Place, path: &str) {
        match Target::hook(form.unwrap_or_else(|| Form::of_address(url)), url) {
            Ok(target) => self.join(target, kinds, place, path),
            Err(why) => self.notes.error(place, path, why, "write an address that begins with https://"),
        }
    }

    fn email(&mut self, mail: Option<&Arc<Smtp>>, rules: &AlertRules, place: Place) {
        let at = self.general.at("alerting");
        match mail {
            Some(_) if rules.email_to.is_empty() => {
                let message = "only users are told by email, of their own budgets";
                self.notes.warn(place, &at, message, "name others in alerting_args: {email_to: [ops@example.com]}");
                // They are told where budgets are.
                let kinds: Vec<_> = self.kinds.iter().copied().filter(|kind| *kind == AlertKind::Budgets).collect();
                self.mail(mail, rules, &kinds, place, &at);
            }
            Some(_) => self.mail(mail, rules, &self.kinds.clone(), place, &at),
            None => {
                self.notes.warn(place, &at, "nobody is told by email: SMTP_HOST is not set", "export it");
            }
        }
    }

    fn mail(&mut self, mail: Option<&Arc<Smtp>>, rules: &AlertRules, kinds: &[AlertKind], place: Place, at: &str) {
        let Some(server) = mail.cloned() else { return };
        self.join(Target::Mail { server, to: rules.email_to.as_slice().into() }, kinds, place, at);
    }

    /// Adds a channel; one that is there already tells more.
    fn join(&mut self, target: Target, kinds: &[AlertKind], place: Place, path: &str) {
        if let Some(channel) = self.channels.iter_mut().find(|channel| channel.target == target) {
            channel.kinds.extend(kinds.iter().filter(|kind| !channel.kinds.contains(kind)).collect::<Vec<_>>());
        } else if self.channels.len() >= MOST {
            self.notes.error(place, path, format!("at most {MOST} addresses are told"), "");
        } else {
            self.channels.push(Channel { target, kinds: kinds.to_vec() });
        }
    }
}

#[cfg(test)]
mod tests;
