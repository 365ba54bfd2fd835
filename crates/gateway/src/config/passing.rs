//! Prefixes behind which calls are passed on: those of providers, with the credentials of their deployments or of the
//! environment, and the operator's own.

use std::sync::Arc;

use engine::{Deployment, FieldGuard, FieldPath, Guardrails, Passage, Passages};
use http::{HeaderMap, HeaderName, HeaderValue};
use policy::price::Pricing;
use providers::http::Endpoint;
use providers::{Endpoint as Served, Hosts, Provider, SignIn};
use types::Usd;

use super::added::Nodes;
use super::keys::PASS_THROUGH;
use super::models::{Builder, Row};
use super::report::Notes;
use super::section::{Section, scalar};
use super::tree::{Node, Value};

/// What stands in front of the name of a variable, also behind other text.
const VARIABLE: &str = "os.environ/";
/// Variables with which programs of Amazon's and Google's clouds find their credentials.
const AWS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_PROFILE_NAME",
    "AWS_ROLE_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];
const GOOGLE: [&str; 4] =
    ["VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS", "VERTEXAI_PROJECT", "VERTEX_PROJECT"];
/// Groups of paths that are the gateway's own, and further ones.
const OWN_GROUPS: [&str; 6] =
    ["management_routes", "info_routes", "spend_tracking_routes", "public_routes", "mcp_routes", "agent_routes"];
const OWN: [&str; 10] = ["api", "ui", "sso", "login", "metrics", "docs", "openapi.json", "v1", "v1beta", "utils"];

/// All of them, and those of the database that cannot be served, with the reason. Only what the operator declares is ever
/// wrong.
pub fn read(
    (top, general): (&Section, &Section),
    guardrails: &Guardrails,
    added: &Nodes,
    builder: &mut Builder,
    rows: &[Row],
) -> (Passages, Vec<(String, String)>) {
    let timeout = general.seconds("pass_through_request_timeout");
    let mut all = Vec::new();
    for (section, path) in [(general, "general_settings.pass_through_endpoints"), (top, "pass_through_endpoints")] {
        let items = match section.node("pass_through_endpoints").map(|node| &node.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        for (index, node) in items.iter().enumerate() {
            let entry = Section::read(Some(node), &format!("{path}[{index}]"), &PASS_THROUGH, builder.notes);
            all.extend(declared(&entry, None, guardrails, builder));
        }
    }
    let (more, left_out) = of_database(added, &all, guardrails, builder);
    all.extend(more);
    let vertex: &[(String, Node)] = match top.node("default_vertex_config").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    };
    all.extend(providers::passages().iter().map(|passage| built_in(*passage, builder, rows, vertex)));
    all.iter_mut().for_each(|passage| passage.timeout = passage.timeout.or(timeout));
    (Passages::new(all), left_out)
}

/// Those that were added while running, each on its own.
fn of_database(
    added: &Nodes,
    declared_before: &[Passage],
    guardrails: &Guardrails,
    builder: &mut Builder,
) -> (Vec<Passage>, Vec<(String, String)>) {
    let (mut all, mut left_out) = (Vec::<Passage>::new(), Vec::new());
    for (id, node) in &added.passages {
        let made = node.as_ref().map_err(String::clone).and_then(|node| {
            added.apart(builder, |builder| {
                let entry = Section::read(Some(node), "", &PASS_THROUGH, builder.notes);
                declared(&entry, Some(id), guardrails, builder)
            })
        });
        let is_taken = |passage: &Passage| {
            let mut known = declared_before.iter().chain(&all);
            known.any(|known| known.prefix == passage.prefix)
        };
        match made {
            Ok(passage) if !is_taken(&passage) => all.push(passage),
            Ok(passage) => left_out.push((id.clone(), format!("{} is declared already", passage.prefix))),
            Err(why) => left_out.push((id.clone(), why)),
        }
    }
    for (id, why) in &left_out {
        added.warn(&format!("pass_through_endpoints.{id}"), why, builder);
    }
    (all, left_out)
}

