//! Whole requests and whole answers, in every dialect.

use bytes::Bytes;
use types::{ModelFacts, Operation};

use super::{in_proportion, must_be_json};
use crate::json::Object;
use crate::{BACKS, Back, Issuer, Quirks, Stamp, Target};

/// What the writers of answers are told.
pub(super) fn stamp() -> Stamp {
    Stamp { id: "abcdefghijklmnopqrstuvwx".to_owned(), model: "m".to_owned(), stream_usage: true, ..Stamp::default() }
}

/// A request that is understood is written for everybody who can be asked, or refused.
pub(super) fn requests(data: &[u8]) {
    let object = Object::parse(Bytes::copy_from_slice(data)).ok();
    for front in crate::FRONTS {
        if let Some(object) = &object {
            let _ = front.issued(object);
            object.with(|root| {
                let _ = (
                    front.output_bound(root),
                    front.answers(root),
                    front.echo(root, true).map(|echo| must_be_json("an echo", echo.as_bytes())),
                );
                for operation in Operation::ALL {
                    let _ = (front.converses(operation, root), front.asks_nothing(operation, root));
                    let bounded = object.splice(&[front.bounded(operation, root, 7)]).concat();
                    must_be_json("a bounded request", &bounded);
                }
            });
        }
        for operation in Operation::ALL {
            match front.read_request(operation, data) {
                Ok(request) => BACKS.iter().for_each(|back| written(*back, &request, data)),
                Err(fault) => {
                    assert!((400..500).contains(&fault.status()), "{}: {fault:?}", front.name());
                    must_be_json("a fault", &front.write_fault(&fault, fault.status()));
                }
            }
        }
    }
    for back in BACKS {
        let Some(object) = &object else { break };
        for (operation, drop_params) in
            Operation::ALL.into_iter().flat_map(|operation| [(operation, false), (operation, true)])
        {
            with_target(drop_params, |target| {
                if let Some(splice) = back.splice(operation, object, target) {
                    must_be_json("a spliced request", &object.splice(&splice.edits).concat());
                }
            });
        }
    }
}

fn with_target(drop_params: bool, look: impl FnOnce(&Target)) {
    let (facts, quirks) = (ModelFacts::default(), Quirks::default());
    look(&Target {
        model: "m",
        name: "p/m",
        facts: &facts,
        quirks: &quirks,
        drop_params,
        version: None,
        num_ctx: Some(4096),
        issuer: Some(Issuer { account: 1, deployment: 2 }),
    });
}

fn written(back: &dyn Back, request: &types::Request, data: &[u8]) {
    for drop_params in [false, true] {
        with_target(drop_params, |target| match back.write_request(request, target) {
            Ok(outgoing) => {
                in_proportion(back.name(), data, outgoing.body.len());
                // Files go as what they are.
                if !outgoing.headers.iter().any(|(name, _)| *name == "content-type") {
                    must_be_json(back.name(), &outgoing.body);
                }
            }
            Err(fault) => assert!((400..600).contains(&fault.status()), "{}: {fault:?}", back.name()),
        });
    }
}

/// An answer that is understood is written for every caller; what passes unread is looked at in the same way.
pub(super) fn answers(data: &[u8]) {
    let stamp = stamp();
    for back in BACKS {
        for operation in Operation::ALL {
            let _ = back.glance_answer(operation, data);
            let marks = back.marks(data, Issuer { account: 1, deployment: 2 });
            assert!(
                marks.iter().all(|(at, _)| *at <= data.len()) && marks.is_sorted_by_key(|(at, _)| *at),
                "{}",
                back.name()
            );
            let Ok(answer) = back.read_answer(operation, data) else { continue };
            for front in crate::FRONTS {
                let told = front.write_answer(operation, &answer, &stamp);
                in_proportion(front.name(), data, told.len());
                if !matches!(answer, types::Answer::Sound(_)) {
                    must_be_json(front.name(), &told);
                }
            }
        }
        for status in [400, 401, 404, 429, 500, 599] {
            let fault = back.read_fault(status, data);
            assert!((400..600).contains(&fault.status()), "{}: {fault:?}", back.name());
            let named = back.read_named_fault(status, &String::from_utf8_lossy(&data[..data.len().min(20)]), data);
            for front in crate::FRONTS {
                must_be_json(front.name(), &front.write_fault(&fault, fault.status()));
                must_be_json(front.name(), &front.write_fault(&named, named.status()));
            }
        }
    }
}
