//! Whom and what a call is for, as the caller says it: customer, tags, session. Only for counting and looking up:
//! nothing here opens a door.

use dialects::json::{Json, Kind};
use http::HeaderMap;
use memchr::memmem;

/// Longest name that is kept whole, characters; what is longer is cut.
const LONGEST: usize = 256;
/// Most tags of a call.
const MOST_TAGS: usize = 32;
/// Longest metadata for the log, bytes; what is longer is left out.
const LONGEST_METADATA: usize = 16 << 10;

/// Words in the names of fields of metadata that hold secrets.
const SECRETS: [&str; 7] = ["secret", "password", "_key", "apikey", "token", "authorization", "credential"];

/// Headers that name the customer, in the order of preference.
const CUSTOMER_HEADERS: [&str; 2] = ["x-litellm-customer-id", "x-litellm-end-user-id"];
/// Headers that name the session.
const SESSION_HEADERS: [&str; 3] = ["x-litellm-session-id", "x-litellm-trace-id", "x-session-id"];

/// Whom and what a call is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attribution {
    pub customer_id: Option<String>,
    pub tags: Vec<String>,
    pub session_id: Option<String>,
    /// JSON for the log.
    pub metadata: Option<String>,
}

impl Attribution {
    /// Reads headers and body; `user_header` is the operator's own header for customers. `tags` are those that the call
    /// has whatever it says: they come first, so that no number of others crowds them out.
    pub fn read<'t>(
        root: Json,
        headers: &HeaderMap,
        user_header: Option<&str>,
        tags: impl Iterator<Item = &'t str>,
    ) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).and_then(clean);
        let text = |value: Json| value.as_string().as_deref().and_then(clean);
        let field = |name: &str| root.get_some(name).and_then(text);
        let inside =
            |object: &str, name: &str| root.get_some(object)?.inside(|inner| inner.get_some(name).and_then(text))?;
        let mut names = CUSTOMER_HEADERS.into_iter().chain(user_header);
        let customer_id = names
            .find_map(header)
            .or_else(|| field("user"))
            .or_else(|| inside("litellm_metadata", "user"))
            .or_else(|| inside("metadata", "user_id"))
            .or_else(|| field("safety_identifier"));
        let session_id = SESSION_HEADERS
            .into_iter()
            .find_map(header)
            .or_else(|| field("litellm_session_id"))
            .or_else(|| field("litellm_trace_id"))
            .or_else(|| inside("metadata", "session_id"));
        let metadata = root.get_some("metadata").or_else(|| root.get_some("litellm_metadata"));
        let metadata = metadata.filter(|metadata| metadata.raw().len() <= LONGEST_METADATA).map(without_secrets);
        let mut attribution = Attribution { customer_id, tags: Vec::new(), session_id, metadata };
        attribution.add_tags(tags);
        if let Some(list) = headers.get("x-litellm-tags").and_then(|value| value.to_str().ok()) {
            attribution.add_tags(list.split(','));
        }
        attribution.add_tags_of(root);
        for object in ["metadata", "litellm_metadata"] {
            if let Some(metadata) = root.get_some(object) {
                metadata.inside(|metadata| attribution.add_tags_of(metadata));
            }
        }
        attribution
    }

    fn add_tags_of(&mut self, object: Json) {
        let Some(list) = object.get_some("tags") else { return };
        list.inside(|list| {
            let tags: Vec<String> = list.items().filter_map(|tag| tag.as_string()).take(MOST_TAGS).collect();
            self.add_tags(tags.iter().map(String::as_str));
        });
    }
}

impl Attribution {
    fn add_tags<'t>(&mut self, tags: impl Iterator<Item = &'t str>) {
        for tag in tags.filter_map(clean) {
            if self.tags.len() < MOST_TAGS && !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
    }
}

