use super::nearest;

const WORDS: [&str; 7] = ["openai", "openrouter", "anthropic", "groq", "xai", "zai", "azure"];

fn check(word: &str, expected: Option<&str>) {
    assert_eq!(nearest(word, WORDS), expected, "{word}");
}

#[test]
fn a_slip_of_the_fingers_is_understood() {
    check("opneai", Some("openai"));
    check("openia", Some("openai"));
    check("OpenAI", Some("openai"));
    check("open-ai", Some("openai"));
    check("antropic", Some("anthropic"));
    check("antrhopc", Some("anthropic"));
    check("grok", Some("groq"));
    check("openai", Some("openai"));
}

#[test]
fn the_first_of_equally_near_words_wins() {
    check("ai", Some("xai"));
    assert_eq!(nearest("ai", ["zai", "xai"]), Some("zai"));
}

#[test]
fn words_that_mean_something_else_get_no_suggestion() {
    for word in ["", "x", "bedrock", "something_else", "öäü"] {
        check(word, None);
    }
    assert_eq!(nearest("model", []), None);
}

#[test]
fn endless_words_are_not_compared() {
    check(&"a".repeat(100_000), None);
    let long = "a".repeat(100_000);
    assert_eq!(nearest("aaaa", [long.as_str()]), None);
}
