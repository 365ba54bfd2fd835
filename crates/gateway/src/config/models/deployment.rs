//! One deployment, from the parameters of its entry.

use std::sync::Arc;
use std::time::Duration;

use dialects::json::{Doc, Edit};
use dialects::{BACKS, Back};
use engine::{AccessToken, Deployment, Gauge, Limits, Signer, Signing};
use policy::price::{Pricing, Tariff, Terms};
use policy::{Member, Patterns};
use providers::aws::Scope;
use providers::http::Endpoint;
use providers::{Endpoint as Served, Provider};
use types::{ModelFacts, Raw};

use super::entry::Entry;
use super::{Builder, Defaults, Row};
use crate::config::connection::Wanted;
use crate::config::environ::{UNSET_REMEDY, unset};
use crate::config::facts::{self, Known};
use crate::config::keys::Kind;
use crate::config::name::{Called, resolve};
use crate::config::nodes::Local;
use crate::config::prices::Priced;
use crate::config::report::Notes;
use crate::config::rest;
use crate::config::section::{Section, scalar, texts};
use crate::config::sign_on::Means;
use crate::config::tree::{Node, Value};
use types::Decimal;

/// Deployments without an `order` come after those that have one.
const LAST: i64 = i64::MAX;

/// An engine of the operator's own may have to load the model before it answers.
const LOCAL_LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(1800),
    first_token: Duration::from_secs(600),
    idle: Duration::from_secs(300),
};

/// The Responses API, as a dialect, a mode and a part of a model's name.
const RESPONSES: &str = "responses";

/// What callers can bring along themselves, as far as the engine lets them.
const REPLACEABLE: [&str; 3] = ["api_key", "api_base", "base_url"];

