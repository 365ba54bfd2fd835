//! The tools a model may call, which of them it must call, and the form of its answer: a JSON schema is a tool
//! in disguise on models that know no schemas.

use std::borrow::Cow;
use std::collections::HashSet;

use types::{CacheMark, Chat, Fault, Format, FunctionTool, Raw, Tool, ToolChoice};

use super::pieces::Piece;
use super::turns::Turn;
use crate::Fit;
use crate::anthropic::words::{self, JSON_TOOL};
use crate::anthropic::{ids, schema};
use crate::json::{Doc, Kind, Writer};

/// The schema of a tool without parameters.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// What is said about tools and the form of the answer.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    pub(crate) tools: Vec<Item<'a>>,
    pub(crate) choice: Option<Choice<'a>>,
    /// `tool_choice.disable_parallel_tool_use`.
    pub(crate) one_at_a_time: bool,
    /// The schema for `output_config.format`.
    pub(crate) schema: Option<Raw>,
    /// What the model is told about the form of its answer, where nothing enforces it.
    pub(crate) instruction: Option<String>,
}

/// A tool that is offered.
pub(crate) enum Item<'a> {
    /// A function.
    Function {
        name: &'a str,
        description: Option<&'a str>,
        schema: Cow<'a, str>,
        strict: bool,
        cache: Option<CacheMark>,
        extras: &'a [(String, Raw)],
    },
    /// A tool of Anthropic's own.
    Raw(&'a Raw),
}

/// Which tools must be called.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Choice<'a> {
    /// The model decides.
    Auto,
    /// At least one.
    Any,
    /// None.
    None,
    /// This one.
    Tool(&'a str),
}

impl<'a> Plan<'a> {
    /// Decides for `chat`. `thinking` says whether the model is made to think, which rules out forced calls.
    pub(crate) fn new(chat: &'a Chat, turns: &[Turn<'a>], thinking: bool, fit: &mut Fit) -> Result<Self, Fault> {
        let mut plan = Plan::default();
        let allowed = match &chat.tool_choice {
            Some(ToolChoice::Allowed { names, .. }) => Some(names.iter().map(String::as_str).collect()),
            _ => None,
        };
        for tool in &chat.tools {
            plan.offer(tool, allowed.as_ref(), chat.dialect == words::DIALECT, fit)?;
        }
        if plan.tools.is_empty() {
            plan.define_called(turns);
        }
        plan.choose(chat, thinking, fit)?;
        match &chat.format {
            None => {}
            Some(Format::Json) => plan.instruction = Some(instruction(None)),
            Some(Format::Schema { schema, .. }) => plan.shape(schema, thinking, fit),
        }
        Ok(plan)
    }

    fn offer(
        &mut self,
        tool: &'a Tool,
        allowed: Option<&HashSet<&str>>,
        own: bool,
        fit: &mut Fit,
    ) -> Result<(), Fault> {
        let is_allowed = |name: &str| allowed.is_none_or(|names| names.contains(name));
        match tool {
            Tool::Function(function) if is_allowed(&function.name) => self.tools.push(definition(function, own, fit)?),
            Tool::Opaque { dialect: words::DIALECT, kind, raw } if is_allowed(kind) => self.tools.push(Item::Raw(raw)),
            Tool::Opaque { dialect: words::DIALECT, .. } | Tool::Function(_) => {}
            Tool::Opaque { kind, .. } => fit.worse_without(&format!("tools ({kind})"))?,
        }
        Ok(())
    }

    /// Anthropic wants the tools of earlier calls defined even if none may be called any more.
    fn define_called(&mut self, turns: &[Turn<'a>]) {
        let mut seen = HashSet::new();
        let called = turns.iter().flat_map(|turn| &turn.pieces).filter_map(|piece| match piece {
            Piece::ToolUse { call, .. } => Some(call.name.as_str()),
            _ => None,
        });
        let names: Vec<&str> = called.filter(|name| seen.insert(*name)).collect();
        let define = |name| Item::Function {
            name,
            description: None,
            schema: Cow::Borrowed(NO_PARAMETERS),
            strict: false,
            cache: None,
            extras: &[],
        };
        self.choice = (!names.is_empty()).then_some(Choice::None);
        self.tools = names.into_iter().map(define).collect();
    }

    fn choose(&mut self, chat: &'a Chat, thinking: bool, fit: &mut Fit) -> Result<(), Fault> {
        let forced = match &chat.tool_choice {
            Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => Some(Choice::Any),
            Some(ToolChoice::Tool(name)) => Some(Choice::Tool(name)),
            _ => None,
        };
        if self.tools.is_empty() || self.choice.is_some() {
            return match forced {
                Some(_) => Err(Fault::invalid_param("tool_choice", "tool_choice demands a tool, but none is offered")),
                None => Ok(()),
            };
        }
        self.one_at_a_time = chat.parallel_tool_calls == Some(false);
        self.choice = match (&chat.tool_choice, forced) {
            (_, Some(choice)) if can_force(thinking, fit) => Some(choice),
            (_, Some(_)) => {
                fit.worse_without("tool_choice")?;
                Some(Choice::Auto)
            }
            (Some(ToolChoice::None), _) => Some(Choice::None),
            (Some(_), _) => Some(Choice::Auto),
            (None, _) => self.one_at_a_time.then_some(Choice::Auto),
        };
        Ok(())
    }

    /// Makes the answer fit a schema by the best means the model has.
    fn shape(&mut self, schema: &'a Raw, thinking: bool, fit: &Fit) {
        if fit.target.abilities().structured_output {
            self.schema = Some(schema::decodable(schema));
        } else if matches!(self.choice, Some(Choice::Any | Choice::Tool(_))) {
            // The answer will be a call of the caller's own tools.
        } else if can_force(thinking, fit) && schema::describes_object(schema) {
            // The model may still call the caller's tools instead of answering, unless it was told not to.
            let may_call = !self.tools.is_empty() && self.choice != Some(Choice::None);
            self.choice = Some(if may_call { Choice::Any } else { Choice::Tool(JSON_TOOL) });
            self.tools.push(Item::Function {
                name: JSON_TOOL,
                description: Some("Gives the answer. Call it once, with the whole answer as its input."),
                schema: typed(schema.get()),
                strict: false,
                cache: None,
                extras: &[],
            });
        } else {
            self.instruction = Some(instruction(Some(schema)));
        }
    }

    /// The cache marks on the tools, for the count of all marks.
    pub(crate) fn marks(&self) -> usize {
        self.tools.iter().filter(|tool| matches!(tool, Item::Function { cache: Some(_), .. })).count()
    }

    /// Writes `tools` and `tool_choice`. `keep` decides about each cache mark.
    pub(crate) fn write(&self, w: &mut Writer, mut keep: impl FnMut(Option<CacheMark>) -> Option<CacheMark>) {
        if self.tools.is_empty() {
            return;
        }
        w.key("tools").array(|w| {
            for tool in &self.tools {
                match tool {
                    Item::Raw(raw) => w.raw(raw),
                    Item::Function { name, description, schema, strict, cache, extras } => w.object(|w| {
                        w.str_field("name", name);
                        w.opt_str("description", *description);
                        w.key("input_schema").json(schema);
                        if *strict {
                            w.num_field("strict", true);
                        }
                        words::write_cache(w, keep(*cache));
                        extras.iter().for_each(|(name, value)| w.key(name).raw(value));
                    }),
                }
            }
        });
        if let Some(choice) = self.choice {
            w.key("tool_choice").object(|w| self.write_choice(choice, w));
        }
    }

    fn write_choice(&self, choice: Choice, w: &mut Writer) {
        let kind = match choice {
            Choice::Auto => "auto",
            Choice::Any => "any",
            Choice::None => "none",
            Choice::Tool(_) => "tool",
        };
        w.str_field("type", kind);
        if let Choice::Tool(name) = choice {
            w.str_field("name", name);
        }
        if self.one_at_a_time && choice != Choice::None {
            w.num_field("disable_parallel_tool_use", true);
        }
    }
}

