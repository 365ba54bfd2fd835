//! A bucket of Amazon's S3, of whatever speaks its protocol, or of Google's cloud storage, which does too.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{AccessToken, Sent, Signer, Signing};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use providers::http::{Call, Client, Endpoint};
use store::cache::{Objects, Step};

/// What stands in a path as it is, and what in one segment of it or in a query.
pub const PATH: &AsciiSet = &SEGMENT.remove(b'/');
pub const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// How long a connection, and the first credential, may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Largest object, and largest page of names.
const LARGEST: usize = 64 << 20;
const LARGEST_PAGE: usize = 4 << 20;
/// What the names of answers begin with: what else lies in the bucket is not ours.
const FOLDER: &str = "lockgate-answers/";

/// Where a bucket is: at the address that is named, or at Amazon, where it has a host of its own unless its name would not
/// fit the certificate. The address of the host, and the bucket's path there.
pub fn place(bucket: &str, region: &str, named: Option<&str>) -> (String, String) {
    match named {
        Some(url) => (url.to_owned(), format!("/{bucket}")),
        None if bucket.contains('.') => (format!("https://s3.{region}.amazonaws.com"), format!("/{bucket}")),
        None => (format!("https://{bucket}.s3.{region}.amazonaws.com"), String::new()),
    }
}

/// What is shown at a bucket.
#[derive(Clone, Debug)]
pub enum Badge {
    /// A signature.
    Signed(Signing),
    /// A token.
    Token(Arc<AccessToken>),
}

/// Where a bucket is.
#[derive(Clone, Debug)]
pub struct Site {
    /// The host.
    pub endpoint: Endpoint,
    /// The path of the bucket there: empty, if the host is the bucket's own.
    pub path: String,
    /// What the names of objects begin with: empty, or with a slash at its end.
    pub prefix: String,
    /// What is shown there.
    pub badge: Badge,
}

/// A bucket, as one thread reaches it.
pub struct Bucket {
    site: Site,
    client: Client,
}

impl Site {
    /// The bucket, for the thread that this is called on.
    pub fn open(&self) -> Rc<dyn Objects> {
        Rc::new(Bucket { site: self.clone(), client: Client::default() })
    }

    /// What tells it from others. It may hold secrets.
    pub fn identity(&self) -> String {
        let badge = match &self.badge {
            Badge::Signed(Signing { signer: Signer::Fixed(keys), .. }) => {
                keys.secrets().chain([keys.id()]).collect::<Vec<_>>().join("\0")
            }
            Badge::Signed(Signing { signer: Signer::Oracle(keys), .. }) => keys.id().to_owned(),
            // Whoever asks for the same gets the same one.
            Badge::Signed(Signing { signer: Signer::Fetched(token), .. }) | Badge::Token(token) => {
                format!("{:p}", Arc::as_ptr(token))
            }
        };
        format!("{}\0{}\0{}\0{badge}", self.endpoint.url(), self.path, self.prefix)
    }

    /// The path of an object.
    fn object(&self, name: &str) -> String {
        let name = format!("{}{FOLDER}{name}", self.prefix);
        format!("{}/{}", self.path, utf8_percent_encode(&name, PATH))
    }
}

impl Bucket {
    /// Sends a request; the status of the answer and its body.
    async fn ask(&self, method: &'static str, path: &str, body: &[Bytes], most: usize) -> Result<(u16, Bytes), String> {
        let endpoint = &self.site.endpoint;
        let mut headers = HeaderMap::new();
        let shown = match &self.site.badge {
            Badge::Signed(signing) => signing.sign(endpoint, Sent { method, path, body }, &mut headers, PATIENCE).await,
            Badge::Token(token) => token.header(PATIENCE).await.map(|value| drop(headers.insert(AUTHORIZATION, value))),
        };
        shown.map_err(|fault| fault.message)?;
        let call = Call {
            endpoint,
            method,
            path,
            headers: &headers,
            body,
            connect_timeout: PATIENCE,
            claim: None,
            sent: None,
        };
        let reply = self.client.call(&call).await.map_err(|fault| fault.message)?;
        let status = reply.status;
        // Read to its end, so that the connection can be used again.
        Ok((status, reply.body.collect(most).await.map_err(|fault| fault.message)?))
    }

