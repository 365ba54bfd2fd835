//! Reading lines as the house rules need it: comparisons with a name, absolute paths, links. Heuristics, not
//! parsers: they look at one line and err on the side of silence.

use super::tree::{File, root};

/// Whether the line has the absolute path `folder`, as opposed to a longer path or an address that contains it.
pub fn names_folder(line: &str, folder: &str) -> bool {
    let absolute = |before: &str| !before.ends_with(|last: char| last.is_alphanumeric() || "-_.~/}".contains(last));
    line.match_indices(folder).any(|(at, _)| absolute(&line[..at]))
}

/// Whether the line compares something with the string `id`: by an operator, as a pattern, or as a prefix.
pub fn compares(line: &str, id: &str) -> bool {
    let quoted = [format!("\"{id}\""), format!("\"{id}/\"")];
    quoted.iter().flat_map(|text| line.match_indices(text.as_str())).any(|(at, text)| {
        let (before, after) = (line[..at].trim_end(), line[at + text.len()..].trim_start());
        let operator = |side: &str| side.starts_with("==") || side.starts_with("!=");
        let arm = after.starts_with("=>") || after.starts_with("| ") || before.ends_with('|');
        let call = ["eq(", "starts_with(", "strip_prefix(", "contains(", "eq_ignore_ascii_case("];
        let option = before.ends_with("Some(") && after.trim_start_matches(')').trim_start().starts_with("=>");
        operator(after)
            || before.ends_with("==")
            || before.ends_with("!=")
            || arm
            || option
            || call.iter().any(|word| before.ends_with(word))
            || before.contains("matches!(")
    })
}

/// Targets of the inline links of a Markdown text, code left out.
pub fn links(text: &str) -> Vec<String> {
    let (mut code, mut found) = (false, Vec::new());
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        let prose = if code { String::new() } else { line.split('`').step_by(2).collect::<Vec<_>>().join("``") };
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        found.extend(targets.map(str::to_owned));
    }
    found
}

/// Whether a link of `page` has a target: a file, a folder, a heading. Addresses elsewhere are not looked up.
pub fn leads_somewhere(page: &File, target: &str, all: &[File]) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = if path.is_empty() { page.path.clone() } else { join(folder, path) };
    let there = all.iter().find(|file| file.path == path);
    match there {
        Some(file) if !anchor.is_empty() => file.text.lines().any(|line| slug(line).as_deref() == Some(anchor)),
        Some(_) => true,
        None => anchor.is_empty() && root().join(&path).exists(),
    }
}

/// `path` as seen from `folder`, without dots.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

/// The anchor that a heading gets, if the line is one.
fn slug(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    Some(kept.map(|char| if char == ' ' { '-' } else { char }).collect())
}

#[test]
fn a_comparison_with_a_name_is_seen_in_any_form() {
    let check = |line: &str, expected: bool| assert_eq!(compares(line, "acme"), expected, "{line}");
    check(r#"if provider == "acme" {"#, true);
    check(r#"if "acme" != provider {"#, true);
    check(r#""acme" => Auth::Bearer,"#, true);
    check(r#""other" | "acme" => {}"#, true);
    check(r#"Some("acme") => {}"#, true);
    check(r#"matches!(provider, "acme")"#, true);
    check(r#"model.strip_prefix("acme/")"#, true);
    check(r#"Provider { id: "acme", base: "https://acme.example" }"#, false);
    check(r#"let model = "acme/large";"#, false);
}

#[test]
fn a_folder_is_seen_where_it_is_absolute() {
    let check = |line: &str, expected: bool| assert_eq!(names_folder(line, "/srv/"), expected, "{line}");
    check("cd /srv/lockgate", true);
    check("\"/srv/x\"", true);
    check("https://example.com/srv/x", false);
    check("../srv/x", false);
}

#[test]
fn links_are_found_outside_of_code() {
    assert_eq!(links("[a](b.md) and [c](d.md#e \"title\") but `[f](g.md)`"), ["b.md", "d.md#e"]);
    assert_eq!(links("```\n[a](b.md)\n```"), [""; 0]);
    assert_eq!(slug("## Tests, and *why*").as_deref(), Some("tests-and-why"));
    assert_eq!(join("docs/use", "../a.md"), "docs/a.md");
}
