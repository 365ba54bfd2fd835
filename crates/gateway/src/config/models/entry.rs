//! One entry of `model_list`, understood: its name, whom it calls, its parameters.

use policy::nearest;

use super::Credentials;
use crate::config::keys::{MODEL, MODEL_INFO, PARAMS};
use crate::config::name::{Called, Nobody, resolve, slip};
use crate::config::report::{Notes, Place};
use crate::config::section::{Section, scalar};
use crate::config::tree::{Node, Value};

/// An entry that can be served.
pub struct Entry<'t> {
    /// `model_name`.
    pub group: &'t str,
    /// Its path.
    pub path: String,
    /// Where `model_name` stands.
    name_place: Place,
    /// Who is called; `None` for `model: "*"`, which leaves it to the caller.
    pub called: Option<Called>,
    /// `litellm_params`.
    pub params: Section<'t>,
    /// `model_info`.
    pub info: Section<'t>,
}

impl<'t> Entry<'t> {
    /// Reads an entry; `None` if it is left out, which is noted.
    pub fn read(node: &'t Node, path: &str, credentials: &Credentials, notes: &mut Notes) -> Option<Self> {
        let section = Section::read(Some(node), path, &MODEL, notes);
        if !matches!(node.value, Value::Map(_)) || section.flag("blocked") == Some(true) {
            return None;
        }
        let group = section.text("model_name");
        if group.is_none() {
            section.missing("model_name", "model_name: my-model", notes);
        }
        let Some(params) = section.node("litellm_params") else {
            section.missing("litellm_params", "litellm_params: {model: openai/gpt-4o}", notes);
            return None;
        };
        let called = called(params, credentials);
        if let Some(Err(Nobody::Unserved(id))) = &called {
            let message = format!("the provider {id} is not served yet: this entry is left out");
            let place = params.get("model").map_or(params.place, |node| node.place);
            notes.warn(place, &format!("{path}.litellm_params.model"), message, "other entries are not affected");
            return None;
        }
        let params = Section::read(Some(params), &section.at("litellm_params"), &PARAMS, notes);
        let info = Section::read(section.node("model_info"), &section.at("model_info"), &MODEL_INFO, notes);
        check_credential(&params, credentials, notes);
        let (place, at) = (params.place("model"), params.at("model"));
        warn_of_slip(&params, &called, notes);
        let called = match called {
            Some(Ok(called)) => called,
            Some(Err(Nobody::Unknown(message, remedy))) => {
                notes.error(place, &at, message, remedy);
                return None;
            }
            Some(Err(Nobody::Unserved(_))) | None => {
                params.missing("model", "model: openai/gpt-4o", notes);
                return None;
            }
        };
        let name_place = section.place("model_name");
        let entry = Entry { group: group?, path: path.to_owned(), name_place, called, params, info };
        entry.stars_fit(notes).then_some(entry)
    }

    /// Whether the `*` of name and model can be matched up.
    fn stars_fit(&self, notes: &mut Notes) -> bool {
        let (place, at) = (self.params.place("model"), self.params.at("model"));
        let stars = |text: &str| text.matches('*').count();
        match (stars(self.group), stars(self.called.as_ref().map_or("*", |called| &called.model))) {
            (0, 0) | (1, 0 | 1) => true,
            (0, _) => {
                let remedy = "write a * in model_name too, or the model's full name here";
                notes.error(place, &at, "nothing stands for the *: model_name has none", remedy);
                false
            }
            _ => {
                let message = "only one * is understood: this entry is left out";
                notes.warn(
                    self.name_place,
                    &format!("{}.model_name", self.path),
                    message,
                    "write one entry per pattern",
                );
                false
            }
        }
    }
}

/// Who is called, as in [`Entry::called`]; `None` if no model is named. Looked up before anything else, as mistakes in entries of providers
/// that are not served are of no interest.
fn called(params: &Node, credentials: &Credentials) -> Option<Result<Option<Called>, Nobody>> {
    let text = |name: &str| {
        let text = params.get(name).and_then(scalar)?.text.trim();
        (!text.is_empty()).then_some(text)
    };
    let credential = text("litellm_credential_name").and_then(|name| credentials.get(name));
    let in_credential = |name: &str| credential.is_some_and(|section| section.text(name).is_some());
    let has_base = ["api_base", "base_url"].iter().any(|name| text(name).is_some() || in_credential(name));
    let (model, custom) = (text("model")?, text("custom_llm_provider"));
    match (model, custom, has_base) {
        ("*", None, false) => Some(Ok(None)),
        _ => Some(resolve(model, custom, has_base).map(Some)),
    }
}

/// With an address, whatever stands before the slash may be part of the model's name; or a slip of the pen.
fn warn_of_slip(params: &Section, called: &Option<Result<Option<Called>, Nobody>>, notes: &mut Notes) {
    let Some(Ok(Some(called))) = called else { return };
    let assumed = params.text("custom_llm_provider").is_none() && params.text("model") == Some(&called.model);
    if let Some(near) = slip(&called.model).filter(|_| assumed) {
        let (prefix, rest) = called.model.split_once('/').unwrap_or_default();
        let message = format!("no provider is called {prefix:?}: the server is asked for {:?}", called.model);
        let remedy = format!("did you mean {near}/{rest}? otherwise write {}/{}", called.provider.id, called.model);
        notes.warn(params.place("model"), &params.at("model"), message, remedy);
    }
}

fn check_credential(params: &Section, credentials: &Credentials, notes: &mut Notes) {
    let Some(name) = params.text("litellm_credential_name").filter(|name| !credentials.contains_key(*name)) else {
        return;
    };
    let near = nearest(name, credentials.keys().map(String::as_str));
    let remedy = near.map_or("add it to credential_list".to_owned(), |near| format!("did you mean {near}?"));
    let message = format!("no credential is called {name:?}");
    notes.error(params.place("litellm_credential_name"), &params.at("litellm_credential_name"), message, remedy);
}
