//! The incumbent's routers: entries of `model_list` whose model is `auto_router/...`. They are read into the same rules
//! as our own; difficulty is what our classifier says it is.

use policy::router::{Arm, Embedder, Like, Router, Rule, Tier, When};
use serde_json::Value;

use super::rules::{EMBEDDING_TIME, NEAR, entries, items, tiers};
use super::usual::by_price;
use super::{Declared, arm, rule};
use crate::config::keys::{MARKER, MODEL};
use crate::config::models::Row;
use crate::config::report::{Notes, Place};
use crate::config::section::{Section, scalar, texts};
use crate::config::tree::{self, Node};

/// Most routes by examples.
const MOST_ROUTES: usize = 100;
/// What the model of such an entry begins with.
const PREFIX: &str = "auto_router/";

/// Whether an entry of `model_list` is a router.
pub fn is_marker(entry: &Node) -> bool {
    model_of(entry).is_some_and(|model| model.starts_with(PREFIX))
}

fn model_of(entry: &Node) -> Option<&str> {
    Some(scalar(entry.get("litellm_params")?.get("model")?)?.text.trim())
}

/// Reads all of them; `rows` are the models that they choose from.
pub fn read(list: Option<&Node>, rows: &[Row], notes: &mut Notes) -> Vec<Declared> {
    let entries = items(list).iter().enumerate().filter(|(_, entry)| is_marker(entry));
    entries.filter_map(|(index, entry)| one(entry, &format!("model_list[{index}]"), list, rows, notes)).collect()
}

fn one(entry: &Node, path: &str, list: Option<&Node>, rows: &[Row], notes: &mut Notes) -> Option<Declared> {
    let section = Section::read(Some(entry), path, &MODEL, notes);
    if section.flag("blocked") == Some(true) {
        return None;
    }
    let Some(name) = section.text("model_name") else {
        section.missing("model_name", "model_name: auto", notes);
        return None;
    };
    let params = Section::read(section.node("litellm_params"), &section.at("litellm_params"), &MARKER, notes);
    let kind = params.text("model")?.strip_prefix(PREFIX)?;
    let mut marker = Marker { params: &params, list, rows, targets: Vec::new(), notes };
    let router = match kind {
        "complexity_router" => marker.complexity(),
        "quality_router" => marker.quality(),
        "adaptive_router" => marker.adaptive(),
        _ => marker.semantic(),
    };
    let targets = marker.targets;
    let Some(router) = router.filter(|router| !router.rules.is_empty()) else {
        notes.error(params.place, &params.path, "the router names no model", "name the models that it chooses from");
        return None;
    };
    Some(Declared { name: name.to_owned(), router, targets, place: entry.place, path: path.to_owned() })
}

struct Marker<'a, 't> {
    params: &'a Section<'t>,
    list: Option<&'a Node>,
    rows: &'a [Row],
    targets: Vec<(String, Place, String)>,
    notes: &'a mut Notes,
}

impl Marker<'_, '_> {
    /// A tier has a model, or several that share its calls.
    fn complexity(&mut self) -> Option<Router> {
        let (config, path) = (self.params.node("complexity_router_config"), self.params.at("complexity_router_config"));
        let get = |name: &str| config.and_then(|config| config.get(name));
        let mut by_tier: Vec<(Tier, Vec<Arm>)> = Vec::new();
        for (name, node) in entries(get("tiers")) {
            let at = format!("{path}.tiers.{name}");
            match Tier::parse(name) {
                Some(tier) => by_tier.push((tier, self.arms(node, &at))),
                None => self.notes.warn(
                    node.place,
                    &at,
                    "no tier is called like this",
                    "write SIMPLE, MEDIUM, COMPLEX or REASONING",
                ),
            }
        }
        let arms_of = |tier: Tier| by_tier.iter().find(|(known, _)| *known == tier).map(|(_, arms)| arms.clone());
        let mut rules = Vec::new();
        for node in items(get("keyword_tier_rules")) {
            let words = node.get("keywords").map(texts).unwrap_or_default();
            let words: Vec<String> = words.iter().map(|(word, _)| word.to_lowercase()).collect();
            let tier = node.get("tier").and_then(scalar).and_then(|tier| Tier::parse(&tier.text));
            match tier.and_then(arms_of).filter(|_| !words.is_empty()) {
                Some(arms) => {
                    let when = When { words, ..When::default() };
                    rules.push(Rule { name: "keywords".to_owned(), when, arms, ..Rule::default() });
                }
                None => {
                    let (at, message) =
                        (format!("{path}.keyword_tier_rules"), "a rule has keywords and one of the tiers");
                    self.notes.warn(node.place, &at, message, "write e.g. {keywords: [contract], tier: COMPLEX}");
                }
            }
        }
        for tier in Tier::ALL {
            if let Some(arms) = arms_of(tier) {
                let when = When { tiers: vec![tier], ..When::default() };
                rules.push(Rule { name: tier.name().to_owned(), when, arms, ..Rule::default() });
            }
        }
        match self.default("complexity_router_default_model", config) {
            Some(model) => rules.push(rule("default", When::default(), &model)),
            // Work of a tier that has no model goes to the one in the middle.
            None => rules.extend(
                arms_of(Tier::Medium)
                    .into_iter()
                    .chain(by_tier.first().map(|(_, arms)| arms.clone()))
                    .next()
                    .map(|arms| Rule { name: "default".to_owned(), arms, ..Rule::default() }),
            ),
        }
        for (name, node) in entries(config) {
            if !["tiers", "tier_boundaries", "keyword_tier_rules", "default_model"].contains(&name) {
                let message = "has no effect here: our own classifier decides";
                self.notes.warn(node.place, &format!("{path}.{name}"), message, "");
            }
        }
        let tiers = tiers(get("tier_boundaries"), &format!("{path}.tier_boundaries"), self.notes);
        Some(Router { rules, tiers, embedder: None })
    }

