//! Tools. Functions stand flat; tools that take plain text are offered as functions of one text; a namespace's tools carry
//! its name. Of the answer, [`Offered`] knows what each call was of.

use std::collections::HashMap;

use types::{FunctionTool, Raw, Tool};

use super::NAME;
use crate::json::{Doc, Json, Writer};
use crate::typed::{Place, Wrong, each, field, flag, items, object, required, text};

/// The only argument of a function that stands for a tool of plain text.
pub(super) const INPUT: &str = "input";
/// Stands between a namespace and the name of a tool.
const JOINT: &str = "__";
/// Fields of functions that are understood.
const KNOWN: [&str; 5] = ["type", "name", "description", "parameters", "strict"];

/// Reads `tools`.
pub(super) fn read(list: Json) -> Result<Vec<Tool>, Wrong> {
    let mut tools = Vec::new();
    for (index, item) in items(list)?.enumerate() {
        match &*required(object(item).at(index)?, "type", text).at(index)? {
            "namespace" => {
                let name = required(item, "name", text).at(index)?;
                let inner = required(item, "tools", |list| each(list, |tool| one(tool, Some(&name))));
                tools.extend(inner.at(index)?);
            }
            _ => tools.push(one(item, None).at(index)?),
        }
    }
    Ok(tools)
}

fn one(item: Json, namespace: Option<&str>) -> Result<Tool, Wrong> {
    match &*required(object(item)?, "type", text)? {
        "function" => Ok(Tool::Function(FunctionTool {
            name: full_name(namespace, &required(item, "name", text)?),
            description: field(item, "description", text)?,
            parameters: field(item, "parameters", |schema| Ok(object(schema)?.to_raw()))?,
            strict: field(item, "strict", flag)?,
            cache: None,
            extras: item.beside(&KNOWN),
        })),
        "custom" => Ok(Tool::Function(FunctionTool {
            name: full_name(namespace, &required(item, "name", text)?),
            description: Some(described(item)?),
            parameters: Some(Raw::new(format!(
                r#"{{"type":"object","properties":{{"{INPUT}":{{"type":"string"}}}},"required":["{INPUT}"],"additionalProperties":false}}"#
            ))),
            ..FunctionTool::default()
        })),
        kind if let Some(built_in) = BuiltIn::parse(kind) => Ok(Tool::Function(built_in.function())),
        kind => Ok(Tool::Opaque { dialect: NAME, kind: kind.to_owned(), raw: item.to_raw() }),
    }
}

/// A tool of OpenAI's models that the caller carries out. Others get it as a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuiltIn {
    LocalShell,
    ApplyPatch,
}

impl BuiltIn {
    pub fn parse(kind: &str) -> Option<Self> {
        [BuiltIn::LocalShell, BuiltIn::ApplyPatch].into_iter().find(|one| one.name() == kind)
    }

