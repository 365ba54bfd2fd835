//! Telling the tool calls of one streamed answer apart. By the book each fragment carries the index of its call
//! and only the first one id and name; servers forget the index, repeat the id, use index 0 for everything, or
//! send whole calls at once (wire.md 2.9).

use types::{Delta, Fault};

use super::answer::malformed;
use super::assistant;
use crate::json::Json;

/// Most calls that are followed in one answer.
const MAX_CALLS: usize = 1024;
/// Most bytes of arguments that wait for the name of their call.
const MAX_WAITING: usize = 1 << 20;

/// The calls seen so far.
#[derive(Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Default)]
struct Call {
    /// The index that the server uses for it.
    key: Option<u64>,
    id: String,
    name: String,
    signature: Option<String>,
    /// Whether it is of a tool that takes any text.
    is_custom: bool,
    /// Whether it was announced: not before its name is known.
    started: bool,
    has_arguments: bool,
    /// Arguments that came before the name.
    waiting: String,
}

/// What one fragment says.
struct Fragment {
    key: Option<u64>,
    id: String,
    name: String,
    arguments: String,
    signature: Option<String>,
    is_custom: bool,
}

impl Calls {
    /// Whether the answer calls tools.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Reads the `tool_calls` of a delta, or the deprecated `function_call`.
    pub(super) fn read(&mut self, delta: Json, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let list = delta.get_some("tool_calls");
        for item in list.into_iter().flat_map(|list| list.items()) {
            self.add(Fragment::of(item, item.get_some("function").or(item.get_some("custom"))), out)?;
        }
        match delta.get_some("function_call") {
            Some(call) => self.add(Fragment::of(call, Some(call)), out),
            None => Ok(()),
        }
    }

    /// Announces what never got a name.
    pub(super) fn end(&mut self, out: &mut Vec<Delta>) {
        for (index, call) in self.0.iter_mut().enumerate() {
            call.announce(index as u32, out);
        }
    }

    fn add(&mut self, fragment: Fragment, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let at = match self.find(&fragment) {
            Some(at) => at,
            None if self.0.len() == MAX_CALLS => return Err(malformed("calls more tools than we follow")),
            None => {
                self.0.push(Call { key: fragment.key, ..Call::default() });
                self.0.len() - 1
            }
        };
        self.0[at].take(fragment, at as u32, out)
    }

    /// The call that a fragment continues, or `None` if it begins a new one.
    fn find(&self, fragment: &Fragment) -> Option<usize> {
        let same_id = |call: &Call| call.id == fragment.id && (fragment.key.is_none() || call.key == fragment.key);
        if !fragment.id.is_empty()
            && let Some(at) = self.0.iter().rposition(same_id)
        {
            return Some(at);
        }
        let at = match fragment.key {
            Some(key) => self.0.iter().rposition(|call| call.key == Some(key))?,
            // Without an index and an id a name begins a call, and anything else continues the newest one.
            None if !fragment.name.is_empty() => return None,
            None => self.0.len().checked_sub(1)?,
        };
        self.0[at].is_continued_by(fragment).then_some(at)
    }
}

impl Fragment {
    fn of(item: Json, function: Option<Json>) -> Self {
        let text = |holder: Option<Json>, name: &str| holder?.get(name)?.as_string();
        let given = |name: &str| function?.get_some(name);
        let arguments = given("arguments").or(given("input"));
        Fragment {
            key: item.get("index").and_then(|index| index.as_u64()),
            id: text(Some(item), "id").unwrap_or_default(),
            name: text(function, "name").unwrap_or_default(),
            arguments: arguments.map(assistant::arguments).unwrap_or_default(),
            signature: assistant::signature(item),
            is_custom: item.get_some("custom").is_some(),
        }
    }
}

impl Call {
    /// Whether a fragment with the same index belongs to this call: another id or another name cannot, and the
    /// same name after arguments, with no id to tell, is another call of the same tool.
    fn is_continued_by(&self, fragment: &Fragment) -> bool {
        let agree = |new: &str, old: &str| new.is_empty() || old.is_empty() || new == old;
        let is_repeated = self.id.is_empty() && !fragment.name.is_empty() && self.has_arguments;
        agree(&fragment.id, &self.id) && agree(&fragment.name, &self.name) && !is_repeated
    }

    fn take(&mut self, fragment: Fragment, index: u32, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if self.id.is_empty() {
            self.id = fragment.id;
        }
        if self.name.is_empty() {
            self.name = fragment.name;
        }
        self.is_custom |= fragment.is_custom;
        self.has_arguments |= !fragment.arguments.is_empty();
        self.signature = self.signature.take().or(fragment.signature);
        if self.started {
            push_arguments(index, fragment.arguments, out);
            return Ok(());
        }
        self.waiting.push_str(&fragment.arguments);
        if self.waiting.len() > MAX_WAITING {
            return Err(malformed("contains a tool call without a name"));
        }
        if !self.name.is_empty() {
            self.announce(index, out);
        }
        Ok(())
    }

    fn announce(&mut self, index: u32, out: &mut Vec<Delta>) {
        if self.started {
            return;
        }
        self.started = true;
        let (id, name, signature) = (self.id.clone(), self.name.clone(), self.signature.take());
        out.push(match self.is_custom {
            true => Delta::CustomStart { index, id, name },
            false => Delta::ToolStart { index, id, name, signature },
        });
        push_arguments(index, std::mem::take(&mut self.waiting), out);
    }
}

fn push_arguments(index: u32, fragment: String, out: &mut Vec<Delta>) {
    if !fragment.is_empty() {
        out.push(Delta::ToolArguments { index, fragment });
    }
}
