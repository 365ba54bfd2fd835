//! Secrets with which somebody else may open a session: a browser, on behalf of who has a key. The provider's own never
//! leaves the gateway as it is: with it, calls would go past all limits.

use std::pin::pin;
use std::rc::Rc;

use bytes::Bytes;
use dialects::json::{Doc, Json, Object, string};
use dialects::realtime::model_of;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use types::{Fault, FaultKind, Side};

use crate::access::Identity;
use crate::attempt::Opening;
use crate::defect::caught_in;
use crate::journey::{as_configured, refuse_call};
use crate::note::write_id;
use crate::record::Record;
use crate::{Call, Content, Gate, Reply};

/// What a secret has in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Who asked for it, and so pays.
    pub identity: Identity,
    /// The model that it is for, as callers name it.
    pub model: String,
    /// The deployment that knows the provider's own.
    pub deployment: String,
    /// The provider's own.
    pub secret: String,
    /// Until when it counts, seconds since 1970.
    pub until: i64,
}

/// How long a secret counts of which the provider does not say how long.
const USUAL: i64 = 60;

impl Sealed {
    /// As a text, to be sealed.
    pub fn write(&self) -> String {
        let (kind, who) = match &self.identity {
            Identity::Admin => ("admin", ""),
            Identity::Key(hash) => ("key", hash.as_str()),
            Identity::Token(token) => ("token", token.as_str()),
        };
        let Sealed { model, deployment, secret, until, .. } = self;
        let texts = [("kind", kind), ("who", who), ("model", model), ("deployment", deployment), ("secret", secret)];
        let fields: Vec<String> = texts.iter().map(|(name, text)| format!("\"{name}\":{},", string(text))).collect();
        format!("{{{}\"until\":{until}}}", fields.concat())
    }

    /// From the text; `None` if it is something else that was sealed.
    pub fn read(text: &str) -> Option<Self> {
        let doc = Doc::parse(text.as_bytes()).ok()?;
        let text = |name: &str| doc.root().get(name)?.as_string();
        let who = text("who")?;
        let identity = match text("kind")?.as_str() {
            "admin" => Identity::Admin,
            "key" => Identity::Key(who),
            "token" => Identity::Token(who),
            _ => return None,
        };
        let until = doc.root().get("until")?.as_i64()?;
        let (model, deployment, secret) = (text("model")?, text("deployment")?, text("secret")?);
        Some(Sealed { identity, model, deployment, secret, until })
    }
}

/// Asks a provider for a secret for who shows `identity`, and gives out one of the gateway's own, made by `seal`.
pub async fn secret(
    gate: &Rc<Gate>,
    mut call: Call,
    identity: Identity,
    seal: impl Fn(&Sealed) -> Option<String>,
) -> Reply {
    let (front, id) = (call.front, call.id.clone());
    let setup = (gate.setup)();
    let record = Record::begin(gate, &setup, &call);
    let model = Object::parse(call.body.clone()).map(|body| model_of(&body));
    let found = match model {
        Ok(model) => {
            call.path_model = call.path_model.or(model);
            caught_in(pin!(super::travel(gate, &setup, call, None, record.as_ref()))).await.flatten()
        }
        Err(fault) => Err(fault),
    };
    let answer = found.and_then(|(ask, pass, opened)| {
        let Opening::Whole(bytes) = &opened.answer else { return Err(malformed()) };
        let deployment = opened.deployment.id.clone();
        let usual = pass.now_ms().div_euclid(1000) + USUAL;
        replaced(bytes, |secret, until| {
            let until = until.unwrap_or(usual);
            let (model, deployment) = (ask.model.clone(), deployment.clone());
            seal(&Sealed { identity: identity.clone(), model, deployment, secret, until })
        })
    });
    match answer {
        Ok(bytes) => {
            record.iter().for_each(|record| record.answered_for_nothing());
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            write_id(&mut headers, &id, front.id_header());
            Reply { status: 200, headers, content: Content::Whole(bytes) }
        }
        Err(fault) => {
            let fault = as_configured(&setup, fault);
            record.iter().for_each(|record| record.refuse(&fault));
            refuse_call(front, &id, &fault)
        }
    }
}

fn malformed() -> Fault {
    Fault::provider(FaultKind::Malformed, "the provider gave no secret")
}

/// An answer whose secrets are what `ours` makes of them: at the top, or in `client_secret`, there and in the session.
fn replaced(answer: &Bytes, ours: impl Fn(String, Option<i64>) -> Option<String>) -> Result<Bytes, Fault> {
    let doc = Doc::parse_answer(answer).map_err(|_| malformed())?;
    let root = doc.root();
    let holders = [
        Some(root),
        root.get_some("client_secret"),
        root.get_some("session").and_then(|session| session.get_some("client_secret")),
    ];
    let mut changes = Vec::new();
    for holder in holders.into_iter().flatten() {
        let Some((value, secret)) = holder.get_some("value").and_then(|value| Some((value, value.as_string()?))) else {
            continue;
        };
        let until = |object: Json| object.get_some("expires_at").and_then(|at| at.as_i64()).filter(|at| *at > 0);
        let own = ours(secret, until(holder).or_else(|| until(root))).ok_or_else(|| {
            Fault::new(FaultKind::Unavailable, Side::Gateway, "the gateway has no key to seal secrets with")
        })?;
        changes.push((value.span(), string(&own)));
    }
    if changes.is_empty() {
        // Whatever it is, it is not shown to anybody.
        return Err(malformed());
    }
    changes.sort();
    let (mut out, mut at) = (Vec::with_capacity(answer.len() + 512), 0);
    for ((start, end), own) in changes {
        out.extend_from_slice(&answer[at..start]);
        out.extend_from_slice(own.as_bytes());
        at = end;
    }
    out.extend_from_slice(&answer[at..]);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_comes_back_and_nothing_else_is_taken_for_it() {
        for identity in [Identity::Admin, Identity::Key("hash".to_owned()), Identity::Token("a.b\".c".to_owned())] {
            let [model, deployment, secret] = ["m", "d", "ek_\"1"].map(str::to_owned);
            let sealed = Sealed { identity, model, deployment, secret, until: 7 };
            assert_eq!(Sealed::read(&sealed.write()), Some(sealed));
        }
        for other in ["", "{}", "sk-key", r#"{"kind":"king","who":"","deployment":"","secret":"","until":1}"#] {
            assert_eq!(Sealed::read(other), None, "{other}");
        }
    }

    #[test]
    fn no_secret_of_the_provider_is_left_in_an_answer() {
        let ours = |secret: String, until: Option<i64>| Some(format!("ours-{secret}-{until:?}"));
        let check = |answer: &'static str, expected: &str| {
            assert_eq!(replaced(&answer.into(), ours).unwrap(), expected, "{answer}");
        };
        check(
            r#"{"value":"ek_1","expires_at":9,"session":{"id":"s","client_secret":{"value":"ek_2"}}}"#,
            r#"{"value":"ours-ek_1-Some(9)","expires_at":9,"session":{"id":"s","client_secret":{"value":"ours-ek_2-Some(9)"}}}"#,
        );
        check(
            r#"{"client_secret":{"value":"ek_1","expires_at":5},"expires_at":0}"#,
            r#"{"client_secret":{"value":"ours-ek_1-Some(5)","expires_at":5},"expires_at":0}"#,
        );
        assert!(replaced(&"{}".into(), ours).is_err());
        assert!(replaced(&r#"{"value":"ek"}"#.into(), |_, _| None).is_err());
    }
}