/// Whether the target lets us force a call.
fn can_force(thinking: bool, fit: &Fit) -> bool {
    fit.target.abilities().forced_tool && !thinking
}

fn definition<'a>(function: &'a FunctionTool, own: bool, fit: &mut Fit) -> Result<Item<'a>, Fault> {
    let name = function.name.as_str();
    ids::check_tool_name(name)?;
    fit.lose_fields(function, own);
    let strict = function.strict == Some(true);
    let enforced = strict && fit.target.abilities().structured_output;
    if strict && !enforced {
        fit.hint("tools.strict", &function.strict);
    }
    Ok(Item::Function {
        name,
        description: function.description.as_deref().filter(|text| !text.is_empty()),
        schema: input_schema(function.parameters.as_ref(), enforced),
        strict: enforced,
        cache: function.cache,
        extras: if own { &function.extras } else { &[] },
    })
}

/// The schema of a tool's input.
fn input_schema(parameters: Option<&Raw>, enforced: bool) -> Cow<'_, str> {
    match parameters {
        None => Cow::Borrowed(NO_PARAMETERS),
        Some(raw) if enforced => {
            let decodable = schema::decodable(raw);
            Cow::Owned(typed(decodable.get()).into_owned())
        }
        Some(raw) => typed(raw.get()),
    }
}

/// OpenAI takes `{}` as a schema, Anthropic insists on the word "object".
fn typed(schema: &str) -> Cow<'_, str> {
    let untyped = |doc: &Doc| doc.root().kind() == Kind::Object && doc.root().get("type").is_none();
    let Some(doc) = Doc::parse_head(schema.as_bytes()).ok().filter(untyped) else {
        return Cow::Borrowed(schema);
    };
    let typed = Writer::document(|w| {
        w.str_field("type", "object");
        for (key, value) in doc.root().fields() {
            w.key(&key.as_str().unwrap_or_default()).json(value.raw());
        }
    });
    Cow::Owned(String::from_utf8_lossy(&typed).into_owned())
}

fn instruction(schema: Option<&Raw>) -> String {
    let form = "Answer with a single JSON object and nothing else: no words around it and no code fence.";
    match schema {
        None => form.to_owned(),
        Some(schema) => format!("{form} It must be valid under this JSON schema:\n{}", schema.get()),
    }
}
