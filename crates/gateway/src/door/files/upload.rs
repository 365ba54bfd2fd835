//! A file in a form that goes on while it comes. What stands before the file says where it goes; fields that are for the
//! gateway stay here.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use providers::http::Upload;
use types::Fault;

use super::lines::{Lines, Rule, model_of};
use crate::door::passing::Piecewise;

/// Most of a form that is read before it is decided where it goes.
const MOST_READ: usize = 512 << 10;
/// Fields that are for the gateway.
const OURS: [&str; 5] = ["custom_llm_provider", "litellm_metadata", "model", "target_model_names", "target_storage"];

/// The boundary that a content type names.
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    let of = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let fits = name.trim().eq_ignore_ascii_case("boundary") && (1..=70).contains(&value.len());
        fits.then(|| value.to_owned())
    };
    kind.trim().eq_ignore_ascii_case("multipart/form-data").then(|| parameters.split(';').find_map(of)).flatten()
}

/// What stands in a form up to the beginning of its file.
pub struct Opening {
    fields: Vec<(String, String)>,
    /// What goes on of it, up to where the file begins.
    kept: BytesMut,
    /// What was read behind that.
    file: Bytes,
}

impl Opening {
    /// Reads so far that the first line of the file is there.
    pub async fn read(body: &mut Piecewise, boundary: &str) -> Result<Self, Fault> {
        let mut read = BytesMut::new();
        loop {
            let piece = poll_fn(|cx| body.poll_piece(cx)).await.transpose()?;
            let over = piece.is_none();
            read.extend_from_slice(&piece.unwrap_or_default());
            if let Some((fields, kept, file)) = cut(&read, boundary)? {
                let has_line = memchr::memchr(b'\n', &read[file..]).is_some();
                if has_line || over || read.len() > MOST_READ {
                    return Ok(Opening { fields, kept, file: Bytes::copy_from_slice(&read[file..]) });
                }
            }
            if over {
                return Err(Fault::invalid_param("file", "the form has no file"));
            }
            if read.len() > MOST_READ {
                return Err(Fault::invalid("there is too much in front of the file in this form"));
            }
        }
    }

    /// A field that stands in front of the file.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut all = self.fields.iter().filter(|(known, _)| known == name || known.strip_suffix("[]") == Some(name));
        all.next().map(|(_, value)| value.as_str())
    }

    /// What the file is for, as far as that is known.
    pub fn purpose(&self) -> Option<&str> {
        self.field("purpose").or_else(|| self.first_model().map(|_| "batch"))
    }

    /// The model of the file's first line.
    pub fn first_model(&self) -> Option<String> {
        model_of(self.file.split(|byte| *byte == b'\n').next()?)
    }

    /// The whole form as it goes on.
    pub fn into_upload(self, body: Piecewise, boundary: String, rule: Option<Rule>) -> FormUpload {
        let lines = rule.map(|rule| Lines::new(rule, &boundary));
        FormUpload { ready: VecDeque::from([self.kept.freeze()]), first: Some(self.file), body, lines, over: false }
    }
}

/// The fields in front of the file, what goes on of them, and where the file begins; `None` if that is not there yet.
#[expect(clippy::type_complexity, reason = "it is looked at once")]
fn cut(read: &[u8], boundary: &str) -> Result<Option<(Vec<(String, String)>, BytesMut, usize)>, Fault> {
    let wrong = || Fault::invalid("the form cannot be read");
    let opening = format!("--{boundary}\r\n").into_bytes();
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    if read.len() < opening.len() {
        return Ok(None);
    }
    let mut at = opening.len();
    if !read.starts_with(&opening) {
        return Err(wrong());
    }
    let (mut fields, mut kept) = (Vec::new(), BytesMut::new());
    loop {
        let Some(head) = memmem::find(&read[at..], b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&read[at..at + head]).map_err(|_| wrong())?;
        let content = at + head + 4;
        let name = parameter(text, "name").ok_or_else(wrong)?;
        let start = at - opening.len();
        if parameter(text, "filename").is_some() || name == "file" {
            kept.extend_from_slice(&read[start..content]);
            return Ok(Some((fields, kept, content)));
        }
        let Some(length) = memmem::find(&read[content..], &delimiter) else { return Ok(None) };
        let value = String::from_utf8_lossy(&read[content..content + length]).into_owned();
        let next = content + length + delimiter.len();
        match read.get(next..next + 2) {
            None => return Ok(None),
            Some(b"\r\n") => {}
            Some(_) => return Err(Fault::invalid_param("file", "the form has no file")),
        }
        let bare = name.strip_suffix("[]").unwrap_or(&name);
        if !OURS.contains(&bare) {
            kept.extend_from_slice(&read[start..content + length + 2]);
        }
        fields.push((name, value));
        at = next + 2;
    }
}

/// A parameter of the disposition in the head of a part.
fn parameter(head: &str, name: &str) -> Option<String> {
    let disposition = head.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    disposition.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// A form on its way.
pub struct FormUpload {
    ready: VecDeque<Bytes>,
    first: Option<Bytes>,
    body: Piecewise,
    lines: Option<Lines>,
    over: bool,
}

impl FormUpload {
    fn passed(&mut self, piece: Bytes) -> Result<Bytes, Fault> {
        match &mut self.lines {
            Some(lines) => lines.read(&piece),
            None => Ok(piece),
        }
    }
}

impl Upload for FormUpload {
    /// It is another one than the caller's, and comes in chunks.
    fn length(&self) -> Option<u64> {
        None
    }

    fn poll_piece(&mut self, cx: &mut Context) -> Poll<Option<Result<Bytes, Fault>>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                if !piece.is_empty() {
                    return Poll::Ready(Some(Ok(piece)));
                }
                continue;
            }
            if self.over {
                return Poll::Ready(None);
            }
            let piece = match self.first.take() {
                Some(piece) => Some(Ok(piece)),
                None => ready!(self.body.poll_piece(cx)),
            };
            let passed = match piece {
                Some(Ok(piece)) => self.passed(piece),
                Some(Err(fault)) => Err(fault),
                None => {
                    self.over = true;
                    Ok(self.lines.as_mut().map(Lines::finish).unwrap_or_default())
                }
            };
            match passed {
                Ok(piece) => self.ready.push_back(piece),
                Err(fault) => return Poll::Ready(Some(Err(fault))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_front_of_a_file_are_read_and_ours_stay() {
        let part = |name: &str, value: &str| {
            format!("--e\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = "--e\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n";
        let text =
            [part("purpose", "batch"), part("target_model_names", "a, b"), file.to_owned(), "{}\n".to_owned()].concat();
        for end in 0..text.len() - 3 {
            assert!(cut(&text.as_bytes()[..end], "e").unwrap().is_none(), "{end}");
        }
        let (fields, kept, at) = cut(text.as_bytes(), "e").unwrap().unwrap();
        assert_eq!(fields, [("purpose".into(), "batch".into()), ("target_model_names".into(), "a, b".into())]);
        assert_eq!(String::from_utf8_lossy(&kept), [part("purpose", "batch"), file.to_owned()].concat());
        assert_eq!(&text[at..], "{}\n");
        assert!(cut(b"--other\r\n", "e").is_err());
        assert!(cut([part("purpose", "x"), "--e--".to_owned()].concat().as_bytes(), "e").is_err());
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary("application/json"), None);
    }
}
