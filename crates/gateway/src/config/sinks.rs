//! Who is told of calls, and what is kept of what is said in them: `callbacks` and what belongs to them, in the
//! incumbent's words. A name for which there is no sink is said, and nothing else comes of it.

use std::fmt;
use std::time::Duration;

use engine::Telemetry;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use providers::aws::{Keys, Scope};
use providers::http::Endpoint;
use types::Secret;

use super::environ::Env;
use super::prices::split;
use super::report::{Notes, Place};
use super::section::{Section, scalar};
use super::tree::{Node, Value};
use crate::bucket::place;

/// The sinks that there are, by their names.
const KINDS: [&str; 6] = ["clickhouse", "generic_api", "langfuse", "otel", "s3", "s3_v2"];
/// Callbacks that need nothing done: what they ask for is always there.
const THERE_ANYWAY: [&str; 1] = ["prometheus"];
/// Lists of callbacks, and whether those in them are told of what went well and of what went wrong.
const LISTS: [(&str, bool, bool); 3] =
    [("callbacks", true, true), ("success_callback", true, false), ("failure_callback", false, true)];
/// Most sinks.
const MOST: usize = 16;
/// KiB that are kept of a request and of an answer, unless the operator says otherwise; and the most that may be.
const CONTENT_KIB: u64 = 256;
const MOST_CONTENT_KIB: u64 = 8 << 10;
/// How long a sink gathers before it sends, if it does not say so itself.
const FLUSH: Duration = Duration::from_secs(1);
/// The same where each sending makes a file.
const FLUSH_FILES: Duration = Duration::from_secs(10);
/// How often numbers are sent, if nobody says so.
const NUMBERS: Duration = Duration::from_secs(60);

/// Who is told of calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sinks {
    /// All of them.
    pub all: Vec<Sink>,
    /// Whether none of them hears whose call it was (`redact_user_api_key_info`).
    pub redacted: bool,
}

/// Somebody who is told of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Sink {
    /// The name of the callback.
    pub name: String,
    /// Whether it is told of calls that went well.
    pub successes: bool,
    /// Whether it is told of others.
    pub failures: bool,
    /// Whether it is told what was said, where that is kept (`message_logging`).
    pub contents: bool,
    /// How long it gathers before it sends.
    pub flush: Duration,
    /// Where it is, and in which form it wants to know.
    pub way: Way,
}

/// Where a sink is, and in which form it wants to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// OpenTelemetry's protocol over HTTP.
    Otlp(Otlp),
    /// Objects in a bucket.
    S3(S3),
    /// Whoever takes JSON.
    Http(Address, Shape),
    /// Langfuse's ingestion API.
    Langfuse(Address),
    /// A table of ClickHouse.
    ClickHouse(Address, String),
}

/// An address, and what is shown there.
#[derive(Clone, PartialEq)]
pub struct Address {
    /// The host.
    pub endpoint: Endpoint,
    /// What is asked for there.
    pub path: String,
    /// Headers, the credential among them.
    pub headers: HeaderMap,
}

impl fmt::Debug for Address {
    /// The host alone: whoever knows the rest may write there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.endpoint.host)
    }
}

/// Where spans go, and numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Otlp {
    /// The address.
    pub address: Address,
    /// Whether they are written as JSON, and not as protobuf.
    pub json: bool,
    /// What is said of this gateway: `service.name` and the like.
    pub resource: Vec<(String, String)>,
    /// Where numbers go, if they do.
    pub numbers: Option<Box<Numbers>>,
}

/// Where numbers go.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The address.
    pub address: Address,
    /// Whether they are written as JSON, and not as protobuf.
    pub json: bool,
    /// How often.
    pub every: Duration,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct S3 {
    /// The host.
    pub endpoint: Endpoint,
    /// The path of the bucket there: empty, if the host is the bucket's own.
    pub bucket_path: String,
    /// What the names of objects begin with.
    pub prefix: String,
    /// What signatures are for.
    pub scope: Scope,
    /// The credential.
    pub keys: Keys,
}

/// How calls are written for who takes JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Many as a list.
    Array,
    /// Many, one on each line.
    Lines,
    /// Each by itself.
    Single,
}

impl Sinks {
    /// From the lists of callbacks; `settings` is the section at the top.
    pub fn read(library: &Section, settings: Option<&Node>, env: &Env, notes: &mut Notes) -> Self {
        let mut wanted: Vec<(String, bool, bool, Place, String)> = Vec::new();
        for (list, successes, failures) in LISTS {
            for (name, place) in library.texts(list) {
                match wanted.iter_mut().find(|(known, ..)| known == name) {
                    Some(known) => (known.1, known.2) = (known.1 | successes, known.2 | failures),
                    None => wanted.push((name.to_owned(), successes, failures, place, library.at(list))),
                }
            }
        }
        let mut all = Vec::new();
        for (name, successes, failures, place, path) in wanted {
            let own = settings.or(library.node("callback_settings")).and_then(|map| map.get(&name));
            let mut reader = Reader { library, own, env, notes, place, path, name: &name };
            if let Some(sink) = reader.sink(successes, failures) {
                match all.len() < MOST {
                    true => all.push(sink),
                    false => reader.warn(format!("at most {MOST} are told: {name} is not"), ""),
                }
            }
        }
        Sinks { all, redacted: library.flag("redact_user_api_key_info") == Some(true) }
    }

