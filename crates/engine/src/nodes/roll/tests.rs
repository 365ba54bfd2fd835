use std::collections::BTreeMap;
use std::time::Duration;

use policy::nodes::{ModelTerms, NodeTerms};

use super::*;
use crate::nodes::Site;
use crate::rig;

fn terms(slots: u32, key: &str) -> FleetTerms {
    let mut deployment = rig::deployment("a");
    deployment.headers.insert("authorization", key.parse().unwrap());
    let terms = NodeTerms { slots, most_models: 1, models: BTreeMap::new(), ..NodeTerms::default() };
    let site = Site { deployment: Arc::new(deployment), terms, wake: None, longest_load: Duration::from_secs(1) };
    let usual = ModelTerms { num_ctx: 4_096, most_waiting: 10, patience_ms: None, kept_on: 0 };
    FleetTerms { sites: vec![site], models: Vec::new(), usual }
}

#[tokio::test]
async fn a_fleet_stays_as_long_as_its_terms_are_the_same_and_somebody_needs_it() {
    let fleets = Fleets::default();
    let first = fleets.of(terms(1, "one"));
    assert!(Arc::ptr_eq(&first, &fleets.of(terms(1, "one"))));
    assert_eq!(fleets.unkept().len(), 1);
    for other in [terms(2, "one"), terms(1, "two")] {
        assert!(!Arc::ptr_eq(&first, &fleets.of(other)));
    }
    assert!(fleets.unkept().is_empty(), "nobody needs the others any more");
    assert!(!terms(1, "secret").fingerprint().contains("secret"));
    drop(first);
    fleets.of(terms(1, "one"));
    assert_eq!(fleets.known.lock().unwrap().len(), 1);
}
