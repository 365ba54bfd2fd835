use super::*;

#[test]
fn pictures_are_known_by_their_first_bytes_and_nothing_else_is_one() {
    for (data, expected) in [
        ("iVBORw0KGgoAAAAN", Some("image/png")),
        ("/9j/4AAQSkZJRgAB", Some("image/jpeg")),
        ("R0lGODlhAQABAIAA", Some("image/gif")),
        ("UklGRiQAAABXRUJQVlA4IA==", Some("image/webp")),
        ("JVBERi0xLjcK", Some("application/pdf")),
        // A sound in the container that pictures use too.
        ("UklGRiQAAABXQVZFZm10IA==", None),
        ("UklGR", None),
        ("AAAAGGZ0eXBoZWlj", None),
        ("PHN2ZyB4bWxucz0=", None),
        ("", None),
        ("UklGRiQAAABé", None),
    ] {
        assert_eq!(sniff(data), expected, "{data}");
    }
}

#[test]
fn only_base64_data_urls_are_inline() {
    let inline =
        |media_type: &str, data: &str| Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() };
    for (url, expected) in [
        ("data:image/png;base64,AA==", inline("image/png", "AA==")),
        ("data:text/plain;charset=utf-8;base64,AA==", inline("text/plain;charset=utf-8", "AA==")),
        ("data:text/plain,hello", Source::Url("data:text/plain,hello".to_owned())),
        ("https://example.com/a.png", Source::Url("https://example.com/a.png".to_owned())),
    ] {
        assert_eq!(source_from_url(url), expected, "{url}");
    }
}
