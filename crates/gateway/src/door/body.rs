//! Bodies of answers, whoever makes them.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use engine::Delivery;
use http_body::{Body, Frame, SizeHint};

/// The body of an answer.
pub struct OutBody {
    kind: Kind,
    /// Whatever must not be dropped before the last byte is out.
    _held: Option<Rc<()>>,
}

enum Kind {
    /// All of it.
    Whole(Bytes),
    /// A model's answer as it comes.
    Stream(Box<Delivery>),
    /// Whatever the control plane says.
    Control(axum::body::Body),
}

impl OutBody {
    /// A body that is complete.
    pub fn whole(bytes: Bytes) -> Self {
        Kind::Whole(bytes).into()
    }

    /// A model's answer as it comes.
    pub fn stream(delivery: Box<Delivery>) -> Self {
        Kind::Stream(delivery).into()
    }

    /// An answer of the control plane.
    pub fn control(body: axum::body::Body) -> Self {
        Kind::Control(body).into()
    }
}

impl OutBody {
    /// The body, holding `mark` as long as it lives.
    pub fn holding(self, mark: Rc<()>) -> Self {
        OutBody { _held: Some(mark), ..self }
    }
}

impl From<Kind> for OutBody {
    fn from(kind: Kind) -> Self {
        OutBody { kind, _held: None }
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream(delivery) => Poll::Ready(ready!(delivery.poll_piece(cx)).map(|piece| Ok(Frame::data(piece)))),
            Kind::Control(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Stream(_) => false,
            Kind::Control(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) => SizeHint::default(),
            Kind::Control(body) => body.size_hint(),
        }
    }
}