impl Builder<'_> {
    /// The deployment of `entry` that serves `group`; `None` if it cannot be reached, which is noted. `id` is the
    /// operator's own name for it.
    pub(super) fn deployment(&mut self, entry: &Entry, called: &Called, group: &str, id: Option<&str>) -> Option<Row> {
        let params = &entry.params;
        let (named, called) = without_api(called);
        let canned = params.text("mock_response").map(str::to_owned);
        let credential = params.text("litellm_credential_name").and_then(|name| self.credentials.get(name));
        let (provider, model) = (called.provider, &called.model);
        let wanted = Wanted { params, credential, provider, model, canned: canned.is_some() }.spoken(self.env);
        let provider = wanted.provider;
        let defaults = defaults(params, self.notes);
        let stated = provider.body.iter().find_map(|blank| {
            let value = wanted.text(blank.param).or_else(|| blank.usual(|name| self.env.get(name)))?;
            Some(Edit::Set(blank.name.to_owned(), dialects::json::string(&value)))
        });
        let removed = removed(params, self.notes);
        let client_params = client_params(params, self.notes);
        let connection = wanted.connect(self.env, self.notes)?;
        let beside = self.beside(provider, &connection.endpoint, canned.is_some(), entry);
        let back = match responses().filter(|_| canned.is_none() && (named || wants_responses(entry, &called, beside)))
        {
            Some(back) => back,
            None => self.back(provider, canned.is_some(), params)?,
        };
        let name = format!("{}/{}", provider.id, called.model);
        let id = self.id(entry, id, [group, &name, &connection.endpoint.url()])?;
        let (base, info) = (facts::base(provider.id, &entry.info), &entry.info);
        let priced = Priced { provider, model: &called.model, base, params, info, endpoint: &connection.endpoint };
        let terms = priced.terms(&self.prices, self.notes);
        let (Known { facts, listed }, pricing) = match called.model.contains('*') {
            true => (Known { facts: ModelFacts::default(), listed: true }, Pricing::by_model(terms)),
            false => {
                let tariff = Arc::new(terms.tariff(&called.model));
                let (whose, model) = base.unwrap_or((provider.id, &called.model));
                (facts::gather(whose, model, info, &self.prices.book, &tariff), Pricing::Fixed(tariff))
            }
        };
        let gauge = self.gauge(&entry.info, &connection.endpoint);
        let (access_token, signing) = self.signed_on(connection.means, connection.region);
        let price = if let Pricing::Fixed(tariff) = &pricing { tariff.per_token() } else { None };
        let deployment = Deployment {
            health: self.roll.of(&id),
            id,
            name,
            provider: provider.id,
            model: called.model.clone(),
            back,
            beside: beside.filter(|beside| beside.name() != back.name()),
            quirks: provider.quirks_at(&connection.endpoint),
            endpoint: connection.endpoint,
            auth: connection.auth,
            paths: connection.paths,
            headers: connection.headers,
            access_token,
            signing,
            facts,
            pricing,
            replaced: self.replaced(info),
            drop_params: params.flag("drop_params").unwrap_or(self.defaults.drop_params),
            strict: params.flag("strict").unwrap_or(self.defaults.strict),
            merges_thinking: params.flag("merge_reasoning_content_in_choices") == Some(true),
            removed,
            defaults,
            stated,
            member: member(params, price),
            region: params.text("region_name").map(str::to_owned),
            tags: params.texts("tags").into_iter().map(|(tag, _)| tag.to_owned()).collect(),
            tag_patterns: patterns(params, self.notes),
            tag_filtering: info.flag("enable_tag_filtering"),
            limits: limits(params, &self.defaults, provider.local),
            bounds: self.defaults.bounds.bounds(params, provider, self.notes),
            retries: params.small("num_retries").or_else(|| params.small("max_retries")),
            rest: rest::own(params, info, &self.defaults.rest, self.notes),
            canned,
            client_params,
            node: None,
            gauge,
        };
        let local = Local {
            is_managed: params.flag("manage_node").unwrap_or(true),
            preload: params.small("preload").unwrap_or(0),
            most_ctx: info.small("max_input_tokens"),
        };
        let (place, passes) = (params.place("model"), params.flag("use_in_pass_through"));
        let (path, team) = (entry.path.clone(), entry.info.text("team_id").map(str::to_owned));
        let access_groups = entry.info.texts("access_groups").into_iter().map(|(name, _)| name.to_owned()).collect();
        Some(Row {
            group: group.to_owned(),
            deployment,
            place,
            path,
            listed,
            team,
            access_groups,
            local,
            added: false,
            passes,
        })
    }

    /// What takes the place of a key: a token, or what signs requests.
    fn signed_on(&self, means: Option<Means>, region: Option<String>) -> (Option<Arc<AccessToken>>, Option<Signing>) {
        match means {
            None => (None, None),
            Some(Means::Token(grant)) => (Some(self.roll.access_tokens.of(grant)), None),
            Some(Means::Signature(service, source)) => {
                let scope = Scope { region: region.unwrap_or_default(), service };
                (None, Some(Signing { scope, signer: self.roll.access_tokens.signer(source) }))
            }
            Some(Means::Oracle(keys)) => {
                let scope = Scope { region: region.unwrap_or_default(), service: "" };
                (None, Some(Signing { scope, signer: Signer::Oracle(keys) }))
            }
        }
    }

    /// What the model costs that this one replaces. It must have a price.
    fn replaced(&mut self, info: &Section) -> Option<Arc<Tariff>> {
        let name = info.text("replaces")?;
        let tariff = match resolve(name, None, false) {
            Ok(Called { provider, model }) => {
                let terms =
                    Terms { book: self.prices.book.clone(), provider: provider.id.to_owned(), ..Terms::default() };
                Some(terms.tariff(&model)).filter(Tariff::is_known)
            }
            Err(_) => None,
        };
        if tariff.is_none() {
            let message = format!("{name:?} has no list price: nobody knows what is saved");
            let remedy = "write provider/model as it is in the catalogue, e.g. replaces: openai/gpt-4o-mini";
            self.notes.warn(info.place("replaces"), &info.at("replaces"), message, remedy);
        }
        tariff.map(Arc::new)
    }

    /// What measures the machine that the deployment runs on: where its hardware is declared, and it is this one, or the
    /// operator says that it is.
    fn gauge(&self, info: &Section, at: &Endpoint) -> Option<Arc<Gauge>> {
        let measured = info.node("hardware")?.get("measured").and_then(scalar);
        let said = measured.map(|measured| measured.text.eq_ignore_ascii_case("true"));
        said.unwrap_or_else(|| at.is_loopback()).then(|| self.roll.gauge.clone())
    }

    /// The dialect. Canned answers are given in that of the built-in model, whoever would have been called.
    fn back(&mut self, provider: &Provider, canned: bool, params: &Section) -> Option<&'static dyn Back> {
        let built_in = providers::find("mock").filter(|_| canned);
        let dialect = built_in.map_or(provider.dialect, |built_in| built_in.dialect);
        let back = BACKS.iter().copied().find(|back| back.name() == dialect);
        if back.is_none() {
            let message = format!("{} speaks {dialect}, which this build does not", provider.display_name);
            self.notes.error(params.place("model"), &params.at("model"), message, "choose another provider");
        }
        back
    }

    /// The Responses API, where it is served by the provider itself, or the operator says that it is.
    fn beside(&self, provider: &Provider, at: &Endpoint, canned: bool, entry: &Entry) -> Option<&'static dyn Back> {
        let serves = provider.endpoints.has(Served::Responses) && provider.is_home(at);
        let said = entry.info.text("mode") == Some(RESPONSES);
        let wanted = !entry.params.flag("use_chat_completions_api").unwrap_or(false);
        responses().filter(|_| wanted && !canned && (serves || said))
    }

    /// The id: the operator's, or one made of what a deployment is: changes of weights, limits or keys keep it.
    /// Equal deployments are told apart by their order.
    fn id(&mut self, entry: &Entry, own: Option<&str>, parts: [&str; 3]) -> Option<String> {
        if let Some(id) = own {
            if !self.ids.insert(id.to_owned()) {
                let (place, path) = (entry.info.place("id"), entry.info.at("id"));
                self.notes.error(
                    place,
                    &path,
                    format!("the id {id:?} is taken already"),
                    "give each deployment its own",
                );
                return None;
            }
            return Some(id.to_owned());
        }
        let text = parts.join("\n");
        let id = (0u32..).map(|nth| short_hash(&format!("{text}\n{nth}"))).find(|id| !self.ids.contains(id))?;
        self.ids.insert(id.clone());
        Some(id)
    }
}

