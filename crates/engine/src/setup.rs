//! The whole validated configuration, immutable: a reload builds a new one and swaps it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::json::{Edit, Object};
use dialects::{Back, Issuer, Quirks, Target};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use policy::limits::Tokens;
use policy::price::{self, Bill, Cost, Tariff};
use policy::router::Router;
use policy::runaway::RunawayRules;
use policy::{Budget, Member, Patterns, RestRules, Rules, Strategy};
use providers::http::Endpoint;
use providers::{Auth, Paths};
use store::short_hash;
use types::{Fault, FaultKind, ModelFacts, Operation, Raw, Usage};

use crate::cache::Cache;
use crate::nodes::{Berth, Fleet};
use crate::{
    Access, AccessToken, Bounds, Doorway, Gauge, Guardrails, Health, Lines, Passages, Queueing, Sent, SessionBounds,
    Signing, Telemetry,
};

/// The whole validated configuration.
#[derive(Clone)]
pub struct Setup {
    /// Model groups by the name that callers use.
    pub groups: HashMap<String, Arc<Group>>,
    /// Groups whose name has a `*`, most specific first.
    pub patterns: Vec<Pattern>,
    /// Other names of groups.
    pub aliases: HashMap<String, String>,
    /// Routers, by the name that callers use.
    pub routers: HashMap<String, Arc<Router>>,
    /// Access groups of models, by the name of the group of deployments: lists of models may name them instead.
    pub access_groups: HashMap<String, Vec<String>>,
    /// Names that are served but not listed.
    pub hidden: Vec<String>,
    /// How calls wait when there is no place for them.
    pub queueing: Queueing,
    /// What to do when things go wrong.
    pub rules: Arc<Rules>,
    /// Who may call.
    pub access: Access,
    /// From where, and to which paths.
    pub doorway: Doorway,
    /// Whether a caller must be allowed to call what stands in for what it asked for.
    pub guards_fallbacks: bool,
    /// What callers may say about the provider themselves.
    pub client_params: ClientParams,
    /// What may be spent by the gateway as a whole, and by those who have no budget of their own.
    pub spending: Spending,
    /// Bounds on what comes in.
    pub intake: Intake,
    /// Bounds on sessions.
    pub sessions: SessionBounds,
    /// What becomes of models whose price is not known.
    pub pricing: Pricing,
    /// What calls and answers are looked over for.
    pub guardrails: Guardrails,
    /// What is told of calls beside the books.
    pub telemetry: Telemetry,
    /// Answers that may be given again, if any are.
    pub cache: Option<Arc<Cache>>,
    /// Prefixes behind which providers' own APIs are served.
    pub passages: Passages,
    /// Where files and batches go, if nobody says where: the first one that fits.
    pub files: Vec<Arc<Deployment>>,
    /// Nodes that run models themselves.
    pub fleets: Vec<Arc<Fleet>>,
    /// Silence after which a stream gets a sign of life.
    pub heartbeat: Duration,
    /// Models that calls go to whatever they name, by what they ask for.
    pub forced_models: Vec<(Operation, String)>,
    /// Whether every stream tells what was used, unless its caller asks for the contrary.
    pub always_stream_usage: bool,
}

/// All deployments under one name.
pub struct Group {
    /// The name that callers use.
    pub name: String,
    /// The deployments, in the order of the configuration.
    pub deployments: Vec<Arc<Deployment>>,
    /// The team that alone may call it; everybody, if there is none.
    pub team: Option<String>,
    /// How a deployment is chosen, if not as in all groups.
    pub strategy: Option<Strategy>,
    /// Where calls wait when all of its deployments are in use.
    pub lines: Arc<Lines>,
}

/// A group for all names that fit.
#[derive(Clone)]
pub struct Pattern {
    /// Text before the `*`.
    pub before: String,
    /// Text behind the `*`.
    pub after: String,
    /// The group.
    pub group: Arc<Group>,
}

