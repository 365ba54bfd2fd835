//! A bucket for answers: `type: s3` and `type: gcs` in the incumbent's words.

use engine::{AccessTokens, Signing};
use providers::aws::Scope;
use providers::http::Endpoint;
use store::cache;

use crate::bucket::{Badge, Site, place};
use crate::config::environ::Env;
use crate::config::report::Notes;
use crate::config::section::Section;
use crate::config::{aws, sign_on};

/// Where it is in Google's cloud, and what may be done with the token.
const GOOGLE: &str = "https://storage.googleapis.com";
const GOOGLE_SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
/// The region of which nobody says another.
const USUAL: &str = "us-east-1";

/// The bucket that `kind` names.
pub fn read(
    section: &Section,
    kind: &'static str,
    (env, tokens): (&Env, &AccessTokens),
    notes: &mut Notes,
) -> Option<cache::Bucket> {
    let field = if kind == "s3" { "s3_bucket_name" } else { "gcs_bucket_name" };
    let Some(name) = section.text(field).map(str::trim).filter(|name| !name.is_empty() && !name.contains('/')) else {
        section.missing(field, &format!("{field}: answers"), notes);
        return None;
    };
    let site = match kind {
        "s3" => amazon(section, name, (env, tokens)),
        _ => google(section, name, (env, tokens)),
    };
    match site {
        Ok(site) => {
            let identity = site.identity();
            Some(cache::Bucket::new(kind, name.to_owned(), identity, move || site.open()))
        }
        Err(why) => {
            notes.error(section.place(field), &section.at(field), why, "see docs/caching.md");
            None
        }
    }
}

fn amazon(section: &Section, name: &str, (env, tokens): (&Env, &AccessTokens)) -> Result<Site, String> {
    // Their names begin as those of everything else about the bucket.
    let given = |param: &str| {
        let own = if param == aws::REGION { "s3_region_name".to_owned() } else { format!("s3_{param}") };
        section.text(&own).map(str::to_owned)
    };
    let of_env = |variable: &str| env.get(variable);
    let region = aws::region(&given, &of_env).unwrap_or_else(|| USUAL.to_owned());
    let (url, path) = place(name, &region, section.text("s3_endpoint_url"));
    let endpoint = Endpoint::parse(&url)?;
    let signer = tokens.signer(aws::find(&given, &of_env)?);
    let badge = Badge::Signed(Signing { scope: Scope { region, service: "s3" }, signer });
    Ok(Site { path: format!("{}{path}", endpoint.base_path), endpoint, prefix: prefix(section, "s3_path"), badge })
}

fn google(section: &Section, name: &str, (env, tokens): (&Env, &AccessTokens)) -> Result<Site, String> {
    let credentials = section.text("gcs_path_service_account").map(str::to_owned);
    let variables = ["GCS_PATH_SERVICE_ACCOUNT", "GOOGLE_APPLICATION_CREDENTIALS"];
    let credentials = credentials.or_else(|| variables.iter().find_map(|variable| env.get(variable)));
    let (grant, _) = sign_on::of_google(credentials, GOOGLE_SCOPE, &|variable| env.get(variable))?;
    let endpoint = Endpoint::parse(section.text("gcs_endpoint_url").unwrap_or(GOOGLE))?;
    let path = format!("{}/{name}", endpoint.base_path);
    Ok(Site { path, endpoint, prefix: prefix(section, "gcs_path"), badge: Badge::Token(tokens.of(grant)) })
}

fn prefix(section: &Section, field: &str) -> String {
    let path = section.text(field).unwrap_or_default().trim_matches('/');
    if path.is_empty() { String::new() } else { format!("{path}/") }
}
