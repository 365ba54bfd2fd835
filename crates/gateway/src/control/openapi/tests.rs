use std::collections::{BTreeSet, HashSet};

use super::*;

/// Paths for browsers and those that say what is not there: no program calls them.
const FOR_BROWSERS: &[&str] = &[
    "/",
    "/login",
    "/sso/key/generate",
    "/sso/callback",
    "/ui",
    "/ui/",
    "/ui/{*path}",
    "/admin",
    "/admin/",
    "/metrics/",
    "/api/{what}",
];

fn each_operation(document: &Value, mut check: impl FnMut(&str, &str, &Value)) {
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            check(path, method, operation);
        }
    }
}

#[test]
fn every_path_and_method_is_described_once() {
    let mut seen = HashSet::new();
    let count = endpoints().len();
    each_operation(&document(), |path, method, operation| {
        assert!(seen.insert((path.to_owned(), method.to_owned())));
        assert!(!operation["summary"].as_str().expect("a summary").is_empty());
    });
    assert_eq!(seen.len(), count);
}

#[test]
fn whatever_the_control_plane_routes_is_described_unless_it_is_for_browsers() {
    let sources =
        [include_str!("../../control.rs"), include_str!("../sign_in.rs"), include_str!("../openapi.rs")].join("\n");
    let routed = sources.split(".route(\"").skip(1).filter_map(|behind| Some(behind.split_once('"')?.0));
    let described: HashSet<_> = endpoints().into_iter().map(|endpoint| endpoint.path).collect();
    let routed: Vec<_> = routed.filter(|path| !FOR_BROWSERS.contains(path)).collect();
    assert!(routed.len() > 20, "{routed:?}");
    let missing: Vec<_> = routed.into_iter().filter(|path| !described.contains(*path)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn operations_have_names_of_their_own_a_kind_and_their_parts_of_the_path() {
    let document = document();
    let tags: BTreeSet<_> = TAGS.iter().map(|(name, ..)| *name).collect();
    let (mut names_seen, mut tags_seen) = (HashSet::new(), BTreeSet::new());
    each_operation(&document, |path, method, operation| {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(names_seen.insert(id.to_owned()), "{id} twice");
        let tag = operation["tags"][0].as_str().expect("a tag").to_owned();
        assert!(tags.contains(&*tag), "{tag}");
        let known = TAGS.iter().any(|(_, _, paths)| paths.iter().any(|start| path.starts_with(start)));
        assert!(known, "{method} {path} is of no kind");
        tags_seen.insert(tag);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path: BTreeSet<_> =
            parameters.iter().filter(|one| one["in"] == "path").filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(in_path, names(path).collect(), "{path}");
        assert!(method != "get" || operation.get("requestBody").is_none(), "{path}: a GET has no body");
    });
    assert_eq!(tags_seen, tags.iter().map(|tag| (*tag).to_owned()).collect());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, inner)| match inner.as_str() {
                Some(place) if name == "$ref" => {
                    assert!(document.pointer(place.trim_start_matches('#')).is_some(), "{place}");
                }
                _ => walk(inner, document),
            }),
            Value::Array(items) => items.iter().for_each(|item| walk(item, document)),
            _ => {}
        }
    }
    let document = document();
    walk(&document, &document);
}

#[test]
fn fields_are_described_as_they_are_read() {
    let document = document();
    let generate = &document["paths"]["/key/generate"]["post"]["requestBody"];
    let properties = &generate["content"]["application/json"]["schema"]["properties"];
    assert_eq!(generate["required"], true);
    assert_eq!(properties["max_budget"]["type"], json!(["number", "null"]));
    assert_eq!(properties["models"]["items"]["type"], "string");
    assert_eq!(properties["key_type"]["enum"].as_array().expect("words").last(), Some(&Value::Null));
    let block = &document["paths"]["/key/block"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!((&block["required"], &block["properties"]["key"]["type"]), (&json!(["key"]), &json!("string")));
    let list = document["paths"]["/key/list"]["get"]["parameters"].as_array().expect("parameters");
    assert!(list.iter().any(|one| one["name"] == "page_size" && one["schema"]["minimum"] == 1));
}

#[test]
fn every_line_about_a_name_is_about_a_field() {
    let text = document().to_string();
    let unused: Vec<_> = about::ABOUT
        .iter()
        .filter(|(name, _)| {
            about::about(name).is_none_or(|line| {
                let line = Value::from(line).to_string();
                !text.contains(&line)
            })
        })
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
    assert!(about::ABOUT.is_sorted_by(|one, other| one.0 < other.0));
}

#[test]
fn every_path_of_the_gateways_own_says_what_it_answers() {
    let calls: HashSet<_> = models::endpoints().map(|endpoint| (endpoint.method, endpoint.path)).collect();
    let own = endpoints().into_iter().filter(|one| !calls.contains(&(one.method, one.path.clone())));
    let own: BTreeSet<_> = own.map(|endpoint| format!("{} {}", endpoint.method, template(&endpoint.path))).collect();
    let told: Vec<_> = answers::paths().collect();
    let all: BTreeSet<_> = told.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(told.len(), all.len(), "some are there twice");
    assert_eq!(all.difference(&own).collect::<Vec<_>>(), Vec::<&String>::new(), "there are no such paths");
    assert_eq!(own.difference(&all).collect::<Vec<_>>(), Vec::<&String>::new(), "nobody knows what they answer");
}
