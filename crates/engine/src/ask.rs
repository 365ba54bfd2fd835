//! What a call asks for, as far as the gateway must know it: read from the head of the body and from headers.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::json::{Edit, Json, Kind, Object};
use dialects::{Form, Front, Issued};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;
use policy::window::Truncation;
use providers::http::Endpoint;
use types::{Fault, Operation, Request};

use crate::attribution::Attribution;
use crate::guards::Guarding;
use crate::pieces;
use crate::route::Route;
use crate::{Caller, Deployment, Setup};

/// A call as it came in.
pub struct Call {
    /// Its id: [`Gate::call_id`](crate::Gate::call_id).
    pub id: String,
    /// The dialect the caller speaks.
    pub front: &'static dyn Front,
    /// What is asked for.
    pub operation: Operation,
    /// A model named in the path; it wins over the body.
    pub path_model: Option<String>,
    /// Whether the answer is to be streamed, where the path says so; it wins over the body.
    pub path_stream: Option<bool>,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// The caller's address.
    pub ip: Option<IpAddr>,
}

impl Call {
    /// The call, with the model that it goes to whatever it names, if there is one.
    pub(crate) fn forced(mut self, setup: &Setup) -> Self {
        let forced = setup.forced_models.iter().find(|(operation, _)| *operation == self.operation);
        self.path_model = forced.map(|(_, model)| model.clone()).or(self.path_model);
        self
    }
}

/// What judges texts where nobody says what does, as at OpenAI.
const USUAL_JUDGE: &str = "omni-moderation-latest";

/// Fields of a request that are addressed to the gateway, sorted; they never reach a provider.
const GATEWAY_FIELDS: &[&str] = &[
    "additional_drop_params",
    "allowed_openai_params",
    "cache",
    "caching",
    "context_truncation",
    "context_window_fallback_dict",
    "disable_fallbacks",
    "drop_params",
    "fallbacks",
    "fastest_response",
    "guardrails",
    "include_fallback_errors",
    "litellm_disabled_callbacks",
    "litellm_metadata",
    "litellm_session_id",
    "litellm_trace_id",
    "max_fallbacks",
    "max_retries",
    "mock_delay",
    "mock_response",
    "mock_testing_content_policy_fallbacks",
    "mock_testing_context_fallbacks",
    "mock_testing_fallbacks",
    "mock_testing_rate_limit_error",
    "mock_timeout",
    "mock_tool_calls",
    "no-log",
    "num_retries",
    "policies",
    "priority",
    "request_timeout",
    "retry_policy",
    "stream_timeout",
    "strict",
    "tags",
    "timeout",
    "ttl",
    "turn_off_message_logging",
];

/// What stands in a body that has more than text in it.
const MEDIA: [&[u8]; 4] = [b"image", b"document", b"audio", b"\"file"];

/// Fields that would replace a provider's credential, address or headers, sorted.
const CONNECTION_FIELDS: &[&str] = &[
    "api_base",
    "api_key",
    "api_version",
    "aws_access_key_id",
    "aws_bedrock_runtime_endpoint",
    "aws_region_name",
    "aws_secret_access_key",
    "aws_session_token",
    "azure_ad_token",
    "base_url",
    "custom_llm_provider",
    "default_headers",
    "extra_headers",
    "headers",
    "organization",
    "vertex_credentials",
    "vertex_location",
    "vertex_project",
];

