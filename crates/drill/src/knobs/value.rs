//! The kinds of value a knob can have, and the names of faults and errors.

/// A knob's value: how it is described, and how it is read.
pub(super) trait Value: Sized {
    /// What a value looks like, for the documentation.
    const KIND: &'static str;
    /// Reads a value; the error says what was expected.
    fn parse(text: &str) -> Result<Self, String>;
}

impl Value for bool {
    const KIND: &'static str = "0|1";
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err(format!("expected 0 or 1, got `{text}`")),
        }
    }
}

impl Value for u64 {
    const KIND: &'static str = "number";
    fn parse(text: &str) -> Result<Self, String> {
        // One bound for all numbers keeps every buffer and loop that depends on them bounded too.
        const MAX: u64 = 64 * 1024 * 1024;
        match text.parse() {
            Ok(number) if number <= MAX => Ok(number),
            _ => Err(format!("expected a whole number up to {MAX}, got `{text}`")),
        }
    }
}

impl Value for u16 {
    const KIND: &'static str = "HTTP status";
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(status) if (200..=599).contains(&status) => Ok(status),
            _ => Err(format!("expected a status from 200 to 599, got `{text}`")),
        }
    }
}

impl Value for f64 {
    const KIND: &'static str = "seconds";
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
            _ => Err(format!("expected seconds, got `{text}`")),
        }
    }
}

impl Value for String {
    const KIND: &'static str = "text";
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $type:ident { $($word:literal => $variant:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $type { $(#[doc = $word] $variant,)* }

        impl Value for $type {
            const KIND: &'static str = words!(@join $($word)*);
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("expected one of {}, got `{text}`", Self::KIND)),
                }
            }
        }
    };
    (@join $first:literal $($rest:literal)*) => { concat!($first $(, "|", $rest)*) };
}

words! {
    /// A way to misbehave: `reset` to `empty` before or instead of an answer, the others during one.
    Fault {
        "reset" => Reset,
        "close" => Close,
        "hang_headers" => HangHeaders,
        "half_head" => HalfHead,
        "not_http" => NotHttp,
        "slow_headers" => SlowHeaders,
        "html" => Html,
        "empty" => Empty,
        "hang_first" => HangFirst,
        "stall" => Stall,
        "cut" => Cut,
        "cut_clean" => CutClean,
        "reset_mid" => ResetMid,
        "error_mid" => ErrorMid,
        "bad_json" => BadJson,
        "bad_sse" => BadSse,
        "bad_chunk" => BadChunk,
        "wrong_length" => WrongLength,
        "huge" => Huge,
        "no_choices" => NoChoices,
    }
}

words! {
    /// A vendor's error by what it means; each dialect has its own status and body for it.
    Trouble {
        "bad_request" => BadRequest,
        "invalid_key" => InvalidKey,
        "billing" => Billing,
        "permission" => Permission,
        "not_found" => NotFound,
        "conflict" => Conflict,
        "too_large" => TooLarge,
        "unprocessable" => Unprocessable,
        "rate_limit" => RateLimit,
        "insufficient_quota" => InsufficientQuota,
        "context_length" => ContextLength,
        "content_policy" => ContentPolicy,
        "unsupported" => Unsupported,
        "server" => Server,
        "bad_gateway" => BadGateway,
        "overloaded" => Overloaded,
        "timeout" => Timeout,
    }
}

words! {
    /// How an OpenAI-like server shapes streamed tool calls.
    CallStyle {
        "fragments" => Fragments,
        "whole" => Whole,
        "no_index" => NoIndex,
        "repeat_id" => RepeatId,
    }
}