/// Metadata as it was written, but for fields that are named like secrets: some callers bring their credential for a
/// logging service along.
fn without_secrets(metadata: Json) -> String {
    let raw = metadata.raw();
    let mentions = |text: &str| {
        let text = text.to_ascii_lowercase();
        SECRETS.iter().any(|word| memmem::find(text.as_bytes(), word.as_bytes()).is_some())
    };
    if !mentions(raw) {
        return raw.to_owned();
    }
    let fields = metadata.inside(|metadata| {
        let open = metadata.fields().filter(|(name, value)| match value.kind() {
            Kind::String => !mentions(name.raw()),
            Kind::Object => !mentions(name.raw()) && !mentions(value.raw()),
            _ => true,
        });
        open.map(|(name, value)| format!("{}:{}", name.raw(), value.raw())).collect::<Vec<_>>().join(",")
    });
    format!("{{{}}}", fields.unwrap_or_default())
}

/// A name without what cannot be stored or shown, cut to a sensible length; `None` if nothing is left.
fn clean(text: &str) -> Option<String> {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use dialects::json::Doc;

    use super::*;

    fn read(body: &str, headers: &[(&'static str, &str)]) -> Attribution {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let tags = ["of the key"].into_iter();
        Attribution::read(Doc::parse(body.as_bytes()).unwrap().root(), &headers, Some("x-our-customer"), tags)
    }

    fn customer(body: &str, headers: &[(&'static str, &str)]) -> Option<String> {
        read(body, headers).customer_id
    }

    #[test]
    fn the_customer_is_found_wherever_applications_say_it() {
        let anywhere =
            r#"{"user":"b","litellm_metadata":{"user":"c"},"metadata":{"user_id":"d"},"safety_identifier":"e"}"#;
        assert_eq!(customer(anywhere, &[("x-litellm-end-user-id", "a")]).as_deref(), Some("a"));
        assert_eq!(customer(anywhere, &[("x-our-customer", "mine")]).as_deref(), Some("mine"));
        assert_eq!(customer(anywhere, &[]).as_deref(), Some("b"));
        assert_eq!(customer(r#"{"metadata":{"user_id":"d"}}"#, &[]).as_deref(), Some("d"));
        assert_eq!(customer(r#"{"user":" \u0000\n "}"#, &[]), None);
        assert_eq!(customer(r#"{"user":{"id":1}}"#, &[]), None);
        let long = format!(r#"{{"user":"{}"}}"#, "x".repeat(5_000));
        assert_eq!(customer(&long, &[]).map(|id| id.len()), Some(LONGEST));
    }

    #[test]
    fn tags_come_from_everywhere_and_each_counts_once() {
        let body = r#"{"tags":["a","b"],"metadata":{"tags":["b","c",7]},"litellm_metadata":{"tags":["d"]}}"#;
        assert_eq!(read(body, &[("x-litellm-tags", "e, a,,")]).tags, ["of the key", "e", "a", "b", "c", "d"]);
        let many: Vec<String> = (0..1_000).map(|number| format!("\"{number}\"")).collect();
        let tags = read(&format!(r#"{{"tags":[{}]}}"#, many.join(",")), &[]).tags;
        assert_eq!((tags.len(), &*tags[0]), (MOST_TAGS, "of the key"), "no number of tags crowds the key's own out");
    }

    #[test]
    fn secrets_in_metadata_are_not_kept() {
        let kept = |metadata: &str| read(&format!(r#"{{"metadata":{metadata}}}"#), &[]).metadata.unwrap();
        let plain = r#"{ "a" : [1, {"b": "c"}], "topic": "keys" }"#;
        assert_eq!(kept(plain), plain);
        let secrets =
            r#"{"a": 1, "langfuse_secret_key": "s", "nested": {"api_key": "s"}, "b":"my secret_key", "tokens": 5}"#;
        assert_eq!(kept(secrets), r#"{"a":1,"b":"my secret_key","tokens":5}"#);
        assert_eq!(kept(r#"{"X_TOKEN":"s"}"#), "{}");
    }

    #[test]
    fn sessions_and_metadata_are_kept_for_the_log() {
        let found = read(r#"{"metadata":{"session_id":"s","x":1}}"#, &[]);
        assert_eq!(
            (found.session_id.as_deref(), found.metadata.as_deref()),
            (Some("s"), Some(r#"{"session_id":"s","x":1}"#))
        );
    }
}
