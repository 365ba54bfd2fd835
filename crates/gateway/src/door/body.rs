//! Bodies of answers, whoever makes them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use engine::{Delivery, Relay};
use http_body::{Body, Frame, SizeHint};

use crate::responses::Tap;

/// The body of an answer.
pub struct OutBody(Kind);

enum Kind {
    /// All of it.
    Whole(Bytes),
    /// A model's answer as it comes.
    Stream(Box<Delivery>),
    /// The same, with somebody who listens to it.
    Tapped(Tapped),
    /// A provider's own answer as it comes.
    Relay(Box<Relay>),
    /// Whatever the control plane says.
    Control(axum::body::Body),
}

/// An answer that somebody listens to. Whoever drops it before its end leaves what was made to the listener.
struct Tapped {
    delivery: Box<Delivery>,
    tap: Box<Tap>,
}

impl Drop for Tapped {
    fn drop(&mut self) {
        if self.tap.is_listening() {
            self.delivery.given_up().iter().for_each(|answer| self.tap.left(answer));
        }
    }
}

impl OutBody {
    /// A body that is complete.
    pub fn whole(bytes: Bytes) -> Self {
        OutBody(Kind::Whole(bytes))
    }

    /// A model's answer as it comes.
    pub fn stream(delivery: Box<Delivery>) -> Self {
        OutBody(Kind::Stream(delivery))
    }

    /// The same, with somebody who listens to it.
    pub fn tapped(delivery: Box<Delivery>, tap: Tap) -> Self {
        OutBody(Kind::Tapped(Tapped { delivery, tap: Box::new(tap) }))
    }

    /// Whether it is a model's answer as it comes.
    pub fn is_stream(&self) -> bool {
        matches!(self.0, Kind::Stream(_) | Kind::Tapped(_))
    }

    /// A provider's own answer as it comes.
    pub fn relay(relay: Box<Relay>) -> Self {
        OutBody(Kind::Relay(relay))
    }

    /// An answer of the control plane.
    pub fn control(body: axum::body::Body) -> Self {
        OutBody(Kind::Control(body))
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.0 {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Tapped(Tapped { delivery, tap }) => Poll::Ready(match ready!(delivery.poll_piece(cx)) {
                Some(piece) => {
                    tap.hear(&piece);
                    Some(Ok(Frame::data(piece)))
                }
                None if delivery.is_broken() => Some(Err(axum::Error::new("the provider broke off"))),
                None => None,
            }),
            Kind::Stream(delivery) => Poll::Ready(match ready!(delivery.poll_piece(cx)) {
                Some(piece) => Some(Ok(Frame::data(piece))),
                None if delivery.is_broken() => Some(Err(axum::Error::new("the provider broke off"))),
                None => None,
            }),
            Kind::Relay(relay) => Poll::Ready(match ready!(relay.poll_piece(cx)) {
                Some(piece) => Some(Ok(Frame::data(piece))),
                None if relay.is_broken() => Some(Err(axum::Error::new("the provider broke off"))),
                None => None,
            }),
            Kind::Control(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Stream(_) | Kind::Tapped(_) | Kind::Relay(_) => false,
            Kind::Control(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) | Kind::Tapped(_) | Kind::Relay(_) => SizeHint::default(),
            Kind::Control(body) => body.size_hint(),
        }
    }
}
