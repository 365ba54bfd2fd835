//! Regenerate with `LOCKGATE_WRITE_DOCS=1 cargo test -p providers docs`.

use super::markdown;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");

#[test]
fn the_documentation_shows_the_table_as_it_is() {
    if std::env::var_os("LOCKGATE_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, markdown()).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(page == markdown(), "docs/providers.md is out of date: LOCKGATE_WRITE_DOCS=1 cargo test -p providers docs");
}

#[test]
fn every_row_of_the_page_has_all_its_cells() {
    let page = markdown();
    let (served, others) = page.split_once("## Not served").unwrap();
    for (part, bars) in [(served, 8), (others, 3)] {
        for line in part.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(line.matches('|').count(), bars, "{line}");
        }
    }
}