/// A call that was understood.
pub(crate) struct Ask {
    pub front: &'static dyn Front,
    pub operation: Operation,
    pub body: Object,
    /// The form that it came as, if it has files: `body` is what else stands in it.
    pub form: Option<Rc<Form>>,
    pub headers: HeaderMap,
    pub ip: Option<IpAddr>,
    /// The name of the model, in the gateway's words.
    pub model: String,
    pub stream: bool,
    /// Whether the caller wants to see the usage event of a stream; `None` if it leaves that to the operator.
    pub stream_usage: Option<bool>,
    /// Whether embedding vectors are wanted as base64.
    pub base64_vectors: bool,
    /// The form in which sound is wanted, or what was said.
    pub answer_form: Option<Rc<str>>,
    pub wishes: Wishes,
    /// What it brings back that only its issuer understands.
    pub issued: Option<Issued>,
    /// How it got its model, if it asked for a router.
    pub route: Option<Rc<Route>>,
    /// Connection values the caller brought: name and text.
    pub connection: Vec<(String, String)>,
    /// The deployment that alone knows what the caller brings, which the gateway had sealed for it.
    pub pinned: Option<Rc<str>>,
    /// Fields of the body that are addressed to the gateway.
    own_fields: Vec<Edit>,
    /// The guardrails that look over it and its answer, if there are any.
    pub guarding: Option<Rc<Guarding>>,
    /// The body as it is kept and told, if not as it goes on.
    pub shown: Option<Bytes>,
    /// Messages that were left out, for it would have been too long with them.
    pub left_out: usize,
    /// An estimate of the input tokens, once somebody asked.
    estimate: OnceCell<u64>,
    /// The same, from what the input says.
    tokens: OnceCell<u64>,
    decoded: OnceCell<Result<Request, Fault>>,
}

/// What the caller wants to happen when things go wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wishes {
    pub retries: Option<u32>,
    pub no_fallbacks: bool,
    pub fallbacks: Vec<String>,
    pub timeout: Option<Duration>,
    pub stream_timeout: Option<Duration>,
    pub heartbeat: Option<Duration>,
    pub drop_params: Option<bool>,
    /// Whether what a provider would not get makes it the wrong one.
    pub strict: Option<bool>,
    /// Lower numbers come first where calls wait.
    pub priority: Option<i64>,
    pub truncation: Option<Truncation>,
}

impl Ask {
    /// Understands `call`.
    pub fn read(call: Call) -> Result<Self, Fault> {
        let kind = call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let form = match call.operation.takes_forms() && Form::is_meant(kind) {
            true => Some(Rc::new(Form::parse(kind, call.body.clone())?)),
            false => None,
        };
        let body = form.as_ref().map_or_else(|| Object::parse(call.body), |form| form.object())?;
        let named = body.with(model)?;
        let model = match (call.path_model, named) {
            (Some(model), _) | (None, Some(model)) => model,
            (None, None) if call.operation == Operation::Moderation => USUAL_JUDGE.to_owned(),
            (None, None) => return Err(Fault::invalid_param("model", "you must provide a model parameter")),
        };
        let model = call.caller.alias(&model).to_owned();
        // Vectors and counts are never streamed, whatever the body says.
        let stream = match call.path_stream {
            _ if !call.operation.streams() => false,
            Some(stream) => stream,
            // Speech has a word of its own.
            None if call.operation.is_raw() => {
                body.with(|root| root.get_some("stream_format").is_some_and(|format| format.is("sse")))
            }
            None => body.with(|root| flag(root, "stream"))?.unwrap_or(call.front.streams_unasked()),
        };
        let stream_usage = body.with(|root| {
            let options = root.get_some("stream_options")?;
            options.inside(|options| options.get_some("include_usage")?.as_bool())?
        });
        let own_fields = body.with(|root| {
            let names = root.fields().filter_map(|(key, _)| key.as_str());
            let own = names.filter(|name| {
                let is_in = |list: &[&str]| list.binary_search(&&**name).is_ok();
                is_in(GATEWAY_FIELDS) || is_in(CONNECTION_FIELDS)
            });
            let mut own: Vec<_> = own.map(|name| name.into_owned()).collect();
            own.sort();
            own.dedup();
            own.into_iter().map(Edit::Remove).chain(without_tags(root)).collect()
        });
        Ok(Ask {
            wishes: body.with(|root| Wishes::read(root, &call.headers))?,
            connection: body.with(connection),
            issued: call.front.issued(&body),
            front: call.front,
            operation: call.operation,
            headers: call.headers,
            ip: call.ip,
            pinned: None,
            guarding: None,
            shown: None,
            left_out: 0,
            estimate: OnceCell::new(),
            tokens: OnceCell::new(),
            decoded: OnceCell::new(),
            route: None,
            model,
            stream,
            stream_usage,
            base64_vectors: body.with(|root| root.get("encoding_format").is_some_and(|format| format.is("base64"))),
            answer_form: body.with(|root| answer_form(call.operation, root)),
            own_fields,
            body,
            form,
        })
    }