    /// Whether somebody wants to know of spans.
    fn traces(&self) -> bool {
        self.all.iter().any(|sink| matches!(sink.way, Way::Otlp(_)))
    }
}

/// What is told of calls and kept of them.
pub fn telemetry(general: &Section, library: &Section, sinks: &Sinks, notes: &mut Notes) -> Telemetry {
    let kib = general.count("store_prompts_max_kb").unwrap_or(CONTENT_KIB);
    if kib > MOST_CONTENT_KIB {
        let (place, path) = (general.place("store_prompts_max_kb"), general.at("store_prompts_max_kb"));
        notes.warn(place, &path, format!("no more than {MOST_CONTENT_KIB} KiB are kept of a request or an answer"), "");
    }
    let flag = |name: &str| library.flag(name) == Some(true);
    Telemetry {
        contents: general.flag("store_prompts_in_spend_logs") == Some(true),
        redacted: flag("turn_off_message_logging"),
        content_bytes: (kib.min(MOST_CONTENT_KIB) as usize) << 10,
        sinks: !sinks.all.is_empty(),
        unmutable: library.flag("allow_dynamic_callback_disabling") == Some(false),
        loud: flag("global_disable_no_log_param"),
        traces: sinks.traces(),
        propagates: flag("forward_traceparent_to_llm_provider"),
    }
}

/// What is said of one sink.
struct Reader<'r, 'n> {
    library: &'r Section<'r>,
    /// Its part of `callback_settings`.
    own: Option<&'r Node>,
    env: &'r Env<'r>,
    notes: &'n mut Notes,
    place: Place,
    path: String,
    name: &'r str,
}

impl Reader<'_, '_> {
    fn warn(&mut self, message: String, remedy: impl Into<String>) {
        self.notes.warn(self.place, &self.path, message, remedy);
    }

    /// Nobody is told.
    fn nobody(&mut self, why: &str) {
        let name = self.name;
        self.warn(format!("nobody is told by {name}: {why}"), "see docs/observability.md");
    }

    /// A setting by the name that it has in `callback_settings`, or in the environment.
    fn text(&self, name: &str, variables: &[&str]) -> Option<String> {
        let own = self.own.and_then(|own| scalar(own.get(name)?)).map(|scalar| scalar.text.trim().to_owned());
        own.filter(|text| !text.is_empty()).or_else(|| variables.iter().find_map(|variable| self.env.get(variable)))
    }

    fn sink(&mut self, successes: bool, failures: bool) -> Option<Sink> {
        let own = |name: &str| self.own.and_then(|own| scalar(own.get(name)?));
        let contents = own("message_logging").and_then(|scalar| scalar.flag()) != Some(false);
        // A kind of its own, or a name for one that `callback_settings` says.
        let kind = own("callback_type").map_or(self.name, |scalar| &scalar.text).to_owned();
        let usual = if kind.starts_with("s3") { FLUSH_FILES } else { FLUSH };
        let flush = own("flush_interval").map(|scalar| {
            let seconds = scalar.decimal().map(|number| number.to_f64());
            seconds.filter(|seconds| (0.05..=3600.0).contains(seconds)).map(Duration::from_secs_f64)
        });
        if flush == Some(None) {
            let message = format!("{} gathers for {usual:?}: its flush_interval is no number of seconds", self.name);
            self.warn(message, "write a number from 0.05 to 3600");
        }
        let flush = flush.flatten().unwrap_or(usual);
        let way = match &*kind {
            "otel" => Way::Otlp(self.otlp()?),
            "s3" | "s3_v2" => Way::S3(self.s3()?),
            "generic_api" => self.http()?,
            "langfuse" => self.langfuse()?,
            "clickhouse" => self.clickhouse()?,
            there if THERE_ANYWAY.contains(&there) => return None,
            other => {
                self.warn(format!("nobody is told by {other}: there are {}", KINDS.join(", ")), "");
                return None;
            }
        };
        Some(Sink { name: self.name.to_owned(), successes, failures, contents, flush, way })
    }

    /// The address `url` with these headers.
    fn address(&mut self, url: &str, headers: HeaderMap) -> Option<Address> {
        match split(url) {
            Ok((endpoint, path)) => Some(Address { endpoint, path, headers }),
            Err(why) => {
                self.nobody(&why);
                None
            }
        }
    }

