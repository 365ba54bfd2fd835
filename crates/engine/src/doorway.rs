//! From which addresses calls are taken, and which paths are open to whom, before anything else is looked at.

use std::net::IpAddr;

use http::HeaderMap;
use policy::{AddressRules, RouteRules, routes};
use types::{Fault, FaultKind};

use crate::Caller;
use crate::caller::denied;

/// What the operator says about addresses and paths.
#[derive(Clone, Debug, Default)]
pub struct Doorway {
    /// Addresses that may call, and proxies that are believed.
    pub addresses: AddressRules,
    /// Paths for everybody, and for administrators alone.
    pub routes: RouteRules,
}

impl Doorway {
    /// The address of whoever calls from `peer` with these headers, or why nobody may call from there.
    pub fn address(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Fault> {
        let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        let address = self.addresses.caller(peer, lines.into_iter());
        match self.addresses.allow(address) {
            true => Ok(address),
            false => Err(forbidden(format!("Access forbidden: IP address {address} not allowed."))),
        }
    }

    /// Whether `path` is open to `caller`, or why not.
    pub fn open(&self, path: &str, caller: &Caller) -> Result<(), Fault> {
        let own = caller.key.as_deref().map_or(&[][..], |key| &key.allowed_routes);
        if !routes::allows(own, path) {
            let message = format!(
                "Virtual key is not allowed to call this route. Only allowed to call routes: {own:?}. Tried to call \
                 route: {path}"
            );
            return Err(forbidden(message));
        }
        match self.routes.is_public(path) || self.routes.allow(path, caller.is_admin) {
            true => Ok(()),
            false => Err(forbidden(format!("Access forbidden: Route {path} not allowed"))),
        }
    }

    /// The caller, or whoever it is who needs no key for `path`.
    pub fn caller<C>(&self, path: &str, found: Result<C, Fault>, nobody: impl FnOnce() -> C) -> Result<C, Fault> {
        match found {
            Err(_) if self.routes.is_public(path) => Ok(nobody()),
            found => found,
        }
    }
}

fn forbidden(message: String) -> Fault {
    denied(FaultKind::Permission, "auth_error", message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use policy::Network;
    use store::records::Key;

    use super::*;

    fn key(routes: &[&str]) -> Caller {
        let allowed_routes = routes.iter().map(|route| (*route).to_owned()).collect();
        let mut caller = Caller::default();
        caller.key = Some(Arc::new(Key { allowed_routes, ..Key::default() }));
        caller
    }

    #[test]
    fn only_listed_addresses_get_in_whatever_they_say_about_themselves() {
        let mut doorway = Doorway::default();
        doorway.addresses.allowed = Network::parse("203.0.113.0/24").into_iter().collect();
        let ask = |doorway: &Doorway, peer: &str, line: &str| {
            let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), line.parse().unwrap())]);
            doorway.address(peer.parse().unwrap(), &headers).map_err(|fault| (fault.status(), fault.message))
        };
        assert!(ask(&doorway, "203.0.113.7", "198.51.100.1").is_ok());
        let refused = (403, "Access forbidden: IP address 10.0.0.1 not allowed.".to_owned());
        assert_eq!(ask(&doorway, "10.0.0.1", "203.0.113.7"), Err(refused));
        doorway.addresses.forwarded = true;
        assert!(ask(&doorway, "10.0.0.1", "203.0.113.7").is_ok());
        assert!(ask(&doorway, "198.51.100.1", "203.0.113.7").is_err());
    }

    #[test]
    fn a_path_must_be_open_to_the_key_and_to_its_like() {
        let list = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let mut doorway = Doorway::default();
        doorway.routes.admin_only = list(&["/key/generate"]);
        doorway.routes.public = list(&["/spend/calculate"]);
        let open = |path: &str, caller: &Caller| doorway.open(path, caller).is_ok();
        assert!(open("/key/info", &key(&[])) && !open("/key/generate", &key(&[])));
        assert!(open("/key/generate", &Caller::admin()));
        assert!(
            !open("/key/info", &key(&["llm_api_routes", "/v2/*"])) && open("/v1/messages", &key(&["llm_api_routes"]))
        );
        assert!(open("/spend/calculate", &Caller::default()));
        let nobody = |path: &str| doorway.caller(path, Err(forbidden(String::new())), || 1).is_ok();
        assert!(nobody("/spend/calculate") && !nobody("/key/info"));
    }
}
