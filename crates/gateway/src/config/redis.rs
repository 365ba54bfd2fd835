//! Where the Redis is by way of which replicas share limits and budgets.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::environ::Env;
use super::keys::COORDINATION;
use super::report::Notes;
use super::section::Section;

/// Variables that name more than one server.
const SEVERAL: [&str; 2] = ["REDIS_CLUSTER_NODES", "REDIS_SENTINEL_NODES"];

/// Its address, with the password: `coordination_redis`, else what `router_settings` say, else the environment.
pub fn read(general: &Section, router: &Section, env: &Env, notes: &mut Notes) -> Option<String> {
    let (node, path) = (general.node("coordination_redis"), general.at("coordination_redis"));
    let section = Section::read(node, &path, &COORDINATION, notes);
    let own = |name: &str| section.text(name).map(str::to_owned);
    let of_router = |name: &str| router.text(&format!("redis_{name}")).map(str::to_owned);
    let of_env = |name: &str| env.get(&format!("REDIS_{}", name.to_uppercase()));
    let found = address(own).or_else(|| address(of_router)).or_else(|| address(of_env));
    let unspoken = SEVERAL.into_iter().find(|name| found.is_none() && env.get(name).is_some());
    if let Some(name) = unspoken {
        let message = format!("{name} is set, but clusters and sentinels are not spoken to: limits are not shared");
        notes.warn(general.place, &general.path, message, "name one server in REDIS_URL");
    }
    found
}

fn address(part: impl Fn(&str) -> Option<String>) -> Option<String> {
    if let Some(url) = part("url") {
        return Some(url);
    }
    let host = part("host")?;
    // Kubernetes sets `REDIS_PORT` to a whole address if a service is called so.
    let port =
        part("port").map_or_else(|| "6379".to_owned(), |port| port.rsplit(':').next().unwrap_or_default().to_owned());
    let encoded = |text: String| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    let user = part("username").map(encoded).unwrap_or_default();
    let password = part("password").map(|password| format!(":{}", encoded(password))).unwrap_or_default();
    let at = if user.is_empty() && password.is_empty() { "" } else { "@" };
    let is_on = |text: String| ["true", "1", "yes", "on"].contains(&text.to_ascii_lowercase().as_str());
    let scheme = if part("ssl").is_some_and(is_on) { "rediss" } else { "redis" };
    let db = part("db").map(|db| format!("/{db}")).unwrap_or_default();
    Some(format!("{scheme}://{user}{password}{at}{host}:{port}{db}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::load_files;

    fn check(parts: &[(&str, &str)], expected: Option<&str>) {
        let part = |name: &str| parts.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(address(part).as_deref(), expected, "{parts:?}");
    }

    #[test]
    fn who_has_a_cluster_alone_is_told_that_nothing_is_shared() {
        let config = "general_settings: {master_key: a-long-random-master-key}\nmodel_list: []\n";
        let told = |env: &[(&str, &str)]| {
            load_files(&[("config.yaml", config)], env).report.to_string().contains("limits are not shared")
        };
        assert!(told(&[("REDIS_CLUSTER_NODES", "[]")]));
        assert!(!told(&[("REDIS_CLUSTER_NODES", "[]"), ("REDIS_HOST", "r")]) && !told(&[]));
    }

    #[test]
    fn an_address_is_given_whole_or_in_parts() {
        check(&[], None);
        check(&[("url", "redis://r:1/2"), ("host", "other")], Some("redis://r:1/2"));
        check(&[("host", "r")], Some("redis://r:6379"));
        check(&[("host", "r"), ("port", "tcp://10.0.0.1:7000"), ("db", "3")], Some("redis://r:7000/3"));
        check(&[("host", "r"), ("password", "p@ss"), ("ssl", "True")], Some("rediss://:p%40ss@r:6379"));
        check(&[("host", "r"), ("username", "u"), ("password", "p")], Some("redis://u:p@r:6379"));
    }
}
