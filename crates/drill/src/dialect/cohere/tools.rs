//! Reads and checks tools and the choice among them.

use super::fields::{invalid, known, list, one_of, required, switch, text};
use crate::dialect::{Incoming, field, is_name};
use crate::problem::Problem;
use crate::script::{Choice, Tool};
use serde_json::Value;

/// What is offered.
pub(super) struct Offered {
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
}

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Offered, Problem> {
    let body = incoming.body;
    let listed = list(body, "tools")?;
    if !listed.is_empty() && incoming.knobs.on(incoming.knobs.no_tools) {
        return Err(invalid("tools are not supported by this model"));
    }
    let tools = listed.iter().map(|one| tool(one, incoming)).collect::<Result<Vec<_>, _>>()?;
    if switch(body, "strict_tools")? == Some(true) {
        let free = tools.iter().find(|tool| tool.schema["required"].as_array().is_none_or(Vec::is_empty));
        if let Some(free) = free {
            return Err(invalid(format!(
                "tool '{}' must have at least one required parameter to be strict",
                free.name
            )));
        }
    }
    let choice = match one_of(body, "tool_choice", &["REQUIRED", "NONE"])? {
        Some(_) if tools.is_empty() => return Err(invalid("tool_choice is only allowed with tools")),
        Some("NONE") => Choice::Never,
        _ => Choice::Free,
    };
    Ok(Offered { tools, choice })
}

fn tool(tool: &Value, incoming: &Incoming<'_>) -> Result<Tool, Problem> {
    known(tool, "tools", &["type", "function"], incoming)?;
    required(tool, "type", "tools")?;
    one_of(tool, "type", &["function"])?;
    let function = field(tool, "function").ok_or_else(|| invalid("tools.function is required"))?;
    known(function, "tools.function", &["name", "description", "parameters"], incoming)?;
    let name = required(function, "name", "tools.function")?;
    if !is_name(name, "_", 256) || name.starts_with(|first: char| first.is_ascii_digit()) {
        let rule = "must have only letters, digits and underscores, and not begin with a digit";
        return Err(invalid(format!("tool name '{name}' {rule}")));
    }
    text(function, "description")?;
    match field(function, "parameters") {
        Some(schema @ Value::Object(_)) => Ok(Tool { name: name.to_owned(), schema: schema.clone() }),
        Some(_) => Err(invalid(format!("the parameters of tool '{name}' must be an object"))),
        None => Err(invalid(format!("the parameters of tool '{name}' are required"))),
    }
}