/// Provider, upstream model, credential and limits: one entry of `model_list`.
#[derive(Clone)]
pub struct Deployment {
    /// Stable name across reloads; shown to callers in `x-litellm-model-id`.
    pub id: String,
    /// Provider and model, as the operator wrote them: `openai/gpt-4o`.
    pub name: String,
    /// Id in the provider table.
    pub provider: &'static str,
    /// The model as the provider calls it; may hold a `*` in a wildcard group.
    pub model: String,
    /// The dialect the provider speaks.
    pub back: &'static dyn Back,
    /// Another one that it speaks too: what callers write in it passes as it is.
    pub beside: Option<&'static dyn Back>,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Where requests go behind that, if not where the dialect has them.
    pub paths: Paths,
    /// How the credential is shown.
    pub auth: Auth,
    /// Headers of every request, credential included.
    pub headers: HeaderMap,
    /// The credential, if it is one that is fetched again and again.
    pub access_token: Option<Arc<AccessToken>>,
    /// What signs its requests, if the provider wants that in the place of a credential.
    pub signing: Option<Signing>,
    /// What is known about the model.
    pub facts: ModelFacts,
    /// What its calls cost.
    pub pricing: price::Pricing,
    /// What the model costs that it replaces, if the operator says which that is.
    pub replaced: Option<Arc<Tariff>>,
    /// What the provider does differently from its dialect.
    pub quirks: Quirks,
    /// Whether parameters that the provider cannot honour are dropped.
    pub drop_params: bool,
    /// Whether calls are refused of which something would be lost on the way to it.
    pub strict: bool,
    /// Whether reasoning is a part of the text for callers of OpenAI's chats.
    pub merges_thinking: bool,
    /// Fields that are always taken out of requests.
    pub removed: Vec<String>,
    /// Fields that are added to requests that lack them.
    pub defaults: Vec<(String, Raw)>,
    /// A field of every request in the provider's own words, whatever the caller says.
    pub stated: Option<Edit>,
    /// Share of the traffic and order.
    pub member: Member,
    /// Where it is, as far as the operator says.
    pub region: Option<String>,
    /// Tags that calls can ask for.
    pub tags: Vec<String>,
    /// Patterns of clients whose calls go here without asking.
    pub tag_patterns: Patterns,
    /// Whether the deployments of its group must fit the tags of a call, if it says so itself.
    pub tag_filtering: Option<bool>,
    /// Time limits.
    pub limits: Limits,
    /// What it, and its provider as a whole, may be used.
    pub bounds: Bounds,
    /// Tries after the first one, if this deployment has its own idea.
    pub retries: Option<u32>,
    /// When it rests after faults, if it has rules of its own.
    pub rest: Option<Arc<RestRules>>,
    /// A canned answer that is given instead of asking the provider (`mock_response`).
    pub canned: Option<String>,
    /// Request fields with which callers may replace connection values of this deployment.
    pub client_params: Vec<String>,
    /// The node that it is on, if it is an engine on a machine of one's own.
    pub node: Option<Berth>,
    /// What the machine takes that it runs on, if somebody measures that.
    pub gauge: Option<Arc<Gauge>>,
    /// How it fared lately: outlives reloads.
    pub health: Arc<Health>,
}

/// How long a deployment may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// DNS, TCP and TLS together.
    pub connect: Duration,
    /// A whole answer that is not streamed.
    pub total: Duration,
    /// The first content of a streamed answer.
    pub first_token: Duration,
    /// Silence within a streamed answer.
    pub idle: Duration,
}

impl Limits {
    /// How long an attempt may take: to its end, or to the first content of a stream.
    pub fn of(&self, stream: bool) -> Duration {
        if stream { self.first_token } else { self.total }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(600),
            first_token: Duration::from_secs(300),
            idle: Duration::from_secs(120),
        }
    }
}

/// What callers may say about the provider themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientParams {
    /// Whether any of the connection fields is accepted (`allow_client_side_credentials`).
    pub allow_all: bool,
}

/// What may be spent by the gateway as a whole, and by those who have no budget of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Spending {
    /// Limits of the whole gateway.
    pub limits: policy::limits::Limits,
    /// Calls at a time of each key that says nothing.
    pub key_parallel: Option<u64>,
    /// Which tokens count for limits.
    pub counted: Counted,
    /// Budget of the whole gateway.
    pub budget: Option<Budget>,
    /// Budget of every customer that has none.
    pub customer_budget: Option<Budget>,
    /// The shared budget of every customer that has none.
    pub customer_budget_id: Option<String>,
    /// Part of their requests and tokens that keys have left which are slowed down when their budget is spent: more than
    /// 0, at most 1. Without it they are refused, as all keys are.
    pub throttle: Option<f64>,
    /// Whether a user's own budget counts for keys of teams too.
    pub user_budget_in_teams: bool,
    /// One more header that names the customer.
    pub customer_header: Option<String>,
    /// What is done about keys that run in circles.
    pub runaway: RunawayRules,
    /// How long a call waits for others to give money back.
    pub patience: Duration,
    /// Status of a refusal by a budget.
    pub status: u16,
}

