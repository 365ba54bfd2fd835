//! Which language a text is written in: a guess by script and by the commonest words, good enough to route by.

/// Most that is looked at, bytes.
const READ: usize = 2 << 10;
/// Words that must be met before anything is said.
const ENOUGH: usize = 2;

/// Languages by their commonest words, with those left out that several of them share.
const WORDS: [(&str, &str); 8] = [
    ("en", " the and is of what how you with for this that it are was write please my have does should from who why "),
    (
        "de",
        " der die das und ist nicht ein eine wie ich du mir mit für auf den dem zu von bitte sie wir was kannst oder im ",
    ),
    ("fr", " le les et est pas une vous je des du pour dans que qui avec ce cette quel sont au nous sur écris "),
    ("es", " el los las y es por una para con que cómo qué está este del mi tu muy pero escribe puedes en "),
    ("it", " il gli è non una per che di sono come della nel mi puoi questo perché anche con scrivi dal una "),
    ("pt", " o os não uma você para com que como está são do da em por um meu mais isso "),
    ("nl", " het een niet van ik je met voor zijn dat wat hoe op maar ook en is de deze "),
    ("pl", " nie jest się na że do jak czy dla to co po tak ale przez w z i "),
];

/// The language of a text as its ISO 639-1 code; `None` if the text is too short or too mixed to tell.
pub fn language(text: &str) -> Option<&'static str> {
    let text = &text[..text.floor_char_boundary(READ)];
    by_script(text).or_else(|| by_words(text))
}

/// Scripts that tell a language by themselves.
fn by_script(text: &str) -> Option<&'static str> {
    let (mut letters, mut kana, mut counts) = (0usize, 0usize, [0usize; 8]);
    const SCRIPTS: [&str; 8] = ["zh", "ko", "ru", "ar", "he", "el", "hi", "th"];
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        let script = match c {
            '\u{3040}'..='\u{30ff}' => {
                kana += 1;
                continue;
            }
            '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' => 0,
            '\u{ac00}'..='\u{d7af}' => 1,
            '\u{0400}'..='\u{04ff}' => 2,
            '\u{0600}'..='\u{06ff}' => 3,
            '\u{0590}'..='\u{05ff}' => 4,
            '\u{0370}'..='\u{03ff}' => 5,
            '\u{0900}'..='\u{097f}' => 6,
            '\u{0e00}'..='\u{0e7f}' => 7,
            _ => continue,
        };
        counts[script] += 1;
    }
    // A word says more in these scripts than a letter does in Latin: a third of the letters is enough.
    let enough = |count: usize| count > 0 && count * 3 >= letters;
    if kana > 0 && enough(kana + counts[0]) {
        return Some("ja");
    }
    let (count, name) = counts.iter().zip(SCRIPTS).max_by_key(|(count, _)| **count)?;
    enough(*count).then_some(name)
}

fn by_words(text: &str) -> Option<&'static str> {
    let mut counts = [0usize; WORDS.len()];
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| (1..=12).contains(&word.len())) {
        let spaced = format!(" {} ", word.to_lowercase());
        for (count, (_, words)) in counts.iter_mut().zip(WORDS) {
            *count += usize::from(words.contains(&spaced));
        }
    }
    let most = counts.iter().copied().max().filter(|most| *most >= ENOUGH)?;
    let mut best = counts.iter().zip(WORDS).filter(|(count, _)| **count == most);
    let (_, (name, _)) = best.next()?;
    best.next().is_none().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_by_its_script_or_its_commonest_words() {
        let check = |expected: Option<&str>, text: &str| assert_eq!(language(text), expected, "{text}");
        check(Some("en"), "What is the capital of Australia?");
        check(Some("de"), "Schreib eine höfliche E-Mail, dass die Heizung nicht funktioniert.");
        check(Some("fr"), "Quel temps fait-il en général à Lisbonne pour les vacances ?");
        check(Some("es"), "Extrae los nombres y las fechas del siguiente texto.");
        check(Some("it"), "Scrivi una mail per gli amici, che non sono qui.");
        check(Some("pt"), "Você não está com os documentos?");
        check(Some("nl"), "Wat is het beste boek voor een kind van tien?");
        check(Some("pl"), "Czy to jest dobry pomysł, że nie ma go dla nas?");
        check(Some("zh"), "用Python写一个函数,判断一个字符串是否是回文。");
        check(Some("ja"), "おすすめの映画を教えてください。");
        check(Some("ko"), "오늘 날씨가 어때요?");
        check(Some("ru"), "Напиши функцию на Python.");
        check(Some("ar"), "ما هي عاصمة أستراليا؟");
        for unclear in ["", "ok", "12345", "🦀", "lorem ipsum dolor"] {
            check(None, unclear);
        }
    }
}
