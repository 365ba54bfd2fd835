//! The lines of a batch on their way to a provider: each names a model in the gateway's words, and gets the provider's.

use bytes::{Bytes, BytesMut};
use dialects::json::{Edit, Json, Object, string};
use types::{Fault, FaultKind, Side};

/// Longest line, bytes.
const LONGEST: usize = 32 << 20;

/// What a model is called where the file goes, if it is called otherwise there; the fault refuses the file. It is told the
/// model, the path and the body of the call that the line stands for.
pub type Rule = Box<dyn Fn(&str, &str, Json) -> Result<Option<String>, Fault>>;

/// Reads a file's lines, and passes what is behind the file.
pub struct Lines {
    rule: Rule,
    /// What ends the file: the delimiter of its form, behind a line end.
    delimiter: Vec<u8>,
    pending: BytesMut,
    /// So many bytes of what is pending have no line end.
    searched: usize,
    over: bool,
}

impl Lines {
    pub fn new(rule: Rule, boundary: &str) -> Self {
        let delimiter = format!("--{boundary}").into_bytes();
        Lines { rule, delimiter, pending: BytesMut::new(), searched: 0, over: false }
    }

    /// What goes on once `piece` is there.
    pub fn read(&mut self, piece: &Bytes) -> Result<Bytes, Fault> {
        self.pending.extend_from_slice(piece);
        let mut out = BytesMut::with_capacity(self.pending.len() + 64);
        while !self.over {
            let Some(end) = memchr::memchr(b'\n', &self.pending[self.searched..]) else { break };
            let line = self.pending.split_to(self.searched + end + 1);
            self.searched = 0;
            if line.starts_with(&self.delimiter) {
                self.over = true;
                out.extend_from_slice(&line);
            } else {
                self.line(&line, &mut out)?;
            }
        }
        if self.over {
            out.extend_from_slice(&self.pending.split());
        } else if self.pending.len() > LONGEST {
            return Err(Fault::new(FaultKind::TooLarge, Side::Caller, "a line of the file is longer than 32 MiB"));
        } else {
            self.searched = self.pending.len();
        }
        Ok(out.freeze())
    }

    /// What is left at the end of the body.
    pub fn finish(&mut self) -> Bytes {
        self.pending.split().freeze()
    }

    fn line(&self, line: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let text = line.trim_ascii();
        match rewritten(text, &self.rule)? {
            Some(new) => {
                let start = text.as_ptr().addr() - line.as_ptr().addr();
                out.extend_from_slice(&line[..start]);
                out.extend_from_slice(&new);
                out.extend_from_slice(&line[start + text.len()..]);
            }
            None => out.extend_from_slice(line),
        }
        Ok(())
    }
}

/// The model that a line names.
pub fn model_of(line: &[u8]) -> Option<String> {
    let object = Object::parse(Bytes::copy_from_slice(line.trim_ascii())).ok()?;
    object.with(|root| root.get_some("body")?.inside(|body| body.get_some("model")?.as_string())?)
}

/// A line with another model; `None` if it stays as it is. What is no request is the provider's to refuse.
fn rewritten(line: &[u8], rule: &Rule) -> Result<Option<Bytes>, Fault> {
    let Ok(outer) = Object::parse(Bytes::copy_from_slice(line)) else { return Ok(None) };
    let ruled = outer.with(|root| {
        let url = root.get_some("url").and_then(|url| url.as_string()).unwrap_or_default();
        root.get_some("body")?.inside(|body| {
            let model = body.get_some("model")?.as_string()?;
            Some(rule(&model, &url, body))
        })?
    });
    let Some(new) = ruled.transpose()?.flatten() else { return Ok(None) };
    let inner = outer.with(|root| root.get("body").map(|body| Bytes::copy_from_slice(body.raw().as_bytes())));
    let Some(inner) = inner else { return Ok(None) };
    let inner = Object::parse(inner)?.splice(&[Edit::Set("model".to_owned(), string(&new))]).concat();
    let inner = String::from_utf8(inner).map_err(|_| Fault::invalid("a line of the file is not UTF-8"))?;
    Ok(Some(outer.splice(&[Edit::Set("body".to_owned(), inner)]).concat().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_change_however_the_file_is_cut() {
        let rule =
            || -> Rule { Box::new(|model: &str, _: &str, _: Json| Ok((model == "mine").then(|| "theirs".to_owned()))) };
        let text = "{\"custom_id\":\"1\",\"body\":{\"model\":\"mine\",\"x\": 1}}\n{\"body\":{\"model\":\"y\"}}\nnonsense\n\r\n\
                    {\"body\":{\"model\":\"mine\"}}\r\n--edge--\r\n{\"body\":{\"model\":\"mine\"}}\n";
        let expected = text.replacen("mine", "theirs", 2);
        for size in 1..text.len() {
            let mut lines = Lines::new(rule(), "edge");
            let mut out = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                out.extend_from_slice(&lines.read(&Bytes::copy_from_slice(piece)).unwrap());
            }
            out.extend_from_slice(&lines.finish());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{size}");
        }
    }

    #[test]
    fn a_model_that_is_not_allowed_refuses_the_file() {
        let mut lines = Lines::new(Box::new(|_: &str, _: &str, _: Json| Err(Fault::invalid("no"))), "edge");
        assert!(lines.read(&Bytes::from_static(b"{\"body\":{\"model\":\"m\"}}\n")).is_err());
    }
}