/// Which tokens count for limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Input and output.
    Total,
    /// Input alone.
    Input,
    /// Output alone.
    Output,
}

impl Counted {
    /// What counts of this.
    pub(crate) fn of(self, usage: &Usage) -> Tokens {
        let counted = match self {
            Counted::Total => usage.total(),
            Counted::Input => usage.input,
            Counted::Output => usage.output,
        };
        let [input, output, counted] = [usage.input, usage.output, counted].map(Option::unwrap_or_default);
        Tokens { input, output, counted }
    }

    /// What counts of a call before it is made.
    pub(crate) fn of_input(self, tokens: u64) -> Tokens {
        let counted = if self == Counted::Output { 0 } else { tokens };
        Tokens { input: tokens, output: 0, counted }
    }
}

impl Default for Spending {
    fn default() -> Self {
        Spending {
            limits: policy::limits::Limits::default(),
            key_parallel: None,
            throttle: None,
            counted: Counted::Total,
            budget: None,
            customer_budget: None,
            customer_budget_id: None,
            user_budget_in_teams: false,
            customer_header: None,
            runaway: RunawayRules::default(),
            patience: Duration::from_secs(5),
            status: 422,
        }
    }
}

/// What becomes of models whose price is not known. (Prices that the operator gives to such models are known.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pricing {
    /// Whether they are refused (`block_requests_for_models_without_pricing`).
    pub block_unpriced: bool,
}

/// Bounds on what comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intake {
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Largest answer of a provider that is not streamed.
    pub max_answer_bytes: usize,
    /// Whether answers of the Responses API are kept whose providers do not keep them.
    pub keeps_responses: bool,
}

impl Default for Intake {
    fn default() -> Self {
        Intake { max_body_bytes: 32 << 20, max_answer_bytes: 128 << 20, keeps_responses: true }
    }
}

