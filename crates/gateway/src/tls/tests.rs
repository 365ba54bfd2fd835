use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::net::TcpListener;

use super::*;

/// Writes the files and tries to read them. Without a text there is no file.
fn read(what: &str, certificate: Option<&str>, key: Option<&str>) -> Result<Tls, String> {
    let folder = std::env::temp_dir().join(format!("lockgate-tls-{}-{what}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let files = [(certificate, "certificate.pem"), (key, "key.pem")].map(|(text, name)| {
        let file = folder.join(name);
        text.inspect(|text| std::fs::write(&file, text).unwrap());
        file
    });
    let read = Tls::read(files);
    std::fs::remove_dir_all(folder).unwrap();
    read
}

fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_reason() {
    let (certificate, key) = pair();
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    let locked_key = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let broken = |pem: &str| pem.replacen("M", "-", 3);
    let no_certificate = certificate.replacen("MII", "AAA", 1);
    let no_key = key.replacen("MI", "AA", 1);
    let good = (Some(certificate.as_str()), Some(key.as_str()));
    for (what, certificate, key, file, word) in [
        ("missing-certificate", None, good.1, "certificate.pem", "No such file"),
        ("missing-key", good.0, None, "key.pem", "No such file"),
        ("empty-certificate", Some(""), good.1, "certificate.pem", "no certificate"),
        ("empty-key", good.0, Some(""), "key.pem", "no private key"),
        ("swapped", good.1, good.0, "certificate.pem", "no certificate"),
        ("broken-certificate", Some(&*broken(&certificate)), good.1, "certificate.pem", "no certificate"),
        ("broken-key", good.0, Some(&*broken(&key)), "key.pem", "no private key"),
        ("nonsense-certificate", Some(&*no_certificate), good.1, "certificate.pem", ""),
        ("nonsense-key", good.0, Some(&*no_key), "key.pem", ""),
        ("passphrase", good.0, Some(&*locked_key), "key.pem", "passphrase"),
        ("other-key", good.0, Some(&*other_key), "key.pem", "not the key of the first certificate"),
    ] {
        let why = read(what, certificate, key).err().unwrap_or_else(|| panic!("{what}: taken"));
        assert!(why.contains(file) && why.contains(word), "{what}: {why}");
        let secret = key.unwrap_or_default().lines().nth(1).unwrap_or("no such line");
        assert!(!why.contains(secret), "{what}: the key is shown: {why}");
    }
    assert!(read("good", good.0, good.1).is_ok());
    let both = format!("{certificate}{key}");
    assert!(read("one-file-for-both", Some(&both), Some(&both)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_does_not_shake_hands_is_not_waited_for_forever() {
    let (certificate, key) = pair();
    let tls = read("silent", Some(&certificate), Some(&key)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let begun = tokio::time::Instant::now();
    let error = tls.greet(stream).await.err().expect("nobody shook hands");
    assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, HANDSHAKE_TIME.as_secs()));
    drop(silent);
}
