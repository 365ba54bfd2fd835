//! Where the Redis is by way of which replicas share limits and budgets: one server, a cluster, or a master that
//! sentinels know.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use store::coordination::Site;

use super::environ::Env;
use super::keys::COORDINATION;
use super::report::{Notes, Place};
use super::section::Section;
use super::tree::{Node, Value};

/// Port of a server.
const PORT: &str = "6379";
/// Port of a sentinel.
const SENTINEL_PORT: &str = "26379";

/// Where it is, with the password: as `coordination_redis` says, else `router_settings`, else the environment.
pub fn read(general: &Section, router: &Section, env: &Env, notes: &mut Notes) -> Option<Site> {
    let (node, path) = (general.node("coordination_redis"), general.at("coordination_redis"));
    let section = Section::read(node, &path, &COORDINATION, notes);
    let cluster = ["startup_nodes", "redis_startup_nodes"].into_iter().find(|name| section.node(name).is_some());
    let own = Named {
        text: &|name| section.text(name).map(str::to_owned),
        cluster: nodes_of(&section, cluster.unwrap_or("startup_nodes"), notes),
        sentinels: nodes_of(&section, "sentinel_nodes", notes),
    };
    let of_router = Named {
        text: &|name| router.text(&format!("redis_{name}")).map(str::to_owned),
        cluster: nodes_of(router, "redis_startup_nodes", notes),
        sentinels: nodes_of(router, "redis_sentinel_nodes", notes),
    };
    let of_env = Named {
        text: &of_env(env),
        cluster: nodes_of_env("REDIS_CLUSTER_NODES", env, general.place),
        sentinels: nodes_of_env("REDIS_SENTINEL_NODES", env, general.place),
    };
    let found = own.site().or_else(|| of_router.site()).or_else(|| of_env.site());
    let several = ["REDIS_CLUSTER_NODES", "REDIS_SENTINEL_NODES"];
    if let Some(name) = several.into_iter().find(|name| found.is_none() && env.get(name).is_some()) {
        let message =
            format!("{name} is set, but names no server, or no REDIS_SERVICE_NAME is set: limits are not shared");
        notes.warn(general.place, &general.path, message, format!(r#"write e.g. {name}='[["10.0.0.1", 6379]]'"#));
    }
    found
}

/// Where answers are kept: as the section says, else the environment.
pub fn of_cache(section: &Section, env: &Env, notes: &mut Notes) -> Option<Site> {
    let cluster = ["startup_nodes", "redis_startup_nodes"].into_iter().find(|name| section.node(name).is_some());
    let own = Named {
        text: &|name| section.text(name).map(str::to_owned),
        cluster: nodes_of(section, cluster.unwrap_or("startup_nodes"), notes),
        sentinels: nodes_of(section, "sentinel_nodes", notes),
    };
    let of_env = of_env(env);
    let of_env = Named {
        text: &of_env,
        cluster: nodes_of_env("REDIS_CLUSTER_NODES", env, section.place),
        sentinels: nodes_of_env("REDIS_SENTINEL_NODES", env, section.place),
    };
    own.site().or_else(|| of_env.site())
}

/// What the environment says.
fn of_env<'e>(env: &'e Env) -> impl Fn(&str) -> Option<String> + 'e {
    |name| env.get(&format!("REDIS_{}", name.to_uppercase()))
}

/// What one place says.
struct Named<'a> {
    text: &'a dyn Fn(&str) -> Option<String>,
    /// Host and port of nodes.
    cluster: Vec<Server>,
    sentinels: Vec<Server>,
}

/// Host and port, if it is said.
type Server = (String, Option<String>);

impl Named<'_> {
    /// As at the incumbent a cluster comes before sentinels, and both before one server.
    fn site(&self) -> Option<Site> {
        let text = self.text;
        if !self.cluster.is_empty() {
            return Some(Site::Cluster(self.all(&self.cluster, PORT, &Login::of(text))));
        }
        if let (false, Some(service)) = (self.sentinels.is_empty(), text("service_name")) {
            let login = Login::of(text);
            let of_sentinel =
                Login { username: text("sentinel_username"), password: text("sentinel_password"), ssl: login.ssl };
            let db = text("db").map(|db| format!("/{db}")).unwrap_or_default();
            return Some(Site::Sentinel {
                sentinels: self.all(&self.sentinels, SENTINEL_PORT, &of_sentinel),
                service,
                login: format!("{}{db}", login.url("master", PORT)),
            });
        }
        address(text).map(Site::Server)
    }

    fn all(&self, servers: &[Server], port: &str, login: &Login) -> Vec<String> {
        servers.iter().map(|(host, own)| login.url(host, own.as_deref().unwrap_or(port))).collect()
    }
}

/// How to log in.
struct Login {
    username: Option<String>,
    password: Option<String>,
    ssl: bool,
}

impl Login {
    fn of(text: impl Fn(&str) -> Option<String>) -> Self {
        let is_on = |text: String| ["true", "1", "yes", "on"].contains(&text.to_ascii_lowercase().as_str());
        Login { username: text("username"), password: text("password"), ssl: text("ssl").is_some_and(is_on) }
    }

