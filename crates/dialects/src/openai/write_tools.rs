//! Writing tools, the choice among them, and the form of the answer.

use types::{Chat, Fault, Format, FunctionTool, Tool, ToolChoice};

use super::line_parts::mark;
use super::{NAME, write_messages};
use crate::json::Writer;
use crate::{Fit, Quirks};

/// What a request says about tools, after the target had its say.
pub(super) struct Plan<'a> {
    tools: Vec<&'a Tool>,
    /// Whether they are written in this dialect.
    own: bool,
    choice: Option<&'a ToolChoice>,
    parallel: Option<bool>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(chat: &'a Chat, fit: &mut Fit) -> Result<Self, Fault> {
        let mut tools = Vec::with_capacity(chat.tools.len());
        for tool in &chat.tools {
            match tool {
                Tool::Function(function) => {
                    mark(fit, function.cache);
                    fit.lose_fields(function, chat.dialect == NAME);
                }
                Tool::Opaque { dialect: NAME, .. } => {}
                Tool::Opaque { kind, .. } => {
                    fit.worse_without(&format!("tools ({kind})"))?;
                    continue;
                }
            }
            tools.push(tool);
        }
        Ok(Plan {
            own: chat.dialect == NAME,
            choice: choice(chat, &tools, fit)?,
            // Servers refuse the switch where there is nothing to switch.
            parallel: chat.parallel_tool_calls.filter(|_| !tools.is_empty()),
            tools,
        })
    }

    pub(super) fn write(&self, w: &mut Writer, quirks: &Quirks) {
        if !self.tools.is_empty() {
            w.key("tools").array(|w| self.tools.iter().for_each(|one| tool(w, one, self.own, quirks)));
        }
        match self.choice {
            None => {}
            Some(ToolChoice::Auto) => w.str_field("tool_choice", "auto"),
            Some(ToolChoice::None) => w.str_field("tool_choice", "none"),
            Some(ToolChoice::Required) => w.str_field("tool_choice", "required"),
            Some(ToolChoice::Tool(name)) => w.key("tool_choice").object(|w| self.named(w, name)),
            Some(ToolChoice::Allowed { names, required }) => w.key("tool_choice").object(|w| {
                w.str_field("type", "allowed_tools");
                w.key("allowed_tools").object(|w| {
                    w.str_field("mode", if *required { "required" } else { "auto" });
                    w.key("tools").array(|w| names.iter().for_each(|name| w.object(|w| self.named(w, name))));
                });
            }),
        }
        w.opt_num("parallel_tool_calls", self.parallel);
    }

    /// Refers to a tool by name. A name that no function has belongs to one of OpenAI's custom tools.
    fn named(&self, w: &mut Writer, name: &str) {
        let is_function = |tool: &Tool| matches!(tool, Tool::Function(function) if function.name == name);
        let has_custom = self.tools.iter().any(|tool| matches!(tool, Tool::Opaque { .. }));
        let kind = if has_custom && !self.tools.iter().any(|tool| is_function(tool)) { "custom" } else { "function" };
        w.str_field("type", kind);
        w.key(kind).object(|w| w.str_field("name", name));
    }
}

/// The choice that the target gets: none without tools, and no force on models that cannot be forced.
fn choice<'a>(chat: &'a Chat, tools: &[&Tool], fit: &mut Fit) -> Result<Option<&'a ToolChoice>, Fault> {
    let Some(choice) = &chat.tool_choice else {
        return Ok(None);
    };
    let is_forced = match choice {
        ToolChoice::Auto | ToolChoice::None => false,
        ToolChoice::Required | ToolChoice::Tool(_) => true,
        ToolChoice::Allowed { required, .. } => *required,
    };
    if tools.is_empty() {
        return match is_forced {
            true => Err(Fault::invalid_param("tool_choice", "'tool_choice' demands a call, but there are no tools")),
            false => Ok(None),
        };
    }
    if is_forced && !fit.target.abilities().forced_tool {
        fit.worse_without("tool_choice")?;
        return Ok(None);
    }
    Ok(Some(choice))
}

fn tool(w: &mut Writer, tool: &Tool, own: bool, quirks: &Quirks) {
    match tool {
        Tool::Function(function) => w.object(|w| {
            w.str_field("type", "function");
            w.key("function").object(|w| {
                function_fields(w, function);
                for (name, value) in function.extras.iter().filter(|_| own) {
                    w.key(name).raw(value);
                }
            });
            if quirks.cache_control {
                write_messages::cache_mark(w, function.cache, quirks);
            }
        }),
        Tool::Opaque { raw, .. } => w.raw(raw),
    }
}

fn function_fields(w: &mut Writer, function: &FunctionTool) {
    w.str_field("name", &function.name);
    w.opt_str("description", function.description.as_deref());
    w.opt_raw("parameters", function.parameters.as_ref());
    w.opt_num("strict", function.strict);
}

/// Writes `response_format`. OpenAI demands a name for a schema.
pub(super) fn format(w: &mut Writer, format: &Format) {
    w.key("response_format").object(|w| match format {
        Format::Json => w.str_field("type", "json_object"),
        Format::Schema { name, description, schema, strict } => {
            w.str_field("type", "json_schema");
            w.key("json_schema").object(|w| {
                w.str_field("name", name.as_deref().unwrap_or("response"));
                w.opt_str("description", description.as_deref());
                w.key("schema").raw(schema);
                w.opt_num("strict", *strict);
            });
        }
    });
}