    fn otlp(&mut self) -> Option<Otlp> {
        let Some((url, headers, json)) = self.signal("TRACES", "/v1/traces") else {
            self.nobody("OTEL_EXPORTER_OTLP_ENDPOINT is not set");
            return None;
        };
        let address = self.address(&url, headers)?;
        let service = self.text("service_name", &["OTEL_SERVICE_NAME"]).unwrap_or_else(|| "lockgate".to_owned());
        let mut resource = vec![("service.name".to_owned(), service)];
        let more = self.env.get("OTEL_RESOURCE_ATTRIBUTES").map(|text| pairs(&text)).unwrap_or_default();
        resource.extend(more.into_iter().filter(|(name, _)| name != "service.name"));
        Some(Otlp { address, json, resource, numbers: self.numbers().map(Box::new) })
    }

    /// Where spans or numbers go, with which headers, and whether they are written as JSON; nothing if nobody says where.
    fn signal(&mut self, signal: &str, path: &str) -> Option<(String, HeaderMap, bool)> {
        const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_ENDPOINT"];
        let own = |what: &str| format!("OTEL_EXPORTER_OTLP_{signal}_{what}");
        let whole = self.env.get(&own("ENDPOINT"));
        let url = whole.clone().or_else(|| self.text("endpoint", &ENDPOINTS))?;
        let url = url.trim_end_matches('/');
        let url = match whole.is_some() {
            true => url.to_owned(),
            false => format!("{}{path}", url.strip_suffix("/v1/traces").unwrap_or(url)),
        };
        let protocol = self.text("protocol", &[&own("PROTOCOL"), "OTEL_EXPORTER_OTLP_PROTOCOL"]);
        let protocol = protocol.or_else(|| self.text("exporter", &["OTEL_EXPORTER"])).unwrap_or_default();
        if protocol.contains("grpc") {
            self.warn(format!("{protocol} is not spoken: {path} goes over HTTP"), "use http/protobuf and its port");
        }
        let headers = self.headers(&[&own("HEADERS"), "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_HEADERS"], None);
        Some((url, headers, protocol.contains("json")))
    }

    fn numbers(&mut self) -> Option<Numbers> {
        let exporter = self.env.get("OTEL_METRICS_EXPORTER").unwrap_or_else(|| "otlp".to_owned());
        if !exporter.split(',').any(|name| name.trim() == "otlp") {
            return None;
        }
        let (url, headers, json) = self.signal("METRICS", "/v1/metrics")?;
        let (endpoint, path) = match split(&url) {
            Ok(found) => found,
            Err(why) => {
                self.warn(format!("{} sends no numbers: {why}", self.name), "see docs/observability.md");
                return None;
            }
        };
        let ms = self.env.get("OTEL_METRIC_EXPORT_INTERVAL").map(|text| text.trim().parse().unwrap_or(0));
        let is_usable = ms.is_none_or(|ms| (100..=3_600_000).contains(&ms));
        if !is_usable {
            let message = format!("OTEL_METRIC_EXPORT_INTERVAL is not usable: numbers go every {NUMBERS:?}");
            self.warn(message, "write a number of milliseconds from 100 to 3600000");
        }
        let every = ms.filter(|_| is_usable).map_or(NUMBERS, Duration::from_millis);
        Some(Numbers { address: Address { endpoint, path, headers }, json, every })
    }

