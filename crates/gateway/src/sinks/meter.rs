//! Numbers go to those who take them every now and then, and once more at the end. They count from the beginning, so what did
//! not arrive needs no second try: it is in the next ones.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use providers::http::Client;

use super::forms::otlp::numbers;
use super::lane::Lane;
use super::post::Taken;
use crate::config::{Otlp, Way};
use crate::live::Live;

/// Sends them until the lane is closed, if its sink takes them.
pub async fn export(lane: Rc<Lane>, live: Arc<Live>) {
    let Way::Otlp(otlp @ Otlp { numbers: Some(to), .. }) = &lane.sink.way else { return };
    let client = Client::default();
    let mut is_well = true;
    loop {
        lane.pause(to.every).await;
        let over = lane.is_closing();
        let taken = numbers::post(otlp, to, &live).send(&client).await;
        if let Taken::Away(why) | Taken::Later(why, _) | Taken::Never(why) = &taken {
            lane.tally.failures.fetch_add(1, Relaxed);
            // Once for each time that it is away, however long that takes.
            if is_well {
                tracing::warn!(sink = %lane.sink.name, "a sink does not get the newest numbers: {why}");
            }
        }
        is_well = matches!(taken, Taken::But(_));
        if over {
            return;
        }
    }
}
