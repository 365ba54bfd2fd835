//! Requests that are signed with a credential of Amazon's cloud, or of Oracle's, instead of showing a key, and what such credentials are
//! asked for with where they hold for a while only.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;
use providers::aws::{Keys, Request, Scope};
use providers::http::Endpoint;
use types::{Fault, FaultKind, Secret, Side};

use crate::AccessToken;

/// What requests are signed with, and for what.
#[derive(Clone, Debug)]
pub struct Signing {
    /// Region and service.
    pub scope: Scope,
    /// Whose credential.
    pub signer: Signer,
}

/// Whose credential signs.
#[derive(Clone, Debug)]
pub enum Signer {
    /// One that holds until the operator changes it.
    Fixed(Arc<Keys>),
    /// One that is fetched again and again.
    Fetched(Arc<AccessToken>),
    /// A key of Oracle's cloud, which signs in that cloud's way.
    Oracle(Arc<providers::oci::Keys>),
}

/// A request that is about to be sent.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query, the base path of the endpoint included.
    pub path: &'a str,
    /// The body, in pieces.
    pub body: &'a [Bytes],
}

impl Signing {
    /// Signs a request to `endpoint`. Waits for the first credential, within `patience`.
    pub async fn sign(
        &self,
        endpoint: &Endpoint,
        sent: Sent<'_>,
        headers: &mut HeaderMap,
        patience: Duration,
    ) -> Result<(), Fault> {
        let Sent { method, path, body } = sent;
        let request = Request { method, host: &endpoint.authority, path, body };
        let now = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(now.as_millis()).unwrap_or_default()
        };
        let signed = match &self.signer {
            Signer::Fixed(keys) => keys.sign(&self.scope, &request, now(), headers),
            Signer::Fetched(token) => token.keys(patience).await?.sign(&self.scope, &request, now(), headers),
            Signer::Oracle(keys) => keys.sign(&request, now(), headers),
        };
        signed.map_err(|why| Fault::new(FaultKind::Internal, Side::Gateway, why))
    }

    /// What tells its account from others; it may hold secrets.
    pub(crate) fn account(&self) -> String {
        match &self.signer {
            Signer::Fixed(keys) => keys.id().to_owned(),
            Signer::Fetched(token) => token.grant.account(),
            Signer::Oracle(keys) => keys.id().to_owned(),
        }
    }

    /// What must be in nothing that is told.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let fetched = match &self.signer {
            Signer::Fixed(keys) => Some(keys.clone()),
            Signer::Fetched(token) => token.keys_now(),
            // Its key is in no request.
            Signer::Oracle(_) => None,
        };
        fetched.iter().flat_map(|keys| keys.secrets()).map(str::to_owned).collect()
    }
}

/// What a credential of Amazon's cloud is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsGrant {
    /// A role that another credential may take (STS `AssumeRole`).
    Role {
        /// Where the security token service is.
        url: String,
        /// The region that it is asked in.
        region: String,
        /// The role's name (ARN).
        role: String,
        /// What the session is called.
        session: String,
        /// What the owner of the role wants to be told.
        external_id: Option<Secret>,
        /// Who takes it.
        with: Box<AwsSource>,
    },
    /// A role that whoever an issuer vouches for may take (STS `AssumeRoleWithWebIdentity`).
    Identity {
        /// Where the security token service is.
        url: String,
        /// The role's name (ARN).
        role: String,
        /// What the session is called.
        session: String,
        /// The issuer's token.
        token: Text,
    },
    /// What a container is given.
    Container {
        /// Where it is asked.
        url: String,
        /// What is shown there.
        token: Option<Text>,
    },
    /// What a machine is given, asked as its second version wants it.
    Machine {
        /// Where it is asked.
        url: String,
    },
}

/// Where a credential comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsSource {
    /// From the operator.
    Keys(Keys),
    /// From the cloud.
    Grant(AwsGrant),
}

/// A text that is known, or is read anew each time: somebody else renews it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// The text.
    Said(Secret),
    /// The file that has it.
    File(PathBuf),
}

impl AwsGrant {
    /// Where it is asked for.
    pub fn url(&self) -> &str {
        match self {
            AwsGrant::Role { url, .. }
            | AwsGrant::Identity { url, .. }
            | AwsGrant::Container { url, .. }
            | AwsGrant::Machine { url } => url,
        }
    }

    /// What tells its account from others.
    pub(crate) fn account(&self) -> String {
        match self {
            AwsGrant::Role { role, .. } | AwsGrant::Identity { role, .. } => role.clone(),
            AwsGrant::Container { url, .. } | AwsGrant::Machine { url } => url.clone(),
        }
    }
}
