//! Between steps 1 and 2 of the journey: a call that asks for a router gets its model. What a router decides is
//! `policy`'s business; here is what it decides by, and what becomes of answers that fail a check.

mod form;

pub(crate) use form::fits;

use std::cell::RefCell;

use dialects::BACKS;
use dialects::json::Json;
use policy::intent::{self, Prompt};
use policy::router::{Bar, Check, Facts, Models, Said, Verdict};
use types::{Answer, Block, Chat, Fault, Finish, Format, Message, Operation, Request, Role};

use crate::ask::Ask;
use crate::attempt::{Opened, Opening};
use crate::caller::no_model;
use crate::{Caller, Setup};

/// Most fields of metadata that rules can ask for.
const MOST_FIELDS: usize = 32;
/// Longest value of such a field, bytes.
const LONGEST_FIELD: usize = 256;
/// How much of a system prompt or of a message is put together to be read, bytes: more than is read of it.
const MOST_TEXT: usize = 256 << 10;

/// How a call got its model.
pub(crate) struct Route {
    /// The router, as the operator calls it.
    pub router: String,
    /// The model that was chosen.
    model: String,
    reason: String,
    /// The tag by which what the arm of an experiment did can be looked up.
    tag: Option<String>,
    /// The tags that the rule asked for: they have done their work.
    tags: Vec<String>,
    checks: Vec<Check>,
    /// Who is asked when an answer fails a check, one after another.
    escalate: Vec<String>,
    /// The form that the answer must have.
    format: Option<Format>,
    /// Models that were asked in vain, and the check that each of them failed.
    failed: RefCell<Vec<(String, Check)>>,
}

/// Models as a caller sees them.
struct Shelf<'a> {
    setup: &'a Setup,
    caller: &'a Caller,
    /// Whether the caller was given the router by name: then also what it chooses.
    by_router: bool,
}

impl Models for Shelf<'_> {
    fn usable(&self, model: &str) -> bool {
        let Some((group, _)) = self.setup.find(model) else { return false };
        match self.by_router {
            true => self.caller.may_use(&group, model).is_ok(),
            false => self.caller.may_reach(self.setup, model).is_ok(),
        }
    }

    fn price(&self, model: &str) -> Option<u64> {
        self.setup.price(model)
    }
}

/// What a rule of a router said to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSaid {
    /// The rule's name.
    pub rule: String,
    /// The condition that does not hold, if one does not.
    pub unmet: Option<&'static str>,
    /// Models that may not have the call, and why.
    pub barred: Vec<(String, Bar)>,
    /// The model that it chose, if it decided.
    pub model: Option<String>,
}

impl RuleSaid {
    fn of(rule: &str, verdict: Verdict) -> Self {
        let silent = RuleSaid { rule: rule.to_owned(), unmet: None, barred: Vec::new(), model: None };
        match verdict {
            Verdict::Unmet(condition) => RuleSaid { unmet: Some(condition), ..silent },
            Verdict::Barred(barred) => {
                let barred = barred.into_iter().map(|(model, bar)| (model.to_owned(), bar));
                RuleSaid { barred: barred.collect(), ..silent }
            }
            Verdict::Chosen(choice) => RuleSaid { model: Some(choice.model.to_owned()), ..silent },
        }
    }
}

/// Reads what a router decides by: what is known about the call, the models as the caller sees them, and the form that
/// the answer must have.
fn inquire<T>(
    setup: &Setup,
    caller: &Caller,
    ask: &Ask,
    at: i64,
    call_id: &str,
    look: impl FnOnce(&mut Facts, &Shelf, Option<&Format>) -> T,
) -> T {
    // Whoever may call what the router chooses may let it choose.
    let by_router = caller.may_call(&ask.model, &[]).is_ok();
    let shelf = Shelf { setup, caller, by_router };
    // What we do not understand, a provider of the caller's dialect may: it is routed unread.
    let request = ask.request().ok();
    let chat = match &request {
        Some(Request::Chat(chat) | Request::CountTokens(chat)) => Some(&**chat),
        Some(Request::Completion(completion)) => Some(&completion.settings),
        _ => None,
    };
    let (system, user) = match &request {
        Some(request) => said(request),
        None => Default::default(),
    };
    let reading = chat.map(|_| intent::read(&Prompt { system: &system, user: &user }));
    let attribution = ask.attribution(setup, caller);
    let own = [Some(caller.key_hash.as_str()).filter(|hash| !hash.is_empty()), Some(call_id)];
    let user_ids = [attribution.customer_id.as_deref(), caller.user_id.as_deref().filter(|_| caller.key.is_some())];
    let mut facts = Facts {
        reading: reading.as_ref(),
        text: &user,
        tokens: ask.input_estimate(),
        language: policy::language(&user),
        tools: chat.is_some_and(|chat| !chat.tools.is_empty()),
        images: chat.is_some_and(|chat| chat.messages.iter().flat_map(|message| &message.blocks).any(is_image)),
        schema: chat.is_some_and(|chat| chat.format.is_some()),
        metadata: ask.body.with(metadata),
        tags: &attribution.tags,
        keys: caller.key_names(),
        teams: caller.team_names(),
        user: user_ids.into_iter().chain(own).flatten().next().unwrap_or_default(),
        at,
        nearest: None,
    };
    look(&mut facts, &shelf, chat.and_then(|chat| chat.format.as_ref()))
}