    /// Whether the body has this field, which is for the gateway.
    pub fn has_own_field(&self, name: &str) -> bool {
        self.own_fields.iter().any(|edit| matches!(edit, Edit::Remove(own) if own == name))
    }

    /// The same call that says something else.
    pub fn say_instead(&mut self, body: Object) {
        self.body = body;
        (self.estimate, self.tokens, self.decoded) = Default::default();
    }

    /// The body with these changes, in pieces.
    pub fn spliced(&self, edits: &[Edit]) -> Vec<Bytes> {
        match &self.form {
            Some(form) => form.splice(&self.body, edits),
            None => self.body.splice(edits),
        }
    }

    /// Whether its answer goes on as it comes, in events or as bytes.
    pub fn flows(&self) -> bool {
        self.stream || self.operation.is_raw()
    }

    /// Whether its answer may be somebody else's, or that of somebody else its own: not where values of this caller go into
    /// it, or guardrails look at it.
    pub fn may_share_answer(&self) -> bool {
        self.guarding.as_ref().is_none_or(|guarding| !guarding.minds_answers())
    }

    /// The body as it may be kept and told.
    pub fn shown(&self) -> &Bytes {
        self.shown.as_ref().unwrap_or(self.body.bytes())
    }

    /// Goes by another spelling of the model's name if only that one means something.
    pub fn spell(&mut self, setup: &Setup) {
        let known = |name: &str| setup.find(name).is_some() || setup.router(name).is_some();
        if !known(&self.model)
            && let Some(other) = self.front.other_name(&self.model).filter(|other| known(other))
        {
            self.model = other;
        }
    }

