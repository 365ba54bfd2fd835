//! The bodies of `/api/chat` and `/api/generate`.

use std::borrow::Cow;

use bytes::BytesMut;
use types::{Chat, Completion, Fault, FaultKind, FunctionTool, Raw, Tool, ToolChoice};

use super::options::Settings;
use super::{messages, schema};
use crate::Fit;
use crate::amends::Forced;
use crate::json::Writer;

/// The schema of a tool without parameters.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// Fields that only `/api/generate` has.
const GENERATE: [&str; 5] = ["raw", "template", "system", "context", "images"];

/// Encodes a chat.
pub(super) fn chat(chat: &Chat, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let mut messages = messages::arrange(&chat.messages, fit)?;
    let mut tools = tools(chat, fit)?;
    let mut settings = Settings::of(chat, &[], fit)?;
    if must_call(chat) && !tools.is_empty() && !is_cloud(fit.target.model) {
        // It cannot be told to call a tool, but its answer can be forced to be one.
        let (forced, schema, told) = Forced::of(&tools);
        fit.amends.force(forced);
        settings.top.raw("format", &Raw::new(schema));
        messages::instruct(&mut messages, told);
        tools.clear();
    } else if let Some(format) = &chat.format {
        if tools.is_empty() || is_cloud(fit.target.model) {
            settings.format(format);
        } else {
            // A local server forces every token of the answer into the format, so no tool would ever be called.
            fit.worse_without("response_format")?;
        }
    }
    Ok(Writer::document(|w| {
        w.str_field("model", fit.target.model);
        w.key("messages").array(|w| messages.iter().for_each(|message| message.write(w)));
        if !tools.is_empty() {
            w.key("tools").array(|w| tools.iter().for_each(|tool| write_tool(tool, w)));
        }
        w.num_field("stream", chat.stream);
        settings.top.write_into(w);
        settings.options.write_as("options", w);
    }))
}

/// Encodes a text completion. The model continues the prompt as it is; only where a suffix asks for the text
/// between the two, the model's template is needed to say so.
pub(super) fn generate(completion: &Completion, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let chat = &completion.settings;
    let mut settings = Settings::of(chat, &GENERATE, fit)?;
    if let Some(format) = &chat.format {
        settings.format(format);
    }
    if completion.suffix.is_none() {
        settings.top.opt_num("raw", Some(true));
    }
    fit.worse_without_some("echo", &completion.echo.then_some(()))?;
    Ok(Writer::document(|w| {
        w.str_field("model", fit.target.model);
        w.str_field("prompt", &completion.prompt);
        w.opt_str("suffix", completion.suffix.as_deref());
        w.num_field("stream", chat.stream);
        settings.top.write_into(w);
        settings.options.write_as("options", w);
    }))
}

/// A tool to offer, and the schema of its arguments.
type Offer<'a> = (&'a FunctionTool, Cow<'a, str>);

/// The tools to offer, as Ollama can read them.
fn tools<'a>(chat: &'a Chat, fit: &mut Fit) -> Result<Vec<Offer<'a>>, Fault> {
    let with_schema = |function: &'a FunctionTool| match &function.parameters {
        None => Ok((function, Cow::Borrowed(NO_PARAMETERS))),
        Some(raw) => schema::resolved(raw).map(|schema| (function, schema)).map_err(|why| {
            let message =
                format!("the schema of tool '{}' cannot be told to {}: {why}", function.name, fit.target.name);
            Fault { kind: FaultKind::Unsupported, ..Fault::invalid_param("tools", message) }
        }),
    };
    offered(chat, fit)?.into_iter().map(with_schema).collect()
}

/// Whether the answer has to be a call.
fn must_call(chat: &Chat) -> bool {
    use ToolChoice::{Allowed, Required, Tool};
    matches!(chat.tool_choice, Some(Required | Tool(_) | Allowed { required: true, .. }))
}

/// What is not offered is not called. Only local servers force an answer into a form.
fn offered<'a>(chat: &'a Chat, fit: &mut Fit) -> Result<Vec<&'a FunctionTool>, Fault> {
    let mut functions = Vec::new();
    for tool in &chat.tools {
        match tool {
            Tool::Function(function) => {
                fit.lose_fields(function, false);
                functions.push(function);
            }
            Tool::Opaque { kind, .. } => fit.worse_without(&format!("tools ({kind})"))?,
        }
    }
    if functions.is_empty() {
        return Ok(functions);
    }
    match &chat.tool_choice {
        None | Some(ToolChoice::Auto) => {}
        Some(ToolChoice::None) => functions.clear(),
        Some(ToolChoice::Required) => {}
        Some(ToolChoice::Tool(name)) => functions.retain(|function| function.name == *name),
        Some(ToolChoice::Allowed { names, .. }) => functions.retain(|function| names.contains(&function.name)),
    }
    if must_call(chat) && functions.is_empty() {
        let message = "'tool_choice' demands a tool that is not among 'tools'";
        return Err(Fault::invalid_param("tool_choice", message));
    }
    if must_call(chat) && is_cloud(fit.target.model) {
        fit.worse_without("tool_choice")?;
    }
    Ok(functions)
}

fn write_tool((tool, schema): &Offer, w: &mut Writer) {
    w.object(|w| {
        w.str_field("type", "function");
        w.key("function").object(|w| {
            w.str_field("name", &tool.name);
            w.opt_str("description", tool.description.as_deref());
            w.key("parameters").json(schema);
        });
    });
}

/// Whether the model runs in Ollama's cloud, by the endings of its names: `gpt-oss:120b-cloud`, `glm-5:cloud`.
pub fn is_cloud(model: &str) -> bool {
    model.ends_with(":cloud") || model.ends_with("-cloud")
}