/// The Responses API.
fn responses() -> Option<&'static dyn Back> {
    BACKS.iter().copied().find(|back| back.name() == RESPONSES)
}

/// Whether the model's name says that it is called in the Responses API (`openai/responses/gpt-x`), and the model without that.
fn without_api(called: &Called) -> (bool, Called) {
    let own =
        called.model.strip_prefix(RESPONSES).and_then(|rest| rest.strip_prefix('/')).filter(|rest| !rest.is_empty());
    let own = own.filter(|_| called.provider.endpoints.has(Served::Responses));
    let model = own.unwrap_or(&called.model).to_owned();
    (own.is_some(), Called { provider: called.provider, model })
}

/// Whether chats are served in the Responses API, too: the operator says so, or the catalogue knows the model in no other.
fn wants_responses(entry: &Entry, called: &Called, beside: Option<&dyn Back>) -> bool {
    let said = entry.info.text("mode");
    let listed =
        || policy::catalogue::lookup(called.provider.id, &called.model).is_some_and(|one| one.mode() == RESPONSES);
    beside.is_some() && (said == Some(RESPONSES) || said.is_none() && listed())
}

/// FNV-1a: short, stable across versions and machines, and nothing here needs more than that.
fn short_hash(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

fn member(params: &Section, price: Option<u64>) -> Member {
    let number = |name: &str| params.decimal(name).map_or(0.0, |number: Decimal| number.to_f64());
    let order = params.text("order").and_then(|text| text.parse().ok()).unwrap_or(LAST);
    Member { weight: number("weight"), rpm: number("rpm"), tpm: number("tpm"), order, price }
}

/// A `timeout` bounds streams too, as the incumbent's does, unless `stream_timeout` says otherwise.
fn limits(params: &Section, defaults: &Defaults, local: bool) -> Limits {
    let usual = if local { LOCAL_LIMITS } else { Limits::default() };
    let total = params.seconds("timeout").or(defaults.timeout);
    let stream = params.seconds("stream_timeout").or(defaults.stream_timeout);
    Limits {
        connect: params.seconds("connect_timeout").unwrap_or(usual.connect),
        total: total.unwrap_or(usual.total),
        first_token: stream.or(total).unwrap_or(usual.first_token),
        idle: params
            .seconds("stream_idle_timeout")
            .or(stream)
            .unwrap_or_else(|| total.map_or(usual.idle, |total| total.min(usual.idle))),
    }
}

/// Fields that are added to requests: keys that are no settings, and what is in `extra_body`.
fn defaults(params: &Section, notes: &mut Notes) -> Vec<(String, Raw)> {
    let known = params.given().filter(|(key, _)| key.kind == Kind::Any).map(|(key, node)| (key.name, node));
    let body = match params.node("extra_body").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let body = body.iter().map(|(name, node)| (name.as_str(), node));
    let all = known.chain(params.others.iter().copied()).chain(body);
    all.filter_map(|(name, node)| Some((name.to_owned(), json(node, &params.at(name), notes)?))).collect()
}

/// A value as JSON; nothing if there is nothing.
fn json(node: &Node, path: &str, notes: &mut Notes) -> Option<Raw> {
    match &node.value {
        Value::Null => return None,
        Value::Unset(variable) => {
            notes.warn(node.place, path, unset(variable), UNSET_REMEDY);
            return None;
        }
        _ => {}
    }
    let text = node.json();
    match Doc::parse(text.as_bytes()) {
        Ok(_) => Some(Raw::new(text)),
        Err(error) => {
            notes.error(node.place, path, format!("cannot be sent as JSON: {}", error.what), "make it simpler");
            None
        }
    }
}

fn removed(params: &Section, notes: &mut Notes) -> Vec<String> {
    let mut removed = Vec::new();
    for (name, place) in params.texts("additional_drop_params") {
        if name.contains(['.', '[']) {
            let message = format!("only whole fields are taken out, not parts of them such as {name:?}");
            notes.warn(place, &params.at("additional_drop_params"), message, "");
        } else {
            removed.push(name.to_owned());
        }
    }
    removed
}

fn patterns(params: &Section, notes: &mut Notes) -> Patterns {
    let mut patterns = Patterns::default();
    for (pattern, place) in params.texts("tag_regex") {
        if let Err(wrong) = patterns.add(pattern) {
            let wrong = wrong.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let message = format!("{pattern:?} is no pattern that can be used here: {wrong}");
            notes.error(place, &params.at("tag_regex"), message, "write e.g. '^User-Agent: claude-code/'");
        }
    }
    patterns
}

fn client_params(params: &Section, notes: &mut Notes) -> Vec<String> {
    let path = params.at("configurable_clientside_auth_params");
    let items = match params.node("configurable_clientside_auth_params").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let mut allowed = Vec::new();
    for item in items {
        match texts(item).first() {
            Some((name, _)) if REPLACEABLE.contains(name) => allowed.push((*name).to_owned()),
            Some((name, _)) => {
                let message = format!("requests can bring api_key and api_base only, not {name:?}");
                notes.warn(item.place, &path, message, "remove it");
            }
            None => {
                let message = "patterns are known, but not honoured yet: requests may not bring this";
                notes.warn(item.place, &path, message, "write the bare name to allow any value");
            }
        }
    }
    allowed
}
