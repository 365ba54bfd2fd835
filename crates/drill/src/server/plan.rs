//! From a request to what will be answered: knobs, key, the vendor's checks, the answer itself.

use super::lean::{self, Lean};
use super::{Head, Shared};
use crate::dialect::{Incoming, Work};
use crate::form;
use crate::knobs::{Fault, Knobs, Trouble, in_model};
use crate::node::{Served, Wish};
use crate::problem::Problem;
use crate::route::{Op, Target};
use crate::script::{Answer, Finish, Turn, compose};
use serde_json::Value;

/// What will be answered.
pub(super) enum Content {
    /// Generated text.
    Turn(Box<Turn>),
    /// This JSON.
    Json(Value),
    /// These pieces, of this content type.
    Pieces(&'static str, Vec<Vec<u8>>),
    /// This plain text.
    Plain(&'static str),
    /// A refusal of the request itself, which no knob delays or breaks.
    Refusal(Problem),
}

/// A request that is understood.
pub(super) struct Plan {
    pub(super) model: String,
    pub(super) knobs: Knobs,
    pub(super) content: Content,
    /// What it wants of the memory of a mock that is a node.
    pub(super) wish: Option<Wish>,
}

impl Plan {
    /// A prompt that does not fit the context is refused, or cut.
    pub(super) fn fit(&mut self, served: &Served) {
        let Content::Turn(turn) = &mut self.content else { return };
        if turn.ask.words <= served.num_ctx {
            return;
        }
        if self.wish.as_ref().is_some_and(|wish| wish.refuses) {
            self.content = Content::Refusal(Problem::new(Trouble::ContextLength));
            return;
        }
        served.cut();
        turn.answer.usage.fresh = served.num_ctx;
    }
}

pub(super) fn plan(shared: &Shared, target: &Target, head: &Head, body: &[u8], seq: u64) -> Plan {
    let mut plan = Plan { model: String::new(), knobs: shared.knobs.clone(), content: Content::Plain(""), wish: None };
    plan.content = fill(&mut plan, shared, target, head, body, seq).unwrap_or_else(Content::Refusal);
    plan
}

/// Reads the request into `plan`; what is found before something is wrong stays.
fn fill(
    plan: &mut Plan,
    shared: &Shared,
    target: &Target,
    head: &Head,
    body: &[u8],
    seq: u64,
) -> Result<Content, Problem> {
    let parsed = parse(shared, target, head, body);
    let model = match &parsed {
        Ok(Parsed::Whole(body)) => ["model", "name", "model_id"].iter().find_map(|name| body.get(name)?.as_str()),
        Ok(Parsed::Lean(lean)) => lean.model.as_deref(),
        Err(_) => None,
    };
    plan.model = target.model.as_deref().or(model).unwrap_or_default().to_owned();
    if let Some(knobs) = in_model(&plan.model) {
        plan.knobs.apply(knobs).map_err(Problem::refuse)?;
    }
    if let Some(knobs) = head.header("x-mock") {
        plan.knobs.apply(knobs).map_err(Problem::refuse)?;
    }
    if let Some(wanted) = &plan.knobs.key {
        let given = target.dialect.key(head);
        if given != Some(wanted.as_str()) {
            return Err(target.dialect.wrong_key(given));
        }
    }
    let parsed = parsed?;
    let work = work(plan, shared, target, head, &parsed)?;
    if let Some(first) = plan.knobs.fail_first
        && shared.count(&plan.model, head.path()) > first
    {
        plan.knobs.heal();
    }
    // A model that is not there is not loaded either.
    if plan.knobs.load_ms.is_some()
        && plan.knobs.error != Some(Trouble::NotFound)
        && let Parsed::Whole(body) = &parsed
    {
        plan.wish = target.dialect.wish(target.op, &plan.model, body);
    }
    Ok(match work {
        Work::Json(_) if target.op == Op::Running && plan.knobs.load_ms.is_some() => {
            Content::Json(shared.node.running())
        }
        Work::Json(_) if target.op == Op::Hello => Content::Plain("Ollama is running"),
        Work::Json(json) => Content::Json(json),
        Work::Pieces(kind, pieces) => Content::Pieces(kind, pieces),
        Work::Talk(ask) => {
            let mut answer = compose(&ask, &plan.knobs, seq);
            if plan.knobs.fault == Some(Fault::NoChoices) {
                hollow(&mut answer, target.dialect.has_choices());
            }
            Content::Turn(Box::new(Turn { ask: *ask, answer, knobs: plan.knobs.clone(), seq }))
        }
    })
}

enum Parsed {
    Whole(Value),
    Lean(Lean),
}

fn parse(shared: &Shared, target: &Target, head: &Head, body: &[u8]) -> Result<Parsed, Problem> {
    if head.method != "POST" || target.op == Op::Kept {
        return Ok(Parsed::Whole(Value::Null));
    }
    if !shared.check && matches!(target.op, Op::Chat | Op::ChatStream | Op::Text) {
        return Lean::read(body).map(Parsed::Lean);
    }
    let kind = head.header("content-type").unwrap_or_default();
    if matches!(target.op, Op::ImageEdit | Op::ImageVariation | Op::WriteDown)
        && kind.starts_with("multipart/form-data")
    {
        return form::read(kind, body).map(Parsed::Whole);
    }
    target.dialect.check_head(head)?;
    if target.op == Op::Listen {
        return Ok(Parsed::Whole(serde_json::json!({ "bytes": body.len() })));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(Parsed::Whole(Value::Object(map))),
        Ok(_) => Err(Problem::refuse("The request body is not a JSON object.")),
        Err(wrong) => Err(Problem::refuse(format!("We could not parse the JSON body of your request: {wrong}"))),
    }
}

fn work(plan: &Plan, shared: &Shared, target: &Target, head: &Head, parsed: &Parsed) -> Result<Work, Problem> {
    let nothing = Value::Null;
    let body = if let Parsed::Whole(body) = parsed { body } else { &nothing };
    let incoming =
        Incoming { op: target.op, head, body, model: &plan.model, knobs: &plan.knobs, models: &shared.models };
    if let Parsed::Lean(lean) = parsed
        && let Some(work) = lean::work(lean, &incoming, target.dialect.streams_by_default())
    {
        return Ok(work);
    }
    if head.method == "POST" && plan.model.is_empty() {
        return Err(target.dialect.no_model());
    }
    target.dialect.read(&incoming)
}

/// Takes the content out of an answer: no choices at all where there is a list of them.
fn hollow(answer: &mut Answer, choices: bool) {
    if choices {
        return answer.replies.clear();
    }
    for reply in &mut answer.replies {
        reply.thinking.clear();
        reply.text.clear();
        reply.calls.clear();
        reply.finish = Finish::Stop;
    }
}
