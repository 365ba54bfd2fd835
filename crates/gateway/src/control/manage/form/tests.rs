use super::*;

const FIELDS: &[Field] = &[
    required("name", Takes::Name),
    optional("id", Takes::Id),
    optional("role", Takes::OneOf(&["admin", "user", "guest"])),
    optional("blocked", Takes::Flag),
    optional("rpm_limit", Takes::Count),
    optional("page", Takes::Positive),
    optional("max_budget", Takes::Dollars),
    optional("budget_duration", Takes::Span),
    optional("duration", Takes::Lifetime),
    optional("expiry", Takes::Moment),
    optional("models", Takes::TEXTS),
    optional("limits", Takes::MapOf(&Takes::Count)),
    optional(
        "members",
        Takes::ListOf(&Takes::Object(&[required("role", Takes::Text), optional("user_id", Takes::Name)])),
    ),
    optional("metadata", Takes::Map),
];

fn read(body: &str) -> Result<Form> {
    Form::body(body.as_bytes(), &[FIELDS])
}

fn value(field: &str, text: &str) -> Value {
    let form =
        read(&format!(r#"{{"name":"n","{field}":{text}}}"#)).unwrap_or_else(|why| panic!("{field}: {text}: {why:?}"));
    form.0[field].clone()
}

/// The kinds and places of what is wrong, or the message.
fn wrong(body: &str) -> String {
    let refusal = read(body).expect_err(body);
    match refusal.details() {
        [] => format!("400 {}", refusal.message()),
        details => {
            let each =
                details.iter().map(|detail| format!("{} {}", detail["type"].as_str().unwrap_or("?"), detail["loc"]));
            format!("422 {}", each.collect::<Vec<_>>().join("; "))
        }
    }
}

#[test]
fn values_are_taken_as_leniently_as_at_the_incumbent() {
    for (field, text, expected) in [
        ("blocked", "true", json!(true)),
        ("blocked", "\"no\"", json!(false)),
        ("blocked", "1", json!(true)),
        ("rpm_limit", "5", json!(5)),
        ("rpm_limit", "5.0", json!(5)),
        ("rpm_limit", "\" 5 \"", json!(5)),
        ("rpm_limit", "0", json!(0)),
        ("rpm_limit", "null", json!(null)),
        ("max_budget", "1", json!(1.0)),
        ("max_budget", "\"0.25\"", json!(0.25)),
        ("budget_duration", "\"30d\"", json!("30d")),
        ("duration", "-1", json!("-1")),
        ("duration", "\"-1\"", json!("-1")),
        ("duration", "\"1mo\"", json!("1mo")),
        ("expiry", "\"2024-10-08T18:30:24Z\"", json!(1_728_412_224_000i64)),
        ("expiry", "1728412224", json!(1_728_412_224_000i64)),
        ("models", "[\"a\", \"b\"]", json!(["a", "b"])),
        ("limits", "{\"a\": \"3\"}", json!({"a": 3})),
        ("metadata", "{\"a\": [1, {\"b\": null}]}", json!({"a": [1, {"b": null}]})),
        ("id", "\"Zoë ✓ 'DROP TABLE'; --\"", json!("Zoë ✓ 'DROP TABLE'; --")),
    ] {
        assert_eq!(value(field, text), expected, "{field}: {text}");
    }
    assert!(!read(r#"{"name":"n","future":1}"#).unwrap().has("future"), "unknown fields are passed over");
}

#[test]
fn wrong_types_are_told_in_the_frameworks_words() {
    for (field, text, expected) in [
        ("name", "5", r#"422 string_type ["body","name"]"#),
        ("name", "null", r#"422 string_type ["body","name"]"#),
        ("role", "\"king\"", r#"422 enum ["body","role"]"#),
        ("blocked", "\"maybe\"", r#"422 bool_parsing ["body","blocked"]"#),
        ("blocked", "[]", r#"422 bool_type ["body","blocked"]"#),
        ("rpm_limit", "\"many\"", r#"422 int_parsing ["body","rpm_limit"]"#),
        ("rpm_limit", "1.5", r#"422 int_from_float ["body","rpm_limit"]"#),
        ("rpm_limit", "true", r#"422 int_type ["body","rpm_limit"]"#),
        ("max_budget", "\"lots\"", r#"422 float_parsing ["body","max_budget"]"#),
        ("max_budget", "{}", r#"422 float_type ["body","max_budget"]"#),
        ("max_budget", "\"NaN\"", r#"422 finite_number ["body","max_budget"]"#),
        ("max_budget", "\"inf\"", r#"422 finite_number ["body","max_budget"]"#),
        ("models", "\"a\"", r#"422 list_type ["body","models"]"#),
        ("models", "[1]", r#"422 string_type ["body","models",0]"#),
        ("limits", "{\"a\": []}", r#"422 int_type ["body","limits","a"]"#),
        (
            "members",
            "[{\"role\":1},{}]",
            r#"422 string_type ["body","members",0,"role"]; missing ["body","members",1,"role"]"#,
        ),
        ("metadata", "[]", r#"422 dict_type ["body","metadata"]"#),
        ("expiry", "\"soon\"", r#"422 datetime_parsing ["body","expiry"]"#),
    ] {
        let body = match field {
            "name" => format!(r#"{{"name":{text}}}"#),
            _ => format!(r#"{{"name":"n","{field}":{text}}}"#),
        };
        assert_eq!(wrong(&body), expected, "{body}");
    }
    assert_eq!(wrong(r#"{"rpm_limit":[]}"#), r#"422 missing ["body","name"]; int_type ["body","rpm_limit"]"#);
    assert_eq!(wrong("[]"), r#"422 model_attributes_type ["body"]"#);
    assert_eq!(wrong(""), r#"422 missing ["body"]"#);
    let refusal = read(r#"{"name":5}"#).unwrap_err();
    assert_eq!(
        refusal.details(),
        [json!({"type": "string_type", "loc": ["body", "name"], "msg": "Input should be a valid string", "input": 5})]
    );
    assert_eq!(refusal.message(), "name: Input should be a valid string");
}

#[test]
fn what_makes_no_sense_is_told_plainly() {
    for (field, text, expected) in [
        ("name", "\" \"", "400 name must not be empty"),
        ("name", "\"a\\u0000b\"", "400 name must hold no NUL character"),
        ("name", "\"a\\nb\"", "400 name must hold no control characters"),
        ("id", "\"a/b\"", "400 id must not hold the character /"),
        ("id", "\"a|b\"", "400 id must not hold the character |"),
        ("rpm_limit", "-1", "400 rpm_limit cannot be negative. Received: -1"),
        ("rpm_limit", "99999999999999999999", "400 rpm_limit must be at most 9223372036854775807"),
        ("page", "0", "400 page must be at least 1. Received: 0"),
        ("max_budget", "-0.5", "400 max_budget cannot be negative. Received: -0.5"),
        ("max_budget", "1e300", "400 max_budget must be at most 1000000000"),
        (
            "duration",
            "\"soon\"",
            "400 duration must be a number with s, m, h, d, w or mo behind it, such as 30d. Received: soon",
        ),
        (
            "duration",
            "\"0d\"",
            "400 duration must be a number with s, m, h, d, w or mo behind it, such as 30d. Received: 0d",
        ),
        (
            "budget_duration",
            "\"-1\"",
            "400 budget_duration must be a number with s, m, h, d, w or mo behind it, such as 30d. Received: -1",
        ),
        ("metadata", "{\"a\":[\"\\u0000\"]}", "400 metadata.a must hold no NUL character"),
    ] {
        let body = match field {
            "name" => format!(r#"{{"name":{text}}}"#),
            _ => format!(r#"{{"name":"n","{field}":{text}}}"#),
        };
        assert_eq!(wrong(&body), expected, "{body}");
    }
    assert!(wrong(&format!(r#"{{"name":"{}"}}"#, "x".repeat(256))).starts_with("400 name must be at most 255"));
}

#[test]
fn what_is_no_json_is_told_so_however_it_is_made() {
    let deep = format!(r#"{{"name":"n","metadata":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for body in ["{", "nonsense", "{\"a\":NaN}", "{\"a\":1e999}", "{'a':1}", "\u{0}", "{\"a\":\"\\ud800\"}", &deep] {
        assert!(wrong(body).starts_with("400 Invalid JSON payload: "), "{}", &body[..body.len().min(40)]);
    }
}

#[test]
fn a_query_is_read_like_a_body() {
    let form = Form::query("name=a+b%2Fc&page=2&blocked=true&models=x&models=y&other=1", &[FIELDS]).unwrap();
    assert_eq!((form.needed("name"), form.count("page"), form.flag("blocked")), ("a b/c", Some(2), Some(true)));
    assert_eq!(form.texts("models").unwrap(), ["x", "y"]);
    let refusal = Form::query("name=n&page=x", &[FIELDS]).unwrap_err();
    assert_eq!(refusal.details()[0]["loc"], json!(["query", "page"]));
}
