//! Where a provider listens.

use std::sync::Arc;

/// Scheme, host, port and base path of a provider: connections are shared between equal endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Whether to speak TLS.
    pub tls: bool,
    /// Host name or address, without brackets.
    pub host: Arc<str>,
    /// TCP port.
    pub port: u16,
    /// Value of the `host` header.
    pub authority: Arc<str>,
    /// Path in front of every request path, without a trailing slash.
    pub base_path: Arc<str>,
}

impl Endpoint {
    /// Reads an absolute `http` or `https` address. The error says what is wrong with it.
    pub fn parse(url: &str) -> Result<Self, String> {
        let uri: http::Uri = url.trim().parse().map_err(|error| format!("not an address: {error}"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("an address must begin with http:// or https://".to_owned()),
        };
        let authority = uri.authority().ok_or("an address must name a host")?;
        if authority.as_str().contains('@') {
            return Err("an address must not hold a user name or password".to_owned());
        }
        if uri.query().is_some() {
            return Err("a base address must not have a query".to_owned());
        }
        Ok(Endpoint {
            tls,
            host: authority.host().trim_matches(['[', ']']).into(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.as_str().into(),
            base_path: uri.path().trim_end_matches('/').into(),
        })
    }

    /// Whether it lies on this machine.
    pub fn is_loopback(&self) -> bool {
        &*self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The address in writing.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.base_path)
    }
}
