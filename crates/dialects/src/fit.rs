//! The one rule for what a target cannot express: hints go silently, worse answers need `drop_params`,
//! different answers are refused.

use bytes::Bytes;
use types::{Chat, Fault, FaultKind, FunctionTool, Operation, Side};

use crate::{Amends, Outgoing, Target};

/// A dialect has no words for this at all.
pub(crate) fn lacking(operation: Operation) -> Fault {
    let message = format!("this dialect has no {}", operation.brings());
    Fault::new(FaultKind::Unsupported, Side::Gateway, message)
}

/// Most losses that are named one by one where a request may have any number of them.
const MAX_NAMED: usize = 64;

/// Keeps account of what a request loses on its way to `target`.
pub struct Fit<'t> {
    /// Where the request goes.
    pub target: &'t Target<'t>,
    /// What was left out, by the caller's names.
    pub dropped: Vec<String>,
    /// What the answer needs.
    pub amends: Amends,
}

impl<'t> Fit<'t> {
    /// Nothing is lost yet.
    pub fn new(target: &'t Target<'t>) -> Self {
        Fit { target, dropped: Vec::new(), amends: Amends::default() }
    }

    /// The encoded request, with what was lost on the way.
    pub(crate) fn outgoing(self, body: impl Into<Bytes>) -> Outgoing {
        let (behind, headers) = (String::new(), Vec::new());
        Outgoing { behind, body: body.into(), headers, dropped: self.dropped, amends: self.amends }
    }

    /// The target has no word for `parallel_tool_calls: false`: its answer is amended instead.
    pub(crate) fn one_call(&mut self, chat: &Chat) {
        self.amends.one_call(chat.parallel_tool_calls == Some(false));
    }

    /// The target cannot honour `param`, and leaving it out only makes the answer worse: it is dropped under
    /// `drop_params`, and refused with a clear 400 otherwise.
    pub fn worse_without(&mut self, param: &str) -> Result<(), Fault> {
        if self.target.drop_params {
            self.dropped.push(param.to_owned());
            Ok(())
        } else {
            Err(Fault::unsupported(param, self.target.name))
        }
    }

    /// Like [`Fit::worse_without`], if there is a value at all.
    pub fn worse_without_some<T>(&mut self, param: &str, value: &Option<T>) -> Result<(), Fault> {
        if value.is_some() { self.worse_without(param) } else { Ok(()) }
    }

    /// A pure hint that the target has no word for: left out, and noted.
    pub fn hint<T>(&mut self, param: &str, value: &Option<T>) {
        if value.is_some() && !self.dropped.iter().any(|lost| lost == param) {
            self.dropped.push(param.to_owned());
        }
    }

    /// Fields of a function that only the caller's dialect knows: hints for targets that do not speak it.
    pub fn lose_fields(&mut self, function: &FunctionTool, spoken: bool) {
        for (name, _) in function.extras.iter().filter(|_| !spoken) {
            let param = format!("tools.{name}");
            if self.dropped.len() < MAX_NAMED && !self.dropped.contains(&param) {
                self.dropped.push(param);
            }
        }
    }

    /// The target cannot honour `param`, and leaving it out would change what is asked: always refused.
    pub fn refuse<T>(&self, param: &str, why: &str) -> Result<T, Fault> {
        let mut fault = Fault::unsupported(param, self.target.name);
        fault.message = format!("{why} ('{param}') is not supported by {}", self.target.name);
        Err(fault)
    }
}
