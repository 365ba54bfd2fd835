//! Where alerts go: the address of a channel and what it is written as, or mail addresses and a server that takes mail.

use std::fmt;
use std::sync::Arc;

use providers::http::Endpoint;

use super::smtp::Smtp;
use crate::config::prices::split;

/// What an alert is written as for a web hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Blocks of Slack; Mattermost and others take the text beside them.
    Slack,
    /// An embed of Discord.
    Discord,
    /// An adaptive card of Microsoft Teams.
    Teams,
    /// Fields for programs.
    Webhook,
}

/// Where alerts go.
#[derive(Clone, PartialEq)]
pub enum Target {
    /// A web hook.
    Hook {
        /// As what.
        form: Form,
        /// The address.
        endpoint: Endpoint,
        /// What to ask for there.
        path: Arc<str>,
    },
    /// Mail.
    Mail {
        /// Who takes it.
        server: Arc<Smtp>,
        /// Whom it is for.
        to: Arc<[String]>,
    },
}

impl Target {
    /// A web hook at this address.
    pub fn hook(form: Form, url: &str) -> Result<Self, String> {
        let (endpoint, path) = split(url)?;
        Ok(Target::Hook { form, endpoint, path: path.into() })
    }

    /// What `alerting` calls such a channel.
    pub fn service(&self) -> &'static str {
        match self {
            Target::Hook { form: Form::Slack, .. } => "slack",
            Target::Hook { form: Form::Discord, .. } => "discord",
            Target::Hook { form: Form::Teams, .. } => "teams",
            Target::Hook { form: Form::Webhook, .. } => "webhook",
            Target::Mail { .. } => "email",
        }
    }

    /// The machine that it goes to.
    pub fn host(&self) -> &str {
        match self {
            Target::Hook { endpoint, .. } => &endpoint.host,
            Target::Mail { server, .. } => &server.host,
        }
    }
}

impl fmt::Debug for Target {
    /// Without the path: whoever knows it may write there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.service(), self.host())
    }
}

impl Form {
    /// What an address takes that is given as one of Slack: the incumbent's users name Discord and Teams so, too.
    pub fn of_address(url: &str) -> Self {
        let rest = url.trim().split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_at = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
        let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
        if is_at("discord.com") || is_at("discordapp.com") {
            // Discord takes Slack's form there.
            return if path.ends_with("/slack") { Form::Slack } else { Form::Discord };
        }
        let teams = ["office.com", "logic.azure.com", "powerplatform.com", "powerautomate.com"];
        if teams.into_iter().any(is_at) { Form::Teams } else { Form::Slack }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_it_takes() {
        let check = |url: &str, form: Form| assert_eq!(Form::of_address(url), form, "{url}");
        check("https://hooks.slack.com/services/T/B/x", Form::Slack);
        check("https://mattermost.example/hooks/x", Form::Slack);
        check("https://discord.com/api/webhooks/1/x", Form::Discord);
        check("https://ptb.discord.com/api/webhooks/1/x?wait=true", Form::Discord);
        check("https://discord.com/api/webhooks/1/x/slack", Form::Slack);
        check("https://acme.webhook.office.com/webhookb2/x", Form::Teams);
        check("https://prod-1.westeurope.logic.azure.com:443/workflows/x", Form::Teams);
        check("https://x.environment.api.powerplatform.com:443/powerautomate/x", Form::Teams);
        check("https://notdiscord.com/x", Form::Slack);
    }
}