/// Where files and batches go: where `files_settings` says, else to deployments whose provider keeps files.
pub fn files(top: &Section, builder: &mut Builder, rows: &[Row]) -> Vec<Arc<Deployment>> {
    let items = match top.node("files_settings").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let mut all = Vec::new();
    for (index, node) in items.iter().enumerate() {
        let Value::Map(fields) = &node.value else { continue };
        let name = node.get("custom_llm_provider").and_then(scalar).map(|scalar| scalar.text.trim());
        let provider = name.and_then(providers::find).filter(|provider| keeps_files(provider));
        let params: Vec<(String, Node)> =
            fields.iter().filter(|(name, _)| name != "custom_llm_provider").cloned().collect();
        let id = format!("files/{}", name.unwrap_or_default());
        match provider.and_then(|provider| builder.lender(provider, &id, &params)) {
            Some(deployment) => all.push(Arc::new(deployment)),
            None => {
                let message = format!("files cannot be kept at {:?} in this way", name.unwrap_or_default());
                let remedy = "write custom_llm_provider: openai, api_key and, if need be, api_base";
                builder.notes.warn(node.place, &format!("files_settings[{index}]"), message, remedy);
            }
        }
    }
    let own = rows.iter().filter(|row| row.team.is_none()).map(|row| &row.deployment);
    let mut own: Vec<&Deployment> = own
        .filter(|deployment| deployment.canned.is_none())
        .filter(|deployment| providers::find(deployment.provider).is_some_and(keeps_files))
        .collect();
    own.sort_by_key(|deployment| !is_home(deployment));
    all.extend(own.into_iter().cloned().map(Arc::new));
    all
}

fn keeps_files(provider: &Provider) -> bool {
    provider.endpoints.has(Served::Files)
}

fn built_in(passage: providers::Passage, builder: &mut Builder, rows: &[Row], vertex: &[(String, Node)]) -> Passage {
    let own = rows.iter().filter(|row| passage.takes(row.deployment.provider) && row.team.is_none());
    let own = own.filter(|row| row.passes != Some(false) && row.deployment.canned.is_none());
    let mut own: Vec<&Row> = own.collect();
    own.sort_by_key(|row| (row.passes != Some(true), !is_home(&row.deployment)));
    let mut lenders: Vec<Arc<Deployment>> =
        own.into_iter().filter_map(|row| lent(&passage, &row.deployment, builder)).map(Arc::new).collect();
    let params = if passage.hosts == Hosts::ByLocation { vertex } else { &[] };
    let by_environment = passage.provider().and_then(|provider| {
        let id = format!("pass-through{}", passage.prefix);
        let wanted = !params.is_empty() || is_set_up(provider, builder);
        wanted.then(|| builder.lender(provider, &id, params)).flatten()
    });
    let pricing = pricing(&passage, by_environment.as_ref(), builder);
    lenders.extend(by_environment.filter(|_| lenders.is_empty()).map(Arc::new));
    Passage {
        prefix: passage.prefix.to_owned(),
        built_in: Some(passage),
        subpaths: true,
        lenders,
        pricing,
        methods: Vec::new(),
        query: Vec::new(),
        forwards_headers: true,
        cost: None,
        is_open: false,
        timeout: None,
        guards: Vec::new(),
        thing: None,
        worst: None,
    }
}

/// What models cost for which there is no deployment.
fn pricing(
    passage: &providers::Passage,
    by_environment: Option<&Deployment>,
    builder: &mut Builder,
) -> Option<Pricing> {
    if let Some(deployment) = by_environment {
        return Some(deployment.pricing.clone());
    }
    let provider = providers::find(passage.id).or(passage.provider())?;
    Some(builder.prices.of(provider))
}

/// A deployment as it lends: where its address is only the usual one, the root of the provider's own API takes its place.
fn lent(passage: &providers::Passage, deployment: &Deployment, builder: &Builder) -> Option<Deployment> {
    let env = |name: &str| builder.env.get(name);
    let (own, table) = (passage.provider()?, providers::find(deployment.provider)?);
    if std::ptr::eq(own, table) || own == table {
        let spoken = table.at_base(&deployment.endpoint.url());
        let elsewhere = !std::ptr::eq(spoken, table) && spoken.is_home(&deployment.endpoint);
        // Where another dialect is spoken there is nothing of its own API.
        let root = own.api_base.filter(|_| elsewhere).and_then(|base| Endpoint::parse(base).ok());
        let endpoint = root.unwrap_or_else(|| deployment.endpoint.clone());
        return Some(Deployment { endpoint, ..deployment.clone() });
    }
    if own.auth != deployment.auth && deployment.signing.is_none() && own.auth != table.auth {
        return None;
    }
    let usual = |provider: &Provider| Endpoint::parse(&provider.usual_base(env)?).ok();
    let is_usual = usual(table).is_some_and(|usual| usual == deployment.endpoint);
    let endpoint = usual(own).filter(|_| is_usual).unwrap_or_else(|| deployment.endpoint.clone());
    Some(Deployment { endpoint, ..deployment.clone() })
}