impl Setup {
    /// The group that serves `name`, and what stands for the `*` if it is a wildcard group. Aliases come first, as at
    /// the incumbent, then exact names, then patterns; a deployment's id, or its `provider/model`, names it alone.
    pub fn find(&self, name: &str) -> Option<(Arc<Group>, Option<String>)> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        if let Some(group) = self.groups.get(name) {
            return Some((group.clone(), None));
        }
        let by_pattern = self.patterns.iter().find_map(|pattern| {
            let star = name.strip_prefix(&*pattern.before)?.strip_suffix(&*pattern.after)?;
            (!star.is_empty()).then(|| (pattern.group.clone(), Some(star.to_owned())))
        });
        by_pattern.or_else(|| self.find_deployment(name).map(|group| (group, None)))
    }

    /// The name under which the operator knows the group that `name` means, or the deployment that it means alone:
    /// limits for a model hold by whatever name somebody calls it.
    pub fn group_name(&self, name: &str) -> Option<&str> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        if let Some((known, _)) = self.groups.get_key_value(name) {
            return Some(known);
        }
        let fits = |pattern: &&Pattern| {
            let star = name.strip_prefix(&*pattern.before).and_then(|rest| rest.strip_suffix(&*pattern.after));
            star.is_some_and(|star| !star.is_empty())
        };
        let pattern = self.patterns.iter().find(fits).map(|pattern| &*pattern.group.name);
        pattern.or_else(|| self.owner_of(name).map(|(group, _)| &*group.name))
    }

    /// Whether calls of deployment `id` could go elsewhere: to another one of its group, or to a fallback.
    pub fn has_alternative(&self, id: &str) -> bool {
        self.owner_of(id).is_some_and(|(group, _)| {
            group.deployments.len() > 1 || !self.rules.fallbacks_for(&group.name, FaultKind::Upstream).0.is_empty()
        })
    }

    /// The router that `name` means, and what the operator calls it.
    pub fn router(&self, name: &str) -> Option<(&str, &Arc<Router>)> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        self.routers.get_key_value(name).map(|(name, router)| (name.as_str(), router))
    }

    /// What a token of input and one of output cost together at most in a group, picodollars; `None` if that is not
    /// known of all of its deployments.
    pub fn price(&self, name: &str) -> Option<u64> {
        let (group, star) = self.find(name)?;
        let prices = group
            .deployments
            .iter()
            .map(|deployment| deployment.tariff(&deployment.upstream_model(star.as_deref())).per_token());
        prices.collect::<Option<Vec<u64>>>()?.into_iter().max()
    }

    /// The access groups that a model is in, by whatever name.
    pub fn access_groups_of(&self, name: &str) -> &[String] {
        if self.access_groups.is_empty() {
            return &[];
        }
        self.group_name(name).and_then(|group| self.access_groups.get(group)).map_or(&[], Vec::as_slice)
    }

    /// The deployment with this id.
    pub fn deployment(&self, id: &str) -> Option<Arc<Deployment>> {
        let groups = self.groups.values().chain(self.patterns.iter().map(|pattern| &pattern.group));
        let mut all = self.files.iter().chain(groups.flat_map(|group| &group.deployments));
        all.find(|deployment| deployment.id == id).cloned()
    }

    /// A name that a first call may use: a configured group, else a cheap chat model behind the plainest wildcard.
    pub fn example_model(&self) -> Option<String> {
        let fixed = self.groups.keys().filter(|name| !self.hidden.contains(name)).min().cloned();
        fixed.or_else(|| {
            let pattern = self.patterns.iter().min_by_key(|pattern| pattern.before.len())?;
            let provider = pattern.group.deployments.first()?.provider;
            let chats = policy::catalogue::entries_of(provider).filter(|entry| entry.mode() == "chat");
            let priced =
                chats.filter_map(|entry| Some((entry.facts().input_picousd.filter(|price| *price > 0)?, entry)));
            let model = priced.min_by_key(|(price, _)| *price).map_or("MODEL", |(_, entry)| entry.model());
            Some(format!("{}{model}{}", pattern.before, pattern.after))
        })
    }

    /// What a call of `name` that consumes this would cost, on the first deployment of its group. Answers name the
    /// upstream model, so that is a name here too. `None` if there is no such model or its price is not known.
    pub fn cost(&self, name: &str, usage: &Usage, bill: &Bill) -> Option<Cost> {
        let mut all = self.groups.values().flat_map(|group| &group.deployments);
        let (deployment, star) = match self.find(name) {
            Some((group, star)) => (group.deployments.first()?.clone(), star),
            None => (all.find(|deployment| deployment.model == name)?.clone(), None),
        };
        deployment.tariff(&deployment.upstream_model(star.as_deref())).cost(usage, bill)
    }

    /// The deployment that goes by this id, or by this `provider/model`, and its group.
    fn owner_of(&self, name: &str) -> Option<(&Arc<Group>, &Arc<Deployment>)> {
        let mut all = self.groups.values().flat_map(|group| group.deployments.iter().map(move |one| (group, one)));
        // Whoever names the model alone does not mean a deployment that belongs to some team.
        let meant =
            |(group, one): &(&Arc<Group>, &Arc<Deployment>)| one.id == name || one.name == name && group.team.is_none();
        all.find(meant)
    }

    fn find_deployment(&self, name: &str) -> Option<Arc<Group>> {
        let (group, deployment) = self.owner_of(name)?;
        let (name, team, lines) = (name.to_owned(), group.team.clone(), group.lines.clone());
        Some(Arc::new(Group { name, deployments: vec![deployment.clone()], team, strategy: None, lines }))
    }
}

impl Deployment {
    /// The upstream model, with `star` in the place of its `*`.
    pub fn upstream_model(&self, star: Option<&str>) -> String {
        match star {
            Some(star) => self.model.replacen('*', star, 1),
            None => self.model.clone(),
        }
    }

    /// What is known about the upstream model `model`. Models of a wildcard group are looked up when they are named.
    pub fn facts_of(&self, model: &str, star: Option<&str>) -> ModelFacts {
        match star {
            Some(_) => policy::catalogue::facts(self.provider, model),
            None => self.facts,
        }
    }

    /// What calls of the upstream model `model` cost. Cheap enough for every call.
    pub fn tariff(&self, model: &str) -> Arc<Tariff> {
        self.pricing.tariff(model)
    }

    /// A fault without our credential, which some providers repeat when they refuse it.
    pub fn without_credential(&self, mut fault: Fault) -> Fault {
        let secrets =
            self.headers.values().filter(|value| value.is_sensitive()).filter_map(|value| value.to_str().ok());
        let fetched = self.access_token.as_ref().and_then(|token| token.now());
        let fetched = fetched.as_ref().and_then(|value| value.to_str().ok());
        let signing = self.signing.as_ref().map(Signing::secrets).unwrap_or_default();
        for secret in secrets.chain(fetched).chain(signing.iter().map(String::as_str)) {
            let secret = secret.strip_prefix("Bearer ").unwrap_or(secret);
            if !secret.is_empty() && fault.message.contains(secret) {
                fault.message = fault.message.replace(secret, "***");
            }
        }
        fault
    }

