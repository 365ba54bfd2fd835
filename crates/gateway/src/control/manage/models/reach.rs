//! Whom a model may call that somebody else than an administrator adds: a provider at the provider's own address, or a
//! host that the operator lists. An address of their own choice would show them what only the gateway can reach.

use engine::{AwsGrant, Deployment, Grant, Signer, SubjectSource, Text};
use providers::http::Endpoint;

use super::super::refusal::{Refusal, Result};

/// Refuses a model that calls elsewhere, or lets callers say where.
pub fn check(deployment: &Deployment, hosts: &[String]) -> Result<()> {
    if !deployment.client_params.is_empty() {
        return Err(Refusal::forbidden("Only proxy admins let callers choose keys and addresses."));
    }
    if !signs_at_home(deployment) {
        return Err(Refusal::forbidden("Only proxy admins say where a credential is fetched, or which file has it."));
    }
    if deployment.canned.is_some() || at_home(deployment) || hosts.iter().any(|host| listed(host, &deployment.endpoint))
    {
        return Ok(());
    }
    let message = format!(
        "A team's model calls a provider at its own address. For {} it takes a proxy admin, or an entry in \
         litellm_settings.provider_url_destination_allowed_hosts.",
        deployment.endpoint.host
    );
    Err(Refusal::forbidden(message))
}

fn at_home(deployment: &Deployment) -> bool {
    let public = |provider: &&providers::Provider| provider.api_base.is_some() && !provider.local;
    let provider = providers::find(deployment.provider).filter(public);
    deployment.endpoint.tls && provider.is_some_and(|provider| provider.is_home(&deployment.endpoint))
}

/// Where clouds give out what takes the place of keys.
const ISSUERS: [&str; 8] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".googleapis.com",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "iam.cloud.ibm.com",
    "ngw.devices.sberbank.ru",
];

/// Whether what takes the place of its key is fetched at a cloud's own service, or where calls go, with nothing that lies on
/// this machine.
fn signs_at_home(deployment: &Deployment) -> bool {
    let signer = deployment.signing.as_ref().map(|signing| &signing.signer);
    let fetched = signer.and_then(|signer| if let Signer::Fetched(token) = signer { Some(token) } else { None });
    let grants = deployment.access_token.iter().chain(fetched);
    grants.into_iter().all(|token| is_home(&token.grant, &deployment.endpoint))
}

fn is_home(grant: &Grant, called: &Endpoint) -> bool {
    let home = |url: &str| {
        let known = |at: &Endpoint| at.tls && ISSUERS.iter().any(|end| at.host.ends_with(end));
        Endpoint::parse(url).is_ok_and(|at| known(&at) || at.host == called.host && at.port == called.port)
    };
    match grant {
        Grant::Form { url, fields, .. } => home(url) && !fields.iter().any(|(_, value)| matches!(value, Text::File(_))),
        Grant::Assertion { url, .. } => home(url),
        Grant::Exchange { url, subject, .. } => match &subject.source {
            SubjectSource::File(_) => false,
            SubjectSource::Url { url: subject, .. } => home(url) && home(subject),
        },
        Grant::Impersonated { url, with, .. } => home(url) && is_home(with, called),
        Grant::Aws(AwsGrant::Identity { token: Text::File(_), .. }) => false,
        Grant::Aws(AwsGrant::Role { url, .. } | AwsGrant::Identity { url, .. }) => home(url),
        // The operator's machine says these, not whoever adds a model.
        Grant::Machine { .. } | Grant::Aws(AwsGrant::Container { .. } | AwsGrant::Machine { .. }) => true,
    }
}

/// Whether an entry means the host: `host`, `host:port`, `*.domain`.
fn listed(entry: &str, endpoint: &Endpoint) -> bool {
    let (entry, host) = (entry.trim().to_ascii_lowercase(), endpoint.host.to_ascii_lowercase());
    let within =
        |domain: &str| host.strip_suffix(domain).is_some_and(|before| before.len() > 1 && before.ends_with('.'));
    match entry.strip_prefix("*.") {
        Some(domain) => within(domain),
        None => entry == host || entry == format!("{host}:{}", endpoint.port),
    }
}

#[cfg(test)]
mod tests {
    use types::Secret;

    use super::*;

    #[test]
    fn what_takes_the_place_of_a_key_comes_from_a_clouds_own_service_or_from_where_calls_go() {
        let called = Endpoint::parse("https://adb-1.azuredatabricks.net/serving-endpoints").unwrap();
        let form = |url: &str, value: Text| Grant::Form {
            url: url.to_owned(),
            headers: Vec::new(),
            fields: vec![("client_assertion", value)],
        };
        let said = || Text::Said(Secret::new("s"));
        for (url, expected) in [
            ("https://login.microsoftonline.com/t/oauth2/v2.0/token", true),
            ("https://adb-1.azuredatabricks.net/oidc/v1/token", true),
            ("https://oauth2.googleapis.com/token", true),
            ("http://oauth2.googleapis.com/token", false),
            ("https://adb-1.azuredatabricks.net:8443/oidc/v1/token", false),
            ("https://googleapis.com.evil.example/token", false),
            ("http://10.0.0.1/token", false),
        ] {
            assert_eq!(is_home(&form(url, said()), &called), expected, "{url}");
            let key = Secret::new("PEM");
            let stated = Grant::Assertion {
                url: url.to_owned(),
                issuer: String::new(),
                key_id: None,
                key,
                scope: String::new(),
            };
            assert_eq!(is_home(&stated, &called), expected, "{url}");
            let acts = Grant::Impersonated { url: url.to_owned(), scope: String::new(), with: Box::new(stated) };
            assert_eq!(is_home(&acts, &called), expected, "{url}");
        }
        let file = Text::File("/etc/passwd".into());
        assert!(!is_home(&form("https://login.microsoftonline.com/t", file), &called));
        let subject = |source| Grant::Exchange {
            url: "https://sts.googleapis.com/v1/token".to_owned(),
            fields: Vec::new(),
            subject: engine::Subject { source, field: None },
        };
        assert!(!is_home(&subject(SubjectSource::File("/etc/passwd".into())), &called));
        let inside = SubjectSource::Url { url: "http://169.254.169.254/".to_owned(), headers: Vec::new() };
        assert!(!is_home(&subject(inside), &called));
    }

    #[test]
    fn an_entry_means_a_host_a_port_of_it_or_all_of_a_domain() {
        for (entry, url, expected) in [
            ("llm.example.com", "https://llm.example.com/v1", true),
            ("LLM.Example.com", "http://llm.example.com:8000", true),
            ("llm.example.com:8000", "http://llm.example.com:8000", true),
            ("llm.example.com:8000", "http://llm.example.com:9000", false),
            ("llm.example.com", "https://evil-llm.example.com", false),
            ("*.example.com", "https://a.b.example.com", true),
            ("*.example.com", "https://example.com", false),
            ("*.example.com", "https://evilexample.com", false),
            ("*.example.com", "https://example.com.evil.org", false),
            ("*.", "https://a.example.com", false),
            ("*", "https://a.example.com", false),
            ("", "https://a.example.com", false),
        ] {
            assert_eq!(listed(entry, &Endpoint::parse(url).unwrap()), expected, "{entry} for {url}");
        }
    }
}
