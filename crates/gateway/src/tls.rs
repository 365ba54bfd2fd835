//! TLS towards callers: the operator's certificate and key, read again when they were renewed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error, ServerConfig};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a caller may take to shake hands.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Largest file with certificates or a key.
const MOST_BYTES: u64 = 1 << 20;

/// The certificate with which callers are served, and where it comes from.
pub struct Tls {
    files: [PathBuf; 2],
    current: ArcSwap<Identity>,
}

/// What was read from the files.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    config: Arc<ServerConfig>,
}

/// What a caller turned out to speak.
pub enum Greeted {
    /// TLS, and hands were shaken.
    Tls(Box<TlsStream<TcpStream>>),
    /// HTTP in the clear.
    Plain(TcpStream),
}

impl Tls {
    /// Reads a certificate with its issuers and its key, both in PEM form.
    pub fn read(files: [PathBuf; 2]) -> Result<Self, String> {
        let current = ArcSwap::from_pointee(Identity::read(&files)?);
        Ok(Tls { files, current })
    }

    /// Reads the files again; tells whether another certificate is served from now on. What is wrong changes nothing,
    /// and connections that are open go on as they are.
    pub fn reload(&self) -> Result<bool, String> {
        let fresh = Identity::read(&self.files)?;
        let changed = fresh.chain != self.current.load().chain;
        if changed {
            self.current.store(Arc::new(fresh));
        }
        Ok(changed)
    }

    /// The files of the certificate and of its key.
    pub fn files(&self) -> [PathBuf; 2] {
        self.files.clone()
    }

    /// Shakes hands, if the caller wants to.
    pub async fn greet(&self, stream: TcpStream) -> io::Result<Greeted> {
        let acceptor = TlsAcceptor::from(self.current.load().config.clone());
        let greet = async {
            let mut first = [0];
            stream.peek(&mut first).await?;
            // A method's name begins with such a letter, and nothing of TLS does.
            if first[0].is_ascii_uppercase() {
                return Ok(Greeted::Plain(stream));
            }
            Ok(Greeted::Tls(Box::new(acceptor.accept(stream).await?)))
        };
        timeout(HANDSHAKE_TIME, greet).await?
    }
}

impl Identity {
    fn read([certificate, key]: &[PathBuf; 2]) -> Result<Self, String> {
        let chain = chain(certificate)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| error.to_string())?.with_no_client_auth();
        let config = builder.with_single_cert(chain.clone(), private_key(key)?);
        let mut config = config.map_err(|error| match error {
            Error::InconsistentKeys(_) => format!(
                "{}: not the key of the first certificate in {}, which must be the server's own, its issuers behind it",
                key.display(),
                certificate.display()
            ),
            Error::InvalidCertificate(why) => format!("{}: {why}", certificate.display()),
            // The library's words for a key that it cannot read.
            other => format!("{}: {other}", key.display()),
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Callers that come back are spared the signature, whichever worker they reach.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(|error| error.to_string())?;
        Ok(Identity { chain, config: Arc::new(config) })
    }
}

// What the PEM reader has to say about a file may hold lines of it, so it is not passed on.

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents(path)?).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    chain.ok_or_else(|| format!("{}: no certificate in PEM form is in it", path.display()))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let missing = |_| format!("{}: no private key in PEM form, free of a passphrase, is in it", path.display());
    PrivateKeyDer::from_pem_slice(&contents(path)?).map_err(missing)
}

fn contents(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