    /// The body in the words of `types`, with what `deployment` always adds and takes out. Decoded once for all
    /// deployments that change nothing.
    pub fn decoded(&self, deployment: &Deployment) -> Result<Cow<'_, Request>, Fault> {
        let edits = self.edits(deployment);
        if edits.len() > self.own_fields.len() {
            return self.read_request(&edits).map(Cow::Owned);
        }
        let decode = || self.read_request(&edits);
        self.decoded.get_or_init(decode).as_ref().map(Cow::Borrowed).map_err(Clone::clone)
    }

    /// The body in the words of `types`, whoever it goes to.
    pub fn request(&self) -> Result<Request, Fault> {
        self.read_request(&self.own_fields)
    }

    /// The body with these changes. Whether the answer is streamed need not stand in it.
    fn read_request(&self, edits: &[Edit]) -> Result<Request, Fault> {
        let mut request = self.front.read_request(self.operation, &self.body.splice(edits).concat())?;
        match &mut request {
            Request::Chat(chat) => chat.stream = self.stream,
            Request::Completion(completion) => completion.settings.stream = self.stream,
            Request::Image(picturing) => {
                // Only whoever translates needs the files themselves.
                picturing.images.extend(self.form.iter().flat_map(|form| form.pictures()));
                if self.operation == Operation::ImageEdit && picturing.images.is_empty() {
                    return Err(Fault::invalid_param("image", "there is no picture to be edited"));
                }
            }
            Request::Transcription(listening) => {
                let recording = self.form.as_ref().and_then(|form| form.recording());
                let missing = || Fault::invalid_param("file", "there is no recording to be written down");
                listening.recording = recording.ok_or_else(missing)?;
            }
            _ => {}
        }
        Ok(request)
    }

    /// Whom and what the call is for.
    pub fn attribution(&self, setup: &Setup, caller: &Caller) -> Attribution {
        let header = setup.spending.customer_header.as_deref();
        let arm = self.route.as_ref().and_then(|route| route.tag());
        let tags = arm.into_iter().chain(caller.tags());
        let said = self.body.with(|root| Attribution::read(root, &self.headers, header, tags));
        let customer_id = caller.customer_id.clone().or(said.customer_id);
        Attribution { customer_id, ..said }
    }

    /// About how many tokens the input has.
    pub fn input_estimate(&self) -> u64 {
        *self.estimate.get_or_init(|| {
            pieces::input_tokens(self).unwrap_or_else(|| policy::estimate_body_tokens(self.body.bytes()))
        })
    }

    /// About how many tokens the input has, as its text is read: closer than the estimate, and not as quick.
    pub fn tokens(&self) -> u64 {
        // What is heard is no text.
        let is_heard = matches!(self.operation, Operation::Transcription | Operation::Translation);
        *self.tokens.get_or_init(|| match (!is_heard).then(|| self.request()) {
            Some(Ok(request)) => policy::estimate_request_tokens(&request),
            _ => self.input_estimate(),
        })
    }

    /// Whether the input has nothing but text, and not more bytes than a window has tokens.
    pub fn is_plain_and_within(&self, window: u64) -> bool {
        let body = self.body.bytes();
        let mentions = |media: &&[u8]| memmem::find(body, media).is_some();
        body.len() as u64 <= window && !MEDIA.iter().any(mentions)
    }

    /// The same call with these messages alone, which are as they were written.
    pub fn with_messages(&self, messages: &[&str], left_out: usize) -> Result<Self, Fault> {
        let edits = [Edit::Set(self.front.conversation().to_owned(), format!("[{}]", messages.join(",")))];
        let shorter = self.again(self.model.clone(), self.body.splice(&edits).concat().into())?;
        Ok(Ask { left_out, estimate: OnceCell::new(), tokens: OnceCell::new(), ..shorter })
    }

    /// The caller's bound of the answer, tokens; of all answers together, if it wants several.
    pub fn output_bound(&self) -> Option<u64> {
        self.body.with(|root| self.front.output_bound(root))?.checked_mul(self.answers())
    }

    /// Whether the caller has nothing to say to the model and only wants it to be ready.
    pub fn asks_nothing(&self) -> bool {
        self.body.with(|root| self.front.asks_nothing(self.operation, root))
    }

    /// The context that the caller asks a local engine for, tokens.
    pub fn num_ctx(&self) -> Option<u64> {
        self.body.with(|root| {
            let own = |object: Json| object.get_some("num_ctx").and_then(|value| value.as_u64());
            own(root).or_else(|| root.get_some("options")?.inside(own)?)
        })
    }

    /// How many answers are wanted.
    pub fn answers(&self) -> u64 {
        self.body.with(|root| self.front.answers(root)).max(1)
    }

    /// The same call with a smaller bound of each answer.
    pub fn bounded(&self, tokens: u64) -> Result<Self, Fault> {
        let tokens = (tokens / self.answers()).max(1);
        let edit = self.body.with(|root| self.front.bounded(self.operation, root, tokens));
        self.again(self.model.clone(), self.body.splice(&[edit]).concat().into())
    }

    /// The same call to another model.
    pub fn of_model(&self, model: &str) -> Result<Self, Fault> {
        self.again(model.to_owned(), self.body.bytes().clone())
    }

    /// The same call, whose input has so many tokens.
    pub fn estimated(&self, tokens: u64) -> Result<Self, Fault> {
        let again = self.again(self.model.clone(), self.body.bytes().clone())?;
        Ok(Ask { estimate: tokens.into(), tokens: tokens.into(), ..again })
    }

    fn again(&self, model: String, body: Bytes) -> Result<Self, Fault> {
        Ok(Ask {
            body: Object::parse(body)?,
            headers: self.headers.clone(),
            model,
            route: self.route.clone(),
            wishes: self.wishes.clone(),
            connection: self.connection.clone(),
            pinned: self.pinned.clone(),
            guarding: self.guarding.clone(),
            form: self.form.clone(),
            shown: None,
            own_fields: self.own_fields.clone(),
            estimate: self.estimate.clone(),
            tokens: self.tokens.clone(),
            decoded: OnceCell::new(),
            answer_form: self.answer_form.clone(),
            ..*self
        })
    }

    /// How long the caller waits for an attempt, if it said so.
    pub fn patience(&self) -> Option<Duration> {
        let stream_timeout = self.wishes.stream_timeout.filter(|_| self.stream);
        stream_timeout.or(self.wishes.timeout)
    }

    /// What changes in the body whatever the dialect: the gateway's own fields go, and so do fields that
    /// `deployment` never wants; fields it always wants come in where they are missing.
    pub fn edits(&self, deployment: &Deployment) -> Vec<Edit> {
        let removed = deployment.removed.iter().cloned().map(Edit::Remove);
        let bounded = self.body.with(|root| root.get("max_completion_tokens").is_some());
        let wanted = deployment.defaults.iter().filter(|(name, _)| !(bounded && name == "max_tokens"));
        let wanted = wanted.map(|(name, value)| Edit::Default(name.clone(), value.get().to_owned()));
        self.own_fields.iter().cloned().chain(removed).chain(wanted).collect()
    }

    /// The deployment as this caller wants to reach it: with its own key or address, where the configuration lets
    /// it bring them. Anything else of the kind is refused.
    pub fn connect(&self, setup: &Setup, deployment: &Arc<Deployment>) -> Result<Arc<Deployment>, Fault> {
        if self.connection.is_empty() {
            return Ok(deployment.clone());
        }
        let mut own = Deployment::clone(deployment);
        if self.connection.iter().any(|(name, _)| name != "api_key") {
            // Wherever else the call goes, our credentials stay here.
            own.headers = own.headers.iter().filter(|(_, value)| !value.is_sensitive()).map(owned).collect();
            own.access_token = None;
            own.signing = None;
        }
        for (name, value) in &self.connection {
            let allowed =
                self.pinned.is_some() || setup.client_params.allow_all || deployment.client_params.contains(name);
            let replaced = match name.as_str() {
                _ if !allowed => Err("the gateway's configuration does not let callers replace it".to_owned()),
                "api_key" => {
                    own.access_token = None;
                    own.signing = None;
                    own.auth.set_key(value, &mut own.headers)
                }
                "api_base" | "base_url" => Endpoint::parse(value).map(|endpoint| own.endpoint = endpoint),
                _ => Err("callers cannot replace it".to_owned()),
            };
            replaced.map_err(|why| Fault::invalid_param(name, format!("'{name}' in a request: {why}")))?;
        }
        Ok(Arc::new(own))
    }
}