fn is_home(deployment: &Deployment) -> bool {
    providers::find(deployment.provider).is_some_and(|provider| provider.is_home(&deployment.endpoint))
}

/// Whether the environment says how a provider is reached.
fn is_set_up(provider: &Provider, builder: &Builder) -> bool {
    let env = |name: &str| builder.env.get(name);
    let any = |names: &[&str]| names.iter().any(|name| env(name).is_some());
    let by_cloud = match provider.sign_in {
        Some(SignIn::Aws { .. }) => any(&AWS),
        Some(SignIn::Google { .. }) => any(&GOOGLE),
        _ => false,
    };
    let open = (provider.local || provider.key_optional) && any(provider.base_env);
    let by_token = provider.token.is_some_and(|token| token.usual(env).is_some());
    by_cloud || open || by_token || provider.key(env).is_some()
}

/// A path of the operator's own; `None` if it cannot be served, which is noted. One of the database has an `id`.
fn declared(entry: &Section, id: Option<&str>, guardrails: &Guardrails, builder: &mut Builder) -> Option<Passage> {
    let Some(path) = entry.text("path") else {
        entry.missing("path", "path: /v1/rerank", builder.notes);
        return None;
    };
    let Some(target) = entry.text("target") else {
        entry.missing("target", "target: https://api.example.com/v1/rerank", builder.notes);
        return None;
    };
    let prefix = format!("/{}", path.trim_matches('/'));
    let is_own = |path: &str| OWN_GROUPS.iter().any(|group| policy::routes::covers(group, path));
    let first = prefix.trim_start_matches('/');
    if first.is_empty() || OWN.contains(&first) || is_own(&prefix) || is_own(&format!("{prefix}/x")) {
        let message = format!("{prefix} is a path of the gateway itself");
        builder.notes.error(entry.place("path"), &entry.at("path"), message, "choose another one");
        return None;
    }
    let (bare, query) = target.split_once('?').unwrap_or((target, ""));
    let endpoint = match Endpoint::parse(bare) {
        Ok(endpoint) => endpoint,
        Err(why) => {
            builder.notes.error(
                entry.place("target"),
                &entry.at("target"),
                why,
                "write e.g. https://api.example.com/v1",
            );
            return None;
        }
    };
    let headers = headers(entry, builder);
    let id = id.map_or_else(|| format!("pass-through{prefix}"), str::to_owned);
    let mut passage = Passage::declared(prefix, id, endpoint, headers);
    passage.guards = guards(entry, guardrails, builder.notes)?;
    passage.subpaths = entry.flag("include_subpath").unwrap_or(false);
    passage.is_open = entry.flag("auth") == Some(false);
    passage.forwards_headers = entry.flag("forward_headers").unwrap_or(false);
    passage.cost = entry
        .decimal("cost_per_request")
        .and_then(|cost| cost.scaled(9))
        .map(|nanos| Usd::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)));
    passage.methods = entry.texts("methods").into_iter().map(|(method, _)| method.to_ascii_uppercase()).collect();
    passage.timeout = entry.seconds("timeout");
    let fixed = query.split('&').filter_map(|field| field.split_once('='));
    passage.query = fixed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Some(Value::Map(entries)) = entry.node("default_query_params").map(|node| &node.value) {
        let fields = entries.iter().filter_map(|(name, node)| Some((name.clone(), scalar(node)?.text.clone())));
        passage.query.extend(fields);
    }
    if passage.is_open {
        let message = "whoever reaches the gateway may use this path, with the credential in its headers";
        builder.notes.warn(entry.place("auth"), &entry.at("auth"), message, "remove `auth: false` to ask for keys");
    }
    Some(passage)
}