    fn s3(&mut self) -> Option<S3> {
        let params = self.library.node("s3_callback_params");
        let given = |name: &str, variables: &[&str]| {
            let own = params.and_then(|params| scalar(params.get(name)?)).map(|scalar| scalar.text.trim().to_owned());
            own.filter(|text| !text.is_empty()).or_else(|| self.text(name, variables))
        };
        let bucket = given("s3_bucket_name", &[]);
        let region = given("s3_region_name", &["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]);
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let id = given("s3_aws_access_key_id", &["AWS_ACCESS_KEY_ID"]);
        let secret = given("s3_aws_secret_access_key", &["AWS_SECRET_ACCESS_KEY"]);
        let session_token = given("s3_aws_session_token", &["AWS_SESSION_TOKEN"]).map(Secret::new);
        let prefix = given("s3_path", &[]).unwrap_or_default().trim_matches('/').to_owned();
        let endpoint = given("s3_endpoint_url", &[]);
        let Some(bucket) = bucket.filter(|bucket| !bucket.contains('/')) else {
            self.nobody("s3_callback_params has no s3_bucket_name");
            return None;
        };
        let (Some(access_key_id), Some(secret)) = (id, secret) else {
            self.nobody("s3_callback_params has no s3_aws_access_key_id and s3_aws_secret_access_key");
            return None;
        };
        let (url, bucket_path) = place(&bucket, &region, endpoint.as_deref());
        let Address { endpoint, .. } = self.address(&url, HeaderMap::new())?;
        let bucket_path = format!("{}{bucket_path}", endpoint.base_path);
        let keys = match Keys::new(&access_key_id, Secret::new(secret), session_token) {
            Ok(keys) => keys,
            Err(why) => {
                self.nobody(&format!("the credential cannot be used: {why}"));
                return None;
            }
        };
        Some(S3 { endpoint, bucket_path, prefix, scope: Scope { region, service: "s3" }, keys })
    }

    fn http(&mut self) -> Option<Way> {
        let Some(url) = self.text("endpoint", &["GENERIC_LOGGER_ENDPOINT"]) else {
            self.nobody("GENERIC_LOGGER_ENDPOINT is not set");
            return None;
        };
        let headers = self.headers(&["GENERIC_LOGGER_HEADERS"], self.library.node("generic_logger_headers"));
        let shape = match self.text("log_format", &[]).as_deref() {
            Some("ndjson") => Shape::Lines,
            Some("single") => Shape::Single,
            None | Some("json_array") => Shape::Array,
            Some(other) => {
                self.warn(format!("there is no log_format {other}"), "write json_array, ndjson or single");
                Shape::Array
            }
        };
        Some(Way::Http(self.address(&url, headers)?, shape))
    }

    fn langfuse(&mut self) -> Option<Way> {
        let keys = (
            self.text("langfuse_public_key", &["LANGFUSE_PUBLIC_KEY"]),
            self.text("langfuse_secret_key", &["LANGFUSE_SECRET_KEY", "LANGFUSE_SECRET"]),
        );
        let (Some(public), Some(secret)) = keys else {
            self.nobody("LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set");
            return None;
        };
        let host = self.text("langfuse_host", &["LANGFUSE_HOST", "LANGFUSE_BASE_URL"]);
        let host = host.unwrap_or_else(|| "https://cloud.langfuse.com".to_owned());
        let mut headers = HeaderMap::new();
        self.basic(&public, &secret, &mut headers);
        let url = format!("{}/api/public/ingestion", host.trim_end_matches('/'));
        Some(Way::Langfuse(self.address(&url, headers)?))
    }

    fn clickhouse(&mut self) -> Option<Way> {
        let Some(url) = self.text("url", &["CLICKHOUSE_URL"]) else {
            self.nobody("CLICKHOUSE_URL is not set");
            return None;
        };
        let mut headers = HeaderMap::new();
        for (header, name, variable) in [
            ("x-clickhouse-user", "user", "CLICKHOUSE_USER"),
            ("x-clickhouse-key", "password", "CLICKHOUSE_PASSWORD"),
            ("x-clickhouse-database", "database", "CLICKHOUSE_DATABASE"),
        ] {
            if let Some(value) = self.text(name, &[variable]) {
                self.put(&mut headers, header, &value);
            }
        }
        let table = self.text("table", &["CLICKHOUSE_TABLE"]).unwrap_or_else(|| "lockgate_calls".to_owned());
        let is_name =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !table.split('.').all(is_name) {
            self.nobody("the name of the table has letters, digits and underscores alone");
            return None;
        }
        Some(Way::ClickHouse(self.address(&url, headers)?, table))
    }

    /// Headers of `callback_settings`, of `node`, or of a variable: `name=value,other=value`.
    fn headers(&mut self, variables: &[&str], node: Option<&Node>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let text = variables.iter().find_map(|variable| self.env.get(variable)).unwrap_or_default();
        let mut given = pairs(&text);
        for node in [node, self.own.and_then(|own| own.get("headers"))].into_iter().flatten() {
            match &node.value {
                Value::Map(entries) => {
                    let texts = entries.iter().filter_map(|(name, node)| Some((name, scalar(node)?)));
                    given.extend(texts.map(|(name, scalar)| (name.clone(), scalar.text.clone())));
                }
                Value::Scalar(scalar) => given.extend(pairs(&scalar.text)),
                _ => {}
            }
        }
        for (name, value) in given {
            self.put(&mut headers, &name, &value);
        }
        headers
    }

    fn put(&mut self, headers: &mut HeaderMap, name: &str, value: &str) {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => drop(headers.insert(name, value)),
            // Whoever wrote it wrongly may have put a secret where the name should be.
            _ => self.warn(format!("a header of {} cannot be sent", self.name), "write name=value,other=value"),
        }
    }

    fn basic(&mut self, user: &str, password: &str, headers: &mut HeaderMap) {
        use base64::Engine;
        let both = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.put(headers, "authorization", &format!("Basic {both}"));
    }
}

/// `name=value,other=value`, as OpenTelemetry writes headers: percent signs stand for what could not be written.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(text.trim()).decode_utf8_lossy().into_owned();
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).filter(|(name, _)| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests;
