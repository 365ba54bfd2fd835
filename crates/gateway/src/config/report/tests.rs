use super::{Notes, Place};

fn place(line: u32, column: u32) -> Place {
    Place { file: 0, line, column }
}

fn notes() -> Notes {
    let mut notes = Notes::default();
    notes.open("c.yaml");
    notes
}

#[test]
fn findings_are_told_in_the_order_of_the_file() {
    let mut notes = notes();
    notes.warn(place(9, 1), "b", "later", "");
    notes.error(place(2, 7), "a[1].x", "wrong", "write e.g. x: 1");
    notes.warn(place(2, 3), "a", "odd", "");
    notes.warn(place(0, 0), "", "about the whole file", "");
    assert!(notes.failed());
    let lines = [
        "c.yaml: warning: about the whole file\n",
        "c.yaml:2:3: warning: a: odd\n",
        "c.yaml:2:7: error: a[1].x: wrong; write e.g. x: 1\n",
        "c.yaml:9:1: warning: b: later\n",
    ];
    assert_eq!(notes.finish().to_string(), lines.concat());
}

#[test]
fn the_same_warning_in_many_entries_is_told_once_but_no_error_is_hidden() {
    let mut notes = notes();
    for index in 0..4 {
        notes.warn(place(index + 1, 1), &format!("list[{index}].x"), "not honoured yet", "");
        notes.error(place(index + 1, 2), &format!("list[{index}].y"), "wrong", "");
    }
    let report = notes.finish();
    assert_eq!(report.findings.len(), 5);
    assert_eq!(report.findings[0].message, "not honoured yet (and 3 more like this)");
    assert_eq!(report.findings[0].path, "list[0].x");
}

#[test]
fn what_looks_like_a_key_is_masked_wherever_it_stands() {
    let mut notes = notes();
    notes.error(place(1, 1), "a.sk-0123456789abcdef", "no model \"sk-proj-0123_4567\", sk-x", "write sk-0123456789");
    assert_eq!(notes.finish().to_string(), "c.yaml:1:1: error: a.sk-***: no model \"sk-***\", sk-x; write sk-***\n");
}

#[test]
fn a_hostile_file_cannot_fill_the_report() {
    let mut notes = notes();
    for index in 0..2000 {
        notes.warn(place(index, 1), &format!("key{index}"), "unknown key", "");
    }
    notes.error(place(3000, 1), "\u{1b}[31mred\n", "x".repeat(1000), "");
    let report = notes.finish();
    assert_eq!(report.findings.len(), 501);
    let last = report.findings.last().unwrap();
    assert_eq!(last.path, " [31mred ");
    assert!(last.message.chars().count() < 500);
    assert!(last.message.ends_with("(and 1500 further findings)"), "{}", last.message);
}
