//! TLS over rustls with libpq's meaning of the modes: what is verified is chosen apart from whether TLS is used.

use super::error::DbError;
use super::url::{Roots, TlsSettings};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// What of the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// Nothing: the connection is encrypted, but to whom is unknown.
    None,
    /// That a trusted authority issued it.
    Chain,
    /// Also that it names the host.
    ChainAndName,
}

/// rustls' provider; the one that this process uses everywhere.
pub(super) fn provider() -> Arc<CryptoProvider> {
    // The mysql crate asks for the process' default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()))
}

/// A configuration for one connection.
///
/// # Errors
/// `Configuration` if a certificate or key cannot be read; the message names the file.
pub(super) fn client_config(
    settings: &TlsSettings,
    verification: Verification,
) -> Result<ClientConfig, DbError> {
    let provider = provider();
    let roots = match verification {
        Verification::None => Vec::new(),
        Verification::Chain | Verification::ChainAndName => trusted(&settings.roots)?,
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let verifier = Verifier { verification, provider: provider.clone(), roots, store };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| DbError::configuration(format!("TLS cannot be set up: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let Some(certificate) = &settings.certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let Some(key) = &settings.key else {
        return Err(DbError::configuration(format!("the certificate {} has no key", certificate.display()))
            .advise("name the key's file with sslkey (PostgreSQL) or ssl-key (MySQL)"));
    };
    let mismatch = |error: Error| {
        DbError::configuration(format!(
            "the certificate {} and the key {} do not go together: {error}",
            certificate.display(),
            key.display()
        ))
    };
    let signer = provider.key_provider.load_private_key(private_key(key)?).map_err(mismatch)?;
    let identity = CertifiedKey::new(certificates(certificate)?, signer);
    match identity.keys_match() {
        // What rustls cannot read, such as the X.509 version 1 that openssl writes by default, a server still may.
        Ok(()) | Err(Error::InvalidCertificate(_)) => {}
        Err(error) => return Err(mismatch(error)),
    }
    Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))))
}

fn trusted(roots: &Roots) -> Result<Vec<CertificateDer<'static>>, DbError> {
    match roots {
        Roots::File(path) => certificates(path),
        Roots::Default | Roots::System => {
            let found = rustls_native_certs::load_native_certs().certs;
            if found.is_empty() {
                return Err(DbError::configuration(
                    "the operating system has no trusted certificate authorities",
                )
                .advise("name a file of trusted authorities (PEM) with sslrootcert or ssl-ca"));
            }
            Ok(found)
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DbError> {
    let unreadable = |reason: String| {
        DbError::configuration(format!("cannot read certificates from {}: {reason}", path.display()))
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(error.to_string()))?;
    if found.is_empty() {
        return Err(unreadable("it holds none in PEM".to_owned()));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, DbError> {
    let unreadable = |reason: String| {
        DbError::configuration(format!("cannot read a key from {}: {reason}", path.display()))
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    if text.contains("ENCRYPTED") {
        return Err(unreadable("it is protected by a passphrase".to_owned())
            .advise("write it without: openssl pkey -in key.pem -out plain.pem"));
    }
    if text.contains("-----BEGIN") {
        return PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| unreadable(error.to_string()));
    }
    PrivateKeyDer::try_from(bytes)
        .map_err(|_| unreadable("it is neither PEM nor unencrypted PKCS#8 in DER".to_owned()))
}

/// Verifies as much as the mode asks for. rustls' own verifier knows only all or nothing.
#[derive(Debug)]
struct Verifier {
    verification: Verification,
    provider: Arc<CryptoProvider>,
    roots: Vec<CertificateDer<'static>>,
    store: RootCertStore,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verification == Verification::None {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        // A self-signed certificate that is itself the trusted file, as OpenSSL accepts it.
        let pinned = self.roots.iter().any(|root| root.as_ref() == end_entity.as_ref());
        if !pinned {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.store,
                intermediates,
                now,
                algorithms,
            )?;
        }
        if self.verification == Verification::ChainAndName {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // Without verification anyone's certificate is taken, even one too old to be parsed.
        if self.verification == Verification::None {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.verification == Verification::None {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
