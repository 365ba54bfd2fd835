//! The guardrails of the configuration: which there are, and what one of them makes of a text. They are no objects of the
//! database: the file alone says what is held back.

use engine::Guard;
use serde_json::{Value, json};

use super::form::{Reads, Takes, optional, required};
use super::refusal::Refusal;
use super::visit::{Answer, Visit, answer};

/// `GET /guardrails/list`, `GET /v2/guardrails/list`: whoever may call may know their names.
pub async fn list(visit: Visit) -> Answer {
    let setup = visit.desk.live.setup();
    let rows: Vec<Value> = setup.guardrails.all().iter().map(|guard| row(guard)).collect();
    answer(json!({ "guardrails": rows }))
}

fn row(guard: &Guard) -> Value {
    json!({
        "guardrail_name": guard.name,
        "guardrail_definition_location": "config",
        "litellm_params": {
            "guardrail": guard.kind,
            "mode": guard.modes.names().collect::<Vec<_>>(),
            "default_on": guard.default_on,
        },
        "guardrail_info": null,
    })
}

/// What `apply` reads.
pub const APPLY_FORM: Reads = Reads::Body(&[&[
    required("guardrail_name", Takes::Text),
    required("text", Takes::Text),
    optional("language", Takes::Text),
    optional("entities", Takes::TEXTS),
]]);

/// `POST /guardrails/apply_guardrail`: what one of them makes of a text; nothing of it is kept.
pub async fn apply(visit: Visit) -> Answer {
    let form = visit.form()?;
    let (name, text) = (form.text("guardrail_name").unwrap_or_default(), form.text("text").unwrap_or_default());
    let setup = visit.desk.live.setup();
    let guard = setup.guardrails.find(name);
    let guard = guard.ok_or_else(|| Refusal::not_found("guardrail_name", format!("Guardrail '{name}' not found")))?;
    answer(json!({ "response_text": guard.apply(text)? }))
}
