//! Where credentials of Amazon's cloud come from: what the operator wrote, the environment, profiles, and the machine or
//! container that the gateway runs in, in the order in which Amazon's own programs look.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use engine::{AwsGrant, AwsSource, Text};
use providers::aws::Keys;
use types::Secret;

/// Where a container is told its credentials, at a path that it knows.
const CONTAINERS: &str = "http://169.254.170.2";
/// Hosts without TLS that a container may be sent to: this machine, and those of Amazon's two services.
const CONTAINER_HOSTS: [&str; 5] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "127.0.0.1", "localhost"];
/// Where a machine is told its own.
const MACHINES: &str = "http://169.254.169.254";
/// What a session is called that nobody gave a name.
const SESSION: &str = "lockgate";
/// Where roles are taken of whom nobody says in which region.
const NEAREST: &str = "us-east-1";
/// Largest file of profiles, bytes.
const LARGEST: u64 = 1 << 20;
/// Most profiles that are needed for another one.
const DEEPEST: usize = 4;

/// Why there is none.
pub type Trouble = String;

/// The key of `litellm_params` that names a region.
pub const REGION: &str = "aws_region_name";
/// Keys of `litellm_params` that say where a credential comes from.
pub const PARAMS: [&str; 9] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_profile_name",
    "aws_role_name",
    "aws_session_name",
    "aws_external_id",
    "aws_web_identity_token",
    "aws_sts_endpoint",
];

/// Finds a credential, with what `given` has for the keys of `litellm_params`, and with the environment.
pub fn find(
    given: &dyn Fn(&str) -> Option<String>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<AwsSource, Trouble> {
    Finder { given, env }.find()
}

/// The region that the operator, the environment or a profile names.
pub fn region(given: &dyn Fn(&str) -> Option<String>, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let finder = Finder { given, env };
    let variables = ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"];
    let named = finder.given(REGION).or_else(|| variables.iter().find_map(|name| finder.env(name)));
    named.or_else(|| finder.profile(&finder.profile_name()).ok()?.get("region"))
}

struct Finder<'f> {
    given: &'f dyn Fn(&str) -> Option<String>,
    env: &'f dyn Fn(&str) -> Option<String>,
}

