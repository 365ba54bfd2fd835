use super::Scalar;

#[test]
fn a_flag_is_one_of_the_words_of_yaml_quoted_or_not() {
    let check = |text: &str, expected: Option<bool>| {
        for plain in [true, false] {
            let scalar = Scalar { text: text.to_owned(), plain, variable: None };
            assert_eq!(scalar.flag(), expected, "{text}");
        }
    };
    for text in ["true", "True", "TRUE", "yes", "on", "ON"] {
        check(text, Some(true));
    }
    for text in ["false", "False", "no", "Off"] {
        check(text, Some(false));
    }
    for text in ["", "tRue", "y", "1", "0", "maybe"] {
        check(text, None);
    }
}

#[test]
fn only_unquoted_texts_are_numbers_in_json() {
    let json = |text: &str, plain| Scalar { text: text.to_owned(), plain, variable: None }.json();
    assert_eq!(json("5", true), "5");
    assert_eq!(json("5", false), "\"5\"");
    assert_eq!(json("sk-\"x\"", true), r#""sk-\"x\"""#);
}
