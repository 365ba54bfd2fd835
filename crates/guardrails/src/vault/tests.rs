use super::*;

fn vault() -> Vault {
    let mut vault = Vault::default();
    vault.mask(Class::Email, "ada@example.org", true);
    vault.mask(Class::Email, "\"q\"\\@example.org", true);
    vault.mask(Class::Card, "4111111111111111", false);
    for n in 0..12 {
        vault.mask(Class::Name, &format!("N{n}"), true);
    }
    vault
}

#[test]
fn a_value_has_one_placeholder_in_a_call_and_the_callers_own_are_left_alone() {
    let mut vault = Vault::default();
    vault.avoid("I write <EMAIL_1> and <b> and < EMAIL_2>");
    assert_eq!(vault.mask(Class::Email, "a@b.de", true), "<EMAIL_2>");
    assert_eq!(vault.mask(Class::Email, "c@d.de", true), "<EMAIL_3>");
    assert_eq!(vault.mask(Class::Email, "a@b.de", true), "<EMAIL_2>");
    assert_eq!(vault.mask(Class::Phone, "a@b.de", true), "<PHONE_1>");
    assert_eq!(vault.restored("<EMAIL_1> <EMAIL_2>", Form::Plain), "<EMAIL_1> a@b.de");
    assert!(!format!("{vault:?}").contains("a@b"));
}

#[test]
fn a_text_cut_anywhere_is_restored_as_if_it_came_whole() {
    let vault = vault();
    let check = |text: &str, form: Form, expected: &str| {
        assert_eq!(vault.restored(text, form), expected, "{text}");
        let cuts: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        for first in &cuts {
            for second in cuts.iter().filter(|second| *second >= first) {
                let mut out = String::new();
                let mut restorer = Restorer::new(form);
                for piece in [&text[..*first], &text[*first..*second], &text[*second..]] {
                    restorer.push(&vault, piece, &mut out);
                }
                restorer.finish(&mut out);
                assert_eq!(out, expected, "{text} cut at {first} and {second}");
            }
        }
        let mut out = String::new();
        let mut restorer = Restorer::new(form);
        text.chars().for_each(|c| restorer.push(&vault, c.encode_utf8(&mut [0; 4]), &mut out));
        restorer.finish(&mut out);
        assert_eq!(out, expected, "{text} by characters");
    };
    check("Write to <EMAIL_1>, ä <NAME_1> and <NAME_12>!", Form::Plain, "Write to ada@example.org, ä N0 and N11!");
    check("<EMAIL_1><<EMAIL_1>><EMAIL_", Form::Plain, "ada@example.org<ada@example.org><EMAIL_");
    check("<EMAIL_9> <CARD_1> <> a < b <NAME_1", Form::Plain, "<EMAIL_9> <CARD_1> <> a < b <NAME_1");
    check(r#"{"to":"<EMAIL_2>"}"#, Form::Json, r#"{"to":"\"q\"\\@example.org"}"#);
    check(r#"{"to":"\u003cEMAIL_1\u003E \\u003cEMAIL_1>"}"#, Form::Json, r#"{"to":"ada@example.org \\u003cEMAIL_1>"}"#);
}

#[test]
fn nothing_is_held_back_but_the_beginning_of_a_placeholder() {
    let vault = vault();
    let check = |piece: &str, held: bool| {
        let (mut restorer, mut out) = (Restorer::new(Form::Plain), String::new());
        restorer.push(&vault, piece, &mut out);
        assert_eq!(restorer.holds(), held, "{piece}");
    };
    check("hello", false);
    check("a <EMA", true);
    check("a <", true);
    check("a <div", false);
    check("a <CARD_1", false);
    check("a <EMAIL_1>", false);
}
