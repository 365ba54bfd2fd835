use super::read;
use crate::config::report::Notes;

/// Checks what a text means, as JSON; findings come instead of it.
fn check(text: &str, expected: &str) {
    let mut notes = Notes::default();
    let file = notes.open("c");
    let json = read(text, file, &mut notes).map(|node| node.json());
    let report = notes.finish().to_string();
    let got = if report.is_empty() { json.unwrap_or_default() } else { report.trim_end().to_owned() };
    assert_eq!(got, expected, "{text}");
}

#[test]
fn values_are_read_as_the_incumbents_parser_reads_them() {
    check("", "null");
    check("\u{feff}a: 1", r#"{"a":1}"#);
    check("a: 1\nb: 'two'\nc: [yes, No, on, \"true\"]", r#"{"a":1,"b":"two","c":[true,false,true,"true"]}"#);
    check("a: ~\nb:\nc: \"\"\nd: 'null'", r#"{"a":null,"b":null,"c":"","d":"null"}"#);
    check("a: 0.00000015\nb: 1.5e-07\nc: 1_000\nd: +5\ne: .5", r#"{"a":0.00000015,"b":1.5e-7,"c":1000,"d":5,"e":0.5}"#);
    check("a: 2024-01-01\nb: 10:30\nc: v1.2\nd: .inf", r#"{"a":"2024-01-01","b":"10:30","c":"v1.2","d":".inf"}"#);
    check("a: !!str 5\nb: ! x", r#"{"a":"5","b":"x"}"#);
    check("a: |\n  one\n  \"two\"\n", r#"{"a":"one\n\"two\"\n"}"#);
    check("1: a\nyes: b", r#"{"1":"a","yes":"b"}"#);
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    check("a: &x {p: 1}\nb: *x", r#"{"a":{"p":1},"b":{"p":1}}"#);
    check("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", r#"{"a":{"p":1,"q":2},"b":{"q":3,"p":1}}"#);
    check(
        "a: &x {p: 1}\nb: &y {p: 2, q: 3}\nc: {<<: [*x, *y], r: 4}",
        r#"{"a":{"p":1},"b":{"p":2,"q":3},"c":{"r":4,"p":1,"q":3}}"#,
    );
    check("a: {<<: 5}", "c:1:9: error: a: `<<` takes a mapping or a list of mappings; write e.g. <<: *defaults");
    check("a: *x", "c:1:4: error: a: no anchor `&x` stands before this; define it further up");
    check("a: &x [*x]", "c:1:8: error: a[0]: the anchor contains this very place; write the value out");
}

#[test]
fn keys_are_unique_texts() {
    check("a:\n  b: 1\n  c: 2\n  b: 3", "c:4:3: error: a.b: the key is given already in line 2; keep one of the two");
    check("[a, b]: 1", "c:1:1: error: a key must be a text; quote it if it begins with a bracket or is empty");
    check(
        "a: 1\n---\nb: 2",
        "c:3:1: error: a second document begins here; a configuration is one document: remove `---`",
    );
    check("---\na: 1\n", r#"{"a":1}"#);
    check("a: !env X", "c:1:9: error: a: the tag !env has no meaning here; remove it");
}

#[test]
fn what_is_not_yaml_is_said_with_its_place() {
    let remedy = "check the indentation and the quotes";
    check("a: [1, 2", &format!("c:1:4: error: a: not YAML: unclosed bracket '['; {remedy}"));
    check("a: 1\nb\nc: 2", &format!("c:2:1: error: not YAML: simple key expected ':'; {remedy}"));
    check("a:\n  b: k\n\tc: 1", "c:3:1: error: a.b: not YAML: a tab in the indentation; indent with spaces");
    check("a:\n  b: 1\n  \tc: 1", "c:3:3: error: a.b: not YAML: a tab in the indentation; indent with spaces");
}

#[test]
fn a_small_file_cannot_grow_without_end() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let item = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [item.as_str(); 10].join(", "));
    }
    let mut notes = Notes::default();
    let file = notes.open("c");
    assert!(read(&bomb, file, &mut notes).is_none());
    let report = notes.finish().to_string();
    assert!(report.contains("the configuration is larger than 32 MiB"), "{report}");
    let deep = "[".repeat(5000);
    assert!(read(&deep, file, &mut Notes::default()).is_none());
}
