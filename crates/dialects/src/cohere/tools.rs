//! Tools on their way to Cohere, and which of them may or must be called: it knows no names there, but what is not
//! offered is not called.

use types::{Chat, Fault, FunctionTool, Tool, ToolChoice};

use crate::Fit;
use crate::fields::Fields;
use crate::json::{Doc, Writer};
use crate::names::Rule;

/// The schema of a tool without parameters: Cohere wants one of every tool.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// Names of functions that Cohere takes: its documentation speaks of letters, digits and underscores.
pub(super) const NAMES: Rule = Rule { most: 128, marks: "_", letter_first: true, reserved: "" };

/// The tools of a request, sorted.
#[derive(Default)]
pub(super) struct Tools<'a> {
    functions: Vec<&'a FunctionTool>,
    /// `REQUIRED` or `NONE`; the model decides, if there is neither.
    choice: Option<&'static str>,
}

impl<'a> Tools<'a> {
    pub(super) fn of(chat: &'a Chat, fit: &mut Fit) -> Result<Self, Fault> {
        let mut tools = Tools::default();
        for tool in &chat.tools {
            match tool {
                Tool::Function(function) => {
                    fit.lose_fields(function, false);
                    tools.functions.push(function);
                }
                Tool::Opaque { kind, .. } => fit.worse_without(&format!("tools ({kind})"))?,
            }
        }
        if !tools.functions.is_empty() {
            tools.choose(chat.tool_choice.as_ref())?;
        }
        Ok(tools)
    }

    fn choose(&mut self, choice: Option<&ToolChoice>) -> Result<(), Fault> {
        match choice {
            None | Some(ToolChoice::Auto) => {}
            Some(ToolChoice::None) => self.choice = Some("NONE"),
            Some(ToolChoice::Required) => self.choice = Some("REQUIRED"),
            Some(ToolChoice::Tool(name)) => self.only(|function| function.name == *name, true)?,
            Some(ToolChoice::Allowed { names, required }) => {
                self.only(|function| names.contains(&function.name), *required)?;
            }
        }
        Ok(())
    }

    /// Offers only these.
    fn only(&mut self, wanted: impl Fn(&FunctionTool) -> bool, required: bool) -> Result<(), Fault> {
        self.functions.retain(|function| wanted(function));
        if required && self.functions.is_empty() {
            return Err(Fault::invalid_param("tool_choice", "the tool that must be called is not among the tools"));
        }
        self.choice = required.then_some("REQUIRED");
        Ok(())
    }

    /// Whether none is offered.
    pub(super) fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Has calls forced into their schemas where the caller wants that of every tool: Cohere does it for all or none, and
    /// only where each of them has a parameter that is required.
    pub(super) fn set_strict(&self, fields: &mut Fields) {
        let strict = |function: &&FunctionTool| function.strict == Some(true) && requires_something(function);
        if !self.is_empty() && self.functions.iter().all(strict) {
            fields.opt_num("strict_tools", Some(true));
        }
    }

    /// Writes the fields `tools` and `tool_choice`.
    pub(super) fn write(&self, w: &mut Writer) {
        if self.is_empty() {
            return;
        }
        w.key("tools").array(|w| self.functions.iter().for_each(|function| declare(function, w)));
        w.opt_str("tool_choice", self.choice);
    }
}

fn requires_something(function: &FunctionTool) -> bool {
    let parsed = function.parameters.as_ref().and_then(|schema| Doc::parse(schema.get().as_bytes()).ok());
    parsed.is_some_and(|doc| doc.root().get("required").is_some_and(|names| names.items().next().is_some()))
}

fn declare(function: &FunctionTool, w: &mut Writer) {
    w.object(|w| {
        w.str_field("type", "function");
        w.key("function").object(|w| {
            w.str_field("name", &function.name);
            w.opt_str("description", function.description.as_deref());
            w.key("parameters").json(function.parameters.as_ref().map_or(NO_PARAMETERS, |schema| schema.get()));
        });
    });
}
