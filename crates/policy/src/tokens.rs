//! How many tokens a text has, without anybody's tokenizer: those that are public are tens of megabytes, and most models
//! keep theirs to themselves. Texts are read as the tokenizers of our time cut them (words, numbers by three digits,
//! runs of spaces and of signs), and are taken for a little longer than they are: on the careful side for text, close for
//! code and data.

/// Parts of a token in which the pieces of a text are counted.
const PARTS: u64 = 4;

/// About how many tokens a text has, as OpenAI's newer models count.
pub fn text_tokens(text: &str) -> u64 {
    let mut parts = 0;
    let mut rest = text.as_bytes();
    let mut before = b' ';
    while let Some(&first) = rest.first() {
        let (length, cost) = match first {
            b'a'..=b'z' | b'A'..=b'Z' => word(rest, before),
            b'0'..=b'9' => run(rest, |byte| byte.is_ascii_digit(), |length| PARTS * length.div_ceil(3)),
            b' ' => spaces(rest),
            _ if first.is_ascii_whitespace() => line_ends(rest, before),
            _ if first.is_ascii() => run(rest, |byte| byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric(), signs),
            _ => other(rest),
        };
        parts += cost;
        before = rest[length - 1];
        rest = &rest[length..];
    }
    parts.div_ceil(PARTS)
}

/// The length of what begins a text and is of one kind, and its cost.
fn run(text: &[u8], belongs: impl Fn(&u8) -> bool, cost: impl Fn(u64) -> u64) -> (usize, u64) {
    let length = text.iter().take_while(|byte| belongs(byte)).count().max(1);
    (length, cost(length as u64))
}

/// A word, which ends where the next one begins: `getUser` is two, `HTTPServer` too.
fn word(text: &[u8], before: u8) -> (usize, u64) {
    let capitals = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let small = text[capitals..].iter().take_while(|byte| is_small(**byte)).count();
    if small == 0 {
        return (capitals, shouted(capitals));
    }
    let own = small + capitals.min(1);
    // A word within another one often has a token in common with it.
    let joined = u64::from(capitals == 1 && before.is_ascii_alphabetic());
    (capitals + small, shouted(capitals.saturating_sub(1)) + spoken(own) - joined)
}

/// Whether a byte goes on with a word: a small letter, or a part of one with an accent.
fn is_small(byte: u8) -> bool {
    byte.is_ascii_lowercase() || matches!(byte, 0xc3..=0xc5 | 0x80..=0xbf)
}

/// A word of so many letters: the usual ones have a token of their own.
fn spoken(letters: usize) -> u64 {
    match letters {
        ..=6 => PARTS,
        7..=9 => PARTS + 1,
        more => (more as u64 * 3).div_ceil(5),
    }
}

/// So many capitals in a row.
fn shouted(letters: usize) -> u64 {
    match letters {
        0 => 0,
        1..=3 => PARTS,
        4..=7 => PARTS + 2,
        more => (more as u64 * 3).div_ceil(2),
    }
}

/// So many signs in a row: the usual pairs have a token of their own.
fn signs(length: u64) -> u64 {
    match length {
        ..=2 => PARTS,
        3 => PARTS + 1,
        more => (more * 13).div_ceil(5),
    }
}

/// Spaces, the last of which belongs to the word behind it.
fn spaces(text: &[u8]) -> (usize, u64) {
    let length = text.iter().take_while(|byte| **byte == b' ').count();
    let joined = text.get(length).is_some_and(|next| !next.is_ascii_digit());
    (length, PARTS * ((length - usize::from(joined)) as u64).div_ceil(16))
}

/// Ends of lines and tabs, which usually belong to the sign before them.
fn line_ends(text: &[u8], before: u8) -> (usize, u64) {
    let cost = if b".,;:!?)}>{]\"".contains(&before) { 1 } else { PARTS };
    run(text, |byte| byte.is_ascii_whitespace() && *byte != b' ', |_| cost)
}