fn owned((name, value): (&HeaderName, &HeaderValue)) -> (HeaderName, HeaderValue) {
    (name.clone(), value.clone())
}

/// The form in which sound is wanted, or what was said.
fn answer_form(operation: Operation, root: Json) -> Option<Rc<str>> {
    let has_forms = matches!(operation, Operation::Speech | Operation::Transcription | Operation::Translation);
    Some(root.get_some("response_format").filter(|_| has_forms)?.as_string()?.into())
}

fn model(root: Json) -> Result<Option<String>, Fault> {
    match root.get_some("model") {
        None => Ok(None),
        Some(value) => match value.as_string() {
            Some(name) if !name.trim().is_empty() => Ok(Some(name)),
            Some(_) => Err(Fault::invalid_param("model", "the model must not be empty")),
            None => {
                let found = value.kind().describe();
                Err(Fault::invalid_param("model", format!("the model must be a string, but is {found}")))
            }
        },
    }
}

fn flag(root: Json, name: &str) -> Result<Option<bool>, Fault> {
    let flag = |value: Json| {
        value.as_bool().ok_or_else(|| {
            let found = value.kind().describe();
            Fault::invalid_param(name, format!("'{name}' must be true or false, but is {found}"))
        })
    };
    root.get_some(name).map(flag).transpose()
}