    pub fn name(self) -> &'static str {
        match self {
            BuiltIn::LocalShell => "local_shell",
            BuiltIn::ApplyPatch => "apply_patch",
        }
    }

    /// The field of a call that holds what is to be done, and what stands there before that is known.
    pub fn wanted(self) -> (&'static str, &'static str) {
        match self {
            BuiltIn::LocalShell => ("action", r#"{"type":"exec","command":[],"env":{}}"#),
            BuiltIn::ApplyPatch => ("operation", r#"{"type":"update_file","path":"","diff":""}"#),
        }
    }

    fn function(self) -> FunctionTool {
        let (description, schema) = match self {
            BuiltIn::LocalShell => (
                "Runs a command on the user's machine.",
                r#"{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}},"working_directory":{"type":"string"},"timeout_ms":{"type":"integer"}},"required":["command"]}"#,
            ),
            BuiltIn::ApplyPatch => (
                "Creates, updates or deletes a file; diff is in the V4A format, without the lines that begin and end a patch.",
                r#"{"type":"object","properties":{"type":{"type":"string","enum":["create_file","update_file","delete_file"]},"path":{"type":"string"},"diff":{"type":"string"}},"required":["type","path"]}"#,
            ),
        };
        FunctionTool {
            name: self.name().to_owned(),
            description: Some(description.to_owned()),
            parameters: Some(Raw::new(schema)),
            ..FunctionTool::default()
        }
    }

    /// What is to be done, from the arguments of the function; what is no object says nothing.
    pub fn action(self, arguments: &str) -> String {
        let Ok(doc) = Doc::parse(arguments.as_bytes()) else { return self.wanted().1.to_owned() };
        let root = doc.root();
        let mut out = bytes::BytesMut::new();
        Writer::new(&mut out).object(|w| {
            if self == BuiltIn::LocalShell {
                w.str_field("type", "exec");
                if root.get("env").is_none() {
                    w.key("env").object(|_| {});
                }
            }
            let own = |name: &Json| self == BuiltIn::LocalShell && name.is("type");
            for (name, value) in root.fields().filter(|(name, _)| !own(name)) {
                w.key(&name.as_string().unwrap_or_default()).json(value.raw());
            }
        });
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// What a tool of plain text is for, and which form the text must have.
fn described(item: Json) -> Result<String, Wrong> {
    let mut description = field(item, "description", text)?.unwrap_or_default();
    if let Some(format) = item.get_some("format")
        && let Some(grammar) = field(format, "definition", text).within("format")?
    {
        let syntax = field(format, "syntax", text).within("format")?.unwrap_or_default();
        description.push_str(&format!("\n\nThe text in `{INPUT}` must follow this {syntax} grammar:\n{grammar}"));
    }
    Ok(description)
}

/// The name of a tool, behind that of its namespace.
pub(super) fn full_name(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(space) if !space.is_empty() => format!("{space}{JOINT}{name}"),
        _ => name.to_owned(),
    }
}

/// What the caller offered, by the names that the model knows.
#[derive(Default)]
pub(super) struct Offered(HashMap<String, Offer>);

/// A tool whose calls look different from those of functions.
pub(super) struct Offer {
    pub name: String,
    pub namespace: Option<String>,
    pub form: Form,
}

/// What calls of a tool look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Function,
    Custom,
    BuiltIn(BuiltIn),
}

impl Offered {
    /// From what of the request the answer repeats.
    pub fn of(echo: &str) -> Self {
        let mut offered = Offered::default();
        if let Ok(doc) = Doc::parse(echo.as_bytes()) {
            let tools = doc.root().get("tools").into_iter().flat_map(|tools| tools.items());
            tools.for_each(|tool| offered.note(tool, None));
        }
        offered
    }

    fn note(&mut self, tool: Json, namespace: Option<&str>) {
        let Some(kind) = tool.get("type") else { return };
        if let Some(built_in) = kind.as_string().and_then(|kind| BuiltIn::parse(&kind)) {
            let name = built_in.name().to_owned();
            self.0.insert(name.clone(), Offer { name, namespace: None, form: Form::BuiltIn(built_in) });
            return;
        }
        let Some(name) = tool.get("name").and_then(|name| name.as_string()) else { return };
        if kind.is("namespace") {
            let inner = tool.get("tools").into_iter().flat_map(|tools| tools.items());
            return inner.for_each(|tool| self.note(tool, Some(&name)));
        }
        let form = if kind.is("custom") { Form::Custom } else { Form::Function };
        if form == Form::Custom || namespace.is_some() {
            let offer = Offer { name: name.clone(), namespace: namespace.map(str::to_owned), form };
            self.0.insert(full_name(namespace, &name), offer);
        }
    }

    /// What calls by this name look like.
    pub fn form_of(&self, name: &str) -> Form {
        self.of_call(name).map_or(Form::Function, |offer| offer.form)
    }

    /// What a call by this name is of, if it is of no plain function.
    pub fn of_call(&self, name: &str) -> Option<&Offer> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests;