impl Route {
    /// The route of a call that asks for a router; `None` if it asks for a model. `at` is in seconds since 1970, `call_id`
    /// stands for a user whom nobody names; `vector` is that of what the user said, if somebody made one.
    pub fn find(
        setup: &Setup,
        caller: &Caller,
        ask: &Ask,
        vector: Option<&[f32]>,
        at: i64,
        call_id: &str,
    ) -> Result<Option<Self>, Fault> {
        let Some((name, router)) = setup.router(&ask.model) else { return Ok(None) };
        let found = inquire(setup, caller, ask, at, call_id, |facts, shelf, format| {
            facts.nearest = vector.and_then(|vector| router.nearest(vector, facts));
            let choice = router.choose(facts, shelf).ok_or_else(|| {
                let known = |model: &str| setup.find(model).is_some();
                match router.models().any(|model| known(model) && shelf.usable(model)) {
                    true => {
                        Fault::invalid_param("model", format!("no rule of '{name}' leads to a model for this call"))
                    }
                    false => no_model("key", &ask.model),
                }
            })?;
            Ok(Route {
                router: name.to_owned(),
                model: choice.model.to_owned(),
                tag: choice.arm.map(|(experiment, arm)| format!("experiment:{experiment}:{arm}")),
                tags: choice.tags.to_vec(),
                checks: choice.checks.to_vec(),
                escalate: choice.escalate.iter().map(|model| (*model).to_owned()).collect(),
                reason: choice.reason,
                format: format.cloned(),
                failed: RefCell::default(),
            })
        });
        found.map(Some)
    }

    /// What each rule of the router that a call asks for says to it, up to the one that has a model; none if it asks for
    /// a model.
    pub fn verdicts(setup: &Setup, caller: &Caller, ask: &Ask, at: i64, call_id: &str) -> Vec<RuleSaid> {
        let Some((_, router)) = setup.router(&ask.model) else { return Vec::new() };
        inquire(setup, caller, ask, at, call_id, |facts, shelf, _| {
            let mut said = Vec::new();
            for (index, rule) in router.rules.iter().enumerate() {
                let verdict = router.judge(index, facts, shelf);
                let over = matches!(verdict, Verdict::Chosen(_));
                said.push(RuleSaid::of(&rule.name, verdict));
                if over {
                    break;
                }
            }
            said
        })
    }

    /// The model that was chosen first.
    pub fn chosen(&self) -> &str {
        &self.model
    }

    /// The model whose answer it is, or will be.
    pub fn model(&self) -> &str {
        self.escalate.get(self.failed.borrow().len().wrapping_sub(1)).map_or(&self.model, String::as_str)
    }

    /// Whether a tag has done its work when a deployment of `group` is chosen: that of the arm, which is for reports, and
    /// in the group that the rule led to those that it asked for.
    pub fn has_used(&self, tag: &str, group: &str) -> bool {
        self.tag() == Some(tag) || group == self.model && self.tags.iter().any(|used| used == tag)
    }

    /// The tag of the arm.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Which model answered, and why: for a header. `answered` is the deployment, as the operator wrote it.
    pub fn told(&self, answered: Option<&str>) -> String {
        let mut told = format!("model={}; {}", self.model(), self.reason);
        if let Some(answered) = answered {
            told += &format!("; answered={answered}");
        }
        for (model, check) in self.failed.borrow().iter() {
            told += &format!("; failed={model}:{}", check.name());
        }
        told.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
    }

    /// Whether an answer may be thrown away for that of another model.
    pub fn may_escalate(&self) -> bool {
        !self.escalate.is_empty()
    }

