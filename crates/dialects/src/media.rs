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

/// What a file with sound is by its first bytes, or else by its name.
pub fn sound_type(content: &[u8], name: &str) -> &'static str {
    const SIGNATURES: [(usize, &[u8], &str); 7] = [
        (0, b"RIFF", "audio/wav"),
        (0, b"ID3", "audio/mpeg"),
        (0, b"fLaC", "audio/flac"),
        (0, b"OggS", "audio/ogg"),
        (0, b"FORM", "audio/aiff"),
        (4, b"ftyp", "audio/mp4"),
        (0, &[0x1a, 0x45, 0xdf, 0xa3], "audio/webm"),
    ];
    const ENDINGS: [(&str, &str); 12] = [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("mpga", "audio/mpeg"),
        ("mpeg", "audio/mpeg"),
        ("flac", "audio/flac"),
        ("ogg", "audio/ogg"),
        ("opus", "audio/ogg"),
        ("aac", "audio/aac"),
        ("aiff", "audio/aiff"),
        ("m4a", "audio/mp4"),
        ("mp4", "audio/mp4"),
        ("webm", "audio/webm"),
    ];
    let known = SIGNATURES.iter().find(|(at, start, _)| content.get(*at..).is_some_and(|rest| rest.starts_with(start)));
    // A frame of MPEG's begins with eleven bits; those of AAC name another layer.
    let frame = match content {
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some("audio/aac"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 => Some("audio/mpeg"),
        _ => None,
    };
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let named = || ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind);
    known.map(|(.., kind)| *kind).or(frame).or_else(named).unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests;