    /// What a request writer needs to know.
    pub fn target<'a>(&'a self, model: &'a str, facts: &'a ModelFacts) -> Target<'a> {
        Target {
            model,
            name: &self.name,
            facts,
            quirks: &self.quirks,
            drop_params: self.drop_params,
            version: None,
            num_ctx: None,
            issuer: None,
        }
    }

    /// A written request with what the provider wants in every one.
    pub(crate) fn completed(&self, body: Bytes) -> Result<Vec<Bytes>, Fault> {
        match &self.stated {
            Some(stated) => Ok(Object::parse(body)?.splice(std::slice::from_ref(stated))),
            None => Ok(vec![body]),
        }
    }

    /// A whole answer that passes untouched, in the dialect of `back`, but for the marks on what it gives out.
    pub(crate) fn marked(&self, back: &dyn Back, answer: Bytes) -> Bytes {
        match back.gives_out() {
            true => Deployment::marked_as(back, answer, self.issuer()),
            false => answer,
        }
    }

    /// The same with these marks.
    pub(crate) fn marked_as(back: &dyn Back, answer: Bytes, issuer: Issuer) -> Bytes {
        let marks = back.marks(&answer, issuer);
        if marks.is_empty() {
            return answer;
        }
        let mut marked =
            BytesMut::with_capacity(answer.len() + marks.iter().map(|(_, mark)| mark.len()).sum::<usize>());
        let mut at = 0;
        for (place, mark) in marks {
            marked.extend_from_slice(&answer[at..place]);
            marked.extend_from_slice(mark.as_bytes());
            at = place;
        }
        marked.extend_from_slice(&answer[at..]);
        marked.freeze()
    }

    /// The path of a request in the dialect of `back`, behind the base path; `None` if there is no such operation.
    pub(crate) fn path(&self, back: &dyn Back, operation: Operation, model: &str, stream: bool) -> Option<String> {
        let path = back.path(operation, model, stream)?;
        self.paths.path(back.name(), operation, path, model, stream)
    }

    /// The path of the list of models, behind the base path.
    pub fn listing(&self) -> &str {
        self.paths.listing(self.back.name(), self.back.listing())
    }

    /// The dialect of this name, if it speaks it.
    pub fn speaks(&self, name: &str) -> Option<&'static dyn Back> {
        [Some(self.back), self.beside].into_iter().flatten().find(|back| back.name() == name)
    }

    /// Puts the credential in, if it is one that is fetched again and again, or the signature of what is `sent`.
    pub async fn sign_in(&self, headers: &mut HeaderMap, sent: Sent<'_>) -> Result<(), Fault> {
        self.sign_in_at(&self.endpoint, headers, sent).await
    }

    /// The same for what is sent to another endpoint of the same provider.
    pub(crate) async fn sign_in_at(
        &self,
        endpoint: &Endpoint,
        headers: &mut HeaderMap,
        sent: Sent<'_>,
    ) -> Result<(), Fault> {
        if let Some(token) = &self.access_token {
            headers.insert(AUTHORIZATION, token.header(self.limits.connect).await?);
        }
        match &self.signing {
            Some(signing) => signing.sign(endpoint, sent, headers, self.limits.connect).await,
            None => Ok(()),
        }
    }

    /// Who gives out what comes through this deployment. The credential cannot be guessed from it.
    pub fn issuer(&self) -> Issuer {
        let credential = match &self.auth {
            Auth::Bearer | Auth::Typed(_) | Auth::Scheme(_) | Auth::Basic => self.headers.get(AUTHORIZATION),
            Auth::Header(name) => self.headers.get(*name),
            Auth::None => None,
        };
        let credential = credential.map(HeaderValue::as_bytes).unwrap_or_default();
        let signed = self.signing.as_ref().map(Signing::account);
        let grant = self.access_token.as_ref().map(|token| token.grant.account()).or(signed).unwrap_or_default();
        let account = [self.endpoint.url().as_bytes(), credential, grant.as_bytes()].join(&0);
        Issuer { account: short_hash(&account), deployment: short_hash(self.id.as_bytes()) }
    }
}
