//! From which addresses calls are taken, and whose address it is when a proxy stands in front.

use std::fmt;
use std::net::IpAddr;

/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// How many leading bits count.
    bits: u32,
}

impl Network {
    /// Reads a range; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let first = address.parse::<IpAddr>().ok()?;
        let width = width(first);
        let bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        (bits <= width).then_some(Network { first, bits })
    }

    /// Whether `address` is in it. An IPv4 address that comes as IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (first, address) = (self.first.to_canonical(), address.to_canonical());
        let lost = width(self.first) - width(first);
        let counted = self.bits.saturating_sub(lost);
        let shift = width(first) - counted;
        let head = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()).checked_shr(shift).unwrap_or(0),
            IpAddr::V6(v6) => v6.to_bits().checked_shr(shift).unwrap_or(0),
        };
        first.is_ipv4() == address.is_ipv4() && head(first) == head(address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bits == width(self.first) {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}/{}", self.first, self.bits),
        }
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Where proxies stand that nobody named: this machine, and networks that cannot be reached from outside.
const NEARBY: [&str; 6] = ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// What the operator says about addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Addresses that may call; all, if there are none (`allowed_ips`).
    pub allowed: Vec<Network>,
    /// Proxies whose word is taken for who calls (`trusted_proxy_ranges`); nearby ones, if there are none.
    pub proxies: Vec<Network>,
    /// Whether anybody's word is taken at all (`use_x_forwarded_for`).
    pub forwarded: bool,
}

impl AddressRules {
    /// Whose call it is that comes from `peer` with these lines of `X-Forwarded-For`: the last address that no trusted
    /// proxy has. What stands before it, anybody can have written.
    pub fn caller<'a>(&self, peer: IpAddr, lines: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        if !self.forwarded {
            return peer.to_canonical();
        }
        let mut caller = peer;
        for entry in lines.rev().flat_map(|line| line.rsplit(',')) {
            if !self.is_proxy(caller) {
                break;
            }
            match address(entry.trim()) {
                Some(address) => caller = address,
                None => break,
            }
        }
        caller.to_canonical()
    }

    /// Whether calls from `address` are taken.
    pub fn allow(&self, address: IpAddr) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|network| network.contains(address))
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        match self.proxies.as_slice() {
            [] => NEARBY.iter().filter_map(|text| Network::parse(text)).any(|network| network.contains(address)),
            proxies => proxies.iter().any(|network| network.contains(address)),
        }
    }
}

/// An address as proxies write it: some add the port, and brackets around IPv6.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.split_once(']')).map(|(address, _)| address);
    let without_port = || text.rsplit_once(':').map(|(address, _)| address).filter(|address| !address.contains(':'));
    let candidates = [bare, Some(text), without_port()];
    candidates.into_iter().flatten().find_map(|text| text.parse().ok())
}

#[cfg(test)]
mod tests;
