//! `general_settings`: from which addresses calls are taken, and which paths are open to whom.

use engine::Doorway;
use policy::{AddressRules, Network, RouteRules};

use super::report::Notes;
use super::section::Section;

/// What the incumbent's names of groups of paths begin with.
const GROUP: &str = "LiteLLMRoutes.";

/// Reads the rules; `added` are addresses that were added while running.
pub fn read(general: &Section, added: &[Network], notes: &mut Notes) -> Doorway {
    let mut allowed = networks(general, "allowed_ips", notes);
    allowed.extend_from_slice(added);
    let proxies = networks(general, "trusted_proxy_ranges", notes);
    let forwarded = general.flag("use_x_forwarded_for").unwrap_or(false);
    if forwarded && proxies.is_empty() {
        let (place, path) = (general.place("use_x_forwarded_for"), general.at("use_x_forwarded_for"));
        let message = "any caller from this machine or a private network can claim to be another one";
        notes.warn(place, &path, message, "name the proxies in trusted_proxy_ranges");
    }
    let routes = |name: &str| {
        let texts = general.texts(name).into_iter();
        texts.map(|(text, _)| text.trim().strip_prefix(GROUP).unwrap_or(text.trim()).to_owned()).collect()
    };
    Doorway {
        addresses: AddressRules { allowed, proxies, forwarded },
        routes: RouteRules {
            public: routes("public_routes"),
            admin_only: routes("admin_only_routes"),
            allowed: routes("allowed_routes"),
        },
    }
}

pub(super) fn networks(general: &Section, name: &str, notes: &mut Notes) -> Vec<Network> {
    let mut networks = Vec::new();
    for (text, place) in general.texts(name) {
        match Network::parse(text) {
            Some(network) => networks.push(network),
            None => {
                let message = format!("{text:?} is neither an address nor a range of addresses");
                notes.error(place, &general.at(name), message, "write e.g. 203.0.113.7 or 10.0.0.0/8");
            }
        }
    }
    networks
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, load_text};

    const GOOD: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\ngeneral_settings:\n";

    #[test]
    fn addresses_and_paths_are_read() {
        let text = format!(
            "{GOOD}  allowed_ips: [203.0.113.7, 10.0.0.0/8]\n  trusted_proxy_ranges: [127.0.0.1]\n  \
             use_x_forwarded_for: true\n  public_routes: [LiteLLMRoutes.public_routes, /spend/calculate]\n  \
             admin_only_routes: [/key/generate]\n"
        );
        let loaded = load_text(&text);
        let doorway = loaded.setup.unwrap_or_else(|| panic!("{}", loaded.report)).doorway;
        assert_eq!((doorway.addresses.allowed.len(), doorway.addresses.proxies.len()), (2, 1));
        assert_eq!(doorway.routes.public, ["public_routes", "/spend/calculate"]);
        assert!(doorway.addresses.forwarded && doorway.routes.allowed.is_empty());
        assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
    }

    #[test]
    fn what_is_no_address_is_an_error() {
        check(
            &format!("{GOOD}  allowed_ips: [10.0.0.0/99]\n"),
            &[
                "config.yaml:3:17: error: general_settings.allowed_ips: \"10.0.0.0/99\" is neither an address nor a range \
               of addresses; write e.g. 203.0.113.7 or 10.0.0.0/8",
            ],
        );
    }
}