    /// A model's name, a list of them, or `{model_name: ...}`.
    fn arms(&mut self, node: &Node, path: &str) -> Vec<Arm> {
        let one = |node: &Node| {
            let name = if matches!(node.value, tree::Value::Map(_)) { node.get("model_name") } else { Some(node) };
            Some(scalar(name?)?.text.clone())
        };
        let nodes = match &node.value {
            tree::Value::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let mut arms = Vec::new();
        for node in nodes {
            match one(node) {
                Some(model) => {
                    arms.push(arm(&model, 1));
                    self.targets.push((model, node.place, path.to_owned()));
                }
                None => {
                    self.notes.error(node.place, path, "expected the name of a model", "write e.g. SIMPLE: my-model")
                }
            }
            if let Some(params) = node.get("litellm_params") {
                let message = "has no effect here: parameters belong to the entry of the model";
                self.notes.warn(params.place, &format!("{path}.litellm_params"), message, "");
            }
        }
        arms
    }

    /// The cheapest model of the quality that a tier needs, or else of the next better one; words before tiers.
    fn quality(&mut self) -> Option<Router> {
        let (config, path) = (self.params.node("quality_router_config"), self.params.at("quality_router_config"));
        let get = |name: &str| config.and_then(|config| config.get(name));
        let available = get("available_models").map(texts).unwrap_or_default();
        for (model, place) in &available {
            self.targets.push(((*model).to_owned(), *place, format!("{path}.available_models")));
        }
        let mut rules = Vec::new();
        let mut known: Vec<(u64, u64, &str)> = Vec::new();
        for (model, _) in &available {
            let preferences = self.preferences(model);
            let words = preferences.and_then(|node| node.get("keywords")).map(texts).unwrap_or_default();
            if !words.is_empty() {
                let words = words.iter().map(|(word, _)| word.to_lowercase()).collect();
                rules.push(rule("keywords", When { words, ..When::default() }, model));
            }
            let quality = preferences.and_then(|node| scalar(node.get("quality_tier")?)?.decimal()?.to_u64());
            known.extend(quality.map(|quality| (quality, self.price(model).unwrap_or(u64::MAX), *model)));
        }
        known.sort_unstable();
        for (tier, usual) in Tier::ALL.into_iter().zip(1..) {
            let mut given = entries(get("complexity_to_quality"));
            let given = given.find(|(name, _)| Tier::parse(name) == Some(tier));
            let needed = given.and_then(|(_, node)| scalar(node)?.decimal()?.to_u64()).unwrap_or(usual);
            let when = || When { tiers: vec![tier], ..When::default() };
            // Who may not use the first one gets the next one.
            rules.extend(
                known
                    .iter()
                    .filter(|(quality, ..)| *quality >= needed)
                    .map(|(.., model)| rule(tier.name(), when(), model)),
            );
        }
        rules.extend(
            self.default("quality_router_default_model", config).map(|model| rule("default", When::default(), &model)),
        );
        Some(Router { rules, ..Router::default() })
    }

    fn adaptive(&mut self) -> Option<Router> {
        let (config, path) = (self.params.node("adaptive_router_config"), self.params.at("adaptive_router_config"));
        let message = "nothing is learnt here: by how difficult the work is the cheapest or the dearest model gets it";
        self.notes.warn(
            self.params.place("model"),
            &self.params.at("model"),
            message,
            "or declare router_settings.routers",
        );
        let available = config.and_then(|config| config.get("available_models")).map(texts).unwrap_or_default();
        for (model, place) in &available {
            self.targets.push(((*model).to_owned(), *place, format!("{path}.available_models")));
        }
        let priced = available.iter().filter_map(|(model, _)| Some((self.price(model)?, *model))).collect();
        let mut router = by_price(priced).unwrap_or_default();
        let default = self.default("adaptive_router_default_model", config);
        let last = default.or_else(|| available.first().map(|(model, _)| (*model).to_owned()));
        router.rules.extend(last.map(|model| rule("default", When::default(), &model)));
        Some(router)
    }

    /// Routes whose names are those of models, each with sentences like which a message is.
    fn semantic(&mut self) -> Option<Router> {
        let default = self.default("auto_router_default_model", None);
        let mut rules = self.routes();
        let embedder = self.params.text("auto_router_embedding_model");
        if embedder.is_none() && !rules.is_empty() {
            self.params.missing(
                "auto_router_embedding_model",
                "auto_router_embedding_model: my-embeddings",
                self.notes,
            );
        }
        rules.extend(default.map(|model| rule("default", When::default(), &model)));
        let embedder = embedder.map(|model| Embedder { model: model.to_owned(), patience: EMBEDDING_TIME });
        Some(Router { rules, embedder, ..Router::default() })
    }

    fn routes(&mut self) -> Vec<Rule> {
        const NAME: &str = "auto_router_config";
        let Some(node) = self.params.node(NAME) else { return Vec::new() };
        let text = scalar(node).map_or_else(|| node.json(), |scalar| scalar.text.clone());
        let config: Value = serde_json::from_str(&text).unwrap_or_default();
        let routes = config["routes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let route = |route: &Value| {
            let texts = route["utterances"].as_array()?.iter().filter_map(|text| text.as_str());
            let examples: Vec<String> = texts.map(str::to_owned).filter(|text| !text.trim().is_empty()).collect();
            let threshold = route["score_threshold"].as_f64().unwrap_or(NEAR) as f32;
            let like = (!examples.is_empty()).then(|| Like { examples, threshold, ..Like::default() })?;
            let model = route["name"].as_str()?;
            Some((model.to_owned(), rule(model, When { like: Some(like), ..When::default() }, model)))
        };
        let read: Vec<Option<(String, Rule)>> = routes.iter().take(MOST_ROUTES).map(route).collect();
        let is_odd = !config.is_object() || config.get("routes").is_some() && read.is_empty();
        if is_odd || read.iter().any(Option::is_none) || routes.len() > MOST_ROUTES {
            let message = format!("expected routes (at most {MOST_ROUTES}) of a name and utterances");
            let remedy = "write e.g. {routes: [{name: my-model, utterances: [How do I...]}]}";
            self.notes.error(node.place, &self.params.at(NAME), message, remedy);
        }
        let (models, rules): (Vec<String>, Vec<Rule>) = read.into_iter().flatten().unzip();
        self.targets.extend(models.into_iter().map(|model| (model, node.place, self.params.at(NAME))));
        rules
    }

    fn default(&mut self, key: &str, config: Option<&Node>) -> Option<String> {
        let within = config.and_then(|config| config.get("default_model"));
        let (model, place) = match (self.params.text(key), within.and_then(scalar)) {
            (Some(model), _) => (model.to_owned(), self.params.place(key)),
            (None, Some(scalar)) => (scalar.text.clone(), within.map_or(self.params.place, |node| node.place)),
            (None, None) => return None,
        };
        self.targets.push((model.clone(), place, self.params.at(key)));
        Some(model)
    }

    fn preferences(&self, model: &str) -> Option<&Node> {
        let named = |entry: &&Node| entry.get("model_name").and_then(scalar).is_some_and(|name| name.text == model);
        let mut entries = items(self.list).iter().filter(named);
        entries.find_map(|entry| entry.get("model_info")?.get("litellm_routing_preferences"))
    }

    /// What a token of input and one of output cost at most.
    fn price(&self, model: &str) -> Option<u64> {
        let prices = self.rows.iter().filter(|row| row.group == model).map(|row| row.deployment.member.price);
        prices.collect::<Option<Vec<u64>>>()?.into_iter().max()
    }
}