/// A letter that is not ASCII, by the length of its encoding, which tells scripts apart.
fn other(text: &[u8]) -> (usize, u64) {
    let cost = match text {
        // Capitals with accents, Greek, Cyrillic, Hebrew, Arabic.
        [0xc0..=0xdf, ..] => (2, 2),
        // Indic scripts and Thai: several of them are one sound.
        [0xe0, ..] => (3, 2),
        // Chinese, Japanese, Korean.
        [0xe3..=0xed, ..] => (3, 3),
        // Signs: dashes, arrows, dingbats.
        [0xe1..=0xef, ..] => (3, 6),
        // Pictures, and letters of old.
        _ => (4, 10),
    };
    (cost.0.min(text.len()), cost.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_for_a_little_longer_than_they_are() {
        // The counts are those of o200k_base.
        let check = |text: &str, times: usize, truth: u64| {
            let estimate = text_tokens(&text.repeat(times)) as f64;
            let (least, most) = (truth as f64 * 0.9 - 2.0, truth as f64 * 1.4 + 2.0);
            assert!((least..most).contains(&estimate), "{estimate} for {truth}: {text}");
        };
        for (text, times, truth) in [
            ("The quick brown fox jumps over the lazy dog. ", 50, 501),
            (
                "Please explain to me, in a few sentences, which consequences the new regulation will have for small companies.\n",
                20,
                420,
            ),
            (
                "Die Bundesregierung hat gestern beschlossen, dass Unternehmen künftig strengere Vorschriften einhalten müssen.\n",
                20,
                340,
            ),
            (
                "Le gouvernement a décidé hier que les entreprises devront désormais respecter des règles plus strictes.\n",
                20,
                340,
            ),
            ("昨天政府决定，能源公司今后必须遵守更严格的规定。", 20, 320),
            ("昨日、政府はエネルギー会社が今後より厳しい規則を守らなければならないと決定しました。", 20, 620),
            ("어제 정부는 에너지 기업들이 앞으로 더 엄격한 규칙을 지켜야 한다고 결정했습니다.", 20, 480),
            ("เมื่อวานนี้รัฐบาลตัดสินใจว่าบริษัทพลังงานต้องปฏิบัติตามกฎที่เข้มงวดขึ้นในอนาคต ", 20, 681),
            (
                "fn main() {\n    let total: u64 = values.iter().map(|value| value.len() as u64).sum();\n    println!(\"{total}\");\n}\n",
                20,
                660,
            ),
            (
                "{\"id\": 17, \"name\": \"Ada Lovelace\", \"tags\": [\"math\", \"code\"], \"active\": true, \"score\": 98.25}\n",
                20,
                740,
            ),
            (
                "SELECT customer_id, SUM(amount) AS total FROM orders WHERE created_at >= '2026-01-01' GROUP BY customer_id;\n",
                20,
                560,
            ),
            ("2026-11-28T13:55:29Z ERROR worker-3 connection reset by peer 10.0.0.17:443 after 1532 ms\n", 20, 740),
            ("9f86d081-884c-4d63-a159-2f0c31f6a2bc ", 30, 780),
            ("Great job! 🎉🎉 See you tomorrow 😀 — don't forget the 🍕!\n", 20, 360),
            ("31415926535897932384626433832795028841971 ", 20, 300),
        ] {
            check(text, times, truth);
        }
    }

    #[test]
    fn nothing_costs_nothing_and_anything_something() {
        assert_eq!(text_tokens(""), 0);
        for text in ["a", "é", "字", "🎉", " ", "\n", "\u{1}", "\u{7f}", "7", "."] {
            assert!((1..=3).contains(&text_tokens(text)), "{text:?}: {}", text_tokens(text));
        }
    }

    #[test]
    fn no_text_takes_long() {
        let began = std::time::Instant::now();
        for text in ["a", "A", " ", "\n", "7", "{", "é", "字", "aA", "\u{0}"] {
            text_tokens(&text.repeat(1 << 20));
        }
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }
}
