//! The rows of the fault table, and the words in which each dialect tells each kind of fault (OpenAI's and Anthropic's
//! published error types; the statuses are those that make their clients retry, or not, as they should).

use std::time::Duration;

use crate::backs::Back;
use crate::callers::Front;

/// A fault of a provider, or of the way to it.
pub struct Row {
    /// What it is called here.
    pub name: &'static str,
    /// What makes it happen.
    pub cause: Cause,
    /// Providers that can fail in this way.
    pub backs: &'static [Back],
    /// Settings of the deployment.
    pub params: &'static str,
    /// What the caller of a whole answer sees.
    pub whole: Seen,
    /// What the caller of a streamed answer sees.
    pub stream: Seen,
    /// The `retry-after` that the caller gets with a refusal.
    pub retry_after: Option<&'static str>,
    /// How long it may take, on a machine that has nothing else to do.
    pub within: Duration,
}

/// What makes a fault happen.
pub enum Cause {
    /// A mock provider with these knobs.
    Knobs(&'static str),
    /// Nobody listens.
    Refused,
    /// The host does not exist.
    Dns,
    /// Whoever listens does not speak TLS.
    Tls,
}

/// What a caller sees.
#[derive(Clone, Copy)]
pub enum Seen {
    /// A whole and correct answer.
    Answer,
    /// An error instead of an answer, after so many attempts.
    Refusal(Told, usize),
    /// The beginning of an answer, then an error, and no sign of success. Never tried twice.
    Break(Told),
}

impl Seen {
    /// How often the provider is asked.
    pub fn attempts(self) -> usize {
        match self {
            Seen::Refusal(_, attempts) => attempts,
            Seen::Answer | Seen::Break(_) => 1,
        }
    }
}

/// How a fault is told.
#[derive(Clone, Copy)]
pub struct Told {
    chat: (u16, &'static str),
    messages: (u16, &'static str),
    /// OpenAI's code, where clients look for it.
    pub code: Option<&'static str>,
    /// Words of Anthropic's message, in lower case, where clients look for them.
    pub says: Option<&'static str>,
    /// Whether another provider would say the same.
    pub callers_fault: bool,
}

impl Told {
    const fn new(chat: (u16, &'static str), messages: (u16, &'static str)) -> Self {
        Told { chat, messages, code: None, says: None, callers_fault: false }
    }

    /// The status of an answer that is this error.
    pub fn status(&self, front: Front) -> u16 {
        if front == Front::Messages { self.messages.0 } else { self.chat.0 }
    }

    /// The error's type; Ollama's are sentences alone.
    pub fn kind(&self, front: Front) -> &'static str {
        match front {
            Front::Chat | Front::Responses => self.chat.1,
            Front::Messages => self.messages.1,
            Front::Ollama => "",
            Front::Gemini => match self.chat.0 {
                401 => "UNAUTHENTICATED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                409 => "ABORTED",
                429 => "RESOURCE_EXHAUSTED",
                408 | 504 => "DEADLINE_EXCEEDED",
                503 => "UNAVAILABLE",
                500 | 502 => "INTERNAL",
                _ => "INVALID_ARGUMENT",
            },
        }
    }
}

/// The provider cannot be reached, breaks off, or says something that makes no sense.
const BROKEN: Told = Told::new((502, "internal_server_error"), (502, "api_error"));
/// It fails and says so.
const FAILED: Told = Told::new((500, "internal_server_error"), (500, "api_error"));
/// It says nothing for too long.
const LATE: Told = Told::new((504, "timeout_error"), (504, "timeout_error"));
/// It says itself that it was too slow.
const SLOW: Told = Told::new((408, "timeout_error"), (504, "timeout_error"));
/// It has too much to do.
const BUSY: Told = Told::new((503, "internal_server_error"), (529, "overloaded_error"));
/// It wants fewer calls.
const LIMITED: Told =
    Told { code: Some("rate_limit_exceeded"), ..Told::new((429, "rate_limit_error"), (429, "rate_limit_error")) };
/// It refuses the gateway's key, which is not the caller's: a 401 would send the caller to the wrong place.
const OUR_KEY: Told = BROKEN;
/// It does not know the model.
const UNKNOWN: Told =
    Told { code: Some("model_not_found"), ..Told::new((404, "invalid_request_error"), (404, "not_found_error")) };
/// Somebody else was in the way.
const CONFLICT: Told = Told::new((409, "invalid_request_error"), (409, "conflict_error"));
/// Somebody must pay first; waiting does not help.
const BROKE: Told =
    Told { code: Some("insufficient_quota"), ..Told::new((429, "rate_limit_error"), (429, "rate_limit_error")) };
/// The request is too large.
const TOO_LARGE: Told =
    Told { callers_fault: true, ..Told::new((413, "invalid_request_error"), (413, "request_too_large")) };
/// The request makes no sense.
const SENSELESS: Told =
    Told { callers_fault: true, ..Told::new((422, "invalid_request_error"), (422, "invalid_request_error")) };
/// The request is wrong.
const WRONG: Told =
    Told { callers_fault: true, ..Told::new((400, "invalid_request_error"), (400, "invalid_request_error")) };
/// The request is too long.
const TOO_LONG: Told = Told { code: Some("context_length_exceeded"), says: Some("prompt is too long"), ..WRONG };

/// A call that is tried once.
const ONCE: Duration = Duration::from_millis(300);
/// A call that is tried again after a pause of 375 to 625 ms.
const TWICE: Duration = Duration::from_millis(1000);
/// The same with a provider that uses up its time, 500 or 700 ms, both times.
const TWO_LIMITS: Duration = Duration::from_millis(2400);
/// Time limits that are met in a test.
const IMPATIENT: &str = "timeout: 0.7, stream_timeout: 0.5";

/// A row of a mock that breaks down in the same way whether it streams or not.
const fn row(name: &'static str, knobs: &'static str, told: Told, attempts: usize) -> Row {
    let seen = Seen::Refusal(told, attempts);
    let within = if attempts == 1 { ONCE } else { TWICE };
    let (cause, backs) = (Cause::Knobs(knobs), &Back::ALL);
    Row { name, cause, backs, params: "", whole: seen, stream: seen, retry_after: None, within }
}

/// A row of a mock that breaks down in the middle of a stream.
const fn middle(name: &'static str, knobs: &'static str, whole: Told) -> Row {
    Row { stream: Seen::Break(whole), ..row(name, knobs, whole, 2) }
}

/// The same for some providers alone.
const fn only(backs: &'static [Back], row: Row) -> Row {
    Row { backs, ..row }
}

/// Providers that stream server-sent events.
const EVENTS: &[Back] = &[Back::OpenAi, Back::Anthropic, Back::Gemini, Back::Cohere];

/// Every fault there is.
pub const TABLE: &[Row] = &[
    // The way to the provider.
    Row { cause: Cause::Refused, ..row("refused", "", BROKEN, 2) },
    Row { cause: Cause::Dns, ..row("unknown host", "", BROKEN, 2) },
    Row { cause: Cause::Tls, ..row("no TLS", "", BROKEN, 2) },
    row("reset", "fault=reset", BROKEN, 2),
    row("closed", "fault=close", BROKEN, 2),
    row("half a head", "fault=half_head", BROKEN, 2),
    row("not HTTP", "fault=not_http", BROKEN, 2),
    // Silence.
    Row { params: IMPATIENT, within: TWO_LIMITS, ..row("no headers", "fault=hang_headers", LATE, 2) },
    Row { params: IMPATIENT, within: TWO_LIMITS, ..row("no first token", "fault=hang_first", LATE, 2) },
    Row { params: IMPATIENT, within: TWO_LIMITS, ..middle("stall", "fault=stall,after=3,chunk_ms=20", LATE) },
    // Broken off in the middle.
    middle("cut", "fault=cut,after=3,chunk_ms=20", BROKEN),
    middle("clean cut", "fault=cut_clean,after=3,chunk_ms=20", BROKEN),
    middle("reset in the middle", "fault=reset_mid,after=3,chunk_ms=20", BROKEN),
    middle("wrong chunk", "fault=bad_chunk,after=3,chunk_ms=20", BROKEN),
    // A stream says itself when it is over; what becomes of the connection after that is nobody's concern.
    Row { stream: Seen::Answer, ..row("wrong length", "fault=wrong_length", BROKEN, 2) },
    middle("error in the middle", "fault=error_mid,after=3,chunk_ms=20", FAILED),
    row("cut before content", "fault=cut,after=0", BROKEN, 2),
    row("clean cut before content", "fault=cut_clean,after=0", BROKEN, 2),
    Row {
        stream: Seen::Refusal(BROKEN, 2),
        ..only(
            &[Back::OpenAi, Back::Anthropic, Back::Bedrock, Back::Cohere],
            row("error before content", "fault=error_mid,after=0", FAILED, 2),
        )
    },
    // These two say the status in the stream as well.
    only(&[Back::Gemini, Back::Ollama], row("status before content", "fault=error_mid,after=0", FAILED, 2)),
    // Lies.
    middle("broken JSON", "fault=bad_json,after=3,chunk_ms=20", BROKEN),
    row("broken JSON before content", "fault=bad_json,after=0", BROKEN, 2),
    // Lines that are no field of an event are to be passed over.
    Row { stream: Seen::Answer, ..only(EVENTS, row("broken events", "fault=bad_sse,after=3", BROKEN, 2)) },
    only(&[Back::Ollama, Back::Bedrock], middle("a broken line", "fault=bad_sse,after=3,chunk_ms=20", BROKEN)),
    row("a page", "fault=html", BROKEN, 2),
    row("a page with success", "fault=html,status=200", BROKEN, 2),
    row("nothing", "fault=empty", BROKEN, 2),
    // Anthropic has no list of choices, and an empty message is one.
    only(&[Back::OpenAi], row("no choices", "fault=no_choices", BROKEN, 2)),
    // Refusals.
    row("status 400", "status=400", WRONG, 1),
    row("status 401", "status=401", OUR_KEY, 1),
    row("status 403", "status=403", OUR_KEY, 1),
    row("status 404", "status=404", UNKNOWN, 1),
    row("status 408", "status=408", SLOW, 2),
    row("a conflict", "error=conflict", CONFLICT, 2),
    row("too large", "error=too_large", TOO_LARGE, 1),
    row("not to be processed", "error=unprocessable", SENSELESS, 1),
    row("status 429", "status=429", LIMITED, 2),
    Row {
        retry_after: Some("1"),
        within: Duration::from_millis(1500),
        ..row("status 429 with a second to wait", "status=429,retry_after=1", LIMITED, 2)
    },
    Row { retry_after: Some("90"), ..row("status 429 with a long wait", "status=429,retry_after=89.5", LIMITED, 1) },
    row("status 500", "status=500", FAILED, 2),
    row("status 502", "status=502", BROKEN, 2),
    row("status 503", "status=503", BUSY, 2),
    row("status 529", "status=529", BUSY, 2),
    only(&[Back::OpenAi], row("an empty account", "error=insufficient_quota", BROKE, 1)),
    only(&[Back::Anthropic], row("an empty account at Anthropic", "error=insufficient_quota", OUR_KEY, 1)),
    row("an unpaid bill", "error=billing", OUR_KEY, 1),
    row("a redirect", "status=302", BROKEN, 2),
    row("context length", "error=context_length", TOO_LONG, 1),
    row("content policy", "error=content_policy", WRONG, 1),
];
