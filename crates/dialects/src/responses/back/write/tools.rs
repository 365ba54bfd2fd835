//! Tools, and the choice among them.

use types::{Chat, Fault, FunctionTool, Tool, ToolChoice};

use super::super::super::NAME;
use super::super::super::custom::{self, CUSTOM};
use crate::json::Writer;
use crate::{Fit, openai};

/// What a request says about tools.
pub(super) struct Plan<'a> {
    tools: Vec<&'a Tool>,
    /// Whether they are written in this dialect.
    own: bool,
    choice: Option<&'a ToolChoice>,
    parallel: Option<bool>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(chat: &'a Chat, fit: &mut Fit) -> Result<Self, Fault> {
        let own = chat.dialect == NAME;
        let mut tools = Vec::with_capacity(chat.tools.len());
        for tool in &chat.tools {
            match tool {
                Tool::Function(function) => {
                    fit.hint("cache_control", &function.cache);
                    fit.lose_fields(function, own);
                }
                Tool::Opaque { dialect: NAME, .. } => {}
                Tool::Opaque { dialect: openai::NAME, kind, .. } if kind == CUSTOM => {}
                Tool::Opaque { kind, .. } => {
                    fit.worse_without(&format!("tools ({kind})"))?;
                    continue;
                }
            }
            tools.push(tool);
        }
        let is_forced = match &chat.tool_choice {
            Some(ToolChoice::Required | ToolChoice::Tool(_)) => true,
            Some(ToolChoice::Allowed { required, .. }) => *required,
            _ => false,
        };
        if tools.is_empty() && is_forced {
            let message = "'tool_choice' demands a call, but there are no tools";
            return Err(Fault::invalid_param("tool_choice", message));
        }
        let some = !tools.is_empty();
        let choice = chat.tool_choice.as_ref().filter(|_| some);
        Ok(Plan { own, choice, parallel: chat.parallel_tool_calls.filter(|_| some), tools })
    }

    pub(super) fn write(&self, w: &mut Writer) {
        if !self.tools.is_empty() {
            w.key("tools").array(|w| self.tools.iter().for_each(|tool| self.tool(w, tool)));
        }
        match self.choice {
            None => {}
            Some(ToolChoice::Auto) => w.str_field("tool_choice", "auto"),
            Some(ToolChoice::None) => w.str_field("tool_choice", "none"),
            Some(ToolChoice::Required) => w.str_field("tool_choice", "required"),
            Some(ToolChoice::Tool(name)) => w.key("tool_choice").object(|w| self.named(w, name)),
            Some(ToolChoice::Allowed { names, required }) => w.key("tool_choice").object(|w| {
                w.str_field("type", "allowed_tools");
                w.str_field("mode", if *required { "required" } else { "auto" });
                w.key("tools").array(|w| names.iter().for_each(|name| w.object(|w| self.named(w, name))));
            }),
        }
        w.opt_num("parallel_tool_calls", self.parallel);
    }

    fn tool(&self, w: &mut Writer, tool: &Tool) {
        match tool {
            Tool::Function(function) => w.object(|w| self.function(w, function)),
            Tool::Opaque { dialect: openai::NAME, raw, .. } => w.object(|w| custom::write_tool(w, raw)),
            Tool::Opaque { raw, .. } => w.raw(raw),
        }
    }

    /// Refers to a tool by name.
    fn named(&self, w: &mut Writer, name: &str) {
        let is_it = |tool: &&Tool| match tool {
            Tool::Opaque { dialect: openai::NAME, raw, .. } => custom::name(raw).is_some_and(|own| own == name),
            _ => false,
        };
        w.str_field("type", if self.tools.iter().any(is_it) { CUSTOM } else { "function" });
        w.str_field("name", name);
    }

    fn function(&self, w: &mut Writer, function: &FunctionTool) {
        w.str_field("type", "function");
        w.str_field("name", &function.name);
        w.opt_str("description", function.description.as_deref());
        match &function.parameters {
            Some(schema) => w.key("parameters").raw(schema),
            None => w.key("parameters").json(r#"{"type":"object","properties":{}}"#),
        }
        match function.strict {
            Some(strict) => w.num_field("strict", strict),
            // Left out, this API makes schemas strict that nobody meant so.
            None if !self.own => w.num_field("strict", false),
            None => {}
        }
        for (name, value) in function.extras.iter().filter(|_| self.own) {
            w.key(name).raw(value);
        }
    }
}
