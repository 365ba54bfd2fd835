use super::*;

/// Text and reasoning of an answer that came in these pieces.
fn sort(pieces: &[&str]) -> (String, String) {
    let mut tags = ThinkTags::default();
    let mut out = Vec::new();
    for piece in pieces {
        tags.push(piece, &mut out);
    }
    tags.finish(&mut out);
    let (mut text, mut thinking) = (String::new(), String::new());
    for piece in out {
        match piece {
            Piece::Text(more) => text.push_str(&more),
            Piece::Thinking(more) => thinking.push_str(&more),
        }
    }
    (text, thinking)
}

#[test]
fn tags_at_the_beginning_are_taken_apart_wherever_they_are_cut() {
    for (answer, text, thinking) in [
        ("hello", "hello", ""),
        ("<think>hm</think>\n\nhello", "hello", "hm"),
        (" \n<think>\nhm\n</think>hello", "hello", "\nhm\n"),
        ("<think></think>hello", "hello", ""),
        ("<think>never closed", "", "never closed"),
        ("<think>a < b </thin k></think>é", "é", "a < b </thin k>"),
        ("<thinking>no tag", "<thinking>no tag", ""),
        ("<thi", "<thi", ""),
        ("use <think>tags</think>", "use <think>tags</think>", ""),
        ("<think>a</think>b<think>c</think>", "b<think>c</think>", "a"),
        ("  ", "  ", ""),
        ("", "", ""),
    ] {
        let expected = (text.to_owned(), thinking.to_owned());
        assert_eq!(sort(&[answer]), expected, "{answer}");
        for at in (0..answer.len()).filter(|at| answer.is_char_boundary(*at)) {
            assert_eq!(sort(&[&answer[..at], &answer[at..]]), expected, "{answer} cut at {at}");
        }
        let characters: Vec<String> = answer.chars().map(String::from).collect();
        let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
        assert_eq!(sort(&characters), expected, "{answer} by characters");
    }
}

#[test]
fn blanks_are_not_held_back_for_ever() {
    let mut tags = ThinkTags::default();
    let mut out = Vec::new();
    tags.push(&" ".repeat(MAX_BLANKS + 1), &mut out);
    assert_eq!(out.len(), 1);
}

#[test]
fn tags_are_text_where_the_server_reports_reasoning_itself() {
    let mut tags = ThinkTags::default();
    let mut out = Vec::new();
    tags.not_needed();
    tags.push("<think>x</think>", &mut out);
    assert_eq!(out, [Piece::Text("<think>x</think>".to_owned())]);
}