impl Finder<'_> {
    fn given(&self, name: &str) -> Option<String> {
        (self.given)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn env(&self, name: &str) -> Option<String> {
        (self.env)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn find(&self) -> Result<AwsSource, Trouble> {
        let role = self.given("aws_role_name");
        match (role, self.given("aws_web_identity_token")) {
            (Some(role), Some(token)) => Ok(AwsSource::Grant(self.identity(role, self.session(None), text(&token)))),
            (None, Some(_)) => Err("aws_web_identity_token needs aws_role_name, the role that it may take".to_owned()),
            (Some(role), None) => {
                let with = self.own()?;
                let external_id = self.given("aws_external_id");
                Ok(self.role(role, self.session(None), external_id, with))
            }
            (None, None) => self.own(),
        }
    }

    /// The credential itself, whatever role it is to take.
    fn own(&self) -> Result<AwsSource, Trouble> {
        match (self.given("aws_access_key_id"), self.given("aws_secret_access_key")) {
            (Some(id), Some(secret)) => return keys(&id, secret, self.given("aws_session_token")),
            (None, None) => {}
            (Some(_), None) => return Err("aws_access_key_id is nothing without aws_secret_access_key".to_owned()),
            (None, Some(_)) => return Err("aws_secret_access_key is nothing without aws_access_key_id".to_owned()),
        }
        if let Some(profile) = self.given("aws_profile_name") {
            return self.of_profile(&profile, DEEPEST)?.ok_or_else(|| format!("profile {profile:?} has no credential"));
        }
        if let (Some(id), Some(secret)) = (self.env("AWS_ACCESS_KEY_ID"), self.env("AWS_SECRET_ACCESS_KEY")) {
            return keys(&id, secret, self.env("AWS_SESSION_TOKEN"));
        }
        if let (Some(role), Some(file)) = (self.env("AWS_ROLE_ARN"), self.env("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            let session = self.session(self.env("AWS_ROLE_SESSION_NAME"));
            return Ok(AwsSource::Grant(self.identity(role, session, Text::File(file.into()))));
        }
        match self.of_profile(&self.profile_name(), DEEPEST)? {
            Some(found) => Ok(found),
            None => match self.container()? {
                Some(container) => Ok(AwsSource::Grant(container)),
                None => self.machine().map(AwsSource::Grant),
            },
        }
    }

    fn session(&self, otherwise: Option<String>) -> String {
        self.given("aws_session_name").or(otherwise).unwrap_or_else(|| SESSION.to_owned())
    }

    fn role(&self, role: String, session: String, external_id: Option<String>, with: AwsSource) -> AwsSource {
        let (url, region) = self.tokens();
        let external_id = external_id.map(Secret::new);
        AwsSource::Grant(AwsGrant::Role { url, region, role, session, external_id, with: Box::new(with) })
    }

    fn identity(&self, role: String, session: String, token: Text) -> AwsGrant {
        AwsGrant::Identity { url: self.tokens().0, role, session, token }
    }

    /// Where the security token service is, and in which region.
    fn tokens(&self) -> (String, String) {
        let region = region(self.given, self.env).unwrap_or_else(|| NEAREST.to_owned());
        let end = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = self.given("aws_sts_endpoint").or_else(|| self.env("AWS_ENDPOINT_URL_STS"));
        (own.unwrap_or_else(|| format!("https://sts.{region}.{end}")), region)
    }

    fn container(&self) -> Result<Option<AwsGrant>, Trouble> {
        let said = self.env("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|token| Text::Said(Secret::new(token)));
        let file = || Some(Text::File(self.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")?.into()));
        let url = match self.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Some(path) => format!("{CONTAINERS}{path}"),
            None => match self.env("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
                Some(url) if is_safe(&url) => url,
                Some(_) => {
                    return Err("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this machine".to_owned());
                }
                None => return Ok(None),
            },
        };
        Ok(Some(AwsGrant::Container { url, token: file().or(said) }))
    }

    fn machine(&self) -> Result<AwsGrant, Trouble> {
        if self.env("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return Err("no credential is written down, and the machine is not to be asked for one".to_owned());
        }
        let url = self.env("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| MACHINES.to_owned());
        Ok(AwsGrant::Machine { url: url.trim_end_matches('/').to_owned() })
    }

    fn profile_name(&self) -> String {
        let named = self.given("aws_profile_name").or_else(|| self.env("AWS_PROFILE_NAME"));
        named.or_else(|| self.env("AWS_PROFILE")).unwrap_or_else(|| "default".to_owned())
    }

    /// What the files say of a profile: an empty one, if they say nothing.
    fn profile(&self, name: &str) -> Result<Profile, Trouble> {
        let home = |file: &str| Some(PathBuf::from(self.env("HOME")?).join(".aws").join(file));
        let file = |variable: &str, usual: &str| self.env(variable).map(PathBuf::from).or_else(|| home(usual));
        let mut profile = Profile::default();
        for (variable, usual, prefix) in
            [("AWS_SHARED_CREDENTIALS_FILE", "credentials", ""), ("AWS_CONFIG_FILE", "config", "profile ")]
        {
            let Some(text) = file(variable, usual).map(|path| read(&path)).transpose()?.flatten() else { continue };
            profile.add(&text, name, prefix);
        }
        Ok(profile)
    }

    fn of_profile(&self, name: &str, depth: usize) -> Result<Option<AwsSource>, Trouble> {
        let profile = self.profile(name)?;
        if let Some(role) = profile.get("role_arn") {
            let session = self.session(profile.get("role_session_name"));
            if let Some(file) = profile.get("web_identity_token_file") {
                return Ok(Some(AwsSource::Grant(self.identity(role, session, Text::File(file.into())))));
            }
            let with = match (profile.get("source_profile"), profile.get("credential_source").as_deref()) {
                (Some(_), _) if depth == 0 => return Err(format!("profile {name:?} leads through too many others")),
                // A profile may be its own source: then its keys are meant.
                (Some(source), _) if source == name => profile.keys()?,
                (Some(source), _) => self.of_profile(&source, depth - 1)?,
                (None, Some("Environment")) => {
                    let (id, secret) = (self.env("AWS_ACCESS_KEY_ID"), self.env("AWS_SECRET_ACCESS_KEY"));
                    id.zip(secret).map(|(id, secret)| keys(&id, secret, self.env("AWS_SESSION_TOKEN"))).transpose()?
                }
                (None, Some("EcsContainer")) => self.container()?.map(AwsSource::Grant),
                (None, Some("Ec2InstanceMetadata")) => Some(AwsSource::Grant(self.machine()?)),
                (None, _) => None,
            };
            let with = with.ok_or_else(|| format!("profile {name:?} names a role, but nobody who may take it"))?;
            return Ok(Some(self.role(role, session, profile.get("external_id"), with)));
        }
        for (key, what) in [
            ("credential_process", "a program"),
            ("sso_session", "single sign-on"),
            ("sso_start_url", "single sign-on"),
        ] {
            if profile.get(key).is_some() && profile.get("aws_access_key_id").is_none() {
                return Err(format!("profile {name:?} has its credential from {what}, which is not asked here"));
            }
        }
        profile.keys()
    }
}

/// The settings of a profile; those that were found first count.
#[derive(Default)]
struct Profile(Vec<(String, String)>);

impl Profile {
    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.clone())
    }

    fn keys(&self) -> Result<Option<AwsSource>, Trouble> {
        match (self.get("aws_access_key_id"), self.get("aws_secret_access_key")) {
            (Some(id), Some(secret)) => keys(&id, secret, self.get("aws_session_token")).map(Some),
            _ => Ok(None),
        }
    }

    /// Takes over the section of profile `name`, which has `prefix` in front unless it is the default.
    fn add(&mut self, text: &str, name: &str, prefix: &str) {
        let mut inside = false;
        for line in text.lines() {
            // What is indented belongs to a setting that has several.
            if line.starts_with([' ', '\t', '#', ';']) {
                continue;
            }
            if let Some(section) = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                let section = section.trim();
                let bare = section.strip_prefix(prefix).map(str::trim);
                inside = bare == Some(name) || name == "default" && section == name;
            } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
                self.0.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
    }
}

fn keys(id: &str, secret: String, token: Option<String>) -> Result<AwsSource, Trouble> {
    Keys::new(id, Secret::new(secret), token.map(Secret::new)).map(AwsSource::Keys)
}

/// A token as the operator names it: the name of a file, or itself.
fn text(said: &str) -> Text {
    let file = said.strip_prefix("oidc/file/").unwrap_or(said);
    match Path::new(file).is_absolute() {
        true => Text::File(file.into()),
        false => Text::Said(Secret::new(said)),
    }
}

fn is_safe(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    CONTAINER_HOSTS
        .iter()
        .any(|host| authority.strip_prefix(host).is_some_and(|port| port.is_empty() || port.starts_with(':')))
}

/// What a file says; nothing, if there is none.
fn read(path: &Path) -> Result<Option<String>, Trouble> {
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text)) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests;
