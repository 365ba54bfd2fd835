//! Tools. Functions stand flat; tools that take plain text are offered as functions of one text; a namespace's tools carry
//! its name. Of the answer, [`Offered`] knows what each call was of.

use std::collections::HashMap;

use types::{FunctionTool, Raw, Tool};

use super::NAME;
use crate::json::{Doc, Json};
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
        kind => Ok(Tool::Opaque { dialect: NAME, kind: kind.to_owned(), raw: item.to_raw() }),
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
    pub is_custom: bool,
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
        let (Some(kind), Some(name)) = (tool.get("type"), tool.get("name").and_then(|name| name.as_string())) else {
            return;
        };
        if kind.is("namespace") {
            let inner = tool.get("tools").into_iter().flat_map(|tools| tools.items());
            return inner.for_each(|tool| self.note(tool, Some(&name)));
        }
        let is_custom = kind.is("custom");
        if is_custom || namespace.is_some() {
            let offer = Offer { name: name.clone(), namespace: namespace.map(str::to_owned), is_custom };
            self.0.insert(full_name(namespace, &name), offer);
        }
    }

    /// What a call by this name is of, if it is of no plain function.
    pub fn of_call(&self, name: &str) -> Option<&Offer> {
        self.0.get(name)
    }
}
