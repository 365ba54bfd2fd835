//! What went wrong, whose fault it is, and whether trying again can help.

use std::fmt;
use std::time::Duration;

/// Something went wrong. Nothing is logged where a fault is made; it is translated once, at the door, into the
/// caller's dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// Whose fault.
    pub side: Side,
    /// For the caller to read: never holds a credential, an address of ours, or a stack trace.
    pub message: String,
    /// HTTP status the provider answered with.
    pub upstream_status: Option<u16>,
    /// How long the provider (or we) ask the caller to wait.
    pub retry_after: Option<Duration>,
    /// The offending parameter.
    pub param: Option<String>,
    /// A machine-readable code of the provider or ours that is finer than `kind`.
    pub code: Option<String>,
    /// The incumbent's word for a refusal of the gateway's own, which its users' programs act on: `budget_exceeded`,
    /// `token_not_found_in_db`.
    pub label: Option<&'static str>,
    /// The status that callers get in any case: the operator wants it, or the provider's own is one that nobody knows.
    pub status: Option<u16>,
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The request is wrong: no other deployment would do better, no deployment is to blame.
    Caller,
    /// The gateway or its configuration.
    Gateway,
    /// The provider, or the way to it.
    Provider,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// Not a request we or the provider understand.
    InvalidRequest,
    /// A parameter that the target cannot honour.
    Unsupported,
    /// The body is larger than allowed.
    TooLarge,
    /// The input does not fit the model's context window.
    ContextWindow,
    /// The provider refuses the content.
    ContentPolicy,
    /// The key is missing or wrong.
    Authentication,
    /// The key may not do this.
    Permission,
    /// No such model, or no such path.
    NotFound,
    /// The provider says that somebody must pay first.
    Payment,
    /// A budget of ours is spent.
    Budget,
    /// A budget of ours for this model alone is spent: there may be money for another one.
    ModelBudget,
    /// Too many requests or tokens.
    RateLimit,
    /// The provider is overloaded and says so.
    Overloaded,
    /// The provider could not be reached: refused, reset, DNS, TLS.
    Connect,
    /// Nothing came in time: connecting, headers, first token, between chunks, or in total.
    Timeout,
    /// The connection broke, or the stream ended before its end.
    Cut,
    /// The provider answered something that is not its format, or nothing.
    Malformed,
    /// The provider failed (5xx).
    Upstream,
    /// Every deployment is resting after faults, or none is configured.
    NoDeployment,
    /// The gateway is going down or is full.
    Unavailable,
    /// A defect of ours.
    Internal,
}

impl FaultKind {
    /// Whether the same call may succeed at another deployment or a little later.
    pub fn is_retryable(self) -> bool {
        use FaultKind::*;
        matches!(self, RateLimit | Overloaded | Connect | Timeout | Cut | Malformed | Upstream)
    }

    /// Status that the caller gets, unless the provider's own status is more telling.
    pub fn status(self) -> u16 {
        use FaultKind::*;
        match self {
            InvalidRequest | Unsupported | ContextWindow | ContentPolicy => 400,
            Authentication => 401,
            Payment => 402,
            Permission => 403,
            NotFound => 404,
            TooLarge => 413,
            Budget | ModelBudget => 422,
            RateLimit | NoDeployment => 429,
            Internal => 500,
            Connect | Cut | Malformed | Upstream => 502,
            Overloaded | Unavailable => 503,
            Timeout => 504,
        }
    }
}

impl Fault {
    /// A fault of the given kind and side.
    pub fn new(kind: FaultKind, side: Side, message: impl Into<String>) -> Self {
        Fault {
            kind,
            side,
            message: message.into(),
            upstream_status: None,
            retry_after: None,
            param: None,
            code: None,
            label: None,
            status: None,
        }
    }

    /// The caller sent something wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Fault::new(FaultKind::InvalidRequest, Side::Caller, message)
    }

    /// The caller sent something wrong in field `param`.
    pub fn invalid_param(param: impl Into<String>, message: impl Into<String>) -> Self {
        Fault { param: Some(param.into()), ..Fault::invalid(message) }
    }

    /// The target cannot honour `param`, and dropping it would change the answer.
    pub fn unsupported(param: &str, target: &str) -> Self {
        Fault {
            kind: FaultKind::Unsupported,
            param: Some(param.to_owned()),
            code: Some("unsupported_parameter".to_owned()),
            ..Fault::invalid(format!("parameter '{param}' is not supported by {target}; remove it or set drop_params"))
        }
    }

    /// The provider, or the way to it, failed.
    pub fn provider(kind: FaultKind, message: impl Into<String>) -> Self {
        Fault::new(kind, Side::Provider, message)
    }

    /// The status that the caller gets. A provider's refusal of *our* credential is not the caller's 401.
    pub fn status(&self) -> u16 {
        if let Some(status) = self.status {
            return status;
        }
        match (self.side, self.kind, self.upstream_status) {
            (Side::Provider, FaultKind::Authentication | FaultKind::Permission | FaultKind::Payment, _) => 502,
            (Side::Provider | Side::Caller, _, Some(status)) if (400..600).contains(&status) => status,
            _ => self.kind.status(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