    fn url(&self, host: &str, port: &str) -> String {
        let encoded = |text: &String| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let user = self.username.as_ref().map(encoded).unwrap_or_default();
        let password = self.password.as_ref().map(|password| format!(":{}", encoded(password))).unwrap_or_default();
        let at = if user.is_empty() && password.is_empty() { "" } else { "@" };
        let scheme = if self.ssl { "rediss" } else { "redis" };
        format!("{scheme}://{user}{password}{at}{host}:{port}")
    }
}

fn address(part: impl Fn(&str) -> Option<String>) -> Option<String> {
    if let Some(url) = part("url") {
        return Some(url);
    }
    let host = part("host")?;
    // Kubernetes sets `REDIS_PORT` to a whole address if a service is called so.
    let port =
        part("port").map_or_else(|| PORT.to_owned(), |port| port.rsplit(':').next().unwrap_or_default().to_owned());
    let db = part("db").map(|db| format!("/{db}")).unwrap_or_default();
    Some(format!("{}{db}", Login::of(part).url(&host, &port)))
}

/// The servers that a key lists; one that is not understood is noted.
fn nodes_of(section: &Section, name: &str, notes: &mut Notes) -> Vec<Server> {
    let Some(Value::List(items)) = section.node(name).map(|node| &node.value) else { return Vec::new() };
    let understood = |node: &Node| {
        let found = server(node);
        if found.is_none() {
            let example = format!("write e.g. {name}: [{{host: 10.0.0.1, port: 6379}}]");
            notes.error(node.place, &section.at(name), "no server is named here", example);
        }
        found
    };
    items.iter().filter_map(understood).collect()
}

/// The servers that a variable lists as JSON.
fn nodes_of_env(name: &str, env: &Env, place: Place) -> Vec<Server> {
    let json = env.get(name).and_then(|text| serde_json::from_str(&text).ok());
    match json.map(|json| Node::of(&json, place).value) {
        Some(Value::List(items)) => items.iter().filter_map(server).collect(),
        _ => Vec::new(),
    }
}

/// `{host: h, port: 1}`, `[h, 1]` or `h:1`.
fn server(node: &Node) -> Option<Server> {
    let text = |node: &Node| match &node.value {
        Value::Scalar(scalar) => Some(scalar.text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    };
    match &node.value {
        Value::Map(fields) => {
            let field = |name: &str| fields.iter().find(|(field, _)| field == name).and_then(|(_, node)| text(node));
            Some((field("host")?, field("port")))
        }
        Value::List(items) => Some((text(items.first()?)?, items.get(1).and_then(text))),
        _ => {
            let whole = text(node)?;
            let parts = whole.rsplit_once(':').map(|(host, port)| (host.to_owned(), Some(port.to_owned())));
            Some(parts.unwrap_or((whole, None)))
        }
    }
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

    fn site(config: &str, env: &[(&str, &str)]) -> Option<Site> {
        let config = format!("model_list: []\n{config}");
        load_files(&[("config.yaml", &*config)], env).keeping.redis
    }

    #[test]
    fn clusters_and_sentinels_are_named_as_at_the_incumbent() {
        let cluster = |urls: &[&str]| Some(Site::Cluster(urls.iter().map(|url| (*url).to_owned()).collect()));
        let general = |redis: &str| {
            format!("general_settings: {{master_key: a-long-random-master-key, coordination_redis: {{{redis}}}}}")
        };
        let nodes = general("startup_nodes: [{host: a, port: 7001}, {host: b}], password: p, host: other");
        assert!(site(&nodes, &[]) == cluster(&["redis://:p@a:7001", "redis://:p@b:6379"]));
        let env =
            [("REDIS_CLUSTER_NODES", r#"[{"host": "a", "port": "7001"}]"#), ("REDIS_SSL", "true"), ("REDIS_HOST", "r")];
        assert!(site(&general(""), &env) == cluster(&["rediss://a:7001"]));
        let router = "router_settings: {redis_startup_nodes: [\"a:7001\"]}";
        assert!(site(router, &[]) == cluster(&["redis://a:7001"]));
        let sentinel = Some(Site::Sentinel {
            sentinels: vec!["redis://:s@a:26379".to_owned(), "redis://:s@b:5".to_owned()],
            service: "mymaster".to_owned(),
            login: "redis://u:p@master:6379/2".to_owned(),
        });
        let named = "sentinel_nodes: [[a, 26379], [b, 5]], service_name: mymaster, sentinel_password: s, username: u, password: p, db: 2";
        assert!(site(&general(named), &[]) == sentinel);
        let env = [
            ("REDIS_SENTINEL_NODES", r#"[["a", 26379], ["b", 5]]"#),
            ("REDIS_SERVICE_NAME", "mymaster"),
            ("REDIS_SENTINEL_PASSWORD", "s"),
            ("REDIS_USERNAME", "u"),
            ("REDIS_PASSWORD", "p"),
            ("REDIS_DB", "2"),
        ];
        assert!(site("", &env) == sentinel);
    }
}
