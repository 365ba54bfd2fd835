//! Microsoft's Entra ID: who may call Azure, in the order in which Microsoft's own programs look. Without a word of the
//! operator nobody asks an address that only machines of Azure have: that takes `azure_credential` or its variable.

use engine::{Grant, Text};
use providers::Fillings;
use types::Secret;

use super::Trouble;

/// Where a machine asks.
const MACHINES: &str = "http://169.254.169.254";
/// What a workload's token is, in RFC 7523's words.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Whoever is found.
const ANY: &str = "DefaultAzureCredential";
const MANAGED: &str = "ManagedIdentityCredential";
/// Kinds of credentials, as Microsoft's libraries call them.
const KINDS: [&str; 5] =
    ["ClientSecretCredential", "UsernamePasswordCredential", "WorkloadIdentityCredential", MANAGED, ANY];

/// What tokens are asked for with; `None` if nobody wants any.
pub(super) fn find(known: &Fillings, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Grant>, Trouble> {
    let known = |name: &str| {
        let value = known.iter().find(|(blank, _)| *blank == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    };
    let wanted = known("credential");
    if wanted.is_some_and(|wanted| !KINDS.contains(&wanted)) {
        return Err(format!("azure_credential is none of {}", KINDS.join(", ")));
    }
    let may_be = |kind: &str| wanted.is_none_or(|wanted| wanted == kind || wanted == ANY);
    let scope = known("scope").unwrap_or_default();
    let application = known("tenant_id").zip(known("client_id"));
    let url = |tenant: &str| {
        let authority = known("authority").unwrap_or_default().trim_end_matches('/');
        format!("{authority}/{tenant}/oauth2/v2.0/token")
    };
    let form = |tenant: &str, id: &str, kind: &str, own: Vec<(&'static str, Text)>| {
        let said = |text: &str| Text::Said(Secret::new(text));
        let mut fields = vec![("grant_type", said(kind)), ("client_id", said(id))];
        fields.extend(own);
        fields.push(("scope", said(scope)));
        Grant::Form { url: url(tenant), headers: Vec::new(), fields }
    };
    let said = |text: &str| Text::Said(Secret::new(text));
    if let Some((tenant, id)) = application {
        if let Some(secret) = known("client_secret").filter(|_| may_be(KINDS[0])) {
            return Ok(Some(form(tenant, id, "client_credentials", vec![("client_secret", said(secret))])));
        }
        if let Some((name, password)) = known("username").zip(known("password")).filter(|_| may_be(KINDS[1])) {
            return Ok(Some(form(
                tenant,
                id,
                "password",
                vec![("username", said(name)), ("password", said(password))],
            )));
        }
        if let Some(file) = known("token_file").filter(|_| may_be(KINDS[2])) {
            let assertion = ("client_assertion", Text::File(file.into()));
            let own = vec![("client_assertion_type", said(ASSERTION)), assertion];
            return Ok(Some(form(tenant, id, "client_credentials", own)));
        }
    }
    if may_be(MANAGED)
        && let Some(grant) = machine(scope, known("client_id"), wanted.is_some(), env)
    {
        return Ok(Some(grant));
    }
    match wanted {
        Some(wanted) => Err(format!("there is not all that {wanted} needs")),
        None => Ok(None),
    }
}

/// The identity of the machine, or of the app that Azure runs the gateway as.
fn machine(scope: &str, id: Option<&str>, is_asked: bool, env: &dyn Fn(&str) -> Option<String>) -> Option<Grant> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let resource = scope.trim_end_matches("/.default");
    let client = id.map(|id| format!("&client_id={id}")).unwrap_or_default();
    if let Some((address, header)) = set("IDENTITY_ENDPOINT").zip(set("IDENTITY_HEADER")) {
        let url = format!("{address}?api-version=2019-08-01&resource={resource}{client}");
        return Some(Grant::Machine { url, headers: vec![("x-identity-header", Secret::new(header))] });
    }
    is_asked.then(|| {
        let host = set("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or_else(|| MACHINES.to_owned());
        let host = host.trim_end_matches('/');
        let url = format!("{host}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}{client}");
        Grant::Machine { url, headers: vec![("metadata", Secret::new("true"))] }
    })
}
