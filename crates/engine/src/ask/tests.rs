use super::*;

#[test]
fn the_lists_of_fields_are_sorted_for_the_search_in_them() {
    assert!(GATEWAY_FIELDS.is_sorted());
    assert!(CONNECTION_FIELDS.is_sorted());
}
