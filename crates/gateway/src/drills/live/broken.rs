//! What a provider seems to do that is broken for live calls, and the addresses at which such providers seem to be.

use bytes::Bytes;
use http::HeaderMap;
use providers::http::{Body, Endpoint, Reply};
use types::{Fault, FaultKind};

/// End of the hosts of broken providers: a name that no server ever has (RFC 2606).
const HOSTS: &str = ".drill.invalid";

/// A way to be broken before anything was answered.
pub struct Broken {
    /// What it is called, as in the offline drill.
    pub name: &'static str,
    act: Act,
}

enum Act {
    Refuse,
    Cut,
    SayNothing,
    Answer(u16, &'static str),
}

/// What a provider says that fails.
const ERROR: &str = r#"{"error":{"message":"This is a drill.","type":"drill"}}"#;

const fn status(name: &'static str, status: u16) -> Broken {
    Broken { name, act: Act::Answer(status, ERROR) }
}

/// All ways.
pub const BROKEN: &[Broken] = &[
    Broken { name: "refused", act: Act::Refuse },
    Broken { name: "closed", act: Act::Cut },
    Broken { name: "no headers", act: Act::SayNothing },
    Broken { name: "a page with success", act: Act::Answer(200, "<html><body>This is a drill.</body></html>") },
    Broken { name: "nothing", act: Act::Answer(200, "") },
    status("status 401", 401),
    status("status 403", 403),
    status("status 404", 404),
    status("status 408", 408),
    status("status 429", 429),
    status("status 500", 500),
    status("status 502", 502),
    status("status 503", 503),
    status("status 529", 529),
];

/// The ways with these names, all if there are none.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Broken>, String> {
    if names.is_empty() {
        return Ok(BROKEN.iter().collect());
    }
    let find = |name: &String| {
        let known = || BROKEN.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
        let found = BROKEN.iter().find(|fault| fault.name == name.trim());
        found.ok_or_else(|| format!("no fault is called {name:?}; there are: {}", known()))
    };
    names.iter().map(find).collect()
}

/// Whether something broken is at this address.
pub fn is_at(address: &str) -> bool {
    address.contains(HOSTS)
}

/// What is broken at a host.
pub fn at(host: &str) -> Option<&'static Broken> {
    let name = host.strip_suffix(HOSTS)?;
    BROKEN.iter().find(|fault| fault.slug() == name)
}

impl Broken {
    fn slug(&self) -> String {
        self.name.replace(' ', "-")
    }

    /// Where a provider seems to be that is broken in this way.
    pub fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::parse(&format!("http://{}{HOSTS}", self.slug())).ok()
    }

    /// What comes of a call there.
    pub async fn answer(&self) -> Result<Reply, Fault> {
        match self.act {
            Act::Refuse => Err(Fault::provider(FaultKind::Connect, "this is a drill: nobody listens")),
            Act::Cut => Err(Fault::provider(FaultKind::Cut, "this is a drill: the connection was closed")),
            // Whoever calls has a time limit.
            Act::SayNothing => std::future::pending().await,
            Act::Answer(status, text) => {
                let body = Body::whole(Bytes::from_static(text.as_bytes()));
                Ok(Reply { status, headers: HeaderMap::new(), body })
            }
        }
    }
}
