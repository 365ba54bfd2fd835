//! In how many ways a provider breaks: those rows of the fault table that are the provider's doing, or that of the way
//! to it. What a caller does wrong, no failover makes right.

/// A fault of a provider.
pub struct Fault {
    /// What it is called, here and in reports.
    pub name: &'static str,
    /// What makes it happen.
    pub cause: Cause,
}

/// What makes a fault happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A mock provider with these knobs.
    Knobs(&'static str),
    /// Nobody listens.
    Refused,
    /// Whoever listens does not speak TLS.
    Tls,
}

const fn knobs(name: &'static str, knobs: &'static str) -> Fault {
    Fault { name, cause: Cause::Knobs(knobs) }
}

/// Every fault there is.
pub const FAULTS: &[Fault] = &[
    // The way to the provider.
    Fault { name: "refused", cause: Cause::Refused },
    Fault { name: "no TLS", cause: Cause::Tls },
    knobs("reset", "fault=reset"),
    knobs("closed", "fault=close"),
    knobs("half a head", "fault=half_head"),
    knobs("not HTTP", "fault=not_http"),
    // Silence.
    knobs("no headers", "fault=hang_headers"),
    knobs("no first token", "fault=hang_first"),
    knobs("stall", "fault=stall,after=3,chunk_ms=5"),
    // Broken off in the middle.
    knobs("cut", "fault=cut,after=3,chunk_ms=5"),
    knobs("clean cut", "fault=cut_clean,after=3,chunk_ms=5"),
    knobs("reset in the middle", "fault=reset_mid,after=3,chunk_ms=5"),
    knobs("wrong chunk", "fault=bad_chunk,after=3,chunk_ms=5"),
    knobs("error in the middle", "fault=error_mid,after=3,chunk_ms=5"),
    knobs("cut before content", "fault=cut,after=0"),
    knobs("clean cut before content", "fault=cut_clean,after=0"),
    // Lies.
    knobs("broken JSON", "fault=bad_json,after=3,chunk_ms=5"),
    knobs("broken JSON before content", "fault=bad_json,after=0"),
    knobs("a page", "fault=html"),
    knobs("a page with success", "fault=html,status=200"),
    knobs("nothing", "fault=empty"),
    // Refusals.
    knobs("status 401", "status=401"),
    knobs("status 403", "status=403"),
    knobs("status 404", "status=404"),
    knobs("status 408", "status=408"),
    knobs("status 429", "status=429"),
    knobs("status 429 with a second to wait", "status=429,retry_after=1"),
    knobs("status 500", "status=500"),
    knobs("status 502", "status=502"),
    knobs("status 503", "status=503"),
    knobs("status 529", "status=529"),
    knobs("an unpaid bill", "error=billing"),
    knobs("a redirect", "status=302"),
];
