//! Reads and checks a generate request.

use super::options::{common, images, load_shape, switch, text};
use crate::dialect::Incoming;
use crate::problem::Problem;
use crate::script::{Ask, Shape, words};

const PATH: &str = "GenerateRequest";

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let body = incoming.body;
    let prompt = text(body, "prompt", PATH)?;
    let system = text(body, "system", PATH)?;
    let raw = switch(body, "raw", PATH)?.unwrap_or(false);
    if raw && ["system", "template", "context"].iter().any(|name| crate::dialect::field(body, name).is_some()) {
        return Err(Problem::refuse("raw mode does not support template, system, or context"));
    }
    for name in ["suffix", "template"] {
        text(body, name, PATH)?;
    }
    images(body, PATH)?;
    Ok(Ask {
        last_user: prompt.to_owned(),
        words: words(prompt) + words(system),
        shape: if prompt.is_empty() { load_shape(body) } else { Shape::Text },
        ..common(incoming, PATH)?
    })
}
