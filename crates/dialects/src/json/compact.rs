//! JSON text without the blanks between its values.

/// Takes the blanks out of `text`, which must be valid JSON; strings and numbers stay as they were written.
pub fn compact(text: &str) -> String {
    let mut inside = false;
    let mut escaped = false;
    text.chars()
        .filter(|character| {
            let keep = inside || !character.is_ascii_whitespace();
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => inside = !inside,
                _ => {}
            }
            keep
        })
        .collect()
}
