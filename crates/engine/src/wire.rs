//! The way to providers, as the engine sees it: replaced by tests and by the built-in model.

use std::future::Future;
use std::pin::Pin;

use providers::http::{Call, Client, Reply, Upload};
use types::{Fault, FaultKind};

use crate::Deployment;

/// Sends one request and returns the head of the answer.
pub trait Wire {
    /// Sends `call` to `deployment`. Dropping the future gives the call up and closes its connection.
    fn call<'a>(
        &'a self,
        deployment: &'a Deployment,
        call: Call<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>>;

    /// The same with a body that is sent as it comes. Who stands in for providers takes none.
    fn upload<'a>(
        &'a self,
        _: &'a Deployment,
        _: Call<'a>,
        _: &'a mut dyn Upload,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        Box::pin(async { Err(Fault::provider(FaultKind::Connect, "nobody takes a body that comes in pieces")) })
    }

    /// Sends `call` to somebody who is no provider. Who stands in for providers has nobody there.
    fn other<'a>(&'a self, _: Call<'a>) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        Box::pin(async { Err(Fault::provider(FaultKind::Connect, "there is nobody but providers")) })
    }
}

impl Wire for Client {
    fn other<'a>(&'a self, call: Call<'a>) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        Box::pin(async move { Client::call(self, &call).await })
    }

    fn upload<'a>(
        &'a self,
        _: &'a Deployment,
        call: Call<'a>,
        upload: &'a mut dyn Upload,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        Box::pin(async move { Client::upload(self, &call, upload).await })
    }

    fn call<'a>(
        &'a self,
        _: &'a Deployment,
        call: Call<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        Box::pin(async move { Client::call(self, &call).await })
    }
}