    /// The same for what needs no answer but that it was done.
    async fn tell(&self, method: &'static str, name: &str, body: &[Bytes]) -> Result<u16, String> {
        match self.ask(method, &self.site.object(name), body, LARGEST_PAGE).await? {
            (status @ (200..=299 | 404), _) => Ok(status),
            (status, _) => Err(format!("it answered with status {status}")),
        }
    }
}

impl Objects for Bucket {
    fn get<'a>(&'a self, name: &'a str) -> Step<'a, Option<Bytes>> {
        Box::pin(async move {
            match self.ask("GET", &self.site.object(name), &[], LARGEST).await? {
                (200, body) => Ok(Some(body)),
                (404, _) => Ok(None),
                (status, _) => Err(format!("it answered with status {status}")),
            }
        })
    }

    fn put<'a>(&'a self, name: &'a str, pieces: Vec<Bytes>) -> Step<'a, ()> {
        Box::pin(async move {
            match self.tell("PUT", name, &pieces).await? {
                404 => Err("there is no such bucket".to_owned()),
                _ => Ok(()),
            }
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> Step<'a, ()> {
        Box::pin(async move { self.tell("DELETE", name, &[]).await.map(drop) })
    }

    fn list<'a>(&'a self, from: Option<&'a str>) -> Step<'a, (Vec<String>, Option<String>)> {
        Box::pin(async move {
            let (mut query, folder) = (String::from("?list-type=2"), format!("{}{FOLDER}", self.site.prefix));
            // Writing to a text does not fail.
            let _ = write!(query, "&prefix={}", utf8_percent_encode(&folder, SEGMENT));
            if let Some(from) = from {
                let _ = write!(query, "&continuation-token={}", utf8_percent_encode(from, SEGMENT));
            }
            let path = if self.site.path.is_empty() { "/" } else { &self.site.path };
            let (status, page) = self.ask("GET", &format!("{path}{query}"), &[], LARGEST_PAGE).await?;
            if status != 200 {
                return Err(format!("it answered with status {status}"));
            }
            let page = String::from_utf8_lossy(&page);
            let names = texts(&page, "Key").filter_map(|key| Some(key.strip_prefix(&folder)?.to_owned()));
            Ok((names.collect(), texts(&page, "NextContinuationToken").next()))
        })
    }
}

/// The texts of all elements of this name: names of answers and marks of places, which have no elements within.
fn texts<'p>(page: &'p str, element: &str) -> impl Iterator<Item = String> + use<'p> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let rest = RefCell::new(page);
    std::iter::from_fn(move || {
        let (_, behind) = rest.borrow().split_once(open.as_str())?;
        let (text, behind) = behind.split_once(close.as_str())?;
        rest.replace(behind);
        Some(unescaped(text))
    })
}

fn unescaped(text: &str) -> String {
    const MARKS: [(&str, &str); 5] = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    MARKS.iter().fold(text.to_owned(), |text, (mark, letter)| text.replace(mark, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_page_are_found_and_where_the_next_ones_are() {
        let page = "<?xml version=\"1.0\"?><ListBucketResult><Name>b</Name><NextContinuationToken>a&amp;b=</NextContinuationToken>\
                    <Contents><Key>x/1</Key><Size>3</Size></Contents><Contents><Key>x/&lt;2&gt;</Key></Contents></ListBucketResult>";
        assert_eq!(texts(page, "Key").collect::<Vec<_>>(), ["x/1", "x/<2>"]);
        assert_eq!(texts(page, "NextContinuationToken").next().as_deref(), Some("a&b="));
        assert_eq!(texts("<Key>cut", "Key").next(), None);
    }
}
