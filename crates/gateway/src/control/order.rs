//! What an administrator orders of the gateway itself, and why it is not done.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::Response;
use axum::response::IntoResponse;
use engine::{Caller, Setup};
use types::Fault;

use super::{fault, only_admins};
use crate::live::Live;

/// A request of an administrator's: nobody else gets one.
pub struct Order {
    /// What is configured as it comes.
    pub setup: Arc<Setup>,
    /// What is said in it.
    pub body: Bytes,
}

/// Why it is not done.
pub struct Refused(Fault);

impl<S: Send + Sync> FromRequest<S> for Order
where
    Arc<Live>: FromRef<S>,
{
    type Rejection = Response<Body>;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response<Body>> {
        let caller = request.extensions().get::<Arc<Caller>>().cloned().unwrap_or_default();
        only_admins(&caller).map_err(|denied| fault(&denied))?;
        let setup = Arc::<Live>::from_ref(state).setup();
        let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Order { setup, body })
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Refused(fault)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response<Body> {
        fault(&self.0)
    }
}
