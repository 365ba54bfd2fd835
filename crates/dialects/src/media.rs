//! Pictures and documents inside requests: data URLs and what the bytes really are.

use types::Source;

/// Reads an image or file address: a `data:` URL becomes inline data, anything else stays an address.
pub fn source_from_url(url: &str) -> Source {
    let inline = url.strip_prefix("data:").and_then(|rest| {
        let (head, data) = rest.split_once(',')?;
        let media_type = head.strip_suffix(";base64")?;
        Some(Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() })
    });
    inline.unwrap_or_else(|| Source::Url(url.to_owned()))
}

/// The `data:` URL of inline data.
pub fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// What the first bytes of base64 data say it is; callers often declare the wrong type (wire.md 8.1).
pub fn sniff(data: &str) -> Option<&'static str> {
    const SIGNATURES: [(&str, &str); 5] = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("JVBERi0", "application/pdf"),
        ("Qk0", "image/bmp"),
    ];
    // The same container holds sound and films; what it is comes twelve bytes later.
    let is_webp = data.starts_with("UklGR") && data.get(12..16) == Some("RUJQ");
    let known = SIGNATURES.iter().find(|(start, _)| data.starts_with(start)).map(|(_, media_type)| *media_type);
    known.or(is_webp.then_some("image/webp"))
}

#[cfg(test)]
mod tests;
