use super::*;
use crate::json::Doc;

#[test]
fn the_first_to_set_a_field_wins_and_order_is_kept() {
    let doc = Doc::parse(br#"{"b": [1, 2], "a": "late", "c":null}"#).unwrap();
    let mut fields = Fields::default();
    assert!(fields.is_empty());
    fields.str("a", "first \"quoted\"");
    fields.str("a", "second");
    fields.opt_num("absent", None::<u64>);
    fields.strings("none", &[]);
    fields.merge(doc.root());
    fields.strings("s", &["x".to_owned(), "y".to_owned()]);
    let text = Writer::document(|w| {
        w.num_field("z", 1);
        fields.write_into(w);
        fields.write_as("again", w);
        Fields::default().write_as("empty", w);
    });
    let inner = r#""a":"first \"quoted\"","b":[1, 2],"c":null,"s":["x","y"]"#;
    assert_eq!(text, format!(r#"{{"z":1,{inner},"again":{{{inner}}}}}"#));
}

#[test]
fn infinity_is_refused_because_json_cannot_say_it() {
    let mut fields = Fields::default();
    for number in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let fault = fields.opt_float("topP", "top_p", Some(number)).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("top_p"));
    }
    fields.opt_float("topP", "top_p", Some(0.25)).unwrap();
    assert!(fields.has("topP"));
}
