//! An error before it is put into a vendor's words: what it means, what it says, which field it is about.

use crate::knobs::{Knobs, Trouble};

/// Something to tell the caller instead of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) kind: Trouble,
    /// HTTP status to use instead of the one the vendor has for this kind.
    pub(crate) status: Option<u16>,
    /// Text to use instead of the vendor's usual words for this kind.
    pub(crate) message: Option<String>,
    /// The field at fault, for vendors that name it.
    pub(crate) param: Option<String>,
    /// OpenAI's `code`, where it is not the usual one of the kind.
    pub(crate) code: Option<&'static str>,
    /// Seconds to wait, for the `retry-after` header.
    pub(crate) retry_after: Option<f64>,
}

impl Problem {
    pub(crate) fn new(kind: Trouble) -> Self {
        Self { kind, status: None, message: None, param: None, code: None, retry_after: None }
    }

    /// A request the vendor would refuse, and why.
    pub(crate) fn refuse(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new(Trouble::BadRequest) }
    }

    /// Names the field at fault.
    pub(crate) fn at(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(crate) fn kind(self, kind: Trouble) -> Self {
        Self { kind, ..self }
    }

    /// The error the knobs ask for, if they ask for one.
    pub(crate) fn from_knobs(knobs: &Knobs) -> Option<Self> {
        let kind = match (knobs.error, knobs.status) {
            (Some(kind), _) => kind,
            (None, Some(status)) if !(200..300).contains(&status) => kind_of(status),
            _ => return None,
        };
        Some(Self {
            status: knobs.status,
            message: knobs.message.clone(),
            retry_after: knobs.retry_after,
            ..Self::new(kind)
        })
    }
}

fn kind_of(status: u16) -> Trouble {
    match status {
        401 => Trouble::InvalidKey,
        402 => Trouble::Billing,
        403 => Trouble::Permission,
        404 => Trouble::NotFound,
        408 | 504 => Trouble::Timeout,
        409 => Trouble::Conflict,
        413 => Trouble::TooLarge,
        422 => Trouble::Unprocessable,
        429 => Trouble::RateLimit,
        502 => Trouble::BadGateway,
        503 | 529 => Trouble::Overloaded,
        500.. => Trouble::Server,
        _ => Trouble::BadRequest,
    }
}