    /// Whether an answer fails a check that there is still somebody else for: the model to ask next.
    pub fn escalate(&self, ask: &Ask, opened: &Opened) -> Option<&str> {
        let next = self.escalate.get(self.failed.borrow().len())?;
        let failed = (self.model().to_owned(), self.failed_check(ask, opened)?);
        self.failed.borrow_mut().push(failed);
        Some(next)
    }

    /// Whether an answer fails a check, though it stands.
    pub fn is_doubtful(&self, ask: &Ask, opened: &Opened) -> bool {
        !self.checks.is_empty() && self.failed_check(ask, opened).is_some()
    }

    /// The model that was asked last had no answer: the one before stands.
    pub fn give_up(&self) {
        self.failed.borrow_mut().pop();
    }

    fn failed_check(&self, ask: &Ask, opened: &Opened) -> Option<Check> {
        match &opened.answer {
            // Of a stream nothing is known yet but whether there is anything.
            Opening::Stream(flow, _) => {
                let empty = !flow.has_words && !flow.has_failed() && self.checks.contains(&Check::Empty);
                empty.then_some(Check::Empty)
            }
            Opening::Session(_) => None,
            Opening::Whole(bytes) => {
                let back = BACKS.iter().find(|back| back.name() == ask.front.name())?;
                let Answer::Chat(response) = back.read_answer(ask.operation, bytes).ok()? else { return None };
                let fails = |check: &Check| {
                    response.choices.iter().any(|choice| {
                        let text = text(choice.blocks.iter());
                        check.fails(&Said {
                            text: &text,
                            calls_tools: choice.blocks.iter().any(|block| matches!(block, Block::ToolCall(_))),
                            refused: choice.finish == Finish::ContentFilter
                                || choice.blocks.iter().any(|block| matches!(block, Block::Refusal(_))),
                            fits_schema: self.format.as_ref().map(|format| fits(&text, format)),
                        })
                    })
                };
                match ask.operation {
                    Operation::Chat | Operation::Completion => self.checks.iter().copied().find(fails),
                    _ => None,
                }
            }
        }
    }
}

/// What the user said last.
pub(crate) fn question(ask: &Ask) -> String {
    ask.request().map(|request| said(&request).1).unwrap_or_default()
}

/// What the application says, and what the user said last.
fn said(request: &Request) -> (String, String) {
    match request {
        Request::Chat(chat) | Request::CountTokens(chat) => words(chat),
        Request::Completion(completion) => (String::new(), completion.prompt.clone()),
        Request::Embedding(_) | Request::Transcription(_) => Default::default(),
        Request::Speech(speaking) => (String::new(), speaking.input.clone()),
        Request::Image(picturing) => (String::new(), picturing.prompt.clone()),
        Request::Rerank(rerank) => (String::new(), rerank.query.clone()),
    }
}

fn words(chat: &Chat) -> (String, String) {
    let said = |role: Role| chat.messages.iter().filter(move |message| message.role == role);
    let system = text(said(Role::System).flat_map(|message| &message.blocks));
    let has_text = |message: &&Message| message.blocks.iter().any(|block| matches!(block, Block::Text(_)));
    let user = said(Role::User).rfind(has_text);
    (system, user.map(|message| text(message.blocks.iter())).unwrap_or_default())
}

fn text<'b>(blocks: impl Iterator<Item = &'b Block>) -> String {
    let mut text = String::new();
    for block in blocks {
        if let Block::Text(part) = block
            && text.len() < MOST_TEXT
        {
            text += if text.is_empty() { "" } else { "\n" };
            text += &part.text;
        }
    }
    text
}

fn is_image(block: &Block) -> bool {
    match block {
        Block::Image { .. } => true,
        Block::ToolResult(result) => result.blocks.iter().any(is_image),
        _ => false,
    }
}

/// Fields of the metadata that are texts, numbers or flags.
fn metadata(root: Json) -> Vec<(String, String)> {
    let objects = ["metadata", "litellm_metadata"].into_iter().filter_map(|name| root.get_some(name));
    let fields = objects.flat_map(|object| {
        let mut fields = Vec::new();
        object.inside(|object| {
            fields.extend(object.fields().take(MOST_FIELDS).filter_map(|(name, value)| {
                let value = value.as_string().unwrap_or_else(|| value.raw().to_owned());
                (value.len() <= LONGEST_FIELD).then_some((name.as_string()?, value))
            }));
        });
        fields
    });
    fields.take(MOST_FIELDS).collect()
}
