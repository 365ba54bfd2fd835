//! Tools on their way to Gemini: declared functions, Google's own tools, and which of them may be called.

use types::{Chat, Fault, FunctionTool, Raw, Tool, ToolChoice};

use crate::Fit;
use crate::json::{Doc, Writer};
use crate::names::Rule;

/// Google's own tools by the key that holds their settings, in both spellings the API takes.
const GOOGLE: [&str; 14] = [
    "googleSearch",
    "google_search",
    "googleSearchRetrieval",
    "google_search_retrieval",
    "urlContext",
    "url_context",
    "codeExecution",
    "code_execution",
    "googleMaps",
    "google_maps",
    "fileSearch",
    "file_search",
    "computerUse",
    "computer_use",
];

/// Names of functions that Gemini takes.
pub(super) const NAMES: Rule = Rule { most: 128, marks: "_.:-", letter_first: true, reserved: "" };

/// The tools of a request, sorted.
pub(super) struct Tools<'a> {
    functions: Vec<&'a FunctionTool>,
    /// Google's tools as JSON objects.
    google: Vec<&'a str>,
    /// Value of `functionCallingConfig`: mode and names.
    calling: Option<(&'static str, Vec<&'a str>)>,
}

impl<'a> Tools<'a> {
    pub(super) fn of(chat: &'a Chat, fit: &mut Fit) -> Result<Self, Fault> {
        let mut tools = Tools { functions: Vec::new(), google: Vec::new(), calling: None };
        for tool in &chat.tools {
            match tool {
                Tool::Function(function) => {
                    fit.lose_fields(function, false);
                    tools.functions.push(function);
                }
                Tool::Opaque { dialect: "gemini", raw, .. } => tools.google.push(raw.get()),
                Tool::Opaque { raw, .. } if is_google(raw) => tools.google.push(raw.get()),
                Tool::Opaque { kind, .. } if kind.starts_with("web_search") => tools.search(),
                Tool::Opaque { kind, .. } => fit.worse_without(&format!("tools ({kind})"))?,
            }
        }
        if !tools.functions.is_empty() {
            tools.calling = chat.tool_choice.as_ref().map(calling);
        }
        Ok(tools)
    }

    /// Offers Google's web search.
    pub(super) fn search(&mut self) {
        self.google.push(r#"{"googleSearch":{}}"#);
    }

    /// Whether the model may call functions of the caller.
    pub(super) fn has_functions(&self) -> bool {
        !self.functions.is_empty()
    }

    /// Writes the fields `tools` and `toolConfig`.
    pub(super) fn write(&self, w: &mut Writer) {
        if self.functions.is_empty() && self.google.is_empty() {
            return;
        }
        w.key("tools").array(|w| {
            if self.has_functions() {
                w.object(|w| {
                    w.key("functionDeclarations")
                        .array(|w| self.functions.iter().for_each(|function| declare(function, w)));
                });
            }
            self.google.iter().for_each(|tool| w.json(tool));
        });
        if let Some((mode, names)) = &self.calling {
            w.key("toolConfig").object(|w| {
                w.key("functionCallingConfig").object(|w| {
                    w.str_field("mode", mode);
                    if !names.is_empty() {
                        w.key("allowedFunctionNames").array(|w| names.iter().for_each(|name| w.string(name)));
                    }
                });
            });
        }
    }
}

fn declare(function: &FunctionTool, w: &mut Writer) {
    w.object(|w| {
        w.str_field("name", &function.name);
        w.opt_str("description", function.description.as_deref());
        w.opt_raw("parametersJsonSchema", function.parameters.as_ref());
    });
}

/// Mode and allowed names. `VALIDATED` lets the model choose between the named functions and plain words.
fn calling(choice: &ToolChoice) -> (&'static str, Vec<&str>) {
    match choice {
        ToolChoice::Auto => ("AUTO", Vec::new()),
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Required => ("ANY", Vec::new()),
        ToolChoice::Tool(name) => ("ANY", vec![name]),
        ToolChoice::Allowed { names, required } => {
            let mode = if *required { "ANY" } else { "VALIDATED" };
            (mode, names.iter().map(String::as_str).collect())
        }
    }
}

/// Whether a tool that came in another dialect is one of Google's: callers put them into the tools list unchanged.
fn is_google(raw: &Raw) -> bool {
    Doc::parse_head(raw.get().as_bytes())
        .is_ok_and(|doc| doc.root().fields().next().is_some_and(|(key, _)| GOOGLE.iter().any(|name| key.is(name))))
}
