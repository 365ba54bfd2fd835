//! Mail: built and given to the server that takes it.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::alerts::forms::Letter;
use crate::config::{Smtp, SmtpTls};

/// Gives a letter to the server. The error says why it was not taken, without any credential.
pub async fn send(server: &Smtp, to: &[String], letter: &Letter, patience: Duration) -> Result<(), String> {
    let message = message(server, to, letter)?;
    let tls = || TlsParameters::new(server.host.clone()).map_err(|error| format!("TLS cannot be used: {error}"));
    let tls = match server.tls {
        SmtpTls::StartTls => Tls::Required(tls()?),
        SmtpTls::Wrapped => Tls::Wrapper(tls()?),
        SmtpTls::Open => Tls::None,
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host);
    let mut builder = builder.port(server.port).timeout(Some(patience)).tls(tls);
    if let Some((name, password)) = &server.login {
        builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
    }
    builder.build::<Tokio1Executor>().send(message).await.map(drop).map_err(|error| why(&error))
}

fn message(server: &Smtp, to: &[String], letter: &Letter) -> Result<Message, String> {
    let mut message = Message::builder().from(server.sender.clone()).subject(letter.subject.clone());
    for address in to {
        let address = address.parse::<Address>().map_err(|error| format!("{address:?} is no mail address: {error}"))?;
        message = message.to(Mailbox::new(None, address));
    }
    // No program answers it by itself.
    let message = message.header(lettre::message::header::MIME_VERSION_1_0);
    let body = MultiPart::alternative_plain_html(letter.text(), letter.html());
    message.multipart(body).map_err(|error| format!("the mail cannot be written: {error}"))
}

/// All that is known of an error: what is below it says more.
fn why(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        below = cause.source();
    }
    text
}