/// The guardrails that its calls have: a list of names, or names with the fields that each looks at. What is relied on is
/// not left out: without one of them there is no path.
fn guards(entry: &Section, known: &Guardrails, notes: &mut Notes) -> Option<Vec<FieldGuard>> {
    const REMEDY: &str = "write [NAME], or {NAME: {request_fields: [query], response_fields: ['results[*].text']}}";
    let Some(node) = entry.node("guardrails") else { return Some(Vec::new()) };
    let path = entry.at("guardrails");
    let mut named: Vec<(&str, Option<&Node>)> = Vec::new();
    match &node.value {
        Value::Map(entries) => named.extend(entries.iter().map(|(name, fields)| (name.as_str(), Some(fields)))),
        Value::List(items) => {
            for item in items {
                match (&item.value, scalar(item)) {
                    (Value::Map(entries), _) => {
                        named.extend(entries.iter().map(|(name, fields)| (name.as_str(), Some(fields))));
                    }
                    (_, Some(name)) => named.push((name.text.trim(), None)),
                    _ => {
                        notes.error(item.place, &path, "expected the name of a guardrail", REMEDY);
                        return None;
                    }
                }
            }
        }
        Value::Null => {}
        _ => {
            notes.error(node.place, &path, "expected guardrails", REMEDY);
            return None;
        }
    }
    let mut all = Vec::with_capacity(named.len());
    for (name, settings) in named {
        let path = format!("{path}.{name}");
        if known.find(name).is_none() {
            let message = format!("no guardrail is called {name:?}");
            notes.error(node.place, &path, message, "declare it under guardrails");
            return None;
        }
        let mut fields = |key: &str| paths(settings.and_then(|settings| settings.get(key)), &path, notes);
        let (request, response) = (fields("request_fields")?, fields("response_fields")?);
        let is_odd = |(key, _): &(String, Node)| !["request_fields", "response_fields"].contains(&key.as_str());
        let odd = match settings.map(|settings| &settings.value) {
            None | Some(Value::Null) => false,
            Some(Value::Map(entries)) => entries.iter().any(is_odd),
            Some(_) => true,
        };
        if odd {
            notes.error(node.place, &path, "has settings that no guardrail of a path has", REMEDY);
            return None;
        }
        all.push(FieldGuard { name: name.to_owned(), request, response });
    }
    Some(all)
}

/// The ways to fields; `None` if one leads nowhere, which is noted.
fn paths(node: Option<&Node>, path: &str, notes: &mut Notes) -> Option<Vec<FieldPath>> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Some(Vec::new()) };
    let mut all = Vec::new();
    for (text, place) in super::section::texts(node) {
        match FieldPath::parse(text) {
            Ok(found) => all.push(found),
            Err(why) => {
                notes.error(place, path, format!("{text:?} {why}"), "write e.g. documents[*].text");
                return None;
            }
        }
    }
    if all.is_empty() {
        notes.error(node.place, path, "names no fields", "name some, or leave the key out to have all texts looked at");
        return None;
    }
    Some(all)
}

fn headers(entry: &Section, builder: &mut Builder) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(Value::Map(entries)) = entry.node("headers").map(|node| &node.value) else { return headers };
    for (name, node) in entries {
        let path = format!("{}.{name}", entry.at("headers"));
        let text = match &node.value {
            Value::Scalar(scalar) => filled(&scalar.text, builder),
            Value::Unset(variable) => Err(variable.clone()),
            _ => continue,
        };
        let notes: &mut Notes = builder.notes;
        let text = match text {
            Ok(text) => text,
            Err(variable) => {
                notes.warn(node.place, &path, super::environ::unset(&variable), super::environ::UNSET_REMEDY);
                continue;
            }
        };
        match (HeaderName::from_bytes(name.trim().as_bytes()), HeaderValue::from_str(text.trim())) {
            (Ok(name), Ok(mut value)) => {
                // Nearly all of them are credentials.
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            _ => {
                notes.error(node.place, &path, "cannot be sent as a header", "check for odd characters and line breaks")
            }
        }
    }
    headers
}

/// A text with the variable that it ends in; the error is the name of one that is not set.
fn filled(text: &str, builder: &Builder) -> Result<String, String> {
    let Some((before, name)) = text.split_once(VARIABLE) else { return Ok(text.to_owned()) };
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    let (name, after) = name.split_at(end);
    builder.env.get(name).map(|value| format!("{before}{value}{after}")).ok_or_else(|| name.to_owned())
}