/// Tags and guardrails within the metadata are for us, and providers, who know texts there alone, would refuse them; the rest of the
/// metadata goes on.
fn without_tags(root: Json) -> Option<Edit> {
    let name = "metadata".to_owned();
    root.get_some(&name)?.inside(|metadata| {
        let list = |name: &str| metadata.get(name).is_some_and(|list| list.kind() == Kind::Array);
        let ours: Vec<_> = ["tags", "guardrails"].into_iter().filter(|name| list(name)).collect();
        if ours.is_empty() {
            return None;
        }
        let others = metadata.fields().filter(|(key, _)| !ours.iter().any(|name| key.is(name)));
        let others: Vec<String> = others.map(|(key, value)| format!("{}:{}", key.raw(), value.raw())).collect();
        Some(match others.is_empty() {
            true => Edit::Remove(name),
            false => Edit::Set(name, format!("{{{}}}", others.join(","))),
        })
    })?
}

/// Every connection field with a value, also one that a later `null` of the same name would hide.
fn connection(root: Json) -> Vec<(String, String)> {
    let given = root.fields().filter_map(|(key, value)| {
        let name = key.as_str().filter(|name| CONNECTION_FIELDS.binary_search(&&**name).is_ok())?;
        let text = || value.as_string().unwrap_or_else(|| value.raw().to_owned());
        (!value.is_null()).then(|| (name.into_owned(), text()))
    });
    given.collect()
}

/// The priority that a call asks for: none is better than 0.
fn priority(root: Json, headers: &HeaderMap) -> Result<Option<i64>, Fault> {
    let header = headers.get("x-litellm-priority").map(|value| value.to_str().unwrap_or_default().trim().to_owned());
    let Some(text) = header.or_else(|| root.get_some("priority").map(|value| value.raw().trim().to_owned())) else {
        return Ok(None);
    };
    let wrong = |_| Fault::invalid_param("priority", "'priority' must be a whole number; lower ones come first");
    text.parse::<i64>().map(|priority| Some(priority.max(0))).map_err(wrong)
}

/// What the caller wants left out of a call that is too long.
fn truncation(root: Json) -> Result<Option<Truncation>, Fault> {
    const NAME: &str = "context_truncation";
    let Some(value) = root.get_some(NAME) else { return Ok(None) };
    let rule = value.as_string().and_then(|name| Truncation::parse(&name));
    rule.map(Some).ok_or_else(|| {
        let known = Truncation::ALL.map(Truncation::name).join(", ");
        Fault::invalid_param(NAME, format!("'{NAME}' must be one of {known}"))
    })
}

impl Wishes {
    fn read(root: Json, headers: &HeaderMap) -> Result<Self, Fault> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
        let body = |name: &str| root.get_some(name).and_then(|value| value.as_f64());
        let seconds =
            |value: Option<f64>| value.and_then(|s| Duration::try_from_secs_f64(s).ok()).filter(|d| !d.is_zero());
        let retries = header("x-litellm-num-retries").or_else(|| body("num_retries")).or_else(|| body("max_retries"));
        let fallbacks = root.get_some("fallbacks").and_then(|list| {
            let name = |item: Json| item.as_string().or_else(|| item.get("model")?.as_string());
            list.inside(|list| list.items().filter_map(name).collect())
        });
        let timeout = header("x-litellm-timeout").or_else(|| body("timeout")).or_else(|| body("request_timeout"));
        Ok(Wishes {
            retries: retries.map(|number| number.clamp(0.0, 10.0) as u32),
            no_fallbacks: flag(root, "disable_fallbacks")?.unwrap_or(false),
            fallbacks: fallbacks.unwrap_or_default(),
            timeout: seconds(timeout),
            stream_timeout: seconds(header("x-litellm-stream-timeout").or_else(|| body("stream_timeout"))),
            heartbeat: seconds(header("x-litellm-keepalive-seconds")),
            drop_params: root.get_some("drop_params").and_then(|value| value.as_bool()),
            strict: root.get_some("strict").and_then(|value| value.as_bool()),
            priority: priority(root, headers)?,
            truncation: truncation(root)?,
        })
    }
}

#[cfg(test)]
mod tests;
