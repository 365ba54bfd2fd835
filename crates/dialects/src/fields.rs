//! A JSON object that is filled from several places: parameters with a word of their own, extras of the caller,
//! whole objects to be merged. Who sets a field first wins, so the source that matters most goes first.

use std::fmt::Display;

use bytes::BytesMut;
use types::{Fault, Raw};

use crate::json::{Json, Writer};

/// The fields gathered so far, in the order they were set.
#[derive(Default)]
pub struct Fields {
    names: Vec<String>,
    body: BytesMut,
}

impl Fields {
    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether the field was set.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// Sets a field, unless it is there already.
    pub fn set(&mut self, name: &str, value: impl FnOnce(&mut Writer)) {
        if self.has(name) {
            return;
        }
        self.names.push(name.to_owned());
        let mut writer = Writer::new(&mut self.body);
        writer.key(name);
        value(&mut writer);
    }

    /// Sets a string field.
    pub fn str(&mut self, name: &str, text: &str) {
        self.set(name, |w| w.string(text));
    }

    /// Sets a number or boolean field, if there is a value.
    pub fn opt_num(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.set(name, |w| w.display(value));
        }
    }

    /// Sets a fractional field, if there is a value. JSON has no infinity, though callers can write one (`1e999`):
    /// that is refused in the name of `param`.
    pub fn opt_float(&mut self, name: &str, param: &str, value: Option<f64>) -> Result<(), Fault> {
        match value {
            Some(number) if !number.is_finite() => {
                Err(Fault::invalid_param(param, format!("'{param}' must be a finite number")))
            }
            _ => {
                self.opt_num(name, value);
                Ok(())
            }
        }
    }

    /// Sets a list of strings, unless it is empty.
    pub fn strings(&mut self, name: &str, list: &[String]) {
        if !list.is_empty() {
            self.set(name, |w| w.array(|w| list.iter().for_each(|item| w.string(item))));
        }
    }

    /// Sets a field to a value written elsewhere.
    pub fn raw(&mut self, name: &str, raw: &Raw) {
        self.set(name, |w| w.raw(raw));
    }

    /// Takes over all fields of an object that are not set yet.
    pub fn merge(&mut self, object: Json) {
        for (name, value) in object.fields() {
            if let Some(name) = name.as_str() {
                self.set(&name, |w| w.json(value.raw()));
            }
        }
    }

    /// Writes the fields into the object that `w` is in.
    pub fn write_into(&self, w: &mut Writer) {
        if !self.is_empty() {
            w.json(&String::from_utf8_lossy(&self.body));
        }
    }

    /// Writes the fields as an object called `name`, unless there are none.
    pub fn write_as(&self, name: &str, w: &mut Writer) {
        if !self.is_empty() {
            w.key(name).object(|w| self.write_into(w));
        }
    }
}

#[cfg(test)]
mod tests;
