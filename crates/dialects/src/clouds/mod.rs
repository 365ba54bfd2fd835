//! Clouds whose servers speak OpenAI's dialect but for what is around it: names of fields, frames, paths. Each decides what
//! differs and leaves the rest to [`OpenAi`].

mod fim;
mod sagemaker;
mod watsonx;

pub use fim::Fim;
pub use sagemaker::SageMaker;
pub use watsonx::Watsonx;

use bytes::Bytes;
use types::Fault;

use crate::json::{Edit, Object};

/// A written body with some of its fields changed.
fn edited(body: Bytes, edits: impl FnOnce(&Object) -> Vec<Edit>) -> Result<Bytes, Fault> {
    let object = Object::parse(body)?;
    let edits = edits(&object);
    Ok(Bytes::from(object.splice(&edits).concat()))
}

#[cfg(test)]
mod tests;
